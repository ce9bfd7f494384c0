from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from attendings.tests.test_roster_api import put
from conftest import add_students, client_for, make_meeting, make_user
from groups import services as groups
from tests.counting import count_queries

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(teacher):
    return client_for(teacher)


def test_rosters_and_lists_answer_304_to_their_etag(client, meeting, student):
    for path in (
        f"/meeting/{meeting.pk}/roster",
        "/users",
        "/groups",
        "/meetings",
        "/attendings",
        f"/group/{meeting.group_id}/members",
    ):
        first = client.get(path)
        again = client.get(path, HTTP_IF_NONE_MATCH=first["ETag"])
        assert again.status_code == 304, path
        assert again.content == b""
    roster = client.get(f"/meeting/{meeting.pk}/roster")
    put(client, meeting, [], default="present")
    assert client.get(f"/meeting/{meeting.pk}/roster", HTTP_IF_NONE_MATCH=roster["ETag"]).status_code == 200


def test_filters_of_the_list(client, admin, group, meeting, student, other_group, outsider):
    put(client, meeting, [], default="present")
    elsewhere = make_meeting(other_group)
    put(client_for(admin), elsewhere, [], default="absent")
    day = meeting.local_date
    for query, expected in {
        "": 2,
        f"meeting={meeting.pk}": 1,
        f"group={other_group.pk}": 1,
        f"user={student.pk}": 1,
        "status=absent": 1,
        "method=bulk": 2,
        "method=auto": 0,
        f"from={day}&to={day}": 2,
        f"from={day + timedelta(1)}": 0,
        f"to={day - timedelta(1)}": 0,
        "ordering=marked_at": 2,
    }.items():
        body = client_for(admin).get(f"/attendings?{query}").json()
        assert len(body["results"]) == expected, query
        assert set(body) == {"next", "previous", "results"}


def test_cursor_pages_lose_nothing_and_repeat_nothing(admin, group):
    moment = timezone.now() - timedelta(days=1)
    made = {str(make_meeting(group, moment - timedelta(hours=i // 3)).pk) for i in range(12)}
    client, seen, path = client_for(admin), [], "/meetings?page_size=5&ordering=starts_at"
    while path:
        with count_queries(sqlite=3, mongodb=3):  # who asks: the person, what their roles permit; the page
            body = client.get(path).json()
        seen += [row["id"] for row in body["results"]]
        path = body["next"]
    assert len(seen) == 12
    assert set(seen) == made


@pytest.mark.parametrize("size", [3, 40])
def test_lists_take_a_constant_number_of_queries(admin, group, meeting, size):
    add_students(group, size)
    client = client_for(admin)
    put(client, meeting, [], default="present")
    # Of people and groups, the page and what belongs to its rows; how many there are only where the page does not show the end.
    lists = {
        "/users": 2,
        "/groups": 2,
        "/meetings": 1,
        "/attendings": 1,
        f"/group/{group.pk}/members": 2,
        "/users?page_size=2": 3,
    }
    for path, own in lists.items():
        with count_queries(sqlite=2 + own, mongodb=2 + own):  # who asks, and those
            assert client.get(path).status_code == 200


def test_a_teachers_scope_is_one_query_more(client, group, meeting):
    put(client, meeting, [], default="present")
    for path in ("/meetings", "/attendings", f"/meeting/{meeting.pk}", f"/attending/{mark_of(client)}"):
        with count_queries(sqlite=4, mongodb=4):  # who asks (2), whom they teach, and the page or the thing
            assert client.get(path).status_code == 200


def mark_of(client):
    return client.get("/attendings").json()["results"][0]["id"]


def test_a_report_counts_the_meetings_held_while_a_member(admin, teacher, student, group):
    from accounts.models import User

    start = timezone.now() - timedelta(days=30)
    late_joiner: User = make_user("Lara", "student")
    joined = (start + timedelta(days=4)).date()
    groups.add_members(acting_user=None, group=group, members=[groups.NewMember(late_joiner.pk, joined)])
    client = client_for(teacher)
    meetings = [make_meeting(group, start + timedelta(days=i)) for i in range(8)] + [
        make_meeting(group, timezone.now() + timedelta(days=3))
    ]
    for i, status in enumerate(["present", "present", "absent", "excused", "late", "present"]):
        present = [user for user in (student, late_joiner) if i >= 4 or user is student]
        put(client, meetings[i], [{"user": str(user.pk), "status": status} for user in present])
        client.post(f"/meeting/{meetings[i].pk}/close")
    client.post(f"/meeting/{meetings[6].pk}/cancel")
    report = client_for(student).get(f"/user/{student.pk}/report").json()
    assert (report["rate_marked"]["numerator"], report["rate_marked"]["denominator"]) == (4, 5)
    assert (report["rate_to_date"]["numerator"], report["rate_to_date"]["denominator"]) == (4, 6)
    assert (report["rate_max_possible"]["numerator"], report["rate_max_possible"]["denominator"]) == (5, 7)
    assert (report["absence_rate"]["numerator"], report["absence_rate"]["denominator"]) == (2, 7)
    assert report["rate_marked"]["value"] == 0.8
    assert report["rate_marked"]["rule"]
    joiner = client.get(f"/user/{late_joiner.pk}/report").json()
    assert (joiner["rate_to_date"]["numerator"], joiner["rate_to_date"]["denominator"]) == (2, 3)
    period = client.get(f"/user/{student.pk}/report?from={start.date()}&to={(start + timedelta(days=1)).date()}").json()
    assert (period["rate_to_date"]["numerator"], period["rate_to_date"]["denominator"]) == (2, 2)


def test_a_report_without_meetings_divides_by_nothing(student):
    report = client_for(student).get(f"/user/{student.pk}/report").json()
    assert report["rate_to_date"]["value"] is None
    assert report["rate_to_date"]["reason"]


@pytest.mark.parametrize("size", [2, 20])
def test_a_report_takes_a_constant_number_of_queries(admin, group, student, size):
    for i in range(size):
        make_meeting(group, timezone.now() - timedelta(days=i + 1))
    client = client_for(admin)
    with count_queries(sqlite=4, mongodb=4):  # who asks (2); the person with their stays, the meetings with their marks
        client.get(f"/user/{student.pk}/report")


def test_a_report_needs_the_permission_to_see_marks(client, student, group):
    from django.contrib.auth.models import Permission

    for role in Permission.objects.get(codename="view_attending").group_set.all():
        role.permissions.remove(Permission.objects.get(codename="view_attending"))
    assert client.get(f"/user/{student.pk}/report").status_code == 403


def test_pages_of_a_large_class_marked_at_once(client, group, meeting):
    """More marks of one instant than the stock cursor has offsets for."""
    add_students(group, 1200)
    put(client, meeting, [], default="present")
    seen, path = [], "/attendings?page_size=500"
    while path:
        body = client.get(path).json()
        seen += [row["id"] for row in body["results"]]
        path = body["next"]
    assert len(seen) == len(set(seen)) == 1201
