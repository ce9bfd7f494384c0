"""Emails as people paste them, and what would come of adding each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.rules import Role
from groups.models import Group, Membership
from groups.rules import overlap
from groups.services import today_in


@dataclass(frozen=True)
class Entry:
    """One email, or a text where one should stand, and the line it is in."""

    line: int
    email: str


@dataclass(frozen=True)
class Judged:
    """An entry; one with a `user_id` is to be added, a fault forbids adding anybody, and all others are left as they are."""

    entry: Entry
    words: str
    user_id: UUID | None = None
    is_fault: bool = False


def entries_in(text: str) -> list[Entry]:
    return [Entry(number, email) for number, line in enumerate(text.splitlines(), start=1) for email in _emails_in(line)]


def _emails_in(line: str) -> Iterator[str]:
    """Names around an email are passed over, as in `Ivan Petrov <ivan@x>`, also in `Petrov, Ivan <ivan@x>`."""
    waiting: list[str] = []
    for piece in re.split("[,;]", line):
        emails = [word.strip("()[]'\".:") for word in re.split(r"[\s<>]+", piece) if "@" in word]
        if not emails:
            waiting += [piece.strip()] if piece.strip() else []
            continue
        yield from waiting[:-1] if "<" in piece else waiting
        yield from (email.lower() for email in emails)
        waiting = []
    yield from waiting


@dataclass(frozen=True)
class Paste:
    """Who adds whom to what from which day. Four queries, however many are named."""

    group: Group
    acting_user: User
    joined_on: date | None

    def judge(self, entries: Sequence[Entry]) -> list[Judged]:
        emails = {entry.email for entry in entries}
        people = {user.email: user for user in User.objects.filter(email__in=emails).prefetch_related("groups")}
        ids = [user.pk for user in people.values()]
        seen = set(User.objects.visible_to(self.acting_user).filter(pk__in=ids).values_list("pk", flat=True))
        stays = self._stays(ids)
        named: set[str] = set()
        judged = []
        for entry in entries:
            judged.append(self._judge(entry, people.get(entry.email), seen, stays, is_repeat=entry.email in named))
            named.add(entry.email)
        return judged

    def _stays(self, ids: Sequence[UUID]) -> Mapping[UUID, list[Membership]]:
        stays: dict[UUID, list[Membership]] = {}
        for stay in Membership.objects.filter(group=self.group, user_id__in=ids).order_by("joined_on"):
            stays.setdefault(stay.user_id, []).append(stay)
        return stays

    def _judge(
        self, entry: Entry, user: User | None, seen: set[UUID], stays: Mapping[UUID, list[Membership]], *, is_repeat: bool
    ) -> Judged:
        """Of somebody whom the acting user does not see, no more is told than that they can be added."""
        if not _is_email(entry.email):
            return Judged(entry, _("This is no email."), is_fault=True)
        if is_repeat:
            return Judged(entry, _("Named above already."))
        if user is None or not (user.pk in seen or self._may_add(user)):
            return Judged(entry, _("There is nobody with this email to add."), is_fault=True)
        name = str(user) if user.pk in seen else _("found")
        if not self._may_add(user):
            return Judged(entry, self._why_not(user, name), is_fault=True)
        return self._judge_stays(entry, user, name, stays.get(user.pk, []))

    def _judge_stays(self, entry: Entry, user: User, name: str, stays: Sequence[Membership]) -> Judged:
        first_day = self.joined_on or today_in(self.group)
        for stay in stays:
            if overlap((first_day, None), (stay.joined_on, stay.left_on)):
                if stay.left_on is None:
                    return Judged(entry, _("%(name)s: a member already.") % {"name": name})
                said = {"name": name, "day": date_format(stay.left_on, "SHORT_DATE_FORMAT")}
                return Judged(entry, _("%(name)s: a member until %(day)s; choose a later first day.") % said, is_fault=True)
        return Judged(entry, name, user_id=user.pk)

    def _may_add(self, user: User) -> bool:
        """As the service has it."""
        return user.is_active and (self.acting_user.role == Role.ADMIN or user.role == Role.STUDENT)

    def _why_not(self, user: User, name: str) -> str:
        if not user.is_active:
            return _("%(name)s: deactivated.") % {"name": name}
        return _("%(name)s: only an administrator adds somebody who is no student.") % {"name": name}


def _is_email(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True
