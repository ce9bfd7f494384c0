"""Every route for every kind of caller. A route of the router without a row here fails."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from attendance.api.router import router
from attendance.urls import urlpatterns
from attendings import services as marks
from attendings.services import MarkInput
from conftest import client_for, make_meeting, make_user
from groups import services as groups

pytestmark = pytest.mark.django_db

CALLERS = ("anonymous", "outsider", "member", "other_teacher", "teacher", "admin")
START, END = "2026-09-01T09:00:00Z", "2026-09-01T10:00:00Z"

# (method, path, body): the status for each of CALLERS, in their order.
# The group, its meeting and mark are the teacher's; the member is in it; the outsider and the other teacher have to do with another.
MATRIX: dict[tuple[str, str], tuple[Any, tuple[int, ...]]] = {
    ("get", "/users"): (None, (401, 200, 200, 200, 200, 200)),
    ("post", "/users"): ({"email": "new@school.example", "first_name": "N", "last_name": "N"}, (401, 403, 403, 403, 403, 201)),
    ("get", "/user/{member}"): (None, (401, 404, 200, 404, 200, 200)),
    ("put", "/user/{member}"): (
        {"email": "vera@school.example", "first_name": "V", "last_name": "V"},
        (401, 404, 200, 404, 403, 200),
    ),
    ("patch", "/user/{member}"): ({"first_name": "Vera"}, (401, 404, 200, 404, 403, 200)),
    ("delete", "/user/{member}"): (None, (401, 404, 403, 404, 403, 200)),
    ("get", "/user/{member}/report"): (None, (401, 404, 200, 404, 200, 200)),
    ("get", "/groups"): (None, (401, 200, 200, 200, 200, 200)),
    ("post", "/groups"): ({"name": "new"}, (401, 403, 403, 403, 403, 201)),
    ("get", "/group/{group}"): (None, (401, 404, 200, 404, 200, 200)),
    ("put", "/group/{group}"): ({"name": "7A2"}, (401, 404, 403, 404, 200, 200)),
    ("patch", "/group/{group}"): ({"name": "7A2"}, (401, 404, 403, 404, 200, 200)),
    ("delete", "/group/{group}"): (None, (401, 404, 403, 404, 403, 409)),
    ("get", "/group/{group}/members"): (None, (401, 404, 200, 404, 200, 200)),
    ("post", "/group/{group}/members"): ({"user": "{stranger}"}, (401, 404, 403, 404, 201, 201)),
    ("patch", "/group/{group}/member/{member}"): ({"joined_on": "2026-02-01"}, (401, 404, 403, 404, 200, 200)),
    ("delete", "/group/{group}/member/{member}"): (None, (401, 404, 403, 404, 204, 204)),
    ("get", "/meetings"): (None, (401, 200, 200, 200, 200, 200)),
    # The group in the body is out of sight for the other teacher: a value that does not exist, as far as they can tell.
    ("post", "/meetings"): (
        {"group": "{group}", "title": "t", "starts_at": START, "ends_at": END},
        (401, 403, 403, 400, 201, 201),
    ),
    ("get", "/meeting/{meeting}"): (None, (401, 404, 200, 404, 200, 200)),
    ("put", "/meeting/{unmarked_meeting}"): (
        {"group": "{group}", "title": "t", "starts_at": START, "ends_at": END},
        (401, 404, 403, 404, 200, 200),
    ),
    ("patch", "/meeting/{meeting}"): ({"title": "t"}, (401, 404, 403, 404, 200, 200)),
    ("delete", "/meeting/{meeting}"): (None, (401, 404, 403, 404, 409, 409)),
    ("get", "/meeting/{meeting}/roster"): (None, (401, 404, 200, 404, 200, 200)),
    ("put", "/meeting/{meeting}/roster"): ({"marks": [], "default": "present"}, (401, 404, 403, 404, 200, 200)),
    ("post", "/meeting/{meeting}/close"): (None, (401, 404, 403, 404, 200, 200)),
    ("post", "/meeting/{meeting}/reopen"): (None, (401, 404, 403, 404, 200, 200)),
    ("post", "/meeting/{meeting}/cancel"): (None, (401, 404, 403, 404, 200, 200)),
    ("get", "/attendings"): (None, (401, 200, 200, 200, 200, 200)),
    ("post", "/attendings"): (
        {"meeting": "{unmarked_meeting}", "user": "{member}", "status": "present"},
        (401, 403, 403, 400, 201, 201),
    ),
    ("get", "/attending/{mark}"): (None, (401, 404, 200, 404, 200, 200)),
    ("put", "/attending/{mark}"): ({"status": "late"}, (401, 404, 403, 404, 200, 200)),
    ("patch", "/attending/{mark}"): ({"note": "n"}, (401, 404, 403, 404, 200, 200)),
    ("delete", "/attending/{mark}"): (None, (401, 404, 403, 404, 204, 204)),
    ("get", "/me"): (None, (401, 200, 200, 200, 200, 200)),
    ("patch", "/me"): ({"first_name": "Me"}, (401, 200, 200, 200, 200, 200)),
    ("post", "/me/password"): ({"current_password": "wrong", "new_password": "n"}, (401, 400, 400, 400, 400, 400)),
    ("post", "/logout"): ({"refresh": "no token"}, (401,) * 6),
    ("get", "/hc"): (None, (401, 200, 200, 200, 200, 200)),
    ("post", "/register"): ({}, (400,) * 6),
    ("post", "/login"): ({"email": "nobody@school.example", "password": "p"}, (401,) * 6),
    ("post", "/token/refresh"): ({"refresh": "no token"}, (401,) * 6),
    ("get", "/livez"): (None, (200,) * 6),
    ("get", "/readyz"): (None, (200,) * 6),
    ("get", "/metrics"): (None, (200,) * 6),
    ("get", "/schema"): (None, (200,) * 6),
    ("get", "/docs"): (None, (200,) * 6),
    ("get", "/"): (None, (302,) * 6),
}


@pytest.fixture
def cast(admin, teacher, other_teacher, student, outsider, group, other_group, meeting) -> dict[str, Any]:
    people = {"anonymous": None, "outsider": outsider, "member": student, "other_teacher": other_teacher}
    roster = marks.mark_roster(acting_user=teacher, meeting=meeting, marks=[MarkInput(student.pk, {"status": "present"})])
    return {**people, "teacher": teacher, "admin": admin} | {
        "group": group,
        "meeting": meeting,
        "unmarked_meeting": make_meeting(group),
        "mark": roster.rows[0].mark,
        "stranger": make_user("Zoya", "student"),
    }


def filled(value: Any, cast: dict[str, Any]) -> Any:
    """A path or body with `{name}` replaced by the id of that member of the cast."""
    if isinstance(value, dict):
        return {name: filled(inner, cast) for name, inner in value.items()}
    return value.format(**{name: getattr(thing, "pk", "") for name, thing in cast.items()}) if isinstance(value, str) else value


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize(("method", "path"), MATRIX)
def test_matrix(method: str, path: str, caller: str, cast: dict[str, Any]) -> None:
    body, expected = MATRIX[method, path]
    answer = getattr(client_for(cast[caller]), method)(filled(path, cast), filled(body, cast), format="json")
    assert answer.status_code == expected[CALLERS.index(caller)], answer.content
    if answer.status_code >= 400:
        assert answer["Content-Type"] == "application/problem+json"
    if answer.status_code == 401:
        assert answer["WWW-Authenticate"].startswith("Bearer")


def routes() -> Iterator[tuple[str, str]]:
    """Every method and path that the URL configuration serves, in the form of the matrix."""
    lookups = {"user": "member", "group": "group", "meeting": "meeting", "attending": "mark"}
    for route in router.get_urls():
        pattern = str(route.pattern).strip("^$\\Z").replace("/(?P<user_id>[^/.]+)", "/{member}")
        name = lookups[pattern.split("/")[0].rstrip("s")]
        for method in route.callback.actions:
            if method != "head":
                yield method, "/" + pattern.replace("(?P<pk>[^/.]+)", f"{{{name}}}")
    for entry in urlpatterns:
        if str(entry.pattern).startswith("admin/") or hasattr(entry.callback, "actions"):  # the admin has tests of its own
            continue
        view = getattr(entry.callback, "view_class", None)
        methods = (
            [m for m in ("get", "post", "put", "patch", "delete") if hasattr(view, m)] if hasattr(view, "schema") else ["get"]
        )
        for method in methods:
            yield method, "/" + str(entry.pattern).replace("<str:id>", "{member}")


def test_every_route_has_a_row() -> None:
    rows = {(method, path.replace("{unmarked_meeting}", "{meeting}")) for method, path in MATRIX}
    assert set(routes()) == rows


def test_teachers_may_not_reach_beyond_their_fields(teacher, group, other_teacher) -> None:
    client = client_for(teacher)
    for body in ({"teachers": [str(teacher.pk), str(other_teacher.pk)]}, {"timezone": "Asia/Tokyo"}):
        answer = client.patch(f"/group/{group.pk}", body, format="json")
        assert answer.status_code == 400, body
        assert answer.json()["errors"][0]["pointer"] == f"/{next(iter(body))}"
    unchanged = {"name": "7A", "teachers": [str(teacher.pk)], "timezone": group.timezone}
    assert client.put(f"/group/{group.pk}", unchanged, format="json").status_code == 200


def test_a_teacher_adds_students_only(teacher, group, admin, other_teacher) -> None:
    for person in (admin, other_teacher):
        answer = client_for(teacher).post(f"/group/{group.pk}/members", {"user": str(person.pk)}, format="json")
        assert answer.status_code == 400
    assert client_for(teacher).get(f"/user/{admin.pk}").status_code == 404


def test_students_see_no_emails_or_marks_of_others(student, teacher, group, meeting) -> None:
    fellow = make_user("Fedor", "student")
    groups.add_members(acting_user=None, group=group, members=[groups.NewMember(fellow.pk, date(2026, 1, 1))])
    marks.mark_roster(acting_user=teacher, meeting=meeting, marks=[], default="absent")
    client = client_for(student)
    for path in (f"/group/{group.pk}", f"/group/{group.pk}/members", f"/meeting/{meeting.pk}/roster", "/users", "/attendings"):
        assert "fedor@" not in client.get(path).content.decode()
    roster = client.get(f"/meeting/{meeting.pk}/roster").json()
    assert [row["user"]["id"] for row in roster["rows"]] == [str(student.pk)]
    assert {mark["user"] for mark in client.get("/attendings").json()["results"]} == {str(student.pk)}


def test_who_left_sees_the_group_no_more_but_their_own_marks(student, teacher, group, meeting) -> None:
    marks.mark_roster(acting_user=teacher, meeting=meeting, marks=[], default="present")
    stay = groups.current_membership(group, student.pk)
    groups.update_membership(acting_user=teacher, membership=stay, left_on=date(2026, 2, 1))
    client = client_for(student)
    assert client.get(f"/group/{group.pk}").status_code == 404
    assert len(client.get("/attendings").json()["results"]) == 1


@pytest.mark.parametrize("field", ["role", "is_active", "email", "password"])
def test_nobody_promotes_themself(student, field) -> None:
    value = {"role": "admin", "is_active": False, "email": "x@school.example", "password": "another-horse-7"}[field]
    for path in ("/me", f"/user/{student.pk}"):
        answer = client_for(student).patch(path, {field: value}, format="json")
        assert answer.status_code in {400, 409}
    student.refresh_from_db()
    assert student.email == "vera@school.example"
    assert student.is_active


@pytest.mark.parametrize("field", ["is_staff", "is_superuser"])
def test_powers_are_not_fields(student, admin, field) -> None:
    for client, path in ((client_for(student), "/me"), (client_for(admin), f"/user/{student.pk}")):
        answer = client.patch(path, {field: True}, format="json")
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["pointer"] == f"/{field}"


def test_registration_makes_a_student_and_refuses_a_role(db) -> None:
    body = {"email": "new@school.example", "password": "brown-horse-12", "first_name": "N", "last_name": "N"}
    assert client_for(None).post("/register", {**body, "role": "admin"}, format="json").status_code == 400
    answer = client_for(None).post("/register", body, format="json")
    assert answer.status_code == 201
    assert answer.json()["user"]["role"] == "student"


def test_a_superuser_counts_as_admin(db) -> None:
    from accounts.models import User

    root = User.objects.create_superuser("root@school.example", "p")
    assert client_for(root).get("/me").json()["role"] == "admin"
    assert client_for(root).get("/users?role=admin").json()["count"] == 1


def test_an_operator_can_take_a_permission_away_and_migrate_does_not_give_it_back(teacher, group, meeting) -> None:
    from django.apps import apps
    from django.contrib.auth.models import Group as AuthGroup
    from django.contrib.auth.models import Permission

    from accounts.roles import grant_defaults

    AuthGroup.objects.get(name="teacher").permissions.remove(Permission.objects.get(codename="delete_meeting"))
    grant_defaults(apps.get_app_config("meetings"))
    assert client_for(teacher).delete(f"/meeting/{meeting.pk}").status_code == 403
