"""The database of a live server: a SQLite file among its state; where the session runs on MongoDB, a database there named after it."""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from pymongo import MongoClient

from tests import mongodb_server

FILE = "attendance.sqlite3"


def url_of(state: Path) -> str | None:
    """None for the file that the settings choose by themselves."""
    wanted = os.environ.get("TEST_DATABASE_URL", "")
    if not wanted.startswith(mongodb_server.WORD):
        return None
    address = _own_server() if wanted == mongodb_server.WORD else wanted
    name = "live_" + hashlib.sha256(str(state).encode()).hexdigest()[:12]
    return urlunsplit(urlsplit(address)._replace(path=f"/{name}"))


@cache
def _own_server() -> str:
    """What a killed worker had begun holds its documents until the server gives it up: after 60 seconds, unless told otherwise."""
    return mongodb_server.url_of(mongodb_server.started("--lifetime=5"))


def copy(template: Path, state: Path) -> None:
    """The template's data and indexes."""
    source, target = url_of(template), url_of(state)
    if source is None or target is None:
        shutil.copy(template / FILE, state)
        return
    with MongoClient[dict[str, Any]](source) as client:
        _copy(client.get_default_database(), client[urlsplit(target).path.strip("/")])


def _copy(source: Any, target: Any) -> None:
    for name in source.list_collection_names():
        target.create_collection(name)
        indexes = [dict(index) for index in source[name].list_indexes() if index["name"] != "_id_"]
        if indexes:
            target.command("createIndexes", name, indexes=indexes)
        if documents := list(source[name].find()):
            target[name].insert_many(documents)


def rows(state: Path, table: str, **conditions: Any) -> list[dict[str, Any]]:
    """As they are stored; ids are hexadecimal on both."""
    url = url_of(state)
    if url is not None:
        with MongoClient[dict[str, Any]](url) as client:
            return list(client.get_default_database()[table].find(conditions))
    where = " AND ".join(f"{name} = :{name}" for name in conditions)
    with closing(sqlite3.connect(state / FILE)) as database:
        database.row_factory = sqlite3.Row
        return [dict(row) for row in database.execute(f"SELECT * FROM {table} WHERE {where}", conditions)]  # noqa: S608


def is_sound(state: Path) -> bool:
    """What SQLite says of its file. MongoDB's checks itself when it starts."""
    if url_of(state) is not None:
        return True
    with closing(sqlite3.connect(state / FILE)) as database:
        return database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
