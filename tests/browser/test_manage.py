"""A patient moves and cancels a visit by its link, in a real browser."""

import pytest
from playwright.async_api import ViewportSize, expect

from tests.browser.conftest import DESKTOP, PHONE, OpenPage, is_too_wide
from tests.browser.patients import booked
from tests.e2e.clinic_by_http import ClinicByHttp

pytestmark = pytest.mark.browser

SIZES = pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])


@SIZES
async def test_a_patient_moves_the_visit(clinic: ClinicByHttp, open_page: OpenPage, viewport: ViewportSize) -> None:
    page = await open_page(clinic.server.base_url, viewport=viewport)
    await page.goto(f"/manage/{booked(clinic)}")
    before = await page.locator(".is-summary p").nth(1).inner_text()
    await page.get_by_role("link", name="Choose another time").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Hello Pat")
    await page.locator(".calendar a").last.click()
    await expect(page.locator(".calendar [aria-current=date]")).to_have_count(1)
    await page.locator(".times a").first.click()
    after = await page.locator(".is-summary p strong").last.inner_text()
    assert not await is_too_wide(page)
    await page.get_by_role("button", name="Yes, move it").click()
    await expect(page.get_by_role("status")).to_contain_text("Your visit was moved")
    await expect(page.get_by_role("status")).to_contain_text(after)
    assert before != after


@SIZES
async def test_a_patient_cancels_the_visit(clinic: ClinicByHttp, open_page: OpenPage, viewport: ViewportSize) -> None:
    page = await open_page(clinic.server.base_url, viewport=viewport, java_script_enabled=viewport is DESKTOP)
    await page.goto(f"/manage/{booked(clinic)}")
    await page.get_by_role("link", name="Cancel the visit").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Do you want to cancel this visit?")
    await page.get_by_role("button", name="Yes, cancel it").click()
    await expect(page.get_by_role("status")).to_contain_text("Your visit is cancelled")
    assert not await is_too_wide(page)
    await page.get_by_role("main").get_by_role("link", name="Book another visit").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("What would you like to come for?")
