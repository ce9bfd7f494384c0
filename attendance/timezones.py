"""Instants are kept in UTC; days are a group's own."""

from __future__ import annotations

import zoneinfo
from collections import defaultdict
from datetime import UTC, date, datetime
from functools import cache, lru_cache

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

QUARTER = 15 * 60  # seconds


def default_timezone() -> str:
    """The site's, from TIME_ZONE; a function, so that no migration remembers one site's answer."""
    return str(settings.TIME_ZONE)


@cache
def known_timezones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


def validate_timezone(name: str) -> None:
    """Raises ValidationError for a name that the IANA time zone database does not have."""
    if name not in known_timezones():
        raise ValidationError(_("No such time zone; names look like Europe/Moscow."), code="invalid_timezone")


def whole_milliseconds(moment: datetime) -> datetime:
    """As precise as every engine keeps it, so that what was answered is what is read later."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def now() -> datetime:
    """In whole milliseconds, for what is stored."""
    return whole_milliseconds(timezone.now())


def timezones_by_today() -> dict[date, frozenset[str]]:
    """The up to three days that it is around the world at this moment, each with the time zones where it is that day."""
    return _by_day(int(timezone.now().timestamp()) // QUARTER)


@lru_cache(maxsize=2)
def _by_day(quarter: int) -> dict[date, frozenset[str]]:
    """No day anywhere begins within a quarter of an hour by the clocks of UTC."""
    moment = datetime.fromtimestamp(quarter * QUARTER, tz=UTC)
    names: dict[date, set[str]] = defaultdict(set)
    for name in known_timezones():
        names[local_date(moment, name)].add(name)
    return {day: frozenset(zones) for day, zones in names.items()}


def local_date(moment: datetime, timezone_name: str) -> date:
    """The calendar day of an aware `moment` where the clocks show `timezone_name`."""
    return moment.astimezone(zoneinfo.ZoneInfo(timezone_name)).date()
