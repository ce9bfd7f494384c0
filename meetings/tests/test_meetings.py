from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance.errors import ConflictError, InvalidError
from attendings import services as marks
from conftest import client_for, make_meeting
from groups.services import update_group
from meetings import services
from meetings.models import Meeting, Series
from meetings.rules import MAX_OCCURRENCES, State, checked_rule, occurrences, was_held

ZONES = st.sampled_from(["Europe/Moscow", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"])


@given(ZONES, st.dates(date(2024, 1, 1), date(2026, 1, 1)), st.times().map(lambda t: t.replace(second=0, microsecond=0)))
def test_a_series_keeps_its_hour_through_daylight_saving(zone, first_day, at):
    starts = list(occurrences("FREQ=WEEKLY;COUNT=53", first_day=first_day, at=at, timezone_name=zone, until=date.max))
    assert len(starts) == 53
    assert starts == sorted(starts)
    clocks = [start.astimezone(ZoneInfo(zone)) for start in starts]
    skipped = [clock for clock in clocks if clock.time() != at]
    assert all(abs(clock.hour * 60 + clock.minute - at.hour * 60 - at.minute) in {30, 60, 1380, 1410} for clock in skipped)
    assert len(skipped) <= 2


def test_both_ends_of_a_series_are_in_it_and_it_ends():
    days = [
        s.date()
        for s in occurrences("FREQ=DAILY", first_day=date(2026, 9, 1), at=time(9), timezone_name="UTC", until=date(2026, 9, 3))
    ]
    assert days == [date(2026, 9, 1), date(2026, 9, 2), date(2026, 9, 3)]
    endless = occurrences("FREQ=DAILY", first_day=date(2026, 9, 1), at=time(9), timezone_name="UTC", until=date.max)
    assert sum(1 for _ in endless) == MAX_OCCURRENCES


@pytest.mark.parametrize(
    "rule",
    [
        "",
        "weekly",
        "FREQ=SECONDLY",
        "FREQ=WEEKLY;BYDAY=XX",
        "FREQ=WEEKLY;BYHOUR=1,2",
        "FREQ=HOURLY",
        "FREQ=DAILY;COUNT=x",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;INTERVAL=-1",
        "FREQ=DAILY;BYMONTH=13",
        "FREQ=MONTHLY;BYDAY=+9MO",
        "FREQ=WEEKLY;WKST=MO\nRRULE:FREQ=SECONDLY",
        "FREQ=DAILY;UNTIL=20260101",
        "FREQ=DAILY;FREQ=WEEKLY",
    ],
)
def test_rules_that_are_none(rule):
    with pytest.raises(ValueError, match="Not a recurrence rule"):
        checked_rule(rule)


@given(st.sampled_from(State.values), st.datetimes(timezones=st.just(UTC)), st.datetimes(timezones=st.just(UTC)))
def test_a_meeting_is_held_once_it_has_begun_or_was_closed(state, starts_at, now):
    expected = {State.CANCELLED: False, State.CLOSED: True}.get(State(state), starts_at <= now)
    assert was_held(state, starts_at, now) == expected


@pytest.fixture
def client(teacher):
    return client_for(teacher)


@pytest.mark.django_db
def test_a_meeting_as_the_contract_has_it(client, group, teacher):
    times = {"starts_at": "2026-09-01T12:00:00+03:00", "ends_at": "2026-09-01T12:45:00+03:00"}
    body = client.post("/meetings", {"group": str(group.pk), "title": "Algebra", **times}, format="json").json()
    assert set(body) == {"id", "group", "title", "teacher", "starts_at", "ends_at", "location", "state", "note", "closed_at"}
    assert (body["teacher"], body["state"], body["starts_at"]) == (str(teacher.pk), "scheduled", "2026-09-01T09:00:00Z")
    put = client.put(f"/meeting/{body['id']}", {**body, "title": "Geometry"}, format="json")
    assert (put.status_code, put.json()["title"]) == (200, "Geometry")


@pytest.mark.django_db
def test_the_teacher_of_a_meeting_teaches_the_group(client, admin, group, other_teacher, teacher):
    body = {"group": str(group.pk), "title": "t", "starts_at": "2026-09-01T09:00:00Z", "ends_at": "2026-09-01T10:00:00Z"}
    assert client.post("/meetings", {**body, "teacher": str(other_teacher.pk)}, format="json").status_code == 400
    assert client_for(admin).post("/meetings", body, format="json").json()["teacher"] == str(teacher.pk)
    group.teachers.add(other_teacher)
    answer = client_for(admin).post("/meetings", body, format="json")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/teacher")


@pytest.mark.django_db
@pytest.mark.parametrize("change", [{"state": "closed"}, {"ends_at": "2020-01-01T00:00:00Z"}])
def test_changes_that_do_not_fit(client, meeting, other_group, change):
    answer = client.patch(f"/meeting/{meeting.pk}", change, format="json")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, f"/{next(iter(change))}")


@pytest.mark.django_db
def test_a_meeting_stays_with_its_group(admin, meeting, other_group):
    answer = client_for(admin).patch(f"/meeting/{meeting.pk}", {"group": str(other_group.pk)}, format="json")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "read_only")


@pytest.mark.django_db
def test_a_meeting_with_marks_is_not_deleted_and_one_without_is(client, teacher, meeting):
    marks.mark_roster(acting_user=teacher, meeting=meeting, marks=[], default="present")
    answer = client.delete(f"/meeting/{meeting.pk}")
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:attendance:problem:has_marks")
    other = make_meeting(meeting.group)
    assert client.delete(f"/meeting/{other.pk}").status_code == 204


@pytest.mark.django_db
def test_the_times_of_a_closed_meeting_stay(client, meeting):
    client.post(f"/meeting/{meeting.pk}/close")
    assert client.patch(f"/meeting/{meeting.pk}", {"starts_at": "2026-09-01T09:00:00Z"}, format="json").status_code == 409
    assert client.patch(f"/meeting/{meeting.pk}", {"note": "fine"}, format="json").status_code == 200


@pytest.mark.django_db
def test_filters(client, group, teacher, meeting):
    start = meeting.starts_at
    make_meeting(group, start + timedelta(days=3))
    stamp = (start + timedelta(days=1)).isoformat().replace("+00:00", "Z")
    for query, expected in {
        f"group={group.pk}": 2, f"teacher={teacher.pk}": 2, "state=scheduled": 2, "state=open": 0,
        f"starts_after={stamp}": 1, f"starts_before={stamp}": 1, "page_size=1": 1,
    }.items():  # fmt: skip
        assert len(client.get(f"/meetings?{query}").json()["results"]) == expected, query
    newest_first = [row["starts_at"] for row in client.get("/meetings").json()["results"]]
    assert newest_first == sorted(newest_first, reverse=True)


@pytest.mark.django_db
def test_a_series_makes_its_meetings_once(group, teacher, admin):
    series = Series(
        group=group, teacher=teacher, title="Algebra", rule="RRULE:FREQ=WEEKLY;BYDAY=MO,WE", minutes=45, starts=time(9),
        first_day=date(2026, 9, 1), last_day=date(2026, 9, 30),
    )  # fmt: skip
    services.save_series(acting_user=teacher, series=series)
    assert len(services.schedule_series(acting_user=teacher, series=series)) == 9
    assert services.schedule_series(acting_user=teacher, series=series) == []
    first = Meeting.objects.earliest("starts_at")
    assert (first.starts_at, first.local_date) == (datetime(2026, 9, 2, 9, tzinfo=UTC), date(2026, 9, 2))
    services.update_meeting(
        acting_user=teacher,
        meeting=first,
        starts_at=first.starts_at + timedelta(days=1, minutes=30),
        ends_at=first.ends_at + timedelta(days=2),
    )
    update_group(acting_user=admin, group=group, timezone="Asia/Vladivostok")
    series.refresh_from_db()
    assert services.schedule_series(acting_user=teacher, series=series) == []
    series.last_day = date(2026, 8, 1)
    with pytest.raises(InvalidError):
        services.save_series(acting_user=teacher, series=series)


def test_a_rule_that_never_comes_true_ends_at_once():
    never = occurrences(
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", first_day=date(2026, 9, 1), at=time(9), timezone_name="UTC", until=date(2027, 6, 30)
    )
    assert list(never) == []


@given(st.text(alphabet="FREQ=DAILYWKMO;INTVBSUCH0123456789-+,\n", max_size=60))
def test_whatever_is_typed_is_a_rule_or_refused(text):
    try:
        found = list(occurrences(text, first_day=date(2026, 9, 1), at=time(9), timezone_name="UTC", until=date(2026, 12, 31)))
    except ValueError:
        return
    assert len(found) <= 122


@pytest.mark.django_db
def test_closed_meetings_keep_their_day_when_the_time_zone_changes(client, admin, group):
    meeting = make_meeting(group, datetime(2026, 9, 1, 2, tzinfo=UTC))
    client.post(f"/meeting/{meeting.pk}/close")
    update_group(acting_user=admin, group=group, timezone="America/New_York")
    meeting.refresh_from_db()
    assert meeting.local_date == date(2026, 9, 1)


@pytest.mark.django_db
def test_what_was_deleted_in_between_is_gone(teacher, meeting):
    stale = Meeting.objects.get(pk=meeting.pk)
    services.delete_meeting(acting_user=teacher, meeting=meeting)
    for act in (services.delete_meeting, services.cancel_meeting, services.update_meeting):
        with pytest.raises(ConflictError):
            act(acting_user=teacher, meeting=stale)


@pytest.mark.django_db
@pytest.mark.parametrize("year", [1, 9999])
def test_no_meeting_leads_out_of_the_calendar(group, year):
    with pytest.raises(InvalidError):
        make_meeting(group, datetime(year, 12, 30, tzinfo=UTC))
