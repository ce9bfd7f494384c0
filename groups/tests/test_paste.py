from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission

from accounts.models import RoleGroup
from conftest import add_students, make_user
from groups import services
from groups.admin.pasting import entries_in
from groups.models import Group, Membership
from groups.services import NewMember, add_members, today_in
from tests.admin_pages import browser, notes_on, page, queries_of


@pytest.mark.parametrize(
    ("text", "emails"),
    [
        ("a@x.example\n\nb@x.example", [(1, "a@x.example"), (3, "b@x.example")]),
        ("a@x.example, b@x.example; C@X.example d@x.example", [(1, f"{name}@x.example") for name in "abcd"]),
        ("Ivan <ivan@x.example>", [(1, "ivan@x.example")]),
        ("a@x.example, Петров, Иван <ivan@x.example>", [(1, "a@x.example"), (1, "ivan@x.example")]),
        ('"Петров, И. И." <ivan@x.example>;\nIvan ivan@x.example (Ivan)', [(1, "ivan@x.example"), (2, "ivan@x.example")]),
        ("nobody, a@x.example", [(1, "nobody"), (1, "a@x.example")]),
        ("a.x.example", [(1, "a.x.example")]),
        (" ,;\n", []),
    ],
)
def test_emails_are_found_among_names(text, emails):
    assert [(entry.line, entry.email) for entry in entries_in(text)] == emails


def url_of(group):
    return page(Group, "members", group)


def pasted(client, group, text, do="check", joined_on=""):
    return client.post(url_of(group), {"people": text, "joined_on": joined_on, do: "1"})


def outcomes(response):
    return [one.words for one in response.context["judged"]]


class TestPasting:
    def test_shows_first_and_adds_then(self, admin, group, outsider):
        client = browser(admin)
        nina = make_user("Нина", "student", email="nina@school.example")
        text = f"Gleb <{outsider.email}>, NINA@school.example"
        response = pasted(client, group, text, joined_on="2026-09-01")
        assert outcomes(response) == [str(outsider), str(nina)]
        assert group.memberships.count() == 1
        sent = {name: response.context["confirm"][name].value() for name in ("people", "joined_on")}
        response = client.post(url_of(group), {**sent, "add": "1"}, follow=True)
        assert notes_on(response) == ["2 members added."]
        added = group.memberships.filter(joined_on=date(2026, 9, 1))
        assert {stay.user for stay in added} == {outsider, nina}
        assert {past.history_user for past in Membership.history.filter(user__in=[outsider, nina])} == {admin}
        assert LogEntry.objects.get(object_id=str(group.pk)).user == admin

    def test_without_a_day_begins_today(self, admin, group, outsider):
        pasted(browser(admin), group, outsider.email, "add")
        assert group.memberships.get(user=outsider).joined_on == today_in(group)

    def test_says_of_every_line_what_comes_of_it_and_adds_nobody_where_one_is_wrong(self, admin, group, student, outsider):
        make_user("Nina", "student", is_active=False)
        former = make_user("Fedor", "student")
        add_members(acting_user=None, group=group, members=[NewMember(former.pk, date(2026, 1, 1), date(2026, 10, 1))])
        text = "\n".join(
            [outsider.email, student.email, "nina@school.example", "x@school.example", "x@", former.email, outsider.email.upper()]
        )
        for do in ("check", "add"):
            response = pasted(browser(admin), group, text, do, joined_on="2026-09-01")
            said = outcomes(response)
            for words, part in zip(
                said,
                ["Glebson", "a member already", "deactivated", "nobody", "no email", "until", "above already"],
                strict=True,
            ):
                assert part in words
            assert [one.entry.line for one in response.context["judged"] if one.is_fault] == [3, 4, 5, 6]
            assert response.context["confirm"] is None
            assert group.memberships.count() == 2

    def test_leaves_members_as_they_are_and_adds_the_others(self, admin, group, student, outsider):
        response = pasted(browser(admin), group, f"{student.email} {outsider.email}", "add")
        assert response.status_code == 302
        assert group.memberships.count() == 2

    def test_what_the_service_refuses_is_said_on_its_line(self, admin, group, outsider, monkeypatch):
        def quicker(**said):
            add_members(acting_user=None, group=group, members=[NewMember(outsider.pk, date(2026, 1, 1))])
            return add_members(**said)

        monkeypatch.setattr(services, "add_members", quicker)
        response = pasted(browser(admin), group, f"\n{outsider.email}", "add")
        assert "member at that time" in outcomes(response)[-1]
        assert response.context["judged"][-1].entry.line == 2

    @pytest.mark.parametrize(
        ("sent", "name"),
        [
            ({"people": ""}, "people"),
            ({"people": " ,\n"}, "people"),
            ({"people": "a@x.example", "joined_on": "May"}, "joined_on"),
            ({"people": "a@b " * 501}, "people"),
        ],
    )
    def test_refuses_what_makes_no_sense(self, admin, group, sent, name):
        response = browser(admin).post(url_of(group), {"joined_on": "", **sent, "check": "1"})
        assert name in response.context["form"].errors

    def test_costs_the_same_for_many(self, admin, group):
        client = browser(admin)
        emails = [make_user(f"P{i}", "student").email for i in range(32)]

        def costs(people):
            return [queries_of(client, url_of(group), {"people": " ".join(people), do: "1"}) for do in ("check", "add")]

        assert costs(emails[:2]) == costs(emails[2:])

    def test_is_offered_on_the_groups_page(self, teacher, group):
        assert url_of(group) in browser(teacher).get(page(Group, "change", group)).content.decode()


class TestATeacher:
    def test_adds_somebody_unseen_without_being_told_the_name(self, teacher, group, outsider, other_group):
        client = browser(teacher)
        response = pasted(client, group, outsider.email)
        assert outcomes(response) == ["found"]
        assert "Glebson" not in response.content.decode()
        assert pasted(client, group, outsider.email, "add").status_code == 302
        assert group.memberships.filter(user=outsider).exists()

    def test_learns_of_nobody_else(self, teacher, group, admin, other_teacher):
        make_user("Nina", "student", is_active=False)
        text = "rimma@school.example boris@school.example nina@school.example x@school.example alla@school.example"
        response = pasted(browser(teacher), group, text, "add")
        assert len(set(outcomes(response)[:4])) == 1
        assert "only an administrator" in outcomes(response)[4]
        assert group.memberships.count() == 1

    def test_has_no_page_of_another_group(self, teacher, other_group):
        client = browser(teacher)
        assert client.get(url_of(other_group)).status_code == 404
        assert pasted(client, other_group, "vera@school.example", "add").status_code == 404
        stay = other_group.memberships.get()
        assert client.post(url_of(other_group), {"end": "1", "stay": [str(stay.pk)]}).status_code == 404

    def test_does_only_what_the_role_may(self, teacher, group, outsider):
        taken = Permission.objects.filter(codename__in=["add_membership", "change_membership"])
        RoleGroup.objects.get(name="teacher").permissions.remove(*taken)
        client = browser(teacher)
        assert client.get(url_of(group)).status_code == 200
        assert pasted(client, group, outsider.email).status_code == 403
        assert client.post(url_of(group), {"end": "1", "stay": [str(group.memberships.get().pk)]}).status_code == 403


class TestMembers:
    def test_are_found_by_name_and_email(self, teacher, group, student):
        add_students(group, 3)
        client = browser(teacher)
        for text, count in (("", 4), ("VERA", 1), ("family0001", 1), ("s2@school", 1), ("nobody", 0)):
            assert len(client.get(url_of(group), {"q": text}).context["members"]) == count

    def test_former_ones_are_not_shown(self, teacher, group):
        Membership.objects.update(left_on=today_in(group) - timedelta(days=1))
        assert browser(teacher).get(url_of(group)).context["members"] == []

    def test_the_chosen_ones_are_ended_today(self, teacher, group, other_group):
        students = add_students(group, 3)
        stays = list(group.memberships.filter(user__in=students[:2]))
        chosen = [str(stay.pk) for stay in (*stays, other_group.memberships.get())]
        response = browser(teacher).post(url_of(group), {"end": "1", "stay": [*chosen, "nonsense"]}, follow=True)
        assert notes_on(response) == ["2 memberships ended."]
        ended = Membership.objects.filter(left_on=today_in(group))
        assert set(ended) == set(stays)
        assert {stay.history.first().history_user for stay in ended} == {teacher}

    def test_choosing_nobody_ends_nobody(self, teacher, group):
        response = browser(teacher).post(url_of(group), {"end": "1"}, follow=True)
        assert notes_on(response) == ["Choose somebody first."]
        assert group.memberships.get().left_on is None

    def test_many_cost_the_same_to_show(self, teacher, group):
        client = browser(teacher)
        few = queries_of(client, url_of(group))
        add_students(group, 40)
        assert queries_of(client, url_of(group)) == few
