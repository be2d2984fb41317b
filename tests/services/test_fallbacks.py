"""A hard failure on one channel goes on over the next one, once, and the timeline says so (domain.md section 5)."""

from dataclasses import replace

import pytest

from app.channels.base import Channel, NotAllowedNowError, RecipientRefusedError, RecipientStoppedError
from app.channels.sandbox import SandboxChannel
from app.context import Context
from app.jobs import outbox
from app.models.campaigns import Campaign
from app.models.enums import Author, ChannelType, CloseReason, MessageKind, OutboxState
from app.models.interactions import Interaction
from app.models.outbox import OutboundMessage
from app.services import campaigns, conversations, invariants, patients, timelines
from tests.conftest import Clock
from tests.factories import make_user
from tests.services import channels, stage

PHONE = "+12025550171"
BOTH = {"phone": PHONE, "preferred_channel": ["sms", "email"]}


@pytest.fixture
def ctx(ctx: Context) -> Context:
    return stage.speaking(ctx)


def refusing(ctx: Context, channel: ChannelType, error: Exception) -> Context:
    """The Context where the next message on one channel is refused."""
    broken = channels.troubled(ctx, before=[error])
    return replace(ctx, channels={**ctx.channels, channel: broken})


async def said(campaign: Campaign) -> list[str]:
    page = await timelines.of_patient(campaign.patient_id, limit=100)
    return [row.summary for row in page.rows]


class TestAnAttempt:
    async def test_it_is_written_anew_for_the_next_channel(self, ctx: Context) -> None:
        campaign = await stage.running_campaign(ctx, **BOTH)
        await stage.scan(refusing(ctx, ChannelType.SMS, RecipientRefusedError("21614")))
        await stage.scan(ctx)
        moved = await campaigns.get(campaign.id)
        assert (moved.channel.type, moved.channel.former) == (ChannelType.EMAIL, ChannelType.SMS)
        assert moved.follow_up_details.attempts_made == 1
        sent = await stage.only_row(state=OutboxState.SENT)
        assert (sent.channel, sent.attempt, sent.subject != "") == (ChannelType.EMAIL, 1, True)
        assert (await invariants.check(ctx))["attempts_not_equal_to_sends"] == []

    async def test_the_timeline_says_so(self, ctx: Context) -> None:
        campaign = await stage.running_campaign(ctx, **BOTH)
        await stage.scan(refusing(ctx, ChannelType.SMS, RecipientRefusedError("21614")))
        told = [line for line in await said(campaign) if "continued on another channel" in line]
        assert told == [
            "A message could not be delivered; continued on another channel: sms -> email (recipient_refused)"
        ]

    async def test_it_happens_once(self, ctx: Context) -> None:
        campaign = await stage.running_campaign(ctx, phone=PHONE, preferred_channel=["sms", "email", "whatsapp"])
        for channel in (ChannelType.SMS, ChannelType.EMAIL):
            await stage.scan(refusing(ctx, channel, RecipientRefusedError("gone")))
        await stage.scan(ctx)
        ended = await campaigns.get(campaign.id)
        assert (ended.channel.type, ended.is_active) == (ChannelType.EMAIL, False)
        assert await stage.sent_bodies() == []

    async def test_without_another_channel_the_campaign_ends(self, ctx: Context) -> None:
        campaign = await stage.running_campaign(ctx)
        await stage.scan(refusing(ctx, ChannelType.EMAIL, RecipientRefusedError("550")))
        await stage.scan(ctx)
        assert (await campaigns.get(campaign.id)).close_reason is CloseReason.UNRESPONSIVE

    async def test_a_message_that_the_channel_may_not_carry_now_spends_no_address(self, ctx: Context) -> None:
        campaign = await stage.running_campaign(ctx, phone=PHONE, preferred_channel=["whatsapp", "sms"])
        await stage.scan(refusing(ctx, ChannelType.WHATSAPP, NotAllowedNowError("63016")))
        await stage.scan(ctx)
        patient = await patients.get(campaign.patient_id)
        assert patient.unusable_addresses == []
        assert (await stage.only_row(state=OutboxState.SENT)).channel is ChannelType.SMS

    async def test_a_number_without_whatsapp_still_takes_an_sms(self, ctx: Context) -> None:
        campaign = await stage.running_campaign(ctx, phone=PHONE, preferred_channel=["whatsapp", "sms"])
        await stage.scan(refusing(ctx, ChannelType.WHATSAPP, RecipientRefusedError("63003")))
        await stage.scan(ctx)
        patient = await patients.get(campaign.patient_id)
        assert patient.unusable_addresses == [f"whatsapp:{PHONE}"]
        assert (await stage.only_row(state=OutboxState.SENT)).channel is ChannelType.SMS

    async def test_a_channel_that_nobody_connected_is_not_chosen(self, ctx: Context) -> None:
        only_sms = {ChannelType.SMS: channels.troubled(ctx, before=[RecipientRefusedError("21614")])}
        campaign = await stage.running_campaign(ctx, **BOTH)
        await stage.scan(replace(ctx, channels=only_sms))
        assert (await campaigns.get(campaign.id)).channel.type is ChannelType.SMS


class TestAnyOtherMessage:
    @pytest.mark.parametrize("kind", [MessageKind.STAFF, MessageKind.CONFIRMATION, MessageKind.HANDOFF])
    async def test_it_goes_as_it_stands(self, ctx: Context, kind: MessageKind) -> None:
        campaign = await stage.running_campaign(ctx, **BOTH)
        row = await stage.add_row(ctx, campaign, kind, channel=ChannelType.SMS, body="See you on Tuesday.")
        await outbox.drain(refusing(ctx, ChannelType.SMS, RecipientRefusedError("21614")))
        again = await stage.only_row(fallback_of=row.id)
        assert (again.state, again.channel, again.body) == (OutboxState.SENT, ChannelType.EMAIL, "See you on Tuesday.")
        assert (await campaigns.get(campaign.id)).channel.type is ChannelType.EMAIL

    async def test_a_persons_answer_stays_theirs(self, ctx: Context) -> None:
        campaign, writer = await stage.running_campaign(ctx, **BOTH), await make_user(ctx)
        actor = f"user:{writer.id}"
        await conversations.respond(ctx, campaign.id, text="Do come.", new_status=None, actor=actor, key="k")
        await outbox.drain(refusing(ctx, ChannelType.SMS, RecipientRefusedError("21614")))
        carried = await stage.only_row(channel=ChannelType.EMAIL, kind=MessageKind.STAFF)
        shown = await Interaction.get(carried.id)
        assert shown is not None
        assert (shown.author, shown.written_by) == (Author.STAFF, writer.id)

    async def test_an_attempt_that_waited_for_the_old_channel_is_planned_for_the_new_one(
        self, ctx: Context, clock: Clock
    ) -> None:
        """It is withdrawn with the channel; without a plan of its own the campaign would stand still for ever."""
        campaign = await stage.running_campaign(ctx, **BOTH)
        await stage.queue_due(ctx)
        staff = await stage.add_row(ctx, campaign, MessageKind.STAFF, channel=ChannelType.SMS)
        await OutboundMessage.collection().update_one(
            {"_id": (await stage.only_row(kind=MessageKind.ATTEMPT)).id},
            {"$set": {"hold_until": clock.forward(hours=1)}},
        )
        clock.forward(minutes=-30)
        await outbox.drain(refusing(ctx, ChannelType.SMS, RecipientRefusedError("21614")))
        assert (await stage.only_row(fallback_of=staff.id)).state is OutboxState.SENT
        clock.forward(days=1)
        await stage.scan(ctx)
        [attempt] = await stage.rows(kind=MessageKind.ATTEMPT, state=OutboxState.SENT)
        assert attempt.channel is ChannelType.EMAIL

    async def test_a_fallback_that_fails_too_is_not_carried_on(self, ctx: Context) -> None:
        campaign = await stage.running_campaign(ctx, phone=PHONE, preferred_channel=["sms", "email", "whatsapp"])
        await stage.add_row(ctx, campaign, MessageKind.STAFF, channel=ChannelType.SMS)
        refused: dict[ChannelType, Channel] = {
            ChannelType.SMS: channels.troubled(ctx, before=[RecipientRefusedError("21614")]),
            ChannelType.EMAIL: channels.troubled(ctx, before=[RecipientRefusedError("550")]),
            ChannelType.WHATSAPP: SandboxChannel(now=ctx.now),
        }
        await outbox.drain(replace(ctx, channels=refused))
        assert [row.state for row in await stage.rows()] == [OutboxState.FAILED, OutboxState.FAILED]

    async def test_a_stop_that_the_provider_keeps_becomes_ours_and_ends_it(self, ctx: Context) -> None:
        campaign = await stage.running_campaign(ctx, **BOTH)
        await stage.scan(refusing(ctx, ChannelType.SMS, RecipientStoppedError("21610")))
        patient = await patients.get(campaign.patient_id)
        assert [str(stop.channel) for stop in patient.opt_outs] == ["sms"]
        assert (await campaigns.get(campaign.id)).close_reason is CloseReason.OPTED_OUT
        assert await stage.sent_bodies() == []

    async def test_nothing_goes_on_to_a_stopped_channel(self, ctx: Context, clock: Clock) -> None:
        campaign = await stage.running_campaign(ctx, **BOTH)
        await patients.record_opt_out(ctx, patient_ids=[campaign.patient_id], channel=ChannelType.EMAIL, source="test")
        await stage.scan(refusing(ctx, ChannelType.SMS, RecipientRefusedError("21614")))
        clock.forward(days=2)
        await stage.scan(ctx)
        assert await stage.sent_bodies() == []
