"""The grid of a group's meetings, and its page."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import RoleGroup, User
from attendance.errors import InvalidError
from attendings import services
from attendings.grid import MAX_MEETINGS, Period, grid_of
from attendings.rules import is_expected
from attendings.services import MarkInput
from conftest import add_students, make_meeting, make_user
from groups.models import Group, Membership
from groups.services import NewMember, add_members
from meetings.services import cancel_meeting
from tests.admin_pages import browser, page
from tests.counting import count_queries

# Session, user, their permissions, taught groups; the group, its teachers; meetings, members, marks.
PAGE = 9
SECOND_BATCH = 1  # MongoDB hands out a hundred rows, and then all that are left
SEPTEMBER = Period(date(2026, 9, 1), date(2026, 9, 30))


def on(day, hour=9):
    return datetime(2026, 9, day, hour, tzinfo=UTC)


def mark(meeting, statuses, *, walk_in=False):
    marks = [MarkInput(user.pk, {"status": status}, walk_in=walk_in) for user, status in statuses.items()]
    services.mark_roster(acting_user=None, meeting=meeting, marks=marks)


def url(group, query="?from=2026-09-01&to=2026-09-30", name="grid"):
    return reverse(f"admin:groups_group_{name}", args=[group.pk]) + query


def cells(response):
    """Of each person the letters of the cells, a space for an empty one."""
    rows = re.findall(r'<th scope="row" class="grid-name">([^<]+)</th>((?:<td data-look.*?</td>)+)', response.content.decode())
    return {name: "".join(letter or " " for letter in re.findall(r">([^<]?)</td>", tds)) for name, tds in rows}


class TestPeriod:
    def test_is_the_month_by_default(self):
        assert Period.between(None, None, today=date(2028, 2, 10)) == Period(date(2028, 2, 1), date(2028, 2, 29))

    def test_one_day_said_is_completed_from_its_own_month(self):
        today = date(2026, 12, 3)
        assert Period.between(date(2026, 9, 7), None, today=today) == Period(date(2026, 9, 7), date(2026, 9, 30))
        assert Period.between(None, date(2026, 9, 7), today=today) == Period(date(2026, 9, 1), date(2026, 9, 7))

    def test_has_a_month_before_and_after(self):
        assert SEPTEMBER.month_before == Period(date(2026, 8, 1), date(2026, 8, 31))
        assert Period.month_of(date(2026, 12, 31)).month_after == Period(date(2027, 1, 1), date(2027, 1, 31))

    @pytest.mark.parametrize(
        ("start", "end", "code"),
        [
            (date(2026, 9, 2), date(2026, 9, 1), "reversed"),
            (date(2026, 9, 1), date(2026, 12, 2), "too_long"),
            (date(1, 1, 1), date(1, 1, 1), "out_of_range"),
        ],
    )
    def test_refuses(self, start, end, code):
        with pytest.raises(InvalidError) as refused:
            Period.between(start, end, today=date(2026, 9, 1))
        assert refused.value.code == code

    def test_takes_ninety_two_days(self):
        assert Period.between(date(2026, 9, 1), date(2026, 12, 1), today=date(2026, 9, 1)).end == date(2026, 12, 1)


@pytest.mark.parametrize(
    ("day", "state", "status", "expected"),
    [
        (1, "scheduled", None, True),
        (10, "open", None, True),
        (11, "open", None, False),
        (11, "open", "present", False),
        (20, "open", None, True),
        (1, "closed", None, False),
        (1, "closed", "absent", True),
        (1, "cancelled", None, False),
        (1, "cancelled", "present", False),
    ],
)
def test_who_is_expected(day, state, status, expected):
    stays = [(date(2026, 9, 1), date(2026, 9, 10)), (date(2026, 9, 20), None)]
    assert is_expected(stays, date(2026, 9, day), state, status) is expected


class TestGrid:
    def test_has_whoever_was_a_member_or_is_marked_in_surname_order(self, group, student, outsider, teacher):
        meeting = make_meeting(group, on(3))
        [leaver] = add_students(group, 1)
        Membership.objects.filter(user=leaver).update(left_on=date(2026, 9, 2))
        gone, future = make_user("Anna", "student"), make_user("Zoya", "student")
        add_members(
            acting_user=None,
            group=group,
            members=[NewMember(gone.pk, date(2026, 1, 1), date(2026, 8, 31)), NewMember(future.pk, date(2026, 10, 1))],
        )
        mark(meeting, {outsider: "present"}, walk_in=True)
        assert [row.user for row in grid_of(group, SEPTEMBER).rows] == [leaver, outsider, student]

    def test_has_the_meetings_in_order_of_time(self, group):
        late, early = make_meeting(group, on(4)), make_meeting(group, on(3))
        make_meeting(group, on(1).replace(month=10))
        assert [column.meeting for column in grid_of(group, SEPTEMBER).columns] == [early, late]

    def test_counts_as_the_reports_do(self, group, student, outsider, teacher):
        [other] = add_students(group, 1)
        held, closed, cancelled = (make_meeting(group, on(day)) for day in (1, 2, 3))
        make_meeting(group, timezone.now() + timedelta(hours=1))
        mark(held, {student: "late", other: "excused"})
        mark(held, {outsider: "present"}, walk_in=True)
        mark(cancelled, {student: "present"})
        services.close_meeting(acting_user=teacher, meeting=closed)
        cancel_meeting(acting_user=teacher, meeting=cancelled)
        grid = grid_of(group, SEPTEMBER)
        assert {row.user: (row.rate.numerator, row.rate.denominator) for row in grid.rows} == {
            student: (1, 2),
            other: (0, 1),
            outsider: (0, 0),
        }
        assert [(column.rate.numerator, column.rate.denominator) for column in grid.columns] == [(1, 1), (0, 2), (0, 0)]

    def test_refuses_more_meetings_than_fit(self, group):
        for i in range(MAX_MEETINGS + 1):
            make_meeting(group, on(1 + i % 28, hour=8 + i // 28))
        with pytest.raises(InvalidError, match="more than 62"):
            grid_of(group, SEPTEMBER)

    def test_costs_the_same_for_ten_and_for_five_hundred(self, group, outsider):
        meetings = [make_meeting(group, on(day)) for day in (1, 2)]
        mark(meetings[0], {outsider: "present"}, walk_in=True)
        add_students(group, 9)
        with count_queries(sqlite=4, mongodb=4):
            assert len(grid_of(group, SEPTEMBER).rows) == 11
        Membership.objects.all().delete()
        add_more(group, 500)
        for meeting in meetings:
            services.mark_roster(acting_user=None, meeting=meeting, marks=[], default="present")
        with count_queries(sqlite=4, mongodb=4 + SECOND_BATCH):
            assert len(grid_of(group, SEPTEMBER).rows) == 501


def add_more(group, count):
    people = [User(email=f"m{i}@school.example", first_name=f"More{i}", sort_name=f"more{i:04}") for i in range(count)]
    User.objects.bulk_create(people)
    add_members(acting_user=None, group=group, members=[NewMember(person.pk, date(2026, 1, 1)) for person in people])


def take_from_teachers(*codenames):
    RoleGroup.objects.get(name="teacher").permissions.remove(*Permission.objects.filter(codename__in=codenames))


class TestPage:
    def test_shows_letters_by_person_and_meeting(self, teacher, group, student, outsider):
        [other] = add_students(group, 1)
        Membership.objects.filter(user=other).update(left_on=date(2026, 9, 2))
        statuses = ["present", "late", "left_early", "excused", "absent"]
        for day, status in enumerate(statuses, start=3):
            mark(make_meeting(group, on(day)), {student: status})
        first = make_meeting(group, on(1))
        mark(make_meeting(group, on(2)), {outsider: "present"}, walk_in=True)
        response = browser(teacher).get(url(group))
        assert cells(response) == {"Family0000 Name0": "··     ", "Glebson Gleb": " P     ", "Verason Vera": "··PLEXA"}
        content = response.content.decode()
        assert 'aria-label="Verason Vera, 4 Sept., Algebra, late"' in content
        assert 'aria-label="Glebson Gleb, 1 Sept., Algebra, not expected"' in content
        assert f'data-roster="/meeting/{first.pk}/roster"' in content
        assert "<caption" in content

    def test_says_the_totals(self, teacher, group, student):
        mark(make_meeting(group, on(3)), {student: "present"})
        mark(make_meeting(group, on(4)), {student: "absent"})
        content = browser(teacher).get(url(group)).content.decode()
        assert '<td class="grid-total">1/2</td>' in content
        assert "attended / held while a member" in content

    def test_shows_this_month_where_the_group_is(self, teacher, group, monkeypatch):
        group.timezone = "Pacific/Auckland"
        group.save()
        monkeypatch.setattr(timezone, "now", lambda: datetime(2026, 8, 31, 20, tzinfo=UTC))
        assert browser(teacher).get(url(group, "")).context["grid"].period == SEPTEMBER

    def test_strikes_a_cancelled_meeting_through(self, teacher, group, student):
        cancel_meeting(acting_user=teacher, meeting=make_meeting(group, on(3)))
        response = browser(teacher).get(url(group))
        assert 'class="is-cancelled"' in response.content.decode()
        assert cells(response) == {"Verason Vera": " "}

    def test_says_that_there_is_nothing(self, teacher, group):
        assert "no meeting in these days" in browser(teacher).get(url(group)).content.decode()
        Membership.objects.all().delete()
        make_meeting(group, on(3))
        assert "Nobody was a member" in browser(teacher).get(url(group)).content.decode()

    @pytest.mark.parametrize(
        ("query", "words"),
        [
            ("?from=2026-09-02&to=2026-09-01", "first day is after the last"),
            ("?from=2026-09-01&to=2026-12-02", "at most 92 days"),
            ("?from=yesterday", "From: Enter a valid date"),
            ("?to=9999-12-31", "To: The year must be"),
        ],
    )
    def test_refuses_a_period_and_keeps_what_was_typed(self, teacher, group, query, words):
        response = browser(teacher).get(url(group, query))
        assert response.status_code == 400
        assert words in response.content.decode()
        assert query.split("=")[1].split("&")[0] in response.content.decode()

    @pytest.mark.parametrize("day", ["1900-01-01", "2200-12-31"])
    def test_goes_to_the_ends_of_the_calendar(self, teacher, group, day):
        assert browser(teacher).get(url(group, f"?from={day}&to={day}")).status_code == 200

    def test_cells_are_editable_where_the_meeting_takes_marks(self, teacher, group, student):
        make_meeting(group, on(3))
        services.close_meeting(acting_user=teacher, meeting=make_meeting(group, on(4)))
        cancel_meeting(acting_user=teacher, meeting=make_meeting(group, on(5)))
        content = browser(teacher).get(url(group)).content.decode()
        assert re.findall(r'data-look="(\w+)" data-version="(\d+)"', content) == [("unmarked", "0")]

    @pytest.mark.parametrize("taken", ["add_attending", "change_attending"])
    def test_cells_are_read_by_who_may_not_mark(self, teacher, group, taken):
        make_meeting(group, on(3))
        take_from_teachers(taken)
        content = browser(teacher).get(url(group)).content.decode()
        assert "data-version" not in content
        assert "grid-menu" not in content

    def test_costs_the_same_for_ten_and_for_five_hundred(self, teacher, group):
        client = browser(teacher)
        meetings = [make_meeting(group, on(day)) for day in (1, 2)]
        add_students(group, 9)
        client.get(url(group))
        with count_queries(sqlite=PAGE, mongodb=PAGE):
            client.get(url(group))
        add_more(group, 490)
        for meeting in meetings:
            services.mark_roster(acting_user=None, meeting=meeting, marks=[], default="present")
        with count_queries(sqlite=PAGE, mongodb=PAGE + SECOND_BATCH):
            assert len(cells(client.get(url(group)))) == 500

    def test_is_offered_on_the_page_of_the_group(self, teacher, group):
        assert url(group, "") in browser(teacher).get(page(Group, "change", group)).content.decode()

    def test_speaks_russian(self, teacher, group):
        make_meeting(group, on(3))
        teacher.language = "ru"
        teacher.save()
        assert browser(teacher).get(url(group)).status_code == 200

    def test_escapes_names(self, teacher, group, student):
        student.last_name = "<b>"
        student.save()
        make_meeting(group, on(3), title='"><i>')
        content = browser(teacher).get(url(group)).content.decode()
        assert "<b>, " not in content
        assert '"><i>' not in content


class TestScope:
    @pytest.mark.parametrize("name", ["grid", "blank_register"])
    def test_a_teacher_sees_the_groups_they_teach(self, other_teacher, admin, teacher, group, name):
        assert browser(teacher).get(url(group, "", name)).status_code == 200
        assert browser(admin).get(url(group, "", name)).status_code == 200
        assert browser(other_teacher).get(url(group, "", name)).status_code == 302

    @pytest.mark.parametrize("name", ["grid", "blank_register"])
    def test_students_and_strangers_stay_outside(self, student, group, name):
        for client in (browser(student), Client()):
            assert "/login" in client.get(url(group, "", name))["Location"]

    @pytest.mark.parametrize("name", ["grid", "blank_register"])
    def test_needs_the_permission_to_see_marks(self, teacher, group, name):
        take_from_teachers("view_attending")
        assert browser(teacher).get(url(group, "", name)).status_code == 403
        assert url(group, "", name) not in browser(teacher).get(page(Group, "change", group)).content.decode()

    @pytest.mark.parametrize("text", ["abc", "00000000-0000-7000-8000-000000000000"])
    def test_there_is_no_such_group(self, admin, text):
        assert browser(admin).get(f"/admin/groups/group/{text}/grid/").status_code == 302
        assert browser(admin).get(f"/admin/groups/group/{text}/grid/blank/").status_code == 302


class TestBlankRegister:
    def test_has_todays_members_and_empty_columns(self, teacher, group, student):
        left = add_students(group, 1)[0]
        Membership.objects.filter(user=left).update(left_on=date(2026, 1, 2))
        content = browser(teacher).get(url(group, "?columns=12", "blank_register")).content.decode()
        assert "Verason Vera" in content
        assert str(left) not in content
        assert content.count('<td class="grid-blank-head">') == 12

    def test_has_twenty_columns_unless_told(self, teacher, group):
        content = browser(teacher).get(url(group, "", "blank_register")).content.decode()
        assert content.count('<td class="grid-blank-head">') == 20

    @pytest.mark.parametrize("count", ["0", "41", "many"])
    def test_refuses_a_number_that_fits_no_page(self, teacher, group, count):
        response = browser(teacher).get(url(group, f"?columns={count}", "blank_register"))
        assert response.status_code == 400
        assert "grid-fault" in response.content.decode()
