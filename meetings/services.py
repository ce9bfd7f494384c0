"""Every write about meetings and series. Closing needs the roster, and is in attendings.services."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import ProtectedError
from django.utils import timezone
from django.utils.translation import gettext as _
from simple_history.utils import bulk_create_with_history

from accounts.models import User
from attendance.db.transactions import atomic, hold
from attendance.db.writes import Writes
from attendance.errors import ConflictError, InvalidError, check_years, invalid
from attendance.timezones import now
from groups.models import Group
from meetings.events import days_changed, meeting_moved
from meetings.models import Meeting, Series
from meetings.rules import MOVES, State, checked_rule, ends, occurrences

TIMES = frozenset({"starts_at", "ends_at"})


def create_meeting(
    *,
    acting_user: User | None,
    group: Group,
    title: str,
    starts_at: datetime,
    ends_at: datetime,
    teacher: User | None = None,
    **fields: Any,
) -> Meeting:
    """A scheduled meeting. Without a teacher it is the acting user's, where they teach the group, or the group's only teacher's.

    Raises InvalidError for times in the wrong order or a teacher who does not teach the group.
    """
    teacher = _teacher_for(group, teacher, acting_user)
    meeting = Meeting(group=group, title=title, starts_at=starts_at, ends_at=ends_at, teacher=teacher, **fields)
    return _store(meeting, acting_user)


def update_meeting(*, acting_user: User | None, meeting: Meeting, **changes: Any) -> Meeting:
    """Raises InvalidError for what cannot change or does not fit, ConflictError for the times of a meeting that is over."""
    with atomic():
        meeting = current_meeting(meeting)
        changes = {name: value for name, value in changes.items() if getattr(meeting, name) != value}
        _check_changes(meeting, changes)
        if "teacher" in changes:
            _teacher_for(meeting.group, changes["teacher"], acting_user)
        before = meeting.local_date
        for name, value in changes.items():
            setattr(meeting, name, value)
        if changes:
            _store(meeting, acting_user)
        if TIMES & set(changes):
            meeting_moved.send(sender=Meeting, meeting=meeting, from_day=before)
        return meeting


def delete_meeting(*, acting_user: User | None, meeting: Meeting) -> None:
    """Raises ConflictError for a meeting that has marks: cancel it instead."""
    with atomic():
        meeting = current_meeting(meeting)
        meeting._history_user = acting_user
        try:
            meeting.delete()
        except ProtectedError as error:
            raise ConflictError(_("The meeting has marks; cancel it instead."), code="has_marks") from error


def move_meeting(*, acting_user: User | None, meeting: Meeting, move: str, to: State) -> Meeting:
    """`close`, `reopen` or `cancel`, recorded. Asking for the state it is in changes nothing.

    Raises ConflictError from a state that the move does not start from. Call it with the meeting read inside the transaction.
    """
    if meeting.state == to or (move == "reopen" and meeting.state in {State.OPEN, State.SCHEDULED}):
        return meeting
    if meeting.state not in MOVES[move]:
        detail = _("A meeting that is %(state)s cannot do this.") % {"state": meeting.get_state_display()}
        raise ConflictError(detail, code=f"meeting_{meeting.state}", extra={"state": meeting.state})
    meeting.state = to
    meeting.closed_at = now() if to == State.CLOSED else None
    meeting._change_reason = move
    return _store(meeting, acting_user)


def cancel_meeting(*, acting_user: User | None, meeting: Meeting) -> Meeting:
    """It did not or will not take place: its marks stay and count for nothing. Raises ConflictError for a closed meeting."""
    with atomic():
        return move_meeting(acting_user=acting_user, meeting=current_meeting(meeting), move="cancel", to=State.CANCELLED)


def reopen_meeting(*, acting_user: User | None, meeting: Meeting) -> Meeting:
    """Its marks can change again; recorded in its history."""
    with atomic():
        meeting = current_meeting(meeting)
        to = State.SCHEDULED if meeting.starts_at > timezone.now() else State.OPEN
        return move_meeting(acting_user=acting_user, meeting=meeting, move="reopen", to=to)


def open_meeting(*, meeting: Meeting, writes: Writes) -> None:
    """The first mark opens a scheduled meeting; stored with the mark."""
    if meeting.state == State.SCHEDULED:
        meeting.state = State.OPEN
        writes.update([meeting], ["state"])


def save_series(*, acting_user: User | None, series: Series) -> Series:
    """Raises InvalidError for a rule that is none, days in the wrong order or a teacher who does not teach the group."""
    if series.last_day < series.first_day:
        text = _("The last day cannot be before the first.")
        raise InvalidError(text, fields={"last_day": text})
    check_years(first_day=series.first_day, last_day=series.last_day)
    _starts(series)
    series.rule = checked_rule(series.rule)
    _teacher_for(series.group, series.teacher, acting_user)
    series.save()
    return series


def schedule_series(*, acting_user: User | None, series: Series) -> list[Meeting]:
    """Makes the meetings of a series that are not there yet; called again it makes none twice, moved ones included."""
    starts = _starts(series)  # before the lock: a rule can take its time
    with atomic():
        hold(series.group)
        there = set(Meeting.objects.filter(series=series).values_list("series_day", flat=True))
        meetings = [meeting for start in starts if (meeting := occurrence(series, start)).series_day not in there]
        return list(bulk_create_with_history(meetings, Meeting, default_user=acting_user))


def recompute_days(group: Group) -> None:
    """After a change of the group's time zone: the day of each of its meetings. Closing has frozen that of the closed ones."""
    meetings = list(Meeting.objects.filter(group=group).exclude(state=State.CLOSED))
    moved = []
    for meeting in meetings:
        meeting.group = group
        if (day := meeting.day_in_group()) != meeting.local_date:
            meeting.local_date = day
            moved.append(meeting)
    Meeting.objects.bulk_update(moved, ["local_date"], batch_size=500)
    days_changed.send(sender=Meeting, meetings=moved)


def _starts(series: Series) -> list[datetime]:
    try:
        zone = series.group.timezone
        return list(
            occurrences(series.rule, first_day=series.first_day, at=series.starts, timezone_name=zone, until=series.last_day)
        )
    except ValueError as error:
        text = _("Not a recurrence rule; one looks like FREQ=WEEKLY;BYDAY=MO,WE")
        raise InvalidError(text, fields={"rule": text}) from error


def _check_changes(meeting: Meeting, changes: dict[str, Any]) -> None:
    if "group" in changes:
        text = _("A meeting stays with its group; make a new one there.")
        raise InvalidError(text, code="read_only", fields={"group": text})
    if TIMES & set(changes) and meeting.state in {State.CLOSED, State.CANCELLED}:
        text = _("The times of a closed or cancelled meeting stay; reopen it first.")
        raise ConflictError(text, code=f"meeting_{meeting.state}")


def occurrence(series: Series, start: datetime) -> Meeting:
    """The meeting of a series that starts at `start`, not stored yet."""
    meeting = Meeting(
        group=series.group,
        series=series,
        title=series.title,
        teacher_id=series.teacher_id,
        location=series.location,
        starts_at=start,
        ends_at=ends(start, series.minutes),
    )
    meeting.local_date = meeting.series_day = meeting.day_in_group()
    return meeting


def current_meeting(meeting: Meeting) -> Meeting:
    """As it is stored now, read inside the transaction that will change it. Raises ConflictError where it is gone."""
    current = Meeting.objects.select_for_update().filter(pk=meeting.pk).first()
    if current is None:
        raise ConflictError(_("Somebody has removed this meeting in the meantime."), code="gone")
    return current


def _teacher_for(group: Group, teacher: User | None, acting_user: User | None) -> User:
    """Raises InvalidError where `teacher` does not teach the group, or none was named and none is obvious."""
    teachers = list(group.teachers.all())
    if teacher is not None:
        if teacher not in teachers:
            text = _("This person does not teach the group.")
            raise InvalidError(text, fields={"teacher": text})
        return teacher
    active = [user for user in teachers if user.is_active]
    for user in active:
        if user == acting_user or len(active) == 1:
            return user
    text = _("Say which teacher of the group.")
    raise InvalidError(text, code="required", fields={"teacher": text})


def _store(meeting: Meeting, acting_user: User | None) -> Meeting:
    check_years(starts_at=meeting.starts_at, ends_at=meeting.ends_at)
    if meeting.ends_at <= meeting.starts_at:
        text = _("It must end after it starts.")
        raise InvalidError(text, fields={"ends_at": text})
    try:
        meeting.clean_fields(exclude=["id", "local_date", "group", "teacher", "series"])
    except ValidationError as error:
        raise invalid(error) from error
    meeting._history_user = acting_user
    with atomic():
        if meeting._state.adding:
            hold(meeting.group)
        meeting.save()
    return meeting
