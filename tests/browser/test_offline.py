"""The database goes away while somebody books: the page says so, and what was typed can be sent again."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import expect

from app.database.embedded import EmbeddedMongo, start_embedded
from tests.browser.axe import violations
from tests.browser.conftest import PHONE, OpenPage, is_too_wide
from tests.browser.patients import choose_a_time, invite
from tests.e2e.clinic_by_http import ClinicByHttp
from tests.server import start_server

PATIENCE_MS = 90_000
"""The driver looks for a new primary for 30 seconds before it gives up (trust.md 2.2)."""

pytestmark = pytest.mark.browser


@pytest.fixture
def mongod(tmp_path: Path) -> Iterator[EmbeddedMongo]:
    """A database of its own, which the test may stop."""
    with start_embedded(tmp_path) as running:
        yield running


async def test_the_form_is_kept_until_the_database_is_back(
    mongod: EmbeddedMongo, tmp_path: Path, open_page: OpenPage
) -> None:
    with start_server(mongod.uri, tmp_path) as server:
        clinic = ClinicByHttp(server)
        clinic.set_up()
        page = await open_page(server.base_url, viewport=PHONE, locale="es-US", reduced_motion="reduce")
        await page.goto(f"/book?t={invite(clinic)[1]}")
        await choose_a_time(page)
        await page.locator("#notes").fill("Voy en autobús")
        clinic.staff.close()
        mongod.stop()
        async with page.expect_response("**/book", timeout=PATIENCE_MS) as answer:
            await page.locator("form button").click(timeout=PATIENCE_MS)
        assert ((await answer.value).status, (await answer.value).headers["retry-after"]) == (503, "5")
        await expect(page.get_by_role("heading", level=1)).to_have_text("Volvemos en un momento")
        await expect(page.locator("input[name=notes]")).to_have_value("Voy en autobús")
        await expect(page.get_by_role("button", name="Intentarlo de nuevo")).to_be_visible()
        assert await violations(page) == []
        assert not await is_too_wide(page)
        server.kill()
