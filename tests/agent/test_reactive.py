"""What the agent does with what a patient wrote, intent by intent and state by state (domain.md section 6)."""

from datetime import timedelta

import pytest

from app.agent import wording
from app.context import Context
from app.jobs import inbox, outbox
from app.llm.base import Analysis, Draft, KnowledgeAnswer
from app.models.campaigns import Campaign
from app.models.enums import (
    CampaignStatus,
    CloseReason,
    FunnelStatus,
    HandoffPriority,
    Intent,
    MessageKind,
    Sentiment,
)
from app.models.interactions import Interaction
from app.models.links import PatientLink
from app.services import campaigns
from tests.agent.provider import CONFUSED, FixedProvider, reading
from tests.conftest import Clock
from tests.factories import force_status, make_article
from tests.services import stage

S = CampaignStatus
FOR_A_PERSON = ["COMPLAINT", "CONFUSED", "IRRELEVANT", "CANCEL", "RESCHEDULE", "QUESTION"]
PARKING = "Parking is free behind the house."


@pytest.fixture
def ctx(ctx: Context) -> Context:
    return stage.speaking(ctx)


@pytest.fixture
async def campaign(ctx: Context) -> Campaign:
    """A campaign whose first attempt has left."""
    return await stage.written_to(ctx, name="Ana Lopez")


async def answered(ctx: Context, campaign: Campaign, *analysis: Analysis, text: str = "words") -> Campaign:
    """The patient writes words that mean this, and the agent has acted."""
    provider = FixedProvider({text: analysis[0]}) if analysis else FixedProvider()
    return await stage.answered_with(stage.speaking(ctx, provider), campaign, text)


class TestBookingRequest:
    async def test_it_gets_the_patients_own_link(self, ctx: Context, clock: Clock, campaign: Campaign) -> None:
        after = await stage.answered_with(ctx, campaign, "yes please")
        assert after.status is S.RE_ENGAGED
        assert after.booking_funnel.status is FunnelStatus.FORM_SENT
        assert after.follow_up_details.next_attempt_at == clock.instant + timedelta(days=3)
        reply = await stage.only_row(kind=MessageKind.REPLY)
        assert after.booking_funnel.link_url is not None
        assert after.booking_funnel.link_url in reply.body
        assert reply.body.startswith("Thank you, Ana.")
        newest = await PatientLink.find({"campaign_id": campaign.id}).sort("-_id").first_or_none()
        assert newest is not None
        assert newest.patient_id == campaign.patient_id

    async def test_it_answers_in_the_thread_of_the_message(self, ctx: Context, campaign: Campaign) -> None:
        message = await stage.incoming(ctx, campaign, "yes please")
        await inbox.drain(ctx)
        reply = await stage.only_row(kind=MessageKind.REPLY)
        assert (reply.in_reply_to, reply.thread_id) == (message.external_id, campaign.channel.thread_id)
        assert reply.subject.startswith("Re: ")

    async def test_the_analysis_is_kept_with_the_message(self, ctx: Context, campaign: Campaign) -> None:
        await answered(ctx, campaign, reading(Intent.BOOKING_REQUEST, Intent.QUESTION))
        [message] = await stage.received(campaign)
        assert message.ai_analysis is not None
        assert message.ai_analysis.intent is Intent.BOOKING_REQUEST
        assert message.ai_analysis.intents == [Intent.BOOKING_REQUEST, Intent.QUESTION]
        assert message.ai_analysis.sentiment is Sentiment.NEUTRAL

    async def test_a_bare_yes_is_read_with_what_it_answers(self, ctx: Context, campaign: Campaign) -> None:
        provider = FixedProvider()
        await stage.answered_with(stage.speaking(ctx, provider), campaign, "yes")
        [heard] = provider.heard
        assert heard.previous_outgoing is not None
        assert heard.previous_outgoing.startswith("It is time for your next visit.")

    async def test_a_message_that_never_left_is_not_what_it_answers(
        self, ctx: Context, clock: Clock, campaign: Campaign
    ) -> None:
        await stage.answered_with(ctx, campaign, "yes please")
        await outbox.drain(ctx)
        clock.forward(days=3)
        nudging = FixedProvider(draft=Draft(subject="", body="A nudge nobody saw."))
        await stage.queue_due(stage.speaking(ctx, nudging))
        provider = FixedProvider()
        await stage.incoming(ctx, campaign, "yes")
        await inbox.drain(stage.speaking(ctx, provider))
        assert provider.heard[0].previous_outgoing is not None
        assert "A nudge nobody saw." not in provider.heard[0].previous_outgoing


class TestDenial:
    async def test_it_closes_politely(self, ctx: Context, campaign: Campaign) -> None:
        after = await stage.answered_with(ctx, campaign, "no thank you")
        assert (after.status, after.close_reason) == (S.RECOVERY_DECLINED, CloseReason.DECLINED)
        reply = await stage.only_row(kind=MessageKind.REPLY)
        assert reply.body == wording.DECLINED.format(first_name="Ana")
        assert (await outbox.drain(ctx))["sent"] == 1


class TestQuestion:
    async def test_one_that_an_article_answers(self, ctx: Context, campaign: Campaign) -> None:
        article = await make_article(ctx, "Parking", PARKING)
        answer = KnowledgeAnswer(text=PARKING, article_id=str(article.id), confidence=0.9, quote=PARKING)
        after = await stage.answered_with(
            stage.speaking(ctx, FixedProvider(reply=answer)), campaign, "do you have parking?"
        )
        assert after.status is S.RE_ENGAGED
        assert after.booking_funnel.status is FunnelStatus.FORM_SENT
        reply = await stage.only_row(kind=MessageKind.REPLY)
        assert reply.body.startswith(PARKING)
        assert str(after.booking_funnel.link_url) in reply.body
        shown = next(item for item in await Interaction.of_campaign(campaign.id) if item.id == reply.id)
        assert (shown.sources, shown.confidence) == ([str(article.id)], 0.9)

    @pytest.mark.parametrize("confidence", [None, 0.49])
    async def test_one_that_no_article_answers_firmly_goes_to_a_person(
        self, ctx: Context, campaign: Campaign, confidence: float | None
    ) -> None:
        article = await make_article(ctx, "Parking", PARKING)
        answer = KnowledgeAnswer(text=PARKING, article_id=str(article.id), confidence=confidence or 0, quote=PARKING)
        provider = FixedProvider(reply=answer if confidence else None)
        after = await stage.answered_with(stage.speaking(ctx, provider), campaign, "do you have parking?")
        assert after.status is S.HANDOFF_REQUIRED
        assert len(await stage.rows(kind=MessageKind.HANDOFF)) == 1

    async def test_one_about_the_patients_own_account_never_reaches_the_articles(
        self, ctx: Context, campaign: Campaign
    ) -> None:
        await make_article(ctx, "words", "words")
        answer = KnowledgeAnswer(text="words", article_id="x", confidence=0.9, quote="words")
        provider = FixedProvider({"words": reading(Intent.QUESTION, handoff=True)}, reply=answer)
        after = await stage.answered_with(stage.speaking(ctx, provider), campaign, "words")
        assert after.status is S.HANDOFF_REQUIRED

    async def test_a_yes_with_a_question_gets_the_answer_and_the_link(self, ctx: Context, campaign: Campaign) -> None:
        article = await make_article(ctx, "words about parking", PARKING)
        answer = KnowledgeAnswer(text=PARKING, article_id=str(article.id), confidence=0.9, quote=PARKING)
        provider = FixedProvider({"words": reading(Intent.BOOKING_REQUEST, Intent.QUESTION)}, reply=answer)
        after = await stage.answered_with(stage.speaking(ctx, provider), campaign, "words")
        reply = await stage.only_row(kind=MessageKind.REPLY)
        assert PARKING in reply.body
        assert str(after.booking_funnel.link_url) in reply.body

    async def test_a_yes_with_a_question_nobody_can_answer_gets_a_person_and_the_link(
        self, ctx: Context, campaign: Campaign
    ) -> None:
        after = await answered(ctx, campaign, reading(Intent.BOOKING_REQUEST, Intent.QUESTION))
        assert after.status is S.HANDOFF_REQUIRED
        assert str(after.booking_funnel.link_url) in (await stage.only_row(kind=MessageKind.HANDOFF)).body


class TestHandoff:
    @pytest.mark.parametrize(
        "intent",
        [Intent.COMPLAINT, Intent.CONFUSED, Intent.IRRELEVANT, Intent.CANCEL, Intent.RESCHEDULE, Intent.QUESTION],
    )
    async def test_what_the_agent_cannot_settle_goes_to_a_person(
        self, ctx: Context, clock: Clock, campaign: Campaign, intent: str
    ) -> None:
        after = await answered(ctx, campaign, reading(Intent(intent)))
        assert after.status is S.HANDOFF_REQUIRED
        details = after.handoff_details
        assert details is not None
        assert details.reason == f"{intent}: {'no article holds the answer' if intent == Intent.QUESTION else 'table'}"
        assert (details.priority, details.patient_question) == (HandoffPriority.NORMAL, "words")
        assert details.due_at == clock.instant + timedelta(hours=4)
        row = await stage.only_row(kind=MessageKind.HANDOFF)
        assert row.body == wording.HANDED_OVER.format(first_name="Ana")

    @pytest.mark.parametrize("intent", [Intent.BOOKING_REQUEST, Intent.SERVICE_DENIAL, Intent.QUESTION])
    async def test_a_reading_that_asks_for_a_person_gets_one(
        self, ctx: Context, campaign: Campaign, intent: Intent
    ) -> None:
        after = await answered(ctx, campaign, reading(intent, handoff=True))
        assert after.status is S.HANDOFF_REQUIRED

    @pytest.mark.parametrize("intent", [Intent.BOOKING_REQUEST, Intent.SERVICE_DENIAL])
    async def test_a_reading_of_low_confidence_gets_a_person(
        self, ctx: Context, campaign: Campaign, intent: Intent
    ) -> None:
        after = await answered(ctx, campaign, reading(intent, confidence=0.1))
        assert after.status is S.HANDOFF_REQUIRED


class TestThanks:
    async def test_it_needs_neither_a_link_nor_a_person(self, ctx: Context, campaign: Campaign) -> None:
        after = await stage.answered_with(ctx, campaign, "thanks")
        assert after.status is S.RE_ENGAGED
        [message] = await stage.received(campaign)
        assert message.handled_at is not None
        assert len(await stage.rows()) == 1  # the attempt alone


class TestClosedAndBooked:
    """D-17: where a reply moves nothing it is kept for staff, unread by nobody."""

    @pytest.mark.parametrize(
        "status", [S.BOOKING_INITIATED, S.RECOVERED, S.MANUAL_FOLLOWUP_COMPLETE, S.BOOKING_COMPLETED]
    )
    async def test_the_status_is_kept_and_nothing_is_sent(
        self, ctx: Context, campaign: Campaign, status: CampaignStatus
    ) -> None:
        await force_status(campaign, status)
        after = await stage.answered_with(ctx, campaign, "no thank you")
        assert after.status is status
        [message] = await stage.received(campaign)
        assert message.handled_at is None
        assert message.read_at is not None
        assert len(await stage.rows()) == 1

    async def test_a_failed_campaign_is_re_engaged_by_any_reply(self, ctx: Context, campaign: Campaign) -> None:
        await force_status(campaign, S.RECOVERY_FAILED)
        after = await stage.answered_with(ctx, campaign, "yes please")
        assert after.status is S.RE_ENGAGED
        assert (after.close_reason, after.closed_at) == (None, None)
        assert await stage.waiting(MessageKind.REPLY) == 1

    async def test_a_later_yes_reopens_a_decline(self, ctx: Context, campaign: Campaign) -> None:
        await stage.answered_with(ctx, campaign, "no thank you")
        after = await stage.answered_with(ctx, campaign, "yes please")
        assert after.status is S.RE_ENGAGED
        assert [change.event for change in after.status_changes][-1] == "patient_reconsidered"
        assert str(after.booking_funnel.link_url) in (await stage.rows(kind=MessageKind.REPLY))[-1].body

    @pytest.mark.parametrize("text", ["thanks", "what?", "no thank you", "do you have parking?"])
    async def test_nothing_else_reopens_a_decline(self, ctx: Context, campaign: Campaign, text: str) -> None:
        await stage.answered_with(ctx, campaign, "no thank you")
        after = await stage.answered_with(ctx, campaign, text)
        assert after.status is S.RECOVERY_DECLINED
        assert len(await stage.rows(kind=MessageKind.REPLY)) == 1

    @pytest.mark.parametrize("before", [[], ["no thank you"]])
    async def test_a_yes_after_a_stop_reopens_nothing(
        self, ctx: Context, campaign: Campaign, before: list[str]
    ) -> None:
        for text in (*before, "STOP", "yes please"):
            await stage.answered_with(ctx, campaign, text)
        after = await campaigns.get(campaign.id)
        assert after.status is S.RECOVERY_DECLINED
        assert await stage.waiting(MessageKind.REPLY) == 0

    async def test_first_reply_is_remembered_once(self, ctx: Context, clock: Clock, campaign: Campaign) -> None:
        clock.forward(hours=1)
        first = (await answered(ctx, campaign, CONFUSED)).first_reply_at
        assert first == clock.instant
        clock.forward(hours=1)
        assert (await stage.answered_with(ctx, campaign, "yes please")).first_reply_at == first
