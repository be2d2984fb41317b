"""The sandbox in a real browser: reading as the patient, answering, and the answer arriving by itself."""

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import PHONE, OpenPage, is_too_wide
from tests.e2e.clinic_by_http import ClinicByHttp

pytestmark = pytest.mark.browser


def write_to_a_patient(clinic: ClinicByHttp) -> str:
    """Let the clinic write to somebody who is due; returns the address."""
    _, email = clinic.add_due_patient()
    clinic.run("daily-outreach")
    clinic.drain()
    return email


async def open_conversation(page: Page, email: str) -> None:
    await page.goto("/sandbox")
    await page.get_by_role("link", name=email).click()
    await expect(page.locator(".message.is-clinic")).to_have_count(1)


async def test_an_answer_arrives_while_the_patient_types_on(clinic: ClinicByHttp, open_page: OpenPage) -> None:
    email = write_to_a_patient(clinic)
    page = await open_page(clinic.server.base_url)
    await open_conversation(page, email)
    await expect(page.get_by_text("no message leaves this machine")).to_be_visible()

    field = page.get_by_label("Answer as the patient")
    await field.fill("Yes please, I would like to come <b>soon</b>")
    await page.get_by_role("button", name="Send", exact=True).click()
    await expect(page.locator(".message.is-patient")).to_contain_text("come <b>soon</b>")
    await expect(field).to_have_value("")

    await field.fill("One more thing")
    clinic.drain()
    await expect(page.locator(".message.is-clinic")).to_have_count(2)
    await expect(page.locator(".message").last).to_be_in_viewport()
    await expect(field).to_have_value("One more thing")
    await expect(field).to_be_focused()


async def test_the_link_in_a_message_leads_to_a_booking_that_knows_the_patient(
    clinic: ClinicByHttp, open_page: OpenPage
) -> None:
    page = await open_page(clinic.server.base_url, viewport=PHONE)
    await open_conversation(page, write_to_a_patient(clinic))
    assert not await is_too_wide(page)
    await page.locator(".message a").first.click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Hello Pat")


async def test_a_new_inbox_appears_without_a_reload(clinic: ClinicByHttp, open_page: OpenPage) -> None:
    page = await open_page(clinic.server.base_url)
    await page.goto("/sandbox")
    email = write_to_a_patient(clinic)
    await expect(page.get_by_role("link", name=email)).to_be_visible()


async def test_it_works_without_javascript(clinic: ClinicByHttp, open_page: OpenPage) -> None:
    email = write_to_a_patient(clinic)
    page = await open_page(clinic.server.base_url, viewport=PHONE, java_script_enabled=False)
    await open_conversation(page, email)
    await page.get_by_label("Answer as the patient").fill("No thank you")
    await page.get_by_role("button", name="Send", exact=True).click()
    await expect(page.locator(".message.is-patient")).to_have_count(1)
    clinic.drain()
    await page.get_by_role("link", name="Check for new messages").click()
    await expect(page.locator(".message.is-clinic")).to_have_count(2)


async def test_a_visitor_may_write_from_any_address(clinic: ClinicByHttp, open_page: OpenPage) -> None:
    _, email = clinic.add_due_patient()
    page = await open_page(clinic.server.base_url)
    await page.goto("/sandbox")
    form = page.locator("details")
    if not await form.get_by_label("Message").is_visible():
        await page.get_by_text("Write from another address").click()
    await form.get_by_label("E-mail or phone of the patient").fill(email.upper())
    await form.get_by_label("Message").fill("How much is whitening?")
    await form.get_by_role("button").click()
    await expect(page.locator(".message.is-patient")).to_contain_text("How much is whitening?")
    await expect(page.get_by_role("heading", name=email)).to_be_visible()
