"""What a question and an article speak of: one name for each thing, the stem of every other word (agent.md section 3).

"How much is a cleaning?" and "Cleanings cost $120" both speak of `price` and `cleaning`.
"""

import re
from functools import lru_cache

from app.domain import clinic_things as things
from app.domain.phrases import normalise
from app.llm.offline.scaffold import SCAFFOLD, SOFT

_TABLES = (
    things.TREATMENTS,
    things.GROUPS,
    things.MEANS,
    things.INSURERS,
    things.PLACES,
    things.TIMES,
    things.MATTERS,
)
WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY = r"(mon|tue|tues|wed|weds|thu|thur|thurs|fri|sat|sun)(?:[a-z]*day)?s?"
_RANGE = re.compile(rf"\b{_DAY}\s*(?:-|–|—|to|through|thru|until|till|and|&)\s*{_DAY}\b", re.IGNORECASE)
_LISTS_TWO = re.compile(r"and|&", re.IGNORECASE)
# A timetable's shortest form: "M-Th 7-4, F 7-noon".
_LETTERS = (
    (re.compile(r"\bM(?=\s?[-–/,]\s?(?:Tu?|W|Th|F|Sa)\b)"), "Mon"),
    (re.compile(r"(?<=[-–/])\s?Th\b|\bTh(?=\s?[-–:]?\s?\d)"), "Thu"),
    (re.compile(r"(?<=[-–/])\s?F\b|\bF(?=:?\s\d)"), "Fri"),
    (re.compile(r"(?<=[-–/])\s?W\b|\bW(?=:?\s\d)"), "Wed"),
)
_OFF = re.compile(r"(?:%|\bper ?cent) off\b")
_WORD = re.compile(r"[a-z0-9][a-z0-9.:]*")
_BRITISH = (
    ("anaesth", "anesth"),
    ("paediat", "pediat"),
    ("colour", "color"),
    ("centre", "center"),
    ("isation", "ization"),
    ("ise", "ize"),
    ("programme", "program"),
)
_SHORTEST_ALIKE = 5


def stem(word: str) -> str:
    """A light stem, the same for all forms of a word and for both spellings of English."""
    for british, american in _BRITISH:
        word = word.replace(british, american) if len(word) > len(british) + 2 or len(british) > 3 else word
    for ending in ("ings", "ing", "ies", "ed", "es", "s", "ly"):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            word = word[: -len(ending)] + ("y" if ending == "ies" else "")
            break
    word = word[:-1] if word.endswith("e") and len(word) > 3 else word
    return word[:-1] if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "aeiou" else word


def _named() -> dict[str, str]:
    """Each wording with the thing it names."""
    found: dict[str, str] = {}
    for table in _TABLES:
        for thing, wordings in table.items():
            for wording in wordings.split():
                found.setdefault(wording.replace("_", " "), thing)
    found |= {language: language for language in things.LANGUAGES.split()}
    return things.ABROAD_LANGUAGES | found


_NAMED = _named()
_ONLY_SO = frozenset({"checks"})
"""Wordings of which another form is another word: "to check"."""
_BY_STEM: dict[str, str] = {}
for _wording, _thing in _NAMED.items():
    if " " not in _wording and _wording not in _ONLY_SO:
        _BY_STEM.setdefault(stem(_wording), _thing)
_PHRASES = sorted((wording for wording in _NAMED if " " in wording), key=len, reverse=True)
_PHRASE = re.compile(rf"\b(?:{'|'.join(map(re.escape, _PHRASES))})\b")
_MATTERS = frozenset(things.MATTERS)
TREATMENTS = frozenset(things.TREATMENTS)
_OPEN = frozenset(
    "insurance network direct_billing invoice family offspring relative estimate new_patient interest".split()
)
THINGS = frozenset(_NAMED.values())
HARD = THINGS - _MATTERS - _OPEN
"""Names, groups, days, treatments: an answer must speak of the very same one."""


def terms_of(text: str) -> frozenset[str]:
    """The things a text speaks of; a range of weekdays speaks of each day in it."""
    return frozenset(term_list(text))


@lru_cache(maxsize=8_192)
def term_list(text: str) -> tuple[str, ...]:
    """The same in its order."""
    days = days_in(text)
    body = normalise(spelled_out(text))
    found: list[str] = []

    def take(match: re.Match[str]) -> str:
        found.append(_NAMED[match[0]])
        return " , "

    body, reductions = _OFF.subn(" ", body)
    rest = _PHRASE.sub(take, body)
    found += ["discount"] * bool(reductions)
    for word in _WORD.findall(rest):
        plain = word.strip(".:")
        if plain in _NAMED:
            found.append(_NAMED[plain])
        elif plain in SOFT:
            found.append(stem(plain))
        elif plain not in SCAFFOLD and (len(plain) > 1 or plain.isdigit()):
            found.append(_BY_STEM.get(stem(plain), stem(plain)))
    return tuple(dict.fromkeys([*found, *days]))


@lru_cache(maxsize=8_192)
def words_of(text: str) -> frozenset[str]:
    """The stems of a text's own words, without those that only carry a question."""
    return frozenset(stem(word) for word in _WORD.findall(normalise(text)) if word not in SCAFFOLD)


def spelled_out(text: str) -> str:
    """Days that a timetable gives by letters, as words."""
    for letters, day in _LETTERS:
        text = letters.sub(day, text)
    return text


def days_in(text: str) -> list[str]:
    """Each weekday of the ranges in a text: "Monday to Thursday"."""
    found: list[str] = []
    for match in _RANGE.finditer(spelled_out(text)):
        if _LISTS_TWO.search(match[0]):
            continue
        start, end = (_index(match[group]) for group in (1, 2))
        found += [WEEK[day % 7] for day in range(start, end + 1 if end >= start else end + 8)]
    if re.search(r"\b(?:every day|daily|seven days)\b", text, re.IGNORECASE):
        found += WEEK
    return found


def _index(name: str) -> int:
    return next(place for place, day in enumerate(WEEK) if day.startswith(name.lower()[:3]))


def is_alike(one: str, other: str) -> bool:
    """Whether two stems are forms of one word: "reclin" and "reclin(er)"."""
    shorter, longer = sorted((one, other), key=len)
    return len(shorter) >= _SHORTEST_ALIKE and longer.startswith(shorter) and len(longer) - len(shorter) <= 4
