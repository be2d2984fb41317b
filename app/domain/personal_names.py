"""Names as people write them: whether two of them can be one person, and in which order to read them."""

import re
import unicodedata

WORD = re.compile(r"[^\W_]+")
TITLES = frozenset("mr mrs ms miss mx dr prof".split())
SUFFIXES = frozenset("jr sr ii iii iv md dds dmd phd".split())


def _words(name: str) -> frozenset[str]:
    """The words that tell people apart: no accents, no titles, no initials (unless nothing else is left)."""
    plain = unicodedata.normalize("NFKD", name.replace("'", "").replace("’", "")).casefold()
    words = WORD.findall("".join(sign for sign in plain if not unicodedata.combining(sign)))
    telling = [word for word in words if len(word) > 1 and word not in TITLES and word not in SUFFIXES]
    return frozenset(telling or words)


def is_same_person(one: str, other: str) -> bool:
    """True for `Ann Lee`, `LEE, Ann` and `Ann Marie Lee`; False for `Ann Lee` and `Bob Lee`, or for a name alone."""
    mine, theirs = _words(one), _words(other)
    if not mine or mine == theirs:
        return bool(mine) or one.casefold() == other.casefold()
    return min(len(mine), len(theirs)) > 1 and (mine <= theirs or theirs <= mine)


def in_reading_order(name: str) -> str:
    """`Ann Lee` for `Lee, Ann`; what follows a comma stays behind when it is a suffix (`Ann Lee, Jr.`)."""
    last, comma, first = (part.strip() for part in name.partition(","))
    is_suffix = set(WORD.findall(first.casefold())) <= SUFFIXES
    return name if not comma or not last or "," in first or is_suffix else f"{first} {last}"
