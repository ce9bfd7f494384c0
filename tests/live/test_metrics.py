"""One scrape tells of all workers, whichever answers it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from prometheus_client.parser import text_string_to_metric_families

from tests.live.server import wait_until

BATCH = 16


def value(text: str, name: str, **labels: str) -> float:
    """The sum of all series of this name that carry these labels."""
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return sum(s.value for s in samples if s.name == name and labels.items() <= s.labels.items())


def test_every_request_is_counted_once_whichever_worker_answers(start):
    with start() as server:
        asked = 0

        def ask(_):
            with server.client() as client:
                return client.get("/no-such-page").status

        def several_workers_have_answered():
            nonlocal asked
            with ThreadPoolExecutor(BATCH) as pool:
                assert set(pool.map(ask, range(BATCH))) == {404}
            asked += BATCH
            return len({line["pid"] for line in server.requests("/no-such-page")}) > 1

        wait_until(several_workers_have_answered, what="two workers have answered")
        scrapes = []
        for _ in range(8):
            with server.client() as client:
                scrapes.append(client.get("/metrics").body.decode())
        counts = [value(text, "django_http_responses_total_by_status_total", status="404") for text in scrapes]
        assert counts == [asked] * len(scrapes)


def test_a_dead_worker_takes_no_count_with_it(start, kill_worker):
    with start() as server:
        with server.client() as client:
            for _ in range(5):
                assert client.get("/no-such-page").status == 404
        (pid,) = {line["pid"] for line in server.requests("/no-such-page")}
        kill_worker(server, pid)
        with server.client() as client:
            text = client.get("/metrics").body.decode()
        assert value(text, "django_http_responses_total_by_status_total", status="404") == 5


def test_marks_are_counted_by_status_and_method(start, cast, sign_in):
    with start() as server, server.client(sign_in(server)) as client:
        marks = [{"user": user, "status": "late"} for user in cast.students[:3]]
        assert client.put(f"/meeting/{cast.meetings[0]}/roster", {"marks": marks, "default": "present"}).status == 200
        text = client.get("/metrics").body.decode()
        assert value(text, "attendance_marks_stored_total", status="late", method="bulk") == 3
        assert value(text, "attendance_marks_stored_total", status="present", method="bulk") == len(cast.students) - 3


def test_a_given_directory_is_emptied_at_the_start(start, tmp_path):
    directory = tmp_path / "metrics"
    directory.mkdir()
    (directory / "counter_1.db").write_bytes(b"left by an earlier run")
    with start(PROMETHEUS_MULTIPROC_DIR=str(directory)) as server, server.client() as client:
        assert client.get("/metrics").status == 200
        assert not (directory / "counter_1.db").exists()
        assert list(directory.glob("counter_*.db"))
