from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models

from accounts.models import User
from accounts.rules import Role
from groups.querysets import taught_ids

if TYPE_CHECKING:
    from meetings.models import Meeting


class AttendingQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: User) -> AttendingQuerySet:
        """All for an administrator, those of the groups they teach for a teacher, their own for everyone else."""
        if user.role == Role.ADMIN:
            return self
        if user.role == Role.TEACHER:
            return self.filter(group_id__in=taught_ids(user))
        return self.filter(user=user)

    def of_meeting(self, meeting: Meeting) -> AttendingQuerySet:
        return self.filter(meeting=meeting)
