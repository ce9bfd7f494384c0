from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.utils import timezone

from attendings.services import close_meeting, mark_roster
from conftest import make_meeting
from meetings.models import Meeting, Series
from tests.admin_pages import browser, errors_on, notes_on, page, shown_form, suggestions

TIMES = {"starts_at_0": "2026-09-01", "starts_at_1": "09:00", "ends_at_0": "2026-09-01", "ends_at_1": "09:45"}


def new_meeting(group, **fields):
    return {"group": str(group.pk), "title": "Algebra", **TIMES, **fields}


class TestMeetings:
    def test_the_acting_teacher_is_the_default(self, teacher, group):
        client, url = browser(teacher), page(Meeting, "add")
        data = shown_form(client, url)
        assert data["teacher"] == str(teacher.pk)
        assert client.post(url, data | new_meeting(group)).status_code == 302
        meeting = Meeting.objects.get()
        assert (meeting.teacher, meeting.state, meeting.history.get().history_user) == (teacher, "scheduled", teacher)

    def test_the_only_teacher_is_found(self, admin, group, teacher):
        client, url = browser(admin), page(Meeting, "add")
        assert client.post(url, shown_form(client, url) | new_meeting(group)).status_code == 302
        assert Meeting.objects.get().teacher == teacher

    @pytest.mark.parametrize(
        ("said", "words"),
        [
            ({"ends_at_1": "08:00"}, "It must end after it starts"),
            ({"teacher": "other_teacher"}, "does not teach the group"),
            ({"starts_at_0": "someday"}, "Enter a valid date"),
        ],
    )
    def test_refuse_what_does_not_fit(self, admin, group, other_teacher, said, words):
        if "teacher" in said:
            said = {"teacher": str(other_teacher.pk)}
        client, url = browser(admin), page(Meeting, "add")
        response = client.post(url, shown_form(client, url) | new_meeting(group, **said))
        assert response.status_code == 200
        assert words in errors_on(response)
        assert not Meeting.objects.exists()

    def test_of_another_group_are_not_made(self, teacher, group, other_group):
        client, url = browser(teacher), page(Meeting, "add")
        response = client.post(url, shown_form(client, url) | new_meeting(other_group))
        assert "Select a valid choice" in errors_on(response)
        assert not Meeting.objects.exists()

    def test_stay_with_their_group(self, admin, meeting, other_group):
        client, url = browser(admin), page(Meeting, "change", meeting)
        client.post(url, shown_form(client, url) | {"group": str(other_group.pk), "title": "Geometry"})
        meeting.refresh_from_db()
        assert (meeting.title, meeting.group.name) == ("Geometry", "7A")

    def test_with_marks_are_not_removed(self, teacher, meeting):
        mark_roster(acting_user=teacher, meeting=meeting, marks=[], default="present")
        response = browser(teacher).post(page(Meeting, "delete", meeting), {"post": "yes"}, follow=True)
        assert any("cancel it instead" in note for note in notes_on(response))
        assert Meeting.objects.exists()

    def test_are_cancelled_and_reopened_by_the_list(self, teacher, group, meeting):
        closed = make_meeting(group, title="Closed")
        close_meeting(acting_user=teacher, meeting=closed)
        client, url = browser(teacher), page(Meeting, "changelist")
        both = [str(meeting.pk), str(closed.pk)]
        notes = notes_on(client.post(url, {"action": "cancel", "_selected_action": both}, follow=True))
        assert any("1 meeting is cancelled" in note for note in notes)
        assert any(note.startswith("Closed") for note in notes)
        notes = notes_on(client.post(url, {"action": "reopen", "_selected_action": both}, follow=True))
        assert any("2 meetings are open" in note for note in notes)
        assert set(Meeting.objects.values_list("state", flat=True)) == {"open"}

    def test_are_filtered_searched_and_browsed_by_day(self, admin, group, meeting, teacher):
        make_meeting(group, timezone.now() - timedelta(days=400), title="Физика")
        client, url = browser(admin), page(Meeting, "changelist")
        for query in (
            {"q": "ФИЗИКА"},
            {"q": "физика"},
            {"q": "7a", "local_date__year": str((timezone.now() - timedelta(days=400)).year)},
        ):
            assert [one.title for one in client.get(url, query).context["cl"].result_list] == ["Физика"], query
        for query in ({"state__exact": "open"}, {"group__id__exact": str(group.pk)}, {"teacher__id__exact": str(teacher.pk)}):
            assert client.get(url, query).status_code == 200
        assert len(client.get(url, {"teacher__id__exact": str(teacher.pk)}).context["cl"].result_list) == 2


class TestScope:
    def test_actions_reach_only_what_is_seen(self, other_teacher, meeting):
        sent = {"action": "cancel", "_selected_action": [str(meeting.pk)]}
        browser(other_teacher).post(page(Meeting, "changelist"), sent)
        meeting.refresh_from_db()
        assert meeting.state == "scheduled"

    def test_a_teacher_chooses_among_those_who_teach_with_them(self, teacher, other_teacher, group, other_group):
        group.teachers.add(other_teacher)
        form = browser(teacher).get(page(Meeting, "add")).context["adminform"].form
        assert set(form.fields["teacher"].queryset) == {teacher, other_teacher}
        assert suggestions(browser(teacher), Meeting, "group") == ["7A"]


class TestSeries:
    def said(self, group, teacher, **fields):
        return {
            "group": str(group.pk),
            "teacher": str(teacher.pk),
            "title": "Weekly",
            "rule": "freq=weekly;byday=tu",
            "first_day": "2026-09-01",
            "last_day": "2026-09-30",
            "starts": "09:00",
            "minutes": "45",
            **fields,
        }

    def test_is_stored_and_its_meetings_are_scheduled_once(self, teacher, group):
        client, url = browser(teacher), page(Series, "add")
        assert client.post(url, shown_form(client, url) | self.said(group, teacher)).status_code == 302
        series = Series.objects.get()
        assert series.rule == "FREQ=WEEKLY;BYDAY=TU"
        sent = {"action": "schedule", "_selected_action": [str(series.pk)]}
        notes = notes_on(client.post(page(Series, "changelist"), sent, follow=True))
        assert any("5 meetings scheduled" in note for note in notes)
        client.post(page(Series, "changelist"), sent)
        assert Meeting.objects.filter(series=series).count() == 5

    @pytest.mark.parametrize(
        ("said", "words"),
        [
            ({"rule": "every Tuesday"}, "Not a recurrence rule"),
            ({"last_day": "2026-08-01"}, "The last day cannot be before the first"),
            ({"minutes": "0"}, "greater than or equal to 1"),
        ],
    )
    def test_refuses_what_does_not_fit(self, teacher, group, said, words):
        client, url = browser(teacher), page(Series, "add")
        response = client.post(url, shown_form(client, url) | self.said(group, teacher, **said))
        assert words in errors_on(response)
        assert not Series.objects.exists()

    def test_of_another_group_is_out_of_sight(self, other_teacher, teacher, group):
        series = Series.objects.create(
            group=group,
            teacher=teacher,
            title="Weekly",
            rule="FREQ=WEEKLY",
            first_day=date(2026, 9, 1),
            last_day=date(2026, 9, 30),
            starts="09:00",
        )
        client = browser(other_teacher)
        assert client.get(page(Series, "change", series)).status_code == 302
        assert client.post(page(Series, "delete", series), {"post": "yes"}).status_code == 302
        assert Series.objects.exists()


class TestNoIds:
    """What is sent as an id and is none."""

    @pytest.mark.parametrize("model", [Meeting, Series])
    @pytest.mark.parametrize("name", ["group", "teacher"])
    @pytest.mark.parametrize("who", ["admin", "teacher"])
    def test_neither_begin_a_form_nor_are_stored(self, request, group, model, name, who):
        client, url = browser(request.getfixturevalue(who)), page(model, "add")
        response = client.get(url, {name: "abc"})
        assert response.status_code == 200
        assert response.context["adminform"].form.initial.get(name) != "abc"
        response = client.post(url, shown_form(client, url) | {name: "abc"})
        assert response.status_code == 200
        assert "valid" in " ".join(response.context["adminform"].form.errors[name])

    def test_nor_does_a_text_begin_a_moment(self, admin, group):
        assert browser(admin).get(page(Meeting, "add"), {"starts_at": "abc"}).status_code == 200
