"""A conversation in a real browser: new messages while somebody types, SMS length, notes, status, reasons."""

import pytest
from playwright.async_api import Dialog, expect

from tests.browser.axe import violations
from tests.browser.conftest import DESKTOP, PHONE, is_too_wide
from tests.browser.staff.conftest import AtTheDesk
from tests.browser.staff.test_handoffs import live
from tests.browser.staff.waiting import answers_to, colleague, handed_over, lengthen
from tests.e2e.clinic_by_http import ClinicByHttp
from tests.server import ADMIN_PASSWORD

pytestmark = pytest.mark.browser

HOSTILE = "<script>document.title='pwned'</script>"


async def test_new_messages_appear_and_nothing_typed_is_lost(desk: ClinicByHttp, at_the_desk: AtTheDesk) -> None:
    campaign, email = handed_over(desk)
    page = await live(await at_the_desk(f"/campaigns/{campaign}"))
    await page.locator(".is-patient .how summary").last.click()
    await page.get_by_label("Answer by E-mail").fill("I am still wri")
    desk.answer(email, f"One more thing {HOSTILE}")
    await expect(page.locator(".is-patient").last).to_contain_text(HOSTILE)
    await expect(page.get_by_label("Answer by E-mail")).to_have_value("I am still wri")
    await expect(page.locator(".how[open]")).to_have_count(1)
    assert await page.title() != "pwned"


async def test_an_answer_is_sent_and_its_delivery_followed(desk: ClinicByHttp, at_the_desk: AtTheDesk) -> None:
    campaign, email = handed_over(desk)
    page = await live(await at_the_desk(f"/campaigns/{campaign}"))
    await page.get_by_label("Start from a text").select_option(label="Thank you")
    field = page.get_by_label("Answer by E-mail")
    await expect(field).to_have_value("Thank you, Lea. See you soon at Willow Street Dental.")
    await page.get_by_role("button", name="Send", exact=True).dblclick()
    await expect(field).to_have_value("")
    mine = page.locator(".bubble.is-staff")
    await expect(mine).to_have_count(1)
    assert answers_to(desk, email, "Thank you, Lea. See you soon") == 1
    await expect(mine).to_contain_text("Sent")


async def test_a_409_while_sending_shows_why_and_keeps_the_text(desk: ClinicByHttp, at_the_desk: AtTheDesk) -> None:
    campaign, email = handed_over(desk)
    page = await live(await at_the_desk(f"/campaigns/{campaign}"))
    await page.get_by_label("Answer by E-mail").fill("Still here")
    desk.answer(email, "STOP")
    await page.get_by_role("button", name="Send", exact=True).click()
    await expect(page.locator("#notices [role=alert]")).to_be_visible()
    await expect(page.get_by_label("Answer by E-mail")).to_have_value("Still here")


async def test_a_colleagues_note_and_move_show_at_once(desk: ClinicByHttp, at_the_desk: AtTheDesk) -> None:
    campaign, _ = handed_over(desk)
    ada = await live(await at_the_desk(f"/campaigns/{campaign}", **colleague(desk, "Ada Desk")))
    ben = await live(await at_the_desk(f"/campaigns/{campaign}", **colleague(desk, "Ben Desk")))
    await expect(ben.locator("#state")).to_contain_text("Ada Desk is looking too")
    await ada.get_by_label("Note for colleagues").fill("I called, she comes on Monday")
    await ada.get_by_role("button", name="Keep the note").click()
    await expect(ada.get_by_label("Note for colleagues")).to_have_value("")
    await expect(ben.locator(".is-note")).to_contain_text("I called, she comes on Monday")
    await ada.get_by_role("button", name="Give to the assistant").click()
    await expect(ben.locator("#state")).to_contain_text("In conversation")
    await expect(ben.get_by_role("button", name="Take over myself")).to_be_visible()


async def test_closing_asks_first(desk: ClinicByHttp, at_the_desk: AtTheDesk) -> None:
    campaign, _ = handed_over(desk)
    page = await live(await at_the_desk(f"/campaigns/{campaign}"))
    asked: list[str] = []

    async def refuse(dialog: Dialog) -> None:
        asked.append(dialog.message)
        await dialog.dismiss()

    page.once("dialog", refuse)
    await page.get_by_text("Close …").click()
    await page.get_by_role("button", name="Followed up").click()
    await expect(page.locator("#state")).to_contain_text("Needs a person")
    assert "writes nothing more" in asked[0]
    page.once("dialog", lambda dialog: dialog.accept())
    await page.get_by_role("button", name="Followed up").click()
    await expect(page.locator("#state .status")).to_have_text("Followed up")


async def test_earlier_messages_come_without_a_jump(desk: ClinicByHttp, at_the_desk: AtTheDesk) -> None:
    campaign, email = handed_over(desk)
    lengthen(desk, campaign, 230)
    page = await live(await at_the_desk(f"/campaigns/{campaign}"))
    thread = page.locator("#thread")
    await expect(page.locator(".bubble").last).to_be_in_viewport()
    button = page.get_by_role("button", name="Show earlier messages")
    for shown in (200, 233):
        await thread.evaluate("box => { box.scrollTop = 0; }")
        first = page.locator(".bubbles > li").first
        name = f"#{await first.get_attribute('id')}"
        before = await page.locator(name).bounding_box()
        await button.press("Enter")
        await expect(page.locator(".bubble")).to_have_count(shown)
        after = await page.locator(name).bounding_box()
        assert before is not None
        assert after is not None
        # The button above it may have gone with the last page: that is all that moves.
        assert abs(after["y"] - before["y"]) <= 1
    await expect(button).to_have_count(0)
    await expect(page.locator(".bubble").first).to_contain_text("Long ago 0.")
    desk.answer(email, "And one more thing")
    await expect(page.locator(".bubble")).to_have_count(234)
    await expect(page.get_by_role("button", name="New message")).to_be_visible()
    assert await thread.evaluate("box => box.scrollHeight - box.scrollTop - box.clientHeight") > 1_000
    await page.get_by_role("button", name="New message").click()
    await expect(page.locator(".bubble").last).to_be_in_viewport()


async def test_a_note_survives_the_end_of_the_session(desk: ClinicByHttp, at_the_desk: AtTheDesk) -> None:
    campaign, _ = handed_over(desk)
    page = await live(await at_the_desk(f"/campaigns/{campaign}"))
    await page.get_by_label("Answer by E-mail").fill("Half an answer")
    await page.get_by_label("Note for colleagues").fill("She is afraid of needles")
    desk.server.forward(minutes=31)
    desk.sign_in_again()
    await page.get_by_role("button", name="Keep the note", include_hidden=True).dispatch_event("click")
    dialog = page.get_by_role("dialog", name="You were signed out")
    await dialog.get_by_label("Password").fill(ADMIN_PASSWORD)
    await dialog.get_by_role("button", name="Sign in").click()
    await expect(page.locator(".is-note")).to_contain_text("She is afraid of needles")
    await expect(page.locator(".is-note")).to_have_count(1)
    await expect(page.get_by_label("Answer by E-mail")).to_have_value("Half an answer")


async def test_every_decision_is_told(desk: ClinicByHttp, at_the_desk: AtTheDesk) -> None:
    campaign, _ = handed_over(desk)
    page = await at_the_desk(f"/campaigns/{campaign}")
    await page.get_by_text("Show the decisions").click()
    await expect(page.locator("#why")).to_contain_text("Right now:")
    await expect(page.locator("#why .decisions li").first).to_contain_text("Written")


async def test_the_length_of_an_sms_and_one_that_is_too_long(desk: ClinicByHttp, at_the_desk: AtTheDesk) -> None:
    body = {"patient_name": "Sam Sms", "patient_phone": "+12025550177", "preferred_channel": "sms"}
    wish = body | {"initial_inquiry": "Hi", "estimated_value": 10}
    campaign = desk.ok(desk.staff.post("/admin/campaigns/recovery", json=wish))["campaign_id"]
    page = await at_the_desk(f"/campaigns/{campaign}")
    field = page.get_by_label("Answer by SMS")
    await field.fill("x" * 161)
    await expect(page.locator("#reply-size")).to_contain_text("161 characters, 2 SMS")
    await field.fill("x" * 1_601)
    await expect(page.locator("#reply-size")).to_contain_text("too long for an SMS")
    await page.get_by_role("button", name="Send", exact=True).click()
    await expect(page.locator("#notices [role=alert]")).to_contain_text("1,601 characters")
    await expect(field).to_have_value("x" * 1_601)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [PHONE, {"width": 768, "height": 1024}, DESKTOP])
async def test_it_is_accessible_and_never_too_wide(
    desk: ClinicByHttp, at_the_desk: AtTheDesk, scheme: str, viewport: dict[str, int]
) -> None:
    campaign, _ = handed_over(desk)
    page = await live(await at_the_desk(f"/campaigns/{campaign}", viewport=viewport, color_scheme=scheme))
    await page.locator(".how summary").first.click()
    await page.get_by_text("Show the decisions").click()
    await expect(page.locator("#why")).to_contain_text("Right now:")
    assert await violations(page) == []
    assert not await is_too_wide(page)
