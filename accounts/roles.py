"""The three roles as auth groups. Each app says in its AppConfig what a role may do with its models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.apps import AppConfig
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group as AuthGroup
from django.contrib.auth.models import Permission
from django.db import DEFAULT_DB_ALIAS

from accounts.models import DefaultGrant
from accounts.rules import Role

RolePermissions = Mapping[str, Sequence[str]]


def every(model: str) -> tuple[str, ...]:
    """The four codenames of a model."""
    return tuple(f"{verb}_{model}" for verb in ("view", "add", "change", "delete"))


def grant_defaults(sender: AppConfig, using: str = DEFAULT_DB_ALIAS, **kwargs: Any) -> None:
    """After `migrate`: creates the roles and gives each what its app lists, once for ever (see DefaultGrant)."""
    wanted: RolePermissions = sender.role_permissions  # type: ignore[attr-defined]
    create_permissions(sender, verbosity=0, using=using)
    roles = {role: AuthGroup.objects.using(using).get_or_create(name=role)[0] for role in Role.values}
    granted = set(DefaultGrant.objects.using(using).values_list("key", flat=True))
    known = {p.codename: p for p in Permission.objects.using(using).filter(content_type__app_label=sender.label)}
    for role, codenames in wanted.items():
        for codename in codenames:
            key = f"{role}:{sender.label}.{codename}"
            if key not in granted:
                roles[role].permissions.add(known[codename])
                DefaultGrant.objects.using(using).create(key=key)
