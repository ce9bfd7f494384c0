"""Every filter and ordering of every list is served by the index that docs/mongodb.md names.

The lists are asked for over REST, and the server explains the commands that they sent. Two things the compatible test server does not
tell: whether it would sort by an index, which is reckoned from the index's fields here, and how it would read a range of days that an
index holds behind the order. A real MongoDB tells both, and is asked.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group as Role
from django.db import connections
from rest_framework.test import APIClient

from accounts.models import User
from accounts.rules import sort_name
from attendance.timezones import now
from attendance.urls import router
from attendings.models import Attending
from conftest import client_for
from groups.models import Group, Membership
from meetings.models import Meeting
from tests.counting import commands

DOCS = Path(__file__).resolve().parents[4] / "docs" / "mongodb.md"
ROWS = re.findall(r"^\| `(/\S+)` \|[^|]*\| (?:`(\w+)`|([^|`]+?)) \|", DOCS.read_text(), re.MULTILINE)
INDEXED = [(path, index) for path, index, _why_none in ROWS if index]
PEOPLE, DAYS = 12, 10


@pytest.fixture
def school(mongo: str) -> dict[str, Any]:
    """Three groups, each with meetings and marks on ten days: of everything there is much that no filter matches."""
    roles = {role.name: role for role in Role.objects.all()}
    people = [_person(i) for i in range(PEOPLE)]
    User.objects.bulk_create(people)
    admin, teacher = people[0], people[1]
    for user, role in zip(people, ["admin", "teacher", *["student"] * PEOPLE], strict=False):
        user.groups.add(roles[role])
    groups = [Group.objects.create(name=f"{i}A") for i in range(3)]
    for group in groups:
        group.teachers.add(teacher)
        Membership.objects.bulk_create(Membership(group=group, user=user, joined_on=date(2026, 1, 1)) for user in people[2:])
        _meet(group, teacher, people[2:])
    return {"admin": admin, "teacher": teacher, "student": people[-1], "group": groups[1], "meeting": groups[1].meetings.first()}


def _person(i: int) -> User:
    return User(email=f"p{i}@school.example", first_name=f"N{i}", last_name=f"F{i}", sort_name=sort_name(f"F{i}", f"N{i}"))


def _meet(group: Group, teacher: User, students: list[User]) -> None:
    for day in range(DAYS):
        start = now() - timedelta(days=day, hours=1)
        meeting = Meeting.objects.create(
            group=group, teacher=teacher, title="Algebra", starts_at=start, ends_at=start + timedelta(minutes=45)
        )
        Attending.objects.bulk_create(
            Attending.at(meeting, user=user, status=["present", "late"][i % 2], method="bulk", marked_at=start)
            for i, user in enumerate(students)
        )


def plan_of(client: APIClient, path: str, collection: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The command that read the rows of a list, and what the server says of it."""
    with commands.kept() as kept:
        answer = client.get(path)
    assert answer.status_code == 200, answer.json()
    command = next(command for command in reversed(kept) if collection in (command.get("find"), command.get("aggregate")))
    return command, connections["replica_set"].database.command("explain", command, verbosity="executionStats")


def in_plan(plan: Any, name: str) -> list[Any]:
    """The values of a key, wherever it stands in an explained plan."""
    if isinstance(plan, dict):
        return [value for key, value in plan.items() if key == name] + [
            x for value in plan.values() for x in in_plan(value, name)
        ]
    return [x for value in plan for x in in_plan(value, name)] if isinstance(plan, list) else []


def condition_and_order(command: dict[str, Any]) -> tuple[dict[str, Any], dict[str, int]]:
    """Of a find, or of the stages before the first join."""
    if "find" in command:
        return command["filter"], command.get("sort", {})
    head = {name: value for stage in command["pipeline"][:2] for name, value in stage.items()}
    return head.get("$match", {}), head.get("$sort", {})


def serves(fields: list[str], condition: dict[str, Any], order: dict[str, int]) -> bool:
    """Whether an index over the fields finds what equals something and goes on in the order asked, without a sort.

    The rule of equality, sort, range: see the MongoDB manual. `$in` is as good as equality there: the branches are merged.
    """
    equal = {name for name, test in condition.items() if not isinstance(test, dict) or test.keys() <= {"$eq", "$in"}}
    head = fields[: len(equal & set(fields))]
    return set(head) <= equal and fields[len(head) : len(head) + len(order)] == list(order) and len(set(order.values())) < 2


@pytest.mark.parametrize(("path", "index"), INDEXED)
def test_the_index_named_serves_the_list(school, path, index):
    keys = {name: thing.pk for name, thing in school.items()}
    filled = path.format(**keys, day=now().date(), moment=f"{now():%Y-%m-%dT%H:%M:%SZ}")
    view = next(view for prefix, view, _name in router.registry if filled[1:].startswith(prefix))
    model = Membership if "/members" in filled else view.queryset.model
    command, explained = plan_of(
        client_for(school["admin"]), f"{filled}{'&' if '?' in filled else '?'}page_size=5", model._meta.db_table
    )
    condition, order = condition_and_order(command)
    indexes = connections["replica_set"].database[model._meta.db_table].index_information()
    assert index in indexes, sorted(indexes)
    fields = [name for name, _direction in indexes[index]["key"]]
    small = index in {"one_mark_a_person_and_meeting", "one_membership_a_start"}  # of one meeting, of one group: sorted in memory
    assert serves(fields, condition, {} if small else order), (condition, order, fields)
    if explained["serverInfo"]["host"] != "secantus":
        assert index in in_plan(explained, "indexName")
        assert small or "SORT" not in in_plan(explained, "stage")
    elif condition and fields[0] in condition:
        used = in_plan(explained, "indexName")[0]  # any that begins with a field asked for
        assert indexes[used]["key"][0][0] == fields[0]
        stats = explained["executionStats"]
        assert stats["totalDocsExamined"] <= stats["nReturned"] * 1.1


def test_every_filter_and_ordering_is_in_the_table():
    offered = set()
    for prefix, view, _name in router.registry:
        if view.ordering_fields:  # a list
            offered |= {f"/{prefix}s?{name}" for name in view.filterset_class.get_filters()}
            offered |= {f"/{prefix}s?ordering={name}" for name in view.ordering_fields}
    listed = {path if "ordering=" in path else path.partition("=")[0] for path, _index, _why in ROWS}
    assert offered <= listed, sorted(offered - listed)
