"""A stop is one transaction: recorded, campaigns closed, messages withdrawn, confirmed once (domain.md 3 and 6)."""

import asyncio

import pytest

from app.context import Context
from app.jobs import inbox, outbox
from app.models.campaigns import Campaign
from app.models.enums import EXEMPT_FROM_STOP, CampaignStatus, ChannelType, CloseReason, MessageKind, OutboxState
from app.models.outbox import OutboundMessage
from app.models.patients import Patient
from app.models.records import AuditEntry
from app.services import campaigns, opt_outs, patients
from app.services.opt_outs import stop_address
from tests.factories import make_patient, make_recovery
from tests.services import stage

S = CampaignStatus
PHONE = "+12025550171"


@pytest.fixture
def ctx(ctx: Context) -> Context:
    return stage.speaking(ctx)


async def stop(ctx: Context, address: str, channel: ChannelType = ChannelType.EMAIL) -> None:
    await stop_address(ctx, channel=channel, address=address, source="test")


async def is_stopped(patient: Patient, channel: ChannelType = ChannelType.EMAIL) -> bool:
    return await patients.is_suppressed(await patients.get(patient.id), channel)


class TestStopAddress:
    @pytest.mark.parametrize("status", [S.ATTEMPTING_RECOVERY, S.RE_ENGAGED, S.HANDOFF_REQUIRED, S.BOOKING_INITIATED])
    async def test_every_active_campaign_to_the_address_closes(self, ctx: Context, status: CampaignStatus) -> None:
        campaign = await stage.set_raw(await stage.written_to(ctx), status=status)
        await stop(ctx, campaign.channel.address)
        ended = await campaigns.get(campaign.id)
        assert (ended.status, ended.close_reason) == (S.RECOVERY_DECLINED, CloseReason.OPTED_OUT)

    async def test_a_closed_campaign_keeps_its_end(self, ctx: Context) -> None:
        campaign = await stage.set_raw(await stage.written_to(ctx), status=S.RECOVERED)
        await stop(ctx, campaign.channel.address)
        assert (await campaigns.get(campaign.id)).status is S.RECOVERED

    async def test_everything_that_waits_for_the_address_is_withdrawn(self, ctx: Context) -> None:
        campaign = await stage.running_campaign(ctx)
        for kind in MessageKind:
            await stage.add_row(ctx, campaign, kind)
        await stop(ctx, campaign.channel.address)
        waiting = await OutboundMessage.find({"state": OutboxState.PENDING}).to_list()
        assert {row.kind for row in waiting} == EXEMPT_FROM_STOP

    async def test_a_repeated_stop_changes_nothing(self, ctx: Context) -> None:
        campaign = await stage.written_to(ctx)
        await stop(ctx, campaign.channel.address)
        before = await patients.get(campaign.patient_id)
        await stop(ctx, campaign.channel.address)
        assert (await patients.get(campaign.patient_id)).opt_outs == before.opt_outs
        assert len(before.opt_outs) == 1

    async def test_stops_at_once_are_one(self, ctx: Context) -> None:
        campaign = await stage.written_to(ctx)
        await asyncio.gather(*(stop(ctx, campaign.channel.address) for _ in range(4)))
        assert len((await patients.get(campaign.patient_id)).opt_outs) == 1

    async def test_it_is_for_one_channel(self, ctx: Context) -> None:
        patient = await make_patient(ctx, phone=PHONE, preferred_channel=["sms", "email"])
        await stop(ctx, PHONE, ChannelType.SMS)
        assert await is_stopped(patient, ChannelType.SMS)
        assert not await is_stopped(patient, ChannelType.EMAIL)
        route = patients.route_of(await patients.get(patient.id))
        assert route is not None
        assert route.channel is ChannelType.EMAIL

    async def test_it_speaks_for_those_whose_guardian_reads_there(self, ctx: Context) -> None:
        parent = await make_patient(ctx)
        child = await make_patient(ctx, email=None, guardian_id=parent.id)
        other = await make_patient(ctx)
        await stop(ctx, str(parent.email))
        assert [await is_stopped(one) for one in (parent, child, other)] == [True, True, False]

    async def test_it_leaves_an_audit_row_with_its_source(self, ctx: Context) -> None:
        patient = await make_patient(ctx)
        await stop(ctx, str(patient.email))
        entry = await AuditEntry.find_one({"action": "patient.opted_out"})
        assert entry is not None
        assert entry.document_id == str(patient.id)
        assert entry.details == {"channel": "email", "source": "test"}

    async def test_a_stop_from_an_address_that_nobody_has_is_no_error(self, ctx: Context) -> None:
        await stop(ctx, "stranger@example.com")
        assert await Patient.find({"opt_outs": {"$ne": []}}).count() == 0


class TestAStopInAConversation:
    async def test_it_is_confirmed_once(self, ctx: Context) -> None:
        campaign = await stage.written_to(ctx)
        for _ in range(3):
            await stage.answered_with(ctx, campaign, "STOP")
            await outbox.drain(ctx)
        assert (await stage.sent_bodies())[1:] == [opt_outs.CONFIRMATION]
        assert all(message.handled_at for message in await stage.received(campaign))

    async def test_it_does_not_re_engage(self, ctx: Context) -> None:
        campaign = await stage.answered_with(ctx, await stage.written_to(ctx), "STOP")
        assert campaign.first_reply_at is None
        assert [change.event for change in campaign.status_changes] == ["created", "attempt_sent", "opted_out"]

    async def test_it_is_heeded_during_a_handoff(self, ctx: Context) -> None:
        campaign = await stage.answered_with(ctx, await stage.written_to(ctx), "what?")
        assert (await stage.answered_with(ctx, campaign, "STOP")).status is S.RECOVERY_DECLINED

    async def test_a_lead_who_stopped_is_never_due_again(self, ctx: Context) -> None:
        campaign = await make_recovery(ctx)
        await stop(ctx, campaign.channel.address)
        assert (await patients.get(campaign.patient_id)).outreach_due_at is None

    async def test_a_bare_cancel_stops_by_sms_and_not_by_email(self, ctx: Context) -> None:
        by_sms = await stage.written_to(ctx, phone=PHONE, preferred_channel=["sms"])
        assert (await stage.answered_with(ctx, by_sms, "CANCEL")).close_reason is CloseReason.OPTED_OUT
        by_email = await stage.written_to(ctx)
        assert (await stage.answered_with(ctx, by_email, "CANCEL")).close_reason is None

    async def test_it_stops_the_channel_that_it_came_by(self, ctx: Context) -> None:
        campaign = await stage.written_to(ctx, phone=PHONE, preferred_channel=["sms", "whatsapp"])
        await stage.incoming(ctx, campaign, "STOP", channel=ChannelType.WHATSAPP, thread_id=None)
        await inbox.drain(ctx)
        assert await is_stopped(await patients.get(campaign.patient_id), ChannelType.WHATSAPP)

    async def test_a_stop_by_email_counts_while_the_campaign_runs_by_sms(self, ctx: Context) -> None:
        campaign = await stage.written_to(ctx, phone=PHONE, preferred_channel=["sms", "email"])
        patient = await patients.get(campaign.patient_id)
        fields = {"channel": ChannelType.EMAIL, "sender": patient.email, "thread_id": None}
        await stage.answered_with(ctx, campaign, "unsubscribe", **fields)
        assert await is_stopped(patient, ChannelType.EMAIL)

    async def test_both_members_of_a_household_are_left_alone(self, ctx: Context) -> None:
        parent = await make_patient(ctx, email="family@example.com")
        campaign = await stage.written_to(ctx, email="family@example.com", guardian_id=parent.id)
        await stage.answered_with(ctx, campaign, "STOP")
        assert await is_stopped(parent)
        assert await Campaign.find({"status": {"$ne": S.RECOVERY_DECLINED}}).count() == 0
