"""What the SQLite engine promises, asked of a real file."""

from __future__ import annotations

from threading import Event, Thread

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError
from django.db.utils import ConnectionHandler

from attendance.db.engines import database_settings

FULL = 2


@pytest.fixture
def open_database(tmp_path, django_db_blocker):
    """Connections of their own to one file; `open_database()` opens another."""
    opened = []

    def open_database():
        settings = database_settings(f"sqlite:///{tmp_path}/site/attendance.sqlite3")
        database = ConnectionHandler({"default": settings})["default"]
        database.inc_thread_sharing()
        opened.append(database)
        return database

    with django_db_blocker.unblock():
        yield open_database
        for database in opened:
            database.close()


def ask(database, query):
    with database.cursor() as cursor:
        return cursor.execute(query).fetchone()[0]


def run(database, *statements):
    with database.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


@pytest.mark.parametrize(
    ("pragma", "value"), [("journal_mode", "wal"), ("synchronous", FULL), ("busy_timeout", 20_000), ("foreign_keys", 1)]
)
def test_what_is_in_force_on_a_connection(open_database, pragma, value):
    assert ask(open_database(), f"PRAGMA {pragma}") == value


def test_the_directory_is_made(open_database, tmp_path):
    open_database().ensure_connection()
    assert (tmp_path / "site" / "attendance.sqlite3").exists()


def test_a_transaction_takes_the_write_lock_when_it_begins(open_database):
    first, second = open_database(), open_database()
    run(second, "PRAGMA busy_timeout=0")
    first.ensure_connection()
    first._start_transaction_under_autocommit()  # what atomic() calls
    with pytest.raises(OperationalError, match="locked"):
        second._start_transaction_under_autocommit()
    run(first, "ROLLBACK")
    second._start_transaction_under_autocommit()
    run(second, "ROLLBACK")


def test_a_second_writer_waits_for_its_turn(open_database):
    first, second = open_database(), open_database()
    run(first, "CREATE TABLE seen (who TEXT)", "BEGIN IMMEDIATE", "INSERT INTO seen VALUES ('first')")
    begins, stored = Event(), Event()

    def write():
        begins.set()
        run(second, "INSERT INTO seen VALUES ('second')")
        stored.set()

    writer = Thread(target=write)
    writer.start()
    assert begins.wait(timeout=10)
    assert not stored.is_set()
    run(first, "COMMIT")
    writer.join(timeout=30)
    assert stored.is_set()
    assert ask(first, "SELECT group_concat(who) FROM seen") == "first,second"


def test_readers_go_on_while_one_writes(open_database):
    writer, reader = open_database(), open_database()
    run(writer, "CREATE TABLE seen (who TEXT)", "BEGIN IMMEDIATE", "INSERT INTO seen VALUES ('x')")
    run(reader, "PRAGMA busy_timeout=0")
    assert ask(reader, "SELECT count(*) FROM seen") == 0
    run(writer, "COMMIT")
    assert ask(reader, "SELECT count(*) FROM seen") == 1


def test_a_class_of_five_hundred_is_one_statement(open_database):
    assert open_database().features.max_query_params >= 32_766


@pytest.mark.parametrize("url", ["postgres://u:hunter2@db/x", "oracle://u:hunter2@db/x", "hunter2", ""])
def test_another_engine_is_refused_and_no_password_repeated(url):
    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL") as refused:
        database_settings(url)
    if "@" in url:
        assert "hunter2" not in str(refused.value)


def test_memory_makes_no_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert database_settings("sqlite://:memory:")["NAME"] == ":memory:"
    assert not list(tmp_path.iterdir())
