"""Answers that stand in an article, word for word, or none: to know that it does not answer is hard (agent.md 3).

A part of an article answers when it, its headings and its paragraph speak of nearly all that the question speaks of, of
every name, number and condition in it, and when it holds the kind of thing asked for: an amount, a time, a length.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.domain import clinic_things, reply_gate, reply_links
from app.domain.orders import text_before_order
from app.domain.personal_questions import is_personal
from app.domain.phrases import normalise
from app.llm.base import KnowledgeAnswer, Passage
from app.llm.offline.article_parts import Part, parts_of
from app.llm.offline.questions import AGES, ALONE, BARE_AMOUNT, KINDS, MONEY, TOPICS, Question, questions_in
from app.llm.offline.terms import is_alike, words_of

MIN_CONFIDENCE = 0.6
"""Below this a person answers."""
MIN_COVERED = 0.62
"""Of what the question speaks of beside names and conditions, this share must stand around the answer."""
MAX_TEXT_CHARS = 420
MAX_ROWS = 8
MAX_QUESTION_CHARS = 1_000
MAX_ARTICLE_CHARS = 20_000
MOST_QUESTIONS = 4
ROW_TIE = 0.02
_BASE = 0.1

_OWN, _HEADED, _ABOVE, _NEAR, _IN_SECTION = 1.0, 0.95, 0.85, 0.7, 0.25
_FIGURES = frozenset({"price", "duration", "lasting", "often", "age", "far"})
_HARD_WEIGHT = 1.5
_BY_ANOTHER_NAME = 0.9
_TREATMENTS = frozenset(clinic_things.TREATMENTS)
_ENTAILED = {thing: frozenset(others.split()) for thing, others in clinic_things.ENTAILED.items()}
# What shows that a sentence speaks of what the clinic does, and does not only mention a thing.
_STATES = re.compile(
    r"\b(?:we|our|us)\b|\b(?:is|are|was) (?:\w+ )?(?:\w+ )?(?:offered|available|provided|possible|accepted|welcome"
    r"|included|seen"
    r"|spoken|served|done|placed|made|fitted|removed|treated|free|closed|open|permitted|allowed|paid|closed)\b"
    r"|\bthere(?:'s|’s| is| are)\b|\b(?:can|may|must|should) be\b|\byou (?:can|may|must|need|should|are|will|find)\b"
    r"|\b(?:offers?|provides?|accepts?|places?|treats?|speaks?|sees|takes?|does|goes?|helps?|works?|stops?)\b|\bno \w+"
    r"|\bnot (?:taken|accepted|possible)\b|\bonly\b|\bcosts?\b|\boptional\b"
    r"|\bwelcome\b"
    r"|[$€£]\s?\d|\bplease\b|\bkindly\b|\b(?:must|may|can|receives?|gets?|pays?)\b",
    re.IGNORECASE,
)
_ADVISES = re.compile(r"(?:avoid|keep (?:to|away)|wait with)\b", re.IGNORECASE)
_BRINGS = re.compile(r"\bbring\b", re.IGNORECASE)
_TELLS = re.compile(
    r"\b(?:fill|ask|call|ring|phone|sign|book|use|reply|tell|send|text|write|come|please|kindly|put|go to"
    r"|let us know)\b",
    re.IGNORECASE,
)
_TAKES = re.compile(r"\b(?:takes?|lasts?|plan on|allow|long|stay|need|within|for)\b", re.IGNORECASE)
_LIST_COMMAS = 3


@dataclass(frozen=True, slots=True)
class _Find:
    part: Part
    passage: Passage
    score: float
    covered: float


def answer_from(question: str, passages: Sequence[Passage]) -> KnowledgeAnswer | None:
    """The best supported answer, or None: also for everything that only a person may answer.

    Several questions are answered together, or not at all: each from the article that answers the first.
    """
    asked = _without_order(question[:MAX_QUESTION_CHARS])
    if is_personal(asked):
        return None
    questions = questions_in(asked)[:MOST_QUESTIONS]
    return _joined([_best(each, passages) for each in questions], questions) if questions else None


def _without_order(text: str) -> str:
    """What stands before an order to a machine; all of it where there is none."""
    before = text_before_order(text, normalise(text))
    return text if before is None else before


def _joined(finds: Sequence[_Find | None], questions: Sequence[Question]) -> KnowledgeAnswer | None:
    known = [(find, question) for find, question in zip(finds, questions, strict=True) if find]
    if len(known) < len(questions) or len({find.passage.article_id for find, _ in known}) > 1:
        return None
    texts = dict.fromkeys(_text(find, question) for find, question in known)
    first = known[0][0]
    confidence = min(_confidence(find) for find, _ in known)
    if confidence < MIN_CONFIDENCE:
        return None
    return KnowledgeAnswer(
        text="\n".join(texts), article_id=first.passage.article_id, confidence=confidence, quote=first.part.raw
    )


def _confidence(find: _Find) -> float:
    return round(min(0.95, 0.6 + 0.35 * (find.covered - MIN_COVERED) / (1 - MIN_COVERED)), 3)


def _best(question: Question, passages: Sequence[Passage]) -> _Find | None:
    finds = (
        _Find(part, passage, score, covered)
        for passage in passages
        for part in parts_of(passage.title, passage.body[:MAX_ARTICLE_CHARS])
        for score, covered in [_judge(question, part)]
        if score > 0
    )
    return max(finds, key=lambda find: (round(find.score, 3), find.passage.score), default=None)


def _judge(question: Question, part: Part) -> tuple[float, float]:
    """How well a part answers and how much of the question it covers; 0 when it does not answer."""
    if not _holds_kinds(question, part) or not _holds_names(question, part) or not _holds_numbers(question, part):
        return 0.0, 0.0
    covered = _covered(question, part)
    if covered < MIN_COVERED or not _is_about(question, part):
        return 0.0, 0.0
    everything = dict.fromkeys(question.hard, 2.0) | question.weights
    total = sum(everything.values()) or 1.0
    own = _own(part)
    fit = sum(weight * _presence(term, part) for term, weight in everything.items()) / total
    said = sum(weight * _stands_in(term, own) for term, weight in everything.items()) / total
    headed = sum(weight * _stands_in(term, part.heading | part.above) for term, weight in everything.items()) / total
    plainly = said * len(everything) / max(len(own), len(everything), 1)
    alike = len(question.words & words_of(part.text)) / max(len(question.words), 1)
    return _BASE + 0.1 * alike + fit + 0.25 * said + 0.1 * headed + 0.1 * plainly + 0.05 * part.is_asked + _amount(
        question, part
    ), covered


def _amount(question: Question, part: Part) -> float:
    """Whoever asks for a price is told an amount, rather than that something is free; for a length, what takes it."""
    if question.is_how and not question.kinds:
        return 0.15 * bool(_TELLS.search(part.text))
    if "bring" in question.kinds:
        return 0.15 * bool(_BRINGS.search(part.text))
    if "duration" in question.kinds:
        return 0.1 * bool(_TAKES.search(part.text))
    if "price" not in question.kinds:
        return 0.0
    return 0.1 * bool(MONEY.search(part.text)) + 0.1 * ("price" in part.own)


def _own(part: Part) -> frozenset[str]:
    """What a part itself speaks of: under a question, of what was asked as well."""
    return part.own | part.heading if part.is_asked else part.own


def _covered(question: Question, part: Part) -> float:
    everything = dict.fromkeys(question.hard, _HARD_WEIGHT) | question.weights
    total = sum(everything.values())
    if not total:
        return 1.0
    return sum(weight * _presence(term, part) for term, weight in everything.items()) / total


def _presence(term: str, part: Part) -> float:
    places = (
        (_own(part), _OWN),
        (part.heading, _HEADED),
        (part.above, _ABOVE),
        (part.block_terms, _NEAR),
        (part.section_terms, _NEAR if part.is_asked else _IN_SECTION),
    )
    return max(worth * _stands_in(term, terms) for terms, worth in places)


def _stands_in(term: str, terms: frozenset[str]) -> float:
    """1 when the term itself stands there, a little less for another word that says it, 0 when it does not."""
    if term in terms:
        return 1.0
    is_there = bool(_ENTAILED.get(term, frozenset()) & terms) or any(is_alike(term, other) for other in terms)
    return _BY_ANOTHER_NAME if is_there else 0.0


def _holds_kinds(question: Question, part: Part) -> bool:
    return all(KINDS[kind].search(part.text) or _is_read_as(kind, part) for kind in question.kinds)


def _is_read_as(kind: str, part: Part) -> bool:
    """A row of a price list may leave the currency to its heading; under a question, anybody may be the answer."""
    if kind == "price":
        is_listed = part.is_row and "price" in part.heading | part.above
        return is_listed and bool(BARE_AMOUNT.search(part.text))
    return kind == "who" and part.is_asked


def _holds_names(question: Question, part: Part) -> bool:
    is_figure = bool(question.kinds & _FIGURES)
    is_of_many = is_figure and len(part.above & _TREATMENTS) > 1
    near = part.own | part.heading | (frozenset() if is_of_many else part.above)
    for term in question.hard:
        if _stands_in(term, near):
            continue
        # A figure told of one thing is not told of another one beside it.
        if is_figure and (part.is_row or part.own & _TREATMENTS):
            return False
        if not _stands_in(term, part.opening if is_figure else part.block_terms):
            return False
    return True


def _holds_numbers(question: Question, part: Part) -> bool:
    for number in question.numbers:
        is_told = number in part.block_terms
        is_age = number in question.ages and bool(AGES.search(part.text))
        is_clock = "hours" in question.kinds
        is_late = "late" in question.weights and "late" in part.own
        if not (is_told or is_age or is_clock or is_late):
            return False
    return True


def _is_about(question: Question, part: Part) -> bool:
    """Not only in passing: the part states something, or the thing stands at its head."""
    heads = part.heading | part.above
    if not question.terms:
        return any(
            _stands_in(ALONE[kind], part.own | heads) or TOPICS[kind].search(f"{part.heading_text} {part.text}")
            for kind in question.kinds & ALONE.keys()
        )
    if not question.kinds and not any(_stands_in(term, part.own | part.heading) for term in question.terms):
        return False
    if "hours" in question.kinds and any(
        weight >= 1 and _presence(term, part) < _NEAR for term, weight in question.weights.items()
    ):
        return False  # the hours of something else
    if question.hard & _TREATMENTS and question.is_yes_no and not any(w >= 1 for w in question.weights.values()):
        is_list = part.is_row or part.text.count(",") >= _LIST_COMMAS
        return is_list or bool(_STATES.search(part.text)) or all(_stands_in(term, heads) for term in question.hard)
    return not (question.is_yes_no and _ADVISES.match(part.text))


def _text(find: _Find, question: Question) -> str:
    """The part with what belongs to it, or alone where the gate would not let its neighbours leave."""
    text = _widened(find, question)
    source = f"{find.passage.title}\n{find.passage.body}"
    is_kept_back = reply_gate.refusal(text, sources=source, allowed_links=reply_links.links_in(source))
    return find.part.text if is_kept_back else text


def _widened(find: _Find, question: Question) -> str:
    """The part with its paragraph when that is short, its equals in a list, the rest of the answer to a question."""
    parts = [
        p for p in parts_of(find.passage.title, find.passage.body[:MAX_ARTICLE_CHARS]) if p.block == find.part.block
    ]
    if find.part.is_row:
        rows = [p for p in parts if p.is_row and _judge(question, p)[0] >= find.score - ROW_TIE]
        return _within("\n", rows[:MAX_ROWS], find.part)
    if find.part.is_asked:
        section = [
            p
            for p in parts_of(find.passage.title, find.passage.body[:MAX_ARTICLE_CHARS])
            if p.section == find.part.section
        ]
        return _within(" ", section, find.part)
    return _within(" ", parts, find.part)


def _within(joint: str, parts: Sequence[Part], best: Part) -> str:
    """The best part and its neighbours, as many as fit."""
    at = next((place for place, part in enumerate(parts) if part is best), 0)
    first = last = at
    while _length(parts[first : last + 1]) < MAX_TEXT_CHARS:
        after = last + 1 < len(parts) and _length(parts[first : last + 2]) <= MAX_TEXT_CHARS
        before = first > 0 and _length(parts[first - 1 : last + 1]) <= MAX_TEXT_CHARS
        if before:
            first -= 1
        elif after:
            last += 1
        else:
            break
    return joint.join(part.text for part in parts[first : last + 1])


def _length(parts: Iterable[Part]) -> int:
    return sum(len(part.text) + 1 for part in parts)
