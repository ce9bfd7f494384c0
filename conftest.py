"""The cast: Alla teaches the group 7A, Boris another one; Vera is in 7A, Gleb in Boris's group; Rimma runs the school."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import TransactionTestCase
from rest_framework.test import APIClient

from accounts import services as people
from accounts.models import User
from attendance.timezones import now
from groups import services as groups
from groups.models import Group
from meetings import services as meetings
from meetings.models import Meeting
from tests.mongodb_reset import resetting

PASSWORD = "correct-horse-9"


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """On MongoDB, tests are undone by what `tests.mongodb_reset` explains."""
    with pytest.MonkeyPatch.context() as patch:
        if connection.vendor == "mongodb":
            with django_db_blocker.unblock():
                patch.setattr(TransactionTestCase, "_fixture_teardown", resetting(connection))
        yield


@pytest.fixture(autouse=True)
def _no_counters_from_another_test() -> None:
    cache.clear()


@pytest.fixture(autouse=True)
def _cheap_passwords(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def make_user(name: str, role: str, **fields: Any) -> User:
    values = {
        "first_name": name,
        "last_name": f"{name}son",
        "email": f"{name.lower()}@school.example",
        "password": PASSWORD,
        **fields,
    }
    return people.create_user(acting_user=None, role=role, **values)


@pytest.fixture
def admin(db: None) -> User:
    return make_user("Rimma", "admin")


@pytest.fixture
def teacher(db: None) -> User:
    return make_user("Alla", "teacher")


@pytest.fixture
def other_teacher(db: None) -> User:
    return make_user("Boris", "teacher")


@pytest.fixture
def student(db: None) -> User:
    return make_user("Vera", "student")


@pytest.fixture
def outsider(db: None) -> User:
    return make_user("Gleb", "student")


@pytest.fixture
def group(teacher: User, student: User) -> Group:
    group = groups.create_group(acting_user=None, name="7A", teachers=[teacher])
    groups.add_members(acting_user=None, group=group, members=[groups.NewMember(student.pk, date(2026, 1, 1))])
    return group


@pytest.fixture
def other_group(other_teacher: User, outsider: User) -> Group:
    group = groups.create_group(acting_user=None, name="8B", teachers=[other_teacher])
    groups.add_members(acting_user=None, group=group, members=[groups.NewMember(outsider.pk, date(2026, 1, 1))])
    return group


def make_meeting(group: Group, starts_at: datetime | None = None, **fields: Any) -> Meeting:
    start = starts_at or now() - timedelta(hours=1)
    return meetings.create_meeting(
        acting_user=None, group=group, starts_at=start, **{"title": "Algebra", "ends_at": start + timedelta(minutes=45), **fields}
    )


@pytest.fixture
def meeting(group: Group) -> Meeting:
    return make_meeting(group)


def add_students(group: Group, count: int, joined_on: date = date(2026, 1, 1)) -> list[User]:
    """`count` more members, made in bulk."""
    from accounts.rules import sort_name

    students = [
        User(
            email=f"s{i}@school.example",
            first_name=f"Name{i}",
            last_name=f"Family{i:04}",
            sort_name=sort_name(f"Family{i:04}", f"Name{i}"),
        )
        for i in range(count)
    ]
    User.objects.bulk_create(students)
    groups.add_members(acting_user=None, group=group, members=[groups.NewMember(user.pk, joined_on) for user in students])
    return students


def client_for(user: User | None) -> APIClient:
    """A client that sends a real access token, made without the argon2 work of a log-in."""
    from accounts.tokens import SessionToken

    client = APIClient()
    if user is not None:
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {SessionToken.for_user(user).access_token}")
    return client
