"""Who is expected at a meeting, and their marks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from accounts.models import User
from attendings.models import Attending
from attendings.rules import Status
from groups.models import Membership
from meetings.models import Meeting
from meetings.rules import State


@dataclass(frozen=True)
class Row:
    user: User
    mark: Attending | None
    expected: bool = True


@dataclass(frozen=True)
class Roster:
    """Rows in surname order: everyone expected, and walk-ins. Two queries, whatever the size of the class."""

    meeting: Meeting
    rows: tuple[Row, ...]

    @property
    def totals(self) -> dict[str, int]:
        """`expected` leaves walk-ins out; the marks of all rows are counted by status."""
        statuses = Counter(row.mark.status for row in self.rows if row.mark)
        return {
            "expected": sum(row.expected for row in self.rows),
            "marked": statuses.total(),
            **{status: statuses[status] for status in Status.values},
        }

    def with_marks(self, marks: Iterable[Attending], walk_ins: Mapping[UUID, User]) -> Roster:
        """As it is once these are stored; `walk_ins` has whoever of them was not on it."""
        rows = {row.user.pk: row for row in self.rows}
        for mark in marks:
            row = rows.get(mark.user_id)
            rows[mark.user_id] = replace(row, mark=mark) if row else Row(walk_ins[mark.user_id], mark, expected=False)
        return Roster(self.meeting, _in_name_order(rows.values()))

    def without_marks(self, marks: Iterable[Attending]) -> Roster:
        """As it is once these are removed: a walk-in without a mark is on it no more."""
        gone = {mark.user_id for mark in marks}
        rows = (replace(row, mark=None) if row.user.pk in gone else row for row in self.rows)
        return Roster(self.meeting, tuple(row for row in rows if row.mark or row.expected))

    def only(self, user_id: UUID) -> Roster:
        return Roster(self.meeting, tuple(row for row in self.rows if row.user.pk == user_id))


def roster_of(meeting: Meeting) -> Roster:
    """Members on the day of the meeting and whoever has a mark. Closing froze the roster: from then on marks alone say it."""
    marks = {mark.user_id: mark for mark in Attending.objects.of_meeting(meeting).order_by().select_related("user")}
    members = {} if meeting.state == State.CLOSED else expected_members(meeting)
    people = {**{mark.user_id: mark.user for mark in marks.values()}, **members}
    rows = (Row(user, marks.get(pk), expected=_expected(marks.get(pk), pk in members)) for pk, user in people.items())
    return Roster(meeting, _in_name_order(rows))


def expected_members(meeting: Meeting) -> dict[UUID, User]:
    """Everyone whose membership of the group holds on the day of the meeting."""
    return members_on(meeting.group_id, meeting.local_date)


def members_on(group_id: UUID, day: date) -> dict[UUID, User]:
    stays = Membership.objects.filter(group_id=group_id).on(day).order_by().select_related("user")
    return {stay.user_id: stay.user for stay in stays}


def by_name(user: User) -> tuple[str, UUID]:
    """A key to sort people by: surname first, and never by chance."""
    return user.sort_name, user.pk


def _in_name_order(rows: Iterable[Row]) -> tuple[Row, ...]:
    return tuple(sorted(rows, key=lambda row: by_name(row.user)))


def _expected(mark: Attending | None, is_member: bool) -> bool:
    return is_member or (mark is not None and not mark.walk_in)


def unmarked(roster: Roster) -> Iterable[User]:
    return (row.user for row in roster.rows if row.mark is None)
