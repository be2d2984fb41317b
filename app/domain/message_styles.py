"""Whether a reader sees an element: hidden, tiny, off the page or in the colour of its ground (trust.md fault 4)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

_HIDDEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|opacity\s*:\s*0(?![.\d]*[1-9])|mso-hide\s*:\s*all"
    r"|max-height\s*:\s*0(?![.\d]*[1-9])|text-indent\s*:\s*-\d{3}|clip\s*:\s*rect\(\s*0|transform\s*:\s*scale\(\s*0\s*\)",
    re.I,
)
_OFF_PAGE = re.compile(r"(?:left|top|right|bottom|margin-left|margin-top)\s*:\s*-\d{3}", re.I)
_NO_SIZE = re.compile(r"(?:^|[;\s])(?:height|width)\s*:\s*0(?![.\d]*[1-9])", re.I)
_FONT_SIZE = re.compile(r"(?:^|[;\s])font-size\s*:\s*([\d.]{1,8})\s*([a-z%]{0,4})", re.I)
_COLOUR = re.compile(r"(?:^|[;\s])color\s*:\s*([^;]{1,40})", re.I)
_GROUND = re.compile(r"(?:^|[;\s])background(?:-color)?\s*:\s*([^;]{1,40})", re.I)
_RGB = re.compile(r"rgba?\(\s*(\d{1,3})[\s,]+(\d{1,3})[\s,]+(\d{1,3})")
_ALPHA = re.compile(r"rgba\([^)]{1,30}[,/]\s*0(?:\.0+)?\s*\)")
_SHEET_STARTS = re.compile(r"<style\b[^<>]{0,300}>", re.I)
_SHEET_ENDS = re.compile(r"</style", re.I)
MOST_SHEETS = 20
_RULE = re.compile(r"([^{}]{1,300})\{([^{}]{0,2000})\}")
_SIMPLE = re.compile(r"^[a-z0-9]*([.#][\w-]{1,80})$", re.I)
_NAMED = {"white": "#ffffff", "black": "#000000", "snow": "#fffafa"}
_TINY = {"px": 1.5, "pt": 1.2, "": 0.0, "em": 0.1, "rem": 0.1, "%": 10.0}


@dataclass(frozen=True, slots=True)
class Look:
    """What an element hands down to those inside it; colours are `#rrggbb`."""

    is_gone: bool = False
    is_tiny: bool = False
    colour: str = "#000000"
    ground: str = "#ffffff"

    @property
    def is_hidden(self) -> bool:
        return self.is_gone or self.is_tiny or self.colour in (self.ground, "transparent")


def look_of(tag: str, given: dict[str, str], *, inherited: Look, hidden_by_sheet: frozenset[str]) -> Look:
    """How an element with these attributes looks, inside one that looks as `inherited`."""
    style = given.get("style", "")[:2_000]
    colour = _first(_COLOUR, style) or (given.get("color", "") if tag == "font" else "")
    ground = _first(_GROUND, style) or given.get("bgcolor", "")
    return replace(
        inherited,
        is_gone=inherited.is_gone or "hidden" in given or _is_gone(style) or _by_sheet(given, hidden_by_sheet),
        is_tiny=_is_tiny(style, inherited=inherited.is_tiny),
        colour=_hex(colour) or inherited.colour,
        ground=_hex(ground).replace("transparent", "") or inherited.ground,
    )


def hidden_selectors(markup: str) -> frozenset[str]:
    """The classes and ids (`.x`, `#x`) that the page's own style sheets hide; only simple selectors are read."""
    found: set[str] = set()
    for sheet in _sheets(markup):
        for selectors, rules in _RULE.findall(re.sub(r"@media[^{}]{0,200}\{", "", sheet)):
            if _is_gone(rules) or _is_tiny(rules, inherited=False):
                found.update(m[1].lower() for one in selectors.split(",") if (m := _SIMPLE.match(one.strip())))
    return frozenset(found)


def _sheets(markup: str) -> Iterator[str]:
    for start in islice(_SHEET_STARTS.finditer(markup), MOST_SHEETS):
        if end := _SHEET_ENDS.search(markup, start.end()):
            yield markup[start.end() : end.start()][:100_000]


def _first(pattern: re.Pattern[str], style: str) -> str:
    found = pattern.search(style)
    return found[1] if found else ""


def _is_gone(style: str) -> bool:
    if _HIDDEN.search(style):
        return True
    lowered = style.lower()
    is_out = bool(_OFF_PAGE.search(style)) and ("absolute" in lowered or "fixed" in lowered)
    return is_out or ("overflow" in lowered and "hidden" in lowered and bool(_NO_SIZE.search(style)))


def _by_sheet(given: dict[str, str], hidden: frozenset[str]) -> bool:
    classes = given.get("class", "")[:1_000].lower().split()
    return bool(hidden & {f"#{given.get('id', '').lower()}", *(f".{name}" for name in classes)})


def _is_tiny(style: str, *, inherited: bool) -> bool:
    """Letters that nobody can see; an element inside may have a size of its own again."""
    found = _FONT_SIZE.search(style)
    if found is None:
        return inherited
    try:
        size = float(found[1])
    except ValueError:
        return inherited
    relative = inherited and found[2].lower() in ("em", "%")
    return relative or size <= _TINY.get(found[2].lower(), 0.0)


def _hex(colour: str) -> str:
    """`#rrggbb`, "transparent", or "" for what says nothing."""
    text = colour.replace("!important", "").strip().lower()
    if text == "transparent" or _ALPHA.match(text):
        return "transparent"
    if found := _RGB.match(text):
        return "#" + "".join(f"{min(int(part), 255):02x}" for part in found.groups())
    short = re.match(r"#([0-9a-f]{3})$", text)
    if short:
        return "#" + "".join(sign * 2 for sign in short[1])
    full = re.match(r"#[0-9a-f]{6}", text)
    return full[0] if full else _NAMED.get(text.partition(" ")[0], "")
