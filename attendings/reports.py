"""Percentages, each with what it was made of."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from accounts.models import User
from attendings.models import Attending
from attendings.rules import Occasion, Policy, Rates, rates
from groups.models import Membership
from meetings.models import Meeting
from meetings.rules import State, was_held


@dataclass(frozen=True)
class UserReport:
    """One person's rates over the groups that the reader sees, from one day to another (both included; None is open)."""

    user: User
    start: date | None
    end: date | None
    group_ids: tuple[UUID, ...]
    rates: Rates


def policy() -> Policy:
    return Policy(**settings.ATTENDANCE_POLICY)


def user_report(*, user: User, read_by: User, start: date | None = None, end: date | None = None) -> UserReport:
    """Counts the meetings held while `user` was a member of a group; a teacher's reader sees the groups they teach.

    Three queries. A closed meeting counts for those who were on its roster when it closed.
    """
    stays = _stays(user, read_by)
    meetings = _meetings(set(stays), start, end)
    statuses = dict(
        Attending.objects.filter(user=user, meeting__in=[m["id"] for m in meetings]).values_list("meeting_id", "status")
    )
    now = timezone.now()
    occasions = [
        Occasion(held=was_held(m["state"], m["starts_at"], now), status=statuses.get(m["id"]))
        for m in meetings
        if any(stay.covers(m["local_date"]) for stay in stays[m["group_id"]]) and _on_roster(m["state"], m["id"] in statuses)
    ]
    return UserReport(user, start, end, tuple(sorted(stays)), rates(occasions, policy()))


def _stays(user: User, read_by: User) -> dict[UUID, list[Membership]]:
    stays: dict[UUID, list[Membership]] = defaultdict(list)
    visible = Membership.objects.all() if read_by.pk == user.pk else Membership.objects.visible_to(read_by)
    for stay in visible.of(user):
        stays[stay.group_id].append(stay)
    return stays


def _meetings(group_ids: set[UUID], start: date | None, end: date | None) -> list[dict[str, Any]]:
    meetings = Meeting.objects.filter(group_id__in=group_ids).exclude(state=State.CANCELLED)
    if start:
        meetings = meetings.filter(local_date__gte=start)
    if end:
        meetings = meetings.filter(local_date__lte=end)
    return list(meetings.order_by().values("id", "group_id", "state", "starts_at", "local_date"))


def _on_roster(state: str, marked: bool) -> bool:
    return marked or state != State.CLOSED
