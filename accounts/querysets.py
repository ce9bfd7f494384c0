from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib.auth.models import UserManager as StockUserManager
from django.db import models
from django.db.models import Q

from accounts.rules import Role, fold
from accounts.scoping import people_scope

if TYPE_CHECKING:
    from accounts.models import User


MAX_WORDS = 20  # of a search; names have fewer, and each is a condition for the database


class UserQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: User) -> UserQuerySet:
        """Everyone for an administrator; oneself, and whom the groups app adds for a teacher, for the others."""
        if user.role == Role.ADMIN:
            return self
        if user.role == Role.TEACHER:
            return self.filter(pk__in={user.pk, *people_scope().seen_by_teacher(user)})
        return self.filter(pk=user.pk)

    def matching(self, text: str) -> UserQuerySet:
        """Every word of `text` in the name, or the whole of it in the email."""
        in_name = Q()
        for word in dict.fromkeys(fold(text).split()[:MAX_WORDS]):
            in_name &= Q(sort_name__contains=word)
        return self.filter(in_name | Q(email__contains=text.strip().lower()))

    def with_role(self, role: str) -> UserQuerySet:
        """Role as `User.role` has it: who holds a more powerful one too is not listed under the lesser."""
        if role == Role.ADMIN:
            return self.filter(Q(is_superuser=True) | Q(pk__in=self._holders(Role.ADMIN)))
        higher = [name for name in Role.values if Role.values.index(name) < Role.values.index(role)]
        return self.filter(is_superuser=False, pk__in=self._holders(role)).exclude(pk__in=self._holders(*higher))

    def _holders(self, *roles: str) -> models.QuerySet[Any]:
        return self.model.groups.through.objects.filter(group__name__in=roles).values("user_id")

    def in_group(self, group_id: UUID, *, asked_by: User) -> UserQuerySet:
        return self.filter(people_scope().members_of(group_id, asked_by=asked_by))

    def in_name_order(self) -> UserQuerySet:
        return self.order_by("sort_name", "id")


class UserManager(StockUserManager.from_queryset(UserQuerySet)):  # type: ignore[misc]
    """`createsuperuser` and the like, with the email where Django's own has a username."""

    def get_by_natural_key(self, email: str | None) -> User:
        return self.get(email=(email or "").strip().lower())

    def _make(self, email: str, password: str | None, **fields: Any) -> User:
        if not email:
            raise ValueError("A user needs an email.")
        user = self.model(email=email, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        return self._make(email, password, **fields)

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        return self._make(email, password, **{**fields, "is_superuser": True})
