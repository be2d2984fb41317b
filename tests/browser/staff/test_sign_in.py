"""Signing in and out in a real browser: who is refused, what a role sees, and a screen that nobody watches."""

import uuid
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.staff.conftest import AtTheDesk
from tests.browser.staff.waiting import PASSWORD, STREAM, colleague
from tests.e2e.clinic_by_http import ClinicByHttp
from tests.server import ADMIN_EMAIL, ADMIN_PASSWORD, start_server

pytestmark = pytest.mark.browser

WRONG = "The e-mail or the password is wrong."
IDLE_MINUTES = 31
"""One more than a session lasts without anybody doing anything (ACCESS_TOKEN_MINUTES)."""
TRIES = 5
"""As many wrong passwords as lock an account for a while."""


async def type_in(page: Page, email: str, password: str) -> None:
    await page.locator("#email").fill(email)
    await page.locator("#password").fill(password)
    await page.get_by_role("button", name="Sign in").click()


def account(desk: ClinicByHttp, role: str) -> dict[str, str]:
    """Somebody of this role; what `at_the_desk` needs."""
    email = f"{uuid.uuid4().hex[:8]}@example.com"
    body = {"name": "Robin Role", "email": email, "password": PASSWORD, "role": role}
    desk.ok(desk.staff.post("/admin/users", json=body))
    return {"email": email, "password": PASSWORD}


async def test_a_wrong_password_then_the_right_one_leads_where_one_wanted(
    desk: ClinicByHttp, open_page: OpenPage
) -> None:
    page = await open_page(desk.server.base_url)
    await page.goto("/staff/patients?search=pat")
    await expect(page).to_have_url(f"{desk.server.base_url}/staff/sign-in?then=/staff/patients%3Fsearch%3Dpat")
    await type_in(page, ADMIN_EMAIL, "not this one")
    await expect(page.get_by_role("alert")).to_have_text(WRONG)
    await expect(page.locator("#email")).to_have_value(ADMIN_EMAIL)
    await expect(page.locator("#password")).to_be_focused()
    await type_in(page, ADMIN_EMAIL, ADMIN_PASSWORD)
    await expect(page).to_have_url(f"{desk.server.base_url}/staff/patients?search=pat")


async def test_an_account_is_locked_after_many_wrong_passwords(
    mongodb_uri: str, tmp_path: Path, open_page: OpenPage
) -> None:
    with start_server(mongodb_uri, tmp_path, RATE_LIMITS="on") as server:
        page = await open_page(server.base_url)
        await page.goto("/staff/sign-in")
        for _ in range(TRIES):
            async with page.expect_response("**/staff/sign-in"):
                await type_in(page, ADMIN_EMAIL, "not this one")
        await type_in(page, ADMIN_EMAIL, ADMIN_PASSWORD)
        await expect(page.get_by_role("alert")).to_contain_text("Too many tries. Wait a moment")
        await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


@pytest.mark.parametrize(
    ("role", "may_book", "tabs", "refused"),
    [
        ("front_desk", True, 7, "/settings/audit"),
        ("provider", False, 7, "/settings/users"),
        ("manager", True, 8, "/settings/users"),
    ],
)
async def test_a_role_sees_what_it_may_do(
    desk: ClinicByHttp, at_the_desk: AtTheDesk, *, role: str, may_book: bool, tabs: int, refused: str
) -> None:
    page = await at_the_desk("/schedule", **account(desk, role))
    await expect(page.get_by_role("button", name="Book a visit")).to_have_count(int(may_book))
    await page.goto("/staff/settings")
    await expect(page.locator(".tabs a")).to_have_count(tabs)
    await expect(page.get_by_role("button", name="Save")).to_have_count(int(role == "manager"))
    await page.goto(f"/staff{refused}")
    await expect(page.get_by_role("heading", name="This is not yours to open")).to_be_visible()


async def test_a_screen_that_nobody_watches_logs_itself_off(desk: ClinicByHttp, at_the_desk: AtTheDesk) -> None:
    page = await at_the_desk("/knowledge/new")
    await page.locator("#title").fill("Do you take cards?")
    async with page.expect_response("**/staff/knowledge/preview"):
        await page.locator("#body").fill("We take every card.")
    desk.server.forward(minutes=IDLE_MINUTES)
    try:
        await page.get_by_role("button", name="Save and publish").click()
        dialog = page.locator("#sign-in-again")
        await expect(dialog).to_be_visible()
        await page.locator("#again-password").fill("not this one")
        await dialog.get_by_role("button", name="Sign in").click()
        await expect(dialog.get_by_role("alert")).to_have_text(WRONG)
        await page.locator("#again-password").fill(ADMIN_PASSWORD)
        await dialog.get_by_role("button", name="Sign in").click()
        await expect(page.get_by_role("heading", name="Do you take cards?")).to_be_visible()
    finally:
        desk.server.forward(minutes=-IDLE_MINUTES)


async def test_an_old_page_leads_to_the_sign_in(desk: ClinicByHttp, at_the_desk: AtTheDesk) -> None:
    page = await at_the_desk("/insight")
    desk.server.forward(minutes=IDLE_MINUTES)
    try:
        await page.reload()
        await expect(page).to_have_url(f"{desk.server.base_url}/staff/sign-in?then=/staff/insight")
    finally:
        desk.server.forward(minutes=-IDLE_MINUTES)


async def test_a_stream_that_is_opened_again_keeps_nobody_signed_in(desk: ClinicByHttp, at_the_desk: AtTheDesk) -> None:
    page = await at_the_desk("/insight")
    desk.server.forward(minutes=IDLE_MINUTES - 10)
    try:
        async with page.expect_response(STREAM) as opened:
            await page.evaluate("listen()")
        assert (await opened.value).status == 200
        desk.server.forward(minutes=10)
        await page.reload()
        await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    finally:
        desk.server.forward(minutes=-IDLE_MINUTES)


async def test_a_new_password_ends_the_other_sessions(desk: ClinicByHttp, at_the_desk: AtTheDesk) -> None:
    somebody = colleague(desk, "Nia New")
    page, elsewhere = await at_the_desk("/password", **somebody), await at_the_desk("/patients", **somebody)
    await page.locator("#current").fill("not this one at all")
    await page.locator("#new").fill("another-passphrase")
    await page.get_by_role("button", name="Change it").click()
    await expect(page.get_by_role("alert")).to_be_visible()
    await page.locator("#current").fill(PASSWORD)
    await page.locator("#new").fill("another-passphrase")
    await page.get_by_role("button", name="Change it").click()
    await expect(page).to_have_url(f"{desk.server.base_url}/staff")
    await elsewhere.reload()
    await expect(elsewhere.get_by_role("heading", name="Sign in")).to_be_visible()


async def test_signing_out(desk: ClinicByHttp, at_the_desk: AtTheDesk) -> None:
    page = await at_the_desk("", **colleague(desk, "Otis Out"))
    await page.locator(".me summary").click()
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    await page.go_back()
    await page.reload()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
