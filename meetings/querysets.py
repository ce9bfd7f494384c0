from __future__ import annotations

from typing import Any

from django.db import models

from accounts.models import User
from accounts.rules import Role
from groups.models import Group


class MeetingQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: User) -> MeetingQuerySet:
        """Those of the groups in sight."""
        return self if user.role == Role.ADMIN else self.filter(group__in=Group.objects.visible_to(user).values("pk"))


class SeriesQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: User) -> SeriesQuerySet:
        """Those of the groups in sight."""
        return self if user.role == Role.ADMIN else self.filter(group__in=Group.objects.visible_to(user).values("pk"))
