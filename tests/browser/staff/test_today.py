"""Today's page in a real browser: what comes in shows by itself, and everything is one click from acting."""

import pytest
from playwright.async_api import expect

from tests.browser.axe import violations
from tests.browser.conftest import DESKTOP, PHONE, is_too_wide
from tests.browser.staff.conftest import AtTheDesk
from tests.browser.staff.test_handoffs import live
from tests.browser.staff.waiting import QUESTION, answers_to, handed_over
from tests.e2e.clinic_by_http import ClinicByHttp

pytestmark = pytest.mark.browser


async def test_a_handoff_and_a_reply_appear_by_themselves_and_lead_on(
    desk: ClinicByHttp, at_the_desk: AtTheDesk
) -> None:
    page = await live(await at_the_desk())
    await expect(page.locator("#today-handoffs")).to_contain_text("Nobody waits.")
    campaign, _ = handed_over(desk)
    await expect(page.locator("#today-handoffs")).to_contain_text(QUESTION)
    await expect(page.locator("#today-replies")).to_contain_text(QUESTION)
    await expect(page.locator(".badge .count")).to_contain_text("1")
    await page.get_by_role("button", name="I have seen these").click()
    await expect(page.locator("#today-replies")).to_contain_text("Nobody wrote since")
    await page.locator("#today-handoffs a").click()
    await expect(page).to_have_url(f"{desk.server.base_url}/staff/handoffs?open={campaign}")


async def test_a_newcomer_clears_one_in_two_clicks(desk: ClinicByHttp, at_the_desk: AtTheDesk) -> None:
    campaign, email = handed_over(desk)
    page = await live(await at_the_desk())  # what somebody sees who has just signed in
    await page.locator(f"#today-handoffs a[href$='{campaign}']").click()
    await page.get_by_label("Answer by E-mail").fill("We take Delta Dental, yes.")
    await page.get_by_role("button", name="Send and close").click()
    await expect(page.locator("#handoff")).to_contain_text("The answer is on its way and the conversation is closed.")
    assert answers_to(desk, email, "We take Delta Dental, yes.") == 1
    assert desk.details(campaign)["status"] == "MANUAL_FOLLOWUP_COMPLETE"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [PHONE, {"width": 768, "height": 1024}, DESKTOP])
async def test_it_is_accessible_and_never_too_wide(
    desk: ClinicByHttp, at_the_desk: AtTheDesk, scheme: str, viewport: dict[str, int]
) -> None:
    handed_over(desk)
    desk.add_due_patient()
    page = await live(await at_the_desk(viewport=viewport, color_scheme=scheme))
    for deed in await page.locator(".deed summary").all():
        await deed.click()
    assert await violations(page) == []
    assert not await is_too_wide(page)
