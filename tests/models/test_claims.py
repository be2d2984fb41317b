"""Claims and leases: one winner, a fenced loser, and a read that touches only what is due (trust.md 2.3)."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from app.context import Context
from app.models.campaigns import Campaign
from app.models.enums import InboundSource, InboxState, MessageKind, OutboxState
from app.models.inbox import InboundEvent
from app.models.operations import JobLease
from app.models.outbox import OutboundMessage
from app.services import campaigns
from tests.conftest import Clock
from tests.factories import make_recovery
from tests.services import stage

LEASE = timedelta(minutes=2)


async def claim_campaign(clock: Clock) -> Campaign | None:
    return await Campaign.claim_due(now=clock.instant, lease_until=clock.instant + LEASE, ignore_hold=False)


async def claim_row(clock: Clock, *, ignore_hold: bool = False) -> OutboundMessage | None:
    return await OutboundMessage.claim(now=clock.instant, lease_until=clock.instant + LEASE, ignore_hold=ignore_hold)


async def claim_event(clock: Clock) -> InboundEvent | None:
    return await InboundEvent.claim(now=clock.instant, lease_until=clock.instant + LEASE)


async def make_event(ctx: Context, number: int, **fields: Any) -> InboundEvent:
    values = {
        "source": InboundSource.GENERIC,
        "event_id": str(number),
        "payload": {},
        "conversation_key": "c",
        "received_at": ctx.now(),
    }
    event = InboundEvent(**(values | fields))
    await event.insert()
    return event


class TestClaimDue:
    async def test_of_many_claims_one_wins(self, ctx: Context, clock: Clock) -> None:
        campaign = await make_recovery(ctx)
        claims = await asyncio.gather(*(claim_campaign(clock) for _ in range(8)))
        assert [claim.id for claim in claims if claim] == [campaign.id]

    async def test_the_longest_overdue_comes_first(self, ctx: Context, clock: Clock) -> None:
        made = [await make_recovery(ctx) for _ in range(3)]
        for hours, campaign in enumerate(made):
            early = clock.instant - timedelta(hours=hours)
            await stage.set_raw(campaign, **{"follow_up_details.next_attempt_at": early})
        claimed = [await claim_campaign(clock) for _ in range(4)]
        assert [claim.id if claim else None for claim in claimed] == [*(c.id for c in reversed(made)), None]

    async def test_a_claim_ends_with_its_lease(self, ctx: Context, clock: Clock) -> None:
        await make_recovery(ctx)
        first = await claim_campaign(clock)
        clock.instant += LEASE
        second = await claim_campaign(clock)
        assert first is not None
        assert second is not None
        assert second.lease_generation == first.lease_generation + 1

    async def test_a_stale_worker_cannot_release_the_next_ones_lease(self, ctx: Context, clock: Clock) -> None:
        campaign = await make_recovery(ctx)
        stale = await claim_campaign(clock)
        clock.instant += LEASE
        holder = await claim_campaign(clock)
        assert stale is not None
        assert holder is not None
        await stale.release()
        assert (await campaigns.get(campaign.id)).lease_until == clock.instant + LEASE
        await holder.release()
        assert await claim_campaign(clock) is not None

    async def test_what_is_held_waits_unless_told_otherwise(self, ctx: Context, clock: Clock) -> None:
        campaign = await make_recovery(ctx)
        await stage.set_raw(campaign, hold_until=clock.instant + timedelta(hours=1))
        assert await claim_campaign(clock) is None
        ignoring = Campaign.claim_due(now=clock.instant, lease_until=clock.instant, ignore_hold=True)
        assert await ignoring is not None

    async def test_it_reads_only_what_is_due(self, ctx: Context, clock: Clock) -> None:
        for number in range(12):
            campaign = await make_recovery(ctx)
            later = clock.instant + timedelta(days=1)
            await stage.set_raw(campaign, **{"follow_up_details.next_attempt_at": later if number else clock.instant})
        [plan] = await stage.profiled(ctx, lambda: claim_campaign(clock), op="command", ns="campaigns")
        assert "IXSCAN { follow_up_details.next_attempt_at: 1 }" in plan["planSummary"]
        assert (plan["keysExamined"], plan["docsExamined"]) == (1, 1)


class TestLeaseForRun:
    async def test_one_run_at_a_time_for_a_campaign(self, ctx: Context, clock: Clock) -> None:
        campaign = await make_recovery(ctx)
        until = clock.instant + LEASE
        runs = await asyncio.gather(
            *(Campaign.lease_for_run(campaign.id, now=clock.instant, lease_until=until) for _ in range(5))
        )
        [held] = [run for run in runs if run]
        await held.release()
        assert await Campaign.lease_for_run(campaign.id, now=clock.instant, lease_until=until)


class TestOutboxClaim:
    @pytest.mark.parametrize(
        ("state", "claimable"),
        [
            (OutboxState.PENDING, True),
            (OutboxState.DRAFTED, True),
            (OutboxState.SENDING, True),
            (OutboxState.SENT, False),
            (OutboxState.UNKNOWN, False),
            (OutboxState.CANCELLED, False),
            (OutboxState.FAILED, False),
        ],
    )
    async def test_only_what_is_unfinished(
        self, ctx: Context, clock: Clock, state: OutboxState, claimable: bool
    ) -> None:
        await stage.add_row(ctx, await make_recovery(ctx), MessageKind.REPLY, state=state)
        assert (await claim_row(clock) is not None) == claimable

    @pytest.mark.parametrize(("field", "lifted"), [("not_before", False), ("hold_until", True), ("lease_until", False)])
    async def test_a_row_that_waits(self, ctx: Context, clock: Clock, field: str, lifted: bool) -> None:
        later = clock.instant + timedelta(seconds=1)
        await stage.add_row(ctx, await make_recovery(ctx), MessageKind.REPLY, **{field: later})
        assert await claim_row(clock) is None
        assert (await claim_row(clock, ignore_hold=True) is not None) == lifted
        clock.instant = later + LEASE
        assert await claim_row(clock) is not None

    async def test_a_stale_workers_write_is_refused(self, ctx: Context, clock: Clock) -> None:
        await stage.add_row(ctx, await make_recovery(ctx), MessageKind.REPLY)
        stale = await claim_row(clock)
        clock.instant += LEASE
        holder = await claim_row(clock)
        assert stale is not None
        assert holder is not None
        assert await holder.write({"state": OutboxState.DRAFTED, "handle": "h1"})
        assert not await stale.write({"state": OutboxState.DRAFTED, "handle": "h2"})
        row = await stage.only_row()
        assert (row.handle, stale.handle) == ("h1", None)

    async def test_a_write_against_another_state_is_refused(self, ctx: Context, clock: Clock) -> None:
        await stage.add_row(ctx, await make_recovery(ctx), MessageKind.REPLY)
        row = await claim_row(clock)
        assert row is not None
        changes = {"state": OutboxState.CANCELLED}
        await OutboundMessage.collection().update_one({"_id": row.id}, {"$set": changes})
        assert not await row.write({"state": OutboxState.SENDING})

    async def test_it_reads_only_what_waits(self, ctx: Context, clock: Clock) -> None:
        campaign = await make_recovery(ctx)
        for state in (*[OutboxState.SENT] * 10, OutboxState.PENDING):
            await stage.add_row(ctx, campaign, MessageKind.REPLY, state=state)
        [plan] = await stage.profiled(ctx, lambda: claim_row(clock), op="command", ns="outbound_messages")
        assert plan["docsExamined"] == 1


class TestInboxClaim:
    async def test_the_oldest_first_and_each_once(self, ctx: Context, clock: Clock) -> None:
        made = []
        for number in range(3):
            made.append(await make_event(ctx, number))
            clock.forward(seconds=1)
        claims = await asyncio.gather(*(claim_event(clock) for _ in range(5)))
        assert {claim.id for claim in claims if claim} == {event.id for event in made}
        assert claims.count(None) == 2

    async def test_an_older_unfinished_sibling_is_seen(self, ctx: Context, clock: Clock) -> None:
        older = await make_event(ctx, 1)
        younger = await make_event(ctx, 2, received_at=clock.forward(seconds=1))
        other = await make_event(ctx, 3, received_at=clock.instant, conversation_key="d")
        assert [await event.has_older_sibling() for event in (older, younger, other)] == [False, True, False]
        await InboundEvent.collection().update_one({"_id": older.id}, {"$set": {"state": InboxState.PARKED}})
        assert not await younger.has_older_sibling()

    async def test_of_two_that_came_in_one_instant_one_is_the_older(self, ctx: Context) -> None:
        events = [await make_event(ctx, number) for number in (1, 2)]
        assert sorted([await event.has_older_sibling() for event in events]) == [False, True]


class TestJobLease:
    async def test_one_holder_at_a_time(self, ctx: Context, clock: Clock) -> None:
        until = clock.instant + LEASE
        takes = (JobLease.take("job", holder=f"h{n}", now=clock.instant, until=until) for n in range(6))
        assert sum(await asyncio.gather(*takes)) == 1

    async def test_the_holder_may_renew_and_others_wait_for_the_end(self, ctx: Context, clock: Clock) -> None:
        assert await JobLease.take("job", holder="a", now=clock.instant, until=clock.instant + LEASE)
        clock.forward(seconds=60)
        assert await JobLease.take("job", holder="a", now=clock.instant, until=clock.instant + LEASE)
        clock.forward(seconds=119)
        assert not await JobLease.take("job", holder="b", now=clock.instant, until=clock.instant + LEASE)
        clock.forward(seconds=1)
        assert await JobLease.take("job", holder="b", now=clock.instant, until=clock.instant + LEASE)

    async def test_what_is_done_is_never_taken_again(self, ctx: Context, clock: Clock) -> None:
        await JobLease.take("job", holder="a", now=clock.instant, until=clock.instant + LEASE)
        await JobLease.give_back("job", holder="b", done_at=clock.instant)
        await JobLease.give_back("job", holder="a", done_at=clock.instant)
        clock.forward(days=1)
        for holder in ("a", "b"):
            assert not await JobLease.take("job", holder=holder, now=clock.instant, until=clock.instant + LEASE)
