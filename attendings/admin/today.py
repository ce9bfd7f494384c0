"""The front page of the admin: the meetings of today, each one tap from its register."""

from __future__ import annotations

import zoneinfo
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.timezone import get_current_timezone_name, localdate
from django.utils.translation import gettext as _

from accounts.admin import acting
from accounts.models import User
from accounts.rules import Role
from attendings.today import BACKLOG, Line, today_for
from meetings.admin import STATE_COLOURS
from meetings.models import Meeting
from meetings.rules import State

LISTED = 100
BACKLOG_LISTED = 10

admin.site.index_template = "attendings/today.html"


@dataclass(frozen=True)
class Row:
    line: Line
    url: str
    day: str
    starts: str
    ends: str
    zone: str  # where it is not the reader's
    about: str
    state: str
    colour: str
    progress: str


@dataclass(frozen=True)
class Section:
    title: str
    overdue: bool
    rows: list[Row]


def front_page(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """What unfold calls for the front page. Who may not see meetings gets a list of what they may."""
    user = acting(request)
    may_see = user.has_perm("meetings.view_meeting") or user.has_perm("meetings.change_meeting")
    shown = _shown(user) if may_see else {}
    return {**context, "title": _("Today"), **shown}


def _shown(user: User) -> dict[str, Any]:
    today = today_for(user)
    return {
        "today": today,
        "dates": [_in_words(day) for day in today.days or [localdate()]],
        "totals": today.totals if user.role == Role.ADMIN and today.lines else None,
        "sections": _sections(today.lines, user),
        "all": len(today.lines),
        "more": max(len(today.lines) - LISTED, 0),
        "list_url": _list_of_today(today.days),
        "backlog": [_row(line, user) for line in today.backlog[:BACKLOG_LISTED]],
        "backlog_more": max(len(today.backlog) - BACKLOG_LISTED, 0),
        "backlog_url": _list_of_backlog(today.days),
        "backlog_days": BACKLOG.days,
        "upcoming": _upcoming(today.upcoming) if today.upcoming else None,
    }


def _sections(lines: Sequence[Line], user: User) -> list[Section]:
    """Who teaches has their day in time order; who runs the place what is overdue, and then group by group."""
    if user.role != Role.ADMIN:
        return [Section("", False, [_row(line, user) for line in lines[:LISTED]])] if lines else []
    return [_section(list(some), user) for _key, some in groupby(sorted(lines, key=_place)[:LISTED], key=_place)]


def _place(line: Line) -> tuple[bool, str]:
    return (False, "") if line.overdue else (True, line.meeting.group.name_key)


def _section(lines: Sequence[Line], user: User) -> Section:
    if lines[0].overdue:
        return Section(_("Overdue"), True, [_row(line, user) for line in lines])
    return Section(lines[0].meeting.group.name, False, [_row(line, user, group_known=True) for line in lines])


def _row(line: Line, user: User, *, group_known: bool = False) -> Row:
    meeting = line.meeting
    starts, ends = _local(meeting.starts_at, meeting), _local(meeting.ends_at, meeting)
    teacher = str(meeting.teacher) if meeting.teacher_id != user.pk else ""
    return Row(
        line=line,
        url=register_url(meeting),
        day=date_format(starts, "D, j N"),
        starts=f"{starts:%H:%M}",
        ends=f"{ends:%H:%M}",
        zone=meeting.group.timezone if meeting.group.timezone != get_current_timezone_name() else "",
        about=" · ".join(part for part in ("" if group_known else meeting.group.name, teacher, meeting.location) if part),
        state=meeting.get_state_display(),
        colour=STATE_COLOURS[State(meeting.state)],
        progress=_progress(line),
    )


def _progress(line: Line) -> str:
    if line.cancelled:
        return ""
    if line.meeting.state == State.CLOSED:
        return _("%(marked)d marked") % {"marked": line.marked + line.walk_ins}
    return _("%(marked)d of %(expected)d marked") % {"marked": line.marked, "expected": line.expected}


def _upcoming(meeting: Meeting) -> dict[str, str]:
    starts = _local(meeting.starts_at, meeting)
    when = {"day": _in_words(starts.date()), "time": f"{starts:%H:%M}"}
    return {"name": f"{meeting.title}, {meeting.group}", "when": _("%(day)s, at %(time)s") % when, "url": register_url(meeting)}


def register_url(meeting: Meeting) -> str:
    """Of the page on which a register is taken."""
    return reverse("admin:attendings_register", args=[meeting.pk])


def _list_of_today(days: Sequence[date]) -> str:
    return _list_url(local_date__gte=days[0], local_date__lte=days[-1]) if days else ""


def _list_of_backlog(days: Sequence[date]) -> str:
    unfinished = f"{State.SCHEDULED},{State.OPEN}"
    return _list_url(local_date__gte=days[0] - BACKLOG, local_date__lt=days[-1], state__in=unfinished) if days else ""


def _list_url(**filters: Any) -> str:
    return f"{reverse('admin:meetings_meeting_changelist')}?{urlencode(filters)}"


def _local(moment: datetime, meeting: Meeting) -> datetime:
    return moment.astimezone(zoneinfo.ZoneInfo(meeting.group.timezone))


def _in_words(day: date) -> str:
    return capfirst(date_format(day, "l, j E"))
