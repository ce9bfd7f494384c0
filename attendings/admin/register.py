"""The register page of a meeting. It is a plain form; with JavaScript it saves as one goes, by PUT /meeting/{id}/roster."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from pathlib import Path
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.contrib.staticfiles import finders
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.dateparse import parse_time
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_GET, require_POST

from accounts.admin import acting
from attendance.admin import words_of
from attendance.db.transactions import retried
from attendance.errors import DomainError, InvalidError
from attendings import services
from attendings.api.serializers import RosterSerializer
from attendings.errors import StaleMarksError
from attendings.models import Attending
from attendings.roster import Roster, Row, roster_of
from attendings.rules import NEEDED, Method, Status
from attendings.services import MarkInput
from meetings.models import Meeting
from meetings.rules import MOVES, takes_marks
from meetings.services import cancel_meeting, reopen_meeting

TIMES = {"came": "joined_at", "left": "left_at"}  # the inputs of the page, and what they say of a mark
NOTHING = "none"  # the value of the button that unmarks
# One letter a status, by the tradition of each language's paper registers; the keys of both alphabets work on every page.
LETTERS = {
    Status.PRESENT: (pgettext_lazy("letter of a status", "P"), "pп"),
    Status.LATE: (pgettext_lazy("letter of a status", "L"), "lо"),
    Status.LEFT_EARLY: (pgettext_lazy("letter of a status", "E"), "eр"),
    Status.EXCUSED: (pgettext_lazy("letter of a status", "X"), "xу"),
    Status.ABSENT: (pgettext_lazy("letter of a status", "A"), "aн"),
}
WORKER_HEADERS = {"Cache-Control": "no-cache", "Service-Worker-Allowed": "/admin/"}
# What fits on a button of a phone.
SHORT = {
    Status.PRESENT: pgettext_lazy("on a small button", "present"),
    Status.LATE: pgettext_lazy("on a small button", "late"),
    Status.LEFT_EARLY: pgettext_lazy("on a small button", "left early"),
    Status.EXCUSED: pgettext_lazy("on a small button", "excused"),
    Status.ABSENT: pgettext_lazy("on a small button", "absent"),
}
MOVERS = {"close": services.close_meeting, "reopen": reopen_meeting, "cancel": cancel_meeting}


@dataclass(frozen=True)
class Choice:
    value: str
    label: str
    short: str
    letter: str
    keys: str

    @classmethod
    def all(cls) -> list[Choice]:
        return [
            cls(status, str(status.label), str(SHORT[status]), str(letter), keys) for status, (letter, keys) in LETTERS.items()
        ]


@dataclass
class Line:
    """One person's row as it is shown: what is stored, or what the visitor said of it and could not be stored."""

    row: Row
    zone: zoneinfo.ZoneInfo
    said: Mapping[str, Any] = field(default_factory=dict)
    conflict: bool = False

    @property
    def status(self) -> str:
        return str(self.said.get("status", self.row.mark.status if self.row.mark else NOTHING))

    @property
    def note(self) -> str:
        return str(self.said.get("note", self.row.mark.note if self.row.mark else ""))

    @property
    def came(self) -> str:
        return self._clock("joined_at")

    @property
    def left(self) -> str:
        return self._clock("left_at")

    def _clock(self, name: str) -> str:
        moment = self.said.get(name, getattr(self.row.mark, name, None))
        return moment.astimezone(self.zone).strftime("%H:%M") if moment else ""

    @property
    def version(self) -> int:
        return self.row.mark.version if self.row.mark else 0


def register_page(request: HttpRequest, meeting_id: UUID) -> HttpResponse:
    """GET shows it; POST stores the form and comes back to it."""
    meeting = _meeting_in_sight(request, meeting_id)
    if request.method == "POST":
        return retried(lambda: _saved(request, meeting))
    return _page(request, meeting, roster_of(meeting))


@require_POST
def move_page(request: HttpRequest, meeting_id: UUID, move: str) -> HttpResponse:
    """Closes, reopens or cancels the meeting."""
    meeting = _meeting_in_sight(request, meeting_id)
    if move not in MOVERS:
        raise Http404
    if not acting(request).has_perms(NEEDED[move]):
        raise PermissionDenied
    try:
        retried(lambda: MOVERS[move](acting_user=acting(request), meeting=meeting))
    except DomainError as error:
        for text in words_of(error):
            messages.error(request, text)
    return HttpResponseRedirect(reverse("admin:attendings_register", args=[meeting.pk]))


@require_GET
def history_page(request: HttpRequest, meeting_id: UUID, user_id: UUID) -> HttpResponse:
    """Who marked one person at this meeting, when, from what and to what; newest first."""
    meeting = _meeting_in_sight(request, meeting_id)
    records = list(
        Attending.history.filter(meeting_id=meeting.pk, user_id=user_id)
        .select_related("history_user", "user")
        .order_by("history_date", "version")[:200]
    )
    context = {
        **admin.site.each_context(request),
        "title": _("History of the mark"),
        "meeting": meeting,
        "person": records[0].user if records else None,
        "changes": [{"now": now, "before": before} for before, now in zip([None, *records], records, strict=False)][::-1],
    }
    return TemplateResponse(request, "attendings/mark_history.html", context)


@require_GET
def worker(request: HttpRequest) -> HttpResponse:
    """The service worker. It looks after all of the admin, so that it sees when somebody logs out."""
    path = finders.find("attendings/register/worker.js")
    assert isinstance(path, str)  # noqa: S101 - it is one of this app's files
    return HttpResponse(Path(path).read_bytes(), content_type="text/javascript", headers=WORKER_HEADERS)


def _meeting_in_sight(request: HttpRequest, pk: UUID) -> Meeting:
    """Raises Http404 for a meeting out of the visitor's sight, PermissionDenied for who may not see marks."""
    meeting = Meeting.objects.visible_to(acting(request)).select_related("group", "teacher").filter(pk=pk).first()
    if meeting is None:
        raise Http404
    if not acting(request).has_perms(NEEDED["roster"]):
        raise PermissionDenied
    return meeting


def _saved(request: HttpRequest, meeting: Meeting) -> HttpResponse:
    if not _may_mark(request):
        raise PermissionDenied
    roster = roster_of(meeting)
    marks: list[MarkInput] = []
    unmark: list[MarkInput] = []
    conflicts: set[UUID] = set()
    try:
        for said in _said(request, meeting, roster):
            (unmark if said.fields.get("status") == NOTHING else marks).append(said)
        if unmark and not acting(request).has_perms(NEEDED["unmark"]):
            raise PermissionDenied
        default = Status.PRESENT if "rest" in request.POST else None
        person = acting(request)
        services.mark_roster(
            acting_user=person, meeting=meeting, marks=marks, unmark=unmark, default=default, method=Method.MANUAL
        )
    except StaleMarksError as error:
        conflicts = {mark.user_id for mark in error.marks} | set(error.unmarked)
        messages.error(
            request, _("Somebody changed these marks in the meantime. Look at them and save again; nothing was stored.")
        )
    except DomainError as error:
        for text in words_of(error):
            messages.error(request, text)
    else:
        messages.success(request, _("Saved."))
        return HttpResponseRedirect(request.path)
    return _page(
        request, meeting, roster_of(meeting), said={one.user_id: one.fields for one in (*marks, *unmark)}, conflicts=conflicts
    )


def _said(request: HttpRequest, meeting: Meeting, roster: Roster) -> Iterator[MarkInput]:
    """What the form says of each row, where that differs from what it was shown with."""
    for row in roster.rows:
        said = _changes(request, meeting, row)
        if said:
            version = request.POST.get(f"version-{row.user.pk}", "")
            yield MarkInput(row.user.pk, said, version=int(version) if version.isdecimal() else 0)


def _changes(request: HttpRequest, meeting: Meeting, row: Row) -> dict[str, Any]:
    given = {name: request.POST.get(f"{name}-{row.user.pk}") for name in ("status", "note", *TIMES)}
    was = {name: request.POST.get(f"{name}-was-{row.user.pk}") for name in given}
    changed = {name: value for name, value in given.items() if value is not None and value != was[name]}
    said: dict[str, Any] = {"status": changed["status"]} if "status" in changed else {}
    if "note" in changed:
        said["note"] = _note(changed["note"])
    said |= {TIMES[name]: _moment(meeting, text) for name, text in changed.items() if name in TIMES}
    if said and "status" not in said and row.mark is None:
        said["status"] = given["status"] or NOTHING
    if said.get("status") not in {None, NOTHING, *Status.values}:
        raise InvalidError(_("Say how they attended."))
    return said


def _note(text: str) -> str:
    """Raises InvalidError for one that is too long or no text."""
    try:
        return str(forms.CharField(required=False, max_length=1000).clean(text))
    except ValidationError as error:
        raise InvalidError(" ".join(error.messages)) from error


def _moment(meeting: Meeting, text: str) -> datetime | None:
    """A time of the day of the meeting, on the clocks of its group; None for an empty one. Raises InvalidError."""
    if not text:
        return None
    try:
        at: time | None = parse_time(text)
    except ValueError:
        at = None
    if at is None:
        raise InvalidError(_("A time looks like 09:05."))
    return datetime.combine(meeting.local_date, at.replace(tzinfo=None), tzinfo=zoneinfo.ZoneInfo(meeting.group.timezone))


def _page(
    request: HttpRequest,
    meeting: Meeting,
    roster: Roster,
    said: Mapping[UUID, Mapping[str, Any]] | None = None,
    conflicts: Any = (),
) -> HttpResponse:
    zone = zoneinfo.ZoneInfo(meeting.group.timezone)
    lines = [Line(row, zone, (said or {}).get(row.user.pk, {}), row.user.pk in conflicts) for row in roster.rows]
    context = {
        **admin.site.each_context(request),
        "title": f"{meeting.title}, {meeting.group}",
        "meeting": meeting,
        "zone": zone,
        "lines": lines,
        "choices": Choice.all(),
        "nothing": NOTHING,
        "totals": roster.totals,
        "moves": _moves(request, meeting),
        "editable": takes_marks(meeting.state) and _may_mark(request),
        "data": {
            "meeting": str(meeting.pk),
            "reader": str(acting(request).pk),
            "roster": RosterSerializer(roster, context={"request": request}).data,
            "day": meeting.local_date.isoformat(),
            "offset": meeting.starts_at.astimezone(zone).isoformat()[-len("+00:00") :],
            "zone": meeting.group.timezone,
        },
    }
    return TemplateResponse(request, "attendings/register.html", context)


def _moves(request: HttpRequest, meeting: Meeting) -> list[str]:
    person = acting(request)
    return [move for move, states in MOVES.items() if meeting.state in states and person.has_perms(NEEDED[move])]


def _may_mark(request: HttpRequest) -> bool:
    return acting(request).has_perms(NEEDED["mark"])
