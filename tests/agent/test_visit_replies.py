"""Answers to a message about a visit inside a campaign: confirmed, late, cannot come; and the manage link."""

from datetime import timedelta

import pytest

from app.context import Context
from app.jobs import outbox
from app.llm.base import KnowledgeAnswer
from app.models.campaigns import Campaign
from app.models.enums import (
    AppointmentStatus,
    CampaignStatus,
    ChannelType,
    ConfirmationStatus,
    Intent,
    MessageKind,
    OutboxState,
)
from app.models.outbox import OutboundMessage
from app.models.records import AuditEntry
from app.services import campaigns, managed_visits, patients, visits
from tests.agent.provider import FailingProvider, FixedProvider, reading
from tests.conftest import Clock
from tests.factories import force_status, make_article
from tests.services import stage
from tests.services.reminded import SEVEN_DAYS, THREE_HOURS, TWO_DAYS, Scene, book_at_desk, furnish_with_campaign

S = ConfirmationStatus
BOOKED = CampaignStatus.BOOKING_INITIATED
PARKING = "Parking is free behind the house."


@pytest.fixture
def ctx(ctx: Context) -> Context:
    return stage.speaking(ctx)


@pytest.fixture
async def told(ctx: Context, clock: Clock) -> tuple[Scene, Campaign]:
    """A campaign in BOOKING_INITIATED whose patient was reminded two days before the visit."""
    scene, campaign = await furnish_with_campaign(ctx, clock)
    await scene.remind(TWO_DAYS)
    return scene, await campaigns.get(campaign.id)


async def said(ctx: Context, campaign: Campaign, text: str) -> list[OutboundMessage]:
    """The patient writes, everything is worked; our answers since, oldest first."""
    before = {row.id for row in await stage.rows()}
    await stage.answered_with(ctx, campaign, text)
    await outbox.drain(ctx)
    return [row for row in await stage.rows() if row.id not in before]


class TestConfirmed:
    @pytest.mark.parametrize("text", ["C", "yes", "See you then!", "👍", "Sí, confirmo", "Oui je confirme"])
    async def test_it_is_written_down_and_thanked_once(
        self, ctx: Context, told: tuple[Scene, Campaign], text: str
    ) -> None:
        scene, campaign = told
        provider = FixedProvider()
        [thanks] = await said(stage.speaking(ctx, provider), campaign, text)
        visit = await scene.now()
        assert (visit.confirmation_status, visit.needs_review) == (S.CONFIRMED, None)
        assert thanks.body == "Thank you, Ana. We look forward to seeing you on Thursday 10 December at 14:30."
        assert (thanks.state, thanks.to) == (OutboxState.SENT, scene.patient.email)
        assert provider.heard == []
        [message] = await stage.received(campaign)
        assert message.handled_at is not None
        assert (await campaigns.get(campaign.id)).status is BOOKED

    async def test_a_second_c_changes_nothing_and_gets_no_second_answer(
        self, ctx: Context, told: tuple[Scene, Campaign]
    ) -> None:
        scene, campaign = told
        await said(ctx, campaign, "C")
        for text in ("C", "yes", "c!", "see you then"):
            assert await said(ctx, campaign, text) == []
        assert (await scene.now()).confirmation_status is S.CONFIRMED
        assert await AuditEntry.find({"action": "appointment.confirmation_changed"}).count() == 1
        assert all(message.handled_at for message in await stage.received(campaign))

    async def test_a_confirmation_of_the_booking_is_answered_as_well(self, ctx: Context, clock: Clock) -> None:
        scene, campaign = await furnish_with_campaign(ctx, clock)
        await said(ctx, campaign, "yes, see you then")
        assert (await scene.now()).confirmation_status is S.CONFIRMED

    async def test_a_bare_yes_to_something_else_confirms_nothing(
        self, ctx: Context, told: tuple[Scene, Campaign]
    ) -> None:
        scene, campaign = told
        await stage.add_row(
            ctx, campaign, MessageKind.STAFF, state=OutboxState.SENT, sent_at=ctx.now() + timedelta(seconds=1)
        )
        await said(ctx, campaign, "yes")
        assert (await scene.now()).confirmation_status is S.UNCONFIRMED

    async def test_a_yes_to_a_reminder_of_the_old_time_confirms_nothing(
        self, ctx: Context, told: tuple[Scene, Campaign]
    ) -> None:
        """The visit was moved, and the news of it has not reached the patient yet."""
        scene, campaign = told
        later = scene.wall("2026-12-17 09:00")
        await visits.reschedule(ctx, scene.visit.id, start=later, provider_id=None, actor="system")
        await stage.answered_with(ctx, campaign, "C")
        assert (await scene.now()).confirmation_status is S.UNCONFIRMED

    async def test_moving_the_visit_asks_anew(self, ctx: Context, told: tuple[Scene, Campaign]) -> None:
        scene, campaign = told
        await said(ctx, campaign, "C")
        scene.clock.forward(minutes=1)  # our thanks and the news of the move leave one after the other
        later = scene.wall("2026-12-17 09:00")
        await visits.reschedule(ctx, scene.visit.id, start=later, provider_id=None, actor="system")
        await outbox.drain(ctx)
        assert (await scene.now()).confirmation_status is S.UNCONFIRMED
        [thanks] = await said(ctx, campaign, "C")
        assert "Thursday 17 December at 09:00" in thanks.body

    async def test_a_question_beside_it_is_answered_from_the_articles(
        self, ctx: Context, told: tuple[Scene, Campaign]
    ) -> None:
        scene, campaign = told
        article = await make_article(ctx, "Parking", PARKING)
        found = KnowledgeAnswer(text=PARKING, article_id=str(article.id), confidence=0.9, quote=PARKING)
        [answer] = await said(stage.speaking(ctx, FixedProvider(reply=found)), campaign, "yes but where do I park?")
        assert (await scene.now()).confirmation_status is S.CONFIRMED
        assert PARKING in answer.body
        assert "look forward" in answer.body
        [message] = await stage.received(campaign)
        assert message.ai_analysis is not None
        assert Intent.QUESTION in message.ai_analysis.intents
        assert message.handled_at is not None

    async def test_a_question_that_no_article_answers_is_left_for_a_person(
        self, ctx: Context, told: tuple[Scene, Campaign]
    ) -> None:
        scene, campaign = told
        [answer] = await said(ctx, campaign, "yes but will it hurt?")
        assert (await scene.now()).confirmation_status is S.CONFIRMED
        assert answer.body.endswith("A member of our team will answer your question.")
        assert (await stage.received(campaign))[-1].handled_at is None

    async def test_when_the_language_provider_is_down(self, ctx: Context, told: tuple[Scene, Campaign]) -> None:
        scene, campaign = told
        await said(stage.speaking(ctx, FailingProvider()), campaign, "C")
        assert (await scene.now()).confirmation_status is S.CONFIRMED

    async def test_a_visit_cancelled_meanwhile_is_not_confirmed(
        self, ctx: Context, told: tuple[Scene, Campaign]
    ) -> None:
        scene, campaign = told
        await visits.cancel(ctx, scene.visit.id, actor="system")
        await stage.answered_with(ctx, campaign, "C")
        visit = await scene.now()
        assert (visit.status, visit.confirmation_status) == (AppointmentStatus.CANCELLED, S.UNCONFIRMED)


class TestLateAndCannot:
    async def test_running_late_reaches_staff_at_once(self, ctx: Context, told: tuple[Scene, Campaign]) -> None:
        scene, campaign = told
        await scene.remind(THREE_HOURS)
        scene.go_to("2026-12-10 14:20")
        [answer] = await said(ctx, campaign, "running 15 min late, sorry!")
        visit = await scene.now()
        assert (visit.confirmation_status, visit.needs_review) == (S.RUNNING_LATE, "patient_running_late")
        assert answer.body == "Thank you for telling us, Ana. Our team knows that you will be late."
        assert (await stage.received(campaign))[-1].handled_at is None

    async def test_it_may_come_after_the_visit_should_have_begun(
        self, ctx: Context, told: tuple[Scene, Campaign]
    ) -> None:
        scene, campaign = told
        scene.go_to("2026-12-10 14:40")
        await said(ctx, campaign, "running late")
        assert (await scene.now()).confirmation_status is S.RUNNING_LATE

    async def test_late_for_something_in_two_days_is_read_otherwise(
        self, ctx: Context, told: tuple[Scene, Campaign]
    ) -> None:
        scene, campaign = told
        await said(ctx, campaign, "running late")
        assert (await scene.now()).confirmation_status is S.UNCONFIRMED

    @pytest.mark.parametrize("text", ["I can't make it", "need to move it", "won't be able to come", "no puedo ir"])
    async def test_cannot_come_gets_the_manage_link_and_cancels_nothing(
        self, ctx: Context, told: tuple[Scene, Campaign], text: str
    ) -> None:
        scene, campaign = told
        [answer] = await said(ctx, campaign, text)
        visit = await scene.now()
        assert (visit.status, visit.confirmation_status) == (AppointmentStatus.BOOKED, S.CANNOT_COME)
        assert visit.needs_review == "patient_cannot_come"
        managed = await managed_visits.open_link(ctx, await scene.links_in(answer))
        assert managed.can_move
        assert (await stage.received(campaign))[-1].handled_at is None
        assert (await campaigns.get(campaign.id)).status is BOOKED

    @pytest.mark.parametrize("text", ["ok", "ok thanks", "yes", "C", "👍"])
    async def test_a_bare_ok_to_the_link_is_no_confirmation(
        self, ctx: Context, told: tuple[Scene, Campaign], text: str
    ) -> None:
        scene, campaign = told
        await said(ctx, campaign, "I can't make it")
        await said(ctx, campaign, text)
        assert (await scene.now()).confirmation_status is S.CANNOT_COME

    async def test_said_again_it_gets_no_second_link(self, ctx: Context, told: tuple[Scene, Campaign]) -> None:
        _, campaign = told
        await said(ctx, campaign, "I can't make it")
        assert await said(ctx, campaign, "I said I can't make it") == []

    async def test_a_change_of_mind_takes_the_mark_away(self, ctx: Context, told: tuple[Scene, Campaign]) -> None:
        scene, campaign = told
        await said(ctx, campaign, "I can't make it")
        [thanks] = await said(ctx, campaign, "sorry, wrong day! See you then")
        visit = await scene.now()
        assert (visit.confirmation_status, visit.needs_review) == (S.CONFIRMED, None)
        assert "look forward" in thanks.body

    async def test_once_the_visit_has_begun_a_link_helps_nobody(
        self, ctx: Context, told: tuple[Scene, Campaign]
    ) -> None:
        scene, campaign = told
        scene.go_to("2026-12-10 14:40")
        [answer] = await said(ctx, campaign, "I can't make it")
        assert "/manage/" not in answer.body
        assert scene.clinic.phone in answer.body


class TestRisksComeFirst:
    async def test_a_stop_beside_a_c_is_a_stop(self, ctx: Context, told: tuple[Scene, Campaign]) -> None:
        scene, campaign = told
        await said(ctx, campaign, "C. And stop texting me")
        assert await patients.is_suppressed(await patients.get(scene.patient.id), ChannelType.EMAIL)
        assert (await scene.now()).confirmation_status is S.UNCONFIRMED

    async def test_an_emergency_beside_it_is_an_emergency(self, ctx: Context, told: tuple[Scene, Campaign]) -> None:
        scene, campaign = told
        [answer] = await said(ctx, campaign, "I can't make it, my face is swollen and I cannot breathe")
        assert answer.kind is MessageKind.EMERGENCY
        assert (await scene.now()).confirmation_status is S.UNCONFIRMED

    async def test_while_a_person_has_the_conversation_nothing_is_sent(
        self, ctx: Context, told: tuple[Scene, Campaign]
    ) -> None:
        scene, campaign = told
        held = await force_status(campaign, CampaignStatus.HANDOFF_REQUIRED)
        assert await said(ctx, held, "C") == []
        assert (await scene.now()).confirmation_status is S.CONFIRMED
        assert (await stage.received(campaign))[-1].handled_at is None

    async def test_a_person_who_takes_over_meanwhile_silences_the_thanks(
        self, ctx: Context, told: tuple[Scene, Campaign]
    ) -> None:
        scene, campaign = told
        await stage.answered_with(ctx, campaign, "C")
        await force_status(campaign, CampaignStatus.HANDOFF_REQUIRED)
        await outbox.drain(ctx)
        [row] = await scene.answers()
        assert (row.state, row.state_reason) == (OutboxState.CANCELLED, "handed_over")

    async def test_two_robots_end(self, ctx: Context, told: tuple[Scene, Campaign]) -> None:
        scene, campaign = told
        for text in ("C", "I can't make it", "yes but where is it?", "ok but why?", "C but when?", "yes but how?"):
            await said(ctx, campaign, text)
        assert len(await scene.answers()) <= 3


class TestManageLink:
    @pytest.mark.parametrize("intent", [Intent.RESCHEDULE, Intent.CANCEL])
    @pytest.mark.parametrize("status", [BOOKED, CampaignStatus.RE_ENGAGED, CampaignStatus.RECOVERED])
    async def test_with_a_visit_ahead_its_link_is_sent_and_the_status_kept(
        self, ctx: Context, told: tuple[Scene, Campaign], intent: Intent, status: CampaignStatus
    ) -> None:
        scene, campaign = told
        await force_status(campaign, status)
        provider = FixedProvider({"words": reading(intent, handoff=True)})
        [answer] = await said(stage.speaking(ctx, provider), campaign, "words")
        assert (await campaigns.get(campaign.id)).status is status
        assert "Thursday 10 December at 14:30" in answer.body
        assert (await managed_visits.open_link(ctx, await scene.links_in(answer))).visit.id == scene.visit.id
        assert (await scene.now()).status is AppointmentStatus.BOOKED
        assert (await stage.received(campaign))[-1].handled_at is None

    async def test_each_visit_ahead_has_its_own(self, ctx: Context, told: tuple[Scene, Campaign]) -> None:
        scene, campaign = told
        await book_at_desk(ctx, scene.clinic, scene.patient, "2026-12-16 10:00")
        await outbox.drain(ctx)
        provider = FixedProvider({"words": reading(Intent.CANCEL)})
        [answer] = await said(stage.speaking(ctx, provider), campaign, "words")
        assert answer.body.count("/manage/") == 2
        assert "Wednesday 16 December at 10:00" in answer.body

    @pytest.mark.parametrize("intent", [Intent.RESCHEDULE, Intent.CANCEL])
    async def test_without_one_a_person_takes_over(self, ctx: Context, intent: Intent) -> None:
        campaign = await stage.written_to(ctx)
        provider = FixedProvider({"words": reading(intent)})
        after = await stage.answered_with(stage.speaking(ctx, provider), campaign, "words")
        assert after.status is CampaignStatus.HANDOFF_REQUIRED

    async def test_a_doubtful_reading_sends_nothing(self, ctx: Context, told: tuple[Scene, Campaign]) -> None:
        _, campaign = told
        provider = FixedProvider({"words": reading(Intent.CANCEL, confidence=0.2)})
        assert await said(stage.speaking(ctx, provider), campaign, "words") == []
        assert (await stage.received(campaign))[-1].handled_at is None

    async def test_who_asks_for_ever_ends_with_a_person(self, ctx: Context, told: tuple[Scene, Campaign]) -> None:
        scene, campaign = told
        provider = FixedProvider({f"words {number}": reading(Intent.RESCHEDULE) for number in range(6)})
        for number in range(6):
            await said(stage.speaking(ctx, provider), campaign, f"words {number}")
        assert len(await scene.answers()) == 3

    async def test_a_closed_visit_has_none(self, ctx: Context, told: tuple[Scene, Campaign]) -> None:
        scene, campaign = told
        await visits.cancel(ctx, scene.visit.id, actor="system")
        await outbox.drain(ctx)
        provider = FixedProvider({"words": reading(Intent.RESCHEDULE)})
        after = await stage.answered_with(stage.speaking(ctx, provider), campaign, "words")
        assert after.status is CampaignStatus.HANDOFF_REQUIRED


class TestCrash:
    @pytest.mark.parametrize("step", ["inbox.claimed", "inbox.interaction_stored", "inbox.answered"])
    async def test_a_worker_that_dies_confirms_and_thanks_once(
        self, ctx: Context, clock: Clock, told: tuple[Scene, Campaign], step: str
    ) -> None:
        scene, campaign = told
        with pytest.raises(stage.Crash):
            await stage.answered_with(stage.crashing_at(ctx, step), campaign, "C")
        clock.forward(minutes=10)
        await stage.answered_with(ctx, campaign, "C")
        await outbox.drain(ctx)
        assert (await scene.now()).confirmation_status is S.CONFIRMED
        assert len(await scene.answers()) == 1
        assert all(message.handled_at for message in await stage.received(campaign))

    async def test_the_seven_day_reminder_can_be_answered_too(self, ctx: Context, clock: Clock) -> None:
        scene, campaign = await furnish_with_campaign(ctx, clock)
        await scene.remind(SEVEN_DAYS)
        await said(ctx, campaign, "C")
        assert (await scene.now()).confirmation_status is S.CONFIRMED
