"""Readable variants of a clinic's own colour, by the contrast that WCAG 2.2 defines (success criteria 1.4.3, 1.4.11).

Any colour will do: what is too pale or too dark to read is mixed with black or white until it can be read.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

TEXT_CONTRAST = 4.5
"""What text needs against its ground (WCAG 1.4.3)."""
STRONG_CONTRAST = 7.0
"""What text that must stand out needs (WCAG 1.4.6)."""
BLACK, WHITE = (0, 0, 0), (255, 255, 255)
STEPS = 50
"""Into how many steps the way to black or white is cut."""

_HEX = re.compile(r"#([0-9a-fA-F]{2})([0-9a-fA-F]{2})([0-9a-fA-F]{2})")

Colour = tuple[int, int, int]
"""Red, green and blue, 0 to 255."""


@dataclass(frozen=True, slots=True)
class Theme:
    """The grounds that a page puts text on, and which end of the scale is readable there."""

    surface: Colour
    grounds: Sequence[Colour]
    ink: Colour
    soft_share: float
    """How much of the colour a soft ground takes."""


@dataclass(frozen=True, slots=True)
class Palette:
    """A colour as one theme uses it: text and lines, standing out, filled areas and what is written on those."""

    accent: str
    accent_strong: str
    fill: str
    fill_hover: str
    on_fill: str
    on_fill_hover: str
    soft: str


LIGHT = Theme(surface=WHITE, grounds=(WHITE, (243, 247, 247)), ink=BLACK, soft_share=0.12)
DARK = Theme(surface=(24, 34, 37), grounds=((24, 34, 37), (15, 23, 25)), ink=WHITE, soft_share=0.18)


def parse_hex(text: str) -> Colour:
    """`#0b6b75` as its three parts. Raises ValueError for anything else."""
    parts = _HEX.fullmatch(text)
    if parts is None:
        raise ValueError(f"not a colour #rrggbb: {text!r}")
    red, green, blue = (int(part, 16) for part in parts.groups())
    return red, green, blue


def to_hex(colour: Colour) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


def contrast(one: Colour, other: Colour) -> float:
    """1 (the same) to 21 (black on white)."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: Colour) -> float:
    """0 (black) to 1 (white), as WCAG 2.2 defines relative luminance."""
    red, green, blue = (_linear(part / 255) for part in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """`share` (0 to 1) of the second colour in the first."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def readable(colour: Colour, grounds: Sequence[Colour], *, towards: Colour, least: float) -> Colour:
    """The colour, mixed with as little black or white as makes it readable on every ground."""
    variants = (mix(colour, towards, step / STEPS) for step in range(STEPS + 1))
    return next((one for one in variants if all(contrast(one, ground) >= least for ground in grounds)), towards)


def on_top(fill: Colour) -> Colour:
    """Black or white, whichever reads better: one of them always reaches 4.5."""
    return max((WHITE, BLACK), key=lambda ink: contrast(ink, fill))


def palette(colour: Colour, theme: Theme) -> Palette:
    """How a theme uses the colour. On a light page areas are filled with the colour as it was given."""
    soft = mix(theme.surface, colour, theme.soft_share)
    grounds = (*theme.grounds, soft)
    accent = readable(colour, grounds, towards=theme.ink, least=TEXT_CONTRAST)
    strong = readable(accent, grounds, towards=theme.ink, least=STRONG_CONTRAST)
    fill = colour if theme.ink == BLACK else accent
    return Palette(
        accent=to_hex(accent),
        accent_strong=to_hex(strong),
        fill=to_hex(fill),
        fill_hover=to_hex(strong),
        on_fill=to_hex(on_top(fill)),
        on_fill_hover=to_hex(on_top(strong)),
        soft=to_hex(soft),
    )
