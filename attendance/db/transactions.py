"""One `atomic()` for every engine; services use it and nothing else."""

from __future__ import annotations

from contextlib import AbstractContextManager

from django.db import transaction


def atomic() -> AbstractContextManager[None]:
    """All writes inside are stored, or none. On SQLite the write lock is taken at the start (see engines.py)."""
    return transaction.atomic()
