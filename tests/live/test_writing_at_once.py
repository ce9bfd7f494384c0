"""Many writers, several workers, one database: nobody is turned away, and nothing said to be stored is lost."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import chain, count
from threading import Barrier, Event, Thread

import pytest

from tests.live.client import NO_ANSWER
from tests.live.database import is_sound, rows
from tests.live.server import wait_until

STATUSES = ("present", "late", "excused", "absent", "left_early")


def stored(server, table, **ids):
    return rows(server.state, table, **{name: value.replace("-", "") for name, value in ids.items()})


def in_threads(number, work):
    """`work(i)` in so many threads that begin together; what each returned."""
    start = Barrier(number)

    def begin(i):
        start.wait()
        return work(i)

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(begin, range(number)))


def test_two_tablets_saving_one_roster(server, token, cast):
    path = f"/meeting/{cast.meetings[0]}/roster"

    def save(tablet):
        with server.client(token) as client:
            statuses = []
            for turn in range(15):
                marks = [{"user": user, "status": STATUSES[(turn + tablet) % len(STATUSES)]} for user in cast.students]
                statuses.append(client.put(path, {"marks": marks}).status)
            return statuses

    assert set(chain.from_iterable(in_threads(2, save))) == {200}
    marked = [mark["user_id"] for mark in stored(server, "attendings_attending", meeting_id=cast.meetings[0])]
    assert len(marked) == len(set(marked)) == len(cast.students)


def test_of_two_who_saw_the_same_version_one_is_told_what_the_other_stored(server, token, cast):
    path, user = f"/meeting/{cast.meetings[1]}/roster", cast.students[0]
    for version in range(10):

        def save(tablet, version=version):
            mark = {"user": user, "status": STATUSES[tablet], "note": f"{version} by {tablet}", "version": version}
            with server.client(token) as client:
                return client.put(path, {"marks": [mark]})

        answers = sorted(in_threads(2, save), key=lambda answer: answer.status)
        assert [answer.status for answer in answers] == [200, 409], [answer.body for answer in answers]
        won = next(row["mark"] for row in answers[0].json()["rows"] if row["user"]["id"] == user)
        assert answers[1].headers["Content-Type"] == "application/problem+json"
        assert answers[1].json()["conflicts"] == [won]
        assert won["version"] == version + 1


def test_many_writers_are_never_told_that_the_database_is_locked(server, token, cast):
    def write(writer):
        statuses = []
        with server.client(token) as client:
            for turn in range(12):
                meeting = {
                    "group": cast.group,
                    "title": f"{writer}.{turn}",
                    "starts_at": "2026-09-01T09:00:00Z",
                    "ends_at": "2026-09-01T10:00:00Z",
                }
                made = client.post("/meetings", meeting)
                statuses.append(made.status)
                mark = {"meeting": made.json()["id"], "user": cast.students[writer], "status": "late"}
                marked = client.post("/attendings", mark)
                statuses.append(marked.status)
        return statuses

    assert set(chain.from_iterable(in_threads(8, write))) == {201}
    assert "locked" not in server.log.read_text()
    assert not [line for line in server.lines() if line["level"] in ("error", "critical")]


def test_one_person_marked_by_many_at_once_has_one_mark(server, token, cast):
    mark = {"meeting": cast.meetings[2], "user": cast.students[0], "status": "present"}

    def post(_):
        with server.client(token) as client:
            return client.post("/attendings", mark)

    answers = in_threads(8, post)
    assert sorted(answer.status for answer in answers) == [201] + [409] * 7
    (made,) = [answer.json()["id"] for answer in answers if answer.status == 201]
    assert {answer.json()["existing"]["id"] for answer in answers if answer.status == 409} == {made}


def test_one_idempotency_key_sent_many_times_at_once_stores_once(server, token, cast):
    body = {"marks": [], "default": "present"}

    def put(_):
        with server.client(token) as client:
            return client.put(f"/meeting/{cast.meetings[3]}/roster", body, **{"Idempotency-Key": "pressed-twice"})

    answers = in_threads(6, put)
    assert {answer.status for answer in answers} == {200}
    assert len({answer.body for answer in answers}) == 1
    assert len(stored(server, "attendings_historicalattending", meeting_id=cast.meetings[3])) == len(cast.students)


@pytest.mark.parametrize("round_", range(2))
def test_a_worker_killed_while_it_writes_loses_no_acknowledged_mark(start, cast, sign_in, kill_worker, round_):
    meeting, acknowledged, over = cast.meetings[0], {}, Event()

    def keep_marking(server, token, user):
        with server.client(token) as client:
            for turn in count():
                if over.is_set():
                    return
                note = f"turn {turn}"
                try:
                    answer = client.put(f"/meeting/{meeting}/roster", {"marks": [{"user": user, "status": "late", "note": note}]})
                except NO_ANSWER:
                    continue
                if answer.status == 503:  # on MongoDB, while the killed worker's transaction still holds the meeting
                    continue
                assert answer.status == 200, answer.body
                acknowledged.setdefault(user, []).append(note)

    with start() as server:
        token = sign_in(server)
        writers = [Thread(target=keep_marking, args=(server, token, user)) for user in cast.students[:4]]
        for writer in writers:
            writer.start()
        try:
            for _ in range(2):
                wait_until(lambda: len(acknowledged) == len(writers), what="every writer has been answered")
                kill_worker(server, max(server.workers()))
                acknowledged_before = {user: len(notes) for user, notes in acknowledged.items()}
                wait_until(
                    lambda before=acknowledged_before: all(len(acknowledged[user]) > before[user] for user in before),
                    what="every writer goes on after the kill",
                )
        finally:
            over.set()
            for writer in writers:
                writer.join()
        assert len(acknowledged) == len(writers)
        for user, notes in acknowledged.items():
            history = stored(server, "attendings_historicalattending", user_id=user, meeting_id=meeting)
            assert set(notes) <= {row["note"] for row in history}
        assert is_sound(server.state)
