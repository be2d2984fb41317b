"""What a question and an article speak of: their words without filler, one name for each thing (agent.md section 3).

"How much is a cleaning?" and "Cleanings cost $120" both speak of `price` and `clean`.
"""

import re

from app.domain.phrases import compile_words, normalise

# Several words that mean one thing, read before single words are.
_TURNS = (
    ("price", compile_words(r"\b(?:how much|set (?:me|us|you) back)\b|[$€£]")),
    (
        "duration",
        compile_words(
            r"\bhow long\b|\b(?:minutes?|hours?) (?:long|visit|appointment)\b|\b\d+ (?:minutes?|hours?)\b|\ban hour\b"
        ),
    ),
    (
        "hours",
        compile_words(
            r"\b(?:(?:opening|office|business|working) hours|what time|what hours|your hours|open(?:s|ed|ing)?"
            r"|clos(?:e|es|ed|ing))\b"
        ),
    ),
    (
        "uninsured",
        compile_words(r"\b(?:without|no|not have|lack) (?:any |dental )?insurance\b|\b(?:uninsured|self pay)\b"),
    ),
    ("newpatient", compile_words(r"\bnew patients?\b|\bfirst (?:visit|appointment|time)\b")),
    (
        "payplan",
        compile_words(
            r"\b(?:payment plans?|installments?|instalments?|financing|finance|pay monthly|monthly payments?)\b"
        ),
    ),
    (
        "accessible",
        compile_words(r"\b(?:wheelchairs?|access|accessib\w+|step free|ramps?|disab\w+|elevators?|lifts?)\b"),
    ),
    ("sedation", compile_words(r"\b(?:sedat\w+|laughing gas|nitrous|put (?:\w+ )?(?:under|to sleep))\b")),
    (
        "place",
        compile_words(
            r"\b(?:where (?:are|is|do)|address|located|location|directions|how do i (?:find|get to) you|street)\b"
        ),
    ),
)
_SYNONYMS = {
    "price": "price cost fee charge rate pricing quote expensive dollar usd eur",
    "park": "park parking garage",
    "child": "child children kid toddler baby infant pediatric paediatric",
    "checkup": "checkup exam examination",
    "extract": "extract extraction pull",
    "insur": "insurance insurer insured insurances",
    "cancel": "cancel cancellation",
    "accept": "accept take honor honour",
    "free": "free complimentary gratis",
    "bring": "bring document documents paperwork",
    "weekend": "weekend weekends",
    "whiten": "whiten whitening bleach bleaching brightening",
    "align": "aligner aligners invisalign",
    "xray": "xray radiograph",
    "pay": "pay payment paying",
    "age": "age ages old young",
    "emergency": "emergency emergencies urgent",
    "cost": "",
}
_STOP_WORDS = frozenset(
    "a an the and or but so if of to in on at by for with from as is are am was were be been being do does did "
    "done have has had having i me my we us our you your yours it its this that these those there here they them "
    "their he she his her who whom which what when where why how can could will would shall should may might "
    "must not no yes ok please thanks thank hi hello hey just also too very much many any some more most all "
    "each every about than then now well really actually maybe get got getting go going come coming make made "
    "want wants need needs like know tell wonder wondering wanted ask question quick guys folks team doctor "
    "dentist dental clinic office practice place one ones thing things way kind sort type still even ever let "
    "see say said look looking sure good great possible able currently usually normally typically exactly s u r "
    "work works working offer offered provide provides do use used give given hold book booking appointment "
    "appointments visit visits patient patients people person before after during long anything something anyone "
    "someone because since while up out off over under into through it is there are treatment treatments service "
    "services accept accepts take takes charge happen mean bit lot little other another else only same such per "
    "yet already again come in both either neither interested sell sells car anywhere somewhere mom dad wife "
    "husband son daughter uses last policy policies rule rules start starts must list lists information info "
    "details find out".split()
)
# Conditions and names: the answer must speak of them, however well the rest fits.
HARD_TERMS = frozenset(
    "monday tuesday wednesday thursday friday saturday sunday weekend holiday christmas easter evening morning "
    "night today tomorrow child newpatient uninsured payplan accessible sedation spanish french german chinese "
    "arabic russian portuguese medicaid medicare aetna cigna delta metlife humana guardian anthem kaiser ppo hmo "
    "hsa fsa implant crown veneer denture brac align whiten clean extract root wisdom fil bridg botox xray "
    "fluorid sealant emergency park insur cash card credit cheque wifi senior student veteran free refund cancel "
    "late pregnant diabet pet dog guarantee warranty discount".split()
)
_WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY_SHORT = {"mon": 0, "tue": 1, "tues": 1, "wed": 2, "thu": 3, "thur": 3, "thurs": 3, "fri": 4, "sat": 5, "sun": 6}
_DAY_RANGE = re.compile(
    r"\b(mon|tue|tues|wed|thu|thur|thurs|fri|sat|sun)(?:[a-z]*day)?s?\s*(?:-|–|—|to|through|thru|until"
    r"|,? ,)\s*(mon|tue|tues|wed|thu|thur|thurs|fri|sat|sun)(?:[a-z]*day)?\b"
)
_WORD = re.compile(r"[a-z0-9][a-z0-9.:]*")


def stem(word: str) -> str:
    """A light stem, the same for all forms of a word: "prices", "pricing" -> "pric"."""
    for ending in ("ing", "ies", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            word = word[: -len(ending)] + ("y" if ending == "ies" else "")
            break
    word = word[:-1] if word.endswith("e") and len(word) > 3 else word
    return word[:-1] if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "aeiou" else word


_CONCEPTS = {stem(word): concept for concept, words in _SYNONYMS.items() for word in words.split()}
_CONCEPT_NAMES = frozenset({*_CONCEPTS.values(), *(concept for concept, _ in _TURNS)})
_HARD = frozenset(stem(term) for term in HARD_TERMS) | HARD_TERMS


def terms_of(text: str) -> frozenset[str]:
    """The things a text speaks of; a range of weekdays speaks of each day in it."""
    body = normalise(text)
    found = {concept for concept, turn in _TURNS if turn.search(body)}
    for _, turn in _TURNS:
        body = turn.sub(" ", body)
    words = (word.strip(".:") for word in _WORD.findall(body))
    found |= {_concept(word) for word in words if word not in _STOP_WORDS and (len(word) > 1 or word.isdigit())}
    if "payplan" in found:
        found.discard("pay")
    return frozenset(found | _days(text.lower()))


def is_specific(term: str) -> bool:
    """Whether a term alone says what is asked: a name, a condition, a known thing; "day" or "own" does not."""
    return is_hard(term) or term in _CONCEPT_NAMES


def is_hard(term: str) -> bool:
    """Whether an answer must speak of this: a number, a day, a name, a condition."""
    return term in _HARD or any(char.isdigit() for char in term)


def _concept(word: str) -> str:
    if word in _DAY_SHORT:
        return _WEEK[_DAY_SHORT[word]]
    day = word.removesuffix("s")
    return day if day in _WEEK else _CONCEPTS.get(stem(word), stem(word))


def _days(text: str) -> set[str]:
    found: set[str] = set()
    for first, last in _DAY_RANGE.findall(text):
        start, end = _DAY_SHORT[first], _DAY_SHORT[last]
        found |= {_WEEK[day % 7] for day in range(start, end + 1 if end >= start else end + 8)}
    if re.search(r"weekend|\b(?:saturday|sunday)\b", text):
        found |= {"weekend"}
    if "every day" in text or "daily" in text or "seven days" in text:
        found |= {*_WEEK, "weekend"}
    return found
