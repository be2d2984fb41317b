"""How many parts an SMS is charged as, and which characters make it dear (3GPP TS 23.038 and 23.040). Pure."""

import unicodedata
from dataclasses import dataclass
from enum import StrEnum

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = frozenset("^{}\\[~]|€\f")
"""Written as an escape and a letter: two septets, which never part."""
SHOWN_AT_MOST = 20
PLAIN = {
    "‘": "'",
    "’": "'",
    "‚": ",",
    "“": '"',
    "”": '"',
    "„": '"',
    "–": "-",
    "—": "-",
    "\u2011": "-",
    "…": "...",
    "•": "-",
    "\u00a0": " ",
    "\u202f": " ",
    "\u2009": " ",
    "\u200b": "",
    "\ufeff": "",
    "\t": " ",
    "`": "'",
    "´": "'",
    "ç": "c",
}
"""What to type instead of the characters that word processors put in by themselves."""


class SmsEncoding(StrEnum):
    GSM_7 = "GSM-7"
    UCS_2 = "UCS-2"


LIMITS = {SmsEncoding.GSM_7: (160, 153), SmsEncoding.UCS_2: (70, 67)}
"""What fits in a message that stands alone, and in each part of a longer one, whose header takes room."""


@dataclass(frozen=True, slots=True)
class CostlyCharacter:
    """A character that GSM-7 lacks, so that the whole message takes more than twice the room."""

    character: str
    name: str
    instead: str | None
    """What to type instead; None when there is nothing plain like it."""


@dataclass(frozen=True, slots=True)
class SmsSize:
    """`units` are septets in GSM-7 and 16-bit units in UCS-2; an emoji is two of those or more."""

    characters: int
    units: int
    encoding: SmsEncoding
    segments: int
    forced_by: tuple[CostlyCharacter, ...]


def measure(text: str) -> SmsSize:
    """The size of one SMS as the network counts it; no text is no segment."""
    foreign = [character for character in dict.fromkeys(text) if character not in BASIC | EXTENSION]
    encoding = SmsEncoding.UCS_2 if foreign else SmsEncoding.GSM_7
    widths = [_width(character, encoding) for character in text]
    return SmsSize(
        characters=len(text),
        units=sum(widths),
        encoding=encoding,
        segments=_segments(widths, *LIMITS[encoding]),
        forced_by=tuple(_described(character) for character in foreign[:SHOWN_AT_MOST]),
    )


def _width(character: str, encoding: SmsEncoding) -> int:
    if encoding is SmsEncoding.GSM_7:
        return 2 if character in EXTENSION else 1
    return 2 if ord(character) > 0xFFFF else 1


def _segments(widths: list[int], alone: int, part: int) -> int:
    """Parts filled one after the other; what takes two units moves on whole."""
    if sum(widths) <= alone:
        return 1 if widths else 0
    segments, filled = 1, 0
    for width in widths:
        if filled + width > part:
            segments, filled = segments + 1, 0
        filled += width
    return segments


def _described(character: str) -> CostlyCharacter:
    name = unicodedata.name(character, f"U+{ord(character):04X}").lower()
    return CostlyCharacter(character, name, PLAIN.get(character))
