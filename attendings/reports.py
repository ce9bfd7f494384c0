"""Percentages, each with what it was made of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import FilteredRelation, Q, QuerySet
from django.utils import timezone

from accounts.models import User
from accounts.rules import Role
from attendings.rules import Occasion, Policy, Rates, is_expected, rates
from groups.querysets import ids_visible_to
from meetings.models import Meeting
from meetings.rules import State, was_held


@dataclass(frozen=True)
class UserReport:
    """One person's rates over the groups that the reader sees, from one day to another (both included; None is open)."""

    user_id: UUID
    start: date | None
    end: date | None
    group_ids: tuple[UUID, ...]
    rates: Rates


def policy() -> Policy:
    return Policy(**settings.ATTENDANCE_POLICY)


@dataclass(frozen=True)
class Stays:
    """The first and last days, by group, that somebody was a member."""

    user_id: UUID
    by_group: Mapping[UUID, Sequence[tuple[date, date | None]]]


def stays_in_sight(*, user_id: UUID, read_by: User) -> Stays:
    """Of one person in the groups that the reader sees; a teacher those they teach. One query, besides those for what that is.

    Raises User.DoesNotExist for a person whom the reader does not see.
    """
    people = User.objects.visible_to(read_by).filter(pk=user_id).order_by()
    rows = list(people.values_list("memberships__group_id", "memberships__joined_on", "memberships__left_on"))
    if not rows:
        raise User.DoesNotExist
    everything = read_by.role == Role.ADMIN or read_by.pk == user_id
    seen = None if everything else set(ids_visible_to(read_by))
    stays: dict[UUID, list[tuple[date, date | None]]] = defaultdict(list)
    for group_id, joined_on, left_on in rows:
        if group_id is not None and (seen is None or group_id in seen):
            stays[group_id].append((joined_on, left_on))
    return Stays(user_id, stays)


def user_report(stays: Stays, *, start: date | None = None, end: date | None = None) -> UserReport:
    """Counts the meetings held while somebody was a member of a group, in one query.

    A closed meeting counts for those who were on its roster when it closed.
    """
    now = timezone.now()
    occasions = [
        Occasion(held=was_held(meeting["state"], meeting["starts_at"], now), status=meeting["mark__status"])
        for meeting in _meetings(stays, start, end)
        if is_expected(stays.by_group[meeting["group_id"]], meeting["local_date"], meeting["state"], meeting["mark__status"])
    ]
    return UserReport(stays.user_id, start, end, tuple(sorted(stays.by_group)), rates(occasions, policy()))


def _meetings(stays: Stays, start: date | None, end: date | None) -> QuerySet[Meeting, dict[str, Any]]:
    """Those that can count, each with the status of the person's mark, or None."""
    meetings = Meeting.objects.filter(group_id__in=list(stays.by_group)).exclude(state=State.CANCELLED)
    if start:
        meetings = meetings.filter(local_date__gte=start)
    if end:
        meetings = meetings.filter(local_date__lte=end)
    marked = meetings.annotate(mark=FilteredRelation("attendings", condition=Q(attendings__user=stays.user_id)))
    return marked.order_by().values("group_id", "state", "starts_at", "local_date", "mark__status")
