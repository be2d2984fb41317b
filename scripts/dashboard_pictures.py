"""Takes a picture of every page of the dashboard at three widths, in the whole demo clinic at a fixed time.

All of them go to build/screenshots, to be looked at; those that `IN_THE_DOCS` names go to docs/images as well.
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from playwright.async_api import Browser, BrowserContext, Page, ViewportSize, expect

from app.web.staff.frame import DOORS
from app.web.staff.settings_frame import TABS
from scripts.demo_by_http import WHOLE_LOGIN, DemoClinic

ROOT = Path(__file__).parents[1]
EVERYTHING = ROOT / "build" / "screenshots"
IMAGES = ROOT / "docs" / "images"
HEIGHTS = {390: 844, 768: 1024, 1280: 800}
WEDNESDAY = "2026-09-09"
IN_THE_DOCS = {
    "today": "dashboard-today",
    "handoff": "dashboard-handoffs",
    "conversation": "dashboard-conversation",
    "schedule-visit": "dashboard-schedule",
    "insight": "dashboard-insight",
    "knowledge-try": "dashboard-knowledge",
}
"""Pages by their name here, and by their file's name there: smaller than a desk's screen, to be read in a text."""

IN_A_TEXT: ViewportSize = {"width": 1100, "height": 700}

Scheme = Literal["light", "dark"]
Walk = Callable[[Page, "Marks"], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Marks:
    """Where the pages about one thing are: ids of the demo clinic."""

    campaign: str
    patient: str
    provider: str
    colleague: str
    article: str


def marks_of(clinic: DemoClinic) -> Marks:
    """Somebody who waits with an answer suggested, and the first of everything else."""
    waiting = clinic.ask("GET", "/admin/handoffs")["handoffs"]
    held = next((row for row in waiting if row["suggested_source_id"]), waiting[-1])
    users: list[dict[str, Any]] = clinic.ask("GET", "/admin/users?limit=100")["users"]
    return Marks(
        campaign=held["campaign_id"],
        patient=held["patient_id"],
        provider=next(user["user_id"] for user in users if user["role"] == "provider"),
        colleague=next(user["user_id"] for user in users if user["role"] == "front_desk"),
        article=clinic.ask("GET", "/admin/knowledge?q=whitening&limit=1")["articles"][0]["article_id"],
    )


def at(path: str) -> Walk:
    """Open this address; `{campaign}` and the like stand for ids."""

    async def walk(page: Page, marks: Marks) -> None:
        values = {name: getattr(marks, name) for name in Marks.__slots__}
        await page.goto(f"/staff{path.format_map(values)}")

    return walk


async def visit_card(page: Page, _: Marks) -> None:
    await page.goto(f"/staff/schedule?on={WEDNESDAY}")
    await page.locator(".visit").first.click()
    await page.locator("#visit-title").wait_for()


async def phone_booking(page: Page, _: Marks) -> None:
    await page.goto(f"/staff/schedule?on={WEDNESDAY}")
    await page.get_by_role("button", name="Book a visit").click()
    await page.locator("#who").fill("Ma")
    await page.locator(".people").wait_for()


async def trial(page: Page, _: Marks) -> None:
    await page.goto("/staff/knowledge")
    await page.locator("#question").fill("How much is whitening?")
    await page.get_by_role("button", name="Try it").click()
    await page.locator("#trial .notice").wait_for()


async def article_from_question(page: Page, _: Marks) -> None:
    await page.goto("/staff/knowledge/unanswered")
    if link := await page.get_by_role("link", name="Write the article").all():
        await link[0].click()


async def effect(page: Page, _: Marks) -> None:
    await page.goto("/staff/settings/outreach")
    await page.locator("#f-max_per_week").fill("1")
    await page.get_by_role("button", name="What would change?").click()
    await page.locator("#effect .notice").wait_for()


async def why(page: Page, marks: Marks) -> None:
    await page.goto(f"/staff/campaigns/{marks.campaign}")
    await page.get_by_text("Show the decisions").click()


async def columns(page: Page, _: Marks) -> None:
    """A file is chosen: what its columns mean."""
    rows = "".join(f"Ina Import {number},ina{number}@example.org,518 555 {number:04}\n" for number in range(40))
    content = f"Patient Name,E-mail,Mobile\n{rows}No Address,not-an-address,\n".encode()
    await page.goto("/staff/imports")
    file = {"name": "patients.csv", "mimeType": "text/csv", "buffer": content}
    await page.locator("#file").set_input_files(file)  # type: ignore[arg-type]  # a TypedDict of Playwright's own
    await page.locator("#columns table, #columns select").first.wait_for()


async def dry_run(page: Page, marks: Marks) -> None:
    await columns(page, marks)
    await page.locator("#patient-type").select_option("EXISTING")
    await page.locator("#upload button[type=submit]").last.click()
    await expect(page).to_have_url(re.compile("/staff/imports/[0-9a-f]{24}"))


async def signed_out(page: Page, _: Marks) -> None:
    await page.context.clear_cookies()
    await page.goto("/staff/sign-in")


async def wrong_password(page: Page, marks: Marks) -> None:
    await signed_out(page, marks)
    await page.locator("#email").fill("robin@example.com")
    await page.locator("#password").fill("not this one")
    await page.get_by_role("button", name="Sign in").click()
    await page.locator("[role=alert]").wait_for()


def rooms() -> dict[str, Walk]:
    """The pages of the navigation and the tabs of the settings, as the product lists them."""
    doors = {door.title.lower(): at(door.address.removeprefix("/staff")) for door in DOORS}
    tabs = {f"settings-{tab.title.lower().replace(' ', '-')}": at(tab.address.removeprefix("/staff")) for tab in TABS}
    return doors | tabs


PAGES: dict[str, Walk] = rooms() | {
    "handoff": at("/handoffs?open={campaign}"),
    "conversation": at("/campaigns/{campaign}"),
    "conversation-why": why,
    "campaigns-nobody": at("/campaigns?search=nobody-of-this-name"),
    "campaigns-new": at("/campaigns/new"),
    "schedule-day": at(f"/schedule?on={WEDNESDAY}"),
    "schedule-week": at(f"/schedule?on={WEDNESDAY}&view=week"),
    "schedule-visit": visit_card,
    "schedule-book": phone_booking,
    "patient": at("/patients/{patient}"),
    "patient-edit": at("/patients/{patient}/edit"),
    "patient-merge": at("/patients/{patient}/merge"),
    "patient-erase": at("/patients/{patient}/erase"),
    "patients-new": at("/patients/new"),
    "patients-nobody": at("/patients?search=nobody-of-this-name"),
    "imports": at("/imports"),
    "imports-columns": columns,
    "imports-dry-run": dry_run,
    "imports-some": at("/imports"),
    "knowledge-try": trial,
    "knowledge-unanswered": at("/knowledge/unanswered"),
    "knowledge-from-question": article_from_question,
    "article": at("/knowledge/{article}"),
    "article-versions": at("/knowledge/{article}/versions"),
    "settings-outreach-effect": effect,
    "settings-service": at("/settings/services/dental_crown"),
    "settings-provider": at("/settings/providers/{provider}"),
    "settings-user": at("/settings/users/{colleague}"),
    "settings-user-new": at("/settings/users/new"),
    "password": at("/password"),
    "not-found": at("/patients/0123456789abcdef01234567"),
    "sign-in": signed_out,
    "sign-in-refused": wrong_password,
}
DARK_AT = (390, 1280)


async def take_all(browser: Browser, clinic: DemoClinic, *, only: str = "") -> list[Path]:
    """Every page whose name fits `only`, at every width, light; dark on a phone and on a desk. The files written."""
    EVERYTHING.mkdir(parents=True, exist_ok=True)
    clinic.ask("POST", "/admin/jobs/insight/run")
    marks, written = marks_of(clinic), []
    for width in HEIGHTS:
        for scheme in ("light", "dark") if width in DARK_AT else ("light",):
            for name, walk in PAGES.items():
                if re.search(only, name):
                    written += await _take(browser, clinic, marks, name, walk, width, scheme)
    return written


async def _take(
    browser: Browser, clinic: DemoClinic, marks: Marks, name: str, walk: Walk, width: int, scheme: Scheme
) -> list[Path]:
    context = await _signed_in(browser, clinic, width, scheme)
    page = await context.new_page()
    await walk(page, marks)
    await page.wait_for_load_state("load")
    await page.evaluate("document.fonts.ready.then(() => scrollTo(0, 0))")
    file = EVERYTHING / f"{name}-{width}{'-dark' if scheme == 'dark' else ''}.png"
    await page.screenshot(path=file, full_page=True, animations="disabled")
    written = [file]
    if name in IN_THE_DOCS and (width, scheme) == (1280, "light"):
        written.append(IMAGES / f"{IN_THE_DOCS[name]}.png")
        await page.set_viewport_size(IN_A_TEXT)
        await page.screenshot(path=written[-1], animations="disabled")
    await context.close()
    return written


async def _signed_in(browser: Browser, clinic: DemoClinic, width: int, scheme: Scheme) -> BrowserContext:
    context = await browser.new_context(
        base_url=clinic.base_url,
        viewport={"width": width, "height": HEIGHTS[width]},
        locale="en-US",
        color_scheme=scheme,
        reduced_motion="reduce",
    )
    await context.request.post("/staff/sign-in", form=dict(WHOLE_LOGIN))
    return context
