"""Every page of the dashboard in a real browser: light and dark, on a phone, a tablet and a desk.

The addresses come from the routes themselves (tests/web/staff/every_page.py): a page that is added is opened here too.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.async_api import Page, Response, expect

from app.bootstrap import build_context
from app.database.connection import connect
from app.demo.seed import DEMO_EMAIL, DEMO_PASSWORD, seed
from app.models.registry import bind_documents
from app.web.staff.session import COOKIE
from tests.browser.axe import violations
from tests.browser.conftest import DESKTOP, OpenPage, is_too_wide
from tests.browser.staff.conftest import session_of
from tests.conftest import make_settings
from tests.server import RunningServer, start_server
from tests.web.staff.every_page import DOWNLOADS, Address, add_what_the_demo_lacks, addresses, landmarks, routes

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]  # three widths and two looks of axe for a whole room

HEIGHT = 900
WIDTHS = (1280, 768, 390)
REFUSED = ("/patients/0123456789abcdef01234567", "/campaigns/0123456789abcdef01234567", "/settings/users/nobody")
FEWEST_PAGES = 35
"""Whole pages among the routes; the others are parts of them."""
HEADINGS = "[...document.querySelectorAll('h1')].filter((each) => each.checkVisibility()).length"


@dataclass(frozen=True, slots=True)
class Practice:
    """The whole demo clinic on a server of its own, with what it lacks; `found` are the addresses of its pages."""

    server: RunningServer
    cookie: str
    found: list[Address]


@pytest.fixture(scope="module")
async def practice(mongodb_uri: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Practice]:
    folder = Path(tmp_path_factory.mktemp("practice"))
    with start_server(mongodb_uri, folder, ADMIN_EMAIL="", ADMIN_PASSWORD="") as server:
        database = connect(mongodb_uri, server.environment["MONGODB_DATABASE"])
        await bind_documents(database.handle, build_indexes=False)
        ctx = build_context(make_settings(chairside_data_dir=folder), database)
        await seed(ctx)
        await add_what_the_demo_lacks(ctx)
        found = list(addresses(await landmarks(ctx)))
        await database.close()
        yield Practice(server, session_of(server, DEMO_EMAIL, DEMO_PASSWORD), found)


async def signed_in(practice: Practice, open_page: OpenPage) -> Page:
    base = practice.server.base_url
    page = await open_page(base, viewport=DESKTOP, reduced_motion="reduce")
    cookie = {"name": COOKIE, "value": practice.cookie, "url": f"{base}/staff"}
    await page.context.add_cookies([cookie])  # type: ignore[list-item]  # a TypedDict of Playwright's own
    return page


async def opened(page: Page, address: str) -> Response:
    response = await page.goto(address)
    assert response
    return response


async def is_whole(page: Page, address: str) -> bool:
    """False for a part of a page, a file, and a part that must be told of what it is one (422)."""
    answer = await page.request.get(address)
    assert answer.ok or answer.status == 422, f"{address}: {answer.status}"
    return answer.ok and "<html" in await answer.text()


async def wrongs(page: Page) -> list[str]:
    """What is wrong with what the page shows now: each width, then WCAG on a bright desk and on a dark phone."""
    found: list[str] = []
    for width in WIDTHS:
        await page.set_viewport_size({"width": width, "height": HEIGHT})
        if await is_too_wide(page):
            found.append(f"wider than {width} px")
        if width == WIDTHS[0]:
            found += await violations(page)
    await page.emulate_media(color_scheme="dark")
    found += [f"dark: {each}" for each in await violations(page)]
    await page.emulate_media(color_scheme="light")
    await page.set_viewport_size({"width": WIDTHS[0], "height": HEIGHT})
    return found


@pytest.mark.parametrize("route", [route for route in routes() if route not in DOWNLOADS])
async def test_every_page(practice: Practice, open_page: OpenPage, route: str) -> None:
    page = await signed_in(practice, open_page)
    said: list[str] = []
    page.on("console", lambda line: said.append(line.text) if line.type in ("error", "warning") else None)
    found: list[str] = []
    for address in (each for each in practice.found if each.route == route):
        if not await is_whole(page, address.url):
            return  # a part: it is seen in the page that it belongs to
        assert (await opened(page, address.url)).ok
        headings = await page.evaluate(HEADINGS)
        found += [f"{address.name}: {each}" for each in await wrongs(page)]
        found += [] if headings == 1 else [f"{address.name}: {headings} main headings"]
    assert found + said == []


async def test_most_routes_are_pages(practice: Practice, open_page: OpenPage) -> None:
    page = await signed_in(practice, open_page)
    whole = {each.route for each in practice.found if each.is_shown and await is_whole(page, each.url)}
    assert len(whole) >= FEWEST_PAGES


@pytest.mark.parametrize("address", REFUSED)
async def test_what_is_not_there(practice: Practice, open_page: OpenPage, address: str) -> None:
    page = await signed_in(practice, open_page)
    response = await opened(page, f"/staff{address}")
    assert response.status in (404, 422)
    assert await page.evaluate(HEADINGS) == 1
    assert await wrongs(page) == []


async def test_the_sign_in(practice: Practice, open_page: OpenPage) -> None:
    page = await open_page(practice.server.base_url, reduced_motion="reduce")
    await opened(page, "/staff/sign-in")
    await page.locator("#email").fill("nobody@example.com")
    await page.locator("#password").fill("not this one")
    assert await wrongs(page) == []
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("alert")).to_be_visible()
    assert await wrongs(page) == []


async def visit_card(page: Page) -> None:
    await opened(page, "/staff/schedule?view=week")
    await page.locator(".visit").first.click()
    await expect(page.locator("#visit-title")).to_be_visible()


async def phone_booking(page: Page) -> None:
    await opened(page, "/staff/schedule")
    await page.get_by_role("button", name="Book a visit").click()
    await page.locator("#who").fill("Ma")
    await expect(page.locator(".people")).to_be_visible()
    await page.locator("#when").fill("2020-01-01T10:00")
    await page.get_by_role("button", name="Book it").click()
    await expect(page.locator("#side [role=alert]")).to_be_visible()


async def trial(page: Page) -> None:
    await opened(page, "/staff/knowledge")
    await page.locator("#question").fill("How much is whitening?")
    await page.get_by_role("button", name="Try it").click()
    await expect(page.locator("#trial .notice")).to_be_visible()


async def refused_settings(page: Page) -> None:
    await opened(page, "/staff/settings/outreach")
    await page.locator("#f-max_per_week").fill("0")
    await page.get_by_role("button", name="Save").click()
    await expect(page.locator("#max_per_week-problem")).to_be_visible()


async def effect(page: Page) -> None:
    await opened(page, "/staff/settings/hours")
    await page.locator("#f-hours_mon").fill("")
    await page.get_by_role("button", name="What would change?").click()
    await expect(page.locator("#effect .notice")).to_be_visible()


async def menu(page: Page) -> None:
    await opened(page, "/staff/password")
    await page.locator(".me summary").click()
    await expect(page.get_by_role("button", name="Sign out")).to_be_visible()


@pytest.mark.parametrize("walk", [visit_card, phone_booking, trial, refused_settings, effect, menu])
async def test_what_opens_in_a_page(
    practice: Practice, open_page: OpenPage, walk: Callable[[Page], Awaitable[None]]
) -> None:
    page = await signed_in(practice, open_page)
    await walk(page)
    assert await wrongs(page) == []
