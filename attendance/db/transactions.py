"""One `atomic()` for every engine; services use it and nothing else."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TypeVar

from django.db import OperationalError, transaction
from django.db.models import Model

T = TypeVar("T")

PATIENCE = 10.0  # seconds, from the first attempt to the beginning of the last
FIRST_PAUSE, LONGEST_PAUSE = 0.005, 0.5


class UncertainCommitError(OperationalError):
    """The database fell silent while it was told to store a transaction, which may be stored and may be not."""


def atomic() -> AbstractContextManager[None]:
    """All writes inside are stored, or none.

    On SQLite the write lock is taken at the start (see engines.py). On a MongoDB replica set two transactions that write the same
    document collide, and the later one fails: whoever began the outermost one calls it through `retried`. A standalone MongoDB has
    no transactions, and what is written there stays; unique indexes still hold.
    """
    return transaction.atomic()


def hold(row: Model) -> None:
    """Until the transaction ends, nobody else changes `row` or holds it.

    For what depends on rows beside the one that is written: whether a meeting still takes marks, whether stays overlap. On SQLite
    the transaction holds the whole database already.
    """
    if take := getattr(transaction.get_connection(), "hold", None):
        take(row)


def retried(act: Callable[[], T], *, using: str | None = None) -> T:
    """`act()`, again from its start for as long as the database says that it collided with another's.

    `act` reads what it changes, since an attempt that failed leaves its objects changed. Inside a transaction it runs once: it is
    the whole that must be run again.
    """
    connection = transaction.get_connection(using)
    is_transient = getattr(connection, "is_transient", None)
    if is_transient is None or connection.in_atomic_block:
        return act()
    give_up_at, pause = time.monotonic() + PATIENCE, FIRST_PAUSE
    while True:
        try:
            return act()
        except Exception as error:
            if not is_transient(error) or time.monotonic() > give_up_at:
                raise
        time.sleep(pause * random.random())  # noqa: S311 - so that those who collided do not again
        pause = min(pause * 2, LONGEST_PAUSE)
