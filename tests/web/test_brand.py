"""The clinic's own colour: settable, served as a file of its own, under the strict policy."""

import re

import httpx2
import pytest

from app.context import Context
from app.domain.colours import contrast, parse_hex
from app.models.clinic import Clinic
from app.web.static_files import STATIC
from tests.web.reading import Page, get


async def paint(accent: str) -> None:
    clinic = await Clinic.load()
    clinic.branding.accent = accent
    await clinic.save()


def addresses(page: Page) -> list[str]:
    return [str(one["href"]) for tag, one in page.tags if tag == "link" and str(one["href"]).startswith("/brand/")]


async def test_the_default_colour_needs_no_file(client: httpx2.AsyncClient, open_clinic: None) -> None:
    assert addresses(await get(client, "/book")) == []


async def test_an_own_colour_comes_as_a_stylesheet_and_an_icon(client: httpx2.AsyncClient, open_clinic: None) -> None:
    await paint("#7a2e8e")
    icon, sheet = addresses(await get(client, "/book"))
    answers = [await client.get(address) for address in (icon, sheet)]
    assert [one.headers["Content-Type"] for one in answers] == ["image/svg+xml", "text/css; charset=utf-8"]
    assert all("immutable" in one.headers["Cache-Control"] for one in answers)
    assert all(one.headers["X-Content-Type-Options"] == "nosniff" for one in answers)
    assert "#7a2e8e" in answers[0].text
    assert "--fill: #7a2e8e;" in answers[1].text
    assert "#0b6b75" not in answers[0].text + answers[1].text


async def test_another_colour_has_another_address(client: httpx2.AsyncClient, open_clinic: None) -> None:
    await paint("#7a2e8e")
    former = addresses(await get(client, "/book"))
    await paint("#123456")
    assert not set(former) & set(addresses(await get(client, "/book")))


async def test_the_page_that_says_sorry_wears_it_too(client: httpx2.AsyncClient, open_clinic: None) -> None:
    await paint("#7a2e8e")
    assert len(addresses(await get(client, "/manage/nobody"))) == 2


@pytest.mark.parametrize("path", ["zzzzzz", "7a2e8", "7A2E8E", "7a2e8e;}body{display:none"])
async def test_only_a_colour_is_an_address(client: httpx2.AsyncClient, ctx: Context, path: str) -> None:
    assert (await client.get(f"/brand/{path}.css")).status_code in (404, 422)
    assert (await client.get(f"/brand/{path}.svg")).status_code in (404, 422)


async def test_our_own_stylesheet_is_readable_as_well() -> None:
    """The hand-written colours keep what the derived ones promise."""
    light, dark = re.findall(r":root \{(.*?)\}", (STATIC / "chairside.css").read_text(encoding="utf-8"), re.DOTALL)
    for block in (light, dark):
        colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", block))
        pairs = [(text, ground) for text in ("text", "muted", "accent") for ground in ("ground", "surface", "soft")]
        pairs += [("on-fill", "fill"), ("on-fill-hover", "fill-hover"), ("accent-strong", "soft")]
        pairs += [("on-warning", "warning"), ("on-bad", "bad"), ("on-good", "good")]
        for text, ground in pairs:
            assert contrast(parse_hex(colours[text]), parse_hex(colours[ground])) >= 4.5, (text, ground)
