"""A question that no article answers is put on the list for staff; what no article ever answers is not."""

import pytest

from app.context import Context
from app.jobs import outbox
from app.llm.base import KnowledgeAnswer
from app.models.campaigns import Campaign
from app.models.enums import CampaignStatus, Intent
from app.services import unanswered
from tests.agent.provider import FixedProvider, reading
from tests.factories import make_article
from tests.services import stage

OPEN_QUESTION = "Do you repair dentures while one waits?"


@pytest.fixture
async def campaign(ctx: Context) -> Campaign:
    """A campaign whose first attempt has left."""
    return await stage.written_to(stage.speaking(ctx), name="Ana Lopez")


async def asked(ctx: Context, campaign: Campaign, text: str, *, intent: Intent = Intent.QUESTION) -> Campaign:
    provider = FixedProvider({text.lower(): reading(intent)})
    return await stage.answered_with(stage.speaking(ctx, provider), campaign, text)


async def test_a_question_without_an_article_is_listed_and_handed_over(ctx: Context, campaign: Campaign) -> None:
    after = await asked(ctx, campaign, OPEN_QUESTION)
    assert after.status is CampaignStatus.HANDOFF_REQUIRED
    [question] = await unanswered.listed()
    assert (question.text, question.campaign_id) == (OPEN_QUESTION, campaign.id)


async def test_staff_settle_it_once(ctx: Context, campaign: Campaign) -> None:
    await asked(ctx, campaign, OPEN_QUESTION)
    [question] = await unanswered.listed()
    for _ in range(2):
        await unanswered.settle(ctx, question.interaction_id, actor="user:1")
    assert await unanswered.listed() == []


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("When is my next cleaning appointment?", Intent.QUESTION),  # the patient's own account: no article's matter
        ("You kept me waiting for an hour again", Intent.COMPLAINT),
        ("asdf", Intent.CONFUSED),
        ("yes please", Intent.BOOKING_REQUEST),
    ],
)
async def test_nothing_else_is_listed(ctx: Context, campaign: Campaign, text: str, intent: Intent) -> None:
    await asked(ctx, campaign, text, intent=intent)
    assert await unanswered.listed() == []


async def test_an_answered_question_is_not_listed(ctx: Context, campaign: Campaign) -> None:
    body = "We repair dentures while you wait, on Monday mornings."
    article = await make_article(ctx, title="Dentures", body=body)
    given = KnowledgeAnswer(text=body, article_id=str(article.id), confidence=0.9, quote=body)
    provider = FixedProvider({OPEN_QUESTION.lower(): reading(Intent.QUESTION)}, reply=given)
    after = await stage.answered_with(stage.speaking(ctx, provider), campaign, OPEN_QUESTION)
    await outbox.drain(ctx)
    assert after.status is CampaignStatus.RE_ENGAGED
    assert await unanswered.listed() == []
