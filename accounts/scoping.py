"""Who sees whom depends on groups, which this app must not know: the groups app registers its answer here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from django.db.models import Q

if TYPE_CHECKING:
    from accounts.models import User


class PeopleScope(Protocol):
    def seen_by_teacher(self, teacher: User) -> set[UUID]:
        """The keys of those whom `teacher` teaches or taught."""

    def members_of(self, group_id: UUID, *, asked_by: User) -> Q:
        """A condition on users: the present members of a group, as far as `asked_by` sees that group."""


_registered: list[PeopleScope] = []


def register_people_scope(scope: PeopleScope) -> None:
    _registered[:] = [scope]


def people_scope() -> PeopleScope:
    return _registered[0]
