"""What is counted of MongoDB's commands, and what never shows."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group as Role
from django.db import DatabaseError, IntegrityError, connections, transaction
from prometheus_client import REGISTRY, generate_latest
from pymongo import DeleteOne, InsertOne, MongoClient
from pymongo.errors import ClientBulkWriteException, OperationFailure
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from attendance.db.engines import database_settings
from attendance.db.mongodb.metrics import ABOUT_THE_CONNECTION, CommandMetrics
from attendance.db.mongodb.tests.conftest import named

DURATION, ERRORS = "attendance_mongodb_command_duration_seconds", "attendance_mongodb_command_errors_total"
ADDRESS = ("127.0.0.1", 27017)


def series():
    """Every series of ours, with its value."""
    return {
        (sample.name, tuple(sample.labels.get(name, "") for name in ("command", "collection", "error"))): sample.value
        for family in REGISTRY.collect()
        for sample in family.samples
        if sample.name in (f"{DURATION}_count", ERRORS)
    }


class Counted:
    """What a block adds to the figures: `with Counted() as counted`."""

    def __enter__(self):
        self.before = series()
        return self

    def __exit__(self, *exc_info):
        more = {key: value - self.before.get(key, 0) for key, value in series().items()}
        self.durations = {key[:2]: value for (name, key), value in more.items() if value and name != ERRORS}
        self.errors = {key: value for (name, key), value in more.items() if value and name == ERRORS}


def test_each_command_counts_under_its_collection(mongo):
    roles = Role.objects.using(mongo)
    with Counted() as counted, transaction.atomic(using=mongo):
        roles.create(name="choir")
        roles.filter(name="choir").update(name="band")
        assert roles.get(name="band").name == "band"
        roles.filter(name="band")._raw_delete(using=mongo)
    assert counted.durations == {
        ("findAndModify", "__sequences__"): 1,
        ("insert", "auth_group"): 1,
        ("update", "auth_group"): 1,
        ("find", "auth_group"): 1,
        ("delete", "auth_group"): 1,
        ("commitTransaction", "other"): 1,
    }
    assert not counted.errors


def test_later_batches_count_under_the_collection_that_they_are_of(mongo):
    collection = connections[mongo].get_collection("auth_permission")
    with Counted() as counted:
        assert len(list(collection.find({}, batch_size=20))) > 40
    assert counted.durations.pop(("getMore", "auth_permission")) >= 2
    assert counted.durations == {("find", "auth_permission"): 1}


def test_a_write_that_is_refused_is_an_error_though_its_answer_is_a_success(mongo):
    Role.objects.using(mongo).create(name="choir")
    with Counted() as counted, pytest.raises(IntegrityError):
        Role.objects.using(mongo).create(name="choir")
    assert counted.errors == {("insert", "auth_group", "DuplicateKey"): 1}
    assert counted.durations["insert", "auth_group"] == 1


def test_a_command_that_is_refused(mongo):
    with Counted() as counted, pytest.raises(OperationFailure):
        connections[mongo].get_collection("auth_group").aggregate([{"$noSuchStage": {}}])
    (((command, collection, error), count),) = counted.errors.items()
    assert (command, collection, count) == ("aggregate", "auth_group", 1)
    assert error.isalnum()
    assert error != "other"


def test_transactions_that_collide(mongo, url):
    role = Role.objects.using(mongo).create(name="choir")
    with MongoClient(url) as other, other.start_session() as session, session.start_transaction():
        other.get_default_database()["auth_group"].update_one({"id": role.pk}, {"$set": {"name": "band"}}, session=session)
        with Counted() as counted, pytest.raises(DatabaseError), transaction.atomic(using=mongo):
            Role.objects.using(mongo).filter(pk=role.pk).update(name="orchestra")
        session.abort_transaction()
    assert counted.errors == {("update", "auth_group", "WriteConflict"): 1}


def test_several_collections_written_at_once(mongo):
    client, name = connections[mongo].connection, connections[mongo].settings_dict["NAME"]
    role, person, foreign = (
        DeleteOne({"id": -1}, namespace=f"{name}.{table}") for table in ("auth_group", "accounts_user", "diary")
    )
    with Counted() as counted:
        for writes in ([role], [role, role], [foreign], [role, person]):
            client.bulk_write(writes)
    assert counted.durations == {("bulkWrite", "auth_group"): 2, ("bulkWrite", "other"): 1, ("bulkWrite", "several"): 1}


def test_one_of_several_that_is_refused(mongo):
    Role.objects.using(mongo).create(name="choir")
    client, name = connections[mongo].connection, connections[mongo].settings_dict["NAME"]
    with Counted() as counted, pytest.raises(ClientBulkWriteException):
        client.bulk_write([InsertOne({"name": "choir", "id": 9_999}, namespace=f"{name}.auth_group")])
    assert counted.errors == {("bulkWrite", "auth_group", "DuplicateKey"): 1}


def test_what_is_about_the_connection_is_left_out(mongo):
    with Counted() as counted:
        assert connections[mongo].is_usable()
        connections[mongo].get_database_version()
    assert not counted.durations
    assert {"hello", "ping", "endsessions"} <= ABOUT_THE_CONNECTION


def test_no_foreign_name_and_no_value_becomes_a_label(mongo):
    database = connections[mongo].database
    with Counted() as counted:
        database["hunter2"].insert_one({"password": "hunter2"})
        database.drop_collection("hunter2")
        database.command("hostInfo")
    assert counted.durations == {("insert", "other"): 1, ("drop", "other"): 1, ("other", "other"): 1}
    assert b"hunter2" not in generate_latest(REGISTRY)


def test_another_client_of_the_process_is_not_counted(mongo, url):
    with Counted() as counted, MongoClient(url) as stranger:
        stranger.get_default_database()["auth_group"].find_one()
    assert not counted.durations


class Theirs(CommandListener):
    def __init__(self):
        self.heard = []

    def started(self, event):
        self.heard.append(event.command_name)

    def succeeded(self, event):
        pass

    failed = succeeded


def test_listeners_of_the_settings_stay(url, django_db_blocker):
    theirs = Theirs()
    options = database_settings(url)["OPTIONS"] | {"event_listeners": [theirs]}
    with Counted() as counted, django_db_blocker.unblock(), named("listened", url, OPTIONS=options):
        connections["listened"].ensure_connection()
        connections["listened"].get_collection("auth_group").find_one()
    assert counted.durations == {("find", "auth_group"): 1}
    assert "find" in theirs.heard


# --- What no server can be made to answer at will --------------------------------------------------------------------


def ended(failure=None, reply=None, **command):
    """Tells a listener of a command that failed, or was answered."""
    listener, name = CommandMetrics(), next(iter(command))
    listener.started(CommandStartedEvent(command, "attendance", 1, ADDRESS, 1))
    if reply is None:
        listener.failed(CommandFailedEvent(timedelta(seconds=20), failure, name, 1, ADDRESS, 1))
    else:
        listener.succeeded(CommandSucceededEvent(timedelta(seconds=1), reply, name, 1, ADDRESS, 1))


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        ({"errtype": "NetworkTimeout", "errmsg": "hunter2:27017: timed out"}, "NetworkTimeout"),
        ({"ok": 0, "code": 11600, "codeName": "InterruptedAtShutdown", "errmsg": "hunter2"}, "InterruptedAtShutdown"),
        ({"ok": 0, "code": 12345, "errmsg": "hunter2"}, "other"),
        ({"codeName": "not a name: hunter2"}, "other"),
        ({}, "other"),
        (None, "other"),
    ],
)
def test_failures_have_the_name_that_the_driver_or_the_server_gives_them(failure, error):
    with Counted() as counted:
        ended(failure, find="auth_group", filter={"name": "hunter2"})
    assert counted.errors == {("find", "auth_group", error): 1}
    assert counted.durations == {("find", "auth_group"): 1}
    assert b"hunter2" not in generate_latest(REGISTRY)


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        ({"ok": 1, "n": 0, "writeErrors": [{"index": 0, "code": 121, "errmsg": "hunter2"}]}, "DocumentValidationFailure"),
        ({"ok": 1, "n": 0, "writeErrors": [{"index": 0, "code": 99}]}, "other"),
        ({"ok": 1, "n": 1, "writeConcernError": {"code": 64, "codeName": "WriteConcernTimeout"}}, "WriteConcernTimeout"),
        ({"ok": 1, "nErrors": 1, "cursor": {"firstBatch": []}}, "other"),
    ],
)
def test_errors_inside_of_an_answer(reply, error):
    with Counted() as counted:
        ended(reply=reply, insert="auth_group")
    assert counted.errors == {("insert", "auth_group", error): 1}
