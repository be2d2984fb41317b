"""Links, addresses and handles in a text, however they are written: "evil dot com", "name (at) host". Pure."""

import re
from collections.abc import Iterable

from app.domain.reply_letters import plain_letters

_TLD = (
    "com|net|org|info|biz|xyz|io|co|me|us|uk|ru|cn|de|fr|es|eu|it|nl|ch|tv|cc|ly|gg|gl|ai|app|dev|top|site|shop|store"
    "|online|click|link|live|page|club|health|dental|clinic|care|help|support|example|test|invalid|local|onion|zip"
)
_SPELLED_DOT = re.compile(
    rf"\s*[\[({{<]\s*(?:dot|punto|point|\.)\s*[\])}}>]\s*|\s+(?:dot|punto|point)\s+(?=(?:{_TLD})\b)|\s+\.\s*(?=(?:{_TLD})\b)"
)
_SPELLED_AT = re.compile(r"\s*[\[({<]\s*(?:at|arroba|arobase|@)\s*[\])}>]\s*|\s+(?:arroba|arobase)\s+|\s+@\s+")
_LINK = re.compile(
    r"\b(?:h\s?[tx]\s?[tx]\s?p\s?s?|ftp|file|javascript|data|tel|sms|mailto|whatsapp|tg)\s?:(?=\S|\s?/)\S*"
    r"|://\S*|\bwww\s?\.\s?\S+"
    r"|(?<![\w@.])(?:[a-z0-9](?:[a-z0-9-]{0,62})\.)+(?!pdf\b)[a-z]{2,24}\b(?:[/:?#]\S*)?"
    r"|\b\d{1,3}(?:\.\d{1,3}){3}\b"
)
_ADDRESS = re.compile(r"[^\s@<>()\[\],;:\"']+@[^\s@<>()\[\],;:\"']+")
_HANDLE = re.compile(r"(?<![\w.@])@\w{2,}")
_ABBREVIATIONS = frozenset({"e.g", "i.e", "a.m", "p.m", "etc.we"})
_EDGE = ".,;:!?)('\"»«"


def links_in(text: str) -> frozenset[str]:
    """Every web address in a text, as it stands there: what a source may lend to an answer."""
    found = (match[0].strip(_EDGE) for match in _LINK.finditer(text.lower()))
    return frozenset(link for link in found if link and link not in _ABBREVIATIONS)


def addresses_in(text: str) -> frozenset[str]:
    """Every e-mail address, in lower case."""
    return frozenset(match[0].strip(_EDGE) for match in _ADDRESS.finditer(text.lower()))


def has_foreign_link(text: str, allowed: Iterable[str]) -> bool:
    """Whether a link stands in the text that is none of `allowed`, sign for sign (letter case aside)."""
    rest = text.lower()
    for link in sorted(allowed, key=len, reverse=True):
        whole = rf"(?<![\w/.@-]){re.escape(link.lower())}(?=[.,;:!?)\"'»]*(?:\s|$))"
        rest = re.sub(whole, " ", rest)
    seen = _spelled_out(rest)
    without_addresses = _ADDRESS.sub(" ", seen)
    return any(match[0].strip(_EDGE) not in _ABBREVIATIONS for match in _LINK.finditer(without_addresses))


def has_foreign_address(text: str, sources: str) -> bool:
    """Whether an e-mail address or a handle stands in the text that the sources do not hold, sign for sign."""
    known, seen = addresses_in(sources), _spelled_out(text.lower())
    literal = text.lower()
    if any(address not in known or address not in literal for address in addresses_in(seen)):
        return True
    handles = {match[0] for match in _HANDLE.finditer(_ADDRESS.sub(" ", seen))}
    return any(handle not in sources.lower() for handle in handles)


def _spelled_out(text: str) -> str:
    plain = plain_letters(text).lower()
    return _SPELLED_AT.sub("@", _SPELLED_DOT.sub(".", plain))
