"""The driver's client, with less patience for a server that is away."""

from __future__ import annotations

import time
from typing import Any

import pymongo
from pymongo import MongoClient
from pymongo.synchronous.server import Server

MOMENT = 0.001  # seconds; zero would mean for ever


class Client(MongoClient[dict[str, Any]]):
    """All operations together look for a lost server for `serverSelectionTimeoutMS`, from when the first of them missed it. Later ones
    are refused within half a second, until the driver's monitor has found the server.

    Where there is a `timeoutMS`, pymongo lets each operation look for that long instead, and then the next: every thread would stand
    still, and the worker would answer no probe.
    """

    _missed_since: float | None = None

    def _select_server(self, *args: Any, **options: Any) -> Server:
        with pymongo.timeout(self._patience()):
            return super()._select_server(*args, **options)

    def _patience(self) -> float:
        """In seconds."""
        patience, now = self.options.server_selection_timeout, time.monotonic()
        if self.topology_description.has_readable_server(self.read_preference):
            self._missed_since = None
            return patience
        missed_since = self._missed_since = self._missed_since or now
        return max(missed_since + patience - now, MOMENT)
