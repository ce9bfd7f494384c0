"""The made-up school's people, all with one password hash, and the three whom visitors log in as."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from django.contrib.auth.models import Group as AuthGroup

from accounts.models import User
from accounts.rules import Language, Role, fold, sort_name
from attendings.demo.calendar import STUDENTS, TEACHERS
from attendings.demo.names import Name, english_name, russian_name, some_name
from groups.importing.spelling import transliterated

DOMAIN = "demo.example"
LOGINS = {Role.ADMIN: f"admin@{DOMAIN}", Role.TEACHER: f"teacher@{DOMAIN}", Role.STUDENT: f"student@{DOMAIN}"}
ADMINISTRATOR = Name("Ирина", "Виноградова", "Павловна")
ENGLISH_TEACHER = 4  # the place in the staff that the calendar gives the English club


@dataclass
class Taken:
    """Folded group names and the local parts of emails that are given away already."""

    groups: set[str]
    emails: dict[str, int] = field(default_factory=dict)

    def email(self, name: Name) -> str:
        local = f"{transliterated(name.last)}.{transliterated(name.first)}"
        self.emails[local] = count = self.emails.get(local, 0) + 1
        return f"{local}{count if count > 1 else ''}@{DOMAIN}"

    def group(self, name: str, school: int) -> str:
        wanted = f"{name} ({school + 1})" if school else name
        wanted = f"{wanted} (demo)" if fold(wanted) in self.groups else wanted
        self.groups.add(fold(wanted))
        return wanted


@dataclass(frozen=True)
class Cast:
    admins: list[User]
    teachers: list[User]
    students: list[User]

    def __len__(self) -> int:
        return len(self.admins) + len(self.teachers) + len(self.students)


def make_cast(rng: Random, taken: Taken, hashed: str, *, with_logins: bool) -> Cast:
    staff = [english_name(rng) if place == ENGLISH_TEACHER else russian_name(rng) for place in range(TEACHERS)]
    teachers = [_user(name, taken.email(name), hashed) for name in staff]
    students = [_user(name, taken.email(name), hashed) for name in (some_name(rng) for _i in range(STUDENTS))]
    if not with_logins:
        return Cast([], teachers, students)
    admin = _user(ADMINISTRATOR, LOGINS[Role.ADMIN], hashed)
    teachers[0].email, students[0].email = LOGINS[Role.TEACHER], LOGINS[Role.STUDENT]
    return Cast([admin], teachers, students)


def store_cast(cast: Cast) -> None:
    User.objects.bulk_create([*cast.admins, *cast.teachers, *cast.students])
    roles = {role.name: role.pk for role in AuthGroup.objects.filter(name__in=Role.values)}
    holders = {Role.ADMIN: cast.admins, Role.TEACHER: cast.teachers, Role.STUDENT: cast.students}
    through = User.groups.through
    through.objects.bulk_create(
        through(user_id=user.pk, group_id=roles[role.value]) for role, users in holders.items() for user in users
    )


def _user(name: Name, email: str, hashed: str) -> User:
    return User(
        email=email,
        first_name=name.first,
        last_name=name.last,
        middle_name=name.middle,
        sort_name=sort_name(name.last, name.first, name.middle),
        language=Language(name.language),
        password=hashed,
    )
