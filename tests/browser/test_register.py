"""Taking the register as people do: by keys, by thumb, without a network, two at once, without JavaScript."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from conftest import PASSWORD
from tests.browser.conftest import PHONE
from tests.browser.test_every_page import SERIOUS
from tests.live.conftest import ALLA, OLGA, RIMMA

CLASS = 30


@pytest.fixture
def path(meeting: str) -> str:
    return f"/admin/meetings/meeting/{meeting}/register/"


@pytest.fixture
def stored(site: Any, meeting: str) -> Any:
    """`stored()`: the marks as the REST interface has them, by user id."""
    token = site.token(RIMMA, PASSWORD)

    def ask() -> dict[str, Any]:
        with site.client(token) as client:
            rows = client.get(f"/meeting/{meeting}/roster").json()["rows"]
        return {row["user"]["id"]: row["mark"] for row in rows if row["mark"]}

    return ask


def saved(page: Page) -> None:
    expect(page.locator("#save-state")).to_have_attribute("data-state", "saved")


def button(page: Page, row: int, status: str) -> Any:
    return page.locator(".row").nth(row).locator(f".status-{status}")


def test_a_class_by_the_keyboard_alone(sign_in, path, stored, cast):
    page = sign_in()
    page.goto(path)
    page.locator(".row input[data-keys]").first.focus()
    for key in "plexa":
        page.keyboard.press(key)
    for _ in range(CLASS - 6):
        page.keyboard.press("P")
    # Of the Russian layout, whose keys Playwright does not know.
    page.evaluate("document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {key: 'н', bubbles: true}))")
    saved(page)
    marks = stored()
    statuses = [marks[user]["status"] for user in cast.students]
    assert statuses[:5] == ["present", "late", "left_early", "excused", "absent"]
    assert statuses[5:] == ["present"] * (CLASS - 6) + ["absent"]
    expect(page.locator("#total-marked")).to_have_text(str(CLASS))
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Delete")
    saved(page)
    assert len(stored()) == CLASS - 1


def test_a_class_by_thumb_on_a_phone(sign_in, path, stored, cast):
    page = sign_in(**PHONE)
    page.goto(path)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    button(page, 3, "absent").tap()
    button(page, 7, "late").tap()
    page.locator(".row").nth(7).locator(".came input").fill("23:59")
    page.locator(".row").nth(9).locator(".open-more").tap()
    page.locator(".row").nth(9).locator(".note input").fill("forgot the book")
    button(page, 9, "excused").tap()
    page.locator("#rest").tap()
    saved(page)
    marks = stored()
    assert Counter(mark["status"] for mark in marks.values()) == {"present": CLASS - 3, "absent": 1, "late": 1, "excused": 1}
    assert marks[cast.students[7]]["joined_at"]
    assert marks[cast.students[9]]["note"] == "forgot the book"
    tall = page.locator(".status span").first.bounding_box()
    assert tall["height"] >= 44
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_marks_made_without_a_network_survive_a_reload_and_arrive(sign_in, path, stored, cast):
    page = sign_in()
    page.goto(path)
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.reload()  # now the worker has seen the page and what it is made of
    page.wait_for_function("navigator.serviceWorker.controller !== null")
    button(page, 0, "present").click()
    saved(page)
    page.context.set_offline(True)
    button(page, 1, "late").click()
    button(page, 2, "absent").click()
    expect(page.locator("#save-state")).to_have_attribute("data-state", "waiting")
    page.reload()
    expect(page.locator("#save-state")).to_have_attribute("data-state", "waiting")
    expect(page.locator(".row").nth(1).locator("input[value=late]")).to_be_checked()
    button(page, 3, "excused").click()
    assert set(stored()) == {cast.students[0]}
    page.context.set_offline(False)
    saved(page)
    assert {user: mark["status"] for user, mark in stored().items()} == dict(
        zip(cast.students, ["present", "late", "absent", "excused"], strict=False)
    )


def test_logging_out_takes_the_kept_pages_along(sign_in, path):
    page = sign_in()
    page.goto(path)
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.reload()
    page.wait_for_function("navigator.serviceWorker.controller !== null")
    assert page.evaluate("caches.keys()") == ["registers-1"]
    page.evaluate(
        "fetch('/admin/logout/', {method: 'POST', headers: {'X-CSRFToken': document.cookie.match(/csrftoken=([^;]+)/)[1]}})"
    )
    page.wait_for_function("caches.keys().then((names) => names.length === 0)")


def test_two_teachers_see_each_other_and_choose_where_they_differ(sign_in, path, stored, cast):
    alla, olga = sign_in(ALLA), sign_in(OLGA)
    for page in (alla, olga):
        page.goto(path)
    button(alla, 0, "present").click()
    expect(olga.locator(".row").nth(0).locator("input[value=present]")).to_be_checked(timeout=15_000)
    olga.context.set_offline(True)
    button(olga, 1, "late").click()
    button(olga, 2, "late").click()
    button(olga, 3, "late").click()
    for row in (1, 2):
        button(alla, row, "absent").click()
    saved(alla)
    olga.context.set_offline(False)
    expect(olga.locator("#save-state")).to_have_attribute("data-state", "conflict", timeout=30_000)
    assert stored()[cast.students[3]]["status"] == "late"  # what nobody else touched is stored
    assert stored()[cast.students[1]]["status"] == "absent"
    clash = olga.locator(".row").nth(1).locator(".clash")
    expect(clash).to_contain_text(re.compile("опозда"))
    clash.locator("button").nth(0).click()  # mine
    olga.locator(".row").nth(2).locator(".clash button").nth(1).click()  # theirs
    saved(olga)
    marks = stored()
    assert [marks[user]["status"] for user in cast.students[1:3]] == ["late", "absent"]


def test_the_last_batch_is_undone(sign_in, path, stored, cast):
    page = sign_in()
    page.goto(path)
    button(page, 0, "late").click()
    saved(page)
    page.locator("#rest").click()
    saved(page)
    assert len(stored()) == CLASS
    page.locator("#undo").click()
    saved(page)
    assert {user: mark["status"] for user, mark in stored().items()} == {cast.students[0]: "late"}
    button(page, 0, "present").click()
    saved(page)
    page.locator("#undo").click()
    saved(page)
    assert stored()[cast.students[0]]["status"] == "late"


def test_closing_reopening_and_the_history_of_a_mark(sign_in, path, stored):
    page = sign_in()
    page.goto(path)
    button(page, 0, "late").click()
    saved(page)
    button(page, 0, "present").click()
    saved(page)
    page.locator("form[data-move=close] button").click()
    expect(page.locator("#state")).to_have_text("closed")
    assert Counter(mark["status"] for mark in stored().values()) == {"present": 1, "absent": CLASS - 1}
    assert page.locator(".row input[type=radio]:enabled").count() == 0
    page.locator("form[data-move=reopen] button").click()
    expect(page.locator("#state")).to_have_text("open")
    page.locator(".row .past").first.click()
    expect(page.locator(".changes tbody tr")).to_have_count(2)
    expect(page.locator(".changes tbody tr").first).to_contain_text("present")


def test_what_is_marked_after_somebody_closed_it_is_not_lost_in_silence(sign_in, path, site, meeting):
    page = sign_in()
    page.goto(path)
    page.context.set_offline(True)
    button(page, 0, "late").click()
    with site.client(site.token(RIMMA, PASSWORD)) as client:
        assert client.post(f"/meeting/{meeting}/close", {}).status == 200
    page.context.set_offline(False)
    expect(page.locator("#save-state")).to_have_attribute("data-state", "refused", timeout=30_000)
    expect(page.locator(".row").nth(0).locator(".clash")).to_contain_text("closed")
    page.locator(".row").nth(0).locator(".clash button").click()
    expect(page.locator("#state")).to_have_text("closed")


def test_who_left_the_roster_meanwhile_is_named_and_nobody_else_waits(sign_in, path, site, stored, cast):
    gone = f"/group/{cast.group}/member/{cast.students[0]}"
    page = sign_in()
    page.goto(path)
    with site.client(site.token(RIMMA, PASSWORD)) as client:
        try:
            assert client.ask("PATCH", gone, {"joined_on": "2099-01-01"}).status == 200
            for row in (0, 1):
                button(page, row, "late").click()
            expect(page.locator("#save-state")).to_have_attribute("data-state", "refused")
            expect(page.locator(".row").nth(0).locator(".clash")).to_contain_text("not on the roster")
            expect(page.locator(".row").nth(1).locator(".clash")).to_be_empty()
            expect(page.locator(".row").nth(1)).not_to_have_class(re.compile("is-pending"))
            assert set(stored()) == {cast.students[1]}
        finally:
            assert client.ask("PATCH", gone, {"joined_on": "2026-01-01"}).status == 200


def test_another_teachers_register_is_not_there(sign_in, cast):
    page = sign_in()
    assert page.goto(f"/admin/meetings/meeting/{cast.foreign_meeting}/register/").status == 404


def test_a_plain_form_without_javascript(new_context, path, stored, cast):
    page = new_context(java_script_enabled=False).new_page()
    page.goto(f"/admin/login/?next={path}")
    page.fill("input[name=username]", ALLA)
    page.fill("input[name=password]", PASSWORD)
    page.click("button[type=submit]")
    page.locator(".row").nth(0).locator("input[value=late]").check(force=True)
    page.locator(".row").nth(1).locator("input[value=absent]").check(force=True)
    page.locator(".row").nth(1).locator(".note input").fill("ill")
    page.locator("button.no-js").click()
    marks = stored()
    assert [(marks[user]["status"], marks[user]["note"]) for user in cast.students[:2]] == [("late", ""), ("absent", "ill")]
    page.locator(".row").nth(0).locator("input[value=none]").check(force=True)
    page.locator("#rest").click()
    marks = stored()
    assert cast.students[0] not in marks
    assert len(marks) == CLASS - 1


def test_in_russian_and_searched_as_one_types(sign_in, path):
    page = sign_in(OLGA)
    page.goto(path)
    expect(page.locator("html")).to_have_attribute("lang", "ru")
    expect(page.locator("#rest")).to_have_text(re.compile("[а-я]"))
    assert not re.search(r"\b(present|late|absent|excused|Undo|Search)\b", page.locator("#register").inner_text())
    page.locator("#search").fill("FAMILY0007")
    expect(page.locator(".row:visible")).to_have_count(1)


@pytest.mark.parametrize("size", [{}, PHONE])
def test_axe_finds_nothing_serious(sign_in, path, size):
    page = sign_in(**size)
    page.goto(path)
    button(page, 0, "present").click()
    button(page, 1, "late").click()
    saved(page)
    found = Axe().run(page).response["violations"]
    assert [(one["id"], [node["target"] for node in one["nodes"]][:3]) for one in found if one["impact"] in SERIOUS] == []
