"""What one act writes: rows, and the history of each, sent together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from django.db import transaction
from django.db.models import Model
from django.utils import timezone
from simple_history.utils import get_change_reason_from_object

CREATED, CHANGED, REMOVED = "+", "~", "-"  # simple-history's words


@dataclass
class Writes:
    """Rows that were made, changed or removed, in the order in which they are to be stored. `by` is who did it, for the history.

    On SQL databases one statement a model and kind; on MongoDB one command in all (see attendance.db.mongodb.together). Signals of
    single rows are not sent.
    """

    by: Model | None
    new: list[Model] = field(default_factory=list)
    changed: list[tuple[Model, tuple[str, ...]]] = field(default_factory=list)
    gone: list[Model] = field(default_factory=list)

    def create(self, rows: Sequence[Any]) -> None:
        """Rows whose keys are known."""
        self.new += [*rows, *self._history(rows, CREATED)]

    def update(self, rows: Sequence[Any], fields: Iterable[str]) -> None:
        """Rows as they are now to be, of which the named fields have changed."""
        names = tuple(fields)
        self.changed += [(row, names) for row in rows]
        self.new += self._history(rows, CHANGED)

    def remove(self, rows: Sequence[Any]) -> None:
        """Rows that nothing else refers to."""
        self.gone += rows
        self.new += self._history(rows, REMOVED)

    def send(self) -> None:
        """Call it inside `atomic()`. Raises IntegrityError where a unique index refuses a row."""
        connection = transaction.get_connection()
        together = getattr(connection, "write_together", None)
        if together:
            together(self.new, self.changed, self.gone)
            return
        for model, rows in groupby(self.gone, _model):
            model._default_manager.filter(pk__in=[row.pk for row in rows])._raw_delete(connection.alias)
        for model, rows in groupby(self.new, _model):
            model._default_manager.bulk_create(list(rows))
        for (model, names), changes in groupby(self.changed, lambda change: (_model(change[0]), change[1])):
            model._default_manager.bulk_update([row for row, _names in changes], names)

    def _history(self, rows: Sequence[Any], kind: str) -> list[Model]:
        """As simple-history's own bulk_history_create makes them, which stores them at once."""
        now = timezone.now()
        return [
            (kept := type(row).history.model)(
                history_date=getattr(row, "_history_date", now),
                history_user=getattr(row, "_history_user", self.by),
                history_change_reason=get_change_reason_from_object(row),
                history_type=kind,
                **{tracked.attname: getattr(row, tracked.attname) for tracked in kept.tracked_fields},
            )
            for row in rows
        ]


def _model(row: Model) -> type[Model]:
    return type(row)
