from __future__ import annotations

from collections import defaultdict
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
from attendance.timezones import local_date


class GroupQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: User) -> GroupQuerySet:
        """All for an administrator, those they teach for a teacher, those they are in today for everyone else."""
        if user.role == Role.ADMIN:
            return self
        if user.role == Role.TEACHER:
            return self.taught_by(user)
        from groups.models import Membership

        return self.filter(pk__in=Membership.objects.of(user).current().group_ids())

    def taught_by(self, teacher: User) -> GroupQuerySet:
        return self.filter(pk__in=self.model.teachers.through.objects.filter(user_id=teacher.pk).values("group_id"))

    def with_member_count(self) -> GroupQuerySet:
        """`member_count`: who is a member today."""
        return self.annotate(member_count=Count("memberships", filter=_covers_today("memberships__", "timezone")))

    def matching(self, text: str) -> GroupQuerySet:
        return self.filter(Q(name_key__contains=fold(text)) | Q(description__icontains=text))


def _covers_today(stay: str, zone: str) -> Q:
    """A condition: the stay at the path `stay` covers today, where the clocks show the time zone at the path `zone`.

    Around the world there are up to three days at one moment; a school mostly knows one.
    """
    from groups.models import Group

    zones: dict[date, list[str]] = defaultdict(list)
    for name in Group.objects.order_by().values_list("timezone", flat=True).distinct():
        zones[local_date(timezone.now(), name)].append(name)
    days = [_covers(day, stay) & (Q(**{f"{zone}__in": names}) if len(zones) > 1 else Q()) for day, names in zones.items()]
    return reduce(or_, days, Q()) if days else Q(pk__in=[])


def _covers(day: date, stay: str = "") -> Q:
    open_ended = Q(**{f"{stay}left_on__isnull": True}) | Q(**{f"{stay}left_on__gte": day})
    return open_ended & Q(**{f"{stay}joined_on__lte": day})


class OfVisibleGroups(models.QuerySet[Any]):
    """Rows that belong to a `group`."""

    def visible_to(self, user: User) -> Self:
        """Those of the groups in sight."""
        from groups.models import Group

        return self if user.role == Role.ADMIN else self.filter(group__in=Group.objects.visible_to(user).values("pk"))


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
