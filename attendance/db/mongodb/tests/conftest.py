"""These tests bring their own servers, so that they tell the same whatever the rest of the session runs on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connections, router

from attendance.db.engines import database_settings
from tests import mongodb_server
from tests.mongodb_reset import resetting

REPLICA_SET, STANDALONE, STOCK = "replica_set", "standalone", "stock"


@contextmanager
def named(alias: str, url: str, **changes: Any) -> Iterator[str]:
    """The database as `connections[alias]`, in every thread."""
    entry = {"default": {}, alias: database_settings(url) | changes}
    connections.settings[alias] = connections.configure_settings(entry)[alias]
    try:
        yield alias
    finally:
        connections[alias].close_pool()
        del connections[alias]
        del connections.settings[alias]


@pytest.fixture(scope="session")
def url() -> Iterator[str]:
    process = mongodb_server.started()
    yield mongodb_server.url_of(process)
    mongodb_server.stop(process)


@pytest.fixture(scope="session")
def _migrated(url: str, django_db_blocker: Any) -> Iterator[Any]:
    with django_db_blocker.unblock(), named(REPLICA_SET, url):
        call_command("migrate", database=REPLICA_SET, verbosity=0)
        reset = resetting(connections[REPLICA_SET])
        yield reset


class Everything:
    """A router: history, for one, is not stored where its model is told to be, but where the router says."""

    def db_for_read(self, model: Any, **hints: Any) -> str:
        instance = hints.get("instance")
        return (instance and instance._state.db) or REPLICA_SET

    db_for_write = db_for_read


@pytest.fixture
def mongo(_migrated: Any, django_db_blocker: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The alias of a migrated database on a replica set; what a test changes there is undone."""
    monkeypatch.setattr(router, "routers", [Everything()])
    with django_db_blocker.unblock():
        yield REPLICA_SET
        _migrated()


@pytest.fixture
def stock(mongo: str, url: str) -> Iterator[str]:
    """The same database through the engine that ours mends."""
    with named(STOCK, url, ENGINE="django_mongodb_backend"):
        yield STOCK


@pytest.fixture(scope="session")
def standalone_url() -> Iterator[str]:
    process = mongodb_server.started("--standalone")
    yield mongodb_server.url_of(process)
    mongodb_server.stop(process)


@pytest.fixture
def standalone(standalone_url: str, django_db_blocker: Any) -> Iterator[str]:
    """The alias of a migrated database on a server without a replica set."""
    with django_db_blocker.unblock(), named(STANDALONE, standalone_url):
        call_command("migrate", database=STANDALONE, verbosity=0)
        reset = resetting(connections[STANDALONE])
        yield STANDALONE
        reset()
