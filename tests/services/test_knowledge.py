"""The clinic's articles: only published ones are found, and only a firm answer is given (domain.md section 6)."""

import pytest

from app.context import Context
from app.llm.base import KnowledgeAnswer
from app.models.records import AuditEntry
from app.services import knowledge
from tests.agent.provider import FixedProvider
from tests.factories import make_article, make_user
from tests.services import stage

PARKING = "Parking is free behind the house."


async def asked(ctx: Context, answer: KnowledgeAnswer | None) -> KnowledgeAnswer | None:
    return await knowledge.answer(stage.speaking(ctx, FixedProvider(reply=answer)), "Is there parking?")


class TestPassagesFor:
    async def test_the_best_first_and_at_most_four(self, ctx: Context) -> None:
        for number in range(5):
            await make_article(ctx, f"Note {number}", "We mention parking once.")
        best = await make_article(ctx, "Parking", PARKING, tags=["parking"])
        found = await knowledge.passages_for("where is the parking?")
        assert (found[0].article_id, len(found)) == (str(best.id), 4)

    async def test_what_is_not_published_is_not_found(self, ctx: Context) -> None:
        await make_article(ctx, "Parking", PARKING, is_published=False)
        assert await knowledge.passages_for("parking") == []

    @pytest.mark.parametrize("question", ["", '"', "-parking", "the a of", "x" * 5_000, "parking\x00"])
    async def test_no_question_breaks_the_search(self, ctx: Context, question: str) -> None:
        await make_article(ctx, "Parking", PARKING)
        assert len(await knowledge.passages_for(question)) <= 1


class TestAnswer:
    @pytest.mark.parametrize(("confidence", "is_given"), [(0.49, False), (0.5, True), (1.0, True)])
    async def test_only_a_firm_one_is_given(self, ctx: Context, confidence: float, is_given: bool) -> None:
        article = await make_article(ctx, "Parking", PARKING)
        answer = KnowledgeAnswer(text=PARKING, article_id=str(article.id), confidence=confidence, quote=PARKING)
        assert (await asked(ctx, answer) is not None) == is_given

    async def test_without_an_article_the_provider_is_not_even_asked(self, ctx: Context) -> None:
        answer = KnowledgeAnswer(text="invented", article_id="x", confidence=1.0, quote="invented")
        assert await asked(ctx, answer) is None


class TestCreate:
    async def test_the_author_is_kept_and_audited(self, ctx: Context) -> None:
        user = await make_user(ctx)
        fields = {"title": "Parking", "body": PARKING}
        article = await knowledge.create(ctx, actor=f"user:{user.id}", fields=fields)
        assert article.updated_by == user.id
        assert await AuditEntry.find({"action": "knowledge.created", "document_id": str(article.id)}).count() == 1
