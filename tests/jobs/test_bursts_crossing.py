"""Bursts that cross: two channels of one patient, and words that come while the first are being answered."""

from dataclasses import replace

import pytest

from app.context import Context
from app.jobs import inbox, outbox
from app.models.campaigns import Campaign
from app.models.enums import CampaignStatus, ChannelType, InboxState, MessageKind
from app.models.inbox import InboundEvent
from app.services import campaigns
from tests.agent.provider import YES, FixedProvider
from tests.conftest import Clock, make_settings
from tests.factories import force_status, make_clinic, make_recovery
from tests.services import stage

S = CampaignStatus
WAIT, PHONE = 30, "+12025550171"
EMERGENCY = "My face is swollen and I cannot breathe"
ANSWERS = [MessageKind.REPLY, MessageKind.HANDOFF, MessageKind.EMERGENCY]


@pytest.fixture
def ctx(ctx: Context) -> Context:
    provider = FixedProvider(table={"yes please": YES, "yes please\non a monday": YES, "on a monday": YES})
    return replace(stage.speaking(ctx, provider), settings=make_settings(reply_after_seconds=WAIT))


@pytest.fixture
async def campaign(ctx: Context) -> Campaign:
    await make_clinic()
    made = await make_recovery(ctx, patient_phone=PHONE, preferred_channel=[ChannelType.EMAIL, ChannelType.SMS])
    return await force_status(made, S.RE_ENGAGED)


async def by_text_message(ctx: Context, campaign: Campaign, text: str) -> None:
    await stage.incoming(ctx, campaign, text, channel=ChannelType.SMS, sender=PHONE, thread_id=None)
    await inbox.drain(ctx)


async def settled(ctx: Context, clock: Clock) -> list[str]:
    """Let every rest end; the kinds of what was answered."""
    for _ in range(3):
        clock.forward(seconds=WAIT)
        await inbox.drain(ctx)
    assert await InboundEvent.find({"state": InboxState.RECEIVED}).count() == 0
    return [row.kind.value for row in await stage.rows(kind={"$in": ANSWERS})]


class TestTwoChannels:
    async def test_a_mail_and_a_text_message_get_one_answer(
        self, ctx: Context, clock: Clock, campaign: Campaign
    ) -> None:
        await stage.answered_with(ctx, campaign, "yes please")
        await by_text_message(ctx, campaign, "on a monday")
        assert await settled(ctx, clock) == ["reply"]
        assert [item.channel for item in await stage.received(campaign)] == [ChannelType.EMAIL, ChannelType.SMS]
        assert all(item.handled_at for item in await stage.received(campaign))

    async def test_an_emergency_on_the_other_channel_does_not_wait(
        self, ctx: Context, clock: Clock, campaign: Campaign
    ) -> None:
        await stage.answered_with(ctx, campaign, "yes please")
        await by_text_message(ctx, campaign, EMERGENCY)
        assert len(await stage.rows(kind=MessageKind.EMERGENCY)) == 1
        assert await settled(ctx, clock) == ["emergency"]

    async def test_a_stop_on_the_other_channel_leaves_nothing_to_answer(
        self, ctx: Context, clock: Clock, campaign: Campaign
    ) -> None:
        await stage.answered_with(ctx, campaign, "yes please")
        await by_text_message(ctx, campaign, "STOP")
        assert await settled(ctx, clock) == []
        assert (await campaigns.get(campaign.id)).status is S.RECOVERY_DECLINED


class TestWhileAnswering:
    async def test_a_message_in_the_middle_is_read_and_answered_once_as_well(
        self, ctx: Context, clock: Clock, campaign: Campaign
    ) -> None:
        """The first answer knows only the first message; the second has a turn of its own, and nothing is lost."""

        async def write_more() -> None:
            await stage.incoming(ctx, campaign, "on a monday")

        provider = FixedProvider(table={"yes please": YES, "on a monday": YES}, while_thinking=stage.once(write_more))
        busy = stage.speaking(ctx, provider)
        await stage.answered_with(busy, campaign, "yes please")
        assert await settled(busy, clock) == ["reply", "reply"]
        assert [heard.text for heard in provider.heard] == ["yes please", "on a monday"]

    async def test_a_stop_in_the_middle_takes_the_answer_back(
        self, ctx: Context, clock: Clock, campaign: Campaign
    ) -> None:
        async def stop() -> None:
            await stage.incoming(ctx, campaign, "STOP")

        busy = stage.speaking(ctx, FixedProvider(while_thinking=stage.once(stop)))
        await stage.answered_with(busy, campaign, "yes please")
        await settled(busy, clock)
        await outbox.drain(ctx)
        assert [row.kind for row in await stage.rows(state="SENT")] == [MessageKind.OPT_OUT_CONFIRMATION]

    async def test_an_emergency_in_the_middle_is_dealt_with_at_once_afterwards(
        self, ctx: Context, clock: Clock, campaign: Campaign
    ) -> None:
        async def cry() -> None:
            await stage.incoming(ctx, campaign, EMERGENCY)

        busy = stage.speaking(ctx, FixedProvider(while_thinking=stage.once(cry)))
        await stage.incoming(ctx, campaign, "yes please")
        clock.forward(seconds=WAIT)
        await inbox.drain(busy)
        await inbox.drain(busy)
        assert len(await stage.rows(kind=MessageKind.EMERGENCY)) == 1
        assert (await campaigns.get(campaign.id)).status is S.HANDOFF_REQUIRED
