"""A booking link that nobody used is recalled once (domain.md section 5)."""

import pytest

from app.context import Context
from app.jobs import outbox
from app.models.enums import CampaignStatus, FunnelStatus, MessageKind, OutboxState
from app.services import campaigns, patients
from tests.agent.provider import FixedProvider
from tests.conftest import Clock
from tests.factories import make_service
from tests.services import stage

S = CampaignStatus


@pytest.fixture
def ctx(ctx: Context) -> Context:
    return stage.speaking(ctx)


class TestNudge:
    async def test_an_unused_link_is_recalled_once_after_three_days(self, ctx: Context, clock: Clock) -> None:
        provider = FixedProvider()
        ctx = stage.speaking(ctx, provider)
        campaign = await stage.answered_with(ctx, await stage.written_to(ctx), "yes please")
        await outbox.drain(ctx)
        assert campaign.booking_funnel.status is FunnelStatus.FORM_SENT
        clock.forward(days=3, seconds=-1)
        assert await stage.scan(ctx) == {}
        clock.forward(seconds=1)
        assert await stage.scan(ctx) == {"nudge_queued": 1}
        assert provider.briefs[-1].is_nudge
        nudge = await stage.only_row(kind=MessageKind.NUDGE)
        assert (nudge.state, nudge.attempt) == (OutboxState.SENT, None)
        after = await campaigns.get(campaign.id)
        assert (after.status, after.follow_up_details.attempts_made) == (S.RE_ENGAGED, 1)
        clock.forward(days=60)
        assert await stage.scan(ctx) == {}

    async def test_a_second_link_brings_no_second_nudge(self, ctx: Context, clock: Clock) -> None:
        campaign = await stage.answered_with(ctx, await stage.written_to(ctx), "yes please")
        clock.forward(days=3)
        await stage.scan(ctx)
        await stage.answered_with(ctx, campaign, "yes")
        clock.forward(days=30)
        assert await stage.scan(ctx) == {}
        assert len(await stage.rows(kind=MessageKind.NUDGE)) == 1

    async def test_a_booking_meanwhile_needs_none(self, ctx: Context, clock: Clock) -> None:
        await make_service()
        campaign = await stage.answered_with(ctx, await stage.written_to(ctx), "yes please")
        await stage.booked_beside(ctx, campaign, days=20, follows=True)
        clock.forward(days=3)
        assert await stage.scan(ctx) == {}

    async def test_one_to_an_address_that_bounced_is_given_up(self, ctx: Context, clock: Clock) -> None:
        campaign = await stage.answered_with(ctx, await stage.written_to(ctx), "yes please")
        await patients.mark_unusable(ctx, patient_id=campaign.patient_id, address=campaign.channel.address)
        clock.forward(days=3)
        assert await stage.scan(ctx) == {"no_usable_address": 1}
        clock.forward(days=1)
        assert await stage.scan(ctx) == {}
