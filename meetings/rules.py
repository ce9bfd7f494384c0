"""Pure rules about meetings: their states, and the occurrences of a series."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import cast

from dateutil.rrule import rrule, rrulestr
from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

MAX_OCCURRENCES = 1000

_WEEKDAY, _DAY_OF_MONTH = r"(MO|TU|WE|TH|FR|SA|SU)", r"-?([1-9]|[12]\d|3[01])"
# What a rule may be made of (RFC 5545, section 3.3.10), less what the series says itself: its
# time of day, its last day.
RULE_PARTS = {
    "FREQ": re.compile(r"DAILY|WEEKLY|MONTHLY|YEARLY"),
    "INTERVAL": re.compile(r"[1-9]\d{0,2}"),
    "COUNT": re.compile(r"[1-9]\d{0,3}"),
    "WKST": re.compile(_WEEKDAY),
    "BYDAY": re.compile(rf"([+-]?[1-5])?{_WEEKDAY}(,([+-]?[1-5])?{_WEEKDAY}){{0,6}}"),
    "BYMONTH": re.compile(r"([1-9]|1[0-2])(,([1-9]|1[0-2])){0,11}"),
    "BYMONTHDAY": re.compile(rf"{_DAY_OF_MONTH}(,{_DAY_OF_MONTH}){{0,30}}"),
    "BYSETPOS": re.compile(r"-?[1-5]"),
}


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


def occurrences(text: str, *, first_day: date, at: time, timezone_name: str, until: date) -> Iterator[datetime]:
    """The starts, in UTC, of an RFC 5545 recurrence rule from `first_day` to `until`, both included.

    The rule is expanded on the wall clock of the time zone, so that nine o'clock stays nine o'clock when daylight saving begins
    or ends; a time that a spring change skips moves on by the change. At most MAX_OCCURRENCES. Raises ValueError for a bad rule.
    """
    zone = zoneinfo.ZoneInfo(timezone_name)
    last = datetime.combine(until, at)
    try:
        stated = rrulestr(checked_rule(text), dtstart=datetime.combine(first_day, at))
        # The rule itself is told where to end: one that never comes true would otherwise be tried until the year 9999.
        bounded = cast(rrule, stated).replace(count=None, until=last)
        for wall_clock in islice(bounded, min(_count(text), MAX_OCCURRENCES)):
            yield wall_clock.replace(tzinfo=zone).astimezone(UTC)
    except (IndexError, OverflowError) as error:
        raise ValueError("Not a recurrence rule.") from error


def _count(text: str) -> int:
    found = re.search(r"COUNT=(\d+)", text.upper())
    return int(found[1]) if found else MAX_OCCURRENCES


def checked_rule(rule: str) -> str:
    """The rule without its `RRULE:` prefix. Raises ValueError for what is no rule, never comes true, or repeats within a day."""
    bare = rule.strip().upper().removeprefix("RRULE:")
    parts = [part.partition("=") for part in bare.split(";") if part]
    values = {name: value for name, _equals, value in parts}
    known = all(name in RULE_PARTS and RULE_PARTS[name].fullmatch(value) for name, value in values.items())
    if not known or len(values) != len(parts) or "FREQ" not in values:
        raise ValueError("Not a recurrence rule of the parts that a series takes.")
    return bare


def ends(starts_at: datetime, minutes: int) -> datetime:
    return starts_at + timedelta(minutes=minutes)
