"""What becomes of a booked visit, and of the campaign, the patient and the slot behind it (domain.md section 7)."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from beanie import PydanticObjectId

from app.context import Context
from app.errors import ConflictError, InvalidInputError, NotFoundError, SlotTakenError
from app.jobs import outbox
from app.models.appointments import Appointment
from app.models.campaigns import Campaign
from app.models.clinic import Clinic
from app.models.enums import AppointmentStatus, CampaignStatus, CloseReason, MessageKind, PatientType
from app.models.patients import Patient
from app.models.records import AuditEntry
from app.models.users import WorkSchedule
from app.services import campaigns, invariants, launching, patients, visits
from app.services.appointments import BookingRequest, book
from tests.conftest import Clock
from tests.factories import make_clinic, make_due_patient, make_patient, make_provider, make_recovery, make_service
from tests.factories import wall as on_the_wall
from tests.services import stage

A, S = AppointmentStatus, CampaignStatus
ACTOR = "user:0123456789abcdef01234567"


@pytest.fixture
async def clinic(ctx: Context) -> Clinic:
    """A clinic with one provider."""
    place = await make_clinic()
    await make_service(duration_minutes=30, buffer_after_minutes=15)
    await make_provider(ctx, ["checkup"])
    return place


@pytest.fixture
async def visit(ctx: Context, clinic: Clinic) -> Appointment:
    """A visit that a recovery campaign brought: Tuesday at ten."""
    campaign = await make_recovery(ctx)
    return await booked(ctx, clinic, await patients.get(campaign.patient_id))


async def booked(ctx: Context, clinic: Clinic, patient: Patient, wall: str = "2026-11-24 10:00") -> Appointment:
    request = BookingRequest(
        name="x", email=patient.email, phone=None, start=on_the_wall(clinic, wall), service_name="checkup"
    )
    return await book(ctx, request)


async def campaign_of(visit: Appointment) -> Campaign:
    assert visit.campaign_id is not None
    return await campaigns.get(visit.campaign_id)


async def complete(ctx: Context, visit: Appointment, next_follow_up_on: date | None = None) -> Appointment:
    return await visits.complete(ctx, visit.id, next_follow_up_on=next_follow_up_on, actor=ACTOR)


class TestComplete:
    async def test_it_is_the_conversion(self, ctx: Context, clock: Clock, visit: Appointment) -> None:
        clock.instant = visit.ends_at
        done = await complete(ctx, visit)
        campaign = await campaign_of(visit)
        assert done.status is A.COMPLETED
        assert (campaign.status, campaign.close_reason) == (S.RECOVERED, CloseReason.CONVERTED)
        assert campaign.closed_at == clock.instant

    async def test_a_lead_becomes_a_patient_with_a_history(self, ctx: Context, visit: Appointment) -> None:
        await complete(ctx, visit, date(2027, 5, 24))
        patient = await patients.get(visit.patient_id)
        assert patient.patient_type is PatientType.EXISTING
        [treatment] = patient.treatment_history
        assert (treatment.procedure_name, treatment.procedure_date) == ("Checkup", date(2026, 11, 24))
        assert treatment.next_follow_up_date == patient.next_follow_up_date == date(2027, 5, 24)
        assert patient.outreach_due_at == datetime(2027, 5, 24, 4, 0, tzinfo=UTC)

    async def test_the_day_of_the_treatment_is_the_clinics(self, ctx: Context, clinic: Clinic) -> None:
        await make_service("late_check")
        await make_provider(ctx, ["late_check"], schedule=WorkSchedule(weekly={"tue": [("20:00", "23:00")]}))
        patient = await make_patient(ctx)
        start = on_the_wall(clinic, "2026-11-24 21:00")  # Wednesday in UTC
        request = BookingRequest(name="x", email=patient.email, phone=None, start=start, service_name="late_check")
        await complete(ctx, await book(ctx, request))
        [treatment] = (await patients.get(patient.id)).treatment_history
        assert treatment.procedure_date == date(2026, 11, 24)

    async def test_a_due_date_that_the_visit_served_is_taken_away(self, ctx: Context, clinic: Clinic) -> None:
        patient = await make_due_patient(ctx, due_on=date(2026, 11, 20))
        visit = await booked(ctx, clinic, patient)
        await complete(ctx, visit)
        after = await patients.get(patient.id)
        assert (after.next_follow_up_date, after.outreach_due_at) == (None, None)

    async def test_a_later_due_date_stays(self, ctx: Context, clinic: Clinic) -> None:
        patient = await make_due_patient(ctx, due_on=date(2027, 2, 1))
        await complete(ctx, await booked(ctx, clinic, patient))
        assert (await patients.get(patient.id)).next_follow_up_date == date(2027, 2, 1)

    async def test_a_second_call_changes_nothing(self, ctx: Context, visit: Appointment) -> None:
        first = await complete(ctx, visit, date(2027, 5, 24))
        again = await complete(ctx, visit, date(2030, 1, 1))
        assert again == first
        patient = await patients.get(visit.patient_id)
        assert len(patient.treatment_history) == 1
        assert patient.next_follow_up_date == date(2027, 5, 24)
        assert await AuditEntry.find({"action": "appointment.completed"}).count() == 1

    async def test_calls_at_once_complete_it_once(self, ctx: Context, visit: Appointment) -> None:
        await asyncio.gather(*(complete(ctx, visit) for _ in range(4)))
        assert len((await patients.get(visit.patient_id)).treatment_history) == 1
        assert not any((await invariants.check(ctx)).values())

    @pytest.mark.parametrize("end", [visits.cancel, visits.mark_no_show])
    async def test_a_visit_that_ended_otherwise_is_refused(self, ctx: Context, visit: Appointment, end: Any) -> None:
        await end(ctx, visit.id, actor=ACTOR)
        with pytest.raises(ConflictError):
            await complete(ctx, visit)
        assert (await patients.get(visit.patient_id)).treatment_history == []

    async def test_one_without_a_campaign_moves_none(self, ctx: Context, clinic: Clinic) -> None:
        patient = await make_patient(ctx)
        done = await complete(ctx, await booked(ctx, clinic, patient))
        assert (done.status, await Campaign.count()) == (A.COMPLETED, 0)


class TestCancelAndNoShow:
    @pytest.mark.parametrize(
        ("end", "status"), [(visits.cancel, A.CANCELLED), (visits.mark_no_show, A.NO_SHOW)], ids=["cancel", "no-show"]
    )
    async def test_the_slot_is_free_and_the_campaign_open_again(
        self, ctx: Context, clinic: Clinic, visit: Appointment, end: Any, status: AppointmentStatus
    ) -> None:
        ended = await end(ctx, visit.id, actor=ACTOR)
        assert (ended.status, ended.slot_keys, ended.ics_sequence) == (status, None, 1)
        assert (await campaign_of(visit)).status is S.RE_ENGAGED
        assert (await booked(ctx, clinic, await make_patient(ctx))).appointment_date == visit.appointment_date

    async def test_several_cancelled_visits_do_not_collide(self, ctx: Context, clinic: Clinic) -> None:
        for hour in ("09:00", "10:00", "11:00"):
            held = await booked(ctx, clinic, await make_patient(ctx), f"2026-11-24 {hour}")
            await visits.cancel(ctx, held.id, actor=ACTOR)
        assert await Appointment.find({"status": A.CANCELLED}).count() == 3

    async def test_a_second_call_changes_nothing(self, ctx: Context, visit: Appointment) -> None:
        first = await visits.cancel(ctx, visit.id, actor=ACTOR)
        assert await visits.cancel(ctx, visit.id, actor=ACTOR) == first
        assert len(await stage.rows(kind=MessageKind.CONFIRMATION)) == 2  # booked, cancelled

    async def test_a_completed_visit_cannot_be_cancelled(self, ctx: Context, visit: Appointment) -> None:
        await complete(ctx, visit)
        with pytest.raises(ConflictError):
            await visits.cancel(ctx, visit.id, actor=ACTOR)
        assert (await campaign_of(visit)).status is S.RECOVERED

    async def test_another_visit_of_the_campaign_keeps_it_booked(
        self, ctx: Context, clinic: Clinic, visit: Appointment
    ) -> None:
        patient = await patients.get(visit.patient_id)
        second = await booked(ctx, clinic, patient, "2026-11-25 10:00")
        assert second.campaign_id == visit.campaign_id
        await visits.cancel(ctx, visit.id, actor=ACTOR)
        assert (await campaign_of(visit)).status is S.BOOKING_INITIATED
        await visits.cancel(ctx, second.id, actor=ACTOR)
        assert (await campaign_of(visit)).status is S.RE_ENGAGED

    async def test_the_patient_is_told_and_a_missed_visit_tells_nobody(
        self, ctx: Context, clinic: Clinic, visit: Appointment
    ) -> None:
        missed = await booked(ctx, clinic, await make_patient(ctx), "2026-11-24 11:00")
        await outbox.drain(ctx)
        await visits.mark_no_show(ctx, missed.id, actor=ACTOR)
        await visits.cancel(ctx, visit.id, actor=ACTOR)
        await outbox.drain(ctx)
        bodies = await stage.sent_bodies()
        assert len(bodies) == 3
        assert "on Tuesday 24 November at 10:00 is cancelled" in bodies[-1]

    async def test_a_recall_is_due_again_after_a_cancelled_visit(
        self, ctx: Context, clinic: Clinic, clock: Clock
    ) -> None:
        patient = await make_due_patient(ctx, due_on=date(2026, 11, 25))
        visit = await booked(ctx, clinic, patient, "2026-12-01 10:00")
        assert (await patients.get(patient.id)).outreach_due_at == visit.appointment_date + timedelta(days=1)
        await visits.cancel(ctx, visit.id, actor=ACTOR)
        assert (await patients.get(patient.id)).outreach_due_at == datetime(2026, 11, 25, 5, 0, tzinfo=UTC)
        clock.forward(days=2)
        assert (await launching.launch_due(ctx)).created == 1


class TestReschedule:
    async def test_one_write_moves_it_and_frees_the_old_slot(
        self, ctx: Context, clinic: Clinic, visit: Appointment
    ) -> None:
        start = on_the_wall(clinic, "2026-11-25 11:00")
        moved = await visits.reschedule(ctx, visit.id, start=start, provider_id=None, actor=ACTOR)
        assert (moved.id, moved.ics_uid, moved.ics_sequence) == (visit.id, visit.ics_uid, 1)
        assert (moved.appointment_date, moved.ends_at) == (start, start + timedelta(minutes=30))
        assert moved.busy_until == start + timedelta(minutes=45)
        assert (await campaign_of(visit)).status is S.BOOKING_INITIATED
        await booked(ctx, clinic, await make_patient(ctx))

    async def test_a_taken_time_leaves_the_old_slot_as_it_was(
        self, ctx: Context, clinic: Clinic, visit: Appointment
    ) -> None:
        other = await booked(ctx, clinic, await make_patient(ctx), "2026-11-24 11:00")
        with pytest.raises(SlotTakenError) as refused:
            await visits.reschedule(
                ctx, visit.id, start=other.appointment_date, provider_id=other.provider_id, actor=ACTOR
            )
        assert refused.value.extra["alternatives"]
        assert await visits.get(visit.id) == visit
        with pytest.raises(SlotTakenError):
            await booked(ctx, clinic, await make_patient(ctx))

    @pytest.mark.parametrize("end", [visits.cancel, visits.mark_no_show, complete])
    async def test_an_ended_visit_cannot_move(self, ctx: Context, clinic: Clinic, visit: Appointment, end: Any) -> None:
        await (complete(ctx, visit) if end is complete else end(ctx, visit.id, actor=ACTOR))
        start = on_the_wall(clinic, "2026-11-25 11:00")
        with pytest.raises(ConflictError):
            await visits.reschedule(ctx, visit.id, start=start, provider_id=None, actor=ACTOR)

    async def test_the_past_is_refused(self, ctx: Context, visit: Appointment) -> None:
        with pytest.raises(InvalidInputError):
            await visits.reschedule(ctx, visit.id, start=ctx.now(), provider_id=None, actor=ACTOR)


class TestDelete:
    async def test_the_document_goes_and_the_audit_keeps_a_copy(
        self, ctx: Context, clinic: Clinic, visit: Appointment
    ) -> None:
        await visits.delete(ctx, visit.id, actor=ACTOR)
        with pytest.raises(NotFoundError):
            await visits.get(visit.id)
        entry = await AuditEntry.find_one({"action": "appointment.deleted"})
        assert entry is not None
        assert (entry.document_id, entry.details["patient_id"]) == (str(visit.id), visit.patient_id)
        assert (await campaign_of(visit)).status is S.RE_ENGAGED
        await booked(ctx, clinic, await make_patient(ctx))

    async def test_a_completed_visit_leaves_its_conversion(self, ctx: Context, visit: Appointment) -> None:
        await complete(ctx, visit)
        await visits.delete(ctx, visit.id, actor=ACTOR)
        assert (await campaign_of(visit)).status is S.RECOVERED

    async def test_an_unknown_visit_is_not_found(self, ctx: Context) -> None:
        with pytest.raises(NotFoundError):
            await visits.delete(ctx, PydanticObjectId(), actor=ACTOR)
