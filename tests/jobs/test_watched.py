"""The numbers that `/metrics` reads: queues and their age, channels, mailbox, jobs, lease, rules, spending."""

from datetime import timedelta
from typing import Any

import pytest

from app.context import Context
from app.jobs import watched
from app.jobs.scheduler import this_process
from app.models.base import LONG_AGO
from app.models.channel_states import ChannelState
from app.models.enums import ChannelType, OutboxState, PauseReason
from app.models.invariant_reports import BrokenInvariant, InvariantReport
from app.models.mailboxes import MailboxState
from app.models.operations import LEADER, JobLease, JobRun
from app.models.outbox import OutboundMessage
from app.models.recovery import SendingState
from app.models.spending import ModelSpending
from app.services import spending, watched_health
from tests.conftest import Clock
from tests.services import stage

MINUTE = timedelta(minutes=1)


async def number(ctx: Context, name: str, label: str = "") -> float | None:
    return (await watched.read(ctx)).get(name, {}).get(label)


async def waiting_message(ctx: Context, **changes: Any) -> OutboundMessage:
    """A message that could leave now, changed as the test wants it."""
    campaign = await stage.written_to(ctx)
    row = await OutboundMessage.find({"campaign_id": campaign.id}).first_or_none()
    assert row is not None
    facts = {"state": OutboxState.PENDING, "not_before": ctx.now(), "hold_until": LONG_AGO}
    await OutboundMessage.collection().update_one({"_id": row.id}, {"$set": facts | changes})
    return row


class TestOutbox:
    async def test_an_empty_one_is_told_as_such(self, ctx: Context) -> None:
        for channel in ChannelType:
            assert await number(ctx, "chairside_outbox_waiting", channel.value) == 0
            assert await number(ctx, "chairside_outbox_oldest_seconds", channel.value) == 0
        assert await number(ctx, "chairside_outbox_held") == 0

    async def test_what_could_leave_ages_from_the_moment_it_could(self, ctx: Context, clock: Clock) -> None:
        await waiting_message(ctx)
        clock.forward(minutes=2)
        assert await number(ctx, "chairside_outbox_waiting", "email") == 1
        assert await number(ctx, "chairside_outbox_oldest_seconds", "email") == 120

    async def test_a_night_in_which_it_had_to_wait_does_not_age_it(self, ctx: Context, clock: Clock) -> None:
        await waiting_message(ctx, hold_until=ctx.now() + 60 * MINUTE)
        assert await number(ctx, "chairside_outbox_waiting", "email") == 0
        assert await number(ctx, "chairside_outbox_held") == 1
        clock.forward(minutes=61)
        assert await number(ctx, "chairside_outbox_oldest_seconds", "email") == 60
        assert await number(ctx, "chairside_outbox_held") == 0

    @pytest.mark.parametrize("state", [OutboxState.DRAFTED, OutboxState.SENDING])
    async def test_one_that_is_half_way_waits_too(self, ctx: Context, state: OutboxState) -> None:
        await waiting_message(ctx, state=state)
        assert await number(ctx, "chairside_outbox_waiting", "email") == 1

    @pytest.mark.parametrize(
        "state", [OutboxState.SENT, OutboxState.FAILED, OutboxState.CANCELLED, OutboxState.UNKNOWN]
    )
    async def test_an_end_waits_no_more(self, ctx: Context, state: OutboxState) -> None:
        await waiting_message(ctx, state=state)
        assert await number(ctx, "chairside_outbox_waiting", "email") == 0


class TestChannels:
    async def test_one_that_stands_still_is_told(self, ctx: Context, clock: Clock) -> None:
        await ChannelState(id=ChannelType.SMS, until=ctx.now() + MINUTE).insert()
        assert await number(ctx, "chairside_channel_closed", "sms") == 1
        assert await number(ctx, "chairside_channel_closed", "email") == 0
        clock.forward(minutes=1)
        assert await number(ctx, "chairside_channel_closed", "sms") == 0


class TestHandoffs:
    async def test_who_waits_and_who_waits_too_long(self, ctx: Context, clock: Clock) -> None:
        campaign = await stage.written_to(ctx)
        await stage.answered_with(ctx, campaign, "I want to talk to a human being, please.")
        assert await number(ctx, "chairside_handoffs_waiting") == 1
        assert await number(ctx, "chairside_handoffs_late") == 0
        clock.forward(days=3)
        assert await number(ctx, "chairside_handoffs_late") == 1


class TestMailbox:
    async def test_without_one_nothing_is_told(self, ctx: Context) -> None:
        assert await number(ctx, "chairside_gmail_watch_expires_timestamp_seconds") is None

    async def test_a_state_becomes_stamps_and_alarms(self, ctx: Context) -> None:
        state = MailboxState(
            id="desk@example.com",
            connected_at=ctx.now(),
            last_synced_at=ctx.now() - MINUTE,
            watch_expires_at=ctx.now() + MINUTE,
            alarms=["watch_lapses"],
        )
        told = watched_health.mailbox_numbers(state)
        assert told["chairside_gmail_synced_timestamp_seconds"] == {"": (ctx.now() - MINUTE).timestamp()}
        assert told["chairside_gmail_watch_expires_timestamp_seconds"] == {"": (ctx.now() + MINUTE).timestamp()}
        assert told["chairside_gmail_alarm"] == {"disconnected": 0.0, "unreachable": 0.0, "watch_lapses": 1.0}


class TestLease:
    async def test_nobody_leads_before_anybody_did(self, ctx: Context) -> None:
        assert await number(ctx, "chairside_scheduler_leads") == 0
        assert await number(ctx, "chairside_scheduler_lease_ends_timestamp_seconds") is None

    @pytest.mark.parametrize(
        ("holder", "leads"), [(this_process(), 1), ("another:1:abcdef", 0)], ids=["this", "another"]
    )
    async def test_who_leads_and_until_when(self, ctx: Context, clock: Clock, holder: str, leads: int) -> None:
        until = ctx.now() + MINUTE
        await JobLease.take(LEADER, holder=holder, now=ctx.now(), until=until)
        assert await number(ctx, "chairside_scheduler_leads") == leads
        assert await number(ctx, "chairside_scheduler_lease_ends_timestamp_seconds") == until.timestamp()
        clock.forward(minutes=1)
        assert await number(ctx, "chairside_scheduler_leads") == 0, "a lease that ended leads nobody"


class TestJobs:
    async def test_when_each_ran_and_whether_it_failed(self, ctx: Context) -> None:
        await JobRun(id="insight", last_run_at=ctx.now(), last_error="ValueError", last_looked_at=ctx.now()).insert()
        await JobRun(id="numbers", last_looked_at=ctx.now()).insert()
        assert await number(ctx, "chairside_job_ran_timestamp_seconds", "insight") == ctx.now().timestamp()
        assert await number(ctx, "chairside_job_ran_timestamp_seconds", "numbers") is None
        assert await number(ctx, "chairside_job_looked_timestamp_seconds", "numbers") == ctx.now().timestamp()
        assert await number(ctx, "chairside_job_failing", "insight") == 1
        assert await number(ctx, "chairside_job_failing", "numbers") == 0


class TestRules:
    async def test_nothing_is_told_before_the_first_check(self, ctx: Context) -> None:
        assert await number(ctx, "chairside_invariants_broken", "overlapping_appointments") is None

    async def test_what_broke_and_what_holds(self, ctx: Context) -> None:
        broken = [BrokenInvariant(name="overlapping_appointments", count=2)]
        await InvariantReport(checked_at=ctx.now(), took_ms=1, broken=broken).insert()
        assert await number(ctx, "chairside_invariants_broken", "overlapping_appointments") == 2
        assert await number(ctx, "chairside_invariants_broken", "numbers") == 0
        assert await number(ctx, "chairside_invariants_checked_timestamp_seconds") == ctx.now().timestamp()


class TestSending:
    async def test_it_is_not_paused(self, ctx: Context) -> None:
        assert {await number(ctx, "chairside_sending_paused", reason.value) for reason in PauseReason} == {0.0}

    async def test_a_restored_copy_is_told(self, ctx: Context) -> None:
        await SendingState.note(paused_because=PauseReason.RESTORED_COPY)
        assert await number(ctx, "chairside_sending_paused", "restored_copy") == 1
        assert await number(ctx, "chairside_sending_paused", "operator") == 0


class TestSpending:
    async def test_today_only(self, ctx: Context) -> None:
        today = await spending.today(ctx)
        await ModelSpending.add(today, None, {"tokens": 700, "micro_usd": 1_500_000})
        await ModelSpending.add(today - timedelta(days=1), None, {"tokens": 9_000, "micro_usd": 9_000_000})
        assert await number(ctx, "chairside_llm_spent_today_usd") == 1.5
        assert await number(ctx, "chairside_llm_spent_today_tokens") == 700


async def test_no_look_reads_a_whole_collection(ctx: Context) -> None:
    """A scrape every few seconds must stay cheap when years have passed: the server's profiler tells what was read."""
    for number in range(300):
        campaign = {"patient_id": number, "status": "RECOVERED", "handoff_details": None}
        await ctx.database.handle["campaigns"].insert_one(campaign)
        await ctx.database.handle["outbound_messages"].insert_one({"key": f"k{number}", "state": "SENT"})
        event = {"source": "twilio", "event_id": f"e{number}", "state": "DONE", "received_at": ctx.now()}
        await ctx.database.handle["inbound_events"].insert_one(event)
    await ctx.database.handle.command("profile", 2)
    try:
        await watched.read(ctx)
    finally:
        await ctx.database.handle.command("profile", 0)
    looks = await ctx.database.handle["system.profile"].find({"docsExamined": {"$exists": True}}).to_list()
    await ctx.database.handle.drop_collection("system.profile")
    assert len(looks) >= 10
    assert [look["ns"] for look in looks if look["docsExamined"] > 20] == []
