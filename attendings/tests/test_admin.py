"""Every page of the admin answers; the register on a meeting's page."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.urls import reverse
from django.utils import timezone

from accounts.models import RoleGroup, User
from accounts.rules import sort_name
from attendings import services
from attendings.admin.marks import AttendingForm
from attendings.models import Attending
from attendings.services import MarkInput
from conftest import add_students, make_meeting, make_user
from groups import services as groups
from groups.models import Membership
from groups.services import NewMember
from meetings.models import Meeting, Series
from tests.admin_pages import browser, errors_on, notes_on, page, queries_of, shown_form


@pytest.fixture
def mark(meeting, student, teacher):
    return services.create_mark(acting_user=teacher, meeting=meeting, said=MarkInput(student.pk, {"status": "present"}))


@pytest.fixture
def superuser(db):
    return User.objects.create_superuser("root@school.example", "correct-horse-9", first_name="Root", last_name="Rootson")


@pytest.fixture
def everything(mark, group, teacher):
    Series.objects.create(
        group=group,
        teacher=teacher,
        title="Weekly",
        rule="FREQ=WEEKLY",
        first_day=date(2026, 9, 1),
        last_day=date(2026, 9, 30),
        starts="09:00",
    )


class TestEveryPage:
    @pytest.mark.parametrize("who", ["superuser", "admin", "teacher"])
    def test_answers(self, everything, who, request):
        client = browser(request.getfixturevalue(who))
        assert client.get(reverse("admin:index")).status_code == 200
        visited = 0
        for model, model_admin in admin.site._registry.items():
            allowed = client.get(page(model, "changelist")).status_code
            assert allowed == (200 if model_admin.has_view_permission(_request(client)) else 403), model
            if allowed == 200:
                visited += _visit(client, model, model_admin)
        assert visited >= 20

    def test_students_stay_outside(self, student, mark):
        client = browser(student)
        for url in (reverse("admin:index"), page(Meeting, "changelist"), page(Attending, "change", mark)):
            assert client.get(url).status_code == 302
            assert "/login" in client.get(url)["Location"]

    def test_what_only_a_superuser_needs_is_in_nobody_elses_way(self, admin, superuser):
        assert "accounts/rolegroup" not in browser(admin).get(reverse("admin:index")).content.decode()
        assert "accounts/rolegroup" in browser(superuser).get(reverse("admin:index")).content.decode()


def _request(client):
    return client.get(reverse("admin:index")).wsgi_request


def _visit(client, model, model_admin):
    request, things = _request(client), list(model_admin.get_queryset(_request(client))[:2])
    urls = [page(model, "changelist") + "?q=Vera", page(model, "changelist") + "?p=2"]
    urls += [page(model, name, thing) for thing in things for name in ("change", "history")]
    if model_admin.has_add_permission(request):
        urls.append(page(model, "add"))
    if model_admin.has_delete_permission(request):
        urls += [page(model, "delete", thing) for thing in things[:1] if model_admin.has_delete_permission(request, thing)]
    if hasattr(model, "history"):
        urls += [
            reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_simple_history", args=[thing.pk, past.pk])
            for thing in things
            for past in thing.history.all()
        ]
    for url in urls:
        assert client.get(url).status_code == 200, url
    return len(urls)


class TestClosing:
    def test_closes_the_chosen_and_says_which_were_refused(self, teacher, group, meeting):
        tomorrow = make_meeting(group, timezone.now() + timedelta(days=2), title="To come")
        client = browser(teacher)
        chosen = {"action": "close", "_selected_action": [str(meeting.pk), str(tomorrow.pk)]}
        notes = notes_on(client.post(page(Meeting, "changelist"), chosen, follow=True))
        assert any("1 meeting is closed" in note for note in notes)
        assert any("To come" in note and "has not come" in note for note in notes)
        meeting.refresh_from_db()
        assert (meeting.state, Attending.objects.get().status) == ("closed", "absent")


def take_from_teachers(*codenames):
    RoleGroup.objects.get(name="teacher").permissions.remove(*Permission.objects.filter(codename__in=codenames))


class TestWithoutPermissions:
    """What an operator took from a role is taken from its pages too."""

    @pytest.mark.parametrize("taken", ["add_attending", "change_attending"])
    def test_no_meeting_is_closed(self, teacher, meeting, student, taken):
        take_from_teachers(taken)
        client = browser(teacher)
        client.post(page(Meeting, "changelist"), {"action": "close", "_selected_action": [str(meeting.pk)]})
        meeting.refresh_from_db()
        assert (meeting.state, Attending.objects.exists()) == ("scheduled", False)

    def test_no_meeting_is_reopened(self, teacher, meeting):
        services.close_meeting(acting_user=teacher, meeting=meeting)
        take_from_teachers("change_attending")
        client = browser(teacher)
        client.post(page(Meeting, "changelist"), {"action": "reopen", "_selected_action": [str(meeting.pk)]})
        meeting.refresh_from_db()
        assert meeting.state == "closed"


class TestNoIds:
    """What is sent as an id and is none."""

    @pytest.mark.parametrize("model", [Meeting, Attending, Membership])
    def test_no_such_past(self, admin, mark, group, model):
        thing = model.objects.first()
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}_simple_history"
        assert browser(admin).get(reverse(name, args=[thing.pk, "abc"])).status_code == 404
        assert browser(admin).get(reverse(name, args=["abc", "abc"])).status_code == 404

    def test_choose_nothing_for_an_action(self, superuser, everything):
        client = browser(superuser)
        for model, model_admin in admin.site._registry.items():
            for action in model_admin.get_actions(_request(client)):
                sent = {"action": action, "_selected_action": ["abc"], "post": "yes"}
                response = client.post(page(model, "changelist"), sent)
                assert response.status_code in {200, 302}, (model, action)

    def test_leave_the_other_chosen_ones(self, teacher, meeting):
        sent = {"action": "close", "_selected_action": ["abc", str(meeting.pk)]}
        browser(teacher).post(page(Meeting, "changelist"), sent)
        meeting.refresh_from_db()
        assert meeting.state == "closed"


class TestMarkPage:
    def test_a_mark_that_is_removed_meanwhile_is_not_there(self, teacher, mark, monkeypatch):
        client, url = browser(teacher), page(Attending, "change", mark)
        data = shown_form(client, url)

        def clean(form):
            Attending.objects.all().delete()
            return form.cleaned_data

        monkeypatch.setattr(AttendingForm, "clean", clean)
        assert client.post(url, data | {"status": "absent"}).status_code == 404

    def test_changes_a_mark_through_the_service(self, teacher, mark):
        client, url = browser(teacher), page(Attending, "change", mark)
        assert client.post(url, shown_form(client, url) | {"status": "excused"}).status_code == 302
        mark.refresh_from_db()
        assert (mark.status, mark.method, mark.version, mark.history.count()) == ("excused", "manual", 2, 2)

    def test_shows_a_conflict(self, teacher, admin, mark, student):
        client, url = browser(teacher), page(Attending, "change", mark)
        data = shown_form(client, url)
        services.update_mark(acting_user=admin, mark=mark, said=MarkInput(student.pk, {"status": "excused"}))
        response = client.post(url, data | {"status": "absent"})
        assert "Verason Vera (excused)" in errors_on(response)

    def test_left_before_came(self, teacher, mark):
        client, url = browser(teacher), page(Attending, "change", mark)
        times = {"joined_at_0": "2026-09-01", "joined_at_1": "10:00", "left_at_0": "2026-09-01", "left_at_1": "09:00"}
        response = client.post(url, shown_form(client, url) | times)
        assert "Nobody leaves before they come" in response.content.decode()

    def test_deleting_leaves_history(self, teacher, mark):
        assert browser(teacher).post(page(Attending, "delete", mark), {"post": "yes"}).status_code == 302
        assert not Attending.objects.exists()
        assert Attending.history.filter(history_type="-").exists()

    def test_deleting_a_mark_of_a_closed_meeting_is_refused(self, teacher, mark, meeting):
        services.close_meeting(acting_user=teacher, meeting=meeting)
        response = browser(teacher).post(page(Attending, "delete", mark), {"post": "yes"}, follow=True)
        assert any("reopened" in note for note in notes_on(response))
        assert Attending.objects.exists()

    def test_searches_a_person_in_any_case(self, teacher, mark, student, admin):
        student.last_name = "Ёлкина"
        student.save()
        assert "Ёлкина" in browser(teacher).get(page(Attending, "changelist") + "?q=елкина").content.decode()
        assert "Ёлкина" not in browser(teacher).get(page(Attending, "changelist") + "?q=сосна").content.decode()


class TestScope:
    def test_other_groups_marks_and_meetings_are_not_there(self, other_teacher, mark, meeting):
        client = browser(other_teacher)
        for model, thing in ((Attending, mark), (Meeting, meeting)):
            assert str(thing.pk) not in client.get(page(model, "changelist")).content.decode()
            for name in ("change", "history", "delete"):
                assert client.get(page(model, name, thing)).status_code == 302
            past = reverse(
                f"admin:{model._meta.app_label}_{model._meta.model_name}_simple_history",
                args=[thing.pk, thing.history.first().pk],
            )
            assert client.get(past).status_code == 302
            assert client.post(page(model, "change", thing), {"note": "mine"}).status_code == 302
            assert client.post(page(model, "delete", thing), {"post": "yes"}).status_code == 302
            thing.refresh_from_db()
            assert thing.note == ""

    def test_the_past_cannot_be_restored(self, admin, mark):
        url = reverse("admin:attendings_attending_simple_history", args=[mark.pk, mark.history.first().pk])
        assert browser(admin).post(url, {"status": "absent"}).status_code == 403

    def test_a_filter_does_not_name_what_is_out_of_sight(self, other_teacher, group, meeting):
        url = page(Meeting, "changelist") + f"?group__id__exact={group.pk}"
        assert group.name not in browser(other_teacher).get(url).content.decode()


def add_more(group, count):
    people = [
        User(email=f"m{i}@school.example", first_name=f"More{i}", last_name="Many", sort_name=sort_name("Many", f"More{i}"))
        for i in range(count)
    ]
    User.objects.bulk_create(people)
    members = [NewMember(person.pk, date(2026, 1, 1)) for person in people]
    groups.add_members(acting_user=None, group=group, members=members)


class TestLists:
    @pytest.mark.parametrize("model", [Attending, Meeting, Membership, User])
    def test_cost_the_same_for_ten_rows_and_for_sixty(self, admin, teacher, group, model):
        client, url = browser(admin), page(model, "changelist") + "?all="
        self._fill(group, 9, teacher)
        few = queries_of(client, url)
        add_more(group, 50)
        self._fill(group, 60, teacher)
        assert queries_of(client, url) <= few

    def _fill(self, group, count, teacher):
        if not group.memberships.filter(user__last_name="Family0000").exists():
            add_students(group, 9)
        for i in range(count - Meeting.objects.count()):
            make_meeting(group, timezone.now() - timedelta(days=1, hours=i % 12), title=f"Lesson {i}")
        services.mark_roster(acting_user=teacher, meeting=Meeting.objects.first(), marks=[], default="present")


def test_the_cast_of_another_role_has_no_page(db):
    nobody = make_user("Nina", "student")
    nobody.groups.clear()
    assert browser(nobody).get(reverse("admin:index")).status_code == 302
