from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import UUID

from django.db import models
from django.db.models import Count, Q
from django.utils import timezone

from accounts.models import User
from accounts.rules import Role, fold


class GroupQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: User) -> GroupQuerySet:
        """All for an administrator, those they teach for a teacher, those they are in today for everyone else."""
        if user.role == Role.ADMIN:
            return self
        if user.role == Role.TEACHER:
            return self.taught_by(user)
        from groups.models import Membership

        return self.filter(pk__in=Membership.objects.of(user).on(timezone.localdate()).group_ids())

    def taught_by(self, teacher: User) -> GroupQuerySet:
        return self.filter(pk__in=self.model.teachers.through.objects.filter(user_id=teacher.pk).values("group_id"))

    def with_member_count(self) -> GroupQuerySet:
        """`member_count`: who is a member today."""
        today = timezone.localdate()
        current = Q(memberships__joined_on__lte=today) & (
            Q(memberships__left_on__isnull=True) | Q(memberships__left_on__gte=today)
        )
        return self.annotate(member_count=Count("memberships", filter=current))

    def matching(self, text: str) -> GroupQuerySet:
        return self.filter(Q(name_key__contains=fold(text)) | Q(description__icontains=text))


class MembershipQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: User) -> MembershipQuerySet:
        """Those of the groups in sight."""
        from groups.models import Group

        return self if user.role == Role.ADMIN else self.filter(group__in=Group.objects.visible_to(user).values("pk"))

    def of(self, user: User) -> MembershipQuerySet:
        return self.filter(user=user)

    def on(self, day: date) -> MembershipQuerySet:
        """Those that `day` lies in, their first and last day included."""
        return self.filter(Q(left_on__isnull=True) | Q(left_on__gte=day), joined_on__lte=day)

    def in_groups(self, group_ids: Iterable[UUID]) -> MembershipQuerySet:
        return self.filter(group_id__in=group_ids)

    def group_ids(self) -> models.QuerySet[Any]:
        return self.values("group_id")

    def user_ids(self) -> models.QuerySet[Any]:
        return self.values("user_id")

    def in_name_order(self) -> MembershipQuerySet:
        return self.order_by("user__sort_name", "joined_on", "id")
