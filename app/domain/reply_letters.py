"""One spelling for a text that may hide what it says: look-alike letters, other digits, invisible signs. Pure.

A link in Cyrillic look-alikes, a price in Arabic digits and an address with zero-width signs read like the plain ones,
and so they are judged like them (trust.md section 3).
"""

import re
import unicodedata

# Cyrillic, Greek and other letters that look like a Latin one (Unicode TR 39, the ones that occur in fraud).
_LOOK_ALIKES = str.maketrans(
    dict(
        zip(
            "абвгԁеѕіїјкӏмнорԛгѕтуѵԝхуһсАВСЕНІЈКМОРЅТУХҮԚԜαβγειϊκνορστυχωΑΒΕΖΗΙΚΜΝΟΡΤΥΧıȷɑɡℓ∕⁄։∶․。｡‚·",
            "abbrdesiijklmhopqrstyvwxyhcABCEHIJKMOPSTYXYQWaByeiiknopstuxwABEZHIKMNOPTYXijagl//::...,.",
            strict=True,
        )
    )
)
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−﹣－⸺⸻", "-"))
_QUOTES = str.maketrans(dict.fromkeys("’‘`´ʼ‛′＇", "'"))
_KEPT_CONTROLS = "\n\t\r"
_UNSEEN = frozenset("\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180e\u2800\u3164\uffa0\u034f")
_JOINS = re.compile(r"[ \t]+")


def plain_letters(text: str) -> str:
    """The text as a reader sees it: visible signs only, Latin letters for look-alikes, ASCII digits, no accents."""
    seen = unicodedata.normalize("NFKC", "".join(sign for sign in text if is_visible(sign)))
    latin = seen.translate(_LOOK_ALIKES).translate(_DASHES).translate(_QUOTES)
    bare = "".join(sign for sign in unicodedata.normalize("NFD", latin) if not unicodedata.combining(sign))
    return _JOINS.sub(" ", "".join(_ascii_digit(sign) for sign in bare))


def is_visible(sign: str) -> bool:
    """False for what no reader sees: zero-width and direction signs, tags, variation selectors, controls."""
    if sign in _KEPT_CONTROLS:
        return True
    hidden = unicodedata.category(sign) in {"Cf", "Cc", "Cs", "Co", "Cn"} or sign in _UNSEEN
    return not hidden and not 0xFE00 <= ord(sign) <= 0xFE0F


def hides_signs(text: str) -> bool:
    """Whether it holds signs that no honest message needs; the joiners of emoji and of Persian words are not those."""
    return any(not is_visible(sign) and sign not in "\u200c\u200d\ufe0f\ufe0e\xad" for sign in text)


def foreign_scripts(text: str) -> frozenset[str]:
    """Which alphabets other than Latin it is written in: `CYRILLIC`, `HANGUL`, `CJK`."""
    return frozenset(_script(sign) for sign in unicodedata.normalize("NFKC", text) if sign.isalpha()) - {"LATIN", ""}


def squeezed(text: str) -> str:
    """Letters and digits alone, in lower case: what stays when a word is spaced or dashed apart."""
    return "".join(sign for sign in plain_letters(text).lower() if sign.isalnum())


def _script(sign: str) -> str:
    name = unicodedata.name(sign, "").split(" ", 1)[0]
    return "" if name in {"MODIFIER", "FEMININE", "MASCULINE", "MICRO"} else name


def _ascii_digit(sign: str) -> str:
    if sign.isascii():
        return sign
    value = unicodedata.decimal(sign, None)
    return sign if value is None else str(value)
