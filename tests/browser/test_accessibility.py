"""Every page of the booking site for everybody: axe-core finds nothing, light or dark, on a small or large screen."""

from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import Page, ViewportSize

from tests.browser.axe import violations
from tests.browser.conftest import DESKTOP, PHONE, OpenPage, is_too_wide
from tests.browser.patients import booked, choose_a_time, invite, lose_the_race
from tests.e2e.clinic_by_http import ClinicByHttp

pytestmark = pytest.mark.browser

LEAST_TARGET = 24
"""CSS pixels (WCAG 2.2, 2.5.8); a link in a sentence may be smaller."""
NARROW: ViewportSize = {"width": 320, "height": 640}
TARGETS = """() => [...document.querySelectorAll('a, button, summary, input:not([type=hidden]), textarea')]
  .filter((one) => one.checkVisibility() && !one.closest('p, span, .skip-link'))
  .map((one) => [one.outerHTML.slice(0, 120), (one.closest('.picks label') || one).getBoundingClientRect()])
  .filter(([_, box]) => box.width < %d || box.height < %d).map(([html, box]) => `${html} ${box.width}x${box.height}`)"""

Walk = Callable[[ClinicByHttp, Page], Awaitable[object]]


def opening(path: str) -> Walk:
    async def walk(clinic: ClinicByHttp, page: Page) -> None:
        await page.goto(path.format(t=invite(clinic)[1]) if "{t}" in path else path)

    return walk


def managing(rest: str) -> Walk:
    async def walk(clinic: ClinicByHttp, page: Page) -> None:
        await page.goto(f"/manage/{booked(clinic)}{rest}")

    return walk


async def chosen_day(clinic: ClinicByHttp, page: Page) -> None:
    await page.goto("/book?service=checkup")
    await page.locator(".calendar a").last.click()
    await page.locator(".times a").first.wait_for()


async def wrong_details(clinic: ClinicByHttp, page: Page) -> None:
    await page.goto("/book")
    await choose_a_time(page)
    await page.get_by_label("Name").fill("Eve")
    await page.get_by_label("Phone").fill("12")
    await page.get_by_role("button").last.click()
    await page.locator("[aria-invalid]").first.wait_for()


async def taken(clinic: ClinicByHttp, page: Page) -> None:
    await page.goto(f"/book?t={invite(clinic)[1]}")
    await choose_a_time(page)
    await lose_the_race(clinic, page)
    await page.get_by_role("button").last.click()
    await page.get_by_role("radio").first.wait_for()


async def done(clinic: ClinicByHttp, page: Page) -> None:
    await page.goto(f"/book?t={invite(clinic)[1]}")
    await choose_a_time(page)
    await page.get_by_role("button").last.click()
    await page.locator(".done").wait_for()


async def moving(clinic: ClinicByHttp, page: Page) -> None:
    await managing("?change=time")(clinic, page)
    await page.locator(".calendar a").last.click()
    await page.locator(".times a").first.click()
    await page.get_by_role("button", name="Yes, move it").wait_for()


async def cancelled(clinic: ClinicByHttp, page: Page) -> None:
    await managing("?change=cancel")(clinic, page)
    await page.get_by_role("button", name="Yes, cancel it").click()
    await page.locator(".done").wait_for()


async def waiting(clinic: ClinicByHttp, page: Page) -> None:
    await page.goto(f"/waitlist/{booked(clinic)}")


PAGES: dict[str, Walk] = {
    "landing": opening("/"),
    "services": opening("/book?t={t}"),
    "expired-link": opening("/book?t=an-old-link"),
    "calendar": chosen_day,
    "details": opening("/book?service=checkup&time=2000-01-01T10:00:00Z"),
    "wrong-details": wrong_details,
    "taken": taken,
    "done": done,
    "visit": managing(""),
    "move": moving,
    "cancel": managing("?change=cancel"),
    "cancelled": cancelled,
    "visit-unknown": opening("/manage/nobody"),
    "waitlist": waiting,
    "waitlist-unknown": opening("/waitlist/nobody"),
    "unsubscribe-unknown": opening("/unsubscribe/nobody"),
    "not-found": opening("/nowhere"),
}


@pytest.mark.parametrize("name", list(PAGES))
async def test_axe_finds_nothing(clinic: ClinicByHttp, open_page: OpenPage, name: str) -> None:
    page = await open_page(clinic.server.base_url, viewport=PHONE, reduced_motion="reduce")
    await PAGES[name](clinic, page)
    for viewport in (PHONE, DESKTOP):
        for scheme in ("light", "dark"):
            await page.set_viewport_size(viewport)
            await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            assert await violations(page) == [], (scheme, viewport)
    await page.set_viewport_size(NARROW)
    assert not await is_too_wide(page)
    assert await page.evaluate(TARGETS % (LEAST_TARGET, LEAST_TARGET)) == []


async def test_axe_would_find_something(clinic: ClinicByHttp, open_page: OpenPage) -> None:
    page = await open_page(clinic.server.base_url)
    await page.goto("/book")
    await page.evaluate("document.querySelector('main').append(document.createElement('input'))")
    assert [line.partition(":")[0] for line in await violations(page)] == ["label"]


@pytest.mark.parametrize("accent", ["#ffd400", "#ffffff", "#000000"])
async def test_any_colour_of_a_clinic_stays_readable(clinic: ClinicByHttp, open_page: OpenPage, accent: str) -> None:
    clinic.ok(clinic.staff.patch("/admin/clinic", json={"branding": {"accent": accent}}))
    page = await open_page(clinic.server.base_url, viewport=DESKTOP, reduced_motion="reduce")
    await chosen_day(clinic, page)
    for scheme in ("light", "dark"):
        await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        assert await violations(page) == [], scheme
    fill = await page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--fill').trim()")
    assert fill != "#0b6b75"
