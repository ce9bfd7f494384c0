from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import pytest

from conftest import PASSWORD
from tests.live.server import ROOT, Server, environment, serving, wait_until

ALLA, OLGA, RIMMA = "alla@school.example", "olga@school.example", "rimma@school.example"


@dataclass(frozen=True)
class Cast:
    """Alla and Olga, who reads Russian, teach `group`, which has `students` and `meetings` of today; `foreign_meeting` is Boris's."""

    group: str
    teacher: str
    students: list[str]
    meetings: list[str]
    foreign_meeting: str


@dataclass(frozen=True)
class Template:
    """A migrated database with the cast in it, to be copied."""

    state: Path
    cast: Cast


def run(*command: str, state: Path, **values: str) -> subprocess.CompletedProcess[str]:
    """A Python command of the project, in the live servers' environment."""
    return subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env=environment(state, DJANGO_SETTINGS_MODULE="attendance.settings", **values),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    state = tmp_path_factory.mktemp("template")
    migrated = run("manage.py", "migrate", "--verbosity=0", state=state)
    assert migrated.returncode == 0, migrated.stderr
    filled = run("-m", "tests.live.cast", state=state)
    assert filled.returncode == 0, filled.stderr
    return Template(state, Cast(**json.loads(filled.stdout)))


@pytest.fixture(scope="session")
def cast(template: Template) -> Cast:
    return template.cast


@pytest.fixture(scope="session")
def server(template: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One for all tests that leave it running."""
    with serving(template.state, tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture(scope="session")
def token(server: Server) -> str:
    """Alla's."""
    return server.token(ALLA, PASSWORD)


@pytest.fixture
def start(template: Template, tmp_path: Path) -> Callable[..., AbstractContextManager[Server]]:
    """A server of the test's own: `with start(THROTTLE_LOGIN="3/min") as server`."""

    def start(**values: str) -> AbstractContextManager[Server]:
        return serving(template.state, tmp_path / f"state-{os.urandom(4).hex()}", **values)

    return start


@pytest.fixture(scope="session")
def sign_in() -> Callable[[Server], str]:
    """Alla's access token from that server."""
    return lambda server: server.token(ALLA, PASSWORD)


@pytest.fixture(scope="session")
def kill_worker() -> Callable[[Server, int], None]:
    """kill -9, then waits for the worker that takes its place."""

    def kill(server: Server, pid: int) -> None:
        before = server.workers()
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: pid not in server.workers() and server.workers() - before, what="another worker has started")

    return kill
