"""Which people a teacher sees: the answer that accounts.scoping asks for."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q

from accounts.models import User
from groups.models import Group, Membership


class GroupScope:
    def seen_by_teacher(self, teacher: User) -> Q:
        """Everyone who is or was in a group they teach: reports go back further than the present members."""
        taught = Group.objects.taught_by(teacher).values("pk")
        return Q(pk__in=Membership.objects.filter(group__in=taught).user_ids())

    def members_of(self, group_id: UUID, *, asked_by: User) -> Q:
        groups = Group.objects.visible_to(asked_by).filter(pk=group_id).values("pk")
        return Q(pk__in=Membership.objects.filter(group__in=groups).current().user_ids())
