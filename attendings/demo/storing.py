"""Bulk writes, with history or without."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils import timezone
from simple_history.utils import bulk_create_with_history, bulk_update_with_history

from accounts.models import User

BATCH = 500  # rows a statement, at most


@dataclass(frozen=True)
class Store:
    """Writes rows, and with `history` what happened to them, as `happened` has it."""

    history: bool

    def create(self, model: Any, rows: Sequence[Any]) -> int:
        if self.history and rows:
            bulk_create_with_history(rows, model, batch_size=BATCH)
        else:
            model.objects.bulk_create(rows, batch_size=BATCH)
        return len(rows)

    def update(self, model: Any, rows: Sequence[Any], fields: Sequence[str], reason: str) -> None:
        if self.history and rows:
            bulk_update_with_history(rows, model, fields, batch_size=BATCH, default_change_reason=reason)
        else:
            model.objects.bulk_update(rows, fields, batch_size=BATCH)


def happened(row: Any, at: datetime, by: User | None = None) -> None:
    """When the history shall say that the row came to be or changed, and who did it."""
    row._history_date = at
    if by is not None:
        row._history_user = by


def morning(day: date) -> datetime:
    """Midnight at the site."""
    return datetime.combine(day, datetime.min.time(), tzinfo=timezone.get_default_timezone())
