"""Who came, and how: each student has a temper of their own and falls ill for days on end."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from uuid import UUID

from attendings.demo.calendar import Term
from attendings.demo.storing import happened
from attendings.models import Attending
from attendings.rules import Method, Status, minutes_late
from groups.models import Membership
from meetings.models import Meeting
from meetings.rules import State

FALLS_ILL = 0.008  # a day
ILL_DAYS = (2, 7)
WALK_INS = 0.03  # of the meetings
LATE_NOTES = ("", "", "Автобус", "Проспал", "Пробки")
NOTES = {Status.EXCUSED: ("Болеет", "Болеет", "Справка от врача"), Status.LEFT_EARLY: ("К врачу", "Отпросился у учителя", "")}
AWAY_NOTE = "Семейные обстоятельства"


@dataclass(frozen=True)
class Temper:
    """Chances at any one meeting, and the days on which the student is ill."""

    skips: float
    late: float
    away: float
    ill: frozenset[date]


def temper(rng: Random, first_day: date, last_day: date) -> Temper:
    """Most rarely skip; one in fifteen does often."""
    skips = rng.uniform(0.12, 0.3) if rng.random() < 0.07 else rng.betavariate(1.2, 45)
    return Temper(skips, rng.betavariate(1.5, 35), rng.uniform(0, 0.02), frozenset(_ill_days(rng, first_day, last_day)))


def _ill_days(rng: Random, first_day: date, last_day: date) -> Iterator[date]:
    day = first_day
    while day <= last_day:
        run = rng.randint(*ILL_DAYS) if rng.random() < FALLS_ILL else 0
        yield from (day + timedelta(days=i) for i in range(run))
        day += timedelta(days=run + 1)


def status_of(rng: Random, temper: Temper, day: date) -> Status:
    if day in temper.ill:
        return Status.EXCUSED
    chance = rng.random()
    for status, share in (
        (Status.ABSENT, temper.skips),
        (Status.EXCUSED, temper.away),
        (Status.LATE, temper.late),
        (Status.LEFT_EARLY, 0.008),
    ):
        if chance < share:
            return status
        chance -= share
    return Status.PRESENT


class Attendance:
    """The students of one school, and who of them was where."""

    def __init__(self, rng: Random, term: Term, students: Sequence[UUID], stays: Iterable[Membership]) -> None:
        self.rng = rng
        self.tempers = {key: temper(rng, term.first_day, term.last_day) for key in students}
        self.stays: dict[UUID, list[Membership]] = defaultdict(list)
        for stay in stays:
            self.stays[stay.group_id].append(stay)

    def marks_at(self, meeting: Meeting) -> list[Attending]:
        """Everyone expected at a closed meeting and perhaps a walk-in; half of the class where the register is open."""
        expected = [stay.user_id for stay in self.stays[meeting.group_id] if stay.covers(meeting.local_date)]
        if meeting.state == State.OPEN:
            expected = expected[: len(expected) // 2]
        statuses = ((key, status_of(self.rng, self.tempers[key], meeting.local_date)) for key in expected)
        marks = [_mark(self.rng, meeting, key, status) for key, status in statuses]
        return [*marks, *self._walk_ins(meeting, expected)]

    def _walk_ins(self, meeting: Meeting, expected: Sequence[UUID]) -> Iterator[Attending]:
        """Somebody of the school who sits in; closing comes after that, so an open register has none yet."""
        if meeting.state == State.CLOSED and self.rng.random() < WALK_INS:
            key = self.rng.choice(list(self.tempers))
            if key not in expected and meeting.local_date not in self.tempers[key].ill:
                yield _mark(self.rng, meeting, key, Status.PRESENT, walk_in=True)


def _mark(rng: Random, meeting: Meeting, user_id: UUID, status: Status, *, walk_in: bool = False) -> Attending:
    # Some absences nobody wrote down: closing the meeting did.
    auto = status == Status.ABSENT and rng.random() < 0.5
    joined_at = meeting.starts_at + timedelta(seconds=rng.randint(90, 1500)) if status == Status.LATE else None
    left_at = meeting.ends_at - timedelta(minutes=rng.randint(5, 25)) if status == Status.LEFT_EARLY else None
    mark = Attending.at(
        meeting,
        user_id=user_id,
        status=status,
        method=Method.AUTO if auto else Method.BULK,
        joined_at=joined_at,
        left_at=left_at,
        minutes_late=minutes_late(status, joined_at, meeting.starts_at),
        note=_note(rng, status),
        walk_in=walk_in,
        marked_by_id=meeting.teacher_id,
        marked_at=closed_at(meeting) if auto else taken_at(meeting, joined_at, left_at),
    )
    happened(mark, mark.marked_at, meeting.teacher)
    return mark


def closed_at(meeting: Meeting) -> datetime:
    return meeting.ends_at + timedelta(minutes=3)


def taken_at(meeting: Meeting, joined_at: datetime | None = None, left_at: datetime | None = None) -> datetime:
    """Ten minutes into the meeting, or when somebody came or left after that."""
    return max(filter(None, (meeting.starts_at + timedelta(minutes=10), joined_at, left_at)))


def _note(rng: Random, status: Status) -> str:
    if status == Status.LATE:
        return rng.choice(LATE_NOTES)
    if status == Status.EXCUSED and rng.random() < 0.15:
        return AWAY_NOTE
    return rng.choice(NOTES.get(status, ("",)))
