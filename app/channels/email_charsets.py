"""Bytes of a mail as text, whatever they claim to be; and encoded words in headers (RFC 2047).

A declared charset is believed when it is a known one and fits; UTF-7 and every codec that is no charset are refused.
"""

import base64
import binascii
import codecs
import quopri
import re

UNREADABLE = "?"
"""Stands for a byte that no reading explains; the store refuses U+FFFD (trust.md 4.2)."""

_MEANS = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
    "iso2022_jp": "iso2022_jp_ext",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
}
"""What senders mean by a name: the superset that browsers read it as (WHATWG Encoding)."""
_OTHER_NAMES = {"ks_c_5601-1987": "cp949", "x-sjis": "cp932", "unicode-1-1-utf-8": "utf-8", "utf8mb4": "utf-8"}
_CHARSETS = re.compile(
    r"^(?:utf-8(?:-sig)?|utf-16(?:-[lb]e)?|ascii|cp\d{3,4}|iso8859-\d{1,2}|iso2022_(?:jp(?:_\w{1,4})?|kr)|koi8-[rut]"
    r"|gb18030|gb2312|gbk|hz|big5(?:hkscs)?|euc_(?:jp|kr|jis_2004)|shift_jis(?:_2004|x0213)?|johab|mac-\w{1,10}"
    r"|tis-620|ptcp154|kz1048)$"
)
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_META = re.compile(rb"<meta\b[^<>]{0,200}charset\s{0,5}=\s{0,5}[\"']?([\w-]{2,30})", re.I)
_ENCODED_WORD = re.compile(r"=\?([^?\s*]{1,40})(?:\*[^?\s]{0,10})?\?([bBqQ])\?([^?]{0,2000})\?=")
_BETWEEN_WORDS = re.compile(r"(\?=)\s{1,20}(?==\?)")
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]+")


def text_of(raw: bytes, *, charset: str | None) -> str:
    """Decode the bytes of a part: by its mark, its declared charset, as UTF-8, else as Windows-1252."""
    for mark, name in _MARKS:
        if raw.startswith(mark):
            return raw.decode(name, "replace").replace("\ufffd", UNREADABLE)
    named = (charset or _charset_in_markup(raw) or "utf-8").strip().strip("\"'").lower()
    for name in dict.fromkeys(filter(None, (_utf8_first(named), _known(named), "utf-8"))):
        try:
            return raw.decode(name)
        except (UnicodeDecodeError, UnicodeError):
            continue
    return _best_effort(raw)


def _utf8_first(named: str) -> str | None:
    """UTF-8 that calls itself ASCII or Latin-1 is common, and chance never looks like UTF-8."""
    return "utf-8" if _known(named) in ("cp1252", None) else None


def _known(name: str) -> str | None:
    try:
        found = codecs.lookup(_OTHER_NAMES.get(name, name[:40])).name
    except (LookupError, ValueError, UnicodeError):
        return None
    return _MEANS.get(found, found) if _CHARSETS.match(found) else None


def _charset_in_markup(raw: bytes) -> str | None:
    found = _META.search(raw[:4_000])
    return found[1].decode("ascii", "replace") if found else None


def _best_effort(raw: bytes) -> str:
    """UTF-8 with a few broken bytes stays UTF-8; where most are broken it is Windows-1252."""
    as_utf8 = raw.decode("utf-8", "replace")
    broken = as_utf8.count("\ufffd")
    sound = sum(1 for sign in as_utf8 if sign > "\x7f") - broken
    chosen = as_utf8 if sound >= broken else raw.decode("cp1252", "replace")
    return chosen.replace("\ufffd", UNREADABLE)


def from_base64(payload: bytes) -> bytes:
    """Stray signs and a lost end are forgiven; words with spaces between them are no base64 at all."""
    lines = [line.strip() for line in payload.splitlines()]
    if any(b" " in line for line in lines[:50]):
        return payload
    signs = _NOT_BASE64.sub(b"", b"".join(lines))
    signs = signs[: len(signs) - 1] if len(signs) % 4 == 1 else signs
    try:
        return base64.b64decode(signs + b"=" * (-len(signs) % 4))
    except (binascii.Error, ValueError):
        return payload


def header_text(value: str) -> str:
    """A header as one line of text: encoded words decoded, raw 8-bit bytes read, folding undone."""
    plain = text_of(value[:10_000].encode("utf-8", "surrogateescape"), charset=None)
    joined = _BETWEEN_WORDS.sub(r"\1", " ".join(plain.split()))
    decoded = _ENCODED_WORD.sub(_decoded_word, joined)
    return " ".join("".join(sign if sign.isprintable() else " " for sign in decoded).split())


def _decoded_word(found: re.Match[str]) -> str:
    charset, kind, words = found[1], found[2].lower(), found[3].encode("utf-8", "replace")
    raw = from_base64(words) if kind == "b" else quopri.decodestring(words.replace(b"_", b"=20"))
    return text_of(raw, charset=charset)
