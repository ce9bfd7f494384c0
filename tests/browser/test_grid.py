"""The grid of a group, marked cell by cell in a browser."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from conftest import PASSWORD
from tests.browser.conftest import PHONE
from tests.live.conftest import RIMMA

SERIOUS = {"serious", "critical"}


@pytest.fixture
def address(cast):
    today = datetime.now(UTC).date()
    day = timedelta(days=1)
    return f"/admin/groups/group/{cast.group}/grid/?from={today - day}&to={today + day}"


@pytest.fixture
def grid(sign_in, address):
    """The page, and at the end that nothing went wrong on it unnoticed."""
    page = sign_in()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.goto(address, wait_until="networkidle")
    yield page
    assert [text for text in complaints if "409 (Conflict)" not in text] == []


def cell(page: Page, meeting: str, row: int = 0) -> Locator:
    heads = page.locator("thead th").evaluate_all("heads => heads.map(head => head.dataset.roster ?? '')")
    column = next(i for i, path in enumerate(heads) if meeting in path)
    return page.locator("tbody tr").nth(row).locator("td").nth(column - 1)


def stored(site, meeting: str, row: int = 0):
    """The mark of that row, as another client reads it."""
    with site.client(site.token(RIMMA, PASSWORD)) as client:
        return client.get(f"/meeting/{meeting}/roster").json()["rows"][row]["mark"]


def test_a_cell_is_marked_by_keyboard_and_unmarked_again(site, grid, meeting):
    one = cell(grid, meeting)
    one.locator("button").focus()
    grid.keyboard.press("l")
    expect(one).to_have_attribute("data-state", "saved")
    expect(one.locator("button")).to_have_text("L")
    expect(one.locator("button")).to_have_accessible_name(re.compile(r"Family0000 Name0, .*, late"))
    expect(grid.get_by_role("status")).to_contain_text("Saved: Family0000 Name0")
    assert stored(site, meeting)["status"] == "late"
    grid.keyboard.press("Delete")
    expect(one.locator("button")).to_have_text("·")
    expect(one).to_have_attribute("data-state", "saved")
    assert stored(site, meeting) is None


def test_quick_fingers_store_their_last_word(site, grid, meeting):
    one = cell(grid, meeting)
    one.locator("button").focus()
    grid.keyboard.type("plexa")
    expect(one.locator("button")).to_have_text("A")
    expect(one).to_have_attribute("data-state", "saved")
    assert stored(site, meeting)["version"] == 5


def test_arrows_move_and_the_menu_marks(site, grid, meeting):
    cell(grid, meeting).locator("button").focus()
    grid.keyboard.press("ArrowDown")
    below = cell(grid, meeting, row=1)
    expect(below.locator("button")).to_be_focused()
    grid.keyboard.press("Enter")
    expect(grid.get_by_role("menuitem", name="present")).to_be_focused()
    grid.keyboard.press("ArrowDown")
    grid.keyboard.press("Enter")
    expect(below).to_have_attribute("data-state", "saved")
    expect(below.locator("button")).to_be_focused()
    below.locator("button").click()
    grid.get_by_role("menuitem", name="excused").click()
    expect(below.locator("button")).to_have_text("X")
    expect(grid.get_by_role("menu")).to_be_hidden()
    expect(below).to_have_attribute("data-state", "saved")
    assert stored(site, meeting, row=1)["status"] == "excused"


def test_totals_follow_as_the_server_counts(grid, meeting):
    one = cell(grid, meeting)
    column = one.evaluate("cell => cell.cellIndex")
    one.locator("button").focus()
    for key in "pxa":
        grid.keyboard.press(key)
        expect(one).to_have_attribute("data-state", "saved")
    shown = grid.locator("tfoot td").nth(column - 1), one.locator("xpath=../td[last()]")
    before = [total.text_content() for total in shown]
    grid.reload()
    assert [total.text_content() for total in shown] == before


def test_a_conflict_shows_what_is_stored(site, cast, grid, meeting):
    with site.client(site.token(RIMMA, PASSWORD)) as client:
        client.put(f"/meeting/{meeting}/roster", {"marks": [{"user": cast.students[0], "status": "excused"}]})
    one = cell(grid, meeting)
    one.locator("button").focus()
    grid.keyboard.press("a")
    expect(one).to_have_attribute("data-state", "conflict")
    expect(one.locator("button")).to_have_text("X")
    expect(grid.get_by_role("status")).to_contain_text("yours was not stored")
    grid.keyboard.press("a")
    expect(one.locator("button")).to_have_text("A")


def test_a_failure_keeps_what_was_and_says_why(sign_in, address, meeting):
    page = sign_in()
    page.goto(address)
    page.route("**/roster", lambda route: route.abort())
    one = cell(page, meeting)
    one.locator("button").focus()
    page.keyboard.press("p")
    expect(one).to_have_attribute("data-state", "failed")
    expect(one.locator("button")).to_have_text("·")
    expect(page.get_by_role("status")).to_contain_text("did not answer")


@pytest.mark.parametrize("options", [{}, {"color_scheme": "dark"}, PHONE], ids=["light", "dark", "phone"])
def test_axe_finds_nothing_serious(sign_in, address, meeting, options):
    page = sign_in(**options)
    for path in (address, re.sub(r"\?.*", "blank/", address)):
        page.goto(path, wait_until="networkidle")
        if page.locator("td > button").count():
            for row, key in enumerate("plexa"):
                cell(page, meeting, row).locator("button").focus()
                page.keyboard.press(key)
                expect(cell(page, meeting, row)).to_have_attribute("data-state", "saved")
        found = Axe().run(page).response["violations"]
        assert [(one["id"], [node["target"] for node in one["nodes"]]) for one in found if one["impact"] in SERIOUS] == []


def test_a_phone_scrolls_the_table_and_not_the_page(sign_in, address):
    page = sign_in(**PHONE)
    for path in (address, re.sub(r"\?.*", "blank/", address)):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        scroll = page.locator(".grid-scroll")
        assert scroll.evaluate("part => part.scrollWidth > part.clientWidth")
        scroll.evaluate("part => part.scrollTo(300, 200)")
        name, box = page.locator("tbody .grid-name").nth(9).bounding_box(), scroll.bounding_box()
        assert abs(name["x"] - box["x"]) <= 2
        assert abs(page.locator("thead .grid-name").bounding_box()["y"] - box["y"]) <= 2


def test_without_a_script_it_is_a_table_to_read(new_context, sign_in, cast, address):
    state = sign_in().context.storage_state()
    page = new_context(java_script_enabled=False, storage_state=state).new_page()
    page.goto(address)
    assert page.locator("table button").count() == 0
    assert page.locator("tbody tr").count() == len(cast.students)
    assert page.locator("thead a").count() == len(cast.meetings)


def test_paper_has_the_table_alone(sign_in, address):
    page = sign_in()
    page.goto(address)
    page.emulate_media(media="print")
    expect(page.locator("table")).to_be_visible()
    expect(page.locator("caption")).to_be_visible()
    for hidden in ("#nav-sidebar", ".grid-bar", "h1"):
        expect(page.locator(hidden).first).to_be_hidden()
