"""Which parts of the clinic's articles a question is about: long articles by section, the best ones first. Pure."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from app.domain.clinic_words import also_answered_by, terms_of

LONGEST_WHOLE_CHARS = 2_500
"""A longer article is searched and shown section by section."""
LONGEST_SECTION_CHARS = 4_000
LONGEST_OPENING_CHARS = 400
MOST_OF_ONE_ARTICLE = 2
RANK_OFFSET = 60
"""Of reciprocal rank fusion: how little a place at the very top counts for alone (Cormack et al., 2009)."""
_HEADING = re.compile(r"^\s{0,3}#{1,6}\s+\S", re.MULTILINE)
_HEADING_LINE = re.compile(r"^\s{0,3}#{1,6}\s+(.*?)\s*#*\s*$", re.MULTILINE)
_IN_HEADLINE = 1.0
_IN_BODY_ONCE = 0.6
_IN_OTHER_WORDS = 0.3
_IN_BODY_OFTEN = 0.8


@dataclass(frozen=True, slots=True)
class ArticleText:
    """A published article as the search reads it."""

    article_id: str
    title: str
    body: str
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """A whole short article, or a section of a long one behind the article's opening."""

    article_id: str
    title: str
    body: str
    tags: tuple[str, ...]

    @property
    def text(self) -> str:
        return f"{self.title}\n{self.body}"


@lru_cache(maxsize=1_024)
def sections_of(article: ArticleText) -> tuple[Section, ...]:
    """The parts of an article in their order; articles change seldom and are asked often."""
    bodies = [article.body] if len(article.body) <= LONGEST_WHOLE_CHARS else list(_split(article.body))
    return tuple(Section(article.article_id, article.title, body, article.tags) for body in bodies)


def _split(body: str) -> Iterable[str]:
    starts = [match.start() for match in _HEADING.finditer(body)]
    if not starts:
        yield from _pieces(body)
        return
    opening = body[: starts[0]].strip()
    frame = f"{opening}\n\n" if opening and len(opening) <= LONGEST_OPENING_CHARS else ""
    if opening and not frame:
        yield from _pieces(opening)
    for start, end in zip(starts, [*starts[1:], len(body)], strict=True):
        section = body[start:end].strip()
        if "\n" in section:  # a heading with nothing under it says nothing
            yield from (frame + piece for piece in _pieces(section))


def _pieces(text: str) -> Iterable[str]:
    """A text that is still too long, by paragraphs."""
    piece = ""
    for paragraph in text.split("\n\n"):
        if piece and len(piece) + len(paragraph) > LONGEST_SECTION_CHARS:
            yield piece
            piece = ""
        piece = f"{piece}\n\n{paragraph}" if piece else paragraph
    if piece.strip():
        yield piece


def ranked(question: str, sections: Sequence[Section]) -> list[tuple[Section, float]]:
    """Sections that share words with the question, best first, each with a score of 0 to 1.

    The score is the share of what the question speaks of, rare things first, that the section speaks of; a title, a
    heading or a tag says it more plainly than a sentence.
    """
    asked = list(dict.fromkeys(terms_of(question)))
    read = [_read(section) for section in sections]
    weights = {term: _weight(term, [said for said, _ in read]) for term in asked}
    total = sum(weights.values())
    scored = [
        (section, sum(weights[term] * _presence(term, said, headline) for term in asked) / total if total else 0.0)
        for section, (said, headline) in zip(sections, read, strict=True)
    ]
    return sorted([pair for pair in scored if pair[1] > 0], key=lambda pair: -pair[1])


@lru_cache(maxsize=4_096)
def _read(section: Section) -> tuple[Counter[str], frozenset[str]]:
    """The terms of all of it with their counts, and those of its title, tags and headings."""
    headline = " ".join([section.title, *section.tags, *_HEADING_LINE.findall(section.body)])
    headline_terms = terms_of(headline)
    return Counter(terms_of(section.body)) + Counter(headline_terms), frozenset(headline_terms)


def _weight(term: str, said: Sequence[Counter[str]]) -> float:
    holding = sum(term in each for each in said)
    return math.log(1 + len(said) / max(holding, 1)) + 0.1


def _presence(term: str, said: Counter[str], headline: frozenset[str]) -> float:
    if term in headline:
        return _IN_HEADLINE
    if term not in said:
        return _IN_OTHER_WORDS if any(other in said for other in also_answered_by(term)) else 0.0
    return _IN_BODY_OFTEN if said[term] > 1 else _IN_BODY_ONCE


def blended(*rankings: Sequence[Section]) -> list[Section]:
    """Several rankings as one, by reciprocal rank: what stands high in both comes first."""
    points: dict[Section, float] = {}
    for ranking in rankings:
        for place, section in enumerate(ranking):
            points[section] = points.get(section, 0.0) + 1 / (RANK_OFFSET + place)
    return sorted(points, key=lambda section: -points[section])


def spread(sections: Iterable[Section], *, limit: int) -> list[Section]:
    """The first ones, of which no article takes more than its share."""
    taken: Counter[str] = Counter()
    chosen: list[Section] = []
    for section in sections:
        if taken[section.article_id] < MOST_OF_ONE_ARTICLE and len(chosen) < limit:
            taken[section.article_id] += 1
            chosen.append(section)
    return chosen
