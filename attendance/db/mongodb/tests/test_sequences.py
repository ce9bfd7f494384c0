"""Integer keys: none is handed out twice, whoever asks, and nobody waits for somebody else's transaction."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import IntegrityError, connections, transaction
from pymongo import MongoClient

from attendance.db.mongodb import sequences
from tests.mongodb_server import ROOT

DRAW = """
import sys
from pymongo import MongoClient
from attendance.db.mongodb import sequences
with MongoClient(sys.argv[1]) as client:
    for _ in range(50):
        print(*sequences.draw(client.get_default_database(), "drawn_by_processes", "id", 2))
"""


@pytest.fixture
def database(url):
    with MongoClient(url) as client:
        yield client.get_default_database("sequences")


def test_keys_follow_each_other_from_one(database):
    assert list(sequences.draw(database, "fresh", "id", 2)) == [1, 2]
    assert list(sequences.draw(database, "fresh", "id", 3)) == [3, 4, 5]


def test_threads_draw_no_key_twice(database):
    with ThreadPoolExecutor(8) as threads:
        drawn = list(threads.map(lambda _i: sequences.draw(database, "drawn_by_threads", "id", 3), range(80)))
    assert sorted(key for keys in drawn for key in keys) == list(range(1, 241))


def test_processes_draw_no_key_twice(url):
    commands = [
        subprocess.Popen([sys.executable, "-c", DRAW, url], cwd=ROOT, stdout=subprocess.PIPE, text=True) for _i in range(3)
    ]
    drawn = [int(key) for command in commands for key in command.communicate(timeout=60)[0].split()]
    assert sorted(drawn) == list(range(1, 301))


def test_a_sequence_begins_behind_what_is_there(database):
    """A back-up can have been restored without its sequences."""
    database["restored"].insert_many([{"id": 41}, {"id": 7}])
    assert list(sequences.draw(database, "restored", "id", 1)) == [42]


def test_many_begin_the_same_sequence_at_once(database):
    database["restored_at_once"].insert_one({"id": 10})
    with ThreadPoolExecutor(8) as threads:
        drawn = list(threads.map(lambda _i: sequences.draw(database, "restored_at_once", "id", 1)[0], range(8)))
    assert sorted(drawn) == list(range(11, 19))


def kind(mongo, model, **fields):
    return ContentType.objects.using(mongo).create(app_label="sequences", model=model, **fields)


def test_a_key_that_is_given_is_kept_and_never_drawn_again(mongo):
    first = kind(mongo, "first")
    given = kind(mongo, "given", pk=first.pk + 100)
    assert isinstance(first.pk, int)
    assert kind(mongo, "next").pk == given.pk + 1
    with pytest.raises(IntegrityError):
        kind(mongo, "again", pk=given.pk)


def test_rows_stored_in_bulk_know_their_keys(mongo):
    rows = [ContentType(app_label="sequences", model=f"m{i}") for i in range(5)]
    ContentType.objects.using(mongo).bulk_create(rows)
    keys = [row.pk for row in rows]
    assert keys == list(range(keys[0], keys[0] + 5))
    assert set(ContentType.objects.using(mongo).filter(app_label="sequences").values_list("pk", flat=True)) == set(keys)


def test_keys_are_plain_integers_also_through_a_join(mongo):
    permission = Permission.objects.using(mongo).select_related("content_type").first()
    found = [permission.pk, permission.content_type_id, permission.content_type.pk]
    assert [type(key) for key in found] == [int, int, int]


def test_two_open_transactions_draw_different_keys_and_neither_waits(mongo):
    def in_thread(work):
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(work).result(timeout=20)

    def other():
        with transaction.atomic(using=mongo):
            return kind(mongo, "theirs").pk

    with transaction.atomic(using=mongo):
        mine = kind(mongo, "mine").pk
        theirs = in_thread(other)
        assert kind(mongo, "mine_too").pk == theirs + 1
    assert theirs == mine + 1
    assert ContentType.objects.using(mongo).filter(app_label="sequences").count() == 3


def test_a_key_drawn_by_a_transaction_that_failed_is_lost(mongo):
    with pytest.raises(RuntimeError), transaction.atomic(using=mongo):
        lost = kind(mongo, "lost").pk
        raise RuntimeError
    assert kind(mongo, "kept").pk == lost + 1
    assert sequences.COLLECTION in connections[mongo].introspection.table_names()
