"""START takes a stop back, for its own channel only (domain.md section 2)."""

import pytest

from app.context import Context
from app.jobs import inbox, outbox
from app.models.enums import ChannelType
from app.models.records import AuditEntry
from app.services import opt_ins, opt_outs, patients
from tests.factories import make_patient
from tests.services import stage

PHONE = "+12025550171"


@pytest.fixture
def ctx(ctx: Context) -> Context:
    return stage.speaking(ctx)


class TestByMessage:
    async def test_start_undoes_stop_and_says_so_once(self, ctx: Context) -> None:
        campaign = await stage.written_to(ctx, phone=PHONE, preferred_channel=["sms"])
        await stage.answered_with(ctx, campaign, "STOP")
        await outbox.drain(ctx)
        for _ in range(2):
            await stage.answered_with(ctx, campaign, "START")
            await outbox.drain(ctx)
        assert (await patients.get(campaign.patient_id)).opt_outs == []
        assert (await stage.sent_bodies())[1:] == [opt_outs.CONFIRMATION, opt_ins.CONFIRMATION]

    async def test_a_second_stop_is_heeded_and_confirmed_again(self, ctx: Context) -> None:
        campaign = await stage.written_to(ctx, phone=PHONE, preferred_channel=["sms"])
        for text in ("STOP", "START", "STOP"):
            await stage.answered_with(ctx, campaign, text)
            await outbox.drain(ctx)
        assert [stop.channel for stop in (await patients.get(campaign.patient_id)).opt_outs] == ["sms"]
        assert (await stage.sent_bodies())[1:] == [
            opt_outs.CONFIRMATION,
            opt_ins.CONFIRMATION,
            opt_outs.CONFIRMATION,
        ]

    async def test_after_a_stop_of_everything_only_this_channel_returns(self, ctx: Context) -> None:
        campaign = await stage.written_to(ctx, phone=PHONE, preferred_channel=["sms", "email"])
        await stage.answered_with(ctx, campaign, "never contact me again")
        await stage.answered_with(ctx, campaign, "START")
        patient = await patients.get(campaign.patient_id)
        assert {str(stop.channel) for stop in patient.opt_outs} == {"email", "whatsapp"}

    async def test_a_start_without_a_stop_is_a_message_like_any_other(self, ctx: Context) -> None:
        campaign = await stage.answered_with(ctx, await stage.written_to(ctx), "start")
        assert campaign.first_reply_at is not None

    async def test_it_is_heeded_from_an_address_without_any_campaign(self, ctx: Context) -> None:
        patient = await make_patient(ctx, phone=PHONE, preferred_channel=["sms"])
        await opt_outs.stop_address(ctx, channel=ChannelType.SMS, address=PHONE, source="test")
        campaign = await stage.written_to(ctx)
        await stage.incoming(ctx, campaign, "UNSTOP", channel=ChannelType.SMS, sender=PHONE, thread_id=None)
        await inbox.drain(ctx)
        assert (await patients.get(patient.id)).opt_outs == []

    async def test_it_leaves_an_audit_row_in_the_patients_name(self, ctx: Context) -> None:
        campaign = await stage.answered_with(ctx, await stage.written_to(ctx), "STOP")
        await stage.answered_with(ctx, campaign, "START")
        entry = await AuditEntry.find_one({"action": "patient.opt_out_taken_back"})
        assert entry is not None
        assert (entry.actor, entry.details["channel"]) == (f"patient:{campaign.patient_id}", "email")
