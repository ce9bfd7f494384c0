"""`DATABASE_URL` to Django's DATABASES entry. The URL chooses the engine, and nothing else does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from environ import Env

from attendance.db.mongodb.address import SCHEMES, mongodb_settings

# WAL lets readers go on while one writes; FULL keeps the last commit through a power cut; the busy time-out makes
# a second writer wait for its turn. The transaction takes the write lock when it begins: a transaction that reads first and
# then wants to write could otherwise be refused at once, whatever the time-out.
SQLITE_OPTIONS: dict[str, Any] = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=20000;",
}


def database_settings(url: str) -> dict[str, Any]:
    """Raises ImproperlyConfigured for a URL whose engine is not supported."""
    scheme = url.partition(":")[0]
    if scheme in SCHEMES:
        return mongodb_settings(url)
    if scheme != "sqlite":
        raise ImproperlyConfigured(
            f"DATABASE_URL: the engine {scheme!r} is not supported; use sqlite:///path or mongodb://host/database."
        )
    config: dict[str, Any] = dict(Env.db_url_config(url))
    config |= {"ENGINE": "attendance.db.sqlite", "OPTIONS": SQLITE_OPTIONS, "CONN_MAX_AGE": 600}
    config["TEST"] = {"NAME": ":memory:"}  # Django's default, but parallel tests make up a file for an engine they do not know
    if config["NAME"] != ":memory:":
        Path(config["NAME"]).parent.mkdir(parents=True, exist_ok=True)
    return config
