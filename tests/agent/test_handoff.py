"""HANDOFF_REQUIRED locks the agent out, emergencies come first, robots get no answer (domain.md D-17 and D-18)."""

from datetime import timedelta

import pytest

from app.agent import wording
from app.context import Context
from app.jobs import inbox, outbox
from app.models.campaigns import Campaign
from app.models.enums import (
    CampaignStatus,
    ChannelType,
    HandoffPriority,
    Intent,
    MessageKind,
)
from app.services import campaigns, conversations, patients
from tests.agent.provider import FailingProvider, FixedProvider
from tests.conftest import Clock
from tests.factories import force_status, make_user
from tests.services import stage

S = CampaignStatus
EMERGENCY = "My face is swollen and I cannot breathe"
EMERGENCY_PHONE = "+12025550199"
AWAY = {"auto-submitted": "auto-replied"}
BOUNCED = {"content-type": "multipart/report; report-type=delivery-status", "from": "mailer-daemon@example.net"}


@pytest.fixture
def ctx(ctx: Context) -> Context:
    return stage.speaking(ctx)


@pytest.fixture
async def campaign(ctx: Context) -> Campaign:
    """A campaign whose first attempt has left."""
    return await stage.written_to(ctx, name="Ana Lopez")


@pytest.fixture
async def handed_over(ctx: Context, campaign: Campaign) -> Campaign:
    """A campaign that a person has to answer; the patient was told so."""
    await stage.answered_with(ctx, campaign, "what?")
    await outbox.drain(ctx)
    return await campaigns.get(campaign.id)


class TestLockout:
    @pytest.mark.parametrize("text", ["yes please", "what?", "no thank you", "do you have parking?", "thanks"])
    async def test_a_reply_is_stored_and_nothing_is_sent(self, ctx: Context, handed_over: Campaign, text: str) -> None:
        provider = FixedProvider()
        after = await stage.answered_with(stage.speaking(ctx, provider), handed_over, text)
        await outbox.drain(ctx)
        assert after.status is S.HANDOFF_REQUIRED
        newest = (await stage.received(handed_over))[-1]
        assert (newest.content, newest.handled_at) == (text, None)
        assert newest.read_at is not None
        assert len(await stage.sent_bodies()) == 2  # the attempt and the one handoff message
        assert provider.heard == []

    async def test_the_handoff_message_is_sent_once_however_much_the_patient_writes(
        self, ctx: Context, handed_over: Campaign
    ) -> None:
        for text in ("what?", "hello?", "what?"):
            await stage.answered_with(ctx, handed_over, text)
            await outbox.drain(ctx)
        assert len(await stage.rows(kind=MessageKind.HANDOFF)) == 1

    async def test_an_analysis_that_was_running_when_a_person_took_over_sends_nothing(
        self, ctx: Context, campaign: Campaign
    ) -> None:
        async def staff_take_over() -> None:
            current = await campaigns.get(campaign.id)
            actor = f"user:{(await make_user(ctx)).id}"
            await campaigns.change_status(ctx, current.id, S.HANDOFF_REQUIRED, actor=actor, reason=None)

        provider = FixedProvider(while_thinking=staff_take_over)
        after = await stage.answered_with(stage.speaking(ctx, provider), campaign, "yes please")
        await outbox.drain(ctx)
        assert after.status is S.HANDOFF_REQUIRED
        assert len(await stage.sent_bodies()) == 1
        assert (await stage.received(campaign))[-1].handled_at is None

    async def test_staff_answer_and_release_and_the_agent_speaks_again(
        self, ctx: Context, handed_over: Campaign
    ) -> None:
        user = await make_user(ctx)
        await conversations.respond(
            ctx, handed_over.id, text="Yes, we do.", new_status=S.RE_ENGAGED, actor=f"user:{user.id}", key="k"
        )
        after = await stage.answered_with(ctx, handed_over, "yes please")
        await outbox.drain(ctx)
        assert after.status is S.RE_ENGAGED
        kinds = [row.kind for row in await stage.rows()]
        assert (MessageKind.STAFF in kinds, kinds[-1]) == (True, MessageKind.REPLY)
        assert after.handoff_details is not None
        assert after.handoff_details.resolved_by == user.id


class TestEmergency:
    async def test_it_gets_the_emergency_phone_and_an_urgent_handoff(
        self, ctx: Context, clock: Clock, campaign: Campaign
    ) -> None:
        provider = FixedProvider()
        after = await stage.answered_with(stage.speaking(ctx, provider), campaign, EMERGENCY)
        assert after.status is S.HANDOFF_REQUIRED
        assert after.handoff_details is not None
        assert after.handoff_details.priority is HandoffPriority.URGENT
        assert after.handoff_details.due_at == clock.instant + timedelta(minutes=15)
        body = (await stage.rows())[-1].body
        assert EMERGENCY_PHONE in body
        assert "if you cannot breathe or bleed heavily" in body
        assert provider.heard == []  # the rules alone decided

    async def test_it_goes_out_at_once_at_night(self, ctx: Context, clock: Clock, campaign: Campaign) -> None:
        clock.forward(hours=14)
        await stage.answered_with(ctx, campaign, EMERGENCY)
        assert (await outbox.drain(ctx))["sent"] == 1

    async def test_it_needs_no_provider(self, ctx: Context, campaign: Campaign) -> None:
        after = await stage.answered_with(stage.speaking(ctx, FailingProvider()), campaign, EMERGENCY)
        assert EMERGENCY_PHONE in (await stage.rows())[-1].body
        assert after.handoff_details is not None
        assert after.handoff_details.priority is HandoffPriority.URGENT

    @pytest.mark.parametrize("status", [S.BOOKING_INITIATED, S.RECOVERED, S.RECOVERY_DECLINED, S.BOOKING_COMPLETED])
    async def test_elsewhere_it_is_answered_keeps_the_status_and_is_left_for_staff(
        self, ctx: Context, campaign: Campaign, status: CampaignStatus
    ) -> None:
        await force_status(campaign, status)
        after = await stage.answered_with(ctx, campaign, EMERGENCY)
        assert after.status is status
        assert EMERGENCY_PHONE in (await stage.rows())[-1].body
        assert (await stage.received(campaign))[-1].handled_at is None

    async def test_one_that_refuses_messages_as_well_is_both(self, ctx: Context, campaign: Campaign) -> None:
        after = await stage.answered_with(ctx, campaign, f"Stop texting me! {EMERGENCY}")
        await outbox.drain(ctx)
        assert any(EMERGENCY_PHONE in body for body in await stage.sent_bodies())
        assert after.handoff_details is not None
        assert after.handoff_details.priority is HandoffPriority.URGENT
        assert await patients.is_suppressed(await patients.get(campaign.patient_id), ChannelType.EMAIL)

    async def test_one_that_refuses_messages_during_a_handoff_is_both_too(
        self, ctx: Context, handed_over: Campaign
    ) -> None:
        after = await stage.answered_with(ctx, handed_over, f"Stop texting me! {EMERGENCY}")
        assert after.handoff_details is not None
        assert after.handoff_details.priority is HandoffPriority.URGENT
        assert await patients.is_suppressed(await patients.get(handed_over.patient_id), ChannelType.EMAIL)

    @pytest.mark.parametrize("by_hand", [False, True])
    async def test_during_a_handoff_it_becomes_urgent(self, ctx: Context, campaign: Campaign, by_hand: bool) -> None:
        if by_hand:
            await force_status(campaign, S.HANDOFF_REQUIRED)
        else:
            await stage.answered_with(ctx, campaign, "what?")
        after = await stage.answered_with(ctx, campaign, EMERGENCY)
        assert after.status is S.HANDOFF_REQUIRED
        assert after.handoff_details is not None
        assert after.handoff_details.priority is HandoffPriority.URGENT


class TestRobots:
    @pytest.mark.parametrize(
        ("headers", "text", "intent"),
        [
            (AWAY, "Yes please, I want to book. STOP. My face is swollen.", Intent.AUTO_REPLY),
            (BOUNCED, "550 5.1.1 user unknown. Yes please, I want to book. STOP", Intent.BOUNCE),
        ],
        ids=["auto-reply", "bounce"],
    )
    @pytest.mark.parametrize("status", [S.ATTEMPTING_RECOVERY, S.RE_ENGAGED, S.RECOVERY_FAILED, S.HANDOFF_REQUIRED])
    async def test_they_get_no_answer_and_move_nothing(
        self, ctx: Context, campaign: Campaign, headers: dict[str, str], text: str, intent: Intent, status: S
    ) -> None:
        await force_status(campaign, status)
        after = await stage.answered_with(ctx, campaign, text, headers=headers)
        assert after.status is status
        assert len(await stage.rows()) == 1
        [message] = await stage.received(campaign)
        assert message.ai_analysis is not None
        assert message.ai_analysis.intent is intent
        assert message.handled_at is not None

    async def test_an_out_of_office_does_not_stop_the_attempts(
        self, ctx: Context, clock: Clock, campaign: Campaign
    ) -> None:
        await stage.answered_with(ctx, campaign, "I am away", headers=AWAY)
        clock.forward(days=3)
        assert await stage.scan(ctx) == {"attempt_queued": 1}

    async def test_a_hard_bounce_ends_them(self, ctx: Context, clock: Clock, campaign: Campaign) -> None:
        await stage.answered_with(ctx, campaign, "550 5.1.1 user unknown", headers=BOUNCED)
        patient = await patients.get(campaign.patient_id)
        assert patient.unusable_addresses == [campaign.channel.address]
        clock.forward(days=3)
        assert await stage.scan(ctx) == {"no_usable_address": 1}

    async def test_a_robot_beside_a_person_leaves_the_person_their_answer(
        self, ctx: Context, campaign: Campaign
    ) -> None:
        await stage.incoming(ctx, campaign, "I am away", headers=AWAY)
        await stage.incoming(ctx, campaign, "yes please")
        await inbox.drain(ctx)
        assert (await campaigns.get(campaign.id)).status is S.RE_ENGAGED
        assert len(await stage.rows(kind=MessageKind.REPLY)) == 1

    async def test_two_robots_that_show_no_sign_of_it_stop_after_three_answers(
        self, ctx: Context, clock: Clock, campaign: Campaign
    ) -> None:
        for _ in range(6):
            await stage.answered_with(ctx, campaign, "yes please")
            await outbox.drain(ctx)
        assert len(await stage.rows(kind=MessageKind.REPLY)) <= 3
        assert (await campaigns.get(campaign.id)).status is S.HANDOFF_REQUIRED


class TestFailingProvider:
    async def test_a_person_takes_over_and_the_patient_is_told(
        self, ctx: Context, clock: Clock, campaign: Campaign
    ) -> None:
        after = await stage.answered_with(stage.speaking(ctx, FailingProvider()), campaign, "yes please")
        assert after.status is S.HANDOFF_REQUIRED
        assert after.handoff_details is not None
        assert after.handoff_details.reason == "agent_failed: LanguageModelError"
        assert after.handoff_details.patient_question == "yes please"
        assert (await stage.only_row(kind=MessageKind.HANDOFF)).body == wording.HANDED_OVER.format(first_name="Ana")
        assert (await outbox.drain(ctx))["sent"] == 1

    async def test_a_stop_is_heeded_without_it(self, ctx: Context, campaign: Campaign) -> None:
        after = await stage.answered_with(stage.speaking(ctx, FailingProvider()), campaign, "STOP")
        assert after.status is S.RECOVERY_DECLINED

    async def test_where_no_handoff_is_possible_staff_still_see_the_message(
        self, ctx: Context, campaign: Campaign
    ) -> None:
        await force_status(campaign, S.BOOKING_INITIATED)
        after = await stage.answered_with(stage.speaking(ctx, FailingProvider()), campaign, "yes please")
        assert after.status is S.BOOKING_INITIATED
        [message] = await stage.received(campaign)
        assert message.handled_at is None
        assert message.read_at is not None
