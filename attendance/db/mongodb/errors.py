"""The driver's errors as Django's, and which of them mean: once more from the start."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DatabaseError, IntegrityError, OperationalError
from django.db.transaction import TransactionManagementError
from pymongo.errors import (
    BulkWriteError,
    ClientBulkWriteException,
    ConnectionFailure,
    DuplicateKeyError,
    OperationFailure,
    PyMongoError,
)

TRANSIENT = "TransientTransactionError"
DUPLICATE_KEY = 11000
BULK = (BulkWriteError, ClientBulkWriteException)
# The server cannot do it now or for us: time is up, no primary, shutting down, not logged in, not allowed.
UNAVAILABLE = frozenset({6, 7, 13, 18, 24, 50, 64, 89, 91, 112, 189, 202, 251, 262, 9001, 10107, 11600, 11602, 13435, 13436})


class AbortedTransactionError(TransactionManagementError, OperationalError):
    """A statement after one that failed. MongoDB has no savepoints: the failure has ended the whole transaction."""


@contextmanager
def translated() -> Iterator[None]:
    """Raises Django's error for the driver's."""
    try:
        yield
    except PyMongoError as error:
        raise django_error(error) from error


def django_error(error: PyMongoError) -> DatabaseError:
    """IntegrityError for a key that is there already, OperationalError for what may pass, DatabaseError for the rest."""
    error = _reason(error)
    if _is_duplicate(error):
        return IntegrityError("A unique index has this value already.")
    if isinstance(error, ConnectionFailure) or error.timeout or error.has_error_label(TRANSIENT):
        return OperationalError(type(error).__name__)
    if isinstance(error, OperationFailure):
        code = _code(error)
        text = str((error.details or {}).get("codeName") or f"{type(error).__name__} {code}")
        return OperationalError(text) if code in UNAVAILABLE else DatabaseError(text)
    return DatabaseError(type(error).__name__)


def is_transient(error: BaseException | None) -> bool:
    """Whether the whole transaction may succeed when it is run again from its start."""
    while error is not None:
        if isinstance(error, AbortedTransactionError):
            return True
        if isinstance(error, PyMongoError) and _reason(error).has_error_label(TRANSIENT):
            return True
        error = error.__cause__
    return False


def _reason(error: PyMongoError) -> PyMongoError:
    """A bulk write wraps what stopped the whole of it."""
    inner = error.error if isinstance(error, ClientBulkWriteException) else None
    return inner if isinstance(inner, PyMongoError) else error


def _is_duplicate(error: PyMongoError) -> bool:
    return isinstance(error, DuplicateKeyError) or (isinstance(error, BULK) and _code(error) == DUPLICATE_KEY)


def _code(error: OperationFailure) -> int | None:
    """Of a bulk write, that of the first document refused."""
    refused = (error.details or {}).get("writeErrors") or [{}]
    return refused[0].get("code") if isinstance(error, BULK) else error.code
