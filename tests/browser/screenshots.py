"""Takes the pictures of the README and the docs anew, of a demo school as it is today: `python -m tests.browser.screenshots`."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.chromium import FLAGS, chromium
from tests.live.server import ROOT, Server, environment

PICTURES = ROOT / "docs" / "screenshots"
PASSWORD = "attendance-demo"
TEACHER, ADMIN = "teacher@demo.example", "admin@demo.example"
DESKTOP, PHONE = {"width": 1280, "height": 860}, {"width": 390, "height": 844}


def main() -> None:
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as directory, sync_playwright() as playwright:
        state = Path(directory)
        for command in ("migrate", "seed_demo"):
            values = environment(state, DJANGO_SETTINGS_MODULE="attendance.settings")
            subprocess.run([sys.executable, "manage.py", command, "--verbosity=0"], cwd=ROOT, env=values, check=True)
        server = Server(state)
        server.start()
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        try:
            take_all(browser, f"http://127.0.0.1:{server.port}")
        finally:
            browser.close()
            server.stop()


def take_all(browser: Browser, address: str) -> None:
    for language in ("en", "ru"):
        page = signed_in(browser, address, TEACHER, language, DESKTOP)
        take(page, "today", language)
        register = page.locator("a[href*='/register/']").first.get_attribute("href")
        page.goto(register, wait_until="networkidle")
        take(page, "register", language)
        group = page.locator(".register-where a").get_attribute("href").removesuffix("change/")
        page.goto(f"{group}grid/", wait_until="networkidle")
        take(page, "grid", language)
        phone = signed_in(browser, address, TEACHER, language, PHONE)
        phone.goto(register, wait_until="networkidle")
        take(phone, "register-phone", language)


def signed_in(browser: Browser, address: str, email: str, language: str, size: dict[str, int]) -> Page:
    page = browser.new_context(base_url=address, viewport=size, device_scale_factor=1).new_page()
    page.goto("/admin/login/")
    page.fill("input[name=username]", email)
    page.fill("input[name=password]", PASSWORD)
    page.click("button[type=submit]")
    page.goto("/admin/preferences/")
    page.select_option("select[name=language]", language)
    page.locator("form:has(select[name=language]) [type=submit]").click()
    page.goto("/admin/", wait_until="networkidle")
    return page


def take(page: Page, name: str, language: str) -> None:
    page.screenshot(path=PICTURES / f"{name}{'' if language == 'en' else f'-{language}'}.png")


if __name__ == "__main__":
    main()
