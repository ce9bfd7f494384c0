"""The made-up school's term, its groups and their timetable. Days only: the clock of the day does not matter."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time, timedelta

WEEK = timedelta(weeks=1)
WEEKS_PAST, HOLIDAY_WEEK, WEEKS = 12, 7, 16  # the term began WEEKS_PAST weeks ago; HOLIDAY_WEEK counts from its beginning


@dataclass(frozen=True)
class Term:
    """Two halves with a week of holidays between them, each from a Monday to a Friday."""

    halves: tuple[tuple[date, date], tuple[date, date]]

    @property
    def first_day(self) -> date:
        return self.halves[0][0]

    @property
    def last_day(self) -> date:
        return self.halves[1][1]


def term_around(today: date) -> Term:
    """A term that is well under way on `today`."""
    monday = today - timedelta(days=today.weekday()) - WEEKS_PAST * WEEK
    friday = timedelta(days=4)
    before = (monday, monday + (HOLIDAY_WEEK - 1) * WEEK + friday)
    after = (monday + (HOLIDAY_WEEK + 1) * WEEK, monday + (WEEKS - 1) * WEEK + friday)
    return Term((before, after))


@dataclass(frozen=True)
class Lesson:
    """One subject of a group; `teacher` is a place in the staff. `days` are RFC 5545's."""

    title: str
    teacher: int
    days: str
    starts: time
    minutes: int = 45
    location: str = ""

    @property
    def rule(self) -> str:
        return f"FREQ=WEEKLY;BYDAY={self.days}"


@dataclass(frozen=True)
class GroupPlan:
    """`members` are new students for a class; a club draws its members from the classes."""

    name: str
    description: str
    members: int
    lessons: tuple[Lesson, ...]
    club: bool = False

    @property
    def staff(self) -> frozenset[int]:
        return frozenset(lesson.teacher for lesson in self.lessons)


def _class(name: str, hour: int, *, sciences: bool) -> GroupPlan:
    at, room = time(hour, 0), f"{100 + hour * 3}"
    if sciences:
        lessons = (Lesson("Физика", 2, "MO,WE", at, location=room), Lesson("История", 3, "TU,TH,FR", at, location=room))
    else:
        lessons = (Lesson("Алгебра", 0, "MO,WE,FR", at, location=room), Lesson("Литература", 1, "TU,TH", at, location=room))
    return GroupPlan(name, f"Класс {name}", 20, lessons)


GROUPS = (
    _class("7A", 9, sciences=False),
    _class("7B", 9, sciences=True),
    _class("8A", 10, sciences=False),
    _class("8B", 10, sciences=True),
    _class("9A", 11, sciences=False),
    _class("9B", 11, sciences=True),
    GroupPlan(
        "English club",
        "Conversation for years 7 to 9",
        14,
        (Lesson("Conversation", 4, "TU,TH", time(15, 30), 60, "Library"),),
        True,
    ),
    GroupPlan("Шахматный клуб", "", 14, (Lesson("Шахматы", 5, "WE", time(16, 0), 90, "204"),), True),
)
TEACHERS = 6
STUDENTS = sum(plan.members for plan in GROUPS if not plan.club)
