from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from attendance.errors import ConflictError
from conftest import client_for, make_user
from groups import services
from groups.models import Membership
from groups.rules import covers, overlap

days = st.dates(min_value=date(2020, 1, 1), max_value=date(2020, 3, 1))
stays = st.tuples(days, st.none() | days).filter(lambda stay: stay[1] is None or stay[1] >= stay[0])


@given(stays, stays, days)
def test_stays_overlap_exactly_when_they_share_a_day(a, b, day):
    assert overlap(a, b) == overlap(b, a)
    if covers(*a, day) and covers(*b, day):
        assert overlap(a, b)
    if overlap(a, b):
        first = max(a[0], b[0])
        assert covers(*a, first)
        assert covers(*b, first)


@pytest.fixture
def client(admin):
    return client_for(admin)


@pytest.mark.django_db
def test_a_group_as_the_contract_has_it(client, teacher):
    answer = client.post("/groups", {"name": "9В", "teachers": [str(teacher.pk)], "timezone": "Europe/Moscow"}, format="json")
    assert answer.status_code == 201
    assert set(answer.json()) == {"id", "name", "description", "teachers", "member_count", "timezone", "created_at"}
    assert answer.json()["teachers"] == [str(teacher.pk)]
    assert client.get("/groups?search=9в").json()["count"] == 1


@pytest.mark.django_db
@pytest.mark.parametrize("body", [{"name": " 7a "}, {"name": ""}, {"timezone": "Mars"}, {"teachers": ["x"]}, {"name": "x" * 201}])
def test_values_that_a_group_cannot_have(client, group, body):
    answer = client.post("/groups", {"name": "new", **body}, format="json")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"].startswith(f"/{next(iter(body))}")


@pytest.mark.django_db
def test_a_student_teaches_no_group(client, student):
    assert client.post("/groups", {"name": "new", "teachers": [str(student.pk)]}, format="json").status_code == 400


@pytest.mark.django_db
def test_members_come_one_or_many_all_or_none(client, group, student):
    people = [make_user(name, "student") for name in ("Ada", "Bea")]
    path = f"/group/{group.pk}/members"
    bad = [{"user": str(people[0].pk)}, {"user": str(group.pk)}]
    answer = client.post(path, bad, format="json")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/1/user")
    assert Membership.objects.count() == 1
    many = client.post(path, [{"user": str(user.pk), "joined_on": "2026-09-01"} for user in people], format="json")
    assert (many.status_code, len(many.json())) == (201, 2)
    again = client.post(path, {"user": str(people[0].pk)}, format="json")
    assert (again.status_code, again.json()["type"]) == (409, "urn:attendance:problem:already_member")
    body = client.get(path).json()
    assert [row["joined_on"] for row in body["results"]] == ["2026-09-01", "2026-09-01", "2026-01-01"]
    assert client.get(f"/group/{group.pk}").json()["member_count"] == 3
    twice = [{"user": str(make_user("Cia", "student").pk)}] * 2
    assert client.post(path, twice, format="json").status_code == 409


@pytest.mark.django_db
@pytest.mark.parametrize(
    "dates", [{"joined_on": "31.09.2026"}, {"joined_on": "2026-09-31"}, {"joined_on": "0001-01-01"}, {"left_on": "2020-01-01"}]
)
def test_dates_that_a_stay_cannot_have(client, group, dates):
    answer = client.post(f"/group/{group.pk}/members", {"user": str(make_user("Ada", "student").pk), **dates}, format="json")
    assert answer.status_code == 400
    assert Membership.objects.count() == 1


@pytest.mark.django_db
def test_leaving_keeps_history_and_coming_back_is_a_second_stay(client, group, student):
    path = f"/group/{group.pk}/member/{student.pk}"
    yesterday = timezone.localdate() - timedelta(days=1)
    assert client.patch(path, {"left_on": str(yesterday)}, format="json").json()["left_on"] == str(yesterday)
    assert client.post(f"/group/{group.pk}/members", {"user": str(student.pk)}, format="json").status_code == 201
    assert Membership.objects.of(student).count() == 2
    assert client.patch(path, {"joined_on": "2026-02-01"}, format="json").status_code == 409
    assert client.delete(path).status_code == 204
    assert services.current_membership(group, student.pk).left_on == timezone.localdate()
    assert client.delete(path).status_code == 204
    assert client.get(f"/group/{group.pk}").json()["member_count"] == 1


@pytest.mark.django_db
def test_a_stay_that_has_not_begun_is_taken_back(client, group):
    person = make_user("Ada", "student")
    joined = timezone.localdate() + timedelta(days=7)
    client.post(f"/group/{group.pk}/members", {"user": str(person.pk), "joined_on": str(joined)}, format="json")
    assert client.delete(f"/group/{group.pk}/member/{person.pk}").status_code == 204
    assert not Membership.objects.of(person).exists()
    assert client.delete(f"/group/{group.pk}/member/{person.pk}").status_code == 404
    assert [h.history_type for h in Membership.history.filter(user_id=person.pk)] == ["-", "+"]


@pytest.mark.django_db
def test_a_group_with_meetings_stays_and_one_without_goes(client, group, meeting, other_group):
    assert client.delete(f"/group/{group.pk}").status_code == 409
    assert client.delete(f"/group/{other_group.pk}").status_code == 204


@pytest.mark.django_db
def test_today_is_the_groups_own_day(client, teacher):
    """Wherever the site is, somebody who joins today is a member today."""
    for zone in ("Pacific/Auckland", "Pacific/Honolulu", "UTC"):
        student = make_user(zone.replace("/", ""), "student")
        group = services.create_group(acting_user=None, name=zone, teachers=[teacher], timezone=zone)
        client.post(f"/group/{group.pk}/members", {"user": str(student.pk)}, format="json")
        assert client.get(f"/group/{group.pk}").json()["member_count"] == 1
        assert client.get(f"/users?group={group.pk}").json()["count"] == 1
        assert client_for(student).get(f"/group/{group.pk}").status_code == 200


@pytest.mark.django_db
def test_a_rename_in_between_keeps_its_key(admin, group):
    stale = type(group).objects.get(pk=group.pk)
    services.update_group(acting_user=admin, group=group, name="Eight")
    services.update_group(acting_user=admin, group=stale, description="read before")
    group.refresh_from_db()
    assert (group.name, group.name_key) == ("Eight", "eight")


@pytest.mark.django_db
def test_a_stay_taken_back_in_between_stays_gone(admin, group):
    person = make_user("Ada", "student")
    new = services.NewMember(person.pk, timezone.localdate() + timedelta(days=9))
    stay = services.add_members(acting_user=admin, group=group, members=[new])[0]
    services.end_membership(acting_user=admin, membership=stay)
    with pytest.raises(ConflictError):
        services.update_membership(acting_user=admin, membership=stay, left_on=None)
    assert not Membership.objects.of(person).exists()
