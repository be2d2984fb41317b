"""Finding the right part of the right article, in the patient's own words and language (ADR 0025)."""

import pytest

from app.context import Context
from app.llm.base import PLAIN_VOICE, KnowledgeAnswer
from app.models.enums import ChannelType
from app.models.knowledge import KnowledgeArticle
from app.services import articles, knowledge
from tests.agent.provider import FixedProvider
from tests.factories import make_article
from tests.services import stage

LONG = "\n".join(f"## Matter {n}\n" + f"What we say of matter {n}. " * 30 for n in range(6))


async def titles(question: str) -> list[str]:
    return [passage.title for passage in await knowledge.passages_for(question)]


@pytest.fixture
async def library(ctx: Context) -> None:
    for title, body in (
        ("Fees for hygiene", "A cleaning is 120 dollars."),
        ("Whitening", "Whitening is 400 dollars and takes one hour."),
        ("Getting here", "There is a garage behind the house."),
        ("Young patients", "Children are welcome from three years on."),
        ("Plans that we work with", "Most PPO insurers are fine."),
    ):
        await articles.create(ctx, actor="system", fields={"title": title, "body": body})


@pytest.mark.usefixtures("library")
class TestSynonymsAndStems:
    @pytest.mark.parametrize(
        ("question", "title"),
        [
            ("how much is prophylaxis?", "Fees for hygiene"),
            ("what do cleanings cost", "Fees for hygiene"),
            ("¿Cuánto cuesta una limpieza?", "Fees for hygiene"),
            ("Combien coûte un détartrage ?", "Fees for hygiene"),
            ("where can I park my car", "Getting here"),
            ("¿Tienen estacionamiento?", "Getting here"),
            ("do you treat kids", "Young patients"),
            ("paediatric dentistry?", "Young patients"),
            ("is my insurance covered", "Plans that we work with"),
            ("bleaching price?", "Whitening"),
        ],
    )
    async def test_find_the_article_that_uses_other_words(self, question: str, title: str) -> None:
        assert (await titles(question))[0] == title

    async def test_what_no_article_speaks_of_finds_none(self) -> None:
        assert await titles("quantum gravity?") == []


class TestLanguages:
    async def test_an_article_is_stemmed_in_its_own_language(self, ctx: Context) -> None:
        text = "Los aparatos dentales se ajustan cada cuatro semanas en la clínica."
        article = await articles.create(ctx, actor="system", fields={"title": "Aparatos", "body": text})
        assert article.language == "es"
        assert await titles("¿Cuándo se ajusta mi aparato?") == ["Aparatos"]

    async def test_a_rewritten_article_changes_its_language(self, ctx: Context) -> None:
        article = await articles.create(
            ctx, actor="system", fields={"title": "Us", "body": "We are the dentists of you."}
        )
        assert article.language == "en"
        body = "Nous sommes les dentistes de votre quartier, et vous êtes les bienvenus."
        await articles.change(ctx, article.id, fields={"body": body}, seen_version=None, actor="system")
        stored = await KnowledgeArticle.get(article.id)
        assert stored is not None
        assert stored.language == "fr"

    async def test_a_stored_article_without_a_language_is_english(self, ctx: Context) -> None:
        article = await make_article(ctx, "Parking", "There is a garage.")
        await KnowledgeArticle.collection().update_one({"_id": article.id}, {"$unset": {"language": 1}})
        assert await titles("parking?") == ["Parking"]


class TestSections:
    async def test_only_the_section_that_speaks_of_it_is_shown(self, ctx: Context) -> None:
        body = f"{LONG}\n## Parking\nThere is a garage behind the house."
        article = await make_article(ctx, "Everything", body)
        best, *rest = await knowledge.passages_for("Is there parking?")
        assert (best.article_id, best.body) == (str(article.id), "## Parking\nThere is a garage behind the house.")
        assert len(rest) <= 1

    async def test_an_answer_from_a_section_names_its_article(self, ctx: Context) -> None:
        sentence = "Parking is free behind the house."
        article = await make_article(ctx, "Everything", f"{LONG}\n## Parking\n{sentence}")
        answer = KnowledgeAnswer(text=sentence, article_id=str(article.id), confidence=0.9, quote=sentence)
        trial = await knowledge.try_out(stage.speaking(ctx, FixedProvider(reply=answer)), "Is there parking?")
        assert trial.answer == answer
        assert trial.versions[str(article.id)] == 1


class TestTheRuleThatKeepsAnAnswerBack:
    BODY = (
        "Whitening costs **400 dollars**.\nA cleaning costs 120 dollars. See [our form](https://willow.example/form)."
    )

    async def tried(self, ctx: Context, text: str, **fields: object) -> knowledge.Trial:
        article = await make_article(ctx, "Prices", self.BODY)
        values = {
            "text": text,
            "article_id": str(article.id),
            "confidence": 0.9,
            "quote": "A cleaning costs 120 dollars.",
        }
        answer = KnowledgeAnswer(**(values | fields))  # type: ignore[arg-type]
        return await knowledge.try_out(stage.speaking(ctx, FixedProvider(reply=answer)), "What does a cleaning cost?")

    @pytest.mark.parametrize(
        ("text", "fields", "rule"),
        [
            ("A cleaning costs 120 dollars.", {"confidence": 0.4}, "not_sure_enough"),
            ("A cleaning costs 120 dollars.", {"article_id": "0" * 24}, "cites_no_passage"),
            ("A cleaning costs 120 dollars.", {"quote": "A cleaning is a bargain."}, "quote_not_in_source"),
            ("A cleaning costs 120 dollars.", {"quote": "a"}, None),
            ("A cleaning costs 400 dollars.", {}, "figure_of_another_thing"),
            ("A cleaning costs 121 dollars.", {}, "price_not_in_sources"),
            ("See https://evil.example", {}, "foreign_link"),
        ],
    )
    async def test_is_named(self, ctx: Context, text: str, fields: dict[str, object], rule: str | None) -> None:
        trial = await self.tried(ctx, text, **fields)
        assert trial.refused_by == rule
        assert (trial.answer is None) == (rule is not None)

    async def test_marks_of_markdown_are_taken_off_and_a_quote_may_lack_them(self, ctx: Context) -> None:
        trial = await self.tried(ctx, "Whitening costs **400 dollars**.", quote="Whitening costs 400 dollars.")
        assert trial.answer is not None
        assert trial.answer.text == "Whitening costs 400 dollars."

    async def test_a_link_of_the_article_may_stand_in_the_answer(self, ctx: Context) -> None:
        trial = await self.tried(ctx, "The form is here: https://willow.example/form")
        assert trial.refused_by is None

    async def test_a_text_message_is_kept_short(self, ctx: Context) -> None:
        article = await make_article(ctx, "Story", "We tell a long story. " * 60)
        answer = KnowledgeAnswer(
            text="We tell a long story. " * 40,
            article_id=str(article.id),
            confidence=0.9,
            quote="We tell a long story.",
        )
        speaking = stage.speaking(ctx, FixedProvider(reply=answer))
        for channel, rule in ((ChannelType.SMS, "too_long"), (ChannelType.EMAIL, None)):
            trial = await knowledge.try_out(speaking, "a long story?", voice=PLAIN_VOICE, channel=channel)
            assert trial.refused_by == rule
