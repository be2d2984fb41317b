"""A channel that stands still loses nothing, uses no try and says so (trust.md faults 12 and 24)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from app.channels.base import ChannelStoppedError, ThrottledError
from app.context import Context
from app.jobs import outbox
from app.models.enums import ChannelType, MessageKind, OutboxState
from app.services import channel_states
from tests.conftest import Clock
from tests.services import channels, stage

SLOW = ThrottledError("rateLimitExceeded", retry_after=timedelta(minutes=10))
DEAD = ChannelStoppedError("invalid_grant")


@pytest.fixture
def ctx(ctx: Context) -> Context:
    return stage.speaking(ctx)


async def three_messages(ctx: Context) -> None:
    for _ in range(3):
        await stage.add_row(ctx, await stage.running_campaign(ctx), MessageKind.STAFF)


def answering(ctx: Context, errors: Sequence[Exception]) -> tuple[Context, channels.TroubledChannel]:
    channel = channels.troubled(ctx, before=errors)
    return channels.through(ctx, channel), channel


class TestThrottled:
    async def test_the_whole_channel_waits_and_no_try_is_used(self, ctx: Context, clock: Clock) -> None:
        await three_messages(ctx)
        slow, channel = answering(ctx, [SLOW] * 4)
        await outbox.drain(slow)
        asked = len(channel.sends)
        await outbox.drain(slow)
        assert len(channel.sends) == asked <= 4  # a worker each may have been under way
        assert {row.failures for row in await stage.rows()} == {0}
        channel.before.clear()
        clock.forward(minutes=10)
        await outbox.drain(slow)
        assert {row.state for row in await stage.rows()} == {OutboxState.SENT}

    async def test_other_channels_go_on(self, ctx: Context) -> None:
        await three_messages(ctx)
        campaign = await stage.running_campaign(ctx, phone="+12025550171", preferred_channel=["sms"])
        sms = await stage.add_row(ctx, campaign, MessageKind.STAFF, channel="sms")
        broken = channels.troubled(ctx, before=[SLOW] * 4)
        await outbox.drain(replace(ctx, channels={**ctx.channels, ChannelType.EMAIL: broken}))
        assert (await stage.only_row(key=sms.key)).state is OutboxState.SENT

    async def test_a_throttled_draft_waits_too(self, ctx: Context, clock: Clock) -> None:
        await three_messages(ctx)
        slow, channel = answering(ctx, [])
        channel.when_drafting = [SLOW] * 4
        await outbox.drain(slow)
        assert {row.state for row in await stage.rows()} == {OutboxState.PENDING}
        channel.when_drafting.clear()
        clock.forward(minutes=10)
        await outbox.drain(slow)
        assert len(await stage.sent_bodies()) == 3


class TestStopped:
    async def test_it_says_so_loses_nothing_and_goes_on_when_mended(self, ctx: Context, clock: Clock) -> None:
        await three_messages(ctx)
        dead, channel = answering(ctx, [DEAD] * 4)
        await outbox.drain(dead)
        [mail, *_] = await channel_states.health(dead)
        assert (mail.is_stopped, mail.reason, mail.waiting) == (True, "invalid_grant", 3)
        channel.before.clear()
        clock.forward(minutes=6)
        await outbox.drain(dead)
        [mail, *_] = await channel_states.health(dead)
        assert (mail.is_stopped, mail.reason, mail.waiting) == (False, None, 0)
        assert len(await stage.sent_bodies()) == 3

    async def test_it_remembers_since_when(self, ctx: Context, clock: Clock) -> None:
        await three_messages(ctx)
        dead, _ = answering(ctx, [DEAD] * 40)
        began = clock()
        for _ in range(3):
            await outbox.drain(dead)
            clock.forward(minutes=6)
        [mail, *_] = await channel_states.health(dead)
        assert mail.since == began
