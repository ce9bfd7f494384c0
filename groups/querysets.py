from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import reduce
from operator import or_
from typing import Any, Self
from uuid import UUID

from django.db import models
from django.db.models import Count, Q
from django.utils import timezone

from accounts.models import User
from accounts.rules import Role, fold
from attendance.timezones import local_date, timezones_by_today
from groups.rules import covers


class GroupQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: User) -> GroupQuerySet:
        """All for an administrator, those they teach for a teacher, those they are in today for everyone else."""
        return self if user.role == Role.ADMIN else self.filter(pk__in=ids_visible_to(user))

    def with_member_count(self) -> GroupQuerySet:
        """`member_count`: who is a member today."""
        return self.annotate(member_count=Count("memberships", filter=_covers_today("memberships__", "timezone")))

    def matching(self, text: str) -> GroupQuerySet:
        return self.filter(Q(name_key__contains=fold(text)) | Q(description__icontains=text))


def ids_visible_to(user: User) -> list[UUID]:
    """Of the groups that somebody who is no administrator sees, in one query, so that each list that they narrow is one too."""
    return taught_ids(user) if user.role == Role.TEACHER else _attended_ids(user)


def taught_ids(teacher: User) -> list[UUID]:
    from groups.models import Group

    return list(Group.teachers.through.objects.filter(user_id=teacher.pk).values_list("group_id", flat=True))


def _attended_ids(user: User) -> list[UUID]:
    from groups.models import Membership

    stays = Membership.objects.of(user).order_by().values_list("group_id", "group__timezone", "joined_on", "left_on")
    now = timezone.now()
    return [pk for pk, zone, joined_on, left_on in stays if covers(joined_on, left_on, local_date(now, zone))]


def _covers_today(stay: str, zone: str) -> Q:
    """A condition: the stay at the path `stay` covers today, where the clocks show the time zone at the path `zone`."""
    days = timezones_by_today()
    widest = max(days, key=lambda day: len(days[day]))
    elsewhere = {day: sorted(names) for day, names in days.items() if day != widest}
    here = _covers(widest, stay) & ~Q(**{f"{zone}__in": [name for names in elsewhere.values() for name in names]})
    return reduce(or_, [_covers(day, stay) & Q(**{f"{zone}__in": names}) for day, names in elsewhere.items()], here)


def _covers(day: date, stay: str = "") -> Q:
    open_ended = Q(**{f"{stay}left_on__isnull": True}) | Q(**{f"{stay}left_on__gte": day})
    return open_ended & Q(**{f"{stay}joined_on__lte": day})


class OfVisibleGroups(models.QuerySet[Any]):
    """Rows that belong to a `group`."""

    def visible_to(self, user: User) -> Self:
        """Those of the groups in sight."""
        return self if user.role == Role.ADMIN else self.filter(group_id__in=ids_visible_to(user))


class MembershipQuerySet(OfVisibleGroups):
    def of(self, user: User) -> MembershipQuerySet:
        return self.filter(user=user)

    def on(self, day: date) -> MembershipQuerySet:
        """Those that `day` lies in, their first and last day included."""
        return self.filter(_covers(day))

    def current(self) -> MembershipQuerySet:
        """Those that today lies in, where their group is."""
        return self.filter(_covers_today("", "group__timezone"))

    def in_groups(self, group_ids: Iterable[UUID]) -> MembershipQuerySet:
        return self.filter(group_id__in=group_ids)

    def group_ids(self) -> models.QuerySet[Any]:
        return self.values("group_id")

    def user_ids(self) -> models.QuerySet[Any]:
        return self.values("user_id")

    def in_name_order(self) -> MembershipQuerySet:
        return self.order_by("user__sort_name", "joined_on", "id")
