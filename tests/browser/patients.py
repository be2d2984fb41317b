"""Patients of the browser tests: whom the clinic wrote to, and how they book."""

import re

from playwright.async_api import Page, expect

from tests.e2e.clinic_by_http import ClinicByHttp, token_in

HOLD_LAPSES_AFTER_MINUTES = 6


def invite(clinic: ClinicByHttp) -> tuple[str, str]:
    """The e-mail of a patient whom the clinic wrote to, and the token in that message."""
    _, email = clinic.add_due_patient()
    clinic.run("daily-outreach")
    clinic.drain()
    return email, token_in(clinic.inbox(email)[-1]["body"])


def manage_token(clinic: ClinicByHttp, email: str) -> str:
    """The newest manage link's token in what the patient got."""
    clinic.drain()
    found = [token for message in clinic.inbox(email) for token in re.findall(r"/manage/([\w-]+)", message["body"])]
    return str(found[-1])


def booked(clinic: ClinicByHttp) -> str:
    """The manage token of a patient who has a visit."""
    email, token = invite(clinic)
    clinic.book_by_link({"body": f"/book?t={token}"}, clinic.free_time())
    return manage_token(clinic, email)


async def choose_a_time(page: Page, *, at: int = -1) -> str:
    """From the services to the last form; returns the chosen day and time as the page says them."""
    await page.locator(".choices a").first.click()
    await page.locator(".calendar a").last.click()
    await expect(page.locator(".calendar [aria-current=date]")).to_have_count(1)
    await page.locator(".times a").nth(at).click()
    return await page.locator(".is-summary p").nth(1).inner_text()


async def lose_the_race(clinic: ClinicByHttp, page: Page) -> None:
    """The form stays open for longer than its time is kept, and somebody else books it."""
    start = await page.locator("input[name=time]").get_attribute("value")
    clinic.server.forward(minutes=HOLD_LAPSES_AFTER_MINUTES)
    clinic.book_by_link({"body": f"/book?t={invite(clinic)[1]}"}, str(start))
