"""Whether a database is empty, the demo's, or somebody's real one: all made-up people have an email at DOMAIN."""

from __future__ import annotations

from enum import Enum

from accounts.models import User
from attendings.demo.people import DOMAIN
from groups.models import Group


class Contents(Enum):
    EMPTY = "empty"
    DEMO = "demo"
    REAL = "real"


def contents() -> Contents:
    """Real as soon as one person is no made-up one, or groups stand there without anybody."""
    people, made_up = User.objects.count(), User.objects.filter(email__endswith=f"@{DOMAIN}").count()
    if people != made_up or (not people and Group.objects.exists()):
        return Contents.REAL
    return Contents.DEMO if made_up else Contents.EMPTY


def has_demo() -> bool:
    """Whether made-up people are there, alone or beside real ones."""
    return User.objects.filter(email__endswith=f"@{DOMAIN}").exists()
