"""Booking in a real browser: on a phone without JavaScript, and when somebody else was faster."""

from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import PHONE, OpenPage, is_too_wide
from tests.e2e.clinic_by_http import ClinicByHttp, token_in
from tests.server import start_server

pytestmark = pytest.mark.browser


def link_for_a_patient(clinic: ClinicByHttp) -> tuple[str, str]:
    """The e-mail of a patient whom the clinic wrote to, and the token in that message."""
    _, email = clinic.add_due_patient()
    clinic.run("daily-outreach")
    clinic.drain()
    return email, token_in(clinic.inbox(email)[-1]["body"])


async def choose_a_time(page: Page) -> str:
    """From the services to the last form; returns the chosen day and time as the page says them."""
    await page.get_by_role("link", name="Check-up").click()
    await page.locator(".calendar a").last.click()
    await page.locator(".times a").last.click()
    return await page.locator(".is-summary p").nth(1).inner_text()


async def test_a_patient_books_by_link_on_a_phone_without_javascript(clinic: ClinicByHttp, open_page: OpenPage) -> None:
    email, token = link_for_a_patient(clinic)
    page = await open_page(clinic.server.base_url, viewport=PHONE, java_script_enabled=False)
    await page.goto(f"/book?t={token}")
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Hello Pat")
    when = await choose_a_time(page)
    assert not await is_too_wide(page)
    await expect(page.get_by_label("Name")).to_have_count(0)
    await page.get_by_label("Anything we should know?").fill("I am a little nervous")
    await page.get_by_role("button", name="Book this visit").click()
    await expect(page.get_by_role("heading", name="Your visit is booked")).to_be_visible()
    await expect(page.get_by_role("main")).to_contain_text(when)
    clinic.drain()
    assert when.split(" at ")[1] in clinic.inbox(email)[-1]["body"]


async def test_a_time_that_was_taken_meanwhile_shows_others(clinic: ClinicByHttp, open_page: OpenPage) -> None:
    page = await open_page(clinic.server.base_url)
    await page.goto(f"/book?t={link_for_a_patient(clinic)[1]}")
    await choose_a_time(page)
    start = await page.locator("input[name=time]").get_attribute("value")
    clinic.book_by_link({"body": f"/book?t={link_for_a_patient(clinic)[1]}"}, str(start))

    await page.get_by_role("button", name="Book this visit").click()
    await expect(page.get_by_role("alert")).to_contain_text("has just been taken")
    others = page.get_by_role("main").get_by_role("listitem").get_by_role("link")
    await expect(others).to_have_count(5)
    await others.first.click()
    await page.get_by_role("button", name="Book this visit").click()
    await expect(page.get_by_role("heading", name="Your visit is booked")).to_be_visible()


async def test_a_stranger_is_told_to_call_and_keeps_what_was_typed(clinic: ClinicByHttp, open_page: OpenPage) -> None:
    page = await open_page(clinic.server.base_url, viewport=PHONE)
    await page.goto("/book")
    await choose_a_time(page)
    await page.get_by_label("Name").fill("Eve Example")
    await page.get_by_label("E-mail").fill("eve@example.com")
    await page.get_by_role("button", name="Book this visit").click()
    await expect(page.get_by_role("alert")).to_contain_text("could not match")
    await expect(page.get_by_label("E-mail")).to_have_value("eve@example.com")


async def test_the_keyboard_is_enough(clinic: ClinicByHttp, open_page: OpenPage) -> None:
    page = await open_page(clinic.server.base_url)
    await page.goto("/book")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Check-up")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_contain_text("When would you like to come?")


def test_the_token_reaches_no_log(mongodb_uri: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with start_server(mongodb_uri, tmp_path, LOG_LEVEL="DEBUG") as server:
        clinic = ClinicByHttp(server)
        clinic.set_up()
        _, token = link_for_a_patient(clinic)
        page = f"{server.base_url}/book"
        assert "Hello Pat" in clinic.staff.get(page, params={"t": token, "service": "checkup"}).text
        form = {"t": token, "service": "checkup", "time": clinic.free_time(), "notes": "I am nervous"}
        assert "Your visit is booked" in clinic.staff.post(page, data=form).text
        clinic.staff.close()
    written = "".join(capfd.readouterr())
    assert "Application startup complete" in written
    assert token not in written
    assert "nervous" not in written
