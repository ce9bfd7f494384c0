"""One group's people by its meetings of a period: who attended which, and what that makes."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Self
from uuid import UUID

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from attendance.errors import InvalidError, check_years
from attendings.models import Attending
from attendings.reports import policy
from attendings.roster import by_name
from attendings.rules import Occasion, Policy, Rate, is_expected, rates
from groups.models import Group, Membership
from meetings.models import Meeting
from meetings.rules import takes_marks, was_held

MAX_DAYS, MAX_MEETINGS = 92, 62

Days = tuple[date, date | None]


@dataclass(frozen=True)
class Period:
    """From one day to another, both included."""

    start: date
    end: date

    @classmethod
    def month_of(cls, day: date) -> Self:
        return cls(day.replace(day=1), day.replace(day=monthrange(day.year, day.month)[1]))

    @classmethod
    def between(cls, start: date | None, end: date | None, *, today: date) -> Self:
        """A day left out is the beginning or end of the other one's month. Raises InvalidError for a period no grid shows."""
        first = start or cls.month_of(end or today).start
        last = end or cls.month_of(start or today).end
        check_years(start=first, end=last)
        if first > last:
            raise InvalidError(_("The first day is after the last."), code="reversed")
        if (last - first).days >= MAX_DAYS:
            raise InvalidError(_("A grid shows at most %(days)d days.") % {"days": MAX_DAYS}, code="too_long")
        return cls(first, last)

    @property
    def month_before(self) -> Period:
        return self.month_of(self.start.replace(day=1) - timedelta(days=1))

    @property
    def month_after(self) -> Period:
        return self.month_of(self.month_of(self.start).end + timedelta(days=1))


@dataclass(frozen=True, slots=True)
class Cell:
    """One person at one meeting. `version` is 0 while there is no mark; a mark of somebody not expected is a walk-in's."""

    expected: bool
    held: bool
    status: str | None = None
    version: int = 0
    editable: bool = False

    @property
    def occasion(self) -> Occasion | None:
        return Occasion(held=self.held, status=self.status) if self.expected else None


@dataclass(frozen=True)
class Row:
    user: User
    cells: Sequence[Cell]
    rate: Rate


@dataclass(frozen=True)
class Column:
    meeting: Meeting
    held: bool
    rate: Rate


@dataclass(frozen=True)
class Grid:
    """Rows in surname order, columns in that of time. Rates are `rate_to_date` of the reports, over these meetings alone."""

    period: Period
    columns: Sequence[Column]
    rows: Sequence[Row]


@dataclass(frozen=True)
class _Stored:
    """What the grid is made of, as read."""

    meetings: Sequence[Meeting]
    people: Mapping[UUID, User]
    stays: Mapping[UUID, Sequence[Days]]
    marks: Mapping[tuple[UUID, UUID], tuple[str, int]]  # by person and meeting: status and version


def grid_of(group: Group, period: Period) -> Grid:
    """Four queries at most, whatever the size of the class. Raises InvalidError for more meetings than fit."""
    stored = _read(group, period)
    now, weights = timezone.now(), policy()
    people = sorted(stored.people.values(), key=by_name)
    cells = [[_cell(stored, user.pk, meeting, now) for meeting in stored.meetings] for user in people]
    columns = [
        Column(meeting, was_held(meeting.state, meeting.starts_at, now), _rate((row[i] for row in cells), weights))
        for i, meeting in enumerate(stored.meetings)
    ]
    rows = [Row(user, row, _rate(row, weights)) for user, row in zip(people, cells, strict=True)]
    return Grid(period, columns, rows)


def _cell(stored: _Stored, user_id: UUID, meeting: Meeting, now: datetime) -> Cell:
    status, version = stored.marks.get((user_id, meeting.pk), (None, 0))
    expected = is_expected(stored.stays.get(user_id, ()), meeting.local_date, meeting.state, status)
    return Cell(
        expected=expected,
        held=was_held(meeting.state, meeting.starts_at, now),
        status=status,
        version=version,
        editable=takes_marks(meeting.state) and (expected or status is not None),
    )


def _rate(cells: Iterable[Cell], weights: Policy) -> Rate:
    return rates((occasion for cell in cells if (occasion := cell.occasion)), weights).rate_to_date


def _read(group: Group, period: Period) -> _Stored:
    meetings = _meetings(group, period)
    people: dict[UUID, User] = {}
    stays: dict[UUID, list[Days]] = {}
    for stay in _stays(group, period):
        people[stay.user_id] = stay.user
        stays.setdefault(stay.user_id, []).append((stay.joined_on, stay.left_on))
    marks = _marks(meetings)
    strangers = {user_id for user_id, _meeting in marks} - people.keys()
    return _Stored(meetings, {**people, **User.objects.in_bulk(strangers)}, stays, marks)


def _meetings(group: Group, period: Period) -> list[Meeting]:
    found = Meeting.objects.filter(group=group, local_date__gte=period.start, local_date__lte=period.end)
    meetings = list(found.order_by("starts_at", "id")[: MAX_MEETINGS + 1])
    if len(meetings) > MAX_MEETINGS:
        text = _("There are more than %(count)d meetings in these days; choose fewer days.")
        raise InvalidError(text % {"count": MAX_MEETINGS}, code="too_many")
    return meetings


def _stays(group: Group, period: Period) -> Iterable[Membership]:
    begun = Membership.objects.filter(group=group, joined_on__lte=period.end)
    return begun.filter(Q(left_on__isnull=True) | Q(left_on__gte=period.start)).order_by().select_related("user")


def _marks(meetings: Sequence[Meeting]) -> dict[tuple[UUID, UUID], tuple[str, int]]:
    rows = Attending.objects.filter(meeting__in=[meeting.pk for meeting in meetings]).order_by()
    values = rows.values_list("user_id", "meeting_id", "status", "version")
    return {(user_id, meeting_id): (status, version) for user_id, meeting_id, status, version in values}
