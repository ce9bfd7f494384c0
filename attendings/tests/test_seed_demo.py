"""The made-up school obeys the rules that real ones obey."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from io import StringIO

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db.models import Count
from django.test import Client, TestCase, override_settings

from accounts.models import User
from attendings.demo.calendar import GROUPS, term_around
from attendings.demo.people import LOGINS
from attendings.management.commands.seed_demo import DEMO_PASSWORD
from attendings.models import Attending
from attendings.reports import stays_in_sight, user_report
from attendings.roster import expected_members, roster_of
from attendings.rules import Status, minutes_late
from groups.models import Group, Membership
from meetings.models import Meeting, Series
from meetings.rules import State
from meetings.services import schedule_series

pytestmark = pytest.mark.django_db

THURSDAY = "2026-11-19T13:00:00Z"
CHEAP = ["django.contrib.auth.hashers.MD5PasswordHasher"]
TODAY = date(2026, 11, 19)


def run(*args):
    out = StringIO()
    call_command("seed_demo", *args, stdout=out, stderr=out)
    return out.getvalue()


@pytest.fixture
def school(time_machine):
    time_machine.move_to(THURSDAY, tick=False)
    return run()


def role_of_login(email, password):
    login = {"email": email, "password": password}
    answer = Client().post("/login", login, content_type="application/json")
    return answer.json()["user"]["role"] if answer.status_code == 200 else None


def everything():
    return (
        sorted(User.objects.values_list("email", "sort_name", "language")),
        sorted(Membership.objects.values_list("group__name", "user__email", "joined_on", "left_on").order_by(), key=str),
        sorted(Meeting.objects.values_list("group__name", "starts_at", "title", "state", "closed_at").order_by(), key=str),
        sorted(Attending.objects.values_list("user__email", "meeting__starts_at", "status", "marked_at", "note").order_by()),
    )


class TestSchool(TestCase):
    """One school for all tests that only look at it, on a Thursday afternoon."""

    @classmethod
    def setUpTestData(cls):
        with time_machine.travel(THURSDAY, tick=False), override_settings(PASSWORD_HASHERS=CHEAP):
            cls.printed = run()

    def setUp(self):
        self.enterContext(time_machine.travel(THURSDAY, tick=False))

    def test_how_large_it_is(self):
        assert Counter(user.role for user in User.objects.prefetch_related("groups")) == {
            "admin": 1,
            "teacher": 6,
            "student": 120,
        }
        assert Group.objects.count() == len(GROUPS) == 8
        assert 400 < Meeting.objects.count() < 600
        assert 5_000 < Attending.objects.count() < 8_000

    def test_the_printed_logins_work(self):
        for role, email in LOGINS.items():
            assert email in self.printed
            assert role_of_login(email, DEMO_PASSWORD) == role
        assert DEMO_PASSWORD in self.printed

    def test_everybody_has_what_their_role_needs(self):
        teacher, student = (User.objects.get(email=LOGINS[role]) for role in ("teacher", "student"))
        untaken = Meeting.objects.visible_to(teacher).filter(state=State.SCHEDULED, local_date__lt=TODAY)
        assert untaken.exists()
        report = user_report(stays_in_sight(user_id=student.pk, read_by=student)).rates
        assert report.rate_to_date.value > 0.5
        assert Meeting.objects.visible_to(student).filter(local_date__gt=TODAY).exists()

    def test_nobody_is_marked_outside_their_membership_but_walk_ins(self):
        days = {}
        for stay in Membership.objects.all():
            days.setdefault((stay.user_id, stay.group_id), []).append(stay)
        strangers = [
            mark.walk_in
            for mark in Attending.objects.select_related("meeting")
            if not any(s.covers(mark.meeting.local_date) for s in days.get((mark.user_id, mark.meeting.group_id), []))
        ]
        assert strangers
        assert all(strangers)
        assert len(strangers) == Attending.objects.filter(walk_in=True).count()

    def test_closed_meetings_are_marked_in_full_and_others_hold_few(self):
        for meeting in Meeting.objects.select_related("group"):
            marked = set(Attending.objects.filter(meeting=meeting).values_list("user_id", flat=True))
            if meeting.state == State.CLOSED:
                assert set(expected_members(meeting)) <= marked, meeting
                assert meeting.closed_at
            elif meeting.state == State.OPEN:
                assert 0 < len(marked) < len(roster_of(meeting).rows)
            else:
                assert not marked

    def test_past_meetings_are_closed_and_the_latest_wait(self):
        waiting = Meeting.objects.filter(state__in=[State.SCHEDULED, State.OPEN], local_date__lt=TODAY)
        assert Counter(waiting.values_list("state", flat=True)) == {State.SCHEDULED: 2, State.OPEN: 2}
        assert all(TODAY - meeting.local_date <= timedelta(days=7) for meeting in waiting)
        assert not Meeting.objects.filter(state=State.CLOSED, local_date__gte=TODAY).exists()

    def test_no_meeting_on_weekends_or_in_the_holidays(self):
        days = set(Meeting.objects.values_list("local_date", flat=True))
        assert all(day.weekday() < 5 for day in days)
        (_first, before), (after, _last) = term_around(TODAY).halves
        assert (after - before).days == 10  # from a Friday over a whole week
        assert before.weekday() == 4
        assert not any(before < day < after for day in days)

    def test_cancelled_meetings_count_for_nothing(self):
        assert Meeting.objects.filter(state=State.CANCELLED, local_date__lt=TODAY).exists()
        assert not Attending.objects.filter(meeting__state=State.CANCELLED).exists()

    def test_absence_is_believable(self):
        statuses = Counter(Attending.objects.values_list("status", flat=True))
        missed = statuses[Status.ABSENT] + statuses[Status.EXCUSED]
        assert 0.05 < missed / statuses.total() < 0.15
        assert set(statuses) == set(Status.values)
        often = Attending.objects.filter(status=Status.ABSENT).values("user").annotate(n=Count("id")).order_by("-n")
        assert often[0]["n"] > 3 * often[len(often) // 2]["n"]

    def test_times_of_marks_follow_the_rules(self):
        for mark in Attending.objects.select_related("meeting"):
            assert mark.minutes_late == minutes_late(mark.status, mark.joined_at, mark.meeting.starts_at)
            assert mark.left_at is None or mark.meeting.starts_at < mark.left_at < mark.meeting.ends_at
            assert mark.meeting.starts_at < mark.marked_at

    def test_some_join_late_some_leave_and_some_change(self):
        first = term_around(TODAY).first_day
        stays = Membership.objects.order_by()
        assert stays.filter(joined_on__gt=first).exists()
        left = stays.filter(left_on__isnull=False)
        assert any(stays.filter(user=stay.user_id, joined_on=stay.left_on + timedelta(days=1)).exists() for stay in left)

    def test_history_is_written_as_of_the_time(self):
        assert Attending.history.count() == Attending.objects.count()
        closed = Meeting.objects.filter(state=State.CLOSED).first()
        assert [(each.state, each.history_change_reason) for each in closed.history.all()] == [
            ("closed", "close"),
            ("scheduled", None),
        ]
        mark = Attending.objects.first()
        assert (mark.history.get().history_date, mark.history.get().history_user) == (mark.marked_at, mark.marked_by)

    def test_every_teacher_teaches_their_groups_and_series_are_complete(self):
        for series in Series.objects.select_related("group", "teacher"):
            assert series.teacher in series.group.teachers.all()
            assert schedule_series(acting_user=None, series=series) == []

    def test_if_empty_does_nothing_and_shows_the_logins_again(self):
        before = everything()
        text = run("--if-empty")
        assert everything() == before
        assert LOGINS["admin"] in text
        assert DEMO_PASSWORD in text

    def test_a_password_that_was_changed_is_not_claimed(self):
        user = User.objects.get(email=LOGINS["admin"])
        user.set_password("something-else-9")
        user.save()
        line = next(line for line in run("--if-empty").splitlines() if LOGINS["admin"] in line)
        assert DEMO_PASSWORD not in line

    def test_twice_is_refused(self):
        with pytest.raises(CommandError, match="there already"):
            run("--force")


def test_the_same_day_and_seed_make_the_same_school(school, time_machine):
    first = everything()
    call_command("flush", interactive=False, verbosity=0)
    time_machine.move_to("2026-11-19T20:00:00Z", tick=False)
    run()
    assert everything() == first


def test_another_seed_makes_another_school(school):
    first = everything()
    call_command("flush", interactive=False, verbosity=0)
    run("--seed", "8")
    assert everything() != first


def test_real_data_is_left_alone(admin):
    with pytest.raises(CommandError, match="real data"):
        run()
    assert LOGINS["admin"] not in run("--if-empty")
    assert User.objects.get() == admin


def test_beside_real_data_only_by_force_and_with_a_password(group):
    with pytest.raises(CommandError, match="--password"):
        run("--force")
    with pytest.raises(CommandError, match="too common"):
        run("--force", "--password", "password")
    run("--force", "--password", "staple-battery-7")
    assert role_of_login(LOGINS["student"], "staple-battery-7") == "student"
    assert set(Group.objects.filter(name__startswith="7A").values_list("name", flat=True)) == {"7A", "7A (demo)"}


def test_larger_and_without_history(time_machine):
    time_machine.move_to(THURSDAY, tick=False)
    text = run("--scale", "2", "--no-history")
    assert "2 of 2" in text
    assert User.objects.count() == 1 + 2 * 126
    assert Group.objects.count() == 16
    assert not Attending.history.exists()
    assert not Meeting.history.exists()


@pytest.mark.parametrize("day", ["2026-11-21", "2026-11-22", "2026-11-23", "2028-02-29"])
def test_any_day_of_the_week_will_do(time_machine, day):
    time_machine.move_to(f"{day}T00:30:00Z", tick=False)
    run("--no-history")
    assert Meeting.objects.filter(state=State.OPEN).count() == 2
