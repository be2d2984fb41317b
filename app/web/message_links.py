"""The links in a message's text: only our own pages become clickable, everything else stays text (trust.md 4.4)."""

import re
from dataclasses import dataclass

_ADDRESS = re.compile(r"https?://[^\s<>\"']+")
_AFTER_A_SENTENCE = ".,;:!?)]}"


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a message; `is_link` when it is the address of one of our pages."""

    text: str
    is_link: bool


def pieces(text: str, *, base_url: str) -> list[Piece]:
    """The text cut at its own links, nothing lost: joining the pieces gives the text back."""
    found: list[Piece] = []
    end = 0
    for match in _ADDRESS.finditer(text):
        address = match.group().rstrip(_AFTER_A_SENTENCE)
        if is_ours(address, base_url):
            found += [Piece(text[end : match.start()], is_link=False), Piece(address, is_link=True)]
            end = match.start() + len(address)
    found.append(Piece(text[end:], is_link=False))
    return [piece for piece in found if piece.text]


def is_ours(address: str, base_url: str) -> bool:
    """True for the base address itself and what lies below it; `base.evil.example` and another port lie outside."""
    rest = address.removeprefix(base_url)
    return rest != address and rest[:1] in ("", "/", "?", "#")
