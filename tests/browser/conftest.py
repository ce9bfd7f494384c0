"""A real browser at a real server: the system's Chromium, driven by Playwright, at gunicorn with two workers.

Nothing here touches the database directly: Playwright keeps an event loop in its thread, in which Django refuses to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from conftest import PASSWORD
from tests.browser.chromium import FLAGS, chromium
from tests.live.conftest import ALLA, Cast, cast, template  # noqa: F401 - fixtures
from tests.live.server import Server, serving

PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}
DESKTOP = {"viewport": {"width": 1280, "height": 900}}

SignIn = Callable[..., Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def site(template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:  # noqa: F811
    with serving(template.state, tmp_path_factory.mktemp("site")) as running:
        yield running


@pytest.fixture(scope="session")
def _unused(cast: Cast) -> Iterator[str]:  # noqa: F811
    return iter(cast.meetings)


@pytest.fixture
def meeting(_unused: Iterator[str]) -> str:
    """The id of a meeting of 7A that no other test marks."""
    return next(_unused)


@pytest.fixture
def new_context(browser: Browser, site: Server) -> Iterator[Callable[..., BrowserContext]]:
    """A browser of its own: cookies, storage and size."""
    with ExitStack() as opened:

        def new(**options: object) -> BrowserContext:
            context = browser.new_context(base_url=f"http://127.0.0.1:{site.port}", **{**DESKTOP, **options})
            opened.callback(context.close)
            return context

        yield new


@pytest.fixture
def sign_in(new_context: Callable[..., BrowserContext]) -> SignIn:
    """`sign_in(email, **options of the browser)`: a page of the admin, logged in."""

    def sign_in(email: str = ALLA, password: str = PASSWORD, **options: object) -> Page:
        page = new_context(**options).new_page()
        page.goto("/admin/login/")
        page.fill("input[name=username]", email)
        page.fill("input[name=password]", password)
        page.click("button[type=submit]")
        page.wait_for_url("**/admin/")
        return page

    return sign_in
