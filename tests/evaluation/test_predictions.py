"""What is measured is what runs: messages go through the agent's own screening, analysis and sentences."""

from dataclasses import replace
from pathlib import Path

import pytest

from app.agent import wording
from app.context import Context
from app.errors import InvalidInputError
from app.evaluation.articles import answer_all, read_article, store_articles
from app.evaluation.lines import MessageLine, QuestionLine
from app.evaluation.predictions import Prediction, folded, predict_all
from app.evaluation.stage import Stage, StageClock, set_up
from app.llm.base import Analysis, LanguageModelError, PatientText
from app.llm.offline.provider import OfflineLanguageModel
from app.models.enums import ChannelType, Intent
from app.models.knowledge import KnowledgeArticle
from app.services import opt_outs
from tests.conftest import Clock


class BrokenModel(OfflineLanguageModel):
    """A provider that reads nothing."""

    async def analyse(self, message: PatientText) -> Analysis:
        raise LanguageModelError("out of order")


@pytest.fixture
async def stage(ctx: Context) -> Stage:
    return await set_up(ctx)


def sms(text: str, *, number: int = 1, prev: str | None = None) -> MessageLine:
    return MessageLine(id=f"m{number}", channel=ChannelType.SMS, text=text, prev_outgoing=prev)


async def read(ctx: Context, stage: Stage, *lines: MessageLine, has_articles: bool = False) -> list[Prediction]:
    return await predict_all(ctx, stage, lines, has_articles=has_articles, parallel=2, on_each=lambda: None)


async def test_each_reaction_is_answered_in_the_agents_own_words(ctx: Context, stage: Stage) -> None:
    help_, stop, book, move = await read(
        ctx,
        stage,
        sms("my face is swollen and i cannot breathe", number=1),
        sms("STOP", number=2),
        sms("yes please, book me in", number=3),
        sms("I need to reschedule my appointment to another day", number=4),
    )
    assert (help_.intent, help_.handoff) == (Intent.EMERGENCY, True)
    assert stage.clinic.emergency_phone in help_.reply
    assert (stop.intent, stop.reply, stop.handoff) == (Intent.OPT_OUT, opt_outs.CONFIRMATION, False)
    assert (book.intent, book.handoff) == (Intent.BOOKING_REQUEST, False)
    assert f"{ctx.settings.public_base_url}/book?t=" in book.reply
    assert move.intent is Intent.RESCHEDULE
    assert "/manage/" in move.reply


async def test_the_previous_message_decides_what_a_yes_means(ctx: Context, stage: Stage) -> None:
    [after_offer, after_farewell] = await read(
        ctx,
        stage,
        sms("yes", number=1, prev="Would you like to book your check-up?"),
        sms("yes", number=2, prev="Do you want us to stop writing to you? Reply YES to opt out."),
    )
    assert after_offer.intent is Intent.BOOKING_REQUEST
    assert after_farewell.intent is not Intent.BOOKING_REQUEST


async def test_what_no_person_wrote_is_answered_with_nothing(ctx: Context, stage: Stage) -> None:
    mail = "Automatic reply: I am out of the office until Monday."
    [prediction] = await read(ctx, stage, MessageLine(id="a", channel=ChannelType.EMAIL, text=mail))
    assert (prediction.intent, prediction.reply, prediction.handoff) == (Intent.AUTO_REPLY, "", False)


async def test_labels_are_those_of_the_design(ctx: Context, stage: Stage) -> None:
    assert folded((Intent.CONFUSED, Intent.IRRELEVANT, Intent.BOUNCE)) == (Intent.IRRELEVANT, Intent.AUTO_REPLY)
    bounce = "Delivery has failed: 550 5.1.1 user unknown"
    for prediction in await read(ctx, stage, sms("", number=1), sms("?!", number=2), sms(bounce, number=3)):
        assert not {Intent.CONFUSED, Intent.BOUNCE} & set(prediction.intents)


async def test_a_general_question_needs_a_person_only_when_no_given_article_holds_the_answer(
    ctx: Context, stage: Stage
) -> None:
    question = sms("Do you have parking?")
    [without] = await read(ctx, stage, question)
    assert (without.intent, without.handoff) == (Intent.QUESTION, False)
    assert without.reply == wording.fill(wording.HANDED_OVER, patient=stage.patient, clinic=stage.clinic)
    [unanswered] = await read(ctx, stage, question, has_articles=True)
    assert unanswered.handoff


async def test_a_provider_that_fails_is_counted_and_handed_over_but_a_stop_stands(ctx: Context, stage: Stage) -> None:
    broken = replace(ctx, llm=BrokenModel())
    lost, stopped = await read(broken, stage, sms("can i come on monday?", number=1), sms("STOP", number=2))
    assert (lost.is_failure, lost.intent, lost.handoff) == (True, Intent.IRRELEVANT, True)
    assert lost.reply == wording.fill(wording.HANDED_OVER, patient=stage.patient, clinic=stage.clinic)
    assert (stopped.is_failure, stopped.intent) == (False, Intent.OPT_OUT)


async def test_predictions_come_in_the_order_of_the_lines(ctx: Context, stage: Stage) -> None:
    lines = [sms("yes", number=number) for number in range(40)]
    seen = await predict_all(ctx, stage, lines, has_articles=False, parallel=7, on_each=lambda: None)
    assert [each.id for each in seen] == [line.id for line in lines]


async def test_nothing_is_stored_or_sent_by_reading(ctx: Context, stage: Stage) -> None:
    await read(ctx, stage, sms("STOP", number=1), sms("yes book me", number=2))
    for name in ("patients", "campaigns", "interactions", "outbound_messages", "patient_links"):
        assert await ctx.database.handle[name].count_documents({}) == 0


@pytest.mark.parametrize(
    ("name", "content", "title", "body"),
    [
        ("a.md", "# Opening hours\n\nWe open at 8.", "Opening hours", "We open at 8."),
        ("opening-hours.md", "We open at 8.", "opening hours", "We open at 8."),
        ("a.md", "\ufeff# Hours #1\nWe open.\n## Lunch\nAt 12.", "Hours #1", "We open.\n## Lunch\nAt 12."),
        ("late_hours.md", "## Lunch\nAt 12.\n# \n", "late hours", "## Lunch\nAt 12.\n#"),
    ],
)
def test_the_first_heading_or_else_the_file_is_the_title(
    tmp_path: Path, name: str, content: str, title: str, body: str
) -> None:
    file = tmp_path / name
    file.write_text(content, encoding="utf-8")
    assert read_article(file) == (title, body)


async def test_articles_are_published_and_found_again_by_their_file(ctx: Context, tmp_path: Path) -> None:
    parking = "# Parking\n\nParking is free for patients in the yard behind the house."
    (tmp_path / "parking.md").write_text(parking, encoding="utf-8")
    (tmp_path / "notes.txt").write_text("not an article", encoding="utf-8")
    pages = await store_articles(ctx, tmp_path)
    assert await KnowledgeArticle.find_all().count() == 1
    questions = [
        QuestionLine(id="q1", question="Is parking free for patients?"),
        QuestionLine(id="q2", question="Do you treat hamsters?"),
        QuestionLine(id="q3", question="How much do I still owe you for my parking?"),
        QuestionLine(id="q4", question=""),
    ]
    first, *others = await answer_all(ctx, questions, pages, on_each=lambda: None)
    assert (first.page, first.as_line()["answered"]) == ("parking.md", True)
    assert "free" in (first.answer or "")
    assert [other.as_line() for other in others] == [
        {"id": number, "answered": False, "answer": "", "page": None} for number in ("q2", "q3", "q4")
    ]


async def test_a_folder_without_articles_is_refused(ctx: Context, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="holds no article"):
        await store_articles(ctx, tmp_path)
    (tmp_path / "bad.md").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(InvalidInputError, match=r"bad\.md"):
        await store_articles(ctx, tmp_path)


def test_the_play_begins_on_a_monday_to_come(clock: Clock) -> None:
    for day in range(8):
        today = clock.forward(days=1)
        play = StageClock(today)()
        assert (play.weekday(), play.hour) == (0, 15), day
        assert 0 < (play.date() - today.date()).days <= 7
