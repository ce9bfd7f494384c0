"""Stores what a plan says, through the services; each row together or not at all."""

from __future__ import annotations

import csv
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from django.db import IntegrityError
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.rules import Role, fold
from accounts.services import create_user
from attendance.db.transactions import atomic
from attendance.errors import DomainError
from groups.importing.planning import Entry, Outcome, Step
from groups.importing.reading import UnreadableListError
from groups.models import Group
from groups.services import NewMember, add_members, create_group

UNMISTAKABLE = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that reads like something else on paper
FORMULA = ("=", "+", "-", "@")  # what a spreadsheet would run


@dataclass
class PasswordSheet:
    """First passwords, for handing out; the only place where they stand in clear."""

    file: TextIO
    delimiter: str = ";"

    def write(self, entry: Entry, password: str) -> None:
        """On disk before the row is committed: nobody gets an account whose password is lost."""
        cells = [entry.last_name, entry.first_name, entry.middle_name, entry.email, entry.group, password]
        safe = [f"'{cell}" if cell.startswith(FORMULA) else cell for cell in cells]
        csv.writer(self.file, delimiter=self.delimiter).writerow(safe)
        self.file.flush()


@contextmanager
def password_sheet(path: Path, *, delimiter: str) -> Iterator[PasswordSheet]:
    """A new file that its owner alone may read. Raises UnreadableListError where it exists already or cannot be made."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise UnreadableListError(_("The file for passwords is there already; name another one.")) from error
    except OSError as error:
        raise UnreadableListError(
            _("The file for passwords cannot be written: %(reason)s.") % {"reason": error.strerror}
        ) from error
    with open(descriptor, "w", encoding="utf-8-sig", newline="") as file:
        titles = ["last_name", "first_name", "middle_name", "email", "group", "password"]
        csv.writer(file, delimiter=delimiter).writerow(titles)
        yield PasswordSheet(file, delimiter)


def new_password() -> str:
    """About 59 bits, in threes of four letters or digits."""
    return "-".join("".join(secrets.choice(UNMISTAKABLE) for _i in range(4)) for _part in range(3))


@dataclass
class Importer:
    """Stores one step after the other. Without a sheet the new people cannot log in until somebody sets them a password."""

    timezone_name: str
    language: str
    passwords: PasswordSheet | None = None
    acting_user: User | None = None
    _groups: dict[str, Group] = field(default_factory=dict)

    def store(self, step: Step) -> Step:
        """The step as it went: bad, with the reason, where a service refused it."""
        if step.entry is None or step.outcome not in {Outcome.NEW_PERSON, Outcome.NEW_MEMBERSHIP}:
            return step
        try:
            with atomic():
                group = self._group(step.entry.group)
                person = self._person(step.entry)
                members = [NewMember(person.pk, step.entry.joined_on)]
                add_members(acting_user=self.acting_user, group=group, members=members)
        except (DomainError, IntegrityError) as error:
            return step.refused(_why(error))
        self._groups[group.name_key] = group
        return step

    def _group(self, name: str) -> Group:
        key = fold(name)
        group = self._groups.get(key) or Group.objects.filter(name_key=key).first()
        return group or create_group(acting_user=self.acting_user, name=name, timezone=self.timezone_name)

    def _person(self, entry: Entry) -> User:
        return User.objects.filter(email=entry.email).first() or self._new_person(entry)

    def _new_person(self, entry: Entry) -> User:
        password = new_password() if self.passwords else None
        person = create_user(
            acting_user=self.acting_user,
            email=entry.email,
            password=password,
            role=Role.STUDENT,
            last_name=entry.last_name,
            first_name=entry.first_name,
            middle_name=entry.middle_name,
            language=self.language,
            timezone=self.timezone_name,
        )
        if self.passwords and password:
            self.passwords.write(entry, password)
        return person


def will_make_people(steps: Sequence[Step]) -> bool:
    return any(step.outcome == Outcome.NEW_PERSON for step in steps)


def _why(error: DomainError | IntegrityError) -> str:
    if isinstance(error, DomainError):
        return " ".join(error.fields.values()) or error.detail
    return _("Somebody stored the same at the same time; run the import again.")
