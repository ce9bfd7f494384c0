"""Marks in files. A row names its meeting by the id, or by the group and when it starts, and the person by the email."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_naive
from django.utils.translation import gettext as _
from tablib import Dataset

from accounts.exchange import people_in, person_in
from accounts.models import User
from accounts.rules import fold
from attendance.errors import FIRST_YEAR, LAST_YEAR
from attendance.exchange import Choice, Line, Moment, ServiceResource, Text, about, cells_of, column, fault, key
from attendings import services
from attendings.models import Attending
from attendings.rules import Method, Status
from groups.exchange import group_in, groups_in
from groups.models import Group
from meetings.models import Meeting

SAID = ("status", "note")
AS_MARKED = ("joined_at", "left_at", "method", "marked_by", "marked_at")


class MarkResource(ServiceResource):
    meeting = key("meeting", "meeting_id")
    group = key("group", "meeting__group__name")
    starts_at = key("starts_at", "meeting__starts_at", Moment())
    email = key("email", "user__email")
    person = key("person", "user")
    status = column("status", widget=Choice(Status))
    note = column("note", widget=Text(longest=1000))
    joined_at = key("joined_at", widget=Moment())
    left_at = key("left_at", widget=Moment())
    method = key("method")
    marked_by = key("marked_by", "marked_by__email")
    marked_at = key("marked_at", widget=Moment())
    required = ("email", "status")
    export_only = frozenset({"person", *AS_MARKED})

    class Meta:
        model = Attending
        fields = ("meeting", "group", "starts_at", "email", "person", *SAID, *AS_MARKED)

    def filter_export(self, queryset: QuerySet[Attending], **kwargs: Any) -> QuerySet[Attending]:
        return queryset.select_related("user", "meeting__group", "marked_by")

    def before_import(self, dataset: Dataset, **kwargs: Any) -> None:
        self.people = people_in(dataset, User.objects.visible_to(self.acting_user))
        self.groups = groups_in(dataset, Group.objects.visible_to(self.acting_user))
        self.meetings = self._by_id(dataset)
        self.by_start = self._by_start(dataset)
        self.marks = self._marks(
            {meeting.pk: meeting for meeting in (*self.meetings.values(), *self.by_start.values()) if meeting}
        )

    def get_or_init_instance(self, instance_loader: Any, row: dict[str, Any]) -> tuple[Attending, bool]:
        meeting, user = self._meeting_in(row), person_in(row, self.people)
        if not Text.text(row["status"]):
            raise fault("status", _("Say how they attended."))
        if mark := self.marks.get((meeting.pk, user.pk)):
            mark.user = user
            return mark, False
        return Attending.at(meeting, user=user, version=0), True

    def parts(self, lines: Sequence[Line]) -> list[list[Line]]:
        return [list(part) for _meeting, part in groupby(sorted(lines, key=_meeting_of), _meeting_of)]

    def store(self, lines: Sequence[Line]) -> None:
        marks = [services.MarkInput(line.instance.user_id, _said(line)) for line in lines]
        meeting = lines[0].instance.meeting
        with about(lines):
            roster = services.mark_roster(acting_user=self.acting_user, meeting=meeting, marks=marks, method=Method.IMPORT)
        keys = {row.user.pk: row.mark.pk for row in roster.rows if row.mark}
        for line in lines:
            line.instance.pk = keys[line.instance.user_id]

    def _by_id(self, dataset: Dataset) -> dict[UUID, Meeting]:
        ids = {key for cell in cells_of(dataset, "meeting") if (key := _uuid(cell))}
        return {meeting.pk: meeting for meeting in self._seen().filter(pk__in=ids)} if ids else {}

    def _by_start(self, dataset: Dataset) -> dict[tuple[UUID, datetime], Meeting | None]:
        """None where two meetings of a group start at once."""
        starts = {start for row in dataset.dict if (start := self._start(row))}
        found: dict[tuple[UUID, datetime], Meeting | None] = {}
        if starts:
            groups = [group.pk for group in self.groups.values()]
            for meeting in self._seen().filter(group_id__in=groups, starts_at__in={start for _group, start in starts}):
                place = (meeting.group_id, meeting.starts_at)
                found[place] = None if place in found else meeting
        return found

    def _marks(self, meetings: dict[UUID, Meeting]) -> dict[tuple[UUID, UUID], Attending]:
        marks = {}
        for mark in Attending.objects.filter(meeting_id__in=meetings).order_by():
            mark.meeting = meetings[mark.meeting_id]
            marks[mark.meeting_id, mark.user_id] = mark
        return marks

    def _seen(self) -> QuerySet[Meeting]:
        return Meeting.objects.visible_to(self.acting_user).select_related("group").order_by()

    def _start(self, row: dict[str, Any]) -> tuple[UUID, datetime] | None:
        """Where and when; a time that does not say its zone is one where the group is."""
        group = self.groups.get(fold(Text.text(row.get("group"))))
        said = row.get("starts_at")
        start = said if isinstance(said, datetime) else _moment(Text.text(said))
        if group is None or start is None or not FIRST_YEAR <= start.year <= LAST_YEAR:
            return None
        return group.pk, start.replace(tzinfo=ZoneInfo(group.timezone)) if is_naive(start) else start

    def _meeting_in(self, row: dict[str, Any]) -> Meeting:
        if said := Text.text(row.get("meeting")):
            meeting_id = _uuid(said)
            return _found(self.meetings.get(meeting_id) if meeting_id else None, "meeting")
        group_in(row, self.groups)
        place = self._start(row)
        if place is None:
            raise fault("starts_at", _("Write the time as 2026-09-01T09:00."))
        if place in self.by_start and self.by_start[place] is None:
            raise fault("starts_at", _("Several meetings of the group start then; give the meeting's id."))
        return _found(self.by_start.get(place), "starts_at")


def _found(meeting: Meeting | None, name: str) -> Meeting:
    if meeting is None:
        raise fault(name, _("There is no such meeting."))
    return meeting


def _said(line: Line) -> dict[str, Any]:
    return {name: getattr(line.instance, name) for name in SAID if name in line.row}


def _meeting_of(line: Line) -> UUID:
    meeting_id: UUID = line.instance.meeting_id
    return meeting_id


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _moment(text: str) -> datetime | None:
    try:
        return parse_datetime(text)
    except ValueError:
        return None
