"""gunicorn as production runs it: its own processes, several workers, a real database file."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.live import database
from tests.live.client import NO_ANSWER, Client

ROOT = Path(__file__).resolve().parent.parent.parent
PATIENCE = 60  # seconds; generous, for a busy machine


def wait_until(true: Callable[[], Any], *, what: str) -> Any:
    """The first true answer of `true()`; asks again and again."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        answer = true()
        if answer:
            return answer
        time.sleep(0.02)
    raise AssertionError(f"Waited {PATIENCE} s in vain: {what}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def environment(state: Path, **values: str) -> dict[str, str]:
    """Production's, but for plain HTTP and for static files that nobody has collected."""
    wanted = {
        "PATH": os.environ["PATH"],
        "ENV_FILE": os.devnull,
        "TESTING": "true",
        "HTTPS": "false",
        "SECRET_KEY": "a-key-that-must-not-show-up-in-any-log-line-0123456789",
        "ALLOWED_HOSTS": "127.0.0.1,localhost",
        "STATE_DIR": str(state),
        "DATABASE_URL": database.url_of(state),
        "THROTTLE_LOGIN": "",
        "THROTTLE_USER": "",
        "PYTHONPATH": str(ROOT),
        **values,
    }
    return {name: value for name, value in wanted.items() if value is not None}


class Server:
    def __init__(self, state: Path, **values: str) -> None:
        self.state = state
        self.port = free_port()
        self.log = state / "server.log"
        self.environment = environment(state, **{"WEB_CONCURRENCY": "2", "THREADS": "4", "PORT": str(self.port), **values})
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "attendance.wsgi"],
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        wait_until(self.ready, what="the server is ready")

    def ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text()
        try:
            with Client(self.port) as client:
                return client.get("/readyz").status == 200
        except NO_ANSWER:
            return False

    def terminate(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)

    def stop(self) -> int:
        """Ends it as an orchestrator does; its exit status."""
        assert self.process is not None
        if self.process.poll() is None:
            self.terminate()
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise

    def workers(self) -> set[int]:
        """The workers that live now, by process id."""
        assert self.process is not None
        booted = set(map(int, re.findall(r"Booting worker with pid: (\d+)", self.log.read_text())))
        return {pid for pid in booted if (Path("/proc") / str(pid) / "cmdline").exists() and _parent(pid) == self.process.pid}

    def lines(self) -> list[dict[str, Any]]:
        """What it has logged. Every line must be one JSON object."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def requests(self, path: str) -> list[dict[str, Any]]:
        return [line for line in self.lines() if line["event"] == "request_finished" and line["request"].endswith(f" {path}")]

    def client(self, token: str | None = None) -> Client:
        return Client(self.port, token)

    def token(self, email: str, password: str) -> str:
        with self.client() as client:
            answer = client.post("/login", {"email": email, "password": password})
        assert answer.status == 200, answer.body
        return answer.json()["access"]


def _parent(pid: int) -> int | None:
    try:
        return int((Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return None


@contextmanager
def serving(template: Path, state: Path, **values: str) -> Iterator[Server]:
    """A running server on a copy of the template's database."""
    state.mkdir(parents=True, exist_ok=True)
    database.copy(template, state)
    server = Server(state, **values)
    try:
        server.start()
        yield server
    finally:
        server.stop()
