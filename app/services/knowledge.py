"""Knowledge: what the clinic wrote down, searched by words and meaning, and answered from by the language port.

Only from it: an answer must quote a passage that was found, and hold nothing that does not stand there (domain.md
section 6, trust.md section 3).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.context import Context
from app.domain import clinic_words, passages, reply_gate, reply_links
from app.domain.passages import ArticleText, Section
from app.domain.personal_questions import is_personal
from app.domain.reply_grounding import is_of_another_thing
from app.domain.reply_letters import squeezed
from app.domain.text_language import DEFAULT, language_of
from app.llm.base import PLAIN_VOICE, KnowledgeAnswer, Passage, Voice
from app.models.enums import ChannelType
from app.models.knowledge import KnowledgeArticle
from app.services import knowledge_vectors

PASSAGES = 4
CANDIDATES = 20
"""Articles that the text index proposes; their sections are then ranked."""
MOST_ARTICLES = 500
"""That are compared by meaning."""
LONGEST_QUESTION = 1_000
CONFIDENCE_FLOOR = 0.5
"""Below this, the clinic says nothing from its articles: a person answers (domain.md section 6)."""
HALF_A_FIND = 0.1
"""The share of a question's words that scores a half."""
FOR_A_PERSON = "for_a_person"
"""Why a question about somebody's own account or body is put to no article."""
FEWEST_QUOTED = 12
"""Letters and digits: a shorter quote stands in any text and supports nothing."""
_MARKS = re.compile(r"\*\*|__|`+|^\s{0,3}#{1,6}\s+", re.MULTILINE)
_LINK = re.compile(r"\[([^\[\]\n]{1,200})\]\([^()\s]{1,300}\)")


@dataclass(frozen=True, slots=True)
class Trial:
    """A question, what would be answered, and everything that was considered for it."""

    answer: KnowledgeAnswer | None
    passages: list[Passage]
    versions: dict[str, int]
    """The version of each passage's article, by the article's id."""
    refused_by: str | None = None
    """The rule that kept the provider's answer back; None when it is given, or when the provider gave none."""


async def passages_for(question: str) -> list[Passage]:
    """The published passages that share the question's words, best first."""
    rows = await _found(question)
    return [_passage(section, score) for section, score in _by_words(question, _sections(rows))]


async def answer(
    ctx: Context, question: str, *, voice: Voice = PLAIN_VOICE, channel: ChannelType = ChannelType.EMAIL
) -> KnowledgeAnswer | None:
    """An answer that stands in an article, or None when none holds it firmly enough."""
    return (await try_out(ctx, question, voice=voice, channel=channel)).answer


async def try_out(
    ctx: Context, question: str, *, voice: Voice = PLAIN_VOICE, channel: ChannelType = ChannelType.EMAIL
) -> Trial:
    """What a patient would be answered, and from which articles; nothing is sent or stored.

    Raises LanguageModelError when no provider answers.
    """
    if is_personal(question):
        return Trial(None, [], {}, FOR_A_PERSON)
    rows = await _found(question) if ctx.embedder is None else await KnowledgeArticle.published(limit=MOST_ARTICLES)
    found = await _best(ctx, question, _sections(rows))
    given = await ctx.llm.answer(question, found, voice=voice) if found else None
    shown = replace(given, text=plain(given.text)) if given else None
    refused_by = why_not(shown, found, channel=channel) if shown else None
    versions = {str(row["_id"]): row["version"] for row in rows}
    named = {passage.article_id: versions[passage.article_id] for passage in found}
    return Trial(None if refused_by else shown, found, named, refused_by)


async def _found(question: str) -> list[dict[str, Any]]:
    """Read anew for each question: a changed or unpublished article counts from the next one on."""
    asked = question[:LONGEST_QUESTION]
    words = clinic_words.search_words(asked)
    languages = dict.fromkeys((language_of(asked), DEFAULT))
    return await KnowledgeArticle.search(words, languages=languages, limit=CANDIDATES) if words else []


def _sections(rows: Sequence[dict[str, Any]]) -> list[Section]:
    articles = (ArticleText(str(row["_id"]), row["title"], row["body"], tuple(row.get("tags", ()))) for row in rows)
    return [section for article in articles for section in passages.sections_of(article)]


async def _best(ctx: Context, question: str, sections: list[Section]) -> list[Passage]:
    """Words and meaning together, where there is a model for the meaning; else words alone."""
    asked = question[:LONGEST_QUESTION]
    by_words = passages.ranked(asked, sections)
    near = await knowledge_vectors.nearest(ctx, asked, sections)
    scores = dict(near) | dict(by_words)
    order = passages.blended([section for section, _ in by_words], [section for section, _ in near])
    return [_passage(section, scores[section]) for section in passages.spread(order, limit=PASSAGES)]


def _by_words(question: str, sections: list[Section]) -> list[tuple[Section, float]]:
    scored = passages.ranked(question[:LONGEST_QUESTION], sections)
    scores = dict(scored)
    return [(each, scores[each]) for each in passages.spread([each for each, _ in scored], limit=PASSAGES)]


def _passage(section: Section, score: float) -> Passage:
    """A third of what was asked is a good find already: the port's scores say how good a find is."""
    found = score / (score + HALF_A_FIND)
    return Passage(article_id=section.article_id, title=section.title, body=section.body, score=found)


def plain(text: str) -> str:
    """An answer without the marks of Markdown, which a model copies from an article; a link keeps its label."""
    return _MARKS.sub("", _LINK.sub(r"\1", text)).strip()


def why_not(found: KnowledgeAnswer, given: Sequence[Passage], *, channel: ChannelType) -> str | None:
    """The rule that keeps this answer back: not firm, not quoted from what was found, or refused by the gate."""
    if found.confidence < CONFIDENCE_FLOOR:
        return "not_sure_enough"
    cited = [passage for passage in given if passage.article_id == found.article_id]
    if not cited:
        return "cites_no_passage"
    if not any(_is_quoted(found.quote, passage.body) for passage in cited):
        return "quote_not_in_source"
    source = "\n".join(f"{passage.title}\n{passage.body}" for passage in cited)
    if is_of_another_thing(found.text, source):
        return "figure_of_another_thing"
    return reply_gate.refusal(found.text, sources=source, allowed_links=reply_links.links_in(source), channel=channel)


def _is_quoted(quote: str, body: str) -> bool:
    """Word for word; marks of Markdown and line breaks aside, which a model does not copy reliably."""
    wanted = squeezed(quote)
    is_enough = len(wanted) >= FEWEST_QUOTED or quote.strip() == body.strip()
    return bool(quote.strip()) and (quote in body or (is_enough and wanted in squeezed(body)))
