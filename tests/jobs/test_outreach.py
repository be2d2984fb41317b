"""The due scan under a virtual clock: three attempts, the window, the limits, the end (domain.md sections 4 and 5)."""

import asyncio
from datetime import datetime, timedelta

import pytest

from app.context import Context
from app.jobs import outbox, outreach, registry
from app.models.campaigns import Campaign
from app.models.clinic import OutreachPolicy
from app.models.enums import CampaignStatus, CloseReason, DecisionOutcome
from app.models.interactions import Interaction
from app.models.operations import JobRun
from app.models.records import Decision
from app.models.sandbox import SandboxMessage
from app.services import campaigns, clinic, inbound, patients, visits
from app.services.clinic import Wish
from tests.agent.provider import FailingProvider, FixedProvider
from tests.conftest import Clock
from tests.factories import make_clinic, make_due_patient, make_recovery, make_service, wall
from tests.services import stage

S = CampaignStatus
EVERY_HOUR = {"send_days": stage.EVERY_DAY, "send_from": "00:00", "send_until": "24:00"}


@pytest.fixture
def ctx(ctx: Context) -> Context:
    return stage.speaking(ctx)


class TestAttempts:
    async def test_three_attempts_after_3_7_and_14_days_and_then_the_end(self, ctx: Context, clock: Clock) -> None:
        campaign = await stage.running_campaign(ctx)
        await clinic.update(ctx, Wish(changes={"outreach": EVERY_HOUR}), actor="system")
        for attempt, days in ((1, 3), (2, 7), (3, 14)):
            assert await stage.scan(ctx) == {"attempt_queued": 1}
            details = (await campaigns.get(campaign.id)).follow_up_details
            assert details.attempts_made == attempt
            assert details.next_attempt_at == clock.instant + timedelta(days=days)
            clock.forward(days=days, seconds=-1)
            assert await stage.scan(ctx) == {}
            clock.forward(seconds=1)
        assert await stage.scan(ctx) == {"closed_unresponsive": 1}
        ended = await campaigns.get(campaign.id)
        assert (ended.status, ended.close_reason) == (S.RECOVERY_FAILED, CloseReason.UNRESPONSIVE)
        assert [row.attempt for row in await stage.rows()] == [1, 2, 3]
        assert len(await stage.sent_bodies()) == 3
        assert "attempts_used_up" in await stage.reasons(campaign_id=campaign.id)
        clock.forward(days=400)
        assert await stage.scan(ctx) == {}

    async def test_each_message_is_written_for_its_own_attempt(self, ctx: Context, clock: Clock) -> None:
        provider = FixedProvider()
        ctx = stage.speaking(ctx, provider)
        campaign = await stage.running_campaign(ctx, name="Ana Lopez", language="es")
        await stage.scan(ctx)
        clock.forward(days=3)
        await stage.scan(ctx)
        assert [(brief.attempt, brief.max_attempts) for brief in provider.briefs] == [(1, 3), (2, 3)]
        brief = provider.briefs[0]
        assert (brief.patient_first_name, brief.language, brief.due_on) == ("Ana", "es", campaign.due_date)
        assert not brief.is_nudge

    async def test_the_message_carries_a_link_the_clinic_and_how_to_stop(self, ctx: Context) -> None:
        campaign = await stage.written_to(ctx)
        message = await SandboxMessage.find_one({"is_sent": True})
        assert message is not None
        body, url = message.body, (await campaigns.get(campaign.id)).booking_funnel.link_url
        assert url is not None
        assert body.startswith("It is time for your next visit.")
        for part in (url, "Willow Street Dental", "1 Willow Street", "STOP"):
            assert part in body

    async def test_an_sms_carries_the_same_on_one_line_and_has_no_subject(self, ctx: Context) -> None:
        await stage.written_to(ctx, phone="+12025550171", preferred_channel=["sms"])
        row = await stage.only_row()
        assert (row.to, row.subject) == ("+12025550171", "")
        assert "\n" not in row.body
        assert row.body.endswith("Reply STOP to opt out.")

    async def test_scans_at_once_queue_each_campaign_once(self, ctx: Context) -> None:
        await make_clinic()
        for _ in range(12):
            await make_recovery(ctx)
        outcomes = await asyncio.gather(*(outreach.send_due_follow_ups(ctx) for _ in range(3)))
        assert sum(outcome.get("attempt_queued", 0) for outcome in outcomes) == 12
        assert await Interaction.count() == len(await stage.rows()) == 12

    async def test_a_scan_that_died_holding_a_campaign_is_followed_after_its_lease(
        self, ctx: Context, clock: Clock
    ) -> None:
        campaign = await stage.running_campaign(ctx)
        await Campaign.claim_due(now=clock.instant, lease_until=ctx.lease_until, ignore_hold=False)
        assert await stage.scan(ctx) == {}
        clock.forward(seconds=ctx.settings.chairside_lease_seconds)
        assert await stage.scan(ctx) == {"attempt_queued": 1}
        assert (await campaigns.get(campaign.id)).follow_up_details.attempts_made == 1


class TestWindow:
    @pytest.mark.parametrize(
        ("now", "opening"),
        [
            ("2026-11-23 19:00", "2026-11-24 09:00"),
            ("2026-11-24 06:30", "2026-11-24 09:00"),
            ("2026-11-27 21:00", "2026-11-30 09:00"),
        ],
    )
    async def test_outside_it_the_message_waits_for_the_next_opening(
        self, ctx: Context, clock: Clock, now: str, opening: str
    ) -> None:
        place = await make_clinic()
        clock.instant = wall(place, now)
        campaign = await stage.running_campaign(ctx)
        assert await stage.scan(ctx) == {"outside_sending_window": 1}
        assert (await campaigns.get(campaign.id)).hold_until == wall(place, opening)
        assert await stage.reasons() == ["outside_sending_window"]
        clock.instant = wall(place, opening) - timedelta(seconds=1)
        assert await stage.scan(ctx) == {}
        clock.forward(seconds=1)
        assert await stage.scan(ctx) == {"attempt_queued": 1}

    async def test_a_holiday_is_skipped(self, ctx: Context, clock: Clock) -> None:
        place = await make_clinic(holidays=["2026-11-26"])
        clock.instant = wall(place, "2026-11-26 12:00")
        await make_recovery(ctx)
        assert await stage.scan(ctx) == {"outside_sending_window": 1}
        clock.instant = wall(place, "2026-11-27 09:00")
        assert await stage.scan(ctx) == {"attempt_queued": 1}

    async def test_ignore_window_sends_what_was_held(self, ctx: Context, clock: Clock) -> None:
        place = await make_clinic()
        clock.instant = wall(place, "2026-11-23 22:00")
        await make_recovery(ctx)
        assert await stage.scan(ctx) == {"outside_sending_window": 1}
        assert await outreach.send_due_follow_ups(ctx, ignore_window=True) == {"attempt_queued": 1}
        assert (await outbox.drain(ctx, ignore_window=True))["sent"] == 1

    async def test_a_message_queued_at_closing_time_is_held_by_the_outbox(self, ctx: Context, clock: Clock) -> None:
        place = await make_clinic()
        clock.instant = wall(place, "2026-11-23 18:59")
        await make_recovery(ctx)
        await outreach.send_due_follow_ups(ctx)
        clock.forward(minutes=1)
        assert (await outbox.drain(ctx))["withheld"] == 1
        assert (await stage.only_row()).hold_until == wall(place, "2026-11-24 09:00")
        clock.instant = wall(place, "2026-11-24 09:00")
        assert (await outbox.drain(ctx))["sent"] == 1

    async def test_the_end_of_the_attempts_needs_no_window(self, ctx: Context, clock: Clock) -> None:
        campaign = await stage.written_to(ctx)
        await stage.set_raw(campaign, **{"follow_up_details.attempts_made": 3})
        clock.forward(days=3, hours=12)
        assert await stage.scan(ctx) == {"closed_unresponsive": 1}


class TestWhatStopsAnAttempt:
    async def test_a_reply_in_between(self, ctx: Context, clock: Clock) -> None:
        campaign = await stage.written_to(ctx)
        await stage.answered_with(ctx, campaign, "yes please")
        clock.forward(days=2)
        assert await stage.scan(ctx) == {}
        clock.forward(days=30)
        assert "attempt_queued" not in await stage.scan(ctx)

    async def test_a_reply_that_nobody_has_read_yet(self, ctx: Context, clock: Clock) -> None:
        campaign = await stage.written_to(ctx)
        clock.forward(days=3)
        message = await stage.incoming(ctx, campaign, "yes please")
        await inbound.take_in(ctx, message, campaign)
        assert await stage.scan(ctx) == {"reply_received": 1}
        assert len(await stage.rows()) == 1
        [decision] = await Decision.find({"rule": "reply_received"}).to_list()
        assert decision.outcome is DecisionOutcome.REFUSED

    async def test_a_stop_of_the_channel(self, ctx: Context) -> None:
        campaign = await stage.running_campaign(ctx)
        await patients.record_opt_out(ctx, patient_ids=[campaign.patient_id], channel="all", source="phone")
        assert await stage.scan(ctx) == {"opted_out": 1}
        ended = await campaigns.get(campaign.id)
        assert (ended.status, ended.close_reason) == (S.RECOVERY_DECLINED, CloseReason.OPTED_OUT)
        assert await stage.rows() == []
        assert await stage.reasons(campaign_id=campaign.id) == ["opted_out"]

    async def test_an_address_that_bounced(self, ctx: Context) -> None:
        campaign = await stage.running_campaign(ctx)
        address = campaign.channel.address
        await patients.mark_unusable(ctx, patient_id=campaign.patient_id, address=address)
        assert await stage.scan(ctx) == {"no_usable_address": 1}
        assert (await campaigns.get(campaign.id)).status is S.RECOVERY_FAILED
        assert await stage.reasons(campaign_id=campaign.id) == ["no_usable_address"]

    async def test_a_visit_that_was_booked_some_other_way(self, ctx: Context, clock: Clock) -> None:
        await make_service()
        campaign = await stage.running_campaign(ctx)
        visit = await stage.booked_beside(ctx, campaign)
        assert await stage.scan(ctx) == {"future_visit_booked": 1}
        followed = await campaigns.get(campaign.id)
        assert followed.status is S.BOOKING_INITIATED
        assert await stage.reasons(campaign_id=campaign.id) == ["future_visit_booked"]
        clock.instant = visit.ends_at
        await visits.complete(ctx, visit.id, next_follow_up_on=None, actor="system")
        assert (await campaigns.get(campaign.id)).status is S.RECOVERED

    async def test_a_provider_that_is_down_uses_no_attempt(self, ctx: Context, clock: Clock) -> None:
        campaign = await stage.running_campaign(ctx)
        assert await stage.scan(stage.speaking(ctx, FailingProvider())) == {"failed": 1}
        after = await campaigns.get(campaign.id)
        assert (after.status, after.follow_up_details.attempts_made) == (S.ATTEMPTING_RECOVERY, 0)
        assert await stage.reasons(campaign_id=campaign.id) == ["agent_failed"]
        clock.forward(hours=1)
        assert await stage.scan(ctx) == {"attempt_queued": 1}


class TestLimits:
    async def test_the_weekly_limit_counts_over_all_campaigns(self, ctx: Context, clock: Clock) -> None:
        campaign = await stage.running_campaign(ctx)
        policy = OutreachPolicy(spacing_days=[1, 1, 1, 1], max_attempts=9).model_dump()
        await clinic.update(ctx, Wish(changes={"outreach": policy}), actor="system")
        await stage.set_raw(campaign, **{"follow_up_details.max_attempts": 9})
        first = clock.instant
        for _ in range(3):
            assert await stage.scan(ctx) == {"attempt_queued": 1}
            clock.forward(days=1)
        assert await stage.scan(ctx) == {"weekly_limit": 1}
        assert next_attempt(await campaigns.get(campaign.id)) == first + timedelta(days=7)
        clock.instant = first + timedelta(days=7)
        assert await stage.scan(ctx) == {"attempt_queued": 1}


class TestLaunchDaily:
    async def test_it_opens_and_queues_in_one_run_and_remembers(self, ctx: Context) -> None:
        await make_clinic()
        await make_due_patient(ctx)
        result = await registry.run_job(ctx, registry.DAILY)
        assert result == {"due": 1, "created": 1, "repeated": 0, "refused": 0, "attempts": {"attempt_queued": 1}}
        run = await JobRun.get(registry.DAILY)
        assert run is not None
        assert (run.last_run_at, run.last_result) == (ctx.now(), result)

    async def test_a_dry_run_is_not_remembered(self, ctx: Context) -> None:
        await make_due_patient(ctx)
        result = await registry.run_job(ctx, registry.DAILY, dry_run=True)
        assert (result["due"], len(result["would_contact"])) == (1, 1)
        assert await JobRun.count() == await Campaign.count() == 0


def next_attempt(campaign: Campaign) -> datetime | None:
    return campaign.follow_up_details.next_attempt_at
