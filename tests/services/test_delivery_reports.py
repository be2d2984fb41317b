"""What Twilio reports after a message left: in any order, late, twice; and what a failure leads to (trust.md 2.4)."""

import asyncio
from collections.abc import Iterator
from itertools import permutations
from typing import Any

import pytest

from app.bootstrap import build_context
from app.context import Context
from app.database.connection import Database
from app.jobs import outbox
from app.models.campaigns import Campaign
from app.models.delivery_reports import DeliveryReport
from app.models.enums import CampaignStatus, ChannelType, Delivery, OutboxState
from app.models.interactions import Interaction
from app.models.outbox import OutboundMessage
from app.models.patients import Patient
from app.services import campaigns, delivery_reports, invariants
from app.services.delivery_reports import News
from app.settings import Settings
from tests.conftest import Clock
from tests.peers.twilio import TwilioPeer, serve_twilio
from tests.peers.twilio_account import shuffled
from tests.peers.twilio_clinic import PATIENT, TEMPLATE, queued, twilio_settings
from tests.services import stage

SMS, WHATSAPP, EMAIL = ChannelType.SMS, ChannelType.WHATSAPP, ChannelType.EMAIL


@pytest.fixture
def peer(clock: Clock) -> Iterator[TwilioPeer]:
    with serve_twilio(now=clock) as running:
        yield running


@pytest.fixture
def ctx(settings: Settings, database: Database, clock: Clock, peer: TwilioPeer) -> Context:
    return stage.speaking(build_context(twilio_settings(settings, peer), database, now=clock))


async def sent_by(ctx: Context, *channels: ChannelType, **patient: Any) -> tuple[Campaign, OutboundMessage]:
    """A campaign whose first attempt left by the first of these channels."""
    campaign = await queued(ctx, channels[0], **({"preferred_channel": list(channels)} | patient))
    assert (await outbox.drain(ctx))["sent"] == 1
    row = await stage.only_row()
    return await campaigns.get(campaign.id), row


async def told(ctx: Context, row: OutboundMessage, status: str, code: int | None = None, sid: str | None = None) -> str:
    """One report about this row, by its own callback address."""
    known = sid or (await stage.only_row(_id=row.id)).external_id or ""
    return await delivery_reports.receive(
        ctx, News(external_id=known, status=status, error_code=code, outbox_id=row.id)
    )


async def shown(row: OutboundMessage) -> Delivery | None:
    interaction = await Interaction.get(row.id)
    assert interaction is not None
    return interaction.delivery


async def attempts(campaign: Campaign) -> int:
    return (await campaigns.get(campaign.id)).follow_up_details.attempts_made


async def patient_of(campaign: Campaign) -> Patient:
    found = await Patient.get(campaign.patient_id)
    assert found is not None
    return found


async def nothing_is_wrong(ctx: Context) -> bool:
    return not any((await invariants.check(ctx)).values())


class TestOrder:
    async def test_delivered_is_shown_to_staff(self, ctx: Context) -> None:
        _, row = await sent_by(ctx, SMS)
        assert await shown(row) is Delivery.SENT
        assert await told(ctx, row, "delivered") == "settled"
        assert await shown(row) is Delivery.DELIVERED

    @pytest.mark.parametrize("order", list(permutations(["queued", "sent", "delivered"])))
    async def test_any_order_ends_the_same(self, ctx: Context, order: tuple[str, ...]) -> None:
        campaign, row = await sent_by(ctx, SMS)
        for status in order:
            await told(ctx, row, status)
        assert await shown(row) is Delivery.DELIVERED
        assert (await attempts(campaign), await nothing_is_wrong(ctx)) == (1, True)

    @pytest.mark.parametrize("seed", range(5))
    async def test_shuffled_copies_at_once_end_the_same(self, ctx: Context, seed: int) -> None:
        campaign, row = await sent_by(ctx, SMS)
        statuses = shuffled(["accepted", "queued", "sending", "sent", "delivered"], seed=seed, copies=3)
        await asyncio.gather(*(told(ctx, row, status) for status in statuses))
        await delivery_reports.settle_all(ctx)
        assert await shown(row) is Delivery.DELIVERED
        assert (await attempts(campaign), await nothing_is_wrong(ctx)) == (1, True)

    async def test_sent_after_delivered_changes_nothing(self, ctx: Context) -> None:
        _, row = await sent_by(ctx, SMS)
        await told(ctx, row, "delivered")
        assert [await told(ctx, row, status) for status in ("sent", "delivered", "queued")] == ["late"] * 3
        assert await shown(row) is Delivery.DELIVERED

    @pytest.mark.parametrize(
        ("first", "second", "shows"),
        [("delivered", "undelivered", Delivery.DELIVERED), ("undelivered", "delivered", Delivery.FAILED)],
    )
    async def test_of_two_ends_the_first_one_counts(
        self, ctx: Context, first: str, second: str, shows: Delivery
    ) -> None:
        _, row = await sent_by(ctx, SMS)
        await told(ctx, row, first, 30003 if first == "undelivered" else None)
        assert await told(ctx, row, second, 30003) == "late"
        assert await shown(row) is shows

    async def test_a_report_without_our_id_is_matched_by_twilios(self, ctx: Context) -> None:
        _, row = await sent_by(ctx, SMS)
        news = News(external_id=row.external_id or "", status="delivered")
        assert await delivery_reports.receive(ctx, news) == "settled"
        assert await shown(row) is Delivery.DELIVERED

    async def test_a_second_message_under_one_row_is_not_believed(self, ctx: Context) -> None:
        _, row = await sent_by(ctx, SMS)
        assert await told(ctx, row, "failed", 30005, sid=f"SM{'f' * 32}") == "unknown"
        assert await shown(row) is Delivery.SENT


class TestProofThatItLeft:
    async def test_a_report_before_the_answer_is_not_undone_by_it(self, ctx: Context, peer: TwilioPeer) -> None:
        """Twilio's callback overtakes its own answer: it arrives while our worker still waits for that."""
        campaign = await queued(ctx, SMS)
        row = await stage.only_row()

        async def overtake() -> None:
            await told(ctx, row, "delivered", sid=peer.account.effects[0].sid)

        await outbox.drain(stage.at_step(ctx, "outbox.sent", overtake))
        assert (await stage.only_row()).state is OutboxState.SENT
        assert (await shown(row), await attempts(campaign)) == (Delivery.DELIVERED, 1)
        assert await nothing_is_wrong(ctx)

    async def test_a_worker_that_died_before_the_answer(self, ctx: Context, peer: TwilioPeer, clock: Clock) -> None:
        campaign = await queued(ctx, SMS)
        row = await stage.only_row()
        with pytest.raises(stage.Crash):
            await outbox.drain(stage.crashing_at(ctx, "outbox.sent"))
        await told(ctx, row, "sent", sid=peer.account.effects[0].sid)
        assert ((await stage.only_row()).state, await attempts(campaign)) == (OutboxState.SENT, 1)
        clock.forward(hours=1)
        await outbox.drain(ctx)
        assert len(peer.account.effects) == 1
        assert await nothing_is_wrong(ctx)

    async def _unknown(self, ctx: Context, peer: TwilioPeer, clock: Clock) -> tuple[Campaign, OutboundMessage]:
        """It left, its answer was lost, and Twilio's listing cannot be read for half an hour."""
        campaign = await queued(ctx, SMS)
        peer.fail("drop-after")
        peer.fail("500", times=100, listing=True)
        for _ in range(12):
            await outbox.drain(ctx)
            clock.forward(minutes=15)
        peer.faults.clear()
        row = await stage.only_row()
        assert (row.state, await shown(row)) == (OutboxState.UNKNOWN, Delivery.UNKNOWN)
        return campaign, row

    @pytest.mark.parametrize(("status", "shows"), [("sent", Delivery.SENT), ("delivered", Delivery.DELIVERED)])
    async def test_a_late_report_ends_an_unknown_outcome(
        self, ctx: Context, peer: TwilioPeer, clock: Clock, status: str, shows: Delivery
    ) -> None:
        campaign, row = await self._unknown(ctx, peer, clock)
        planned = (await campaigns.get(campaign.id)).follow_up_details.next_attempt_at
        await told(ctx, row, status, sid=peer.account.effects[0].sid)
        resolved = await stage.only_row()
        assert (resolved.state, resolved.external_id) == (OutboxState.SENT, peer.account.effects[0].sid)
        assert (await shown(row), await attempts(campaign), len(peer.account.effects)) == (shows, 1, 1)
        assert (await campaigns.get(campaign.id)).follow_up_details.next_attempt_at == planned
        assert await nothing_is_wrong(ctx)

    async def test_a_late_failure_ends_it_too(self, ctx: Context, peer: TwilioPeer, clock: Clock) -> None:
        campaign, row = await self._unknown(ctx, peer, clock)
        await told(ctx, row, "failed", 30005, sid=peer.account.effects[0].sid)
        assert ((await stage.only_row()).state, await shown(row)) == (OutboxState.FAILED, Delivery.FAILED)
        assert (await attempts(campaign), await nothing_is_wrong(ctx)) == (0, True)


class TestFailures:
    @pytest.mark.parametrize("code", [30005, 30006, 21614, 21211])
    async def test_an_address_that_is_none_goes_on_elsewhere_once(self, ctx: Context, clock: Clock, code: int) -> None:
        campaign, row = await sent_by(ctx, SMS, EMAIL)
        for status in ("undelivered", "failed"):
            await told(ctx, row, status, code)
        assert (await patient_of(campaign)).unusable_addresses == [PATIENT]
        moved = await campaigns.get(campaign.id)
        assert (moved.channel.type, moved.follow_up_details.attempts_made) == (EMAIL, 0)
        await stage.scan(ctx)
        by_mail = await stage.only_row(channel=EMAIL)
        assert (by_mail.state, by_mail.attempt, await attempts(campaign)) == (OutboxState.SENT, 1, 1)
        assert await nothing_is_wrong(ctx)

    async def test_without_another_channel_the_address_is_still_spent(self, ctx: Context, clock: Clock) -> None:
        campaign, row = await sent_by(ctx, SMS)
        await told(ctx, row, "undelivered", 30005)
        assert (await shown(row), await attempts(campaign)) == (Delivery.FAILED, 0)
        clock.forward(days=4)
        assert await stage.scan(ctx) == {"no_usable_address": 1}
        assert await nothing_is_wrong(ctx)

    async def test_a_stop_that_twilio_keeps_becomes_ours(self, ctx: Context) -> None:
        campaign, row = await sent_by(ctx, SMS)
        await told(ctx, row, "failed", 21610)
        assert [stop.channel for stop in (await patient_of(campaign)).opt_outs] == [SMS]
        assert (await campaigns.get(campaign.id)).status is CampaignStatus.RECOVERY_DECLINED
        assert await nothing_is_wrong(ctx)

    @pytest.mark.parametrize(
        ("code", "rule"),
        [(30003, "not_delivered"), (30008, "not_delivered"), (None, "not_delivered"), (99999, "not_delivered")]
        + [(code, "filtered_by_carrier") for code in (30007, 30004, 30034)],
    )
    async def test_a_trouble_that_may_pass_is_shown_and_the_plan_goes_on(
        self, ctx: Context, code: int | None, rule: str
    ) -> None:
        campaign, row = await sent_by(ctx, SMS, EMAIL)
        planned = campaign.follow_up_details.next_attempt_at
        await told(ctx, row, "undelivered", code)
        assert (await shown(row), (await stage.reasons())[-1]) == (Delivery.FAILED, rule)
        after = await campaigns.get(campaign.id)
        assert (after.channel.type, after.follow_up_details.next_attempt_at) == (SMS, planned)
        assert (await patient_of(campaign)).unusable_addresses == []
        assert (await attempts(campaign), await nothing_is_wrong(ctx)) == (1, True)

    async def test_many_copies_at_once_act_once(self, ctx: Context) -> None:
        campaign, row = await sent_by(ctx, SMS, EMAIL)
        await asyncio.gather(*(told(ctx, row, "undelivered", 30005) for _ in range(8)))
        assert (await stage.reasons()).count("recipient_refused") == 1
        assert (await attempts(campaign), await nothing_is_wrong(ctx)) == (0, True)

    async def test_after_a_crash_the_rest_is_done_by_the_next_run(self, ctx: Context) -> None:
        campaign, row = await sent_by(ctx, SMS, EMAIL)
        with pytest.raises(stage.Crash):
            await told(stage.crashing_at(ctx, "delivery.report_stored"), row, "undelivered", 30005)
        assert await shown(row) is Delivery.SENT
        assert [await delivery_reports.settle_all(ctx) for _ in range(2)] == [1, 0]
        assert (await shown(row), (await campaigns.get(campaign.id)).channel.type) == (Delivery.FAILED, EMAIL)
        assert await nothing_is_wrong(ctx)

    async def test_a_failure_of_an_attempt_long_past_moves_nothing(self, ctx: Context, clock: Clock) -> None:
        campaign, first = await sent_by(ctx, SMS, EMAIL)
        clock.forward(days=3)
        await stage.scan(ctx)
        assert await attempts(campaign) == 2
        await told(ctx, first, "undelivered", 30005)
        assert (await attempts(campaign), (await campaigns.get(campaign.id)).channel.type) == (2, SMS)
        assert (await shown(first), (await patient_of(campaign)).unusable_addresses) == (Delivery.FAILED, [PATIENT])
        assert await nothing_is_wrong(ctx)

    async def test_a_row_that_is_gone_is_forgotten(self, ctx: Context) -> None:
        _, row = await sent_by(ctx, SMS)
        with pytest.raises(stage.Crash):
            await told(stage.crashing_at(ctx, "delivery.report_stored"), row, "delivered")
        await row.delete()
        assert await delivery_reports.settle_all(ctx) == 1
        assert await DeliveryReport.find({"is_settled": False}).count() == 0


class TestWhatsAppsWindow:
    """trust.md fault 27: never the patient's silence, never an attempt."""

    async def test_outside_it_another_channel_carries_the_message(self, ctx: Context, peer: TwilioPeer) -> None:
        campaign = await queued(ctx, WHATSAPP, preferred_channel=[WHATSAPP, SMS])
        assert (await outbox.drain(ctx))["failed"] == 1
        moved = await campaigns.get(campaign.id)
        assert (moved.channel.type, moved.follow_up_details.attempts_made) == (SMS, 0)
        await stage.scan(ctx)
        [sent] = peer.account.effects
        assert (sent.to, await attempts(campaign)) == (PATIENT, 1)
        assert (await patient_of(campaign)).unusable_addresses == []
        assert await nothing_is_wrong(ctx)

    @pytest.mark.parametrize("code", [63016, 63049])
    async def test_the_same_when_twilio_says_so_later(
        self, settings: Settings, database: Database, clock: Clock, peer: TwilioPeer, code: int
    ) -> None:
        peer.account.templates[TEMPLATE] = "Hello {{1}}, this is {{2}}: {{3}}"
        opened = twilio_settings(settings, peer, twilio_whatsapp_templates=(f"attempt={TEMPLATE}",))
        ctx = stage.speaking(build_context(opened, database, now=clock))
        campaign, row = await sent_by(ctx, WHATSAPP, SMS)
        assert await attempts(campaign) == 1
        await told(ctx, row, "failed", code)
        assert (await attempts(campaign), (await campaigns.get(campaign.id)).channel.type) == (0, SMS)
        await stage.scan(ctx)
        assert ([sent.to for sent in peer.account.effects][-1], await attempts(campaign)) == (PATIENT, 1)
        assert await nothing_is_wrong(ctx)
