"""Knowledge: what the clinic wrote down, searched by MongoDB's text index and answered from by the language port."""

from typing import Any

from beanie import PydanticObjectId

from app.context import Context
from app.domain import reply_gate
from app.llm.base import KnowledgeAnswer, Passage
from app.models.knowledge import KnowledgeArticle
from app.services import audit

PASSAGES = 4
LONGEST_QUESTION = 1_000
CONFIDENCE_FLOOR = 0.5
"""Below this, the clinic says nothing from its articles: a person answers (domain.md section 6)."""


async def passages_for(question: str) -> list[Passage]:
    """The published articles that share the question's words, best first."""
    rows = await KnowledgeArticle.search(question[:LONGEST_QUESTION], limit=PASSAGES)
    return [_passage(row) for row in rows]


def _passage(row: dict[str, Any]) -> Passage:
    """MongoDB's text score has no upper end; the port wants 0 to 1."""
    score = row["score"] / (row["score"] + 1)
    return Passage(article_id=str(row["_id"]), title=row["title"], body=row["body"], score=score)


async def answer(ctx: Context, question: str) -> KnowledgeAnswer | None:
    """An answer that stands in an article, or None when none holds it firmly enough."""
    passages = await passages_for(question)
    found = await ctx.llm.answer(question, passages) if passages else None
    return found if found and _is_grounded(found, passages) else None


def _is_grounded(found: KnowledgeAnswer, passages: list[Passage]) -> bool:
    """Firm enough, quoted from an article that was found, and free of what does not stand there."""
    source = next((passage for passage in passages if passage.article_id == found.article_id), None)
    if source is None or found.confidence < CONFIDENCE_FLOOR or not found.quote or found.quote not in source.body:
        return False
    return reply_gate.refusal(found.text, sources=f"{source.title}\n{source.body}") is None


async def create(ctx: Context, *, actor: str, fields: dict[str, Any]) -> KnowledgeArticle:
    """Store a new article with its audit row."""
    now = ctx.now()
    author = PydanticObjectId(actor.removeprefix("user:")) if actor.startswith("user:") else None
    article = KnowledgeArticle(**fields, updated_by=author, created_at=now, updated_at=now)

    async def write() -> None:
        await article.insert()
        await audit.record(ctx, actor=actor, action="knowledge.created", document=("knowledge_article", article.id))

    await ctx.database.transaction(write)
    return article
