"""Pure rules about membership."""

from __future__ import annotations

from datetime import date

FAR_FUTURE = date.max


def covers(joined_on: date, left_on: date | None, day: date) -> bool:
    """Whether `day` lies in a membership; both its first and its last day do."""
    return joined_on <= day and (left_on is None or day <= left_on)


def overlap(a: tuple[date, date | None], b: tuple[date, date | None]) -> bool:
    """Whether two memberships share a day."""
    return a[0] <= (b[1] or FAR_FUTURE) and b[0] <= (a[1] or FAR_FUTURE)
