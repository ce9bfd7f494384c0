"""People in files: by their email, and never with a password."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _
from tablib import Dataset

from accounts import services
from accounts.models import User
from accounts.querysets import UserQuerySet
from accounts.rules import Language, Role
from attendance.exchange import Choice, KeptText, Line, ServiceResource, Text, YesNo, about, cells_of, column, fault, key

COLUMNS = ("last_name", "first_name", "middle_name", "email", "role", "language", "timezone", "is_active")


def people_in(dataset: Dataset, people: UserQuerySet) -> dict[str, User]:
    """Those of `people` whose emails a file has, in one query."""
    return {user.email: user for user in people.filter(email__in={cell.lower() for cell in cells_of(dataset, "email")})}


def email_in(row: dict[str, Any]) -> str:
    return Text.text(row.get("email")).lower()


def person_in(row: dict[str, Any], people: dict[str, User]) -> User:
    """Raises ValidationError where there is none."""
    if (user := people.get(email_in(row))) is None:
        raise fault("email", _("There is no such person."))
    return user


class UserResource(ServiceResource):
    last_name = column("last_name")
    first_name = column("first_name")
    middle_name = column("middle_name")
    email = key("email")
    role = column("role", widget=Choice(Role), saves_null_values=False)
    language = column("language", widget=Choice(Language), saves_null_values=False)
    timezone = column("timezone", widget=KeptText(), saves_null_values=False)
    is_active = column("is_active", widget=YesNo(), saves_null_values=False)
    required = ("email",)

    class Meta:
        model = User
        fields = COLUMNS

    def before_import(self, dataset: Dataset, **kwargs: Any) -> None:
        self.people = people_in(dataset, User.objects.prefetch_related("groups"))
        for user in self.people.values():
            user.role = user.role  # kept, where the copies that are made to compare would each ask for it
        self.named: set[str] = set()

    def get_or_init_instance(self, instance_loader: Any, row: dict[str, Any]) -> tuple[User, bool]:
        email = email_in(row)
        if email in self.named:
            raise fault("email", _("This person is in the file twice."))
        self.named.add(email)
        if user := self.people.get(email):
            return user, False
        user = User(email=email)
        user.role = Role.STUDENT
        return user, True

    def parts(self, lines: Sequence[Line]) -> list[list[Line]]:
        return [[line] for line in lines]

    def store(self, lines: Sequence[Line]) -> None:
        for line in lines:
            with about([line]):
                self._store(line)

    def _store(self, line: Line) -> None:
        user = line.instance
        said = {name: getattr(user, name) for name in COLUMNS if name in line.row and name != "email"}
        if line.is_new:
            services.create_user(acting_user=self.acting_user, id=user.pk, email=user.email, password=None, **said)
        else:
            services.update_user(acting_user=self.acting_user, user=user, **said)
