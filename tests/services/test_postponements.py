"""Out of office: nobody is written to before the day after the date that was named (trust.md 2.5)."""

import asyncio
from datetime import UTC, date, datetime

import pytest

from app.context import Context
from app.jobs import inbox, outbox
from app.models.campaigns import Campaign
from app.models.enums import CampaignStatus, Intent, MessageKind
from app.services import campaigns, postponements
from tests.conftest import Clock
from tests.services import stage

AUTOMATIC = {"Auto-Submitted": "auto-replied"}
AWAY = "I am out of the office until Friday, December 18, 2026."
DAY_AFTER = datetime(2026, 12, 19, 5, 0, tzinfo=UTC)
"""Midnight in New York; a Saturday, so that the sending window makes Monday of it."""


@pytest.fixture
async def campaign(ctx: Context) -> Campaign:
    """A campaign whose first attempt has left; the next one is planned three days later."""
    return await stage.written_to(ctx, name="Ana Lopez")


def planned(campaign: Campaign) -> datetime | None:
    return campaign.follow_up_details.next_attempt_at


class TestAbsences:
    async def test_the_plan_moves_to_the_day_after(self, ctx: Context, campaign: Campaign) -> None:
        after = await stage.answered_with(ctx, campaign, AWAY, headers=AUTOMATIC)
        assert planned(after) == DAY_AFTER
        assert after.status is CampaignStatus.ATTEMPTING_RECOVERY
        assert after.follow_up_details.attempts_made == 1
        assert await stage.waiting(MessageKind.REPLY) == 0
        assert "away_until" in await stage.reasons()

    async def test_nothing_leaves_before_and_the_attempt_leaves_after(
        self, ctx: Context, clock: Clock, campaign: Campaign
    ) -> None:
        await stage.answered_with(ctx, campaign, AWAY, headers=AUTOMATIC)
        clock.forward(days=20)
        assert await stage.scan(ctx) == {}
        clock.instant = datetime(2026, 12, 21, 15, 0, tzinfo=UTC)  # Monday, 10:00
        await stage.scan(ctx)
        assert (await campaigns.get(campaign.id)).follow_up_details.attempts_made == 2

    @pytest.mark.parametrize(
        "text",
        [
            "I am out of the office until Friday.",
            "I am out of the office until 12/11/2026.",
            "I am out of the office until November 2, 2026.",
            "I am out of the office until tomorrow, November 24.",  # sooner than the plan
        ],
    )
    async def test_no_clear_later_date_moves_nothing(self, ctx: Context, campaign: Campaign, text: str) -> None:
        after = await stage.answered_with(ctx, campaign, text, headers=AUTOMATIC)
        assert planned(after) == planned(campaign)
        assert "away_until" not in await stage.reasons()

    async def test_a_person_who_names_a_date_is_no_absence(self, ctx: Context, campaign: Campaign) -> None:
        after = await stage.answered_with(ctx, campaign, "Can I come when I am back, after December 18, 2026?")
        [message] = await stage.received(campaign)
        assert message.screened_as is None
        assert planned(after) != DAY_AFTER

    async def test_a_message_that_waits_to_leave_does_not_leave(self, ctx: Context, clock: Clock) -> None:
        campaign = await stage.running_campaign(ctx, name="Ana Lopez")
        await stage.queue_due(ctx)
        assert await stage.waiting(MessageKind.ATTEMPT) == 1
        after = await stage.answered_with(ctx, campaign, AWAY, headers=AUTOMATIC)
        assert planned(after) == DAY_AFTER
        await outbox.drain(ctx)
        assert await stage.sent_bodies() == []
        clock.instant = datetime(2026, 12, 21, 15, 0, tzinfo=UTC)
        await stage.scan(ctx)
        assert len(await stage.sent_bodies()) == 1

    async def test_an_absence_of_a_sender_who_is_somebody_else_moves_nothing(
        self, ctx: Context, campaign: Campaign
    ) -> None:
        after = await stage.answered_with(ctx, campaign, AWAY, headers=AUTOMATIC, is_unverified=True)
        assert planned(after) == planned(campaign)

    async def test_the_same_notice_twice_moves_it_once(self, ctx: Context, campaign: Campaign) -> None:
        await stage.incoming(ctx, campaign, AWAY, headers=AUTOMATIC)
        await stage.incoming(ctx, campaign, AWAY, headers=AUTOMATIC)
        await inbox.drain(ctx)
        assert (await stage.reasons()).count("away_until") == 1
        assert {item.screened_as for item in await stage.received(campaign)} == {Intent.AUTO_REPLY}

    async def test_many_at_once_move_it_once(self, ctx: Context, campaign: Campaign) -> None:
        moved = await asyncio.gather(
            *(postponements.until_back(ctx, campaign.id, date(2026, 12, 18)) for _ in range(6))
        )
        assert moved.count(True) == 1

    @pytest.mark.parametrize("status", ["HANDOFF_REQUIRED", "RECOVERY_DECLINED", "BOOKING_INITIATED", "RECOVERED"])
    async def test_a_campaign_with_nothing_planned_stays_so(
        self, ctx: Context, campaign: Campaign, status: str
    ) -> None:
        await stage.set_raw(campaign, status=status, **{"follow_up_details.next_attempt_at": None})
        assert not await postponements.until_back(ctx, campaign.id, date(2026, 12, 18))
        assert planned(await campaigns.get(campaign.id)) is None
