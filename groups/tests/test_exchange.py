from __future__ import annotations

from datetime import date

import pytest

from conftest import add_students, make_user
from groups.models import Membership
from groups.services import create_group, today_in
from tests.admin_pages import browser, notes_on, page, queries_of
from tests.exchange_pages import confirmed, exported, faults_on, file_of, imported, kinds_on, previewed, rows_in

COLUMNS = "group email joined_on left_on"


def stays_of(group):
    return {(stay.user.email, stay.joined_on, stay.left_on) for stay in group.memberships.select_related("user")}


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
class TestRoundTrip:
    def test_gives_back_what_went_out(self, admin, kind):
        group = create_group(acting_user=None, name="К0711-21/1")
        ivan = make_user("Иван", "student", email="ivan@school.example")
        Membership.objects.create(group=group, user=ivan, joined_on=date(2026, 1, 1), left_on=date(2026, 2, 1))
        Membership.objects.create(group=group, user=ivan, joined_on=date(2026, 3, 1))
        client, before = browser(admin), stays_of(group)
        data = exported(client, Membership, kind)
        assert rows_in(kind, data)[1] == {
            "group": "К0711-21/1",
            "email": ivan.email,
            "person": str(ivan),
            "joined_on": "2026-01-01",
            "left_on": "2026-02-01",
        }
        assert kinds_on(previewed(client, Membership, data, kind)) == ["skip", "skip"]
        group.memberships.all().delete()
        imported(client, Membership, data, kind)
        assert stays_of(group) == before

    def test_ends_and_begins_stays_with_the_administrator_in_the_history(self, admin, group, student, outsider, kind):
        rows = [[" 7a ", student.email, "2026-01-01", "31.05.2026"], ["7A", student.email, "2026-06-01", ""]]
        data = file_of(kind, COLUMNS, *rows, ["7A", outsider.email.upper(), date(2026, 6, 1), None])
        preview = previewed(browser(admin), Membership, data, kind)
        assert kinds_on(preview) == ["update", "new", "new"]
        assert group.memberships.count() == 1
        confirmed(browser(admin), Membership, preview)
        assert stays_of(group) == {
            (student.email, date(2026, 1, 1), date(2026, 5, 31)),
            (student.email, date(2026, 6, 1), None),
            (outsider.email, date(2026, 6, 1), None),
        }
        assert [past.history_user for past in Membership.history.order_by("history_date")] == [None, admin, admin, admin]


class TestFaults:
    def test_are_named_row_by_row_and_nothing_is_stored(self, admin, group, student, outsider):
        gone = make_user("Nina", "student", is_active=False)
        data = file_of(
            "csv",
            COLUMNS,
            ["7A", outsider.email, "2026-06-01", ""],
            ["9Z", outsider.email, "2026-06-01", ""],
            ["7A", "nobody@school.example", "2026-06-01", ""],
            ["7A", student.email, "2026-06-01", ""],
            ["7A", gone.email, "2026-06-01", ""],
            ["7A", outsider.email, "2025-06-01", "2025-05-01"],
            ["7A", outsider.email, "first of May", ""],
            ["7A", outsider.email, "2026-06-02", ""],
        )
        faults = faults_on(previewed(browser(admin), Membership, data))
        assert set(faults) == {2, 3, 4, 5, 6, 7, 8}
        for number, words in (
            (2, "no such group"),
            (3, "no such person"),
            (4, "member at that time"),
            (5, "no such person to add"),
            (6, "last day cannot be before"),
            (7, "2026-09-01"),
            (8, "member at that time"),
        ):
            assert words in faults[number]
        assert stays_of(group) == {(student.email, date(2026, 1, 1), None)}

    def test_that_came_up_since_the_preview_store_nothing(self, admin, group, other_group, student, outsider):
        client = browser(admin)
        rows = [["7A", outsider.email, "2026-06-01", ""], ["8B", student.email, "2026-06-01", ""]]
        preview = previewed(client, Membership, file_of("csv", COLUMNS, *rows))
        Membership.objects.create(group=other_group, user=student, joined_on=date(2026, 5, 1))
        assert "Nothing was stored." in notes_on(confirmed(client, Membership, preview))
        assert group.memberships.count() == 1

    def test_somebody_without_a_first_day_joins_today(self, admin, group, outsider):
        imported(browser(admin), Membership, file_of("csv", "group email", ["7A", outsider.email]))
        stay = group.memberships.get(user=outsider)
        assert stay.joined_on == today_in(group)


class TestATeacher:
    def test_imports_nothing(self, teacher, group, outsider):
        client = browser(teacher)
        assert previewed(client, Membership, file_of("csv", COLUMNS, ["7A", outsider.email, "", ""])).status_code == 403
        assert client.post(page(Membership, "process_import"), {}).status_code == 403
        assert page(Membership, "import") not in client.get(page(Membership, "changelist")).content.decode()

    def test_exports_the_groups_they_teach(self, teacher, group, other_group, student):
        rows = rows_in("csv", exported(browser(teacher), Membership))
        assert [(row["group"], row["email"]) for row in rows] == [("7A", student.email)]
        query = f"?group__id__exact={other_group.pk}"
        assert rows_in("csv", exported(browser(teacher), Membership, query=query)) == []


def test_a_preview_and_an_import_cost_the_same_for_many_new_members(admin, group):
    client = browser(admin)

    def costs(names):
        people = [make_user(name, "student") for name in names]
        data = file_of("csv", COLUMNS, *[["7A", user.email, "2026-06-01", ""] for user in people])
        preview = previewed(client, Membership, data)
        sent = preview.context["confirm_form"].initial
        return queries_of(client, page(Membership, "process_import"), sent)

    assert costs(["A", "B"]) == costs([f"P{i}" for i in range(30)])


def test_export_costs_the_same_for_many(admin, group):
    client, url = browser(admin), page(Membership, "export")
    few = queries_of(client, url, {"format": "1"})
    add_students(group, 30)
    assert queries_of(client, url, {"format": "1"}) == few
