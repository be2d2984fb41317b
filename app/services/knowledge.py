"""Knowledge: what the clinic wrote down, searched by MongoDB's text index and answered from by the language port."""

from dataclasses import dataclass
from typing import Any

from app.context import Context
from app.domain import reply_gate
from app.llm.base import KnowledgeAnswer, Passage
from app.models.knowledge import KnowledgeArticle

PASSAGES = 4
LONGEST_QUESTION = 1_000
CONFIDENCE_FLOOR = 0.5
"""Below this, the clinic says nothing from its articles: a person answers (domain.md section 6)."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A question, what would be answered, and everything that was considered for it."""

    answer: KnowledgeAnswer | None
    passages: list[Passage]
    versions: dict[str, int]
    """The version of each passage's article, by the article's id."""


async def passages_for(question: str) -> list[Passage]:
    """The published articles that share the question's words, best first."""
    return [_passage(row) for row in await _found(question)]


async def _found(question: str) -> list[dict[str, Any]]:
    """Read anew for each question: a changed or unpublished article counts from the next one on."""
    return await KnowledgeArticle.search(question[:LONGEST_QUESTION], limit=PASSAGES)


def _passage(row: dict[str, Any]) -> Passage:
    """MongoDB's text score has no upper end; the port wants 0 to 1."""
    score = row["score"] / (row["score"] + 1)
    return Passage(article_id=str(row["_id"]), title=row["title"], body=row["body"], score=score)


async def answer(ctx: Context, question: str) -> KnowledgeAnswer | None:
    """An answer that stands in an article, or None when none holds it firmly enough."""
    return (await try_out(ctx, question)).answer


async def try_out(ctx: Context, question: str) -> Trial:
    """What a patient would be answered, and from which articles; nothing is sent or stored."""
    rows = await _found(question)
    passages = [_passage(row) for row in rows]
    found = await ctx.llm.answer(question, passages) if passages else None
    given = found if found and _is_grounded(found, passages) else None
    return Trial(given, passages, {str(row["_id"]): row["version"] for row in rows})


def _is_grounded(found: KnowledgeAnswer, passages: list[Passage]) -> bool:
    """Firm enough, quoted from an article that was found, and free of what does not stand there."""
    source = next((passage for passage in passages if passage.article_id == found.article_id), None)
    if source is None or found.confidence < CONFIDENCE_FLOOR or not found.quote or found.quote not in source.body:
        return False
    return reply_gate.refusal(found.text, sources=f"{source.title}\n{source.body}") is None
