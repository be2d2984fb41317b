"""No send begins once a stop is acknowledged, wherever the sender stands (trust.md faults 5 and 6; issue: opt-out)."""

import asyncio
from dataclasses import replace

import pytest

from app.channels.base import ChannelError
from app.context import Context
from app.jobs import outbox
from app.models.campaigns import Campaign
from app.models.enums import EXEMPT_FROM_STOP, ChannelType, CloseReason, MessageKind, OutboxState
from app.models.patients import Patient
from app.services import campaigns, opt_outs, patients
from app.services.patient_changes import PatientChanges, update
from tests.services import channels, stage

PHONE = "+12025550171"
BEFORE_IT_LEAVES = ["outbox.claimed", "outbox.drafted", "outbox.draft_stored"]
KINDS = [kind for kind in MessageKind if kind not in EXEMPT_FROM_STOP]


@pytest.fixture
def ctx(ctx: Context) -> Context:
    return stage.speaking(ctx)


async def stop(ctx: Context, campaign: Campaign) -> None:
    await opt_outs.stop_address(ctx, channel=campaign.channel.type, address=campaign.channel.address, source="test")


class TestAtEveryStepOfTheSender:
    @pytest.mark.parametrize("step", BEFORE_IT_LEAVES)
    async def test_a_stop_by_the_patient_wins(self, ctx: Context, step: str) -> None:
        campaign = await stage.running_campaign(ctx)
        await stage.queue_due(ctx)
        await outbox.drain(stage.at_step(ctx, step, lambda: stop(ctx, campaign)))
        assert await stage.sent_bodies() == []
        assert (await stage.only_row()).state is OutboxState.CANCELLED
        assert (await campaigns.get(campaign.id)).close_reason is CloseReason.OPTED_OUT

    @pytest.mark.parametrize("step", BEFORE_IT_LEAVES)
    async def test_a_stop_recorded_by_staff_wins(self, ctx: Context, step: str) -> None:
        campaign = await stage.running_campaign(ctx)
        await stage.queue_due(ctx)

        async def record() -> None:
            await update(ctx, campaign.patient_id, PatientChanges(add_opt_outs=["all"]), actor="user:" + "0" * 24)

        await outbox.drain(stage.at_step(ctx, step, record))
        assert await stage.sent_bodies() == []

    @pytest.mark.parametrize("kind", KINDS)
    async def test_a_stop_that_withdrew_nothing_is_read_as_the_message_is_handed_out(
        self, ctx: Context, kind: MessageKind
    ) -> None:
        """Even where nobody cancels the row: the transaction that hands it out reads the patient."""
        campaign = await stage.running_campaign(ctx)
        row = await stage.add_row(ctx, campaign, kind)
        stops = {"$push": {"opt_outs": {"channel": "email", "at": ctx.now(), "source": "test"}}}

        async def write() -> None:
            await Patient.collection().update_one({"_id": campaign.patient_id}, stops)

        await outbox.drain(stage.at_step(ctx, "outbox.draft_stored", write))
        assert await stage.sent_bodies() == []
        assert (await stage.only_row(key=row.key)).state is OutboxState.CANCELLED

    async def test_a_guardians_stop_is_read_as_well(self, ctx: Context) -> None:
        parent = await stage.running_campaign(ctx)
        child = await stage.running_campaign(ctx, email=None, guardian_id=parent.patient_id)
        row = await stage.add_row(ctx, child, MessageKind.REPLY)
        stops = {"$push": {"opt_outs": {"channel": "all", "at": ctx.now(), "source": "test"}}}

        async def write() -> None:
            await Patient.collection().update_one({"_id": parent.patient_id}, stops)

        await outbox.drain(stage.at_step(ctx, "outbox.draft_stored", write))
        assert (await stage.only_row(key=row.key)).state is OutboxState.CANCELLED

    async def test_a_message_whose_sender_died_is_asked_again_before_it_leaves(self, ctx: Context) -> None:
        campaign = await stage.running_campaign(ctx)
        await stage.queue_due(ctx)
        troubled = channels.troubled(ctx, before=[ChannelError("the line is dead")])
        with pytest.raises(stage.Crash):
            await outbox.drain(stage.crashing_at(ctx, "outbox.sending"))
        await stop(ctx, campaign)
        ctx.now.forward(hours=1)  # type: ignore[attr-defined]  # the tests' clock
        await outbox.drain(channels.through(ctx, troubled))
        assert troubled.sends == []
        assert (await stage.only_row(kind=MessageKind.ATTEMPT)).state is OutboxState.CANCELLED

    async def test_a_stop_and_a_send_at_once_never_pass_each_other(self, ctx: Context) -> None:
        """Twenty races: whatever is sent began before its stop was acknowledged."""
        for _ in range(20):
            campaign = await stage.running_campaign(ctx)
            row = await stage.add_row(ctx, campaign, MessageKind.REPLY)
            acknowledged = asyncio.Event()

            async def heard(campaign: Campaign = campaign, acknowledged: asyncio.Event = acknowledged) -> None:
                await stop(ctx, campaign)
                acknowledged.set()

            begun_after: list[bool] = []

            async def note(
                name: str, acknowledged: asyncio.Event = acknowledged, seen: list[bool] = begun_after
            ) -> None:
                if name == "outbox.sending":
                    seen.append(acknowledged.is_set())

            # `outbox.sending` stands right behind the hand-out: a stop that was acknowledged first keeps it away.
            await asyncio.gather(outbox.drain(replace(ctx, pause=note)), heard())
            state = (await stage.only_row(key=row.key)).state
            assert state is (OutboxState.SENT if begun_after else OutboxState.CANCELLED)
            assert begun_after in ([], [False])


class TestEverything:
    async def test_free_wording_stops_every_channel_and_every_campaign(self, ctx: Context) -> None:
        campaign = await stage.written_to(ctx, phone=PHONE, preferred_channel=["sms", "email"])
        waiting = await stage.add_row(
            ctx, campaign, MessageKind.CONFIRMATION, channel=ChannelType.EMAIL, to="pat@example.com"
        )
        await stage.answered_with(ctx, campaign, "Never contact me again in any way")
        patient = await patients.get(campaign.patient_id)
        assert [stop.channel for stop in patient.opt_outs] == ["all"]
        assert (await stage.only_row(key=waiting.key)).state is OutboxState.CANCELLED
        assert patients.route_of(patient) is None

    async def test_a_plain_stop_leaves_the_other_channel(self, ctx: Context) -> None:
        campaign = await stage.written_to(ctx, phone=PHONE, preferred_channel=["sms", "email"])
        await stage.answered_with(ctx, campaign, "STOP")
        route = patients.route_of(await patients.get(campaign.patient_id))
        assert route is not None
        assert route.channel is ChannelType.EMAIL
