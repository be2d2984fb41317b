"""Takes the pictures for the documentation: `make screenshots` writes docs/images/*.png, and a picture of every page of
the dashboard into build/screenshots. `python -m scripts.take_screenshots PATTERN` takes the dashboard's pages alone
whose name fits.

The clinic behind them always has the same morning, so the pictures change only when the pages do. Look at them before
you commit them.
"""

import asyncio
import shutil
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from playwright.async_api import Browser, Page, async_playwright

from scripts.dashboard_pictures import IMAGES, ROOT, take_all
from scripts.demo_by_http import DemoClinic, demo_clinic, whole_demo_clinic

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")
SERVICE = "checkup_and_cleaning"
DAY = "2026-09-16"
THREE = "2026-09-16T19:00:00Z"
"""Three in the afternoon of that day."""


@dataclass(frozen=True, slots=True)
class Screen:
    """CSS pixels, and how many real ones each takes."""

    width: int
    height: int
    scale: float


PHONE = Screen(390, 844, scale=1.5)
DESKTOP = Screen(1280, 800, scale=1)


@dataclass(frozen=True, slots=True)
class Scene:
    """One visitor: whose link, which browser, and until where they walk."""

    file: str
    walk: Callable[[Page, DemoClinic], Awaitable[None]]
    screen: Screen = DESKTOP
    locale: str = "en-US"
    scheme: Literal["light", "dark"] = "light"
    whole: bool = False
    """The whole page, not only what the screen shows."""


MARIA = "maria@example.com"
THEN = "2026-09-17T14:00:00Z"


async def landing(page: Page, _: DemoClinic) -> None:
    await page.goto("/")


async def services(page: Page, clinic: DemoClinic) -> None:
    """By the link of a message: greeted by name."""
    await page.goto(f"/book?t={clinic.token_in_mail(MARIA, 'book.t=')}")


async def calendar(page: Page, _: DemoClinic) -> None:
    await page.goto(f"/book?service={SERVICE}&day={DAY}")


async def details(page: Page, _: DemoClinic) -> None:
    """Without a link: the clinic asks how it knows the patient."""
    await page.goto(f"/book?service={SERVICE}&time={THREE}")
    await page.locator("#name").fill("Maria Alvarez")
    await page.locator("#email").fill(MARIA)


async def taken(page: Page, clinic: DemoClinic) -> None:
    """The form stood open for longer than the time was kept, and somebody else was faster."""
    await page.goto(f"/book?t={clinic.token_in_mail(MARIA, 'book.t=')}&service={SERVICE}&time={THEN}")
    clinic.forward(minutes=10)
    clinic.take(THEN, service=SERVICE)
    await page.locator("#notes").fill("My left crown feels loose.")
    await page.locator("form .button").click()
    await page.locator(".picks").wait_for()


async def done(page: Page, clinic: DemoClinic) -> None:
    await page.goto(f"/book?t={clinic.token_in_mail(MARIA, 'book.t=')}&service={SERVICE}&time={THREE}")
    await page.locator("form .button").click()
    await page.locator(".done").wait_for()


async def visit(page: Page, clinic: DemoClinic) -> None:
    await page.goto(f"/manage/{clinic.token_in_mail(MARIA, 'manage/')}")


async def move(page: Page, clinic: DemoClinic) -> None:
    await page.goto(f"/manage/{clinic.token_in_mail(MARIA, 'manage/')}?change=time&day=2026-09-23")


async def expired(page: Page, _: DemoClinic) -> None:
    await page.goto("/book?t=a-link-of-last-year")


async def painted(page: Page, clinic: DemoClinic) -> None:
    clinic.paint("#7a2e8e")
    await calendar(page, clinic)


SCENES = (
    Scene("landing-phone", landing, screen=PHONE),
    Scene("booking-services-phone", services, screen=PHONE),
    Scene("booking", calendar),
    Scene("booking-calendar-phone", calendar, screen=PHONE),
    Scene("booking-details-phone", details, screen=PHONE, whole=True),
    Scene("booking-dark", calendar, scheme="dark"),
    Scene("booking-spanish-phone", calendar, screen=PHONE, locale="es-US"),
    Scene("booking-french", details, locale="fr-CA"),
    Scene("booking-taken", taken),
    Scene("booking-expired-phone", expired, screen=PHONE),
    Scene("booking-done-phone", done, screen=PHONE),
    Scene("manage-phone", visit, screen=PHONE, scheme="dark"),
    Scene("manage-move", move),
    Scene("booking-own-colour", painted),
)


async def take(browser: Browser, clinic: DemoClinic, scene: Scene) -> None:
    """One picture."""
    context = await browser.new_context(
        base_url=clinic.base_url,
        viewport={"width": scene.screen.width, "height": scene.screen.height},
        locale=scene.locale,
        color_scheme=scene.scheme,
        device_scale_factor=scene.screen.scale,
        reduced_motion="reduce",
    )
    page = await context.new_page()
    await scene.walk(page, clinic)
    await page.screenshot(path=IMAGES / f"{scene.file}.png", full_page=scene.whole, animations="disabled")
    await context.close()


async def take_booking_site(browser: Browser) -> list[Path]:
    """Every scene; the files written."""
    with demo_clinic() as clinic:
        clinic.invite("Maria Alvarez", MARIA)
        for scene in SCENES:
            await take(browser, clinic, scene)
    return [IMAGES / f"{scene.file}.png" for scene in SCENES]


async def main(only: str) -> None:
    installed = next((path for name in CHROMIUMS if (path := shutil.which(name))), None)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=installed, args=["--no-sandbox"])
        written = [] if only else await take_booking_site(browser)
        with whole_demo_clinic() as clinic:
            written += await take_all(browser, clinic, only=only)
        await browser.close()
    for file in written:
        print(f"{file.relative_to(ROOT)}  {file.stat().st_size / 1024:.0f} kB")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if sys.argv[1:] else ""))
