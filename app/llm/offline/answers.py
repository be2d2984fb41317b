"""Answers that stand in an article, word for word, or none: to know that it does not answer is hard (agent.md 3).

A sentence answers when it, its headings and its paragraph speak of nearly all that the question speaks of, of every
name, number and condition in it, and when it holds the kind of thing asked for: an amount, a time, a length.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from app.domain.phrases import compile_words, find_all, normalise
from app.llm.base import KnowledgeAnswer, Passage
from app.llm.offline.rules import RULES, Signal
from app.llm.offline.terms import is_hard, is_specific, terms_of

MIN_CONFIDENCE = 0.6
"""Below this a person answers."""
MIN_COVERED = 0.75
"""Of what the question speaks of, this share must stand around the answer."""
MAX_SENTENCES = 3
MAX_TEXT_CHARS = 600
MAX_QUESTION_CHARS = 1_000
MAX_ARTICLE_CHARS = 20_000

_NEVER_ANSWERED = (
    Signal.ACCOUNT,
    Signal.CLINICAL,
    Signal.OTHERS,
    Signal.TROUBLE,
    Signal.INJECTION,
    Signal.VENDOR,
    Signal.HUMAN,
)
# What the sentence must hold when the question asks for such a thing.
_KINDS = {
    "price": re.compile(
        r"[$€£]\s?\d|\d\s?(?:dollars|usd|eur|€|£|%)|\bfree\b|no (?:extra )?(?:charge|fee)|included", re.IGNORECASE
    ),
    "duration": re.compile(
        r"\d+\s?(?:-|–|to)?\s?\d*\s?(?:min|hour|day|week|month|visit)|\b(?:an|one|two|half an) hour", re.IGNORECASE
    ),
    "hours": re.compile(
        r"\d\s?(?::\d\d)?\s?(?:am|pm|a\.m|p\.m|h\b|-|–|to)|\d\d:\d\d|\bclosed\b|\bopen\b|noon", re.IGNORECASE
    ),
}
# "How much is it?" does not say what.
_NEEDS_OBJECT = frozenset({"price", "duration"})
_POINTS_ELSEWHERE = re.compile(r"\b(?:it|that|this|one|they|those|these)\b")
_CONDITIONS = frozenset({"uninsured", "newpatient", "emergency", "pregnant"})
# What an article's opening may say for all that follows: "Prices without insurance".
_FRAMING = frozenset({"uninsured", "newpatient"})
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9ÀÉ¡¿\"“*\[])")
_HEADING = re.compile(r"^\s{0,3}#{1,6}\s+(.*?)\s*#*\s*$")
_BULLET = re.compile(r"^\s*(?:[-*+]|\d{1,2}[.)])\s+")
_TABLE_RULE = re.compile(r"^\s*\|?[\s:|-]+\|?\s*$")
_LINK = re.compile(r"\[([^\[\]]{1,200})\]\([^()\s]{1,300}\)")
_MARKS = re.compile(r"\*\*|__|`|(?<!\w)[*_]|[*_](?!\w)")
_FORBIDDEN_TOPIC = compile_words(r"\b(?:my|mine) (?:account|chart|claim|results?|balance|bill)\b")


@dataclass(frozen=True, slots=True)
class _Sentence:
    raw: str
    """Verbatim from the body."""
    section: int
    paragraph: int
    own: frozenset[str]
    headings: frozenset[str]
    """Of the title and the heading above."""
    around: frozenset[str]
    """Of the sentence, its paragraph and its headings."""
    opening: frozenset[str]
    """Of the article's first paragraph."""


def answer_from(question: str, passages: Sequence[Passage]) -> KnowledgeAnswer | None:
    """The best supported answer, or None: also for everything that only a person may answer."""
    body = normalise(question[:MAX_QUESTION_CHARS])
    asked = _asked_terms(body)
    if not asked or _is_for_a_person(body) or (asked <= _NEEDS_OBJECT and _POINTS_ELSEWHERE.search(body)):
        return None
    answers = [(answer, p) for p in passages if (answer := _from_passage(asked, p)) is not None]
    best = max(answers, key=lambda pair: (pair[0].confidence, len(asked & terms_of(pair[1].title))), default=None)
    return best[0] if best is not None else None


def _asked_terms(body: str) -> frozenset[str]:
    """What the asking sentences speak of; a condition told beside them ("I have no insurance") belongs to it."""
    sentences = [sentence for sentence in body.split("|") if sentence.strip()]
    asking = [sentence for sentence in sentences if "?" in sentence] or sentences
    told = [sentence for sentence in sentences if sentence not in asking]
    conditions = {term for sentence in told for term in terms_of(sentence) if term in _CONDITIONS}
    return terms_of(" | ".join(asking)) | conditions


def _is_for_a_person(body: str) -> bool:
    if _FORBIDDEN_TOPIC.search(body):
        return True
    rules = (rule for signal in _NEVER_ANSWERED for rule in RULES[signal])
    return any(next(find_all(rule, body), None) is not None for rule in rules)


def _from_passage(asked: frozenset[str], passage: Passage) -> KnowledgeAnswer | None:
    fitting = [s for s in _sentences(passage.title, passage.body[:MAX_ARTICLE_CHARS]) if _answers(asked, s)]
    if not fitting:
        return None
    best = max(fitting, key=lambda sentence: _fit(asked, sentence))
    covered = len(asked & (best.around | (best.opening & _FRAMING))) / len(asked)
    confidence = round(covered * (0.7 + 0.3 * min(max(passage.score, 0.0), 1.0)), 3)
    if confidence < MIN_CONFIDENCE:
        return None
    text = _text([s for s in fitting if s.section == best.section and _fit(asked, s) == _fit(asked, best)], best)
    return KnowledgeAnswer(text=text, article_id=passage.article_id, confidence=confidence, quote=best.raw)


def _answers(asked: frozenset[str], sentence: _Sentence) -> bool:
    covered = asked & (sentence.around | (sentence.opening & _FRAMING))
    if len(covered) < MIN_COVERED * len(asked):
        return False
    near = sentence.own | sentence.headings | (sentence.opening & _FRAMING)
    if any(is_hard(term) and term not in near for term in asked):
        return False
    kinds = [pattern for kind, pattern in _KINDS.items() if kind in asked]
    is_named = any(is_specific(term) for term in asked) or asked <= sentence.headings or len(asked) > 1
    return is_named and all(pattern.search(sentence.raw) for pattern in kinds)


def _fit(asked: frozenset[str], sentence: _Sentence) -> float:
    """How closely a sentence answers: what its headings do not say yet, a name or condition twice."""
    own = asked & sentence.own
    beyond = sum(2.0 if is_hard(term) else 1.0 for term in own - sentence.headings)
    headed = sum(1.5 if is_hard(term) else 0.5 for term in own & sentence.headings)
    return beyond + (0.0 if asked & _KINDS.keys() else headed)


def _text(alike: list[_Sentence], best: _Sentence) -> str:
    """The answer itself: the best sentence, with equals of its section (the lines of a timetable) in their order."""
    place = alike.index(best)
    chosen = alike[place : place + MAX_SENTENCES]
    lines = [_plain(sentence.raw) for sentence in chosen]
    while len(lines) > 1 and len("\n".join(lines)) > MAX_TEXT_CHARS:
        lines.pop()
    joint = " " if chosen[0].paragraph == chosen[-1].paragraph else "\n"
    return joint.join(lines)[:MAX_TEXT_CHARS]


def _plain(raw: str) -> str:
    """Markdown to the text a patient reads: no marks, a link's label alone, the cells of a row in one line."""
    text = _MARKS.sub("", _LINK.sub(r"\1", raw))
    if text.startswith("|"):
        text = ": ".join(cell.strip() for cell in text.strip("| ").split("|") if cell.strip())
    return text.strip()


@lru_cache(maxsize=256)
def _sentences(title: str, body: str) -> tuple[_Sentence, ...]:
    """The sentences of an article; articles change seldom and are asked often."""
    lines = body.splitlines()
    prose = (line for line in lines if line.strip() and not _HEADING.match(line) and not line.lstrip().startswith("|"))
    return tuple(_read_lines(lines, terms_of(title), terms_of(next(prose, ""))))


def _read_lines(lines: Sequence[str], title: frozenset[str], opening: frozenset[str]) -> Iterator[_Sentence]:
    headings, section = title, 0
    for number, line in enumerate(lines):
        if heading := _HEADING.match(line):
            headings, section = title | terms_of(heading[1]), section + 1
            continue
        text = _BULLET.sub("", line).strip()
        if not text or _TABLE_RULE.match(line):
            continue
        around = headings | terms_of(_plain(text))
        for raw in (text,) if text.startswith("|") else _SENTENCE.split(text):
            yield _Sentence(raw.strip(), section, number, terms_of(_plain(raw)), headings, around, opening)
