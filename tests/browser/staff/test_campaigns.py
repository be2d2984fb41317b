"""The campaign list in a real Chromium: filters and the back button, actions for many, views, a new campaign."""

import re

import pytest
from playwright.async_api import Dialog, Page, expect

from tests.browser import axe
from tests.browser.conftest import is_too_wide
from tests.browser.staff.conftest import AtTheDesk
from tests.e2e.clinic_by_http import ClinicByHttp

SCRIPT = "<script>alert(1)</script>"
WIDTHS = (390, 768, 1280)


@pytest.fixture(scope="module")
def leads(desk: ClinicByHttp) -> ClinicByHttp:
    """Thirty campaigns, one of them of somebody with a hostile name, one closed."""
    for number in range(28):
        lead(desk, f"Lead {number:02}")
    lead(desk, SCRIPT)
    closed = lead(desk, "Clara Closed")
    desk.ok(desk.staff.patch(f"/admin/campaigns/{closed}/status", json={"status": "BOOKING_COMPLETED"}))
    return desk


def lead(desk: ClinicByHttp, name: str) -> str:
    body = {
        "patient_name": name,
        "patient_email": f"{abs(hash(name))}@example.com",
        "initial_inquiry": SCRIPT,
        "estimated_value": 400,
    }
    return str(desk.ok(desk.staff.post("/admin/campaigns/recovery", json=body))["campaign_id"])


async def names(page: Page) -> list[str]:
    return await page.locator("table.campaigns tbody th a").all_text_contents()


async def test_filters_live_in_the_address_and_come_back(leads: ClinicByHttp, at_the_desk: AtTheDesk) -> None:
    page = await at_the_desk("/campaigns")
    await page.get_by_label("Patient", exact=True).fill("Lead 1")
    await page.get_by_label("Order").select_option("patient_name")
    await page.get_by_role("button", name="Show").click()
    await expect(page).to_have_url(re.compile(r"search=Lead\+1"))
    found = await names(page)
    assert found == [f"Lead {number}" for number in range(10, 20)]
    await page.get_by_role("link", name="Booked elsewhere").click()
    await expect(page.get_by_text("No campaign is like this.")).to_be_visible()
    await page.go_back()
    assert await names(page) == found
    await expect(page.get_by_label("Patient", exact=True)).to_have_value("Lead 1")
    await expect(page.get_by_label("Order")).to_have_value("patient_name")
    await page.get_by_role("link", name="Clear").click()
    await page.get_by_role("link", name="Next page").click()
    await expect(page.get_by_role("link", name="First page")).to_be_visible()


async def test_an_action_for_many_is_partly_refused_and_says_why(leads: ClinicByHttp, at_the_desk: AtTheDesk) -> None:
    page = await at_the_desk("/campaigns?status=all&search=Clara")
    page.on("dialog", lambda dialog: dialog.accept())
    await page.goto("/staff/campaigns?status=all&sort=-last_updated")
    await page.get_by_label("Tick Clara Closed").check()
    await page.locator("table.campaigns tbody tr").nth(3).get_by_role("checkbox").check()
    await expect(page.get_by_text("2 ticked")).to_be_visible()
    await page.get_by_label("With the ticked campaigns").select_option("pause:7")
    await page.get_by_role("button", name="Do it").click()
    report = page.locator("#batch-report")
    await expect(report).to_contain_text("1 campaign was paused. 1 stayed as it was:")
    await expect(report).to_contain_text("nothing to pause. Clara Closed")
    await expect(report).to_be_focused()
    await expect(page).to_have_url(re.compile("status=all"))
    assert await axe.violations(page) == []


async def test_nothing_ticked_is_a_notice_and_the_list_stays(leads: ClinicByHttp, at_the_desk: AtTheDesk) -> None:
    page = await at_the_desk("/campaigns")
    page.on("dialog", lambda dialog: dialog.accept())
    await page.get_by_label("With the ticked campaigns").select_option("pause:7")
    await page.get_by_role("button", name="Do it").click()
    await expect(page.locator("#notices")).to_contain_text("Tick at least one campaign first.")
    await page.get_by_label("Tick all").check()
    await expect(page.get_by_text("25 ticked")).to_be_visible()


async def test_a_view_is_kept_opened_and_removed(leads: ClinicByHttp, at_the_desk: AtTheDesk) -> None:
    page = await at_the_desk("/campaigns?channel=email&status=BOOKING_COMPLETED")
    page.on("dialog", lambda dialog: dialog.accept())
    await page.get_by_text("Keep this view").click()
    await page.get_by_label("Name of the view").fill(SCRIPT)
    await page.get_by_role("button", name="Keep", exact=True).click()
    await expect(page.locator("#views").get_by_role("link", name=SCRIPT)).to_be_visible()
    await page.goto("/staff/campaigns")
    await page.get_by_role("link", name=SCRIPT).first.click()
    assert await names(page) == ["Clara Closed"]
    await page.get_by_text("Rename this view").click()
    await page.get_by_label("New name").fill("Done with")
    await page.get_by_role("button", name="Rename", exact=True).click()
    await expect(page.locator("#views").get_by_role("link", name="Done with")).to_be_visible()
    await page.get_by_role("button", name="Remove the view Done with").click()
    await expect(page.locator("#views").get_by_role("link", name="Done with")).to_have_count(0)


async def test_all_that_match_are_closed_with_progress_and_a_report(desk: ClinicByHttp, at_the_desk: AtTheDesk) -> None:
    for number in range(45):
        lead(desk, f"Crowd {number:02}")
    page = await at_the_desk("/campaigns?search=crowd")
    asked: list[str] = []

    async def agree(dialog: Dialog) -> None:
        asked.append(dialog.message)
        await dialog.accept()

    page.on("dialog", agree)
    await page.get_by_label("Tick all").check()
    await page.get_by_role("button", name="Tick all 45 that match").click()
    await expect(page.get_by_text("45 ticked")).to_be_visible()
    await page.get_by_label("With the ticked campaigns").select_option("booked_elsewhere")
    async with page.expect_response(re.compile("/step$")):
        await page.get_by_role("button", name="Do it").click()
    assert asked == ["Close: booked elsewhere (45 campaigns)?"]
    await expect(page.get_by_text("45 campaigns were closed as booked elsewhere.")).to_be_visible()
    await expect(page.get_by_text("No campaign is like this.")).to_be_visible()
    assert await axe.violations(page) == []


async def test_an_action_that_was_left_waits_above_the_list_and_goes_on(
    desk: ClinicByHttp, at_the_desk: AtTheDesk
) -> None:
    for number in range(42):
        lead(desk, f"Herd {number:02}")
    page = await at_the_desk("/campaigns?search=herd")
    page.on("dialog", lambda dialog: dialog.accept())
    await page.route("**/step", lambda route: route.abort())
    await page.get_by_label("Tick all").check()
    await page.get_by_role("button", name="Tick all 42 that match").click()
    await page.get_by_label("With the ticked campaigns").select_option("booked_elsewhere")
    await page.get_by_role("button", name="Do it").click()
    await expect(page.locator("#notices")).to_contain_text("The server did not answer.")
    await expect(page.get_by_role("progressbar")).to_have_attribute("value", "47")
    await page.unroute("**/step")
    await page.goto("/staff/campaigns?search=herd")
    await expect(page.get_by_text("You left before it was finished.")).to_be_visible()
    assert await axe.violations(page) == []
    await page.get_by_role("button", name="Go on").click()
    await expect(page.get_by_text("42 campaigns were closed as booked elsewhere.")).to_be_visible()


async def test_the_first_message_is_looked_at_before_anything_is_opened(
    desk: ClinicByHttp, at_the_desk: AtTheDesk
) -> None:
    page = await at_the_desk("/campaigns/new")
    await page.get_by_label("Name", exact=True).fill(f"Petra {SCRIPT}")
    await page.get_by_role("button", name="Look at the first message").click()
    await expect(page.get_by_text("Give an e-mail address or a phone number")).to_be_visible()
    await page.locator("#r-email").fill("petra@example.com")
    await page.get_by_label("Inquiry").fill(f"Veneers? {SCRIPT}")
    await page.get_by_role("button", name="Look at the first message").click()
    await expect(page.get_by_role("heading", name="The first message")).to_be_visible()
    await expect(page.locator("#first-message")).to_contain_text("Hi Petra")
    await expect(page.locator("#first-message")).to_contain_text("Nothing is sent or stored yet.")
    assert await axe.violations(page) == []
    await page.get_by_label("Inquiry").fill("Implants?")  # the words were made of another one
    await expect(page.get_by_role("heading", name="The first message")).to_have_count(0)


async def test_a_new_campaign_for_somebody_known_and_somebody_new(leads: ClinicByHttp, at_the_desk: AtTheDesk) -> None:
    body = {"name": "Nora Known", "email": "nora@example.com", "patient_type": "COLD_LEAD"}
    leads.ok(leads.staff.post("/admin/patients", json=body))
    page = await at_the_desk("/campaigns/new")
    await page.get_by_label("Or a patient whom you know already").fill("nora")
    await page.get_by_label("Nora Known").check()
    await expect(page.get_by_label("Name", exact=True)).to_be_hidden()
    await page.get_by_label("Inquiry").fill("Implants?")
    await page.get_by_role("button", name="Open the campaign").click()
    await page.wait_for_url(re.compile(r"/staff/campaigns/[0-9a-f]{24}$"))
    await page.goto("/staff/campaigns/new")
    await page.get_by_label("Name", exact=True).fill("Neil New")
    await page.get_by_label("Inquiry").fill("Braces?")
    await page.get_by_role("button", name="Open the campaign").click()
    await expect(page.get_by_text("Give an e-mail address or a phone number")).to_be_visible()
    await expect(page.get_by_label("Inquiry")).to_have_value("Braces?")
    assert await axe.violations(page) == []
    await page.locator("#r-email").fill("nora@example.com")
    await page.get_by_role("button", name="Open the campaign").click()
    await expect(page.get_by_text("already has an active campaign")).to_be_visible()
    await page.locator("#r-email").fill("neil@example.com")
    await page.get_by_role("button", name="Open the campaign").click()
    await page.wait_for_url(re.compile(r"/staff/campaigns/[0-9a-f]{24}$"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_page_fits_and_is_accessible(leads: ClinicByHttp, at_the_desk: AtTheDesk, scheme: str) -> None:
    page = await at_the_desk("/campaigns", color_scheme=scheme)
    for path in ("", "?status=all&search=nobody+is+called+this", "?search=script", "/new"):
        await page.goto(f"/staff/campaigns{path}")
        for width in WIDTHS:
            await page.set_viewport_size({"width": width, "height": 900})
            assert not await is_too_wide(page), (path, width)
            assert await axe.violations(page) == [], (path, width)
