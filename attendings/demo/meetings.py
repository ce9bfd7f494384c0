"""The term's meetings by their series, and what became of them by today."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from random import Random
from uuid import UUID

from accounts.models import User
from attendings.demo.calendar import Lesson, Term
from attendings.demo.enrolment import Planned
from attendings.demo.marks import closed_at, taken_at
from attendings.demo.storing import Store, happened, morning
from groups.models import Group
from meetings.models import Meeting, Series
from meetings.rules import State, occurrences
from meetings.services import occurrence

CANCELLED = 0.02
CANCELLED_NOTE = "Учитель болеет"
# Of every four groups, one where nobody took the last register yet and one where half of it is taken.
GROUPS_A_ROUND, UNTAKEN, HALF_TAKEN = 4, 0, 1
REASONS = {State.CLOSED: "close", State.CANCELLED: "cancel", State.OPEN: ""}


def make_series(term: Term, groups: Sequence[Planned], teachers: Sequence[User]) -> list[Series]:
    """One for each half of the term: so the holidays are in none."""
    return [
        _series(each.group, lesson, teachers[lesson.teacher], half)
        for each in groups
        for lesson in each.plan.lessons
        for half in term.halves
    ]


def make_meetings(term: Term, series: Sequence[Series]) -> list[Meeting]:
    """All scheduled, the week before the term."""
    meetings = [meeting for each in series for meeting in _occasions(each)]
    for meeting in meetings:
        happened(meeting, morning(term.first_day) - timedelta(days=5), meeting.teacher)
    return meetings


def live_through(rng: Random, meetings: Sequence[Meeting], groups: Sequence[Planned], today: date) -> None:
    """Closes what is past and cancels a few; a few registers of the last school day are waiting still."""
    for meeting in meetings:
        if rng.random() < CANCELLED:
            meeting.state, meeting.note = State.CANCELLED, CANCELLED_NOTE
            happened(meeting, min(meeting.starts_at - timedelta(hours=2), morning(today)))
        elif meeting.local_date < today:
            meeting.state, meeting.closed_at = State.CLOSED, closed_at(meeting)
            happened(meeting, closed_at(meeting))
    last = _last_closed(meetings)
    for place, each in enumerate(groups):
        _leave_waiting(last[each.group.pk], place % GROUPS_A_ROUND)


def store_moves(store: Store, meetings: Sequence[Meeting]) -> None:
    for state, reason in REASONS.items():
        moved = [meeting for meeting in meetings if meeting.state == state]
        store.update(Meeting, moved, ["state", "note", "closed_at"], reason)


def _series(group: Group, lesson: Lesson, teacher: User, half: tuple[date, date]) -> Series:
    return Series(
        group=group,
        teacher=teacher,
        title=lesson.title,
        location=lesson.location,
        rule=lesson.rule,
        first_day=half[0],
        last_day=half[1],
        starts=lesson.starts,
        minutes=lesson.minutes,
    )


def _occasions(series: Series) -> Iterator[Meeting]:
    starts = occurrences(
        series.rule, first_day=series.first_day, at=series.starts, timezone_name=series.group.timezone, until=series.last_day
    )
    return (occurrence(series, start) for start in starts)


def _last_closed(meetings: Sequence[Meeting]) -> dict[UUID, Meeting]:
    """Each group's latest."""
    closed = (meeting for meeting in meetings if meeting.state == State.CLOSED)
    return {meeting.group_id: meeting for meeting in sorted(closed, key=lambda meeting: meeting.starts_at)}


def _leave_waiting(meeting: Meeting, turn: int) -> None:
    if turn in {UNTAKEN, HALF_TAKEN}:
        meeting.state, meeting.closed_at = (State.SCHEDULED if turn == UNTAKEN else State.OPEN), None
        happened(meeting, taken_at(meeting))
