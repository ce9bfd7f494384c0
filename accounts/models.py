from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, PermissionsMixin
from django.contrib.auth.models import Group as AuthGroup
from django.db import models
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from accounts.querysets import UserManager
from accounts.rules import STAFF_ROLES, Language, Role, effective_role, sort_name
from attendance.db.keys import UUIDModel
from attendance.timezones import default_timezone, validate_timezone

NAMES = frozenset({"last_name", "first_name", "middle_name"})


def default_language() -> str:
    """The site's, from LANGUAGE_CODE; a function, so that no migration remembers one site's answer."""
    return Language(settings.LANGUAGE_CODE) if settings.LANGUAGE_CODE in Language.values else Language.EN


class LowercaseEmailField(models.EmailField):  # type: ignore[type-arg]  # generic in its stubs alone
    """Lower case in Python, in the database and in every look-up, so that a plain unique index is case-insensitive."""

    def to_python(self, value: Any) -> Any:
        value = super().to_python(value)
        return value.strip().lower() if isinstance(value, str) else value

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        value = self.to_python(super().pre_save(model_instance, add))
        setattr(model_instance, self.attname, value)
        return value

    def get_prep_value(self, value: Any) -> Any:
        return self.to_python(super().get_prep_value(value))


@dataclass(frozen=True)
class Granted:
    """What somebody's auth groups are called, and what they permit (`app_label.codename`)."""

    names: frozenset[str]
    permissions: frozenset[str]


class User(UUIDModel, AbstractBaseUser, PermissionsMixin):
    """A person: someone who is marked, who marks, or who runs the place. The email is the login."""

    email = LowercaseEmailField(_("email"), unique=True, max_length=254)
    first_name = models.CharField(_("first name"), max_length=150)
    last_name = models.CharField(_("last name"), max_length=150)
    middle_name = models.CharField(_("middle name"), max_length=150, blank=True, help_text=_("Or patronymic."))
    sort_name = models.CharField(max_length=460, editable=False)
    language = models.CharField(_("language"), max_length=5, choices=Language.choices, default=default_language)
    timezone = models.CharField(_("time zone"), max_length=64, default=default_timezone, validators=[validate_timezone])
    is_active = models.BooleanField(_("active"), default=True, help_text=_("May log in."))
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects = UserManager()

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        ordering = ("sort_name", "id")
        indexes = [
            models.Index(fields=("sort_name", "id"), name="user_name"),
            models.Index(fields=("is_active", "sort_name", "id"), name="user_active_name"),
            models.Index(fields=("created_at", "id"), name="user_created"),
        ]

    def __str__(self) -> str:
        return self.get_full_name() or self.email

    def save(self, *args: Any, **kwargs: Any) -> None:
        # Folding can lengthen a name; what sorts behind 460 characters is nobody's.
        self.sort_name = sort_name(self.last_name, self.first_name, self.middle_name)[:460]
        written = kwargs.get("update_fields")
        if written is not None and NAMES & set(written):
            kwargs["update_fields"] = {*written, *NAMES, "sort_name"}
        super().save(*args, **kwargs)

    def get_full_name(self) -> str:
        return " ".join(part for part in (self.last_name, self.first_name, self.middle_name) if part)

    def get_short_name(self) -> str:
        return self.first_name or self.email

    @cached_property
    def granted(self) -> Granted:
        """The names of the person's auth groups and what those permit, in one query; read once an instance."""
        rows = self.groups.through.objects.filter(user_id=self.pk).values_list(
            "group__name", "group__permissions__content_type__app_label", "group__permissions__codename"
        )
        names, permissions = set(), set()
        for name, app_label, codename in rows:
            names.add(name)
            permissions.add(f"{app_label}.{codename}")
        return Granted(frozenset(names), frozenset(permissions))

    @cached_property
    def role(self) -> Role | None:
        """The person's role, from their auth groups; read once an instance (prefetch `groups` for lists)."""
        prefetched = "groups" in getattr(self, "_prefetched_objects_cache", {})
        names = {group.name for group in self.groups.all()} if prefetched else self.granted.names
        return effective_role(names, is_superuser=self.is_superuser)

    @property
    def is_staff(self) -> bool:
        """May enter the admin: follows from the role and is never stored."""
        return self.role in STAFF_ROLES


class RoleGroup(AuthGroup):
    """The auth group behind a role, by the name that people know it under."""

    class Meta:
        proxy = True
        verbose_name = _("role")
        verbose_name_plural = _("roles")

    def __str__(self) -> str:
        return str(Role(self.name).label) if self.name in Role.values else self.name


class DefaultGrant(models.Model):
    """A permission once given to a role by default, so that an operator who takes it away is not overruled by `migrate`."""

    key = models.CharField(max_length=200, primary_key=True, help_text="role:app_label.codename")

    class Meta:
        verbose_name = _("default grant")
        verbose_name_plural = _("default grants")

    def __str__(self) -> str:
        return self.key
