"""What becomes of a booked visit: completed, moved, cancelled, missed or deleted (domain.md section 7, D-46)."""

from datetime import date, datetime, timedelta
from typing import Any

from beanie import PydanticObjectId
from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from app.context import Context
from app.domain.campaign_status import CampaignEvent
from app.errors import ConflictError, NotFoundError, SlotTakenError
from app.models.appointments import Appointment
from app.models.campaigns import Campaign
from app.models.clinic import Clinic
from app.models.enums import AppointmentStatus, CampaignStatus
from app.models.services import Service
from app.services import (
    audit,
    availability,
    campaigns,
    confirmations,
    counters,
    desk_bookings,
    freed_slots,
    hold_claims,
    patients,
    reservations,
    stranded_visits,
    visit_confirmations,
)
from app.services.availability import Offer

NOT_KEPT = {"id", "slot_keys", "uncounted", "counted_as"}
"""What the audit row of a deleted visit leaves out: the id it has already, and our own bookkeeping."""


async def get(appointment_id: PydanticObjectId) -> Appointment:
    appointment = await Appointment.get(appointment_id)
    if appointment is None:
        raise NotFoundError("There is no appointment with this id.")
    return appointment


async def complete(
    ctx: Context, appointment_id: PydanticObjectId, *, next_follow_up_on: date | None, actor: str
) -> Appointment:
    """The visit happened: the campaign is RECOVERED, the patient EXISTING. A second call changes nothing (D-46)."""

    async def write() -> Appointment:
        visit = await get(appointment_id)
        if visit.status is AppointmentStatus.COMPLETED:
            return visit
        done = await end(ctx, visit, AppointmentStatus.COMPLETED, keeps_slot=True)
        await _move_campaign(ctx, visit, CampaignEvent.VISIT_COMPLETED, actor=actor)
        await patients.record_visit(
            ctx,
            patient_id=visit.patient_id,
            procedure=visit.service_name,
            on=visit.appointment_date.astimezone((await Clinic.load()).zone).date(),
            next_follow_up_on=next_follow_up_on,
        )
        await _record(ctx, visit, "completed", actor=actor)
        return done

    return await ctx.database.transaction(write)


async def cancel(ctx: Context, appointment_id: PydanticObjectId, *, actor: str) -> Appointment:
    """Free the slot and tell the patient. A second call changes nothing; a visit that ended otherwise answers 409."""
    return await _withdraw(ctx, appointment_id, AppointmentStatus.CANCELLED, actor=actor)


async def mark_no_show(ctx: Context, appointment_id: PydanticObjectId, *, actor: str) -> Appointment:
    """The patient did not come; the campaign is open again. Same repeats and refusals as `cancel`."""
    return await _withdraw(ctx, appointment_id, AppointmentStatus.NO_SHOW, actor=actor)


async def _withdraw(
    ctx: Context, appointment_id: PydanticObjectId, status: AppointmentStatus, *, actor: str
) -> Appointment:
    async def write() -> Appointment:
        visit = await get(appointment_id)
        if visit.status is status:
            return visit
        ended = await end(ctx, visit, status, keeps_slot=False)
        campaign = await _move_campaign(ctx, visit, CampaignEvent.APPOINTMENT_WITHDRAWN, actor=actor)
        await patients.refresh_due(ctx, visit.patient_id)
        await _record(ctx, visit, status, actor=actor)
        if status is AppointmentStatus.CANCELLED:
            patient = await patients.get(visit.patient_id)
            await confirmations.confirm(ctx, ended, patient, campaign, wording=confirmations.CANCELLED)
        return ended

    return await ctx.database.transaction(write)


async def _record(
    ctx: Context, visit: Appointment, what: str, *, actor: str, details: dict[str, Any] | None = None
) -> None:
    """The audit row of one change, in its transaction."""
    await audit.record(
        ctx,
        actor=actor,
        action=f"appointment.{what}",
        document=("appointment", visit.id),
        patients=[visit.patient_id],
        details=details,
    )


async def end(ctx: Context, visit: Appointment, status: AppointmentStatus, *, keeps_slot: bool) -> Appointment:
    """Set a booked visit's end state; the cells are removed, never emptied: a second `[]` collides (trust.md 2.1)."""
    freed = {} if keeps_slot else {"$unset": {"slot_keys": ""}}
    raw = await Appointment.collection().find_one_and_update(
        {"_id": visit.id, "status": AppointmentStatus.BOOKED},
        {"$set": {"status": status, "updated_at": ctx.now(), "uncounted": True}, "$inc": {"ics_sequence": 1}, **freed},
        return_document=ReturnDocument.AFTER,
    )
    if raw is None:
        raise ConflictError(f"This visit is {visit.status} and cannot become {status}.")
    if not keeps_slot:
        await freed_slots.note_ended(ctx, visit, status)
    return Appointment.from_raw(raw)


async def _move_campaign(ctx: Context, visit: Appointment, event: CampaignEvent, *, actor: str) -> Campaign | None:
    """Move the campaign that brought the visit, if it still waits for it and no other booked visit does."""
    campaign = await Campaign.get(visit.campaign_id) if visit.campaign_id else None
    if campaign is None or campaign.status is not CampaignStatus.BOOKING_INITIATED:
        return campaign
    if event is CampaignEvent.APPOINTMENT_WITHDRAWN and await _other_visit(visit):
        return campaign
    return await campaigns.move(ctx, campaign, event, by=actor)


async def _other_visit(visit: Appointment) -> bool:
    query = {"campaign_id": visit.campaign_id, "status": AppointmentStatus.BOOKED, "_id": {"$ne": visit.id}}
    return await Appointment.collection().find_one(query, {"_id": 1}) is not None


async def reschedule(
    ctx: Context, appointment_id: PydanticObjectId, *, start: datetime, provider_id: PydanticObjectId | None, actor: str
) -> Appointment:
    """Move a booked visit with one write; refused (409 with alternatives) leaves the old slot as it was.

    Raises SlotTakenError, and its kind SlotHeldError while a visitor's form is open for the time: for staff alone.
    """
    desk_bookings.refuse_unlikely(ctx, start)
    visit = await get(appointment_id)
    if provider_id and visit.service_id:  # 404 for somebody who does not perform it
        await availability.offer_for(await availability.service_named(visit.service_id), provider_id=provider_id)
    moved = _moved(visit, start, provider_id or visit.provider_id)

    async def write() -> Appointment:
        await freed_slots.note_moved(ctx, await get(visit.id))
        raw = await Appointment.collection().find_one_and_update(
            {"_id": visit.id, "status": AppointmentStatus.BOOKED},
            {
                "$set": _slot_fields(moved) | visit_confirmations.unsaid(visit) | {"updated_at": ctx.now()},
                "$inc": {"ics_sequence": 1},
            },
            return_document=ReturnDocument.AFTER,
        )
        if raw is None:
            raise ConflictError(f"This visit is {visit.status} and cannot be moved.")
        await hold_claims.claim(ctx, moved, holder=None)
        await _record(ctx, visit, "rescheduled", actor=actor, details={"from": visit.appointment_date, "to": start})
        stored = Appointment.from_raw(raw)
        campaign = await Campaign.get(visit.campaign_id) if visit.campaign_id else None
        patient = await patients.get(visit.patient_id)
        await confirmations.confirm(ctx, stored, patient, campaign, wording=confirmations.MOVED)
        await patients.refresh_due(ctx, visit.patient_id)
        await ctx.pause("visit.moved")
        return stored

    try:
        stored = await ctx.database.transaction(write)
    except DuplicateKeyError as error:
        if not hold_claims.is_hold_clash(error):
            raise await _slot_taken(ctx, visit, start) from error
        if not await hold_claims.sweep(ctx, moved):
            raise await hold_claims.held(ctx, await _offer_of(visit), moved) from error
        return await reschedule(ctx, appointment_id, start=start, provider_id=provider_id, actor=actor)
    return await stranded_visits.look_again(ctx, stored)


def _moved(visit: Appointment, start: datetime, provider_id: PydanticObjectId | None) -> Appointment:
    end = start + timedelta(minutes=visit.duration_minutes)
    busy_from = start - (visit.appointment_date - visit.busy_from)
    busy_until = end + (visit.busy_until - visit.ends_at)
    times = {"appointment_date": start, "ends_at": end, "busy_from": busy_from, "busy_until": busy_until}
    return reservations.on_chair(visit.model_copy(update=times), provider_id)


def _slot_fields(visit: Appointment) -> dict[str, object]:
    fields = ("appointment_date", "ends_at", "busy_from", "busy_until", "provider_id", "slot_keys")
    return {field: getattr(visit, field) for field in fields}


async def _slot_taken(ctx: Context, visit: Appointment, start: datetime) -> SlotTakenError:
    offer = await _offer_of(visit)
    free = await availability.alternatives(ctx, offer, start) if offer else []
    return SlotTakenError("This time is taken. Choose another one.", extra={"alternatives": free})


async def _offer_of(visit: Appointment) -> Offer | None:
    """Who may perform the visit's service, unless it is not offered any more."""
    service = await Service.get(visit.service_id) if visit.service_id else None
    return await availability.offer_for(service) if service else None


async def delete(ctx: Context, appointment_id: PydanticObjectId, *, actor: str) -> None:
    """Remove the document; the audit row keeps a copy (domain.md section 7).

    Whoever was expected to come is told as after a cancellation: the calendar entry goes with the visit.
    """

    async def write() -> None:
        visit = await get(appointment_id)
        await _record(ctx, visit, "deleted", actor=actor, details=visit.model_dump(exclude=NOT_KEPT))
        await visit.delete()
        await counters.forget(visit)
        if visit.status is AppointmentStatus.BOOKED:
            await freed_slots.note_deleted(ctx, visit)
            campaign = await _move_campaign(ctx, visit, CampaignEvent.APPOINTMENT_WITHDRAWN, actor=actor)
            await _tell_deleted(ctx, visit, campaign)
        await patients.refresh_due(ctx, visit.patient_id)

    await ctx.database.transaction(write)


async def _tell_deleted(ctx: Context, visit: Appointment, campaign: Campaign | None) -> None:
    """Nobody is told of a visit that has begun; `ics_sequence` grows as a cancellation's does (RFC 5546, 2.1.4)."""
    if visit.appointment_date <= ctx.now():
        return
    gone = {"status": AppointmentStatus.CANCELLED, "ics_sequence": visit.ics_sequence + 1, "updated_at": ctx.now()}
    patient = await patients.get(visit.patient_id)
    ended = visit.model_copy(update=gone)
    await confirmations.confirm(ctx, ended, patient, campaign, wording=confirmations.CANCELLED)
