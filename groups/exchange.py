"""Stays in files. A row is known by its group, its person and its first day; somebody new needs none of it stored yet."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import groupby
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from tablib import Dataset

from accounts.exchange import people_in, person_in
from accounts.models import User
from accounts.rules import fold
from attendance.exchange import Day, Line, ServiceResource, Text, about, cells_of, column, fault, key
from groups import services
from groups.models import Group, Membership
from groups.querysets import GroupQuerySet

AT_ONCE = 500  # the service compares every new stay with every other


def groups_in(dataset: Dataset, groups: GroupQuerySet) -> dict[str, Group]:
    """Those of `groups` whose names a file has, in one query."""
    return {group.name_key: group for group in groups.filter(name_key__in={fold(cell) for cell in cells_of(dataset, "group")})}


def group_in(row: dict[str, Any], groups: dict[str, Group]) -> Group:
    """Raises ValidationError where there is none."""
    if (group := groups.get(fold(Text.text(row.get("group"))))) is None:
        raise fault("group", _("There is no such group."))
    return group


class MembershipResource(ServiceResource):
    group = key("group", "group__name")
    email = key("email", "user__email")
    person = key("person", "user")
    joined_on = key("joined_on", widget=Day())
    left_on = column("left_on", widget=Day())
    required = ("group", "email")
    export_only = frozenset({"person"})

    class Meta:
        model = Membership
        fields = ("group", "email", "person", "joined_on", "left_on")

    def before_import(self, dataset: Dataset, **kwargs: Any) -> None:
        self.groups = groups_in(dataset, Group.objects.visible_to(self.acting_user))
        self.people = people_in(dataset, User.objects.visible_to(self.acting_user))
        self.stays = self._stays()

    def _stays(self) -> dict[tuple[UUID, UUID, date], Membership]:
        groups = {group.pk: group for group in self.groups.values()}
        people = {user.pk: user for user in self.people.values()}
        stays = {}
        for stay in Membership.objects.filter(group_id__in=groups, user_id__in=people).order_by():
            stay.group, stay.user = groups[stay.group_id], people[stay.user_id]
            stays[stay.group_id, stay.user_id, stay.joined_on] = stay
        return stays

    def get_or_init_instance(self, instance_loader: Any, row: dict[str, Any]) -> tuple[Membership, bool]:
        group, user = group_in(row, self.groups), person_in(row, self.people)
        joined_on = self._joined_on(row) or services.today_in(group)
        if stay := self.stays.get((group.pk, user.pk, joined_on)):
            return stay, False
        return Membership(group=group, user=user, joined_on=joined_on), True

    def parts(self, lines: Sequence[Line]) -> list[list[Line]]:
        return [list(part) for _group, part in groupby(sorted(lines, key=_group_of), _group_of)]

    def store(self, lines: Sequence[Line]) -> None:
        """Ends first: somebody may leave and come back in one file."""
        for line in lines:
            if not line.is_new:
                with about([line]):
                    stay = line.instance
                    services.update_membership(acting_user=self.acting_user, membership=stay, left_on=stay.left_on)
        new = [line for line in lines if line.is_new]
        for start in range(0, len(new), AT_ONCE):
            self._add(new[start : start + AT_ONCE])

    def _add(self, lines: Sequence[Line]) -> None:
        stays = [line.instance for line in lines]
        new = [services.NewMember(stay.user_id, stay.joined_on, stay.left_on) for stay in stays]
        with about(lines):
            stored = services.add_members(acting_user=self.acting_user, group=stays[0].group, members=new)
        for stay, kept in zip(stays, stored, strict=True):
            stay.pk = kept.pk

    def _joined_on(self, row: dict[str, Any]) -> date | None:
        try:
            return Day().clean(row.get("joined_on"))
        except ValueError as error:
            raise fault("joined_on", str(error)) from error


def _group_of(line: Line) -> UUID:
    group_id: UUID = line.instance.group_id
    return group_id
