"""MongoDB is killed, comes back, or falls silent: the service says so in time, loses nothing and needs no restart.

Whatever database the session runs on, these tests bring their own. Time-outs are a second or two here, and up to twenty in production.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from threading import Event, Thread

import pytest
from pymongo import MongoClient

from conftest import PASSWORD
from tests.live.client import Answer
from tests.live.conftest import ALLA, Cast, run
from tests.live.mongodb import Database, Wire
from tests.live.server import Server, wait_until
from tests.live.test_metrics import value

HURRIED = "&serverSelectionTimeoutMS=1000&connectTimeoutMS=1000&socketTimeoutMS=2000&timeoutMS=2000"
PROBED = 8  # seconds for a probe: one or two time-outs, on a busy machine
ANSWERED = 20  # for a request, which may also have tried for ten seconds to get past another one
WRITERS, MARKED, KILLS = 4, 10, 3


@dataclass(frozen=True)
class Site:
    """The files of a database with the cast in it, to be copied."""

    files: Path
    cast: Cast


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    state = tmp_path_factory.mktemp("mongodb-site")
    with Database(state / "files") as database:
        migrated = run("manage.py", "migrate", "--verbosity=0", state=state, DATABASE_URL=database.url)
        assert migrated.returncode == 0, migrated.stderr
        filled = run("-m", "tests.live.cast", state=state, DATABASE_URL=database.url)
        assert filled.returncode == 0, filled.stderr
    return Site(state / "files", Cast(**json.loads(filled.stdout)))


@pytest.fixture
def cast(site: Site) -> Cast:
    return site.cast


@pytest.fixture
def database(site: Site, tmp_path: Path) -> Iterator[Database]:
    shutil.copytree(site.files, tmp_path / "files")
    with Database(tmp_path / "files") as database:
        yield database


@pytest.fixture
def serving(tmp_path: Path) -> Callable[[str], AbstractContextManager[Server]]:
    @contextmanager
    def serving(url: str) -> Iterator[Server]:
        state = tmp_path / f"state-{os.urandom(4).hex()}"
        state.mkdir()
        server = Server(state, DATABASE_URL=url + HURRIED)
        try:
            server.start()
            yield server
        finally:
            server.stop()

    return serving


def timed(ask, *args, **options) -> tuple[Answer, float]:
    """The answer, and after how many seconds it came."""
    begun = time.monotonic()
    answer = ask(*args, **options)
    return answer, time.monotonic() - begun


def marks_of(students: list[str], note: str):
    return {"marks": [{"user": user, "status": "late", "note": note} for user in students[:MARKED]]}


def stored(url, table):
    with MongoClient(url) as client:
        return list(client.get_default_database()[table].find())


def notes_stored(url, table):
    """How many rows carry each note."""
    return Counter(row["note"] for row in stored(url, table))


def assert_unavailable(answer: Answer, code: str = "database_unavailable") -> None:
    assert answer.status == 503, answer.body
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Retry-After"]
    assert answer.json()["type"] == f"urn:attendance:problem:{code}"


def assert_says_that_the_database_is_away(server: Server) -> None:
    with server.client() as client:
        ready, seconds = timed(client.get, "/readyz")
        assert (ready.status, ready.json()) == (503, {"status": "failing", "database": "failing"})
        assert seconds < PROBED
        alive, seconds = timed(client.get, "/livez")
        assert alive.status == 200
        assert seconds < PROBED


# --- Killed ----------------------------------------------------------------------------------------------------------


@dataclass
class Writer:
    """Marks the register of one meeting again and again, each time with another note."""

    server: Server
    token: str
    meeting: str
    students: list[str]
    name: str
    over: Event = field(default_factory=Event)
    acknowledged: list[int] = field(default_factory=list)
    refused: list[tuple[Answer, float]] = field(default_factory=list)

    def note(self, turn: int) -> str:
        return f"{self.name}/{turn}"

    def run(self) -> None:
        with self.server.client(self.token) as client:
            for turn in count():
                if self.over.is_set():
                    return
                body = marks_of(self.students, self.note(turn))
                answer, seconds = timed(client.put, f"/meeting/{self.meeting}/roster", body)
                if answer.status == 200:
                    self.acknowledged.append(turn)
                else:
                    self.refused.append((answer, seconds))


@contextmanager
def writing(server: Server, cast: Cast) -> Iterator[list[Writer]]:
    """Two write the same register, the others one each."""
    token = server.token(ALLA, PASSWORD)
    meetings = [cast.meetings[0], *cast.meetings[: WRITERS - 1]]
    writers = [Writer(server, token, meeting, cast.students, f"writer {i}") for i, meeting in enumerate(meetings)]
    threads = [Thread(target=writer.run) for writer in writers]
    for thread in threads:
        thread.start()
    try:
        yield writers
    finally:
        for writer in writers:
            writer.over.set()
        for thread in threads:
            thread.join()


def each_has_more(answers: Callable[[Writer], list], writers: list[Writer], what: str) -> None:
    """Waits until each writer has one more of these answers than now."""
    before = [len(answers(writer)) for writer in writers]
    wait_until(lambda: all(len(answers(w)) > n for w, n in zip(writers, before, strict=True)), what=what)


def assert_nothing_is_lost_or_torn(url: str, writers: list[Writer]) -> None:
    history = notes_stored(url, "attendings_historicalattending")
    assert set(history.values()) == {MARKED}, "a register was stored in part"
    for writer in writers:
        assert {writer.note(turn) for turn in writer.acknowledged} <= set(history)
    marks = stored(url, "attendings_attending")
    assert len({(mark["meeting_id"], mark["user_id"]) for mark in marks}) == len(marks)
    for meeting in {writer.meeting for writer in writers}:
        found = [mark["note"] for mark in marks if mark["meeting_id"] == meeting.replace("-", "")]
        assert len(found) == MARKED
        (note,) = set(found)
        name, _, turn = note.partition("/")
        assert int(turn) >= next(writer for writer in writers if writer.name == name).acknowledged[-1]


def test_a_database_killed_while_registers_are_saved_loses_none_that_was_acknowledged(database, serving, cast):
    with serving(database.set_url) as server:
        workers = server.workers()
        with writing(server, cast) as writers:
            for _ in range(KILLS):
                each_has_more(lambda writer: writer.acknowledged, writers, "everybody writes")
                database.kill()
                assert_says_that_the_database_is_away(server)
                each_has_more(lambda writer: writer.refused, writers, "everybody is told")
                database.start()
                wait_until(server.ready, what="the service is ready again")
            each_has_more(lambda writer: writer.acknowledged, writers, "everybody writes again")
        refused = [answer for writer in writers for answer in writer.refused]
        for answer, seconds in refused:
            assert answer.status == 503, answer.body
            assert answer.headers["Content-Type"] == "application/problem+json"
            assert seconds < ANSWERED
        assert server.workers() == workers
        assert_nothing_is_lost_or_torn(database.url, writers)


def test_a_snapshot_of_its_files_while_registers_are_saved_is_a_sound_backup(database, serving, cast, tmp_path):
    with serving(database.set_url) as server, writing(server, cast) as writers:
        for _ in range(2):
            each_has_more(lambda writer: writer.acknowledged, writers, "everybody writes")
        before = [replace(writer, acknowledged=list(writer.acknowledged)) for writer in writers]
        database.snapshot(tmp_path / "snapshot")
        each_has_more(lambda writer: writer.acknowledged, writers, "everybody goes on")
    with Database(tmp_path / "snapshot") as restored:
        assert_nothing_is_lost_or_torn(restored.url, before)
        later = stored(database.url, "attendings_historicalattending")
        assert len(stored(restored.url, "attendings_historicalattending")) < len(later)


# --- Silent ----------------------------------------------------------------------------------------------------------


def test_a_silent_database_holds_no_worker_for_ever(database, serving, cast):
    with Wire(database.url) as wire, serving(wire.url) as server:
        token, workers = server.token(ALLA, PASSWORD), server.workers()

        def save(i: int) -> tuple[Answer, float]:
            with server.client(token) as client:
                return timed(client.put, f"/meeting/{cast.meetings[i]}/roster", marks_of(cast.students, "all at once"))

        wait_until(lambda: save(0)[0].status == 200, what="a register is saved")
        wire.cut()
        with ThreadPoolExecutor(12) as pool:  # more than the two workers have threads
            answers = pool.map(save, range(12))
            assert_says_that_the_database_is_away(server)
        for answer, seconds in answers:
            assert_unavailable(answer)
            assert seconds < ANSWERED
        wire.mend()
        wait_until(server.ready, what="the service is ready again")
        with ThreadPoolExecutor(8) as pool:  # with all threads that there are
            list(pool.map(lambda i: wait_until(lambda: save(i)[0].status == 200, what="every register is saved"), range(8)))
        assert server.workers() == workers


def test_one_line_tells_of_a_request_that_the_database_left_alone(database, serving, cast):
    with Wire(database.url) as wire, serving(wire.url) as server:
        with server.client(server.token(ALLA, PASSWORD)) as client:
            wire.cut()
            answer = client.get("/me")
        assert_unavailable(answer)
        wait_until(lambda: server.requests("/me"), what="it is logged")
        lines = [line for line in server.lines() if line.get("request_id") == answer.headers["X-Request-ID"]]
        # Either the command was not answered, or the driver had noticed before that nobody answers.
        assert [line["event"].partition(":")[0] for line in lines] == ["database_unavailable", "request_finished"]
        assert lines[1]["code"] == 503
        assert not any("exception" in line for line in lines)


@pytest.mark.parametrize("arrives", [True, False])
def test_when_the_commit_is_not_answered_nobody_is_told_that_nothing_was_changed(database, serving, cast, arrives):
    with Wire(database.url) as wire, serving(wire.url) as server:
        token, path = server.token(ALLA, PASSWORD), f"/meeting/{cast.meetings[0]}/roster"
        body, key = marks_of(cast.students, "only once"), {"Idempotency-Key": "saved-in-a-tunnel"}
        with server.client(token) as client:
            wire.cut_at(b"commitTransaction", arrives=arrives)
            answer, seconds = timed(client.put, path, body, **key)
            assert wire.is_cut()
            assert_unavailable(answer, "outcome_unknown")
            assert seconds < PROBED
            marks = notes_stored(database.url, "attendings_attending")["only once"]
            assert marks == (MARKED if arrives else 0)
            wire.mend()
            wait_until(lambda: client.put(path, body, **key).status == 200, what="the same request is answered")
        assert notes_stored(database.url, "attendings_attending") == {"only once": MARKED}
        assert notes_stored(database.url, "attendings_historicalattending") == {"only once": MARKED}


# --- Counted ---------------------------------------------------------------------------------------------------------


def test_metrics_tell_which_collection_was_asked_and_which_did_not_answer(database, serving, cast):
    with Wire(database.url) as wire, serving(wire.url) as server, server.client(server.token(ALLA, PASSWORD)) as client:

        def counted(name: str, **labels: str) -> float:
            return value(client.get("/metrics").body.decode(), f"attendance_mongodb_command_{name}", **labels)

        commits = counted("duration_seconds_count", command="commitTransaction")
        assert client.put(f"/meeting/{cast.meetings[0]}/roster", marks_of(cast.students, "")).status == 200
        assert counted("duration_seconds_count", command="commitTransaction") == commits + 1
        for table in ("accounts_user", "meetings_meeting", "attendings_attending", "groups_membership"):
            assert counted("duration_seconds_count", collection=table) >= 1, table
        errors = counted("errors_total", error="NetworkTimeout", collection="accounts_user")
        wire.cut()
        assert_unavailable(client.get("/me"))
        assert counted("errors_total", error="NetworkTimeout", collection="accounts_user") > errors
        assert counted("duration_seconds_sum", collection="accounts_user") >= 1
