from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from accounts.rules import Role, effective_role, fold, sort_name
from attendings import services as marks
from conftest import client_for, make_user

cases = pytest.mark.parametrize


@given(st.text())
def test_folding_twice_is_folding_once(text):
    assert fold(fold(text)) == fold(text)


def test_names_sort_as_people_expect():
    names = ["Яковлев", "Ёлкин", "Егоров", "Жуков", "абрамов"]
    assert sorted(names, key=lambda name: sort_name(name, "Анна")) == ["абрамов", "Егоров", "Ёлкин", "Жуков", "Яковлев"]


@cases(("names", "superuser", "role"), [
    ([], False, None), ([], True, "admin"), (["student"], False, "student"), (["student", "teacher"], False, "teacher"),
    (["editors"], False, None), (["teacher", "admin"], False, "admin"), (["student"], True, "admin"),
])  # fmt: skip
def test_the_most_powerful_role_counts(names, superuser, role):
    assert effective_role(names, is_superuser=superuser) == role


@pytest.mark.django_db
@cases("text", ["ёлкин", "ЕЛКИН", "иго", "Ёлкин Игорь", "игорь елкин", "elkin@", "ELKIN@school.example"])
def test_search_knows_no_case_in_any_alphabet(admin, text):
    make_user("Игорь", "student", last_name="Ёлкин", email="elkin@school.example")
    body = client_for(admin).get("/users", {"search": text}).json()
    assert [user["email"] for user in body["results"]] == ["elkin@school.example"]


@pytest.mark.django_db
def test_filters(admin, teacher, student, group, other_group, outsider):
    client = client_for(admin)
    for query, expected in {
        "role=student": {"vera@school.example", "gleb@school.example"},
        "role=teacher": {"alla@school.example", "boris@school.example"},
        "role=admin": {"rimma@school.example"},
        f"group={group.pk}": {"vera@school.example"},
        "is_active=false": set(),
        "search=100%": set(),
    }.items():
        assert {user["email"] for user in client.get(f"/users?{query}").json()["results"]} == expected, query
    assert client_for(teacher).get(f"/users?group={other_group.pk}").json()["count"] == 0


@pytest.mark.django_db
def test_who_has_history_is_deactivated_and_who_has_none_is_removed(admin, teacher, student, meeting):
    client = client_for(admin)
    marks.mark_roster(acting_user=teacher, meeting=meeting, marks=[], default="present")
    for person in (student, teacher):
        answer = client.delete(f"/user/{person.pk}")
        assert (answer.status_code, answer.json()["is_active"]) == (200, False)
    newcomer = make_user("Zoya", "student")
    assert client.delete(f"/user/{newcomer.pk}").status_code == 204
    assert not User.objects.filter(pk=newcomer.pk).exists()


@pytest.mark.django_db
@cases(("method", "body"), [("delete", None), ("patch", {"is_active": False}), ("patch", {"role": "student"})])
def test_nobody_locks_themself_out(admin, method, body):
    assert getattr(client_for(admin), method)(f"/user/{admin.pk}", body, format="json").status_code == 409


@pytest.mark.django_db
def test_an_administrator_changes_roles(admin, student):
    client = client_for(admin)
    assert client.patch(f"/user/{student.pk}", {"role": "teacher"}, format="json").json()["role"] == "teacher"
    assert list(student.groups.values_list("name", flat=True)) == ["teacher"]
    assert client.get("/users?role=student").json()["count"] == 0


@pytest.mark.django_db
def test_a_person_made_without_a_password_cannot_log_in(admin):
    body = {"email": "n@school.example", "first_name": "N", "last_name": "N", "role": "teacher"}
    answer = client_for(admin).post("/users", body, format="json")
    assert (answer.status_code, answer.json()["role"]) == (201, Role.TEACHER)
    assert not User.objects.get(email="n@school.example").has_usable_password()


@pytest.mark.django_db
def test_the_email_is_unique_in_the_database_itself(student):
    from django.db import IntegrityError

    with pytest.raises(IntegrityError):
        User.objects.create(email="VERA@School.example", first_name="x", last_name="x")


@pytest.mark.django_db
@cases(
    ("method", "body"), [("patch", {"password": "green-apple-22"}), ("patch", {"email": "x@school.example"}), ("delete", None)]
)
def test_an_administrator_does_not_become_a_superuser(admin, method, body):
    root = User.objects.create_superuser("root@school.example", "p")
    assert getattr(client_for(admin), method)(f"/user/{root.pk}", body, format="json").status_code == 403
    root.refresh_from_db()
    assert (root.email, root.is_active, root.check_password("p")) == ("root@school.example", True, True)


@pytest.mark.django_db
def test_a_name_that_folding_lengthens_can_still_be_changed(admin):
    body = {"email": "n@school.example", "first_name": "\u0390" * 150, "last_name": "\u0390" * 150}
    user = client_for(admin).post("/users", body, format="json").json()
    assert client_for(admin).patch(f"/user/{user['id']}", {"is_active": False}, format="json").status_code == 200


@pytest.mark.django_db
def test_names_are_found_however_their_letters_are_composed(admin):
    make_user("Igor", "student", last_name="Й\u0451лкин")
    for text in ("\u0438\u0306\u0435\u0308лкин", "йёлкин", "ЙЕЛКИН"):
        assert client_for(admin).get("/users", {"search": text}).json()["count"] == 1


@pytest.mark.django_db
def test_a_profile_read_before_writes_no_stale_name(admin, student):
    from accounts.services import update_user

    stale = User.objects.get(pk=student.pk)
    update_user(acting_user=admin, user=student, last_name="New")
    update_user(acting_user=admin, user=stale, language="ru")
    stale.refresh_from_db()
    assert (stale.last_name, stale.sort_name) == ("New", "new vera")
