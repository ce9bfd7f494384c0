from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group as Role
from django.contrib.auth.models import Permission
from django.utils import timezone
from rest_framework.test import APIClient

from attendings.models import Attending
from conftest import add_students, client_for, make_meeting, make_user
from groups import services as groups
from meetings.models import Meeting
from tests.counting import count_queries

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(teacher):
    return client_for(teacher)


def put(client: Any, meeting: Meeting, marks: list[dict[str, Any]], **extra: Any) -> Any:
    key = extra.pop("key", None)
    headers = {"HTTP_IDEMPOTENCY_KEY": key} if key is not None else {}
    return client.put(f"/meeting/{meeting.pk}/roster", {"marks": marks, **extra}, format="json", **headers)


def test_everyone_expected_in_surname_order(client, group, meeting):
    for i, last in enumerate(("Яковлев", "Ёлкин", "Ежов", "Абрамов")):
        user = make_user("Имя", "student", email=f"s{i}@school.example", last_name=last)
        groups.add_members(acting_user=None, group=group, members=[groups.NewMember(user.pk, date(2026, 1, 1))])
    body = client.get(f"/meeting/{meeting.pk}/roster").json()
    assert [row["user"]["last_name"] for row in body["rows"]] == ["Verason", "Абрамов", "Ежов", "Ёлкин", "Яковлев"]
    assert body["totals"] == dict.fromkeys(["marked", "present", "late", "left_early", "excused", "absent"], 0) | {"expected": 5}
    assert body["meeting"]["id"] == str(meeting.pk)


def test_only_members_on_the_day_are_expected(client, group, meeting):
    day = meeting.local_date
    stays = {
        "last day": (day - timedelta(30), day),
        "first day": (day, None),
        "left": (day - timedelta(30), day - timedelta(1)),
        "not yet": (day + timedelta(1), None),
    }
    for name, (joined, left) in stays.items():
        user = make_user(name.replace(" ", ""), "student", last_name=name)
        groups.add_members(acting_user=None, group=group, members=[groups.NewMember(user.pk, joined, left)])
    rows = client.get(f"/meeting/{meeting.pk}/roster").json()["rows"]
    assert {row["user"]["last_name"] for row in rows} == {"Verason", "last day", "first day"}


def test_the_day_is_the_groups_own(admin, teacher, student):
    """23:30 UTC is the next morning in Vladivostok, and that is the day on which one joins."""
    group = groups.create_group(acting_user=None, name="East", teachers=[teacher], timezone="Asia/Vladivostok")
    groups.add_members(acting_user=None, group=group, members=[groups.NewMember(student.pk, date(2026, 9, 2))])
    meeting = make_meeting(group, datetime(2026, 9, 1, 23, 30, tzinfo=UTC))
    assert meeting.local_date == date(2026, 9, 2)
    assert len(client_for(admin).get(f"/meeting/{meeting.pk}/roster").json()["rows"]) == 1
    client_for(admin).patch(f"/group/{group.pk}", {"timezone": "Europe/Moscow"}, format="json")
    meeting.refresh_from_db()
    assert meeting.local_date == date(2026, 9, 2)
    client_for(admin).patch(f"/group/{group.pk}", {"timezone": "America/New_York"}, format="json")
    assert client_for(admin).get(f"/meeting/{meeting.pk}/roster").json()["rows"] == []


def test_default_marks_the_rest(client, group, meeting, student, teacher):
    others = add_students(group, 29)
    start = meeting.starts_at
    late = {"user": str(student.pk), "status": "late", "joined_at": (start + timedelta(minutes=7)).isoformat(), "note": "bus"}
    body = put(client, meeting, [late, {"user": str(others[0].pk), "status": "absent"}], default="present").json()
    assert body["totals"] == {"expected": 30, "marked": 30, "present": 28, "late": 1, "left_early": 0, "excused": 0, "absent": 1}
    mark = next(row["mark"] for row in body["rows"] if row["user"]["id"] == str(student.pk))
    assert mark["minutes_late"] == 7
    assert mark["note"] == "bus"
    assert mark["method"] == "bulk"
    assert mark["marked_by"] == str(teacher.pk)
    assert mark["version"] == 1
    assert body["meeting"]["state"] == "open"


def test_default_leaves_marks_alone(client, meeting, student):
    put(client, meeting, [{"user": str(student.pk), "status": "excused"}])
    body = put(client, meeting, [], default="present").json()
    assert body["rows"][0]["mark"]["status"] == "excused"
    assert body["rows"][0]["mark"]["version"] == 1


@pytest.mark.parametrize("size", [30, 300])
def test_queries_do_not_grow_with_the_class(client, group, meeting, size):
    students = add_students(group, size - 1)
    with count_queries(sqlite=13, mongodb=9):
        # Who asks and what they see: the person, what their roles permit, the groups they teach. The meeting; it again, held;
        # marks, members; marks, their history, the meeting and its history in one write on MongoDB. Beginning and end.
        put(client, meeting, [], default="present")
    marks = [{"user": str(user.pk), "status": "late", "version": 1} for user in students]
    with count_queries(sqlite=11, mongodb=9):
        assert put(client, meeting, marks).status_code == 200
    with count_queries(sqlite=6, mongodb=6):
        client.get(f"/meeting/{meeting.pk}/roster")


def test_a_stale_version_stores_nothing_and_shows_what_is_there(client, group, meeting, student):
    other = add_students(group, 1)[0]
    put(client, meeting, [{"user": str(student.pk), "status": "present"}])
    put(client, meeting, [{"user": str(student.pk), "status": "late", "version": 1}])
    answer = put(
        client,
        meeting,
        [{"user": str(other.pk), "status": "absent"}, {"user": str(student.pk), "status": "absent", "version": 1}],
    )
    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:attendance:problem:stale_version"
    assert [(row["user"], row["status"], row["version"]) for row in answer.json()["conflicts"]] == [(str(student.pk), "late", 2)]
    assert Attending.objects.count() == 1


def test_version_zero_says_that_none_was_seen(client, meeting, student):
    assert put(client, meeting, [{"user": str(student.pk), "status": "present", "version": 0}]).status_code == 200
    assert put(client, meeting, [{"user": str(student.pk), "status": "late", "version": 0}]).status_code == 409


def test_saying_the_same_again_changes_nothing(client, meeting, student):
    first = put(client, meeting, [{"user": str(student.pk), "status": "present"}]).json()
    assert put(client, meeting, [{"user": str(student.pk), "status": "present"}]).json() == first
    assert Attending.history.count() == 1


def test_what_is_left_out_stays(client, meeting, student):
    put(client, meeting, [{"user": str(student.pk), "status": "late", "note": "bus"}])
    mark = put(client, meeting, [{"user": str(student.pk), "status": "present"}]).json()["rows"][0]["mark"]
    assert (mark["note"], mark["version"]) == ("bus", 2)


def test_an_idempotency_key_answers_a_repeat_alike(client, meeting, student, teacher):
    first = put(client, meeting, [{"user": str(student.pk), "status": "present"}], key="k1")
    put(client, meeting, [{"user": str(student.pk), "status": "late"}])
    repeat = put(client, meeting, [{"user": str(student.pk), "status": "present"}], key="k1")
    assert repeat.json() == first.json()
    assert Attending.objects.get().status == "late"
    other_body = put(client, meeting, [{"user": str(student.pk), "status": "absent"}], key="k1")
    assert other_body.status_code == 422
    assert put(client, meeting, [], key="").status_code == 400
    assert put(client, meeting, [], key="k" * 256).status_code == 400


def test_a_key_is_the_callers_own(client, admin, meeting, student):
    put(client, meeting, [{"user": str(student.pk), "status": "present"}], key="k1")
    answer = put(client_for(admin), meeting, [{"user": str(student.pk), "status": "late"}], key="k1")
    assert answer.json()["rows"][0]["mark"]["status"] == "late"


def test_a_failed_request_does_not_use_up_its_key(client, meeting, student):
    assert (
        put(client, meeting, [{"user": str(make_user("Nobody", "student").pk), "status": "present"}], key="k2").status_code == 400
    )
    assert put(client, meeting, [{"user": str(student.pk), "status": "present"}], key="k2").status_code == 200


def test_strangers_are_refused_and_walk_ins_are_not(client, meeting, admin):
    stranger = make_user("Zoya", "student")
    answer = put(client, meeting, [{"user": str(stranger.pk), "status": "present"}])
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == "/marks/0/user"
    body = put(client, meeting, [{"user": str(stranger.pk), "status": "present", "walk_in": True}]).json()
    assert body["totals"]["expected"] == 1
    assert body["totals"]["present"] == 1
    assert [row["mark"]["walk_in"] for row in body["rows"] if row["mark"]] == [True]
    assert put(client, meeting, [{"user": str(admin.pk), "status": "present", "walk_in": True}]).status_code == 400


def test_nobody_is_listed_twice(client, meeting, student):
    row = {"user": str(student.pk), "status": "present"}
    answer = put(client, meeting, [row, row])
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == "/marks/1/user"


def test_nobody_leaves_before_they_come(client, meeting, student):
    times = {"joined_at": "2026-09-01T10:00:00Z", "left_at": "2026-09-01T09:00:00Z"}
    answer = put(client, meeting, [{"user": str(student.pk), "status": "present", **times}])
    assert answer.json()["errors"][0]["pointer"] == "/marks/0/left_at"


def test_closing_makes_the_unmarked_absent_and_freezes_the_roster(client, group, meeting, student, teacher):
    absent = add_students(group, 2)
    put(client, meeting, [{"user": str(student.pk), "status": "present"}])
    closed = client.post(f"/meeting/{meeting.pk}/close")
    assert closed.json()["state"] == "closed"
    assert closed.json()["closed_at"]
    assert set(Attending.objects.filter(method="auto", status="absent").values_list("user_id", flat=True)) == {
        u.pk for u in absent
    }
    add_students_again = make_user("Late", "student")
    groups.add_members(acting_user=None, group=group, members=[groups.NewMember(add_students_again.pk, date(2026, 1, 1))])
    assert client.get(f"/meeting/{meeting.pk}/roster").json()["totals"]["expected"] == 3
    assert client.post(f"/meeting/{meeting.pk}/close").status_code == 200
    refused = put(client, meeting, [], default="present")
    assert refused.status_code == 409
    assert refused.json()["type"] == "urn:attendance:problem:meeting_closed"
    mark = Attending.objects.first()
    assert client.patch(f"/attending/{mark.pk}", {"status": "late"}, format="json").status_code == 409
    assert client.delete(f"/attending/{mark.pk}").status_code == 409


def test_reopening_is_recorded_and_lets_marks_change(client, meeting, student, teacher):
    client.post(f"/meeting/{meeting.pk}/close")
    reopened = client.post(f"/meeting/{meeting.pk}/reopen").json()
    assert (reopened["state"], reopened["closed_at"]) == ("open", None)
    last = meeting.history.first()
    assert (last.history_change_reason, last.history_user_id, last.state) == ("reopen", teacher.pk, "open")
    assert put(client, meeting, [{"user": str(student.pk), "status": "present", "version": 1}]).status_code == 200


def test_a_meeting_whose_day_has_not_come_cannot_be_closed(client, group):
    meeting = make_meeting(group, timezone.now() + timedelta(days=2))
    answer = client.post(f"/meeting/{meeting.pk}/close")
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:attendance:problem:not_yet_held")
    assert not Attending.objects.exists()


def test_a_cancelled_meeting_takes_no_marks_and_keeps_those_it_has(client, meeting, student):
    put(client, meeting, [{"user": str(student.pk), "status": "present"}])
    assert client.post(f"/meeting/{meeting.pk}/cancel").json()["state"] == "cancelled"
    assert put(client, meeting, [], default="present").status_code == 409
    assert client.post(f"/meeting/{meeting.pk}/close").status_code == 409
    assert client.get(f"/meeting/{meeting.pk}/roster").json()["rows"][0]["mark"]["status"] == "present"


def test_every_change_leaves_who_when_from_and_to(client, admin, meeting, student, teacher):
    put(client, meeting, [{"user": str(student.pk), "status": "present"}])
    mark = Attending.objects.get()
    client_for(admin).patch(f"/attending/{mark.pk}", {"status": "late"}, format="json")
    client.delete(f"/attending/{mark.pk}")
    seen = [(h.history_type, h.status, h.history_user_id) for h in Attending.history.order_by("history_date")]
    assert seen == [("+", "present", teacher.pk), ("~", "late", admin.pk), ("-", "late", teacher.pk)]


def test_one_mark_a_person_and_meeting(client, meeting, student):
    body = {"meeting": str(meeting.pk), "user": str(student.pk), "status": "present"}
    first = client.post("/attendings", body, format="json")
    assert (first.status_code, first.json()["method"]) == (201, "api")
    second = client.post("/attendings", {**body, "status": "absent"}, format="json")
    assert second.status_code == 409
    assert second.json()["existing"] == first.json()


def test_a_mark_changes_with_the_version_that_was_seen(client, meeting, student):
    put(client, meeting, [{"user": str(student.pk), "status": "present"}])
    path = f"/attending/{Attending.objects.get().pk}"
    assert client.put(path, {"status": "late", "version": 1}, format="json").json()["version"] == 2
    answer = client.patch(path, {"status": "absent", "version": 1}, format="json")
    assert answer.status_code == 409
    assert answer.json()["conflicts"][0]["status"] == "late"


def test_a_meeting_with_marks_moves_within_its_day_and_lateness_follows(client, group, student):
    start = datetime(2026, 9, 1, 9, tzinfo=UTC)
    meeting = make_meeting(group, start)
    put(client, meeting, [{"user": str(student.pk), "status": "late", "joined_at": (start + timedelta(minutes=10)).isoformat()}])
    earlier = {"starts_at": (start - timedelta(minutes=5)).isoformat()}
    assert client.patch(f"/meeting/{meeting.pk}", earlier, format="json").status_code == 200
    assert Attending.objects.get().minutes_late == 15
    other_day = {"starts_at": (start - timedelta(days=2)).isoformat()}
    answer = client.patch(f"/meeting/{meeting.pk}", other_day, format="json")
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:attendance:problem:has_marks")


def test_a_conflict_names_whose_mark_is_gone(client, meeting, student):
    put(client, meeting, [{"user": str(student.pk), "status": "present"}])
    client.delete(f"/attending/{Attending.objects.get().pk}")
    answer = put(client, meeting, [{"user": str(student.pk), "status": "late", "version": 1}])
    assert (answer.status_code, answer.json()["conflicts"], answer.json()["unmarked"]) == (409, [], [str(student.pk)])


@pytest.mark.parametrize("field", ["user", "meeting", "walk_in"])
def test_a_mark_stays_whose_it_is(client, meeting, student, teacher, field):
    put(client, meeting, [{"user": str(student.pk), "status": "present"}])
    path = f"/attending/{Attending.objects.get().pk}"
    same = client.get(path).json()
    assert client.put(path, same, format="json").status_code == 200
    other = {"user": str(teacher.pk), "meeting": str(teacher.pk), "walk_in": True}[field]
    assert client.patch(path, {field: other}, format="json").status_code == 400


def test_who_changed_a_mark_is_never_forgotten(client, admin, meeting, student, teacher):
    """Their mark was overwritten since, and they teach nothing any more: the history still needs their name."""
    put(client, meeting, [{"user": str(student.pk), "status": "absent"}])
    put(client_for(admin), meeting, [{"user": str(student.pk), "status": "present"}])
    Meeting.objects.update(teacher=admin)
    answer = client_for(admin).delete(f"/user/{teacher.pk}")
    assert (answer.status_code, answer.json()["is_active"]) == (200, False)
    assert Attending.history.filter(history_user=teacher).exists()


def test_who_is_expected_is_no_walk_in(client, meeting, student):
    put(client, meeting, [{"user": str(student.pk), "status": "present", "walk_in": True}])
    client.post(f"/meeting/{meeting.pk}/close")
    assert client.get(f"/meeting/{meeting.pk}/roster").json()["totals"]["expected"] == 1


class TestUnmark:
    def test_takes_marks_back_with_a_trace_and_all_or_none(self, client, group, meeting, student):
        other = add_students(group, 1)[0]
        put(client, meeting, [], default="present")
        marks = [{"user": str(other.pk), "status": "late", "version": 1}]
        body = {"marks": marks, "unmark": [{"user": str(student.pk), "version": 1}]}
        answer = client.put(f"/meeting/{meeting.pk}/roster", body, format="json")
        assert answer.status_code == 200
        shown = {row["user"]["id"]: row["mark"] for row in answer.json()["rows"]}
        assert shown[str(student.pk)] is None
        assert shown[str(other.pk)]["status"] == "late"
        assert answer.json() == client.get(f"/meeting/{meeting.pk}/roster").json()
        kinds = (
            Attending.history.filter(user=student).order_by("history_date", "history_type").values_list("history_type", flat=True)
        )
        assert sorted(kinds) == ["+", "-"]
        stale = client.put(f"/meeting/{meeting.pk}/roster", {**body, "unmark": []}, format="json")
        assert stale.status_code == 409
        assert Attending.objects.get(user=other).version == 2

    def test_of_somebody_else_is_stale_and_of_nobody_no_error(self, client, meeting, student):
        put(client, meeting, [{"user": str(student.pk), "status": "late"}])
        body = {"marks": [], "unmark": [{"user": str(student.pk), "version": 7}]}
        assert client.put(f"/meeting/{meeting.pk}/roster", body, format="json").status_code == 409
        body["unmark"][0].pop("version")
        assert [client.put(f"/meeting/{meeting.pk}/roster", body, format="json").status_code for _ in range(2)] == [200, 200]
        assert not Attending.objects.filter(user=student).exists()

    def test_a_walk_in_leaves_the_roster_with_the_mark(self, client, meeting, outsider):
        put(client, meeting, [{"user": str(outsider.pk), "status": "present", "walk_in": True}])
        body = {"marks": [], "unmark": [{"user": str(outsider.pk)}]}
        rows = client.put(f"/meeting/{meeting.pk}/roster", body, format="json").json()["rows"]
        assert str(outsider.pk) not in {row["user"]["id"] for row in rows}

    def test_needs_the_permission_to_remove_marks(self, client, meeting, student):
        put(client, meeting, [{"user": str(student.pk), "status": "late"}])
        permission = Permission.objects.get(codename="delete_attending")
        Role.objects.get(name="teacher").permissions.remove(permission)
        body = {"marks": [], "unmark": [{"user": str(student.pk)}]}
        assert client.put(f"/meeting/{meeting.pk}/roster", body, format="json").status_code == 403


def test_the_session_of_the_admin_serves_with_its_csrf_token_alone(meeting, teacher):
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(teacher, backend="accounts.backends.RoleBackend")
    path = f"/meeting/{meeting.pk}/roster"
    assert client.get(path).status_code == 200
    refused = client.put(path, {"marks": []}, format="json")
    assert (refused.status_code, refused["Content-Type"]) == (403, "application/problem+json")
    client.get("/admin/password_change/")
    token = client.cookies["csrftoken"].value
    assert client.put(path, {"marks": []}, format="json", headers={"X-CSRFToken": token}).status_code == 200
    assert client.get("/meetings").status_code == 401
