"""Every write about marks, and the closing of a meeting, which writes the absences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.rules import Role
from attendance.db.transactions import atomic, hold
from attendance.db.writes import Writes
from attendance.errors import ConflictError, InvalidError, check_years
from attendance.observability.metrics import marks_stored
from attendance.timezones import local_date, now
from attendings.errors import AlreadyMarkedError, StaleMarksError
from attendings.models import Attending
from attendings.roster import Roster, roster_of, unmarked
from attendings.rules import Method, Status, minutes_late
from meetings.models import Meeting
from meetings.rules import State, takes_marks
from meetings.services import current_meeting, move_meeting, open_meeting

SAID = ("status", "note", "joined_at", "left_at")  # what a person can say of a mark; the rest follows
WRITTEN = ("status", "method", "joined_at", "left_at", "minutes_late", "note", "walk_in", "marked_by", "marked_at", "version")


@dataclass(frozen=True)
class MarkInput:
    """What somebody says of one person. `fields` holds what was said of status, note, joined_at and left_at, and no more:
    what is not in it stays as it is. `version` is that of the mark they saw, 0 where they saw none, None if they do not care."""

    user_id: UUID
    fields: Mapping[str, Any] = field(default_factory=dict)
    version: int | None = None
    walk_in: bool = False


@dataclass
class _Pen:
    """One act of marking: who, when, how, and what it has written so far."""

    acting_user: User | None
    meeting: Meeting
    method: str
    expected: frozenset[UUID] = frozenset()
    now: datetime = field(default_factory=now)
    new: list[Attending] = field(default_factory=list)
    changed: list[Attending] = field(default_factory=list)
    erased: list[Attending] = field(default_factory=list)

    def put(self, mark: Attending | None, said: MarkInput, path: str = "") -> None:
        """Takes up one mark; one that says nothing new is left alone. Raises InvalidError for times in the wrong order."""
        fresh = mark is None
        walk_in = said.walk_in and said.user_id not in self.expected
        mark = mark or Attending.at(self.meeting, user_id=said.user_id, version=0, walk_in=walk_in)
        if not fresh and all(getattr(mark, name) == value for name, value in said.fields.items()):
            return
        for name, value in said.fields.items():
            setattr(mark, name, value)
        check_years(**{f"{path}joined_at": mark.joined_at, f"{path}left_at": mark.left_at})
        if mark.joined_at and mark.left_at and mark.left_at < mark.joined_at:
            text = _("Nobody leaves before they come.")
            raise InvalidError(text, fields={f"{path}left_at": text})
        mark.minutes_late = minutes_late(mark.status, mark.joined_at, self.meeting.starts_at)
        mark.method, mark.marked_by, mark.marked_at = self.method, self.acting_user, self.now
        mark.version += 1
        (self.new if fresh else self.changed).append(mark)

    def write(self) -> None:
        """As many statements for a large class as for a small one."""
        if self.new or self.changed or self.erased:
            writes = Writes(self.acting_user)
            writes.remove(self.erased)
            writes.create(self.new)
            writes.update(self.changed, WRITTEN)
            open_meeting(meeting=self.meeting, writes=writes)
            writes.send()
            marks_stored([(mark.status, mark.method) for mark in (*self.new, *self.changed)])


def mark_roster(
    *,
    acting_user: User | None,
    meeting: Meeting,
    marks: Sequence[MarkInput],
    default: str | None = None,
    unmark: Sequence[MarkInput] = (),
    method: str = Method.BULK,
) -> Roster:
    """Stores all marks, or none; `default` is for everyone expected who is neither listed nor marked, and those in `unmark` are
    unmarked again. The roster as it then is.

    Raises ConflictError for a closed or cancelled meeting, StaleMarksError where a row's version is not the stored one,
    InvalidError for people who are listed twice or are not on the roster.
    """
    with atomic():
        meeting = current_meeting(meeting)
        _check_takes_marks(meeting)
        roster = roster_of(meeting)
        stored = {row.user.pk: row.mark for row in roster.rows}
        walk_ins = _check_people([*marks, *unmark], stored, acting_user)
        _check_versions([*marks, *unmark], stored)
        pen = _Pen(acting_user, meeting, method, expected=frozenset(stored))
        for i, said in enumerate(marks):
            pen.put(stored.get(said.user_id), said, path=f"marks/{i}/")
        if default is not None:
            listed = {said.user_id for said in (*marks, *unmark)}
            for user in unmarked(roster):
                if user.pk not in listed:
                    pen.put(None, MarkInput(user.pk, {"status": default}))
        pen.erased = [mark for said in unmark if (mark := stored[said.user_id])]
        pen.write()
        return roster.with_marks([*pen.new, *pen.changed], walk_ins).without_marks(pen.erased)


def create_mark(*, acting_user: User | None, meeting: Meeting, said: MarkInput, method: str = Method.API) -> Attending:
    """Marks one person. Raises AlreadyMarkedError where there is a mark, and what mark_roster raises."""
    with atomic():
        meeting = current_meeting(meeting)
        _check_takes_marks(meeting)
        stored = {row.user.pk: row.mark for row in roster_of(meeting).rows}
        existing = stored.get(said.user_id)
        if existing is not None:
            raise AlreadyMarkedError(existing)
        _check_people([said], stored, acting_user, path="user")
        pen = _Pen(acting_user, meeting, method, expected=frozenset(stored))
        pen.put(None, said)
        pen.write()
        return pen.new[0]


def update_mark(*, acting_user: User | None, mark: Attending, said: MarkInput, method: str = Method.API) -> Attending:
    """Changes one mark. Raises StaleMarksError where the version is not the stored one, ConflictError for a closed meeting."""
    with atomic():
        mark, meeting = _current_mark(mark)
        _check_versions([said], {mark.user_id: mark})
        pen = _Pen(acting_user, meeting, method)
        pen.put(mark, said)
        pen.write()
        return mark


def remove_mark(*, acting_user: User | None, mark: Attending) -> None:
    """The person is unmarked again; the history keeps what was. Raises ConflictError for a closed meeting."""
    with atomic():
        mark, _meeting = _current_mark(mark)
        mark._history_user = acting_user
        mark.delete()


def close_meeting(*, acting_user: User | None, meeting: Meeting) -> Meeting:
    """Freezes the roster: whoever is expected and unmarked becomes absent. Closing twice does no more than once.

    Raises ConflictError for a cancelled meeting, or one whose day has not come.
    """
    with atomic():
        meeting = current_meeting(meeting)
        if meeting.local_date > local_date(timezone.now(), meeting.group.timezone):
            raise ConflictError(_("The day of this meeting has not come."), code="not_yet_held")
        if meeting.state == State.CLOSED:
            return meeting
        expected = list(unmarked(roster_of(meeting)))
        meeting = move_meeting(acting_user=acting_user, meeting=meeting, move="close", to=State.CLOSED)
        pen = _Pen(acting_user, meeting, Method.AUTO)
        for user in expected:
            pen.put(None, MarkInput(user.pk, {"status": Status.ABSENT}))
        pen.write()
        return meeting


def follow_changed_days(*, meetings: Sequence[Meeting]) -> None:
    """After the days of meetings changed: those that their marks are counted on."""
    for meeting in meetings:
        Attending.objects.of_meeting(meeting).update(local_date=meeting.local_date)


def follow_moved_meeting(*, meeting: Meeting, from_day: date) -> None:
    """After a meeting's times changed: how late somebody was. Raises ConflictError for another day once there are marks, since
    other people may be expected on it."""
    marks = list(Attending.objects.of_meeting(meeting))
    if marks and meeting.local_date != from_day:
        raise ConflictError(_("The meeting has marks and stays on its day; cancel it and make a new one."), code="has_marks")
    for mark in marks:
        mark.minutes_late = minutes_late(mark.status, mark.joined_at, meeting.starts_at)
    Attending.objects.bulk_update(marks, ["minutes_late"])


def _current_mark(mark: Attending) -> tuple[Attending, Meeting]:
    """Mark and meeting as stored now, read inside the transaction. Raises ConflictError where marks no longer change."""
    current = Attending.objects.select_related("meeting__group").filter(pk=mark.pk).first()
    if current is None:
        raise ConflictError(_("Somebody has removed this mark in the meantime."), code="gone")
    hold(current.meeting)
    _check_takes_marks(current.meeting)
    return current, current.meeting


def _check_takes_marks(meeting: Meeting) -> None:
    if not takes_marks(meeting.state):
        detail = _("The meeting is %(state)s: its marks do not change until it is reopened.") % {
            "state": meeting.get_state_display()
        }
        raise ConflictError(detail, code=f"meeting_{meeting.state}")


def _check_people(
    marks: Sequence[MarkInput], stored: Mapping[UUID, Attending | None], acting_user: User | None, path: str = "marks/{}/user"
) -> dict[UUID, User]:
    """Everybody once, and on the roster or a walk-in who exists (for a teacher: a student). The walk-ins who were not on it."""
    strangers = {said.user_id for said in marks if said.user_id not in stored and said.walk_in}
    walk_ins = _possible_walk_ins(strangers, acting_user) if strangers else {}
    seen: set[UUID] = set()
    faults: dict[str, str] = {}
    for i, said in enumerate(marks):
        if said.user_id in seen:
            faults[path.format(i)] = _("This person is in the list twice.")
        elif said.user_id not in stored and said.user_id not in walk_ins:
            faults[path.format(i)] = _("This person is not on the roster; someone who came all the same is a walk-in.")
        seen.add(said.user_id)
    if faults:
        raise InvalidError(_("Somebody in the list cannot be marked; nothing was stored."), code="not_on_roster", fields=faults)
    return walk_ins


def _possible_walk_ins(user_ids: set[UUID], acting_user: User | None) -> dict[UUID, User]:
    people = User.objects.filter(pk__in=user_ids, is_active=True)
    if acting_user is not None and acting_user.role != Role.ADMIN:
        people = people.with_role(Role.STUDENT)
    return {user.pk: user for user in people}


def _check_versions(marks: Sequence[MarkInput], stored: Mapping[UUID, Attending | None]) -> None:
    stale = [said for said in marks if said.version is not None and said.version != _version(stored.get(said.user_id))]
    if stale:
        found = {said.user_id: stored.get(said.user_id) for said in stale}
        raise StaleMarksError([mark for mark in found.values() if mark], unmarked=[pk for pk, mark in found.items() if not mark])


def _version(mark: Attending | None) -> int:
    return mark.version if mark else 0
