from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from accounts.models import RoleGroup, User
from attendings.services import mark_roster
from conftest import PASSWORD, make_user
from groups.models import Group
from meetings.models import Meeting
from tests.admin_pages import browser, errors_on, notes_on, page, shown_form, suggestions


@pytest.fixture
def superuser(db):
    return User.objects.create_superuser("root@school.example", PASSWORD, first_name="Root", last_name="Rootson")


NEW = {"email": "New@School.example", "last_name": "Newson", "first_name": "Nora", "role": "teacher", "is_active": "on"}


class TestLogIn:
    def test_takes_the_email(self, admin):
        client = Client()
        sent = {"username": "RIMMA@school.example", "password": PASSWORD, "next": "/admin/"}
        assert "Email" in client.get(reverse("admin:login")).content.decode()
        assert client.post(reverse("admin:login"), sent)["Location"] == "/admin/"

    def test_refuses_a_student(self, student):
        sent = {"username": student.email, "password": PASSWORD}
        assert Client().post(reverse("admin:login"), sent).status_code == 200


class TestPeople:
    def test_adds_somebody_with_a_role_and_a_password(self, admin):
        client, url = browser(admin), page(User, "add")
        data = shown_form(client, url) | NEW | {"new_password": "brown-dog-17", "again": "brown-dog-17"}
        assert client.post(url, data).status_code == 302
        nora = User.objects.get(email="new@school.example")
        assert (nora.role, nora.check_password("brown-dog-17"), nora.is_staff) == ("teacher", True, True)

    def test_without_a_password_nobody_can_log_in(self, admin):
        client, url = browser(admin), page(User, "add")
        client.post(url, shown_form(client, url) | NEW)
        assert not User.objects.get(email="new@school.example").has_usable_password()

    @pytest.mark.parametrize(
        ("said", "words"),
        [
            ({"email": "RIMMA@school.example"}, "Somebody has this email already"),
            ({"timezone": "Moscow"}, "No such time zone"),
            ({"role": "emperor"}, "Select a valid choice"),
            ({"new_password": "12345", "again": "12345"}, "too short"),
            ({"new_password": "brown-dog-17", "again": "brown-dog-71"}, "differ"),
            ({"last_name": ""}, "required"),
        ],
    )
    def test_refuses_what_does_not_fit(self, admin, said, words):
        client, url = browser(admin), page(User, "add")
        response = client.post(url, shown_form(client, url) | NEW | said)
        assert response.status_code == 200
        assert words in errors_on(response)
        assert User.objects.count() == 1

    def test_changes_only_what_was_changed(self, admin, student):
        client, url = browser(admin), page(User, "change", student)
        data = shown_form(client, url)
        assert client.post(url, data | {"first_name": "Vera-Maria", "role": "teacher"}).status_code == 302
        changed = User.objects.get(pk=student.pk)
        assert (changed.first_name, changed.last_name, changed.role) == ("Vera-Maria", "Verason", "teacher")
        assert changed.check_password(PASSWORD)

    def test_nobody_takes_their_own_role_away(self, admin):
        client, url = browser(admin), page(User, "change", admin)
        response = client.post(url, shown_form(client, url) | {"role": "student"})
        assert "Another administrator can" in errors_on(response)
        assert User.objects.get(pk=admin.pk).role == "admin"

    def test_ones_own_password_needs_the_present_one_and_is_not_set_here(self, admin):
        client, url = browser(admin), page(User, "change", admin)
        data = shown_form(client, url) | {"new_password": "brown-dog-17", "again": "brown-dog-17"}
        assert "Change your password at /me/password." in errors_on(client.post(url, data))
        admin.refresh_from_db()
        assert admin.check_password(PASSWORD)

    def test_removes_somebody_without_history(self, admin, student):
        client = browser(admin)
        assert client.get(page(User, "delete", student)).status_code == 200
        assert client.post(page(User, "delete", student), {"post": "yes"}).status_code == 302
        assert not User.objects.filter(pk=student.pk).exists()

    def test_deactivates_somebody_with_history(self, admin, teacher, student, meeting):
        mark_roster(acting_user=teacher, meeting=meeting, marks=[], default="present")
        notes = notes_on(browser(admin).post(page(User, "delete", student), {"post": "yes"}, follow=True))
        assert any("deactivated" in note for note in notes)
        assert not any("successfully" in note for note in notes)
        student.refresh_from_db()
        assert not student.is_active

    def test_removing_many_is_all_or_none(self, admin, student):
        sent = {"action": "delete_selected", "_selected_action": [str(student.pk), str(admin.pk)], "post": "yes"}
        response = browser(admin).post(page(User, "changelist"), sent, follow=True)
        assert any("Nobody removes themself" in note for note in notes_on(response))
        assert User.objects.filter(pk=student.pk).exists()

    def test_only_a_superuser_touches_a_superuser(self, admin, superuser):
        client = browser(admin)
        assert client.post(page(User, "change", superuser), {"new_password": "x"}).status_code == 403
        assert client.post(page(User, "delete", superuser), {"post": "yes"}).status_code == 403
        sent = {"action": "delete_selected", "_selected_action": [str(superuser.pk)], "post": "yes"}
        client.post(page(User, "changelist"), sent)
        assert User.objects.filter(pk=superuser.pk).exists()

    def test_is_searched_in_any_case_and_alphabet(self, admin):
        make_user("Пётр", "student", last_name="Ёлкин", email="petr@school.example")
        client = browser(admin)
        for text in ("елкин", "ЁЛКИН пётр", "PETR@"):
            assert "Ёлкин Пётр" in client.get(page(User, "changelist"), {"q": text}).content.decode()
        assert "Ёлкин" not in client.get(page(User, "changelist"), {"q": "Сосна"}).content.decode()

    def test_is_filtered_by_role_group_and_being_active(self, admin, teacher, student, outsider, group):
        client = browser(admin)
        for query, there, absent in (
            ({"role": "teacher"}, teacher, student),
            ({"group": str(group.pk)}, student, outsider),
            ({"is_active__exact": "1"}, student, None),
        ):
            people = list(client.get(page(User, "changelist"), query).context["cl"].result_list)
            assert there in people
            assert absent not in people
        assert client.get(page(User, "changelist"), {"group": "no-uuid"}).status_code == 200


class TestATeacher:
    def test_reads_the_people_they_teach_and_nobody_else(self, teacher, student, outsider, group, other_group):
        client = browser(teacher)
        people = set(client.get(page(User, "changelist")).context["cl"].result_list)
        assert people == {teacher, student}
        content = client.get(page(User, "change", student)).content.decode()
        assert student.email in content
        assert 'name="email"' not in content
        assert "new_password" not in content
        assert client.get(page(User, "change", outsider)).status_code == 302

    def test_changes_nobody(self, teacher, student, outsider, group, other_group):
        client = browser(teacher)
        for person in (student, outsider, teacher):
            assert client.post(page(User, "change", person), {"first_name": "X"}).status_code in {302, 403}
            assert client.post(page(User, "delete", person), {"post": "yes"}).status_code in {302, 403}
        assert client.get(page(User, "add")).status_code == 403
        assert not User.objects.filter(first_name="X").exists()
        assert User.objects.count() == 4

    def test_is_suggested_only_whom_they_see(self, teacher, other_teacher, student, outsider, group, other_group):
        assert suggestions(browser(teacher), Group.memberships.rel.related_model, "user") == [str(teacher), str(student)]


def test_teachers_are_suggested_for_teaching(admin, teacher, student):
    assert suggestions(browser(admin), Meeting, "teacher") == [str(teacher), str(admin)]


class TestRoles:
    def test_a_superuser_adjusts_what_a_role_may(self, superuser):
        role = RoleGroup.objects.get(name="teacher")
        client, url = browser(superuser), page(RoleGroup, "change", role)
        assert client.get(page(RoleGroup, "changelist")).status_code == 200
        wanted = Permission.objects.get(codename="add_group", content_type__app_label="groups")
        assert client.post(url, {"permissions": [wanted.pk], "name": "boss"}).status_code == 302
        assert list(role.permissions.all()) == [wanted]
        assert RoleGroup.objects.get(pk=role.pk).name == "teacher"

    def test_nobody_else_does(self, admin):
        role = RoleGroup.objects.get(name="teacher")
        client = browser(admin)
        assert client.get(page(RoleGroup, "changelist")).status_code == 403
        assert client.post(page(RoleGroup, "change", role), {"permissions": []}).status_code == 403

    def test_a_role_is_not_removed(self, superuser):
        role = RoleGroup.objects.get(name="teacher")
        assert browser(superuser).post(page(RoleGroup, "delete", role), {"post": "yes"}).status_code == 403


@pytest.mark.django_db
def test_ones_own_password_is_changed_by_the_service_and_revokes_tokens(teacher, client):
    from accounts.tokens import issue_tokens
    from conftest import PASSWORD

    raw = issue_tokens(teacher).refresh
    client.force_login(teacher)
    url = "/admin/password_change/"
    assert client.get(url).status_code == 200
    values = {"old_password": PASSWORD, "new_password1": "green-apple-22", "new_password2": "green-apple-22"}
    assert client.post(url, {**values, "old_password": "wrong"}).status_code == 200
    assert client.post(url, values).status_code == 302
    assert client.get("/admin/").status_code == 200
    assert client.post("/token/refresh", {"refresh": raw}, content_type="application/json").status_code == 401


@pytest.mark.django_db
def test_pages_speak_the_language_of_the_person(teacher, client):
    teacher.language = "ru"
    teacher.save()
    client.force_login(teacher)
    assert client.get("/admin/").headers["Content-Language"] == "ru"
