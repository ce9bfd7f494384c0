"""The front page of the admin: today where each group is, what is overdue, what was not taken."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.urls import reverse

from accounts.models import RoleGroup, User
from attendings import services
from attendings.services import MarkInput
from attendings.today import today_for
from conftest import add_students, make_meeting, make_user
from groups import services as groups
from meetings.models import Meeting
from meetings.services import cancel_meeting
from tests.admin_pages import browser, page
from tests.counting import count_queries

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)  # a Monday


@pytest.fixture(autouse=True)
def _noon():
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def superuser(db):
    return User.objects.create_superuser("root@school.example", "correct-horse-9", first_name="Root", last_name="Rootson")


def at(hour: int, minute: int = 0, day: int = 23) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def fresh(user: User) -> User:
    return User.objects.get(pk=user.pk)


def titles(lines) -> list[str]:
    return [line.meeting.title for line in lines]


def mark(meeting: Meeting, user: User) -> None:
    services.create_mark(acting_user=None, meeting=meeting, said=MarkInput(user.pk, {"status": "present"}))


def take_away(*codenames: str) -> None:
    RoleGroup.objects.get(name="teacher").permissions.remove(*Permission.objects.filter(codename__in=codenames))


def front_page(user: User) -> str:
    return browser(user).get(reverse("admin:index")).content.decode()


class TestToday:
    def test_is_what_one_teaches_in_time_order(self, teacher, group, other_group):
        make_meeting(group, at(14), title="Later")
        make_meeting(group, at(9), title="Sooner")
        make_meeting(group, at(9, day=24), title="Tomorrow")
        make_meeting(other_group, at(9), title="Elsewhere")
        assert titles(today_for(teacher).lines) == ["Sooner", "Later"]

    def test_is_a_day_of_each_groups_own(self, teacher, group):
        far = groups.create_group(acting_user=None, name="Kiritimati", teachers=[teacher], timezone="Pacific/Kiritimati")
        make_meeting(far, at(11, day=23), title="There it is the 24th")
        make_meeting(far, at(9, day=23), title="There it was the 23rd")
        make_meeting(group, at(11, day=23), title="Here it is the 23rd")
        make_meeting(group, at(11, day=24), title="Here it will be the 24th")
        today = today_for(teacher)
        assert sorted(titles(today.lines)) == ["Here it is the 23rd", "There it is the 24th"]
        assert today.days == (date(2026, 11, 23), date(2026, 11, 24))
        assert "01:00" in front_page(teacher)
        assert "Pacific/Kiritimati" in front_page(teacher)

    def test_counts_members_of_the_day_and_their_marks(self, teacher, group, student, outsider):
        add_students(group, 3)
        nina = make_user("Nina", "student")
        groups.add_members(acting_user=None, group=group, members=[groups.NewMember(nina.pk, date(2026, 11, 24))])
        meeting = make_meeting(group, at(9))
        mark(meeting, student)
        services.create_mark(acting_user=None, meeting=meeting, said=MarkInput(outsider.pk, {"status": "present"}, walk_in=True))
        line = today_for(teacher).lines[0]
        assert (line.expected, line.marked, line.walk_ins, line.unmarked, line.taken) == (4, 1, 1, 3, False)
        assert "1 of 4 marked" in front_page(teacher)

    def test_of_a_closed_meeting_marks_alone_count(self, teacher, group, student):
        meeting = make_meeting(group, at(9))
        services.close_meeting(acting_user=teacher, meeting=meeting)
        add_students(group, 3)
        line = today_for(teacher).lines[0]
        assert (line.expected, line.marked, line.unmarked, line.taken) == (1, 1, 0, True)
        assert "1 marked" in front_page(teacher)

    def test_overdue_is_what_began_half_an_hour_ago_and_has_no_mark(self, teacher, group, student):
        begun = make_meeting(group, at(11, 29), title="Overdue")
        make_meeting(group, at(11, 30), title="Just begun")
        mark(make_meeting(group, at(9), title="Marked"), student)
        cancel_meeting(acting_user=teacher, meeting=make_meeting(group, at(8), title="Cancelled"))
        assert [line.meeting for line in today_for(teacher).lines if line.overdue] == [begun]

    def test_totals_leave_out_what_was_cancelled(self, admin, teacher, group, other_group, student):
        cancel_meeting(acting_user=teacher, meeting=make_meeting(group, at(8)))
        mark(make_meeting(group, at(9)), student)
        make_meeting(other_group, at(10))
        make_meeting(other_group, at(14))
        totals = today_for(admin).totals
        assert (totals.meetings, totals.taken, totals.not_taken, totals.to_come) == (3, 1, 1, 1)

    def test_an_empty_day_says_when_the_next_meeting_is(self, teacher, group):
        cancel_meeting(acting_user=teacher, meeting=make_meeting(group, at(9, day=24)))
        upcoming = make_meeting(group, at(9, day=25), title="Geometry")
        assert today_for(teacher).upcoming == upcoming
        shown = front_page(teacher)
        assert "No meetings today." in shown
        assert "Geometry, 7A</a>, Wednesday, 25 November, at 09:00" in shown

    def test_who_teaches_nothing_is_told_so(self, other_teacher, meeting):
        shown = front_page(other_teacher)
        assert "No meetings today." in shown
        assert "And none is planned." in shown


class TestBacklog:
    def test_is_what_somebody_is_unmarked_at_the_latest_first(self, teacher, group, student):
        make_meeting(group, at(9, day=20), title="Friday")
        make_meeting(group, at(9, day=22), title="Sunday")
        make_meeting(group, at(9, day=9), title="A fortnight ago")
        make_meeting(group, at(9, day=8), title="Longer ago")
        mark(make_meeting(group, at(9, day=21), title="Marked"), student)
        cancel_meeting(acting_user=teacher, meeting=make_meeting(group, at(9, day=19), title="Cancelled"))
        services.close_meeting(acting_user=teacher, meeting=make_meeting(group, at(9, day=18), title="Closed"))
        assert titles(today_for(teacher).backlog) == ["Sunday", "Friday", "A fortnight ago"]

    def test_is_of_the_days_before_where_each_group_is(self, teacher, group):
        far = groups.create_group(acting_user=None, name="Kiritimati", teachers=[teacher], timezone="Pacific/Kiritimati")
        add_students(far, 1)
        make_meeting(far, at(9, day=23), title="There it is yesterday")
        make_meeting(group, at(9, day=23), title="Here it is today")
        assert titles(today_for(teacher).backlog) == ["There it is yesterday"]

    def test_is_cut_and_leads_to_the_rest(self, teacher, group):
        for minute in range(12):
            make_meeting(group, at(9, minute, day=20))
        response = browser(teacher).get(reverse("admin:index"))
        assert len(response.context["backlog"]) == 10
        assert "and 2 more" in response.content.decode()
        rest = browser(teacher).get(response.context["backlog_url"])
        assert rest.context["cl"].result_count == 12


class TestPage:
    def test_leads_to_each_register(self, teacher, group):
        meeting = make_meeting(group, at(9))
        assert str(meeting.pk) in front_page(teacher)

    def test_an_administrator_sees_the_overdue_first_and_then_group_by_group(self, admin, group, other_group):
        make_meeting(other_group, at(9))
        make_meeting(group, at(14))
        make_meeting(other_group, at(13))
        response = browser(admin).get(reverse("admin:index"))
        assert [(section.title, len(section.rows)) for section in response.context["sections"]] == [
            ("Overdue", 1),
            ("7A", 1),
            ("8B", 1),
        ]

    @pytest.mark.parametrize("who", ["teacher", "admin"])
    def test_lists_a_hundred_and_leads_to_the_rest(self, who, teacher, admin, group, request):
        for minute in range(103):
            make_meeting(group, at(8) + timedelta(minutes=minute))
        client = browser(request.getfixturevalue(who))
        response = client.get(reverse("admin:index"))
        assert sum(len(section.rows) for section in response.context["sections"]) == 100
        assert "3 more meetings today" in response.content.decode()
        assert client.get(response.context["list_url"]).context["cl"].result_count == 103

    def test_who_may_not_see_meetings_gets_a_list_of_what_they_may(self, teacher, meeting):
        take_away("view_meeting", "change_meeting", "add_meeting", "delete_meeting")
        response = browser(teacher).get(reverse("admin:index"))
        assert "today" not in response.context
        assert page(Meeting, "changelist") not in response.content.decode()

    @pytest.mark.parametrize("count", [3, 60])
    @pytest.mark.parametrize(("who", "queries"), [("teacher", 7), ("admin", 5)])
    def test_costs_the_same_whatever_there_is(self, who, queries, count, teacher, admin, group, student, request):
        for minute in range(count):
            mark(make_meeting(group, at(9) + timedelta(minutes=minute)), student)
            make_meeting(group, at(9, day=20) + timedelta(minutes=minute))
        user = fresh(request.getfixturevalue(who))
        assert user.role == who
        # the time zones, today, the days before, members, marks; a teacher's groups, for the zones and for the meetings
        with count_queries(sqlite=queries, mongodb=queries):
            today = today_for(user)
            assert today.totals.meetings == len(today.backlog) == count
            assert [str(line.meeting.group) + str(line.meeting.teacher) for line in today.lines]

    @pytest.mark.parametrize("count", [3, 60])
    @pytest.mark.parametrize(("who", "queries"), [("teacher", 10), ("admin", 8)])
    def test_the_page_too(self, who, queries, count, teacher, admin, group, request):
        for minute in range(count):
            make_meeting(group, at(9) + timedelta(minutes=minute))
        client = browser(request.getfixturevalue(who))
        with count_queries(sqlite=queries, mongodb=queries):  # and who asks: the session, the person, what they may
            assert client.get(reverse("admin:index")).status_code == 200


class TestNavigation:
    @pytest.mark.parametrize(("who", "more"), [("teacher", []), ("admin", []), ("superuser", ["Roles", "Failed log-ins"])])
    def test_shows_what_one_may_view(self, who, more, request):
        client = browser(request.getfixturevalue(who))
        links = shown_links(client)
        assert list(links) == ["Today", "Meetings", "Marks", "Groups", "People", "Memberships", "Series", *more]
        assert {client.get(link).status_code for link in links.values()} == {200}

    def test_follows_what_a_role_may(self, teacher):
        take_away("view_membership", "change_membership")
        assert "Memberships" not in shown_links(browser(teacher))


def shown_links(client) -> dict[str, str]:
    parts = client.get(reverse("admin:index")).context["sidebar_navigation"]
    return {str(item["title"]): str(item["link"]) for part in parts for item in part["items"] if item["has_permission"]}
