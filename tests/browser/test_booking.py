"""Booking in a real browser, on a phone and on a desktop, with JavaScript and without, in three languages."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import ViewportSize, expect

from tests.browser.conftest import DESKTOP, PHONE, OpenPage, is_too_wide
from tests.browser.patients import choose_a_time, invite, lose_the_race
from tests.e2e.clinic_by_http import ClinicByHttp
from tests.server import start_server

pytestmark = pytest.mark.browser

SIZES = pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
BROWSERS: dict[str, dict[str, Any]] = {
    "phone": {"viewport": PHONE},
    "desktop": {"viewport": DESKTOP},
    "without-javascript": {"viewport": PHONE, "java_script_enabled": False},
    "spanish": {"viewport": PHONE, "locale": "es-US"},
    "french": {"viewport": PHONE, "locale": "fr-FR", "java_script_enabled": False},
}
WORDS = {
    "es-US": ("Hola, Pat", "Su cita está reservada", "a las"),
    "fr-FR": ("Bonjour Pat", "Votre rendez-vous est confirmé", "à"),
    "en-US": ("Hello Pat", "Your visit is booked", "at"),
}


@pytest.mark.parametrize("name", list(BROWSERS))
async def test_a_patient_books_by_link(clinic: ClinicByHttp, open_page: OpenPage, name: str) -> None:
    options = {"locale": "en-US"} | BROWSERS[name]
    greeting, booked, at = WORDS[options["locale"]]
    email, token = invite(clinic)
    page = await open_page(clinic.server.base_url, **options)
    await page.goto(f"/book?t={token}")
    await expect(page.get_by_role("heading", level=1)).to_contain_text(greeting)
    when = await choose_a_time(page)
    assert f" {at} " in when
    assert not await is_too_wide(page)
    assert await page.locator("input:not([type=hidden])").count() == 0
    await page.locator("#notes").fill("I am a little nervous")
    await page.locator("form button").click()
    await expect(page.get_by_role("heading", name=booked)).to_be_visible()
    await expect(page.get_by_role("main")).to_contain_text(when)
    assert not await is_too_wide(page)
    clinic.drain()
    assert "/manage/" in clinic.inbox(email)[-1]["body"]


@SIZES
async def test_a_patient_books_without_a_link(
    clinic: ClinicByHttp, open_page: OpenPage, viewport: ViewportSize
) -> None:
    _, email = clinic.add_due_patient()
    page = await open_page(clinic.server.base_url, viewport=viewport)
    await page.goto("/book")
    when = await choose_a_time(page)
    await page.get_by_label("Name").fill("Pat Example")
    await page.get_by_label("E-mail").fill(email)
    await page.get_by_role("button", name="Book this visit").click()
    await expect(page.get_by_role("heading", name="Your visit is booked")).to_be_visible()
    await expect(page.get_by_role("main")).to_contain_text(when)


@SIZES
async def test_somebody_else_was_faster_and_another_time_is_one_press_away(
    clinic: ClinicByHttp, open_page: OpenPage, viewport: ViewportSize
) -> None:
    page = await open_page(clinic.server.base_url, viewport=viewport)
    await page.goto(f"/book?t={invite(clinic)[1]}")
    await choose_a_time(page)
    await page.locator("#notes").fill("By bus")
    await lose_the_race(clinic, page)
    await page.get_by_role("button", name="Book this visit").click()
    await expect(page.get_by_role("alert")).to_contain_text("has just been taken")
    await expect(page.get_by_role("radio")).to_have_count(5)
    assert not await is_too_wide(page)
    assert await page.locator("input[name=notes]").get_attribute("value") == "By bus"
    await page.get_by_role("radio").nth(1).check()
    chosen = await page.locator("label:has(:checked)").inner_text()
    await page.get_by_role("button", name="Book this visit").click()
    await expect(page.get_by_role("heading", name="Your visit is booked")).to_be_visible()
    await expect(page.get_by_role("main")).to_contain_text(chosen.strip())


async def test_a_stranger_is_told_to_call_and_keeps_what_was_typed(clinic: ClinicByHttp, open_page: OpenPage) -> None:
    page = await open_page(clinic.server.base_url, viewport=PHONE)
    await page.goto("/book")
    await choose_a_time(page)
    await page.get_by_label("Name").fill("Eve Example")
    await page.get_by_label("E-mail").fill("eve@example.com")
    await page.get_by_role("button", name="Book this visit").click()
    await expect(page.get_by_role("alert")).to_contain_text("could not match")
    await expect(page.get_by_label("E-mail")).to_have_value("eve@example.com")


async def test_the_language_switch_stays_on_the_page_and_is_remembered(
    clinic: ClinicByHttp, open_page: OpenPage
) -> None:
    page = await open_page(clinic.server.base_url, viewport=PHONE, java_script_enabled=False)
    await page.goto("/book?service=checkup")
    await page.locator(".languages summary").click()
    await page.get_by_role("link", name="Español").click()
    await expect(page).to_have_url(re.compile(r"/book\?service=checkup&lang=es$"))
    await expect(page.get_by_role("heading", level=1)).to_have_text("¿Cuándo le gustaría venir?")
    await page.goto("/")
    await expect(page.get_by_role("main").get_by_role("link", name="Pedir cita")).to_be_visible()


async def test_the_keyboard_is_enough(clinic: ClinicByHttp, open_page: OpenPage) -> None:
    """From the first key to the booked visit."""
    page = await open_page(clinic.server.base_url)
    await page.goto(f"/book?t={invite(clinic)[1]}")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Check-up")).to_be_focused()
    await page.keyboard.press("Enter")
    await page.locator(".calendar a").last.focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("#times-title")).to_be_focused()
    await page.keyboard.press("Tab")
    await expect(page.locator(".times a").first).to_be_focused()
    await page.keyboard.press("Enter")
    await page.locator("#notes").press_sequentially("By bus")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Your visit is booked")).to_be_visible()


async def test_the_arrow_keys_walk_the_calendar(clinic: ClinicByHttp, open_page: OpenPage) -> None:
    page = await open_page(clinic.server.base_url)
    await page.goto("/book?service=checkup")
    first = await page.locator("#month").inner_text()
    await page.locator("[data-turn=on]").click()
    await expect(page.locator("#month")).not_to_have_text(first)
    days = page.locator(".calendar a")
    await days.first.focus()
    for key, at in (("End", -1), ("Home", 0), ("ArrowDown", 7), ("ArrowRight", 8), ("ArrowUp", 1), ("ArrowLeft", 0)):
        await page.keyboard.press(key)
        await expect(days.nth(at)).to_be_focused()
    month = await page.locator("#month").inner_text()
    await page.keyboard.press("PageDown")
    await expect(page.locator("[data-turn=on]")).to_be_focused()
    await expect(page.locator("#month")).not_to_have_text(month)


async def test_months_and_days_change_without_a_page_load_and_the_back_button_follows(
    clinic: ClinicByHttp, open_page: OpenPage
) -> None:
    page = await open_page(clinic.server.base_url)
    await page.goto("/book?service=checkup")
    await page.evaluate("window.isTheSamePage = true")
    first = await page.locator("#month").inner_text()
    await page.locator("[data-turn=on]").click()
    await expect(page.locator("#month")).not_to_have_text(first)
    await page.locator(".calendar a").first.click()
    await expect(page.locator(".times a").first).to_be_visible()
    assert "day=" in page.url
    assert "day=" in str(await page.locator(".languages a").first.get_attribute("href"))
    await page.go_back()
    await page.go_back()
    await expect(page.locator("#month")).to_have_text(first)
    assert await page.evaluate("window.isTheSamePage")


def test_the_token_reaches_no_log(mongodb_uri: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with start_server(mongodb_uri, tmp_path, LOG_LEVEL="DEBUG") as server:
        clinic = ClinicByHttp(server)
        clinic.set_up()
        _, token = invite(clinic)
        page = f"{server.base_url}/book"
        assert "Hello Pat" in clinic.staff.get(page, params={"t": token, "service": "checkup"}).text
        form = {"t": token, "service": "checkup", "time": clinic.free_time(), "notes": "I am nervous"}
        assert "Your visit is booked" in clinic.staff.post(page, data=form).text
        clinic.staff.close()
    written = "".join(capfd.readouterr())
    assert "Application startup complete" in written
    assert token not in written
    assert "nervous" not in written
