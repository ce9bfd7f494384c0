"""How long MongoDB's commands take and how they fail, for Prometheus.

Every label is one of a few that are known beforehand, or the server's or the driver's own name for an error: nothing of a document.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from functools import cache
from typing import Any

from django.apps import apps
from django.db.migrations.recorder import MigrationRecorder
from prometheus_client import Counter, Histogram
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from attendance.db.mongodb import sequences

# Up to the twenty seconds after which the service gives up (address.py).
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20)
DURATION = Histogram(
    "attendance_mongodb_command_duration_seconds", "Round trips to MongoDB", ["command", "collection"], buckets=SECONDS
)
ERRORS = Counter(
    "attendance_mongodb_command_errors_total",
    "Commands that MongoDB refused or left unanswered",
    ["command", "collection", "error"],
)

READS = frozenset({"find", "aggregate", "getMore", "killCursors", "count", "distinct"})
WRITES = frozenset({"insert", "update", "delete", "findAndModify", "bulkWrite", "commitTransaction", "abortTransaction"})
OF_SCHEMA = frozenset({"create", "drop", "collMod", "createIndexes", "dropIndexes", "listCollections", "listIndexes"})
COMMANDS = READS | WRITES | OF_SCHEMA
# Fast, frequent and no part of anyone's request: they would only improve the figures. A login to the database counts as `other`.
ABOUT_THE_CONNECTION = frozenset({"hello", "ismaster", "ping", "buildinfo", "endsessions"})  # in lower case: drivers vary
OTHER, SEVERAL = "other", "several"

# The end of a transaction that the server has already ended; what it did so for has been counted.
ECHO = ("abortTransaction", "NoSuchTransaction")

# What the server gives by number alone.
WRITE_ERRORS = {112: "WriteConflict", 121: "DocumentValidationFailure", 11000: "DuplicateKey"}
NAME = re.compile(r"[A-Za-z0-9]{1,64}")

Document = Mapping[str, Any]


class CommandMetrics(CommandListener):
    def __init__(self) -> None:
        self._under_way = threading.local()  # a thread has one command at a time

    def started(self, event: CommandStartedEvent) -> None:
        self._under_way.collection = collection_of(event.command_name, event.command)

    def succeeded(self, event: CommandSucceededEvent) -> None:
        self._ended(event, refused_in(event.reply))

    def failed(self, event: CommandFailedEvent) -> None:
        self._ended(event, error_name(event.failure))

    def _ended(self, event: CommandSucceededEvent | CommandFailedEvent, error: str | None) -> None:
        if event.command_name.lower() in ABOUT_THE_CONNECTION:
            return
        command = event.command_name if event.command_name in COMMANDS else OTHER
        collection = getattr(self._under_way, "collection", OTHER)
        DURATION.labels(command, collection).observe(event.duration_micros / 1_000_000)
        if error and (command, error) != ECHO:
            ERRORS.labels(command, collection, error).inc()


def collection_of(name: str, command: Document) -> str:
    """The one collection that a command is about, if it is ours."""
    if name == "bulkWrite":
        namespaces = {entry["ns"] for entry in command.get("nsInfo", ())}
        if len(namespaces) > 1:
            return SEVERAL
        collection: Any = next(iter(namespaces), "").partition(".")[2]
    else:
        collection = command.get("collection" if name == "getMore" else name)
    return collection if isinstance(collection, str) and collection in known_collections() else OTHER


@cache
def known_collections() -> frozenset[str]:
    tables = {model._meta.db_table for model in apps.get_models(include_auto_created=True)}
    return frozenset(tables | {MigrationRecorder.Migration._meta.db_table, sequences.COLLECTION})


def refused_in(reply: Document) -> str | None:
    """The first error in what the protocol takes for a success: the server answers so where it refuses single documents."""
    errors = list(reply.get("writeErrors", ()))
    if reply.get("nErrors"):  # a bulkWrite's, which may have a line for each document
        errors += [line for line in reply["cursor"]["firstBatch"] if not line["ok"]] or [{}]
    if "writeConcernError" in reply:
        errors.append(reply["writeConcernError"])
    return error_name(errors[0]) if errors else None


def error_name(failure: Document | None) -> str:
    """The server's name of the error, or the driver's exception; a name without any text or value."""
    failure = failure or {}
    name = failure.get("codeName") or failure.get("errtype") or WRITE_ERRORS.get(failure.get("code", 0))
    return name if isinstance(name, str) and NAME.fullmatch(name) else OTHER


LISTENER = CommandMetrics()
