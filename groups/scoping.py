"""Which people a teacher sees: the answer that accounts.scoping asks for."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q

from accounts.models import User
from groups.models import Group, Membership


class GroupScope:
    def seen_by_teacher(self, teacher: User) -> set[UUID]:
        """Everyone who is or was in a group they teach: reports go back further than the present members."""
        taught = Group.teachers.through.objects.filter(user_id=teacher.pk, group__memberships__isnull=False)
        return set(taught.values_list("group__memberships__user_id", flat=True))

    def members_of(self, group_id: UUID, *, asked_by: User) -> Q:
        stays = Membership.objects.visible_to(asked_by).filter(group_id=group_id).current()
        return Q(pk__in=set(stays.values_list("user_id", flat=True)))
