"""What the service counts of its own trade. Labels are few and bounded, and never name a person."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterable

from django.db import transaction
from prometheus_client import Counter

MARKS = Counter("attendance_marks_stored_total", "Marks stored or changed", ["status", "method"])


def marks_stored(marks: Iterable[tuple[str, str]]) -> None:
    """Counts marks by status and method, once the transaction they were written in has committed."""
    tally = Tally(marks)

    def count() -> None:
        for (status, method), number in tally.items():
            MARKS.labels(status, method).inc(number)

    transaction.on_commit(count)
