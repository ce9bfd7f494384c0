"""Pure rules about meetings: their states, and the occurrences of a series."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from dateutil.rrule import rruleset, rrulestr
from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

MAX_OCCURRENCES = 1000


class State(TextChoices):
    SCHEDULED = "scheduled", _("scheduled")
    OPEN = "open", _("open")
    CLOSED = "closed", _("closed")
    CANCELLED = "cancelled", _("cancelled")


# What a person may ask for. A mark opens a scheduled meeting by itself.
MOVES: dict[str, frozenset[State]] = {
    "close": frozenset({State.SCHEDULED, State.OPEN}),
    "reopen": frozenset({State.CLOSED, State.CANCELLED}),
    "cancel": frozenset({State.SCHEDULED, State.OPEN}),
}


def takes_marks(state: str) -> bool:
    return state in {State.SCHEDULED, State.OPEN}


def was_held(state: str, starts_at: datetime, now: datetime) -> bool:
    """A meeting counts as held once it has begun, or was closed, unless it was cancelled."""
    return state == State.CLOSED or (state != State.CANCELLED and starts_at <= now)


def occurrences(rule: str, *, first_day: date, at: time, timezone_name: str, until: date) -> Iterator[datetime]:
    """The starts, in UTC, of an RFC 5545 recurrence rule from `first_day` to `until`, both included.

    The rule is expanded on the wall clock of the time zone, so that nine o'clock stays nine o'clock when daylight saving begins
    or ends; a time that a spring change skips moves on by the change. At most MAX_OCCURRENCES. Raises ValueError for a bad rule.
    """
    zone = zoneinfo.ZoneInfo(timezone_name)
    rules = rrulestr(rule, dtstart=datetime.combine(first_day, at), forceset=True)
    if not isinstance(rules, rruleset):
        raise ValueError("Not a recurrence rule.")
    for count, wall_clock in enumerate(rules):
        if wall_clock.date() > until or count >= MAX_OCCURRENCES:
            return
        yield wall_clock.replace(tzinfo=zone).astimezone(UTC)


def checked_rule(rule: str) -> str:
    """The rule without its `RRULE:` prefix. Raises ValueError for what is no rule, or repeats more often than daily."""
    bare = rule.strip().upper().removeprefix("RRULE:")
    parts = dict(part.split("=", 1) for part in bare.split(";") if "=" in part)
    if parts.get("FREQ") not in {"DAILY", "WEEKLY", "MONTHLY", "YEARLY"} or {"BYHOUR", "BYMINUTE", "BYSECOND"} & set(parts):
        raise ValueError("FREQ must be DAILY, WEEKLY, MONTHLY or YEARLY, and the time is the series' own.")
    rrulestr(bare, dtstart=datetime(2026, 1, 1))  # noqa: DTZ001 - a wall clock, as in occurrences()
    return bare


def ends(starts_at: datetime, minutes: int) -> datetime:
    return starts_at + timedelta(minutes=minutes)
