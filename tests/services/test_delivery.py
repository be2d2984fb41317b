"""The last look before a message leaves: stops, takeovers and households at every step (trust.md faults 5 and 14)."""

import asyncio
from dataclasses import replace
from functools import partial

import pytest

from app.context import Context
from app.jobs import inbox, outbox, outreach, registry
from app.models.campaigns import Campaign
from app.models.enums import CampaignStatus, ChannelType, Delivery, MessageKind, OutboxState
from app.models.interactions import Interaction
from app.models.outbox import OutboundMessage
from app.models.patients import Patient
from app.models.records import Decision
from app.services import campaigns, conversations, inbound, launching, opt_outs
from tests.agent.provider import FixedProvider
from tests.conftest import Clock
from tests.factories import make_clinic, make_due_patient, make_patient, make_user, wall
from tests.services import stage

S = CampaignStatus
OUTBOX_STEPS = ["outbox.claimed", "outbox.drafted", "outbox.draft_stored"]


@pytest.fixture
def ctx(ctx: Context) -> Context:
    return stage.speaking(ctx)


async def stop(ctx: Context, campaign: Campaign) -> None:
    await opt_outs.stop_address(ctx, channel=ChannelType.EMAIL, address=campaign.channel.address, source="test")


async def take_over(ctx: Context, campaign: Campaign, new_status: CampaignStatus | None = None) -> None:
    """A person answers the patient."""
    user = await make_user(ctx)
    await conversations.respond(
        ctx, campaign.id, text="I am a person.", new_status=new_status, actor=f"user:{user.id}", key="k"
    )


class TestOptOutWhileSending:
    @pytest.mark.parametrize("step", ["outreach.claimed", "outreach.queued", *OUTBOX_STEPS])
    async def test_no_attempt_leaves_after_a_stop_at_any_step(self, ctx: Context, clock: Clock, step: str) -> None:
        campaign = await stage.running_campaign(ctx)
        stopping = stage.at_step(ctx, step, partial(stop, ctx, campaign))
        await outreach.send_due_follow_ups(stopping)
        await outbox.drain(stopping)
        clock.forward(minutes=10)
        await registry.drain(ctx, ignore_window=True)
        assert await stage.sent_bodies() == []
        ended = await campaigns.get(campaign.id)
        assert (ended.status, ended.follow_up_details.attempts_made) == (S.RECOVERY_DECLINED, 0)

    @pytest.mark.parametrize("step", OUTBOX_STEPS)
    @pytest.mark.parametrize(
        "kind", [MessageKind.REPLY, MessageKind.HANDOFF, MessageKind.STAFF, MessageKind.CONFIRMATION]
    )
    async def test_no_other_message_leaves_either(
        self, ctx: Context, clock: Clock, step: str, kind: MessageKind
    ) -> None:
        campaign = await stage.running_campaign(ctx)
        await stage.add_row(ctx, campaign, kind)
        await outbox.drain(stage.at_step(ctx, step, partial(stop, ctx, campaign)))
        clock.forward(minutes=10)
        await outbox.drain(ctx)
        assert await stage.sent_bodies() == []
        assert (await stage.only_row()).state is OutboxState.CANCELLED

    async def test_the_confirmation_of_the_stop_itself_may_leave(self, ctx: Context) -> None:
        campaign = await stage.written_to(ctx)
        await stage.answered_with(ctx, campaign, "STOP")
        await outbox.drain(ctx)
        assert (await stage.sent_bodies())[1:] == [opt_outs.CONFIRMATION]

    async def test_a_stop_recorded_elsewhere_is_read_at_the_last_moment(self, ctx: Context) -> None:
        """Whoever wrote the stop, and whatever they forgot to withdraw."""
        campaign = await stage.running_campaign(ctx)
        await stage.queue_due(ctx)
        await Patient.collection().update_one(
            {"_id": campaign.patient_id},
            {"$push": {"opt_outs": {"channel": "all", "at": ctx.now(), "source": "import"}}},
        )
        assert (await outbox.drain(ctx))["withheld"] == 1
        row = await stage.only_row()
        assert (row.state, row.state_reason) == (OutboxState.CANCELLED, "opted_out")
        assert await stage.reasons(outcome="refused") == ["opted_out"]

    @pytest.mark.parametrize("then", ["stop", "takeover"])
    async def test_a_message_whose_worker_died_before_sending_is_judged_again(
        self, ctx: Context, clock: Clock, then: str
    ) -> None:
        campaign = await stage.running_campaign(ctx)
        await stage.queue_due(ctx)
        with pytest.raises(stage.Crash):
            await outbox.drain(stage.crashing_at(ctx, "outbox.sending"))
        await (stop(ctx, campaign) if then == "stop" else take_over(ctx, campaign))
        clock.forward(minutes=10)
        await outbox.drain(ctx)
        assert not [body for body in await stage.sent_bodies() if body != "I am a person."]


class TestTakeover:
    @pytest.mark.parametrize("new_status", [None, S.HANDOFF_REQUIRED])
    async def test_while_the_agent_composes_an_answer(self, ctx: Context, new_status: CampaignStatus | None) -> None:
        campaign = await stage.written_to(ctx)
        provider = FixedProvider()
        provider.while_thinking = partial(take_over, ctx, campaign, new_status)
        await stage.incoming(ctx, campaign, "yes please")
        await inbox.drain(stage.speaking(ctx, provider))
        await outbox.drain(ctx)
        assert (await stage.sent_bodies())[1:] == ["I am a person."]
        assert await stage.rows(kind=MessageKind.REPLY) == []
        assert len(provider.heard) == 1

    async def test_while_the_agent_composes_an_attempt(self, ctx: Context) -> None:
        campaign = await stage.running_campaign(ctx)
        provider, answered = FixedProvider(), partial(take_over, ctx, campaign)
        provider.while_thinking = stage.once(answered)
        await stage.scan(stage.speaking(ctx, provider))
        assert await stage.sent_bodies() == ["I am a person."]

    async def test_after_the_answer_was_queued(self, ctx: Context) -> None:
        campaign = await stage.answered_with(ctx, await stage.written_to(ctx), "yes please")
        await take_over(ctx, campaign)
        await outbox.drain(ctx)
        assert (await stage.sent_bodies())[1:] == ["I am a person."]
        reply = await stage.only_row(kind=MessageKind.REPLY)
        assert (reply.state, reply.state_reason) == (OutboxState.CANCELLED, "staff_answered")

    @pytest.mark.parametrize("step", OUTBOX_STEPS)
    async def test_while_the_answer_is_being_sent(self, ctx: Context, step: str) -> None:
        campaign = await stage.answered_with(ctx, await stage.written_to(ctx), "yes please")
        await outbox.drain(stage.at_step(ctx, step, partial(take_over, ctx, campaign)))
        await outbox.drain(ctx)
        assert (await stage.sent_bodies())[1:] == ["I am a person."]

    async def test_an_attempt_that_a_person_forestalled_does_not_end_the_campaigns_plan(
        self, ctx: Context, clock: Clock
    ) -> None:
        campaign = await stage.running_campaign(ctx)
        await stage.queue_due(ctx)
        await take_over(ctx, campaign)
        await outbox.drain(ctx)
        assert await stage.sent_bodies() == ["I am a person."]
        later = (await campaigns.get(campaign.id)).follow_up_details.next_attempt_at
        assert later is not None
        assert later > clock.instant


class TestHousehold:
    async def family(self, ctx: Context) -> None:
        """Two patients with one inbox, both due, both messages in the outbox."""
        await make_clinic()
        parent = await make_due_patient(ctx, email="family@example.com")
        await make_due_patient(ctx, email="family@example.com", guardian_id=parent.id)
        await launching.launch_due(ctx)

    async def test_the_second_message_waits_for_the_next_window(self, ctx: Context, clock: Clock) -> None:
        await self.family(ctx)
        await stage.scan(ctx)
        assert len(await stage.sent_bodies()) == 1
        later = await stage.only_row(state={"$ne": OutboxState.SENT})
        assert later.not_before == wall(await make_clinic(), "2026-11-24 09:00")
        assert later.state_reason in {"household_written_today", "one_message_a_day"}
        assert await Decision.find({"rule": later.state_reason, "outcome": "postponed"}).count() == 1
        clock.instant = later.not_before
        assert (await outbox.drain(ctx))["sent"] == 1
        assert len(await stage.sent_bodies()) == 2

    async def test_two_workers_who_race_cannot_both_send(self, ctx: Context, clock: Clock) -> None:
        await self.family(ctx)
        await stage.queue_due(ctx)
        both = asyncio.Barrier(2)

        async def meet(step: str) -> None:
            if step == "outbox.draft_stored":
                await both.wait()

        counts = await outbox.drain(replace(ctx, pause=meet))
        assert (counts["sent"], counts["withheld"]) == (1, 1)
        later = await stage.only_row(state={"$ne": OutboxState.SENT})
        assert later.state_reason == "one_message_a_day"
        assert later.day_keys is None
        clock.instant = later.not_before
        assert (await outbox.drain(ctx))["sent"] == 1

    async def test_the_second_scan_of_the_day_waits_too(self, ctx: Context) -> None:
        await make_clinic()
        parent = await make_due_patient(ctx, email="family@example.com")
        child = await make_patient(ctx, email="family@example.com", guardian_id=parent.id)
        await launching.launch_due(ctx)
        await stage.scan(ctx)
        await stage.due_today(ctx, child)
        await launching.launch_due(ctx)
        assert await stage.scan(ctx) == {"household_written_today": 1}

    async def test_an_answer_is_not_held_by_the_household(self, ctx: Context) -> None:
        await self.family(ctx)
        await stage.scan(ctx)
        campaign = next(c for c in await Campaign.find_all().to_list() if c.first_sent_at)
        await stage.answered_with(ctx, campaign, "yes please")
        assert (await outbox.drain(ctx))["sent"] == 1


class TestWindow:
    async def test_an_answer_goes_at_once_at_night(self, ctx: Context, clock: Clock) -> None:
        campaign = await stage.written_to(ctx)
        clock.forward(hours=12)
        await stage.answered_with(ctx, campaign, "yes please")
        assert (await outbox.drain(ctx))["sent"] == 1


class TestWithheldMessages:
    async def test_a_reply_to_a_conversation_that_was_handed_over_is_withdrawn(self, ctx: Context) -> None:
        campaign = await stage.set_raw(await stage.running_campaign(ctx), status=S.HANDOFF_REQUIRED)
        row = await stage.add_row(ctx, campaign, MessageKind.REPLY)
        assert (await outbox.drain(ctx))["withheld"] == 1
        after = await OutboundMessage.get(row.id)
        assert after is not None
        assert (after.state, after.state_reason) == (OutboxState.CANCELLED, "handed_over")

    async def test_a_withdrawn_attempt_leaves_its_reason_and_is_looked_at_again(
        self, ctx: Context, clock: Clock
    ) -> None:
        campaign = await stage.running_campaign(ctx)
        await stage.queue_due(ctx)
        message = await stage.incoming(ctx, campaign, "yes please")
        await inbound.take_in(ctx, message, campaign)
        assert (await outbox.drain(ctx))["withheld"] == 1
        assert "reply_received" in await stage.reasons(outcome="refused")
        assert (await campaigns.get(campaign.id)).follow_up_details.next_attempt_at == clock.instant
        [shown] = await Interaction.find({"direction": "outgoing"}).to_list()
        assert shown.delivery is Delivery.FAILED
