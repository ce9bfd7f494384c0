from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Permission

from accounts.models import RoleGroup
from attendance.observability.metrics import MARKS
from attendings.models import Attending
from attendings.services import close_meeting, mark_roster
from conftest import add_students, make_meeting
from groups.services import update_group
from meetings.models import Meeting
from tests.admin_pages import browser, page, queries_of
from tests.exchange_pages import confirmed, exported, faults_on, file_of, imported, kinds_on, previewed, rows_in

COLUMNS = "meeting email status note"
MORNING = datetime(2026, 9, 1, 6, 0, tzinfo=UTC)


def statuses(meeting):
    return {mark.user.email: (mark.status, mark.note) for mark in Attending.objects.of_meeting(meeting).select_related("user")}


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
class TestRoundTrip:
    def test_gives_back_what_went_out(self, admin, teacher, meeting, student, kind):
        mark_roster(acting_user=teacher, meeting=meeting, marks=[], default="late")
        Attending.objects.update(note="справка, =1")
        client, before = browser(admin), statuses(meeting)
        data = exported(client, Attending, kind)
        row = rows_in(kind, data)[0]
        assert (row["meeting"], row["group"], row["email"], row["status"]) == (str(meeting.pk), "7A", student.email, "late")
        assert (row["marked_by"], row["method"]) == (teacher.email, "bulk")
        assert datetime.fromisoformat(row["starts_at"]) == meeting.starts_at
        assert kinds_on(previewed(client, Attending, data, kind)) == ["skip"]
        Attending.objects.all().delete()
        imported(client, Attending, data, kind)
        assert statuses(meeting) == before

    def test_marks_by_group_and_start_where_the_group_is(self, admin, group, student, kind):
        update_group(acting_user=None, group=group, timezone="Europe/Moscow")
        group.refresh_from_db()
        meeting = make_meeting(group, MORNING)
        start = "2026-09-01T09:00" if kind == "csv" else datetime(2026, 9, 1, 9, 0)  # noqa: DTZ001 - as Excel has it
        imported(
            browser(admin), Attending, file_of(kind, "group starts_at email status", ["7a", start, student.email, "late"]), kind
        )
        assert statuses(meeting) == {student.email: ("late", "")}


class TestMarks:
    def test_are_by_the_acting_user_and_by_import(self, teacher, meeting, student):
        mark_roster(acting_user=None, meeting=meeting, marks=[], default="present")
        client = browser(teacher)
        preview = previewed(client, Attending, file_of("csv", COLUMNS, [meeting.pk, student.email, "Absent", "ill"]))
        assert kinds_on(preview) == ["update"]
        assert statuses(meeting) == {student.email: ("present", "")}
        confirmed(client, Attending, preview)
        mark = Attending.objects.get()
        assert (mark.status, mark.note, mark.marked_by, mark.method, mark.version) == ("absent", "ill", teacher, "import", 2)
        assert [past.history_user for past in mark.history.all()] == [teacher, None]

    def test_a_preview_counts_and_stores_nothing(self, teacher, meeting, student):
        counter = MARKS.labels("late", "import")
        before = counter._value.get()
        previewed(browser(teacher), Attending, file_of("csv", COLUMNS, [meeting.pk, student.email, "late", ""]))
        meeting = Meeting.objects.get(pk=meeting.pk)
        assert (Attending.objects.count(), Attending.history.count(), meeting.state) == (0, 0, "scheduled")
        assert counter._value.get() == before

    def test_a_note_that_is_no_column_stays(self, teacher, meeting, student):
        mark_roster(acting_user=None, meeting=meeting, marks=[], default="present")
        Attending.objects.update(note="kept")
        imported(browser(teacher), Attending, file_of("csv", "meeting email status", [meeting.pk, student.email, "late"]))
        assert statuses(meeting) == {student.email: ("late", "kept")}

    def test_faults_are_named_row_by_row(self, admin, group, meeting, student, outsider):
        closed = make_meeting(group, MORNING - timedelta(days=1))
        close_meeting(acting_user=None, meeting=closed)
        data = file_of(
            "csv",
            "meeting group starts_at email status note",
            [meeting.pk, "", "", student.email, "late", ""],
            ["7", "", "", student.email, "late", ""],
            ["", "7A", "2020-01-01T00:00Z", student.email, "late", ""],
            ["", "9Z", "2020-01-01T00:00Z", student.email, "late", ""],
            ["", "7A", "0001-01-01T00:00+14:00", student.email, "late", ""],
            [meeting.pk, "", "", "nobody@school.example", "late", ""],
            [meeting.pk, "", "", outsider.email, "late", ""],
            [meeting.pk, "", "", student.email, "sleepy", ""],
            [meeting.pk, "", "", student.email, "", ""],
            [meeting.pk, "", "", student.email, "late", "x" * 1001],
            [meeting.pk, "", "", student.email, "present", ""],
            [closed.pk, "", "", student.email, "late", ""],
        )
        faults = faults_on(previewed(browser(admin), Attending, data))
        assert set(faults) == set(range(2, 13))
        for number, words in (
            (2, "no such meeting"),
            (3, "no such meeting"),
            (4, "no such group"),
            (5, "2026-09-01T09:00"),
            (6, "no such person"),
            (7, "not on the roster"),
            (8, "present, late"),
            (9, "Say how"),
            (10, "1000"),
            (11, "twice"),
            (12, "closed"),
        ):
            assert words in faults[number]
        assert statuses(meeting) == {}

    def test_two_meetings_at_once_are_told_apart_by_the_id(self, admin, group, student):
        make_meeting(group, MORNING)
        second = make_meeting(group, MORNING)
        row = ["7A", "2026-09-01T06:00Z", student.email, "late"]
        data = file_of("csv", "group starts_at email status", row)
        assert "id" in faults_on(previewed(browser(admin), Attending, data))[1]
        data = file_of("csv", "meeting group starts_at email status", [second.pk, *row])
        imported(browser(admin), Attending, data)
        assert statuses(second) == {student.email: ("late", "")}


class TestATeacher:
    def test_does_not_reach_the_meetings_of_others(self, teacher, group, other_group, outsider, student):
        theirs = make_meeting(other_group, MORNING)
        for name, row in (
            (COLUMNS, [theirs.pk, outsider.email, "late", ""]),
            ("group starts_at email status", ["8B", MORNING.isoformat(), student.email, "late"]),
        ):
            assert "There is no such" in faults_on(previewed(browser(teacher), Attending, file_of("csv", name, row)))[1]

    def test_exports_the_marks_of_the_groups_they_teach(self, teacher, meeting, other_group, student):
        for one in (meeting, make_meeting(other_group)):
            mark_roster(acting_user=None, meeting=one, marks=[], default="present")
        assert [row["email"] for row in rows_in("csv", exported(browser(teacher), Attending))] == [student.email]

    @pytest.mark.parametrize("codename", ["add_attending", "change_attending"])
    def test_needs_both_permissions_to_import(self, teacher, meeting, student, codename):
        RoleGroup.objects.get(name="teacher").permissions.remove(Permission.objects.get(codename=codename))
        data = file_of("csv", COLUMNS, [meeting.pk, student.email, "late", ""])
        assert previewed(browser(teacher), Attending, data).status_code == 403
        assert browser(teacher).post(page(Attending, "process_import"), {}).status_code == 403


def test_a_meeting_costs_the_same_for_a_large_class(teacher, group):
    client = browser(teacher)

    def cost(meeting, people):
        data = file_of("csv", COLUMNS, *[[meeting.pk, user.email, "late", ""] for user in people])
        sent = previewed(client, Attending, data).context["confirm_form"].initial
        return queries_of(client, page(Attending, "process_import"), sent)

    people = add_students(group, 30)
    assert cost(make_meeting(group), people[:2]) == cost(make_meeting(group), people)


def test_export_costs_the_same_for_many(admin, group, meeting):
    client, url = browser(admin), page(Attending, "export")
    few = queries_of(client, url, {"format": "0"})
    add_students(group, 30)
    mark_roster(acting_user=None, meeting=meeting, marks=[], default="present")
    assert queries_of(client, url, {"format": "0"}) == few
