"""A real Chromium on a real server: every page it opens must stay within our own origin and our own policy."""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, Page, ViewportSize, async_playwright, expect

from tests.e2e.clinic_by_http import ClinicByHttp
from tests.server import start_server

PHONE: ViewportSize = {"width": 390, "height": 844}
DESKTOP: ViewportSize = {"width": 1280, "height": 800}
PATIENCE_MS = 20_000
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")

OpenPage = Callable[..., Awaitable[Page]]


@pytest.fixture(scope="module")
def clinic(mongodb_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClinicByHttp]:
    """A clinic with one service and one provider who always works, on a server of its own."""
    with start_server(mongodb_uri, Path(tmp_path_factory.mktemp("server"))) as server:
        by_http = ClinicByHttp(server)
        by_http.set_up()
        yield by_http
        by_http.staff.close()


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """The system's Chromium, else the one that Playwright downloaded."""
    installed = next((path for name in CHROMIUMS if (path := shutil.which(name))), None)
    expect.set_options(timeout=PATIENCE_MS)
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(
            executable_path=installed, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield launched
        await launched.close()


@pytest.fixture
async def open_page(browser: Browser) -> AsyncIterator[OpenPage]:
    """`await open_page(base_url, viewport=..., java_script_enabled=...)`; what a page must not do fails the test."""
    opened: list[BrowserContext] = []
    offences: list[str] = []

    async def open_one(base_url: str, *, viewport: ViewportSize = DESKTOP, **options: Any) -> Page:
        context = await browser.new_context(base_url=base_url, viewport=viewport, **options)
        opened.append(context)
        context.set_default_timeout(PATIENCE_MS)
        page = await context.new_page()
        page.on("request", lambda request: _note(offences, request.url, unless=request.url.startswith(base_url)))
        page.on("console", lambda line: _note(offences, line.text, unless="Content Security Policy" not in line.text))
        page.on("pageerror", lambda error: _note(offences, str(error), unless=False))
        return page

    yield open_one
    for context in opened:
        await context.close()
    assert offences == []


def _note(offences: list[str], text: str, *, unless: bool) -> None:
    if not unless:
        offences.append(text)


async def is_too_wide(page: Page) -> bool:
    """True when a visitor would have to scroll sideways."""
    return bool(await page.evaluate("document.documentElement.scrollWidth > window.innerWidth"))
