"""The handoff queue in a real browser: two people at once, keys, a restarted replica, a session that ended."""

import pytest
from playwright.async_api import Page, expect

from tests.browser.axe import violations
from tests.browser.conftest import DESKTOP, PHONE, OpenPage, is_too_wide
from tests.browser.staff.conftest import AtTheDesk, sit_down
from tests.browser.staff.waiting import (
    PROMISED_MS,
    STREAM,
    answers_to,
    colleague,
    escalate,
    handed_over,
    replica_of,
    without_a_stream,
)
from tests.e2e.clinic_by_http import ClinicByHttp
from tests.server import ADMIN_PASSWORD

pytestmark = pytest.mark.browser


async def live(page: Page) -> Page:
    """The page hears what happens."""
    await expect(page.locator("#live-state")).to_be_empty()
    return page


async def test_one_claims_and_the_other_sees_it_and_who_looks(desk: ClinicByHttp, at_the_desk: AtTheDesk) -> None:
    campaign, _ = handed_over(desk)
    ada = await live(await at_the_desk(f"/handoffs?open={campaign}", **colleague(desk, "Ada Desk")))
    ben = await live(await at_the_desk("/handoffs", **colleague(desk, "Ben Desk")))
    await expect(ben.locator(f"#q-{campaign}")).to_contain_text("Ada Desk looking")
    await ben.locator(f"#q-{campaign}").click()
    await expect(ben.locator("#state")).to_contain_text("Ada Desk is looking too")
    await ada.get_by_role("button", name="I take it").click()
    await expect(ada.locator("#state")).to_contain_text("You have it")
    await expect(ben.locator("#state")).to_contain_text("Ada Desk has it", timeout=PROMISED_MS)
    await expect(ben.locator(f"#q-{campaign}")).to_contain_text("Ada Desk has it", timeout=PROMISED_MS)
    await ada.goto("about:blank")
    await expect(ben.locator("#state")).not_to_contain_text("looking too")


async def test_the_suggestion_is_edited_and_a_double_click_sends_it_once(
    desk: ClinicByHttp, at_the_desk: AtTheDesk
) -> None:
    campaign, email = handed_over(desk)
    page = await live(await at_the_desk(f"/handoffs?open={campaign}"))
    await page.get_by_label("Answer by E-mail").fill("Yes, we take Delta Dental.")
    await page.get_by_role("button", name="Send, then the assistant goes on").dblclick()
    await expect(page.locator("#handoff")).to_contain_text("the assistant goes on from here")
    await expect(page.locator(f"#q-{campaign}")).to_have_count(0)
    assert answers_to(desk, email, "Yes, we take Delta Dental.") == 1
    assert desk.details(campaign)["status"] == "RE_ENGAGED"


async def test_it_is_cleared_with_the_keyboard_alone(desk: ClinicByHttp, at_the_desk: AtTheDesk) -> None:
    campaign, email = handed_over(desk)
    page = await live(await at_the_desk("/handoffs"))
    count = await page.locator("#queue [data-open]").count()
    for _ in range(count):
        await page.keyboard.press("j")
        if await page.evaluate("document.activeElement.id") == f"q-{campaign}":
            break
    await page.keyboard.press("Enter")
    await expect(page.locator("#handoff-title")).to_be_focused()
    await page.keyboard.press("c")
    await expect(page.locator("#state")).to_contain_text("You have it")
    await page.keyboard.press("r")
    await expect(page.get_by_label("Answer by E-mail")).to_be_focused()
    await page.keyboard.press("ControlOrMeta+a")
    await page.keyboard.type("jkc? we do")
    await expect(page.get_by_label("Answer by E-mail")).to_have_value("jkc? we do")
    await expect(page.locator("#keys")).not_to_be_visible()
    await page.keyboard.press("Escape")
    await page.keyboard.press("?")
    await expect(page.locator("#keys")).to_be_visible()
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Send and keep it").press("Enter")
    await expect(page.locator("#notices")).to_contain_text("on its way")
    assert answers_to(desk, email, "jkc? we do") == 1


async def test_a_reply_comes_in_while_somebody_types(desk: ClinicByHttp, at_the_desk: AtTheDesk) -> None:
    campaign, email = handed_over(desk)
    page = await live(await at_the_desk(f"/handoffs?open={campaign}"))
    await page.get_by_label("Answer by E-mail").fill("Half an ans")
    desk.answer(email, "And do you take Aetna?")
    await expect(page.locator("#said")).to_contain_text("And do you take Aetna?")
    await expect(page.get_by_label("Answer by E-mail")).to_have_value("Half an ans")
    await expect(page.get_by_label("Answer by E-mail")).to_be_focused()


async def test_another_one_and_back_keeps_what_was_typed(desk: ClinicByHttp, at_the_desk: AtTheDesk) -> None:
    first, second = handed_over(desk)[0], handed_over(desk)[0]
    page = await live(await at_the_desk(f"/handoffs?open={first}"))
    await page.get_by_label("Answer by E-mail").fill("Not yet sent")
    await page.locator(f"#q-{second}").click()
    await expect(page.locator(f'[data-reply="{second}"]')).to_be_visible()
    await page.locator(f"#q-{first}").click()
    await expect(page.locator(f'[data-reply="{first}"] textarea')).to_have_value("Not yet sent")


async def test_a_replica_restarted_under_an_open_page(
    desk: ClinicByHttp, at_the_desk: AtTheDesk, mongodb_uri: str
) -> None:
    page = await live(await at_the_desk("/handoffs"))
    with replica_of(desk, mongodb_uri) as other:
        elsewhere = ClinicByHttp(other)
        desk.server.kill()
        await expect(page.locator("#live-state")).to_contain_text("Reconnecting")
        missed, _ = handed_over(elsewhere)
        desk.server.restart()
        desk.sign_in_again()
        await expect(page.locator("#live-state")).to_be_empty(timeout=40_000)
        await expect(page.locator(f"#q-{missed}")).to_be_visible()
        later, _ = handed_over(elsewhere)
        await expect(page.locator(f"#q-{later}")).to_be_visible()


async def test_two_replicas_tell_each_other(
    desk: ClinicByHttp, at_the_desk: AtTheDesk, open_page: OpenPage, mongodb_uri: str
) -> None:
    campaign, _ = handed_over(desk)
    ada = await live(await at_the_desk(f"/handoffs?open={campaign}", **colleague(desk, "Ada Desk")))
    with replica_of(desk, mongodb_uri) as other:
        ben = await sit_down(await open_page(other.base_url), other, **colleague(desk, "Ben Desk"))
        await ben.goto(f"/staff/handoffs?open={campaign}")
        await live(ben)
        await ada.get_by_role("button", name="I take it").click()
        await expect(ada.locator("#state")).to_contain_text("You have it")
        await expect(ben.locator("#state")).to_contain_text("Ada Desk has it", timeout=PROMISED_MS)
        await ben.goto("about:blank")


async def test_without_a_stream_the_page_looks_by_itself(desk: ClinicByHttp, at_the_desk: AtTheDesk) -> None:
    page = await without_a_stream(await at_the_desk("/password"))
    await page.clock.install()
    await page.goto("/staff/handoffs")
    await expect(page.locator("#live-state")).to_contain_text("every 15 seconds")
    campaign, _ = handed_over(desk)
    await page.clock.run_for(21_000)
    await expect(page.locator(f"#q-{campaign}")).to_be_visible()
    await page.unroute(STREAM)
    await page.clock.run_for(21_000)
    await expect(page.locator("#live-state")).to_be_empty()
    later, _ = handed_over(desk)
    await expect(page.locator(f"#q-{later}")).to_be_visible()


async def test_the_session_ends_while_somebody_types(desk: ClinicByHttp, at_the_desk: AtTheDesk) -> None:
    campaign, email = handed_over(desk)
    page = await live(await at_the_desk(f"/handoffs?open={campaign}"))
    answers: list[int] = []
    page.on("response", lambda got: answers.append(got.status) if got.url.endswith("/reply") else None)
    await page.get_by_label("Answer by E-mail").fill("Typed before it ended")
    desk.server.forward(minutes=31)
    desk.sign_in_again()
    # The stream of events ends with the session too: its dialog may be there already when the click arrives.
    await page.get_by_role("button", name="Send and keep it", include_hidden=True).dispatch_event("click")
    dialog = page.get_by_role("dialog", name="You were signed out")
    await expect(dialog).to_be_visible()
    await dialog.get_by_label("Password").fill("not the password")
    await dialog.get_by_role("button", name="Sign in").click()
    await expect(dialog.get_by_role("alert")).to_be_visible()
    await expect(page.locator("#reply-text")).to_have_value("Typed before it ended")
    await dialog.get_by_label("Password").fill(ADMIN_PASSWORD)
    await dialog.get_by_role("button", name="Sign in").click()
    await expect(page.locator("#notices")).to_contain_text("on its way")
    await expect(dialog).not_to_be_visible()
    assert answers == [401, 200]
    assert answers_to(desk, email, "Typed before it ended") == 1
    await live(page)  # the stream is back at once, not with the next look


async def test_a_409_while_sending_keeps_the_text(desk: ClinicByHttp, at_the_desk: AtTheDesk) -> None:
    campaign, email = handed_over(desk)
    page = await live(await at_the_desk(f"/handoffs?open={campaign}"))
    await page.get_by_label("Answer by E-mail").fill("You will not read this")
    desk.answer(email, "STOP")
    await page.get_by_role("button", name="Send and keep it").click()
    await expect(page.locator("#notices [role=alert]")).to_contain_text("asked not to be written to")
    await expect(page.locator("#notices")).to_be_in_viewport()
    await expect(page.get_by_label("Answer by E-mail")).to_have_value("You will not read this")
    assert answers_to(desk, email, "You will not read this") == 0


async def test_the_patient_wrote_what_the_page_does_not_show_yet(desk: ClinicByHttp, at_the_desk: AtTheDesk) -> None:
    campaign, email = handed_over(desk)
    page = await without_a_stream(await at_the_desk("/password"))
    await page.goto(f"/staff/handoffs?open={campaign}")
    await page.get_by_label("Answer by E-mail").fill("See you on Monday")
    desk.answer(email, "I meant Aetna, not Delta")
    await page.get_by_role("button", name="Send and keep it").click()
    await expect(page.locator("#notices [role=alert]")).to_contain_text("The patient has written while you were")
    await expect(page.locator("#notices")).to_be_in_viewport()
    await expect(page.locator("#said")).to_contain_text("I meant Aetna")
    await expect(page.get_by_label("Answer by E-mail")).to_have_value("See you on Monday")
    assert answers_to(desk, email, "See you on Monday") == 0
    await page.get_by_role("button", name="Send and keep it").click()
    await expect(page.locator("#notices")).to_contain_text("on its way")
    assert answers_to(desk, email, "See you on Monday") == 1


async def test_a_colleague_answered_first(desk: ClinicByHttp, at_the_desk: AtTheDesk) -> None:
    campaign, email = handed_over(desk)
    ada = await live(await at_the_desk(f"/handoffs?open={campaign}", **colleague(desk, "Ada Desk")))
    ben = await without_a_stream(await at_the_desk("/password", **colleague(desk, "Ben Desk")))
    await ben.goto(f"/staff/handoffs?open={campaign}")
    await ben.get_by_label("Answer by E-mail").fill("Ben says no")
    await ada.get_by_label("Answer by E-mail").fill("Ada says yes")
    await ada.get_by_role("button", name="Send and keep it").click()
    await expect(ada.locator("#notices")).to_contain_text("on its way")
    await ben.get_by_role("button", name="Send and close").click()
    await expect(ben.locator("#notices [role=alert]")).to_contain_text("A colleague has answered")
    await expect(ben.locator("#said")).to_contain_text("Ada says yes")
    await expect(ben.get_by_label("Answer by E-mail")).to_have_value("Ben says no")
    assert answers_to(desk, email, "Ben says no") == 0


async def test_single_letters_can_be_switched_off(desk: ClinicByHttp, at_the_desk: AtTheDesk) -> None:
    campaign, email = handed_over(desk)
    page = await live(await at_the_desk(f"/handoffs?open={campaign}"))
    await page.get_by_role("button", name="Keys").click()
    await page.get_by_label("Single-letter keys are on").uncheck()
    await page.get_by_role("button", name="Close", exact=True).last.click()
    await page.reload()
    await page.keyboard.press("c")
    await page.keyboard.press("?")
    await expect(page.locator("#keys")).not_to_be_visible()
    await expect(page.locator("#state")).to_contain_text("Nobody has it yet")
    field = page.get_by_label("Answer by E-mail")
    await field.fill("Sent by the keyboard")
    await field.press("Control+Enter")
    await expect(page.locator("#handoff")).to_contain_text("on its way")
    assert answers_to(desk, email, "Sent by the keyboard") == 1


async def test_the_sound_is_off_until_somebody_wants_it(at_the_desk: AtTheDesk) -> None:
    page = await at_the_desk("/handoffs")
    button = page.locator("[data-sound]")
    await expect(button).to_have_attribute("aria-pressed", "false")
    await button.click()
    await expect(button).to_have_text("Sound is on")
    await page.reload()
    await expect(button).to_have_attribute("aria-pressed", "true")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [PHONE, {"width": 768, "height": 1024}, DESKTOP])
async def test_it_is_accessible_and_never_too_wide(
    desk: ClinicByHttp, at_the_desk: AtTheDesk, scheme: str, viewport: dict[str, int]
) -> None:
    campaign, _ = handed_over(desk)
    escalate(desk, campaign)
    for path in ("/handoffs", f"/handoffs?open={campaign}"):
        page = await at_the_desk(path, viewport=viewport, color_scheme=scheme)
        await live(page)
        await expect(page.locator(f"#q-{campaign} .escalated, .alarm").last).to_contain_text("Escalated")
        assert await violations(page) == []
        assert not await is_too_wide(page)
