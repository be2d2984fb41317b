"""Each message leaves once or staff see why not: errors, crashes, stalls, leases (domain.md 8, trust.md 2.4)."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from app.channels.base import ChannelError, OutcomeUnknownError, RecipientRefusedError
from app.context import Context
from app.jobs import outbox
from app.jobs.outbox import MOST_FAILURES
from app.models.campaigns import Campaign
from app.models.enums import Author, CampaignStatus, ChannelType, Delivery, MessageKind, OutboxState
from app.models.interactions import Interaction
from app.models.outbox import OutboundMessage
from app.models.sandbox import SandboxMessage
from app.services import campaigns, invariants, opt_outs, patients
from app.services.outgoing_messages import message_of
from tests.conftest import Clock
from tests.services import stage
from tests.services.channels import draftless, through, troubled

BUSY = ChannelError("try later")
REFUSED = RecipientRefusedError("no such mailbox")
SILENT = OutcomeUnknownError("no answer")


@pytest.fixture
def ctx(ctx: Context) -> Context:
    return stage.speaking(ctx)


@pytest.fixture
async def campaign(ctx: Context) -> Campaign:
    """A campaign whose first attempt waits in the outbox."""
    started = await stage.running_campaign(ctx)
    await stage.queue_due(ctx)
    return started


async def attempts_made(campaign: Campaign) -> int:
    return (await campaigns.get(campaign.id)).follow_up_details.attempts_made


async def next_attempt_at(campaign: Campaign) -> datetime | None:
    return (await campaigns.get(campaign.id)).follow_up_details.next_attempt_at


async def shown(row: OutboundMessage) -> Interaction:
    interaction = await Interaction.get(row.id)
    assert interaction is not None
    return interaction


class TestSending:
    async def test_a_sent_attempt_counts_once_and_plans_the_next(
        self, ctx: Context, clock: Clock, campaign: Campaign
    ) -> None:
        assert await attempts_made(campaign) == 0
        now = clock.forward(minutes=1)
        assert (await outbox.drain(ctx))["sent"] == 1
        assert not any((await outbox.drain(ctx)).values())
        row = await stage.only_row()
        assert (row.state, row.sent_at) == (OutboxState.SENT, now)
        assert await attempts_made(campaign) == 1
        assert await next_attempt_at(campaign) == now + timedelta(days=3)
        after = await campaigns.get(campaign.id)
        assert (after.first_sent_at, after.channel.thread_id) == (now, row.thread_id)

    async def test_the_conversation_shows_it_with_the_providers_id(self, ctx: Context, campaign: Campaign) -> None:
        queued = await shown(await stage.only_row())
        assert (queued.delivery, queued.author) == (Delivery.QUEUED, Author.AI)
        await outbox.drain(ctx)
        row = await stage.only_row()
        sent = await shown(row)
        assert (sent.delivery, sent.external_id) == (Delivery.SENT, row.external_id)

    async def test_it_says_to_other_robots_that_it_is_automatic(self, ctx: Context, campaign: Campaign) -> None:
        row = await stage.only_row()
        headers = (await message_of(row)).headers
        assert headers["Auto-Submitted"] == "auto-generated"
        assert (headers["X-Auto-Response-Suppress"], headers["X-Outbox-Id"]) == ("All", str(row.id))
        answer = await message_of(row.model_copy(update={"in_reply_to": "m1"}))
        assert answer.headers["Auto-Submitted"] == "auto-replied"
        by_staff = await message_of(row.model_copy(update={"is_automatic": False}))
        assert set(by_staff.headers) == {"X-Outbox-Id"}

    async def test_drains_at_once_send_each_message_once(self, ctx: Context, campaign: Campaign) -> None:
        for _ in range(20):
            await stage.add_row(ctx, campaign, MessageKind.REPLY)
        counts = await asyncio.gather(*(outbox.drain(ctx) for _ in range(3)))
        assert sum(count["sent"] for count in counts) == 21
        assert len(await stage.sent_bodies()) == 21
        assert await attempts_made(campaign) == 1

    async def test_a_channel_that_is_not_configured_fails_and_says_so(self, ctx: Context, campaign: Campaign) -> None:
        nothing = replace(ctx, channels={})
        assert (await outbox.drain(nothing))["failed"] == 1
        row = await stage.only_row()
        assert (row.state, row.state_reason) == (OutboxState.FAILED, "channel_not_configured")


class TestTemporaryErrors:
    async def test_they_are_retried_with_growing_pauses_and_use_no_attempt(
        self, ctx: Context, clock: Clock, campaign: Campaign
    ) -> None:
        channel = troubled(ctx, before=[BUSY, BUSY])
        ctx = through(ctx, channel)
        for seconds in (10, 20):
            assert (await outbox.drain(ctx))["retried"] == 1
            assert await attempts_made(campaign) == 0
            clock.forward(seconds=seconds, milliseconds=-1)
            assert not any((await outbox.drain(ctx)).values())
            clock.forward(milliseconds=1)
        assert (await outbox.drain(ctx))["sent"] == 1
        assert (len(channel.sends), await attempts_made(campaign)) == (3, 1)
        assert await SandboxMessage.count() == 1  # one draft served all three tries

    async def test_one_while_drafting_is_retried_too(self, ctx: Context, clock: Clock, campaign: Campaign) -> None:
        channel = troubled(ctx)
        channel.when_drafting = [BUSY]
        ctx = through(ctx, channel)
        assert (await outbox.drain(ctx))["retried"] == 1
        clock.forward(seconds=10)
        assert (await outbox.drain(ctx))["sent"] == 1

    async def test_after_eight_it_is_given_up_and_the_campaign_looked_at_again(
        self, ctx: Context, clock: Clock, campaign: Campaign
    ) -> None:
        channel = draftless(ctx)
        channel.before = [BUSY] * MOST_FAILURES
        ctx = through(ctx, channel)
        for _ in range(MOST_FAILURES):
            await outbox.drain(ctx)
            clock.forward(hours=1)
        row = await stage.only_row()
        assert (row.state, row.state_reason, row.failures) == (OutboxState.FAILED, "ChannelError", MOST_FAILURES - 1)
        assert (await shown(row)).delivery is Delivery.FAILED
        assert await attempts_made(campaign) == 0
        clock.forward(days=1)
        assert await stage.scan(ctx) == {"attempt_queued": 1}
        assert await attempts_made(campaign) == 1
        assert not any((await invariants.check(ctx)).values())

    async def test_a_draft_that_may_have_been_sent_ends_as_unknown(
        self, ctx: Context, clock: Clock, campaign: Campaign
    ) -> None:
        ctx = through(ctx, troubled(ctx, before=[BUSY] * MOST_FAILURES))
        for _ in range(MOST_FAILURES):
            await outbox.drain(ctx)
            clock.forward(hours=1)
        assert (await stage.only_row()).state is OutboxState.UNKNOWN
        assert await attempts_made(campaign) == 1

    async def test_a_draft_whose_send_failed_cannot_be_withdrawn_as_if_it_had_not_left(
        self, ctx: Context, clock: Clock, campaign: Campaign
    ) -> None:
        """The error may be the answer's, not the message's: a stop now must not say that nothing was sent."""
        ctx = through(ctx, troubled(ctx, after=[BUSY]))
        assert (await outbox.drain(ctx))["retried"] == 1
        await opt_outs.stop_address(ctx, channel=ChannelType.EMAIL, address=campaign.channel.address, source="test")
        clock.forward(minutes=5)
        await outbox.drain(ctx)
        row = await stage.only_row(kind=MessageKind.ATTEMPT)
        assert (row.state, len(await stage.sent_bodies())) == (OutboxState.SENT, 1)
        assert await attempts_made(campaign) == 1


class TestRefusedRecipients:
    async def test_the_address_is_never_used_again(self, ctx: Context, campaign: Campaign) -> None:
        ctx = through(ctx, troubled(ctx, before=[REFUSED]))
        assert (await outbox.drain(ctx))["failed"] == 1
        row = await stage.only_row()
        assert (row.state, row.state_reason) == (OutboxState.FAILED, "recipient_refused")
        patient = await patients.get(campaign.patient_id)
        assert patient.unusable_addresses == [campaign.channel.address]
        assert await stage.scan(ctx) == {"no_usable_address": 1}
        assert (await campaigns.get(campaign.id)).status is CampaignStatus.RECOVERY_FAILED
        assert await attempts_made(campaign) == 0


class TestUnknownOutcome:
    async def test_nobody_knows_so_it_counts_once_and_is_never_sent_again(
        self, ctx: Context, clock: Clock, campaign: Campaign
    ) -> None:
        channel = draftless(ctx)
        channel.before, channel.knows_nothing = [SILENT], True
        ctx = through(ctx, channel)
        for _ in range(2):
            assert (await outbox.drain(ctx))["retried"] == 1
            clock.forward(minutes=6)
        assert (await outbox.drain(ctx))["unknown"] == 1
        row = await stage.only_row()
        assert row.state is OutboxState.UNKNOWN
        assert (await shown(row)).delivery is Delivery.UNKNOWN
        assert await attempts_made(campaign) == 1
        assert await next_attempt_at(campaign) == clock.instant + timedelta(days=3)
        clock.forward(days=2)
        assert not any((await outbox.drain(ctx)).values())
        assert len(channel.sends) == 1
        assert not any((await invariants.check(ctx)).values())

    async def test_a_provider_that_knows_is_asked_before_giving_up(self, ctx: Context, campaign: Campaign) -> None:
        ctx = through(ctx, troubled(ctx, after=[SILENT]))
        assert (await outbox.drain(ctx))["sent"] == 1
        assert (await stage.only_row()).state is OutboxState.SENT
        assert len(await stage.sent_bodies()) == 1

    async def test_a_provider_that_cannot_be_asked_now_is_asked_later(
        self, ctx: Context, clock: Clock, campaign: Campaign
    ) -> None:
        with pytest.raises(stage.Crash):
            await outbox.drain(stage.crashing_at(ctx, "outbox.sent"))
        clock.forward(minutes=10)
        channel = troubled(ctx)
        channel.when_asked = [BUSY]
        ctx = through(ctx, channel)
        await outbox.drain(ctx)
        clock.forward(minutes=10)
        await outbox.drain(ctx)
        assert (await stage.only_row()).state is OutboxState.SENT
        assert (len(await stage.sent_bodies()), await attempts_made(campaign)) == (1, 1)


class TestCrashes:
    @pytest.mark.parametrize(
        "step",
        ["claimed", "drafted", "draft_stored", "sending", "sent", "stamped"],
    )
    async def test_after_a_crash_at_any_step_it_left_once_and_counts_once(
        self, ctx: Context, clock: Clock, campaign: Campaign, step: str
    ) -> None:
        with pytest.raises(stage.Crash):
            await outbox.drain(stage.crashing_at(ctx, f"outbox.{step}"))
        clock.forward(seconds=ctx.settings.chairside_lease_seconds)
        await outbox.drain(ctx)
        row = await stage.only_row()
        assert (row.state, (await shown(row)).delivery) == (OutboxState.SENT, Delivery.SENT)
        assert (len(await stage.sent_bodies()), await attempts_made(campaign)) == (1, 1)
        assert not any((await invariants.check(ctx)).values())

    async def test_a_row_left_in_sending_is_found_at_the_provider_and_stamped(
        self, ctx: Context, clock: Clock, campaign: Campaign
    ) -> None:
        with pytest.raises(stage.Crash):
            await outbox.drain(stage.crashing_at(ctx, "outbox.sent"))
        assert (await stage.only_row()).state is OutboxState.SENDING
        clock.forward(seconds=ctx.settings.chairside_lease_seconds)
        channel = troubled(ctx)
        assert (await outbox.drain(through(ctx, channel)))["sent"] == 1
        assert channel.sends == []  # the provider was asked, and knew it
        assert len(await stage.sent_bodies()) == 1

    @pytest.mark.parametrize(("step", "left"), [("outbox.sending", 0), ("outbox.sent", 1)])
    async def test_without_drafts_nothing_is_ever_sent_twice(
        self, ctx: Context, clock: Clock, campaign: Campaign, step: str, left: int
    ) -> None:
        channel = draftless(ctx)
        ctx = through(ctx, channel)
        with pytest.raises(stage.Crash):
            await outbox.drain(stage.crashing_at(ctx, step))
        clock.forward(seconds=ctx.settings.chairside_lease_seconds)
        ends = {"sent": 0, "unknown": 0}
        for _ in range(3):
            counts = await outbox.drain(ctx)
            ends = {end: ends[end] + counts[end] for end in ends}
            clock.forward(minutes=6)
        assert (ends["sent"], ends["unknown"]) == (left, 1 - left)
        assert len(channel.sends) == len(await stage.sent_bodies()) == left
        assert await attempts_made(campaign) == 1


class TestLeases:
    async def test_a_held_row_is_left_alone_until_its_lease_ends(
        self, ctx: Context, clock: Clock, campaign: Campaign
    ) -> None:
        await OutboundMessage.claim(now=clock.instant, lease_until=ctx.lease_until, ignore_hold=False)
        assert not any((await outbox.drain(ctx)).values())
        clock.forward(seconds=ctx.settings.chairside_lease_seconds)
        assert (await outbox.drain(ctx))["sent"] == 1

    @pytest.mark.parametrize("step", ["claimed", "drafted", "draft_stored", "sending", "sent"])
    async def test_a_worker_that_stalls_past_its_lease_neither_sends_nor_counts_again(
        self, ctx: Context, clock: Clock, campaign: Campaign, step: str
    ) -> None:
        async def another_worker_takes_over() -> None:
            clock.forward(seconds=ctx.settings.chairside_lease_seconds)
            while (await stage.only_row()).state is not OutboxState.SENT:  # it may be a colleague of the same drain
                await outbox.drain(ctx)

        await outbox.drain(stage.at_step(ctx, f"outbox.{step}", another_worker_takes_over))
        row = await stage.only_row()
        assert row.state is OutboxState.SENT
        assert (len(await stage.sent_bodies()), await attempts_made(campaign)) == (1, 1)
        assert (await campaigns.get(campaign.id)).version == 2  # queued, sent
