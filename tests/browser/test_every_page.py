"""What holds for all pages of the admin: nothing from elsewhere, no script in the page, nothing that a screen reader stumbles over."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.live.conftest import ALLA, RIMMA

PAGES = ["/admin/", "/admin/meetings/meeting/", "/admin/groups/group/", "/admin/attendings/attending/"]
SERIOUS = {"serious", "critical"}


@pytest.mark.parametrize("email", [ALLA, RIMMA])
def test_nothing_is_loaded_from_another_host_and_the_policy_is_kept(site, sign_in, email):
    page = sign_in(email)
    asked, complaints = set(), []
    page.on("request", lambda request: asked.add(request.url))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    for path in PAGES:
        answer = page.goto(path, wait_until="networkidle")
        assert "'unsafe-inline'" not in re.findall(r"script-src [^;]*", answer.headers["content-security-policy"])[0]
    assert {url for url in asked if not url.startswith((f"http://127.0.0.1:{site.port}/", "data:"))} == set()
    assert complaints == []


@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing_serious(sign_in, path):
    page = sign_in(RIMMA)
    page.goto(path, wait_until="networkidle")
    found = Axe().run(page).response["violations"]
    assert [(one["id"], [node["target"] for node in one["nodes"]]) for one in found if one["impact"] in SERIOUS] == []
