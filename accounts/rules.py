"""Pure rules about people: roles, and names as they are sorted and searched."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Role(TextChoices):
    """The names of the three auth groups that say what somebody is here for; the first that fits counts."""

    ADMIN = "admin", _("administrator")
    TEACHER = "teacher", _("teacher")
    STUDENT = "student", _("student")


class Language(TextChoices):
    EN = "en", _("English")
    RU = "ru", _("Russian")


STAFF_ROLES = frozenset({Role.ADMIN, Role.TEACHER})


def effective_role(group_names: Iterable[str], *, is_superuser: bool) -> Role | None:
    """The most powerful role among the auth groups; a superuser is an admin; None where nothing was given."""
    names = set(group_names)
    if is_superuser:
        return Role.ADMIN
    return next((role for role in Role if role.value in names), None)


def fold(text: str) -> str:
    """The form in which text is compared: composed alike, no case, ё as е, single spaces.

    Kept in a column of its own, since SQLite knows the case of Latin letters alone and sorts ё behind я.
    """
    composed = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return " ".join(composed.replace("ё", "е").split())


def sort_name(last_name: str, first_name: str, middle_name: str = "") -> str:
    return fold(f"{last_name} {first_name} {middle_name}")
