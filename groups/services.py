"""Every write about groups and memberships."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.db.models import ProtectedError
from django.utils import timezone
from django.utils.translation import gettext as _
from simple_history.utils import bulk_create_with_history

from accounts.models import User
from accounts.rules import STAFF_ROLES, Role
from attendance.db.transactions import atomic, hold
from attendance.errors import ConflictError, InvalidError, check_years, invalid
from attendance.timezones import local_date
from groups.models import Group, Membership
from groups.rules import overlap
from groups.signals import group_timezone_changed

TEACHER_MAY_EDIT = frozenset({"name", "description"})


@dataclass(frozen=True)
class NewMember:
    """Who joins; `joined_on` None is today where the group is."""

    user_id: UUID
    joined_on: date | None = None
    left_on: date | None = None


def today_in(group: Group) -> date:
    return local_date(timezone.now(), group.timezone)


def create_group(*, acting_user: User | None, teachers: Sequence[User] = (), **fields: Any) -> Group:
    """Raises InvalidError for a taken name or a teacher who is none."""
    group = Group(**fields)
    _check(group)
    _check_teachers(teachers)
    with atomic():
        _save(group)
        group.teachers.set(teachers)
    return group


def update_group(*, acting_user: User | None, group: Group, **changes: Any) -> Group:
    """A teacher edits name and description; the rest is an administrator's. Raises InvalidError naming each field."""
    with atomic():
        group = _current_group(group)
        return _changed(acting_user, group, {name: value for name, value in changes.items() if not _same(group, name, value)})


def _changed(acting_user: User | None, group: Group, changes: dict[str, Any]) -> Group:
    limited = acting_user is not None and acting_user.role != Role.ADMIN
    if limited and (refused := sorted(set(changes) - TEACHER_MAY_EDIT)):
        fields = dict.fromkeys(refused, _("An administrator sets this."))
        raise InvalidError(_("You may not set this."), code="read_only", fields=fields)
    teachers = changes.pop("teachers", None)
    for name, value in changes.items():
        setattr(group, name, value)
    _check(group)
    if teachers is not None:
        _check_teachers(teachers)
    _save(group, update_fields=[*changes, *(["name_key"] if "name" in changes else [])])
    if teachers is not None:
        group.teachers.set(teachers)
    if "timezone" in changes:
        group_timezone_changed.send(sender=Group, group=group)
    return group


def delete_group(*, acting_user: User, group: Group) -> None:
    """Raises ConflictError while meetings of the group exist."""
    with atomic():
        group = _current_group(group)
        for stay in group.memberships.all():
            stay._history_user = acting_user  # a cascade would not say who
            stay.delete()
        try:
            group.delete()
        except ProtectedError as error:
            raise ConflictError(_("The group has meetings. Remove or keep those; a group without any can be removed.")) from error


def add_members(*, acting_user: User | None, group: Group, members: Sequence[NewMember]) -> list[Membership]:
    """Stores all or none. A teacher adds students; an administrator anyone active.

    Raises InvalidError for an unknown person or dates that do not fit, ConflictError for a stay that overlaps an earlier one.
    """
    today = today_in(group)
    rows = [
        Membership(group=group, user_id=new.user_id, joined_on=new.joined_on or today, left_on=new.left_on) for new in members
    ]
    with atomic():
        hold(group)
        _check_people(rows, acting_user)
        _check_stays(group, rows)
        bulk_create_with_history(rows, Membership, default_user=acting_user)
    return rows


def update_membership(*, acting_user: User | None, membership: Membership, **dates: date | None) -> Membership:
    """Sets `joined_on`, `left_on` or both. The stay as it then is.

    Raises InvalidError for dates that do not fit, ConflictError for an overlap with another stay.
    """
    with atomic():
        stay = _current(membership)
        hold(stay.group)
        for name, value in dates.items():
            setattr(stay, name, value)
        _check_stays(stay.group, [stay])
        stay._history_user = acting_user
        stay.save(force_update=True)
    return stay


def end_membership(*, acting_user: User | None, membership: Membership) -> None:
    """Today is the last day. A stay that has not begun yet is taken back; one that has ended stays as it is."""
    with atomic():
        stay = _current(membership)
        stay._history_user = acting_user
        today = today_in(stay.group)
        if stay.joined_on > today:
            stay.delete()
        elif stay.left_on is None or stay.left_on > today:
            stay.left_on = today
            stay.save(force_update=True)


def current_membership(group: Group, user_id: UUID) -> Membership | None:
    """The latest stay of a person in a group."""
    return Membership.objects.filter(group=group, user_id=user_id).order_by("-joined_on").first()


def _current_group(group: Group) -> Group:
    """As it is stored now, read inside the transaction that will change it."""
    current = Group.objects.prefetch_related("teachers").filter(pk=group.pk).first()
    if current is None:
        raise ConflictError(_("Somebody has removed this group in the meantime."), code="gone")
    return current


def _current(membership: Membership) -> Membership:
    """As it is stored now, read inside the transaction that will change it."""
    current = Membership.objects.select_related("group").filter(pk=membership.pk).first()
    if current is None:
        raise ConflictError(_("Somebody has removed this stay in the meantime."), code="gone")
    return current


def _same(group: Group, name: str, value: Any) -> bool:
    if name == "teachers":
        return {user.pk for user in group.teachers.all()} == {user.pk for user in value}
    return bool(getattr(group, name) == value)


def _save(group: Group, **options: Any) -> None:
    try:
        with atomic():
            group.save(**options)
    except IntegrityError as error:
        text = _("There is a group of this name already.")
        raise InvalidError(text, code="unique", fields={"name": text}) from error


def _check(group: Group) -> None:
    try:
        group.clean_fields(exclude=["id", "name_key"])
    except ValidationError as error:
        raise invalid(error) from error


def _check_teachers(teachers: Iterable[User]) -> None:
    if any(user.role not in STAFF_ROLES or not user.is_active for user in teachers):
        text = _("Only people with the role teacher or admin teach a group.")
        raise InvalidError(text, fields={"teachers": text})


def _check_people(rows: Sequence[Membership], acting_user: User | None) -> None:
    people = User.objects.filter(pk__in={row.user_id for row in rows}, is_active=True)
    if acting_user is not None and acting_user.role != Role.ADMIN:
        people = people.with_role(Role.STUDENT)
    known = set(people.values_list("pk", flat=True))
    missing = {
        _path(rows, i, "user"): _("There is no such person to add.") for i, row in enumerate(rows) if row.user_id not in known
    }
    if missing:
        raise InvalidError(_("Somebody in the list cannot be added."), code="unknown_person", fields=missing)


def _check_stays(group: Group, rows: Sequence[Membership]) -> None:
    """Dates in order, and no two stays of one person sharing a day, stored ones and new ones alike."""
    stored = Membership.objects.filter(group=group, user_id__in={row.user_id for row in rows})
    known = [other for other in stored if other.pk not in {row.pk for row in rows}]
    for i, row in enumerate(rows):
        check_years(**{_path(rows, i, "joined_on"): row.joined_on, _path(rows, i, "left_on"): row.left_on})
        if row.left_on is not None and row.left_on < row.joined_on:
            text = _("The last day cannot be before the first.")
            raise InvalidError(text, fields={_path(rows, i, "left_on"): text})
        others = [other for other in [*known, *rows[:i]] if other.user_id == row.user_id]
        if any(overlap((row.joined_on, row.left_on), (other.joined_on, other.left_on)) for other in others):
            text = _("This person is a member at that time already.")
            raise ConflictError(text, code="already_member", fields={_path(rows, i, "user"): text})


def _path(rows: Sequence[Membership], index: int, name: str) -> str:
    return name if len(rows) == 1 else f"{index}/{name}"
