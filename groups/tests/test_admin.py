from __future__ import annotations

from datetime import date

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse
from django.utils import timezone

from accounts.models import RoleGroup
from conftest import add_students, make_user
from groups.models import Group, Membership
from groups.services import create_group
from tests.admin_pages import browser, errors_on, notes_on, page, queries_of, row_of, shown_form, suggestions


def with_new_row(data, person, joined_on="", left_on=""):
    index = int(data["memberships-TOTAL_FORMS"])
    row = {"user": str(person.pk) if person else "", "joined_on": joined_on, "left_on": left_on, "stay": ""}
    new = {f"memberships-{index}-{name}": value for name, value in row.items()}
    return data | new | {"memberships-TOTAL_FORMS": str(index + 1)}


class TestGroups:
    def test_are_added_with_teachers(self, admin, teacher):
        client, url = browser(admin), page(Group, "add")
        data = shown_form(client, url) | {"name": "9C", "teachers": [str(teacher.pk)]}
        assert client.post(url, data).status_code == 302
        assert list(Group.objects.get(name="9C").teachers.all()) == [teacher]

    @pytest.mark.parametrize(
        ("said", "words"),
        [
            ({"name": " 7a "}, "There is a group of this name already"),
            ({"name": "9C", "timezone": "Moscow"}, "No such time zone"),
        ],
    )
    def test_refuse_what_does_not_fit(self, admin, group, said, words):
        client, url = browser(admin), page(Group, "add")
        response = client.post(url, shown_form(client, url) | said)
        assert words in errors_on(response)
        assert Group.objects.count() == 1

    def test_are_not_taught_by_a_student(self, admin, group, student):
        client, url = browser(admin), page(Group, "change", group)
        response = client.post(url, shown_form(client, url) | {"teachers": [str(student.pk)]})
        assert "role teacher" in errors_on(response)

    def test_with_meetings_are_not_removed(self, admin, group, meeting):
        response = browser(admin).post(page(Group, "delete", group), {"post": "yes"}, follow=True)
        assert any("has meetings" in note for note in notes_on(response))
        assert Group.objects.filter(pk=group.pk).exists()

    def test_without_meetings_are_removed(self, admin, group):
        assert browser(admin).post(page(Group, "delete", group), {"post": "yes"}).status_code == 302
        assert not Group.objects.exists()

    def test_list_shows_members_and_costs_the_same_for_sixty(self, admin, group, teacher):
        client, url = browser(admin), page(Group, "changelist") + "?all="
        add_students(group, 3)
        for i in range(9):
            create_group(acting_user=None, name=f"G{i}", teachers=[teacher])
        few = queries_of(client, url)
        for i in range(50):
            create_group(acting_user=None, name=f"H{i}", teachers=[teacher])
        assert queries_of(client, url) <= few
        counts = {one.name: one.member_count for one in client.get(url).context["cl"].result_list}
        assert counts["7A"] == 4


class TestMembers:
    def test_join_and_leave_on_the_groups_page(self, teacher, group, student, admin):
        client, url = browser(teacher), page(Group, "change", group)
        newcomer = make_user("Nina", "student")
        data = shown_form(client, url)
        data = with_new_row(data, newcomer, "2026-09-01") | {f"{row_of(data, student)}-left_on": "2026-10-01"}
        assert client.post(url, data).status_code == 302
        assert {(stay.user, stay.joined_on, stay.left_on) for stay in group.memberships.all()} == {
            (student, date(2026, 1, 1), date(2026, 10, 1)),
            (newcomer, date(2026, 9, 1), None),
        }
        assert {row.history_user for row in Membership.history.filter(history_date__gte=group.created_at)} == {teacher, None}

    @pytest.mark.parametrize(
        ("who", "joined_on", "left_on", "words"),
        [
            ("student", "2026-02-01", "", "Verason Vera: This person is a member"),
            ("admin", "2026-02-01", "", "cannot be added|There is no such person"),
            (None, "2026-02-01", "", "Say who"),
            ("newcomer", "2026-02-02", "2026-02-01", "The last day cannot be before the first"),
            ("newcomer", "yesterday", "", "Enter a valid date"),
        ],
    )
    def test_refuse_what_does_not_fit_and_store_nothing(self, teacher, group, request, who, joined_on, left_on, words):
        person = make_user("Nina", "student") if who == "newcomer" else who and request.getfixturevalue(who)
        client, url = browser(teacher), page(Group, "change", group)
        data = with_new_row(shown_form(client, url), person, joined_on, left_on) | {"name": "7 A"}
        response = client.post(url, data)
        assert response.status_code == 200
        assert any(word in errors_on(response) for word in words.split("|"))
        assert [(one.name, one.memberships.count()) for one in Group.objects.all()] == [("7A", 1)]

    def test_dates_reversed_on_a_stored_stay(self, teacher, group, student):
        client, url = browser(teacher), page(Group, "change", group)
        data = shown_form(client, url)
        response = client.post(url, data | {f"{row_of(data, student)}-left_on": "2025-01-01"})
        assert "Verason Vera: The last day cannot be before the first" in errors_on(response)
        assert group.memberships.get().left_on is None

    def test_somebody_elses_stay_is_out_of_reach(self, teacher, group, other_group, student, outsider):
        client, url = browser(teacher), page(Group, "change", group)
        data = shown_form(client, url)
        row = row_of(data, student)
        response = client.post(url, data | {f"{row}-stay": str(other_group.memberships.get().pk), f"{row}-left_on": "2026-10-01"})
        assert response.status_code == 200
        assert other_group.memberships.get().left_on is None

    def test_page_costs_the_same_for_five_and_for_sixty(self, teacher, group):
        client, url = browser(teacher), page(Group, "change", group)
        add_students(group, 4)
        few = queries_of(client, url), queries_of(client, url, shown_form(client, url) | {"description": "x"})
        for i in range(55):
            person = make_user(f"P{i}", "student")
            Membership.objects.create(group=group, user=person, joined_on=date(2026, 1, 1))
        many = queries_of(client, url), queries_of(client, url, shown_form(client, url) | {"description": "y"})
        assert many <= few

    def test_adding_many_costs_the_same_as_adding_few(self, teacher, group):
        client, url = browser(teacher), page(Group, "change", group)

        def cost(people):
            data = shown_form(client, url)
            for person in people:
                data = with_new_row(data, person, "2026-09-01")
            return queries_of(client, url, data)

        people = [make_user(f"P{i}", "student") for i in range(25)]
        assert cost(people[:5]) >= cost(people[5:])


class TestWithoutPermissions:
    """What an operator took from the role is taken from the group's page too."""

    @pytest.fixture(autouse=True)
    def _taken(self, group):
        taken = Permission.objects.filter(codename__in=["add_membership", "change_membership", "delete_membership"])
        RoleGroup.objects.get(name="teacher").permissions.remove(*taken)

    def test_nobody_is_added(self, teacher, group):
        client, url = browser(teacher), page(Group, "change", group)
        data = {name: value for name, value in shown_form(client, url).items() if not name.startswith("memberships-")}
        data |= {"memberships-TOTAL_FORMS": "2", "memberships-INITIAL_FORMS": "0"}
        data |= {"memberships-0-user": str(make_user("Nina", "student").pk), "memberships-0-joined_on": "2026-11-20"}
        assert client.post(url, data).status_code == 403
        assert client.post(url, data | {"memberships-INITIAL_FORMS": "2"}).status_code == 403
        assert group.memberships.count() == 1

    def test_nobodys_days_are_changed(self, teacher, group, student):
        client, url = browser(teacher), page(Group, "change", group)
        data = shown_form(client, url)
        data |= {f"{row_of(data, student)}-left_on": "2026-11-20"}
        assert client.post(url, data).status_code == 403
        assert client.post(url, data | {"memberships-INITIAL_FORMS": "0"}).status_code == 403
        assert group.memberships.get().left_on is None

    def test_the_group_itself_is_still_changed(self, teacher, group):
        client, url = browser(teacher), page(Group, "change", group)
        shown = shown_form(client, url)
        data = {name: value for name, value in shown.items() if not name.startswith("memberships-0-")}
        data |= {"memberships-0-stay": shown["memberships-0-stay"], "description": "The best"}
        assert client.post(url, data).status_code == 302
        group.refresh_from_db()
        assert (group.description, group.memberships.get().history.count()) == ("The best", 1)

    def test_what_is_left_is_still_allowed(self, teacher, group):
        RoleGroup.objects.get(name="teacher").permissions.add(Permission.objects.get(codename="add_membership"))
        client, url = browser(teacher), page(Group, "change", group)
        data = with_new_row(shown_form(client, url), make_user("Nina", "student"), "2026-11-20")
        assert client.post(url, data).status_code == 302
        assert group.memberships.count() == 2


class TestNoIds:
    """What is sent as an id and is none."""

    @pytest.mark.parametrize(("model", "name"), [(Membership, "group"), (Membership, "user"), (Group, "teachers")])
    def test_begin_no_form(self, admin, group, model, name):
        response = browser(admin).get(page(model, "add"), {name: "abc"})
        assert response.status_code == 200
        assert name not in response.context["adminform"].form.initial

    @pytest.mark.parametrize(("model", "name"), [(Membership, "group"), (Membership, "user"), (Group, "teachers")])
    def test_are_shown_as_errors(self, admin, group, model, name):
        client, url = browser(admin), page(model, "add")
        response = client.post(url, shown_form(client, url) | {name: "abc"})
        assert response.status_code == 200
        assert "valid" in " ".join(response.context["adminform"].form.errors[name])


class TestATeacher:
    def test_edits_name_and_description_alone(self, teacher, group, other_teacher):
        client, url = browser(teacher), page(Group, "change", group)
        sent = {"name": "7A+", "teachers": [str(other_teacher.pk)], "timezone": "Asia/Tokyo"}
        assert client.post(url, shown_form(client, url) | sent).status_code == 302
        group.refresh_from_db()
        assert (group.name, group.timezone, list(group.teachers.all())) == ("7A+", "UTC", [teacher])

    def test_has_no_other_groups(self, teacher, group, other_group):
        client = browser(teacher)
        assert list(client.get(page(Group, "changelist")).context["cl"].result_list) == [group]
        for name in ("change", "history"):
            assert client.get(page(Group, name, other_group)).status_code == 302
        assert client.post(page(Group, "change", other_group), {"name": "mine"}).status_code == 302
        assert client.get(page(Group, "add")).status_code == 403
        assert client.post(page(Group, "delete", group), {"post": "yes"}).status_code == 403
        assert suggestions(client, Membership, "group") == ["7A"]
        other_group.refresh_from_db()
        assert other_group.name == "8B"

    def test_adds_nobody_to_another_group(self, teacher, group, other_group, student):
        client, url = browser(teacher), page(Membership, "add")
        data = shown_form(client, url) | {"group": str(other_group.pk), "user": str(student.pk), "joined_on": "2026-09-01"}
        response = client.post(url, data)
        assert "Select a valid choice" in errors_on(response)
        assert other_group.memberships.count() == 1


class TestMembershipPages:
    def test_add_change_and_history(self, admin, group):
        nina = make_user("Nina", "student")
        client, url = browser(admin), page(Membership, "add")
        data = shown_form(client, url) | {"group": str(group.pk), "user": str(nina.pk), "joined_on": "2026-09-01"}
        assert client.post(url, data).status_code == 302
        stay = Membership.objects.get(user=nina)
        url = page(Membership, "change", stay)
        assert client.post(url, shown_form(client, url) | {"left_on": "2026-12-01"}).status_code == 302
        stay.refresh_from_db()
        assert stay.left_on == date(2026, 12, 1)
        assert "2026" in client.get(page(Membership, "history", stay)).content.decode()
        assert [past.history_user for past in stay.history.all()] == [admin, admin]

    @pytest.mark.parametrize(
        ("joined_on", "left_on", "words"),
        [("2026-02-01", "", "member at that time already"), ("2026-02-02", "2026-02-01", "cannot be before the first")],
    )
    def test_refuse_what_does_not_fit(self, admin, group, student, joined_on, left_on, words):
        client, url = browser(admin), page(Membership, "add")
        said = {"group": str(group.pk), "user": str(student.pk), "joined_on": joined_on, "left_on": left_on}
        assert words in errors_on(client.post(url, shown_form(client, url) | said))
        assert Membership.objects.count() == 1

    def test_are_ended_and_never_removed(self, admin, group, student):
        stay = group.memberships.get()
        client = browser(admin)
        assert client.post(page(Membership, "delete", stay), {"post": "yes"}).status_code == 403
        client.post(page(Membership, "changelist"), {"action": "end_today", "_selected_action": [str(stay.pk)]})
        stay.refresh_from_db()
        assert stay.left_on == timezone.now().date()

    def test_another_groups_history_is_out_of_sight(self, other_teacher, group):
        stay = group.memberships.get()
        past = reverse("admin:groups_membership_simple_history", args=[stay.pk, stay.history.get().pk])
        client = browser(other_teacher)
        assert client.get(past).status_code == 302
        assert client.get(page(Membership, "history", stay)).status_code == 302
