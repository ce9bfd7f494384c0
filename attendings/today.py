"""The meetings of today, and the registers of the days before that were not taken.

A constant number of queries, whatever the number of meetings. Today is a day of each group's own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import reduce
from operator import or_
from uuid import UUID

from django.db.models import Count, Q
from django.utils import timezone

from accounts.models import User
from attendance.timezones import local_date
from attendings.models import Attending
from groups.models import Group, Membership
from groups.rules import covers
from meetings.models import Meeting
from meetings.querysets import MeetingQuerySet
from meetings.rules import State, takes_marks

BACKLOG = timedelta(days=14)
BACKLOG_READ = 500  # of the meetings that may be in the backlog, the latest
GRACE = timedelta(minutes=30)

Days = Mapping[date, set[str]]


@dataclass(frozen=True)
class Line:
    """A meeting and how far its register is. `expected` is the roster without walk-ins, `marked` who of it has a mark."""

    meeting: Meeting
    expected: int
    marked: int
    walk_ins: int
    now: datetime

    @property
    def cancelled(self) -> bool:
        return self.meeting.state == State.CANCELLED

    @property
    def taken(self) -> bool:
        return self.meeting.state == State.CLOSED or (not self.cancelled and 0 < self.expected <= self.marked)

    @property
    def begun(self) -> bool:
        return self.meeting.starts_at <= self.now

    @property
    def unmarked(self) -> int:
        return max(self.expected - self.marked, 0) if takes_marks(self.meeting.state) else 0

    @property
    def overdue(self) -> bool:
        """Began a while ago, and nobody has been marked yet."""
        untouched = not (self.marked or self.walk_ins)
        return untouched and self.unmarked > 0 and self.now - self.meeting.starts_at > GRACE


@dataclass(frozen=True)
class Totals:
    """Of the meetings that are not cancelled."""

    meetings: int
    taken: int
    not_taken: int
    to_come: int


@dataclass(frozen=True)
class Today:
    """`lines` in time order; `backlog` the latest first, of which more may be there where it is `cut`."""

    days: tuple[date, ...]
    lines: tuple[Line, ...]
    backlog: tuple[Line, ...]
    cut: bool
    upcoming: Meeting | None

    @property
    def totals(self) -> Totals:
        lines = [line for line in self.lines if not line.cancelled]
        taken = sum(line.taken for line in lines)
        not_taken = sum(line.begun and not line.taken for line in lines)
        return Totals(len(lines), taken, not_taken, len(lines) - taken - not_taken)


def today_for(user: User) -> Today:
    """Of the groups in sight. `upcoming` is looked for on an empty day alone."""
    now = timezone.now()
    days = _days(user, now)
    seen = Meeting.objects.visible_to(user).select_related("group", "teacher")
    meetings = list(seen.filter(_in(days, _on)).order_by("starts_at", "id"))
    behind = seen.filter(_in(days, _before), state__in=[State.SCHEDULED, State.OPEN])
    candidates = list(behind.order_by("-starts_at", "-id")[:BACKLOG_READ])
    lines = _lines([*meetings, *candidates], now)
    backlog = tuple(line for line in lines[len(meetings) :] if line.unmarked)
    upcoming = None if meetings else _next(seen, now)
    return Today(tuple(sorted(days)), lines[: len(meetings)], backlog, len(candidates) == BACKLOG_READ, upcoming)


def _days(user: User, now: datetime) -> Days:
    """The day that it is in the groups in sight, each with the time zones where it is."""
    days: dict[date, set[str]] = defaultdict(set)
    for zone in Group.objects.visible_to(user).order_by().values_list("timezone", flat=True).distinct():
        days[local_date(now, zone)].add(zone)
    return days


def _in(days: Days, condition: Callable[[date], Q]) -> Q:
    """Where it is one day everywhere, which is the rule, the groups need no look."""
    if len(days) == 1:
        return condition(next(iter(days)))
    parts = (condition(day) & Q(group__timezone__in=sorted(zones)) for day, zones in days.items())
    return reduce(or_, parts, Q(pk__in=[]))


def _on(day: date) -> Q:
    return Q(local_date=day)


def _before(day: date) -> Q:
    return Q(local_date__gte=day - BACKLOG, local_date__lt=day)


def _next(seen: MeetingQuerySet, now: datetime) -> Meeting | None:
    return seen.filter(starts_at__gt=now).exclude(state=State.CANCELLED).order_by("starts_at", "id").first()


def _lines(meetings: Sequence[Meeting], now: datetime) -> tuple[Line, ...]:
    members, marks = _member_counts(meetings), _mark_counts(meetings)
    return tuple(_line(meeting, members.get((meeting.group_id, meeting.local_date), 0), marks, now) for meeting in meetings)


def _line(meeting: Meeting, members: int, marks: Mapping[tuple[UUID, bool], int], now: datetime) -> Line:
    """Closing froze the roster: from then on marks alone say who was on it."""
    marked, walk_ins = marks.get((meeting.pk, False), 0), marks.get((meeting.pk, True), 0)
    expected = marked if meeting.state == State.CLOSED else members
    return Line(meeting, expected, marked, walk_ins, now)


def _mark_counts(meetings: Iterable[Meeting]) -> dict[tuple[UUID, bool], int]:
    """By meeting and whether of walk-ins."""
    marks = Attending.objects.filter(meeting_id__in=[meeting.pk for meeting in meetings]).order_by()
    rows = marks.values_list("meeting_id", "walk_in").annotate(number=Count("pk"))
    return {(meeting_id, walk_in): number for meeting_id, walk_in, number in rows}


def _member_counts(meetings: Iterable[Meeting]) -> dict[tuple[UUID, date], int]:
    """By group and day: stays of one person in one group never overlap, so that counting stays counts people."""
    wanted = {(meeting.group_id, meeting.local_date) for meeting in meetings}
    stays = Membership.objects.in_groups({group_id for group_id, _day in wanted}).order_by()
    by_group: dict[UUID, list[tuple[date, date | None, int]]] = defaultdict(list)
    for group_id, *stay in stays.values_list("group_id", "joined_on", "left_on").annotate(number=Count("pk")):
        by_group[group_id].append(tuple(stay))
    return {(group_id, day): _on_day(by_group[group_id], day) for group_id, day in wanted}


def _on_day(stays: Iterable[tuple[date, date | None, int]], day: date) -> int:
    return sum(number for joined_on, left_on, number in stays if covers(joined_on, left_on, day))
