"""What somebody may do: their roles say it, and nothing else does."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import Permission
from django.db.models import QuerySet

from accounts.models import User


class RoleBackend(ModelBackend):
    """Django's own, but that nobody has a permission apart from a role, and that role and permissions are read in one query."""

    def get_user_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        return set()

    def get_group_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        if not isinstance(user_obj, User) or not user_obj.is_active or obj is not None:
            return set()
        if user_obj.is_superuser:
            return {f"{label}.{codename}" for label, codename in self._all()}
        return set(user_obj.granted.permissions)

    def _all(self) -> QuerySet[Permission, tuple[str, str]]:
        return Permission.objects.order_by().values_list("content_type__app_label", "codename")
