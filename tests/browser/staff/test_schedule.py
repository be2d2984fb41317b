"""The calendar in a real browser: dragging, the keyboard's way, booking by phone, and another desk that sees it."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import Page, expect

from tests.browser.axe import violations
from tests.browser.conftest import DESKTOP, PHONE, is_too_wide
from tests.browser.staff.conftest import AtTheDesk
from tests.e2e.clinic_by_http import ClinicByHttp

pytestmark = pytest.mark.browser

WIDTHS = {"phone": PHONE, "tablet": {"width": 768, "height": 1024}, "desktop": DESKTOP}


def day(ahead: int) -> str:
    return (datetime.now(UTC) + timedelta(days=ahead)).date().isoformat()


def book(desk: ClinicByHttp, name: str, at: str) -> str:
    """A visit of somebody new; its id."""
    body = {
        "name": name,
        "email": f"{name.lower().replace(' ', '.')}@example.com",
        "appointment_date": at,
        "duration_minutes": 30,
        "service_name": "checkup",
    }
    return str(desk.ok(desk.staff.post("/admin/appointments", json=body))["appointment_id"])


async def drag(page: Page, visit: str, *, rows: int) -> None:
    """With the mouse, so many rows of five minutes down."""
    block = page.locator(f"#visit-{visit}")
    await block.scroll_into_view_if_needed()
    box = await block.bounding_box()
    column = await page.locator(".grid-rows").first.bounding_box()
    assert box
    assert column
    row = box["height"] / 6
    await page.mouse.move(box["x"] + 20, box["y"] + 4)
    await page.mouse.down()
    await page.mouse.move(box["x"] + 20, box["y"] + 10)
    await page.mouse.move(box["x"] + 20, box["y"] + 4 + row * rows, steps=5)
    await page.mouse.up()


async def test_a_visit_is_dragged_to_another_time_and_a_second_desk_sees_it(
    desk: ClinicByHttp, at_the_desk: AtTheDesk
) -> None:
    visit = book(desk, "Dana Drag", f"{day(2)}T10:00")
    page, other = await at_the_desk(f"/schedule?on={day(2)}"), await at_the_desk(f"/schedule?on={day(2)}")
    page.on("dialog", lambda dialog: dialog.accept())
    await drag(page, visit, rows=12)
    await expect(page.locator("#side")).to_contain_text("Moved. The patient is told.")
    await expect(page.locator(f"#visit-{visit}")).to_contain_text("11:00")
    await expect(other.locator(f"#visit-{visit}")).to_contain_text("11:00")


async def test_a_drop_that_is_not_meant_changes_nothing(desk: ClinicByHttp, at_the_desk: AtTheDesk) -> None:
    visit = book(desk, "Nora Not", f"{day(3)}T10:00")
    page = await at_the_desk(f"/schedule?on={day(3)}")
    page.on("dialog", lambda dialog: dialog.dismiss())
    await drag(page, visit, rows=12)
    await page.reload()
    await expect(page.locator(f"#visit-{visit}")).to_contain_text("10:00")


async def test_the_keyboard_moves_a_visit_and_a_taken_time_is_explained(
    desk: ClinicByHttp, at_the_desk: AtTheDesk
) -> None:
    visit, _ = book(desk, "Kay Board", f"{day(4)}T10:00"), book(desk, "Ian Inway", f"{day(4)}T12:00")
    page = await at_the_desk(f"/schedule?on={day(4)}")
    await page.locator(f"#visit-{visit}").focus()
    await page.keyboard.press("Enter")
    await page.locator("#move-start").fill(f"{day(4)}T12:00")
    await page.locator("#move-start").press("Enter")
    await expect(page.locator("#notices")).to_contain_text("Free nearby")
    await expect(page.locator("#move-start")).to_have_value(f"{day(4)}T12:00")
    await page.locator("#move-start").fill(f"{day(4)}T13:00")
    await page.locator("#move-start").press("Enter")
    await expect(page.locator("#side")).to_contain_text("Moved")
    await expect(page.locator(f"#visit-{visit}")).to_contain_text("13:00")


async def test_booking_by_phone_takes_three_fields(desk: ClinicByHttp, at_the_desk: AtTheDesk) -> None:
    book(desk, "Olga Other", f"{day(5)}T09:00")
    page = await at_the_desk(f"/schedule?on={day(5)}")
    await page.get_by_role("button", name="Book a visit").click()
    await page.locator("#who").fill("Fay Phone, 202 555 0147")
    await expect(page.locator("#people")).to_contain_text("new patient")
    await page.locator("#when").fill(f"{day(5)}T09:00")
    await page.get_by_role("button", name="Book it").click()
    await expect(page.locator("#side [role=alert]")).to_be_visible()
    await page.locator("[data-fill]").first.click()
    await page.get_by_role("button", name="Book it").click()
    await expect(page.locator("#side")).to_contain_text("Booked.")
    await expect(page.locator("#days")).to_contain_text("Fay Phone")


async def test_completing_and_cancelling(desk: ClinicByHttp, at_the_desk: AtTheDesk) -> None:
    done, gone = book(desk, "Dora Done", f"{day(6)}T10:00"), book(desk, "Gus Gone", f"{day(6)}T11:00")
    page = await at_the_desk(f"/schedule?on={day(6)}")
    page.on("dialog", lambda dialog: dialog.accept())
    await page.locator(f"#visit-{done}").click()
    await page.locator("#next").fill(day(180))
    await page.get_by_role("button", name="Complete the visit").click()
    await expect(page.locator("#side")).to_contain_text("Completed")
    await page.locator(f"#visit-{gone}").click()
    await page.get_by_role("button", name="Cancel the visit").click()
    await expect(page.locator("#side")).to_contain_text("Cancelled")
    await expect(page.locator(f"#visit-{gone}")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_it_is_accessible_and_never_too_wide(desk: ClinicByHttp, at_the_desk: AtTheDesk, scheme: str) -> None:
    visit = book(desk, f"Axel {scheme.title()}", f"{day(7)}T{'10' if scheme == 'light' else '12'}:00")
    for viewport in WIDTHS.values():
        for query in ("", "&view=week"):
            page = await at_the_desk(f"/schedule?on={day(7)}{query}", viewport=viewport, color_scheme=scheme)
            await page.locator(f"#visit-{visit}").click()
            await expect(page.locator("#visit-title")).to_be_visible()
            assert await violations(page) == []
            assert not await is_too_wide(page)
