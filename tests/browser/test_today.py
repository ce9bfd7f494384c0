"""The front page and the user menu in a real browser, on a phone and on a desktop."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP, PHONE
from tests.live.conftest import ALLA, RIMMA

SERIOUS = {"serious", "critical"}
SIZES = pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
PATHS = ["/admin/", "/admin/preferences/"]


def switch(page: Page, language: str) -> None:
    page.get_by_text("alla@school.example").click()
    page.get_by_role("button", name=language).click()
    page.wait_for_load_state()


@SIZES
@pytest.mark.parametrize("email", [ALLA, RIMMA])
@pytest.mark.parametrize("path", PATHS)
def test_fits_and_axe_finds_nothing_serious(sign_in, email, size, path):
    page = sign_in(email, **size)
    page.goto(path, wait_until="networkidle")
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    found = Axe().run(page).response["violations"]
    assert [(one["id"], [node["target"] for node in one["nodes"]]) for one in found if one["impact"] in SERIOUS] == []


def test_one_tap_leads_from_today_to_a_meeting(sign_in):
    page = sign_in(ALLA, **PHONE)
    row = page.locator(".today-row").first
    assert row.bounding_box()["height"] >= 64
    row.tap()
    page.wait_for_url(re.compile(r"/meetings/meeting/[0-9a-f-]{36}/"))
    expect(page.get_by_role("heading", level=1).first).to_contain_text("Algebra")


def test_the_user_menu_switches_the_language_for_good(sign_in):
    page = sign_in(ALLA)
    try:
        switch(page, "Русский")
        expect(page.locator("html")).to_have_attribute("lang", "ru")
        expect(page).to_have_url(re.compile("/admin/$"))
        page.goto("/admin/groups/group/")
        expect(page.locator("html")).to_have_attribute("lang", "ru")
    finally:
        switch(page, "English")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page).to_have_url(re.compile("/admin/groups/group/$"))


def test_works_without_javascript(sign_in):
    page = sign_in(ALLA, **PHONE, java_script_enabled=False)
    expect(page.locator(".today-row").first).to_be_visible()
    page.get_by_role("link", name="Language and time zone").click()
    page.get_by_label("Time zone").select_option("Asia/Yekaterinburg")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Your preferences are saved.")).to_be_visible()
    expect(page.get_by_label("Time zone")).to_have_value("Asia/Yekaterinburg")
    page.get_by_label("Time zone").select_option("UTC")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_label("Time zone")).to_have_value("UTC")
