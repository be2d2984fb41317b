"""What a message asks: each question of it, the kind of thing it wants, and what the answer must speak of."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.domain import clinic_things
from app.domain.phrases import compile_words, normalise
from app.llm.offline.scaffold import SOFT
from app.llm.offline.terms import HARD, THINGS, TREATMENTS, stem, term_list, terms_of, words_of

_MONEY = r"[$€£]\s?\d|\d\s?(?:[$€£]|dollars|usd|eur\b|%|per cent|percent)"
_SPELLED = (
    "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen"
    "|eighteen"
    "|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|half|few|several"
)
_NUMBER = rf"(?:\d+|{_SPELLED})"
BARE_AMOUNT = re.compile(r"(?:^|[:\s])\d+(?:[.,]\d+)*(?:$|[\s,;])")
AGES = re.compile(
    rf"\b(?:under|over|from|until|to|before|below|above|age|aged|ages|than)\b[^.;]{{0,16}}?\b{_NUMBER}\b|\d+s\b"
    rf"|\bany age\b",
    re.IGNORECASE,
)
MONEY = re.compile(_MONEY, re.IGNORECASE)
# What the answer must hold when the question asks for such a thing.
KINDS: dict[str, re.Pattern[str]] = {
    "price": re.compile(
        rf"{_MONEY}|\b(?:ten|five|fifteen|twenty) per ?cent|\bfree\b|\bcomplimentary\b|\bbulk billed\b"
        rf"|\bno (?:extra |additional )?(?:charge|fee)"
        r"|\bincluded\b|\bwithout charge|\bno cost|\bcosts? nothing",
        re.IGNORECASE,
    ),
    "duration": re.compile(
        r"\d+\s?(?:-|–|to|and|or)?\s?\d*\s?(?:min|hr|hour|(?:\w+ )?day|week|month|year|visit)"
        rf"|\b(?:an?|{_SPELLED}|quarter of)[ -](?:an? |full |whole )?(?:business |working |calendar )?(?:hours?"
        rf"|minutes?|days?"
        rf"|weeks?|months?"
        r"|years?)\b|\bovernight|\buntil the next|\bnext (?:morning|day)",
        re.IGNORECASE,
    ),
    "hours": re.compile(
        r"\d\s?(?:[:.]\d\d)?\s?(?:am|pm|a\.m|p\.m|h\b|uhr)|\d\d?[:.]\d\d|\b\d{1,2}\s?(?:-|–|to)\s?(?:\d{1,2}|noon)\b"
        r"|\bclosed?\b|\bclos(?:es|ing)\b|\bopens?\b|\bnoon\b|\b(?:half past|quarter (?:to|past))\b|\bshut\b"
        r"|\bat weekends\b|\bnot work\b",
        re.IGNORECASE,
    ),
    "when": re.compile(
        r"\b(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\b|\d\s?(?:am|pm|a\.m|p\.m)|\d\d?[:.]\d\d|\b\d{1,2} (?:minutes"
        r"|hours|days)"
        r"|\b(?:before|after|every|within|first|until|from|by) |\b(?:january|february|march|april|may|june|july|august"
        r"|september|october|november|december)\b|\b(?:day|week|month|year|birthday)s?\b",
        re.IGNORECASE,
    ),
    "phone": re.compile(r"(?<![\d.:])\+?\(?\d{2,}[ )/-]+\d[\d ()/-]{3,}\d\b(?![.:]\d)|\d{7,}|\b(?:911|112|111|999)\b"),
    "email": re.compile(r"\S@\S|\be-?mail\b", re.IGNORECASE),
    "address": re.compile(
        r"\d+\w? (?:[A-Z][\w.]* ?)+|[A-Z]\w+(?:platz|stra(?:ss|ß)e|weg|gasse|allee) \d|\b(?:street|road|avenue"
        r"|drive|square)\b",
    ),
    "count": re.compile(
        r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|once|twice|single|several)\b",
        re.IGNORECASE,
    ),
    "often": re.compile(r"\bevery\b|\bonce\b|\btwice\b|\btimes\b|\bannual|\bdaily\b|\b\d (?:x|×)", re.IGNORECASE),
    "age_of": re.compile(r"\b\d+ years? old\b|\baged? \d", re.IGNORECASE),
    "lasting": re.compile(r"\blasts?\b|\bkeeps?\b|\bholds?\b|\byears?\b|\bup to\b", re.IGNORECASE),
    "bring": re.compile(
        r"\b(?:cards?|id|identification|passport|lists?|forms?|papers?|documents?|x-?rays?|records?)\b", re.IGNORECASE
    ),
    "brand": re.compile(r"(?<=[a-z,(] )[A-Z]\w+|\([A-Z]\w+"),
    "age": re.compile(rf"{_NUMBER}|\bage\b|\bbirthday\b|\byears?\b|\btooth\b|\bany age\b|\badults?\b", re.IGNORECASE),
    "far": re.compile(
        r"\d ?(?:m|km|metres|meters|miles)\b|\bminutes?\b|\bwalk\b|\boutside\b|\bmiles?\b", re.IGNORECASE
    ),
    "who": re.compile(
        r"\bDr\.? ?[A-Z]|\bM(?:r|rs|s)\.? [A-Z]|(?<=[a-z,;] )[A-Z][a-z]+|\b[A-Z]{2,}\b|\b(?:dentist|hygienist|we"
        r"|parent|adult|someone)\b"
    ),
}
_NUMBERS = r"(?:phone |telephone |contact |mobile |fax )?numbers?\b"
_ASKS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (kind, compile_words(wording))
    for kind, wording in (
        ("often", r"\bhow (?:often|frequently)\b|\bhow many times\b"),
        (
            "age",
            r"\b(?:what|which|from what|at what) age\b|\bhow (?:old|young)\b<far>\b(?:must|should|need|have|can|to)\b",
        ),
        ("age_of", r"\bhow old (?:is|are)\b(?!<far>\b(?:must|should|need|have|can|to)\b)"),
        (
            "lasting",
            r"\bhow long\b(?!<far>\b(?:treatment|appointment|visit|session|consultation|procedure)\b)<far>\b(?:last"
            r"|lasts"
            r"|keep|hold|stay)\b",
        ),
        (
            "bring",
            r"\bwhat<gap>\b(?:bring|take along|papers|documents|paperwork|with me)\b|\bwhich (?:papers|documents)\b",
        ),
        ("brand", r"\b(?:which|what) (?:brand|make|system|product)\b"),
        ("far", r"\bhow far\b|\bhow (?:close|near)\b"),
        (
            "duration",
            r"\bhow (?:long|quickly|soon|fast)\b|\bhow many (?:hours|minutes|days|weeks|months|years)\b"
            r"|\bhow much (?:notice|time|warning)\b|\bhow much in advance\b|\bhow far in advance\b",
        ),
        ("count", r"\bhow many\b"),
        (
            "phone",
            rf"\b(?:what|which|whats|your|the|a|have) (?:is |are )?(?:your |the |a )?{_NUMBERS}|\bnumber (?:do|can"
            rf"|should)"
            r" i (?:ring|call|dial|text)\b|\bcall you on\b|\bhow (?:do|can) i (?:reach|call|contact|ring|phone) you\b",
        ),
        ("email", r"\b(?:what|which|your) (?:is |the )?(?:your )?e ?mail\b|\bemail address\b"),
        (
            "hours",
            r"\b(?:what|whats|when|which|until when) (?:time |hours |is |are |do |does |your |the |you |practice "
            r"|clinic"
            r" |office )*(?:open|opens|opening|close|closes|closing|shut|hours|times)\b|\b(?:opening|office"
            r"|business|your"
            r"|consultation|working|surgery) (?:hours|times)\b|\bhow (?:late|early) (?:are|do|can)\b"
            r"|\b(?:are|is|do|will|r)<near>\b(?:open|opened|close|closed|shut)\b|\bopen (?:on|at|until|till|late"
            r"|early|in)\b"
            r"|\bstill (?:there|open)\b|\bwhat time do you (?:start|finish)\b|\bdo you do (?:evenings|weekends"
            r"|saturdays)\b"
            r"|\bcan i come on an? (?:weekend|saturday|sunday)\b|\bhours\?? ?$",
        ),
        (
            "address",
            r"\b(?:your|the|exact|street) address\b|\bwhere<near>\b(?:are you|you located|is the (?:clinic|practice"
            r"|office"
            r"|surgery))\b(?! from)|\bwhere (?:are|r) you\b|\bwhats the address\b|\blocated\b",
        ),
        (
            "price",
            r"\b(?:how much|set (?:me|us) back|run (?:me|us))\b|\b(?:what|whats|the|your|any|is|are)<gap>\b(?:price"
            r"|prices"
            r"|cost|costs|fee|fees|rate|rates|tarif)\b|\b(?:price|cost|fee) (?:of|for)\b|^ (?:price|cost|fee)\b"
            r"|\bwhat (?:do|does|would|will|did)<gap>\b(?:cost|charge|costs)\b|\bexpensive\b|\bhow expensive\b"
            r"|\b(?:charge|charges|charged) (?:for|if|per)\b|\bcharge me for\b|\bwill i be charged\b|\bcost me\b"
            r"|\bcosts?\b ?\?"
            r"|\bwhat<gap>\badd\b|\bdo i (?:have to )?pay for\b|\bis (?:it|the|there)<gap>\b(?:free|a fee|a charge"
            r"|charge)\b|\bfor free\b"
            r"|\bcuanto cuesta\b|\bcombien coute\b",
        ),
        ("who", r"\b(?:who|whom)\b"),
        ("when", r"\b(?:when|what days?|which days?|on which days?|what time|which time)\b"),
    )
)
_MEANT_BY_KIND: dict[str, frozenset[str]] = {
    "price": frozenset({"price", "payment", "free", "invoice"}),
    "bring": frozenset({"form"}),
    "duration": frozenset({"duration"}),
    "lasting": frozenset({"duration"}),
    "age_of": frozenset({"age"}),
    "brand": frozenset({"brand"}),
    "hours": frozenset({"hours", "late", "early"}),
    "phone": frozenset({"contact", "number"}),
    "email": frozenset({"email", "address"}),
    "address": frozenset({"address"}),
    "often": frozenset({"often"}),
    "age": frozenset({"age"}),
    "far": frozenset({"far"}),
    "count": frozenset({"visit_count"}),
    "who": frozenset({"dentist"}),
    "when": frozenset[str](),
}
ALONE = {"hours": "hours", "phone": "contact", "address": "address", "email": "email"}
"""Kinds that say by themselves what is asked, and the thing that the article must be about."""
TOPICS = {
    "hours": re.compile(r"\b(?:hours|open|opening|closed|(?:welcome|see) patients|patients are seen)\b", re.IGNORECASE),
    "phone": re.compile(r"\b(?:call|phone|telephone|ring|text|dial|tel|number|contact)\b", re.IGNORECASE),
    "address": re.compile(
        r"\b(?:where|address|located|situated|we(?:'re|’re| are) at|find us|clinic is at)\b", re.IGNORECASE
    ),
    "email": re.compile(r"\be-?mail\b|\S@\S", re.IGNORECASE),
}
_SPLIT = re.compile(
    r"\?\s*|(?<![DM][rs]\.)(?<!Mrs\.)(?<=[.!;])\s+|\n+|,?\s+(?:and|also|plus)\s+(?=(?:how|what|where|when|who|which"
    r"|do|does|is|are|can|could)\b(?! (?:on|for)\b))"
    r"|[,:]\s+(?=(?:how|what|where|when|who|which|do|does|is|are|can|could|may|will|would|should)\s)"
    r"|\s+[-–]\s+(?=how|do|can|is)",
    re.IGNORECASE,
)
_STARTS = re.compile(
    r"^\W*(?:(?:hi|hello|hey|also|and|so|but|please|ok|sorry)\W+)*(?:how|what|whats|where|wheres|when|whom?|which"
    r"|why|do|does|did|is|are"
    r"|can|could|may|might|will|would|should|have|has|u|price|cost|any|cuanto|combien|tienen|avez|donde|quel\w*)\b",
    re.IGNORECASE,
)
_YES_NO = re.compile(r"^\W*(?:do|does|is|are|can|could|may|will|would|have|has|should|u|any)\b", re.IGNORECASE)
_NOT_THE_TIMETABLE = re.compile(r"\b(?:after|out of|outside(?: of)?(?: your)?) hours\b")
_HOW_TO = re.compile(
    r"^\W*(?:so |and )?(?:how (?:do|can|should|would) (?:i|we)|what (?:do|should|must) (?:i|we))\b", re.IGNORECASE
)
_NAME = re.compile(r"(?<=[a-z,'’.] )(?:[A-Z][a-zA-Z]{2,}|[A-Z]{2,})\b")
_AGE_NUMBER = re.compile(r"\b(\d{1,2}) ?(?:-| )?(?:years?|yrs?|yo)\b|\b(?:of|aged?) (\d{1,2})\b|\bunder (\d{1,2})\b")
SOFT_WEIGHT, TOLD_WEIGHT, HALF_WEIGHT, MATTER_WEIGHT = 0.3, 0.4, 0.6, 1.2


@dataclass(frozen=True, slots=True)
class Question:
    """One question of a message."""

    kinds: frozenset[str]
    hard: frozenset[str]
    """Each of these must stand in the answer."""
    weights: dict[str, float]
    """Everything else that is asked about, and how much it says."""
    numbers: frozenset[str]
    ages: frozenset[str]
    is_yes_no: bool
    words: frozenset[str]
    """The stems of its own words, whatever they mean."""
    is_how: bool
    """Whether it asks what to do."""

    @property
    def terms(self) -> frozenset[str]:
        return self.hard | self.weights.keys()


def questions_in(text: str) -> list[Question]:
    """Every question of a message that says what it asks about; what is told beside them counts a little."""
    pieces = [piece.strip() for piece in _SPLIT.split(text) if piece.strip()]
    asking = [piece for piece in pieces if _STARTS.match(piece)] or pieces
    told = " | ".join(piece for piece in pieces if piece not in asking)
    found: list[Question] = []
    for piece in asking:
        question = _read(piece, told)
        if not question.terms and not question.kinds & ALONE.keys():
            if not question.kinds or not found:
                continue
            question = replace(question, hard=found[-1].hard, weights=found[-1].weights)  # "and how much is it?"
        found.append(question)
    return found


def _kinds(body: str) -> frozenset[str]:
    found = {kind for kind, wording in _ASKS if wording.search(body)}
    if _NOT_THE_TIMETABLE.search(body):
        found.discard("hours")
    if found & {"hours", "duration", "often", "age", "far", "phone"}:
        found.discard("when")
    if "duration" in found or "often" in found:
        found -= {"price", "count"} if "duration" in found and "how much" in body and "notice" in body else {"count"}
    if "phone" in found:
        found.discard("count")
    return frozenset(found)


def _read(piece: str, told: str) -> Question:
    body = normalise(piece)
    kinds = _kinds(body)
    meant = frozenset[str]().union(*(_MEANT_BY_KIND[kind] for kind in kinds))
    if "duration" in kinds and "price" not in kinds:
        meant |= {"price"}
    said = [term for term in term_list(piece) if term not in meant and not _ORDINAL.fullmatch(term)]
    names = {term for name in _NAME.findall(piece) for term in terms_of(name)} - SOFT
    loosened = _loosened(kinds, said)
    hard = {term for term in said if term in HARD or (term in names and term not in THINGS)} - loosened
    numbers = {term for term in said if term.replace(":", "").replace(".", "").isdigit()}
    weights = {
        term: SOFT_WEIGHT if term in loosened else _weight(term)
        for term in said
        if term not in hard and term not in numbers
    }
    is_empty = not hard and not any(weight > SOFT_WEIGHT for weight in weights.values())
    for term in term_list(told) if told else ():
        if term in hard or term in weights or term[0].isdigit() or term in meant:
            continue
        if is_empty and not (kinds & ALONE.keys()):
            hard |= {term} & HARD
            weights |= {} if term in HARD else {term: _weight(term) if term in THINGS else SOFT_WEIGHT}
        else:
            weights[term] = min(_weight(term), TOLD_WEIGHT)
    if kinds & ALONE.keys() and not hard and all(weight <= SOFT_WEIGHT for weight in weights.values()):
        weights = {}
    if _AGE_NUMBER.search(body):
        weights.pop("age", None)
    ages = {next(filter(None, groups)) for groups in _AGE_NUMBER.findall(body)}
    return Question(
        kinds=kinds,
        hard=frozenset(hard),
        weights=weights,
        numbers=frozenset(numbers),
        ages=frozenset(ages),
        is_yes_no=bool(_YES_NO.match(piece)) and not kinds,
        words=words_of(piece),
        is_how=bool(_HOW_TO.match(piece)),
    )


def _loosened(kinds: frozenset[str], said: Sequence[str]) -> frozenset[str]:
    """Names that need not stand in the answer: the wisdom tooth says what is removed, the timetable when evening is."""
    if "hours" in kinds:
        days = any(term in TIMES and term not in _DAY_PARTS for term in said)
        return TREATMENTS | (_DAY_PARTS if days else frozenset())
    return frozenset({"extraction"}) if {"wisdom", "stitches"} & set(said) else frozenset()


def _weight(term: str) -> float:
    if term in SOFT or term in _SOFT_STEMS or term in _DAY_PARTS or term in _BACKGROUND:
        return SOFT_WEIGHT
    if term in _HALF:
        return HALF_WEIGHT
    return MATTER_WEIGHT if term in THINGS else 1.0


TIMES = frozenset(clinic_things.TIMES)
_DAY_PARTS = frozenset({"evening", "lunch"})
_BACKGROUND = frozenset({"offspring", "relative", "new_patient"})
_ORDINAL = re.compile(r"\d+(?:st|nd|rd|th)")
_HALF = frozenset({"bring", "send", "online"})
_SOFT_STEMS = frozenset(stem(word) for word in SOFT)
