"""`/docs` in a real Chromium: it works under our own content policy and loads nothing from elsewhere (trust.md 4.2)."""

import pytest
from playwright.async_api import expect

from tests.browser.conftest import OpenPage
from tests.e2e.clinic_by_http import ClinicByHttp

pytestmark = pytest.mark.browser


async def test_an_operation_can_be_opened_and_read(clinic: ClinicByHttp, open_page: OpenPage) -> None:
    page = await open_page(clinic.server.base_url)
    await page.goto("/docs")
    await expect(page.locator("#operations-tag-patients")).to_be_visible()
    await page.get_by_text("Add a patient", exact=True).click()
    await expect(page.get_by_text("Roles: admin, manager, front_desk.")).to_be_visible()
