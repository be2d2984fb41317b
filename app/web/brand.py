"""The clinic's colour on its pages: a stylesheet and an icon of its own, because the policy allows no inline style.

The address holds the colour, so the answer needs no database and a browser may keep it (trust.md 4.4).
"""

from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Annotated

from fastapi import Path, Response
from fastapi.routing import APIRouter

from app.domain.colours import DARK, LIGHT, Palette, on_top, palette, parse_hex, to_hex
from app.models.clinic import DEFAULT_ACCENT, Clinic
from app.web.static_files import KEPT_FOR_EVER, STATIC, asset, mark_of

router = APIRouter(prefix="/brand", include_in_schema=False)

Hex = Annotated[str, Path(pattern="^[0-9a-f]{6}$")]
ICON = "icon.svg"
ICON_GROUND, ICON_TOOTH = DEFAULT_ACCENT, "#fff"
"""The two colours of static/icon.svg."""


@dataclass(frozen=True, slots=True)
class Brand:
    """Addresses: of the stylesheet after ours (none while the colour is the default one), and of the icon."""

    stylesheet: str | None
    icon: str


def brand_of(clinic: Clinic | None) -> Brand:
    """What the frame of a page links to."""
    accent = clinic.branding.accent.lower() if clinic else DEFAULT_ACCENT
    if accent == DEFAULT_ACCENT:
        return Brand(None, asset(ICON))
    name = accent.removeprefix("#")
    sheet, icon = stylesheet(accent), coloured_icon(accent)
    return Brand(f"/brand/{name}.css?v={mark_of(sheet.encode())}", f"/brand/{name}.svg?v={mark_of(icon.encode())}")


@lru_cache(maxsize=16)
def stylesheet(accent: str) -> str:
    """The colours of static/chairside.css, made from one: for light pages and for dark ones."""
    colour = parse_hex(accent)
    light, dark = _variables(palette(colour, LIGHT)), _variables(palette(colour, DARK))
    return f":root {{ {light} }}\n@media (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}\n"


def _variables(colours: Palette) -> str:
    return " ".join(f"--{one.name.replace('_', '-')}: {getattr(colours, one.name)};" for one in fields(colours))


@lru_cache(maxsize=16)
def coloured_icon(accent: str) -> str:
    """The icon on the clinic's colour."""
    drawing = (STATIC / ICON).read_text(encoding="utf-8").replace(ICON_TOOTH, to_hex(on_top(parse_hex(accent))))
    return drawing.replace(ICON_GROUND, accent)


@router.get("/{accent}.css")
async def get_stylesheet(accent: Hex) -> Response:
    """The variants of one colour."""
    return _kept(stylesheet(f"#{accent}"), "text/css")


@router.get("/{accent}.svg")
async def get_icon(accent: Hex) -> Response:
    """The icon in one colour."""
    return _kept(coloured_icon(f"#{accent}"), "image/svg+xml")


def _kept(content: str, media_type: str) -> Response:
    return Response(content, media_type=media_type, headers={"Cache-Control": KEPT_FOR_EVER})
