"""What the stock engine gets wrong, and ours right. When a stock test fails after an upgrade, a mend can go."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from django.contrib.auth.models import Group as Role
from django.contrib.auth.models import Permission
from django.db import IntegrityError, NotSupportedError, connections
from django.db.models import F
from django.utils import timezone

from accounts.models import User
from groups.models import Group, Membership
from meetings.models import Meeting, Series


def person(mongo, name, **fields):
    return User.objects.using(mongo).create(email=f"{name}@school.example", first_name=name, last_name="X", **fields)


@pytest.fixture
def group(mongo):
    group = Group.objects.using(mongo).create(name="7A")
    for name in ("vera", "gleb"):
        Membership.objects.using(mongo).create(group=group, user=person(mongo, name), joined_on=date(2026, 9, 1))
    group.teachers.add(person(mongo, "alla"))
    return group


@pytest.fixture
def meeting(mongo, group):
    start = datetime(2026, 9, 1, 9, tzinfo=timezone.get_default_timezone())
    teacher = group.teachers.get()
    return Meeting.objects.using(mongo).create(
        group=group, teacher=teacher, title="Algebra", starts_at=start, ends_at=start + timedelta(hours=1)
    )


# --- Prefetching many-to-many ----------------------------------------------------------------------------------------


def with_roles(alias):
    return {
        user.email: sorted(role.name for role in user.groups.all())
        for user in User.objects.using(alias).prefetch_related("groups")
    }


def test_many_to_many_is_prefetched(mongo, group):
    student, teacher = (Role.objects.using(mongo).get(name=name) for name in ("student", "teacher"))
    User.objects.using(mongo).get(email="vera@school.example").groups.add(student, teacher)
    User.objects.using(mongo).get(email="gleb@school.example").groups.add(student)
    assert with_roles(mongo) == {
        "alla@school.example": [],
        "gleb@school.example": ["student"],
        "vera@school.example": ["student", "teacher"],
    }


def test_many_to_many_is_prefetched_in_both_directions_and_twice(mongo, group):
    people = User.objects.using(mongo).order_by("email").prefetch_related("taught_groups__teachers__groups")
    assert [[len(taught.teachers.all()) for taught in user.taught_groups.all()] for user in people] == [[1], [], []]
    assert [user.email for user in people.all()] == [user.email for user in people]


def test_stock_prefetches_nothing(stock, group):
    with pytest.raises(NotSupportedError):
        with_roles(stock)


def test_another_extra_is_still_refused(mongo):
    with pytest.raises(NotSupportedError):
        list(User.objects.using(mongo).extra(select={"one": "1"}))


# --- Writes whose conditions span collections ------------------------------------------------------------------------


def in_7a(alias):
    return Membership.objects.using(alias).filter(group__name="7A", user__email__startswith="vera")


def of_7a(alias):
    return Membership.objects.using(alias).filter(group__in=Group.objects.using(alias).filter(name="7A").values("pk"))


def test_delete_through_a_join(mongo, group):
    assert in_7a(mongo)._raw_delete(mongo) == 1
    assert Membership.objects.using(mongo).get().user.first_name == "gleb"


def test_delete_by_a_subquery(mongo, group):
    assert of_7a(mongo)._raw_delete(mongo) == 2


def test_delete_of_nothing(mongo, group):
    assert Membership.objects.using(mongo).filter(pk__in=[])._raw_delete(mongo) == 0
    assert Membership.objects.using(mongo).filter(group__name="8B")._raw_delete(mongo) == 0
    assert Membership.objects.using(mongo).count() == 2


def test_update_through_a_join(mongo, group):
    assert in_7a(mongo).update(left_on=date(2026, 12, 1)) == 1
    assert Membership.objects.using(mongo).get(left_on=date(2026, 12, 1)).user.first_name == "vera"


def test_update_by_a_subquery_and_with_computed_values(mongo, group):
    assert of_7a(mongo).update(left_on=F("joined_on")) == 2
    assert Membership.objects.using(mongo).filter(left_on=date(2026, 9, 1)).count() == 2


def test_update_tells_how_many_match_also_where_nothing_changes(mongo, group):
    assert [in_7a(mongo).update(left_on=None) for _i in range(2)] == [1, 1]


def test_a_dollar_in_a_value_is_a_value(mongo, group):
    Group.objects.using(mongo).update(description="$name")
    assert Group.objects.using(mongo).get().description == "$name"


def test_deleting_cascades(mongo, group):
    deleted, _models = group.delete(using=mongo)
    assert deleted == 4  # the group, two memberships, one row of its teachers
    assert not Membership.objects.using(mongo).exists()


def test_stock_does_none_of_it(stock, group):
    for act in (
        lambda: in_7a(stock)._raw_delete(stock),
        lambda: of_7a(stock)._raw_delete(stock),
        lambda: in_7a(stock).update(left_on=date(2026, 12, 1)),
    ):
        with pytest.raises(NotSupportedError):
            act()


# --- Text compared without case --------------------------------------------------------------------------------------


def named_u_1(alias):
    return set(User.objects.using(alias).filter(first_name__iexact="U.1").values_list("first_name", flat=True))


def test_iexact_takes_text_for_text(mongo):
    for name in ("u.1", "u11", "u.12"):
        person(mongo, name)
    assert named_u_1(mongo) == {"u.1"}


def test_stock_reads_it_as_a_pattern(stock, mongo):
    for name in ("u.1", "u11"):
        person(mongo, name)
    assert named_u_1(stock) == {"u.1", "u11"}


# --- Unique indexes --------------------------------------------------------------------------------------------------


def index(alias, model, *columns):
    found = connections[alias].database[model._meta.db_table].index_information().values()
    return next(index for index in found if [column for column, _order in index["key"]] == list(columns) and index.get("unique"))


@pytest.mark.parametrize(
    ("model", "columns"),
    [
        (User, ["id"]),
        (User, ["email"]),
        (Membership, ["group_id", "user_id", "joined_on"]),
        (Permission, ["content_type_id", "codename"]),
    ],
)
def test_a_unique_index_over_what_is_never_null_covers_every_document(mongo, model, columns):
    assert "partialFilterExpression" not in index(mongo, model, *columns)


def test_a_unique_index_leaves_nulls_out_and_nothing_else(mongo, group, meeting):
    assert set(index(mongo, Meeting, "series_id", "series_day")["partialFilterExpression"]) == {"series_id", "series_day"}
    copy = {"group": group, "teacher": meeting.teacher, "title": "x", "starts_at": meeting.starts_at, "ends_at": meeting.ends_at}
    for _i in range(2):
        Meeting.objects.using(mongo).create(**copy)
    series = Series.objects.using(mongo).create(
        group=group,
        teacher=meeting.teacher,
        title="x",
        first_day=meeting.local_date,
        last_day=meeting.local_date,
        starts=meeting.starts_at.time(),
    )
    Meeting.objects.using(mongo).create(**copy, series=series, series_day=meeting.local_date)
    with pytest.raises(IntegrityError):
        Meeting.objects.using(mongo).create(**copy, series=series, series_day=meeting.local_date)


def test_stock_makes_indexes_that_no_look_up_uses(stock):
    schema = connections[stock].schema_editor()
    model = User._meta.get_field("email")
    from django.db.models import Index

    made = Index(fields=["email"], name="x").get_pymongo_index_model(User, schema_editor=schema, field=model, unique=True)
    assert made.document["partialFilterExpression"]


# --- What needs nothing mended, and must stay right ------------------------------------------------------------------


def test_counts_with_a_filter_over_a_join(mongo, group):
    empty = Group.objects.using(mongo).create(name="8B")
    in_7a(mongo).update(left_on=date(2026, 9, 2))
    counts = Group.objects.using(mongo).with_member_count().order_by("name").values_list("name", "member_count")
    assert list(counts) == [("7A", 1), (empty.name, 0)]


def test_what_a_student_and_a_teacher_see(mongo, group, meeting):
    vera, alla = (User.objects.using(mongo).get(first_name=name) for name in ("vera", "alla"))
    vera.groups.add(Role.objects.using(mongo).get(name="student"))
    alla.groups.add(Role.objects.using(mongo).get(name="teacher"))
    assert [Meeting.objects.using(mongo).visible_to(user).count() for user in (vera, alla)] == [1, 1]
    assert Meeting.objects.using(mongo).visible_to(User.objects.using(mongo).get(first_name="gleb")).count() == 1
    assert Meeting.objects.using(mongo).visible_to(person(mongo, "stranger")).count() == 0


def test_history_is_written_beside(mongo, group, meeting):
    meeting.title = "Geometry"
    meeting.save(using=mongo)
    titles = Meeting.history.using(mongo).filter(id=meeting.pk).order_by("history_date").values_list("title", flat=True)
    assert list(titles) == ["Algebra", "Geometry"]
