"""The register page as a plain form; what it does with JavaScript is in tests/browser."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse
from django.utils import timezone

from accounts.models import RoleGroup, User
from attendings import services
from attendings.models import Attending
from attendings.services import MarkInput
from conftest import add_students
from groups.models import Membership
from meetings.services import cancel_meeting
from tests.admin_pages import browser, notes_on, queries_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def mark(teacher, meeting, student):
    said = MarkInput(student.pk, {"status": "present"})
    return services.create_mark(acting_user=teacher, meeting=meeting, said=said)


def url_of(meeting, *, name="register", **extra):
    return reverse(f"admin:attendings_{name}", args=[meeting.pk, *extra.values()])


def shown(client, url):
    """The form as a browser would send it back untouched."""
    data = {}
    for line in client.get(url).context["lines"]:
        pk, stored = line.row.user.pk, line.row.mark
        fields = {"status": line.status, "note": line.note, "came": line.came, "left": line.left}
        was = {
            "status": stored.status if stored else "none",
            "note": stored.note if stored else "",
            "came": line.came,
            "left": line.left,
        }
        data |= {f"{name}-{pk}": value for name, value in fields.items()} | {
            f"{name}-was-{pk}": value for name, value in was.items()
        }
        data[f"version-{pk}"] = str(line.version)
    return data


def errors(response):
    return " ".join(str(message) for message in response.context["messages"])


def said_of(person, **said):
    return {f"{name}-{person.pk}": value for name, value in said.items()}


def take_from_teachers(*codenames):
    RoleGroup.objects.get(name="teacher").permissions.remove(*Permission.objects.filter(codename__in=codenames))


def test_shows_everyone_expected_in_name_order(teacher, meeting, group):
    add_students(group, 3)
    content = browser(teacher).get(url_of(meeting)).content.decode()
    places = [content.index(name) for name in ("Family0000 Name0", "Family0001 Name1", "Family0002 Name2", "Verason Vera")]
    assert places == sorted(places)


def test_stores_marks_with_who_and_when_and_history(teacher, meeting, student):
    client, url = browser(teacher), url_of(meeting)
    response = client.post(url, shown(client, url) | said_of(student, status="late", came="23:59", note="bus"))
    assert response.status_code == 302
    mark = Attending.objects.get()
    assert (mark.status, mark.method, mark.marked_by, mark.note, mark.version) == ("late", "manual", teacher, "bus", 1)
    assert mark.joined_at.strftime("%H:%M") == "23:59"
    assert timezone.now() - mark.marked_at < timedelta(minutes=1)
    assert mark.history.get().history_user == teacher
    meeting.refresh_from_db()
    assert meeting.state == "open"


def test_leaves_untouched_rows_alone(teacher, meeting, mark):
    client, url = browser(teacher), url_of(meeting)
    assert client.post(url, shown(client, url)).status_code == 302
    mark.refresh_from_db()
    assert (mark.version, mark.history.count()) == (1, 1)


def test_a_conflict_stores_nothing_and_keeps_what_was_said(teacher, admin, meeting, student, mark):
    client, url = browser(teacher), url_of(meeting)
    data = shown(client, url)
    services.update_mark(acting_user=admin, mark=mark, said=MarkInput(student.pk, {"status": "excused"}))
    response = client.post(url, data | said_of(student, status="absent", note="mine"))
    assert response.status_code == 200
    assert "Somebody changed these marks" in errors(response)
    assert "Stored meanwhile: excused" in response.content.decode()
    mark.refresh_from_db()
    assert mark.status == "excused"
    [line] = response.context["lines"]
    assert (line.status, line.note, line.version, line.conflict) == ("absent", "mine", 2, True)
    again = {
        **said_of(student, status="absent", note="mine"),
        f"status-was-{student.pk}": "excused",
        f"version-{student.pk}": "2",
    }
    assert client.post(url, again).status_code == 302
    mark.refresh_from_db()
    assert (mark.status, mark.note) == ("absent", "mine")


def test_an_unmarked_row_that_somebody_marked_meanwhile_is_a_conflict(teacher, admin, meeting, student):
    client, url = browser(teacher), url_of(meeting)
    data = shown(client, url)
    services.create_mark(acting_user=admin, meeting=meeting, said=MarkInput(student.pk, {"status": "excused"}))
    response = client.post(url, data | said_of(student, status="absent"))
    assert "Somebody changed these marks" in errors(response)
    assert Attending.objects.get().status == "excused"


def test_other_peoples_changes_to_untouched_rows_are_no_conflict(teacher, admin, meeting, group, student, mark):
    [other] = add_students(group, 1)
    client, url = browser(teacher), url_of(meeting)
    data = shown(client, url)
    services.update_mark(acting_user=admin, mark=mark, said=MarkInput(student.pk, {"status": "excused"}))
    assert client.post(url, data | said_of(other, status="present")).status_code == 302
    assert {m.user: m.status for m in Attending.objects.all()} == {student: "excused", other: "present"}


def test_unmarks(teacher, meeting, student, mark):
    client, url = browser(teacher), url_of(meeting)
    assert client.post(url, shown(client, url) | said_of(student, status="none")).status_code == 302
    assert not Attending.objects.exists()
    assert Attending.history.filter(history_type="-").get().history_user == teacher


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"status": "present", "came": "10:00", "left": "09:00"}, "Nobody leaves"),
        ({"status": "asleep"}, "Say how they attended"),
        ({"status": "present", "came": "25:99"}, "A time looks like 09:05"),
        ({"status": "present", "came": "tomorrow"}, "A time looks like 09:05"),
        ({"status": "present", "note": "x" * 2000}, ""),
    ],
)
def test_refuses_what_does_not_fit(teacher, meeting, student, said, words):
    client, url = browser(teacher), url_of(meeting)
    response = client.post(url, shown(client, url) | said_of(student, **said))
    assert response.status_code == 200
    assert words in errors(response)
    assert not Attending.objects.exists()


@pytest.mark.parametrize("end", [services.close_meeting, cancel_meeting])
def test_a_closed_or_cancelled_meeting_shows_marks_to_read(teacher, meeting, mark, end):
    end(acting_user=teacher, meeting=meeting)
    response = browser(teacher).get(url_of(meeting))
    assert "Verason Vera" in response.content.decode()
    assert not response.context["editable"]


def test_a_meeting_closed_meanwhile_refuses_the_marks(teacher, meeting, student):
    client, url = browser(teacher), url_of(meeting)
    data = shown(client, url)
    services.close_meeting(acting_user=teacher, meeting=meeting)
    response = client.post(url, data | said_of(student, status="present"))
    assert "closed" in errors(response)
    assert Attending.objects.get().status == "absent"


def test_costs_the_same_for_ten_and_for_five_hundred(teacher, meeting, group):
    client, url = browser(teacher), url_of(meeting)
    add_students(group, 9)
    few = queries_of(client, url), queries_of(client, url, shown(client, url) | {"rest": "1"})
    many = [
        User(email=f"m{i}@school.example", first_name=f"More{i}", last_name="Many", sort_name=f"many more{i:03}")
        for i in range(490)
    ]
    User.objects.bulk_create(many)
    Membership.objects.bulk_create(Membership(group=group, user=user, joined_on=date(2026, 1, 1)) for user in many)
    assert (queries_of(client, url), queries_of(client, url, shown(client, url) | {"rest": "1"})) <= few
    assert Attending.objects.count() == 500


class TestMoves:
    def test_closes_and_reopens(self, teacher, meeting):
        client = browser(teacher)
        for move, state in (("close", "closed"), ("reopen", "open"), ("cancel", "cancelled")):
            assert client.post(url_of(meeting, name="move", move=move)).status_code == 302
            meeting.refresh_from_db()
            assert meeting.state == state
        assert client.get(url_of(meeting, name="move", move="close")).status_code == 405
        assert client.post(url_of(meeting, name="move", move="burn")).status_code == 404

    def test_what_is_refused_is_said(self, teacher, meeting):
        cancel_meeting(acting_user=teacher, meeting=meeting)
        response = browser(teacher).post(url_of(meeting, name="move", move="close"), follow=True)
        assert notes_on(response)


class TestWhoMay:
    def test_nobody_without_the_group(self, other_teacher, student, meeting):
        client = browser(other_teacher)
        assert client.get(url_of(meeting)).status_code == 404
        assert client.post(url_of(meeting), {}).status_code == 404
        assert client.post(url_of(meeting, name="move", move="close")).status_code == 404
        assert client.get(url_of(meeting, name="mark_history", user=student.pk)).status_code == 404
        assert browser(student).get(url_of(meeting)).status_code == 302  # to the log-in

    @pytest.mark.parametrize("taken", ["add_attending", "change_attending"])
    def test_nobody_marks_without_the_permission(self, teacher, meeting, student, taken):
        take_from_teachers(taken)
        client, url = browser(teacher), url_of(meeting)
        assert client.post(url, shown(client, url) | said_of(student, status="present")).status_code == 403
        assert client.post(url_of(meeting, name="move", move="close")).status_code == 403
        assert not Attending.objects.exists()

    @pytest.mark.parametrize("taken", ["delete_attending", "change_attending"])
    def test_nobody_unmarks_without_the_permission(self, teacher, meeting, student, mark, taken):
        take_from_teachers(taken)
        client, url = browser(teacher), url_of(meeting)
        assert client.post(url, shown(client, url) | said_of(student, status="none")).status_code == 403
        assert Attending.objects.exists()

    def test_nobody_reads_without_the_permission(self, teacher, meeting):
        take_from_teachers("view_attending")
        assert browser(teacher).get(url_of(meeting)).status_code == 403


def test_the_history_of_a_mark_says_who_from_and_to(teacher, admin, meeting, student, mark):
    services.update_mark(acting_user=admin, mark=mark, said=MarkInput(student.pk, {"status": "excused"}))
    services.remove_mark(acting_user=teacher, mark=Attending.objects.get())
    changes = browser(teacher).get(url_of(meeting, name="mark_history", user=student.pk)).context["changes"]
    assert [(str(one["now"].history_user), one["now"].history_type) for one in changes] == [
        ("Allason Alla", "-"),
        ("Rimmason Rimma", "~"),
        ("Allason Alla", "+"),
    ]
