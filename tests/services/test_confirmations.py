"""What a patient is told about a visit: at the address on record, naming no procedure (trust.md 2.7)."""

import pytest

from app.context import Context
from app.jobs import outbox
from app.models.appointments import Appointment
from app.models.clinic import Clinic
from app.models.enums import Author, ChannelType, MessageKind
from app.models.interactions import Interaction
from app.models.outbox import OutboundMessage
from app.models.patients import Patient
from app.services import campaigns, opt_outs, patients, visits
from app.services.appointments import BookingRequest, book
from tests.factories import make_clinic, make_patient, make_provider, make_recovery, make_service, wall
from tests.services import stage

PHONE = "+12025550171"


@pytest.fixture
def ctx(ctx: Context) -> Context:
    return stage.speaking(ctx)


@pytest.fixture
async def clinic(ctx: Context) -> Clinic:
    place = await make_clinic()
    await make_service("root_canal", name="Root canal treatment")
    await make_provider(ctx, ["root_canal"])
    return place


async def booked(ctx: Context, clinic: Clinic, patient: Patient, *, email: str | None = None) -> list[OutboundMessage]:
    """The confirmations that wait after this patient has booked Tuesday at two."""
    request = BookingRequest(
        name="x",
        email=email or patient.email,
        phone=patient.phone,
        start=wall(clinic, "2026-11-24 14:00"),
        service_name="root_canal",
    )
    await book(ctx, request)
    return await stage.rows(kind=MessageKind.CONFIRMATION)


class TestConfirm:
    async def test_it_names_the_time_the_place_and_no_procedure(self, ctx: Context, clinic: Clinic) -> None:
        [row] = await booked(ctx, clinic, await make_patient(ctx, name="Ana Lopez"))
        assert row.body.startswith("Hello Ana,")
        assert "booked for Tuesday 24 November at 14:00" in row.body
        assert "1 Willow Street" in row.body
        assert clinic.phone in row.body
        assert "root" not in (row.body + row.subject).lower()

    async def test_it_goes_to_the_address_on_record_whatever_the_form_said(self, ctx: Context, clinic: Clinic) -> None:
        patient = await make_patient(ctx, phone=PHONE)
        [row] = await booked(ctx, clinic, patient, email="stranger@example.com")
        assert row.to == patient.email

    async def test_it_joins_the_conversation_that_brought_the_visit(self, ctx: Context, clinic: Clinic) -> None:
        campaign = await make_recovery(ctx)
        await stage.scan(ctx)
        first = await stage.only_row()
        [row] = await booked(ctx, clinic, await patients.get(campaign.patient_id))
        assert (row.thread_id, row.in_reply_to) == (first.thread_id, first.external_id)
        assert row.subject == "Re: Your next visit"
        shown = await Interaction.get(row.id)
        assert shown is not None
        assert shown.author is Author.SYSTEM

    async def test_a_childs_visit_is_confirmed_to_the_guardian(self, ctx: Context, clinic: Clinic) -> None:
        parent = await make_patient(ctx)
        child = await make_patient(ctx, guardian_id=parent.id)
        [row] = await booked(ctx, clinic, child)
        assert (row.to, row.patient_id) == (parent.email, child.id)

    async def test_a_stopped_channel_gives_way_to_another(self, ctx: Context, clinic: Clinic) -> None:
        patient = await make_patient(ctx, phone=PHONE, preferred_channel=["email", "sms"])
        await opt_outs.stop_address(ctx, channel=ChannelType.EMAIL, address=str(patient.email), source="test")
        [row] = await booked(ctx, clinic, patient)
        assert (row.channel, row.to, row.subject) == (ChannelType.SMS, PHONE, "")
        assert (await outbox.drain(ctx))["sent"] == 1

    async def test_an_address_that_bounced_gives_way_to_another(self, ctx: Context, clinic: Clinic) -> None:
        campaign = await make_recovery(ctx, patient_phone=PHONE, preferred_channel=["email", "sms"])
        await patients.mark_unusable(ctx, patient_id=campaign.patient_id, address=campaign.channel.address)
        [row] = await booked(ctx, clinic, await patients.get(campaign.patient_id))
        assert (row.channel, row.to) == (ChannelType.SMS, PHONE)

    async def test_nobody_reachable_is_not_written_to_and_still_booked(self, ctx: Context, clinic: Clinic) -> None:
        patient = await make_patient(ctx)
        await opt_outs.stop_address(ctx, channel=ChannelType.EMAIL, address=str(patient.email), source="test")
        assert await booked(ctx, clinic, patient) == []

    async def test_each_change_of_one_visit_is_told_once(self, ctx: Context, clinic: Clinic) -> None:
        await booked(ctx, clinic, await make_patient(ctx))
        [visit] = await Appointment.find_all().to_list()
        start = wall(clinic, "2026-11-25 14:00")
        await visits.reschedule(ctx, visit.id, start=start, provider_id=None, actor="system")
        await visits.cancel(ctx, visit.id, actor="system")
        bodies = [row.body for row in await stage.rows(kind=MessageKind.CONFIRMATION)]
        assert len(bodies) == 3
        for told in ("booked for Tuesday 24 November", "moved to Wednesday 25 November", "is cancelled"):
            assert sum(told in body for body in bodies) == 1

    async def test_the_campaign_is_not_disturbed(self, ctx: Context, clinic: Clinic) -> None:
        campaign = await make_recovery(ctx)
        await booked(ctx, clinic, await patients.get(campaign.patient_id))
        await outbox.drain(ctx)
        assert (await campaigns.get(campaign.id)).follow_up_details.attempts_made == 0
