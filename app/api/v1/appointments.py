"""Appointments for staff (api.md section 4)."""

from typing import Annotated

from beanie import PydanticObjectId
from fastapi import APIRouter, Query

from app.api.deps import ContextDep, FrontDesk, Reader, RecordId, Treats, actor_of
from app.api.idempotency import IdempotentRoute
from app.api.v1.schemas.appointments import (
    AppointmentAnswer,
    AppointmentList,
    CompleteBody,
    ConfirmBody,
    RescheduleBody,
    StaffBookBody,
)
from app.api.v1.schemas.errors import refusals
from app.api.v1.schemas.types import Day
from app.models.clinic import Clinic
from app.services import addresses, appointment_lists, audit, desk_bookings, visit_confirmations, visits
from app.services.desk_bookings import StaffBooking

router = APIRouter(prefix="/admin/appointments", tags=["appointments"], route_class=IdempotentRoute)


@router.get("", summary="Appointments of a span of days")
async def list_appointments(
    ctx: ContextDep,
    user: Reader,
    start_date: Annotated[Day | None, Query()] = None,
    end_date: Annotated[Day | None, Query()] = None,
    provider_id: PydanticObjectId | None = None,
) -> AppointmentList:
    """Every role; the read is written into the audit log.

    Clinic-local dates, both inclusive; by default today and the 30 days after it.
    """
    found = await appointment_lists.between(ctx, first=start_date, last=end_date, provider_id=provider_id)
    await audit.record(
        ctx,
        actor=actor_of(user),
        action="appointment.listed",
        document=("appointment", "list"),
        patients=[visit.patient_id for visit in found],
    )
    return AppointmentList(appointments=[AppointmentAnswer.of(visit) for visit in found])


@router.post("", status_code=201, summary="Book a visit at the desk", responses=refusals(404, 409))
async def create_appointment(body: StaffBookBody, user: FrontDesk, ctx: ContextDep) -> AppointmentAnswer:
    """Admin, manager, front desk. Outside working hours is allowed, on top of another visit is not (409)."""
    clinic = await Clinic.load()
    channels = body.preferred_channel if isinstance(body.preferred_channel, list) else [body.preferred_channel]
    request = StaffBooking(
        name=body.name,
        email=body.email,
        phone=addresses.phone_in_e164(body.phone, clinic),
        start=addresses.as_instant(body.appointment_date, clinic),
        duration_minutes=body.duration_minutes,
        service_name=body.service_name,
        preferred_channel=channels,
        provider_id=body.provider_id,
        notes=body.notes,
    )
    return AppointmentAnswer.of(await desk_bookings.book(ctx, request, actor=actor_of(user)))


@router.post("/{appointment_id}/complete", summary="The visit happened", responses=refusals(404, 409))
async def complete_appointment(
    appointment_id: RecordId, user: Treats, ctx: ContextDep, body: CompleteBody | None = None
) -> AppointmentAnswer:
    """Every role. A second call answers the same and changes nothing; 409 for a cancelled visit."""
    on = body.next_follow_up_date if body else None
    return AppointmentAnswer.of(await visits.complete(ctx, appointment_id, next_follow_up_on=on, actor=actor_of(user)))


@router.post("/{appointment_id}/cancel", summary="Cancel a visit", responses=refusals(404, 409))
async def cancel_appointment(appointment_id: RecordId, user: FrontDesk, ctx: ContextDep) -> AppointmentAnswer:
    """Admin, manager, front desk. The slot is free again and the patient is told; 409 for a completed visit."""
    return AppointmentAnswer.of(await visits.cancel(ctx, appointment_id, actor=actor_of(user)))


@router.post("/{appointment_id}/confirm", summary="What the patient says of a visit", responses=refusals(404, 409))
async def confirm_appointment(
    appointment_id: RecordId, body: ConfirmBody, user: FrontDesk, ctx: ContextDep
) -> AppointmentAnswer:
    """Admin, manager, front desk. Nothing is sent and nothing cancelled; 409 for a visit that is not booked."""
    stored = await visit_confirmations.set_by_staff(ctx, appointment_id, body.status, actor=actor_of(user))
    return AppointmentAnswer.of(stored)


@router.post("/{appointment_id}/no-show", summary="The patient did not come", responses=refusals(404, 409))
async def mark_no_show(appointment_id: RecordId, user: Treats, ctx: ContextDep) -> AppointmentAnswer:
    """Every role. 409 for a visit that was completed or cancelled."""
    return AppointmentAnswer.of(await visits.mark_no_show(ctx, appointment_id, actor=actor_of(user)))


@router.post("/{appointment_id}/reschedule", summary="Move a visit", responses=refusals(404, 409))
async def reschedule_appointment(
    appointment_id: RecordId, body: RescheduleBody, user: FrontDesk, ctx: ContextDep
) -> AppointmentAnswer:
    """Admin, manager, front desk. One write moves it; 409 with `alternatives` leaves it where it was."""
    start = addresses.as_instant(body.appointment_date, await Clinic.load())
    moved = await visits.reschedule(
        ctx, appointment_id, start=start, provider_id=body.provider_id, actor=actor_of(user)
    )
    return AppointmentAnswer.of(moved)


@router.delete("/{appointment_id}", status_code=204, summary="Delete a visit", responses=refusals(404))
async def delete_appointment(appointment_id: RecordId, user: FrontDesk, ctx: ContextDep) -> None:
    """Admin, manager, front desk. The audit log keeps a copy; 404 for an unknown id."""
    await visits.delete(ctx, appointment_id, actor=actor_of(user))
