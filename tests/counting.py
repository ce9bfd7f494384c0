"""How many queries a block sends: statements on SQLite, commands on MongoDB."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext
from pymongo import monitoring

ABOUT_THE_CONNECTION = frozenset({"hello", "ping", "buildInfo", "endSessions"})
ABOUT_THE_SESSION = frozenset({"$db", "lsid", "$clusterTime", "$readPreference", "txnNumber", "batchSize", "maxTimeMS"})


class Commands(monitoring.CommandListener):
    """Notes every command that any client of this process sends."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self._kept: list[dict[str, Any]] | None = None

    @contextmanager
    def kept(self) -> Iterator[list[dict[str, Any]]]:
        """The whole commands that are sent in the block."""
        self._kept = kept = []
        try:
            yield kept
        finally:
            self._kept = None

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        if event.command_name not in ABOUT_THE_CONNECTION:
            if self._kept is not None:
                self._kept.append({name: value for name, value in event.command.items() if name not in ABOUT_THE_SESSION})
            self.sent.append(f"{event.command_name} {event.command.get(event.command_name)}")

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        pass

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        pass


commands = Commands()
monitoring.register(commands)  # known to clients that are made from now on


@contextmanager
def count_queries(*, sqlite: int, mongodb: int) -> Iterator[None]:
    """Asserts that the block sends exactly so many, on whichever of the two it runs."""
    if connection.vendor == "mongodb":
        before = len(commands.sent)
        yield
        sent, expected = commands.sent[before:], mongodb
    else:
        with CaptureQueriesContext(connection) as captured:
            yield
        sent, expected = [query["sql"] for query in captured.captured_queries], sqlite
    assert len(sent) == expected, f"{len(sent)} queries, and not {expected}:\n" + "\n".join(query[:200] for query in sent)
