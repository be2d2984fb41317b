"""What a patient is told about a visit: at the address on record, naming no procedure (trust.md 2.7)."""

import pytest

from app.context import Context
from app.errors import NotFoundError
from app.jobs import outbox
from app.models.appointments import Appointment
from app.models.clinic import Clinic
from app.models.enums import Author, ChannelType, MessageKind, OutboxState
from app.models.interactions import Interaction
from app.models.outbox import OutboundMessage
from app.models.patients import Patient
from app.services import campaigns, links, opt_outs, patients, visits
from app.services.appointments import BookingRequest, book
from tests.conftest import Clock
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


class TestCancelled:
    async def test_it_carries_a_way_to_choose_another_time(self, ctx: Context, clinic: Clinic) -> None:
        patient = await make_patient(ctx, name="Ana Lopez")
        await booked(ctx, clinic, patient)
        [visit] = await Appointment.find_all().to_list()
        await visits.cancel(ctx, visit.id, actor="system")
        row = next(row for row in await stage.rows(kind=MessageKind.CONFIRMATION) if "is cancelled" in row.body)
        token = row.body.split("/book?t=")[1].split()[0]
        link = await links.read_booking_link(ctx, token)
        assert link is not None
        assert link.patient_id == patient.id
        assert clinic.phone in row.body
        assert "/manage/" not in row.body
        assert "root" not in (row.body + row.subject).lower()

    async def test_it_goes_where_the_patient_is_now_not_where_an_old_campaign_was(
        self, ctx: Context, clinic: Clinic
    ) -> None:
        campaign = await make_recovery(ctx)
        patient = await patients.get(campaign.patient_id)
        await booked(ctx, clinic, patient)
        await stage.set_raw(campaign, status="MANUAL_FOLLOWUP_COMPLETE")
        await Patient.collection().update_one({"_id": patient.id}, {"$set": {"email": "new@example.com"}})
        [visit] = await Appointment.find_all().to_list()
        await visits.cancel(ctx, visit.id, actor="system")
        row = next(row for row in await stage.rows(kind=MessageKind.CONFIRMATION) if "is cancelled" in row.body)
        assert row.to == "new@example.com"


class TestOvertaken:
    async def test_what_a_later_change_overtook_is_not_told_any_more(self, ctx: Context, clinic: Clinic) -> None:
        """The provider was down: "booked" after "cancelled" would be the last word that the patient reads."""
        await booked(ctx, clinic, await make_patient(ctx))
        [visit] = await Appointment.find_all().to_list()
        await visits.cancel(ctx, visit.id, actor="system")
        assert (await outbox.drain(ctx))["sent"] == 1
        [body] = await stage.sent_bodies()
        assert "is cancelled" in body
        overtaken = await stage.only_row(state=OutboxState.CANCELLED)
        assert overtaken.state_reason == "confirmation_overtaken"

    async def test_a_visit_that_was_deleted_is_not_announced(self, ctx: Context, clinic: Clinic) -> None:
        await booked(ctx, clinic, await make_patient(ctx))
        [visit] = await Appointment.find_all().to_list()
        await visits.delete(ctx, visit.id, actor="system")
        await outbox.drain(ctx)
        [body] = await stage.sent_bodies()
        assert "is cancelled" in body
        assert (await stage.only_row(state=OutboxState.CANCELLED)).state_reason == "visit_not_booked"

    async def test_of_two_moves_only_the_last_is_told(self, ctx: Context, clinic: Clinic) -> None:
        await booked(ctx, clinic, await make_patient(ctx))
        [visit] = await Appointment.find_all().to_list()
        for at in ("2026-11-25 10:00", "2026-11-26 11:00"):
            await visits.reschedule(ctx, visit.id, start=wall(clinic, at), provider_id=None, actor="system")
        assert (await outbox.drain(ctx))["sent"] == 1
        [body] = await stage.sent_bodies()
        assert "has moved to Thursday 26 November at 11:00" in body
        overtaken = await stage.rows(state=OutboxState.CANCELLED)
        assert [row.state_reason for row in overtaken] == ["confirmation_overtaken"] * 2


class TestDeleted:
    async def test_the_patient_is_told_once_and_the_calendar_entry_goes(self, ctx: Context, clinic: Clinic) -> None:
        await booked(ctx, clinic, await make_patient(ctx))
        await outbox.drain(ctx)
        [visit] = await Appointment.find_all().to_list()
        await visits.delete(ctx, visit.id, actor="system")
        with pytest.raises(NotFoundError):
            await visits.delete(ctx, visit.id, actor="system")
        row = await stage.only_row(kind=MessageKind.CONFIRMATION, state=OutboxState.PENDING)
        assert "on Tuesday 24 November at 14:00 is cancelled" in row.body
        [invitation] = row.attachments
        assert "method=CANCEL" in invitation.content_type
        for line in ("METHOD:CANCEL", f"UID:{visit.ics_uid}", "SEQUENCE:1", "STATUS:CANCELLED"):
            assert f"{line}\r\n" in invitation.content
        assert (await outbox.drain(ctx))["sent"] == 1

    async def test_a_cancelled_visit_is_not_told_again(self, ctx: Context, clinic: Clinic) -> None:
        await booked(ctx, clinic, await make_patient(ctx))
        [visit] = await Appointment.find_all().to_list()
        await visits.cancel(ctx, visit.id, actor="system")
        before = len(await stage.rows())
        await visits.delete(ctx, visit.id, actor="system")
        assert len(await stage.rows()) == before

    async def test_a_visit_that_has_begun_is_not_told(self, ctx: Context, clinic: Clinic, clock: Clock) -> None:
        await booked(ctx, clinic, await make_patient(ctx))
        [visit] = await Appointment.find_all().to_list()
        clock.instant = visit.appointment_date
        before = len(await stage.rows())
        await visits.delete(ctx, visit.id, actor="system")
        assert len(await stage.rows()) == before

    async def test_a_cancellation_is_told_although_the_visit_was_deleted_since(
        self, ctx: Context, clinic: Clinic
    ) -> None:
        await booked(ctx, clinic, await make_patient(ctx))
        [visit] = await Appointment.find_all().to_list()
        await visits.cancel(ctx, visit.id, actor="system")
        await visits.delete(ctx, visit.id, actor="system")
        assert (await outbox.drain(ctx))["sent"] == 1
