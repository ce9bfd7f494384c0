"""A small school for the differential test, full of what queries get wrong: NULLs, equal values, edges, and text that means something
else in a regular expression, in a LIKE or in an aggregation.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any
from uuid import UUID

from django.contrib.auth.models import Group as Role
from django.db import models, transaction

from accounts.models import User
from accounts.rules import fold
from attendings.models import Attending
from attendings.rules import Method, Status
from groups.models import Group, Membership
from meetings.models import Meeting, Series
from meetings.rules import State

School = dict[type[models.Model], list[Any]]

TEXTS = (
    *("a.b", "A.B", "axb", "a\\.b", ".*", "(a)", "[ab]", "{1}", "x^2", "a|b", "a+b", "a?", "50%", "50_", "500", "-1"),
    *("$name", "$", "$$", "a.$", "#", "~a", "'a\"", "null", "Ann", "ann", "ANN", "Ann Lee", " ann ", "two\nlines", "a\tb"),
    *("Жук", "жук", "ЖУК", "Жук.", "(жук)", "ёж", "Ёж", "еж", "жук 7", "жук\nёж", "naïve", "学生", "🙂", "🙂🙂"),
)
MOMENTS = (
    *(
        datetime(2025, 12, 31, 23, 59, 59, 999_000, UTC),
        datetime(2026, 1, 1, tzinfo=UTC),
        datetime(2026, 1, 1, 0, 0, 0, 1000, UTC),
    ),
    *(datetime(2026, 3, 29, hour, 59, 59, 999_000, UTC) for hour in (0, 1, 2)),
    *(datetime(2026, 9, 1, 9, tzinfo=UTC) + timedelta(hours=hours) for hours in (0, 1, 24, 48, 168)),
    *(datetime(1969, 12, 31, 23, 59, 59, 999_000, UTC), datetime(2100, 2, 28, 12, tzinfo=UTC)),
)
DAYS = (date(2024, 2, 29), *(date(2025, 9, 1) + timedelta(days=days) for days in (0, 1, 2, 30, 121, 122, 365)))
TIMES = (time(0), time(9), time(9, 0, 0, 1000), time(23, 59, 59, 999_000))
ZONES = ("UTC", "Europe/Moscow", "Asia/Vladivostok")


class Maker:
    """Draws one row after another; two makers of one seed draw the same."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.choice = random.choice

    def key(self) -> UUID:
        return UUID(int=self.random.getrandbits(128), version=4)

    def text(self, *, blank: bool = True) -> str:
        return "" if blank and self.random.random() < 0.2 else self.choice(TEXTS)

    def maybe(self, value: Any) -> Any:
        return value if self.random.random() < 0.5 else None

    def pairs(self, ones: list[Any], others: list[Any], count: int) -> list[tuple[Any, Any]]:
        return self.random.sample([(one, other) for one in ones for other in others], count)

    def user(self, number: int) -> User:
        first, last = self.text(blank=False), self.text(blank=False)
        return User(
            id=self.key(),
            email=f"{self.choice(('ann', 'a.b', 'axb', 'a+b', 'жук'))}{number % 10}@{self.choice(('school', 's.hool'))}{number}.example",
            first_name=first,
            last_name=last,
            middle_name=self.text(),
            sort_name=fold(f"{last} {first}"),
            language=self.choice(("en", "ru")),
            is_active=self.random.random() < 0.7,
            is_superuser=self.random.random() < 0.1,
            last_login=self.maybe(self.choice(MOMENTS)),
            created_at=self.choice(MOMENTS),
        )

    def group(self, name: str) -> Group:
        return Group(
            id=self.key(),
            name=name,
            name_key=fold(name),
            description=self.text(),
            timezone=self.choice(ZONES),
            created_at=self.choice(MOMENTS),
        )

    def membership(self, group: Group, user: User) -> Membership:
        joined, left = sorted(self.random.choices(DAYS, k=2))
        return Membership(id=self.key(), group=group, user=user, joined_on=joined, left_on=self.maybe(left))

    def series(self, group: Group, teacher: User) -> Series:
        first, last = sorted(self.random.choices(DAYS, k=2))
        return Series(
            id=self.key(),
            group=group,
            teacher=teacher,
            title=self.text(),
            location=self.text(),
            rule=self.choice(("", "end\n", self.text())),
            first_day=first,
            last_day=last,
            starts=self.choice(TIMES),
            minutes=self.choice((1, 45, 45, 90)),
        )

    def meeting(self, group: Group, teacher: User, series: Series | None, number: int) -> Meeting:
        starts = self.choice(MOMENTS)
        return Meeting(
            id=self.key(),
            group=group,
            teacher=teacher,
            series=series,
            series_day=self.maybe(date(2026, 1, 1) + timedelta(days=number)),  # unique within its series
            title=self.text(),
            starts_at=starts,
            ends_at=starts + timedelta(milliseconds=self.choice((1, 1000, 2_700_000, 86_400_000))),
            local_date=starts.date(),
            location=self.text(),
            state=self.choice(State.values),
            note=self.text(),
            closed_at=self.maybe(self.choice(MOMENTS)),
            created_at=self.choice(MOMENTS),
        )

    def attending(self, meeting: Meeting, user: User, marked_by: User | None) -> Attending:
        return Attending(
            id=self.key(),
            meeting=meeting,
            group_id=meeting.group_id,
            local_date=meeting.local_date,
            user=user,
            status=self.choice(Status.values),
            method=self.choice(Method.values),
            joined_at=self.maybe(self.choice(MOMENTS)),
            left_at=self.maybe(self.choice(MOMENTS)),
            minutes_late=self.maybe(self.choice((0, 1, 5, 5, 2_000_000_000))),
            note=self.text(),
            walk_in=self.random.random() < 0.3,
            marked_by=marked_by,
            marked_at=self.choice(MOMENTS),
            version=self.choice((1, 1, 2, 10)),
        )


def made(random: Random) -> School:
    """Every row, tables in the order in which foreign keys allow them."""
    make = Maker(random)
    roles = [Role(id=number, name=name) for number, name in enumerate(("admin", "teacher", "student", "a.b"), start=1)]
    users = [make.user(number) for number in range(14)]
    names = {fold(text): text for text in random.sample(TEXTS, 8)}
    groups = [make.group(name) for name in names.values()]
    teaching, holding = Group.teachers.through, User.groups.through
    series = [make.series(random.choice(groups), random.choice(users)) for _number in range(6)]
    meetings = [
        make.meeting(random.choice(groups), random.choice(users), make.maybe(random.choice(series)), number)
        for number in range(18)
    ]
    return {
        Role: roles,
        User: users,
        Group: groups,
        holding: [holding(id=i, user=user, group=role) for i, (user, role) in enumerate(make.pairs(users, roles, 16), start=1)],
        teaching: [
            teaching(id=i, group=group, user=user) for i, (group, user) in enumerate(make.pairs(groups, users[:6], 10), start=1)
        ],
        Membership: [make.membership(group, user) for group, user in make.pairs(groups, users, 24)],
        Series: series,
        Meeting: meetings,
        Attending: [
            make.attending(meeting, user, make.maybe(random.choice(users))) for meeting, user in make.pairs(meetings, users, 36)
        ],
    }


def store(school: School, alias: str) -> None:
    """As it is: times of creation are not set anew, and what was in these tables is gone."""
    with transaction.atomic(using=alias):
        for model, rows in school.items():
            manager: Any = model._base_manager.using(alias)
            manager.all()._raw_delete(using=alias)
            manager._insert(rows, fields=model._meta.local_concrete_fields, using=alias, raw=True)
