"""What is sent, as somebody would write it who knows MongoDB."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.contrib.auth.models import Group as Role
from django.db import NotSupportedError
from django.db.models import Count, F, FilteredRelation, Q

from accounts.models import User
from attendance.db.mongodb.planning import Document
from attendings.models import Attending
from groups.models import Group, Membership
from meetings.models import Meeting
from tests.counting import commands

ID = "01a20af8f00971bfb26cef69ffab64a1"


def sent(act: Any) -> list[Document]:
    with commands.kept() as kept:
        act()
    return kept


def one(act: Any) -> Document:
    (command,) = sent(act)
    return command


def stages(act: Any) -> list[str]:
    return [next(iter(stage)) for stage in one(act)["pipeline"]]


def test_one_collection_is_a_flat_find(mongo):
    marks = Attending.objects.using(mongo).filter(user_id=ID, status="late", marked_at__gte=datetime(2026, 9, 1, tzinfo=UTC))
    command = one(lambda: list(marks.order_by("-marked_at", "-id")[10:30]))
    assert command["find"] == "attendings_attending"
    assert command["filter"].keys() == {"user_id", "status", "marked_at"}
    assert command["filter"]["user_id"] == ID
    assert (command["sort"], command["skip"], command["limit"]) == ({"marked_at": -1, "id": -1}, 10, 20)
    assert "projection" not in command


def test_chosen_columns_are_a_projection(mongo):
    command = one(lambda: list(Attending.objects.using(mongo).order_by().values_list("user_id", "status")))
    assert command["projection"] == {"_id": 0, "user_id": 1, "status": 1}


def test_whether_there_is_one(mongo):
    command = one(lambda: Attending.objects.using(mongo).filter(user_id=ID).exists())
    assert (command["find"], command["filter"], command["limit"]) == ("attendings_attending", {"user_id": ID}, 1)


def test_a_count_is_a_count(mongo):
    pipeline = one(lambda: Meeting.objects.using(mongo).filter(state="open").count())["pipeline"]
    assert pipeline == [{"$match": {"state": "open"}}, {"$group": {"_id": 1, "n": {"$sum": 1}}}]


def test_a_count_over_a_join_is_one_group(mongo):
    count = Membership.objects.using(mongo).filter(user__is_active=True, left_on=None).count
    assert count() == 0
    assert stages(count) == ["$match", "$lookup", "$unwind", "$match", "$group"]


def test_null_comparisons_and_negations_are_short(mongo):
    stays = Membership.objects.using(mongo).filter(left_on=None, joined_on__lte=date(2026, 9, 1)).exclude(group_id=ID)
    condition = one(lambda: list(stays))["filter"]
    assert condition == {"left_on": None, "joined_on": {"$lte": datetime(2026, 9, 1)}, "group_id": {"$ne": ID}}  # noqa: DTZ001


def test_conditions_order_and_page_come_before_what_is_joined_to_each_row(mongo):
    meetings = Meeting.objects.using(mongo).filter(group_id=ID).select_related("group", "teacher").order_by("-starts_at", "-id")
    assert stages(lambda: list(meetings[:51])) == ["$match", "$sort", "$limit", "$lookup", "$unwind", "$lookup", "$unwind"]


def test_a_condition_on_the_joined_waits_and_the_page_with_it(mongo):
    marks = Attending.objects.using(mongo).filter(status="late", user__sort_name__contains="an").order_by("marked_at")
    assert stages(lambda: list(marks[:5])) == ["$match", "$sort", "$lookup", "$unwind", "$match", "$limit"]


def test_begins_with_the_joined_collection_where_the_conditions_are_about_it_alone(mongo):
    command = one(lambda: list(User.objects.using(mongo).filter(taught_groups=ID).order_by("sort_name")))
    assert command["aggregate"] == "groups_group_teachers"
    assert command["pipeline"][0] == {"$match": {"group_id": ID}}
    assert command["pipeline"][-1] == {"$sort": {"sort_name": 1}}


def test_many_to_many_is_prefetched_from_the_joining_collection(mongo):
    group = Group.objects.using(mongo).create(name="7A")
    group.teachers.add(User.objects.using(mongo).create(email="alla@school.example"))
    prefetched = Group.objects.using(mongo).prefetch_related("teachers")
    assert [command.get("aggregate") for command in sent(lambda: list(prefetched))] == [None, "groups_group_teachers"]
    assert [[user.email for user in group.teachers.all()] for group in prefetched] == [["alla@school.example"]]


def test_a_count_of_the_joined_is_made_for_the_page_alone(mongo):
    groups = Group.objects.using(mongo).annotate(n=Count("memberships")).order_by("name_key")
    names = stages(lambda: list(groups[:50]))
    assert names[:3] == ["$sort", "$limit", "$lookup"]
    assert names[-1] == "$sort"


def test_what_is_sorted_by_a_count_is_counted_first(mongo):
    groups = Group.objects.using(mongo).annotate(n=Count("memberships")).order_by("n")
    assert stages(lambda: list(groups[:50]))[-2:] == ["$sort", "$limit"]


def test_an_independent_subquery_is_run_first(mongo):
    role = Role.objects.using(mongo).get(name="teacher")
    user = User.objects.using(mongo).create(email="alla@school.example")
    user.groups.add(role)
    holders = User.groups.through.objects.using(mongo).filter(group_id=role.pk).values("user_id")
    people = User.objects.using(mongo).filter(pk__in=holders).order_by()
    first, second = sent(lambda: list(people))
    assert first["find"] == "accounts_user_groups"
    assert second["filter"] == {"id": {"$in": (user.pk.hex,)}}
    assert people.count() == 1
    assert User.objects.using(mongo).exclude(pk__in=holders).count() == 0


def test_a_null_among_what_a_subquery_finds_leaves_its_negation_empty(mongo):
    """As in SQL: it is not known whether something is not in a list that has an unknown."""
    user = User.objects.using(mongo).create(email="alla@school.example", last_login=None)
    logins = User.objects.using(mongo).values("last_login")
    assert User.objects.using(mongo).exclude(created_at__in=logins).count() == 0
    assert User.objects.using(mongo).filter(pk=user.pk).exclude(created_at__in=logins.exclude(last_login=None)).count() == 1


def test_a_filtered_relation_joins_what_its_condition_says(mongo):
    marked = Meeting.objects.using(mongo).annotate(mark=FilteredRelation("attendings", condition=Q(attendings__user=ID)))
    pipeline = one(lambda: list(marked.order_by().values("id", "mark__status")))["pipeline"]
    assert pipeline[0]["$lookup"]["pipeline"] == [{"$match": {"user_id": ID}}]


def test_a_filtered_relation_about_another_collection_is_refused(mongo):
    condition = Q(attendings__user=F("teacher"))
    marked = Meeting.objects.using(mongo).annotate(mark=FilteredRelation("attendings", condition=condition))
    with pytest.raises(NotSupportedError):
        list(marked.values("mark__status"))
