"""Erasing one person for ever: nothing that identifies them stays, and every number of the clinic stays true."""

from dataclasses import dataclass, field
from datetime import datetime

from beanie import PydanticObjectId

from app.context import Context
from app.domain.campaign_status import CampaignEvent
from app.errors import ConflictError, InvalidInputError
from app.models.appointments import Appointment
from app.models.base import Raw
from app.models.campaigns import ACTIVE_STATUSES, Campaign
from app.models.enums import AppointmentStatus, Delivery, InboxState, OutboxState
from app.models.imports import PatientImport
from app.models.inbox import InboundEvent
from app.models.interactions import Interaction
from app.models.outbox import CANCELLABLE_STATES, OutboundMessage
from app.models.patients import Patient
from app.services import audit, campaigns, erasure_blanks, erasure_traces, merge_holds, merges, patients, visits
from app.services.erasure_traces import Traces
from app.services.imports import files


class NotErasableError(ConflictError):
    code = "PATIENT_NOT_ERASABLE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """What an erasure did; a repeated one did nothing."""

    patient_id: PydanticObjectId
    erased_at: datetime
    blanked: dict[str, int] = field(default_factory=dict)


async def erase(
    ctx: Context, patient_id: PydanticObjectId, *, confirm_name: str, reason: str, close_open: bool, actor: str
) -> Erased:
    """Anonymise a patient and every record that was merged into this one. A second call finds nothing to change.

    With `close_open`, visits to come are cancelled without a message and the campaign is closed as opted out. Raises
    NotFoundError, InvalidInputError (another name), and NotErasableError (409: merged into another record, a visit to
    come, an active campaign, a guardian, a message on its way, a patient file that names them).
    """
    patient = await patients.get(patient_id)
    if patient.erased_at:
        await _look_again(ctx, await erasure_traces.of_person(patient_id))
        return Erased(patient_id=patient_id, erased_at=patient.erased_at)
    if patient.name.casefold().split() != confirm_name.casefold().split():
        raise InvalidInputError("`confirm_name` must be the patient's full name.")
    await merges.gather_late(ctx, patient_id)

    async def write() -> Erased:
        return await _write(ctx, patient_id, reason=reason, close_open=close_open, actor=actor)

    before = await erasure_traces.of_person(patient_id)
    await _refuse_waiting_files(ctx, before)
    done = await ctx.database.transaction(write)
    await _look_again(ctx, before)
    return done


async def _write(ctx: Context, patient_id: PydanticObjectId, *, reason: str, close_open: bool, actor: str) -> Erased:
    held = await merge_holds.hold(patient_id)
    if held.get("erased_at"):  # another click was faster
        await merge_holds.let_go(patient_id, {})
        return Erased(patient_id=patient_id, erased_at=held["erased_at"])
    traces = await erasure_traces.of_person(patient_id)
    await _refuse(ctx, held, traces)
    await _close_what_is_open(ctx, traces, close_open=close_open, actor=actor)
    await _withdraw_messages(traces)
    blanked = await erasure_blanks.blank_all(traces, now=ctx.now())
    for identity in traces.patients:
        await merge_holds.let_go(identity, erasure_blanks.nobody(ctx.now()))
    await audit.record(
        ctx,
        actor=actor,
        action=erasure_blanks.OWN_ROW,
        document=("patient", patient_id),
        patients=traces.patients,
        details={"reason": erasure_traces.masked(reason, traces.names), "blanked": blanked},
    )
    return Erased(patient_id=patient_id, erased_at=ctx.now(), blanked=blanked)


async def _refuse(ctx: Context, held: Raw, traces: Traces) -> None:
    if held.get("merged_into"):
        raise NotErasableError(
            "This record was merged into another one. Erase that one, or undo the merge first.",
            extra={"merged_into": str(held["merged_into"])},
        )
    dependants = Patient.collection().find({"guardian_id": {"$in": traces.patients}}, {"_id": 1})
    if names := [str(row["_id"]) async for row in dependants]:
        raise NotErasableError(
            "Messages for other patients go to this one. Give them another guardian first.", extra={"dependants": names}
        )
    await _refuse_what_others_need(traces)
    await _refuse_what_is_moving(ctx, traces)


async def _refuse_waiting_files(ctx: Context, traces: Traces) -> None:
    """A patient file that is not brought in yet would bring the person back."""
    marks = [*traces.names, *traces.addresses]
    waiting = await PatientImport.find({"has_file": True}).to_list()
    naming = [str(one.id) for one in waiting if await erasure_traces.stands_in_file(files.read(ctx, one.id), marks)]
    if naming:
        raise NotErasableError(
            "A patient file that waits to be imported names this patient. Import it or cancel it first.",
            extra={"imports": naming},
        )


async def _refuse_what_others_need(traces: Traces) -> None:
    query = {
        "channel.address": {"$in": traces.addresses},
        "status": {"$in": list(ACTIVE_STATUSES)},
        "patient_id": {"$nin": traces.patients},
    }
    if other := await Campaign.collection().find_one(query, {"_id": 1}):
        raise NotErasableError(
            "Another patient's active campaign writes to this address. Close it first.",
            extra={"campaigns": [str(other["_id"])]},
        )


async def _refuse_what_is_moving(ctx: Context, traces: Traces) -> None:
    """A message that leaves, or is being read, would be written down again after the erasure."""
    leaving = await OutboundMessage.collection().find_one(
        {"_id": {"$in": traces.messages}, "state": OutboxState.SENDING}, {"_id": 1}
    )
    being_read = await InboundEvent.collection().find_one(
        {"_id": {"$in": traces.events}, "state": InboxState.RECEIVED, "lease_until": {"$gt": ctx.now()}}, {"_id": 1}
    )
    if leaving or being_read:
        raise NotErasableError("A message of this patient is on its way. Try again in a minute.", retry_after=60)


async def _close_what_is_open(ctx: Context, traces: Traces, *, close_open: bool, actor: str) -> None:
    booked = await Appointment.find(
        {
            "patient_id": {"$in": traces.patients},
            "status": AppointmentStatus.BOOKED,
            "appointment_date": {"$gt": ctx.now()},
        }
    ).to_list()
    running = await Campaign.find(
        {"_id": {"$in": traces.campaigns}, "status": {"$in": list(ACTIVE_STATUSES)}}
    ).to_list()
    if (booked or running) and not close_open:
        raise NotErasableError(
            "This patient has a visit to come or an active campaign. Close them, or erase with `close_open`.",
            extra={
                "appointments": [str(visit.id) for visit in booked],
                "campaigns": [str(campaign.id) for campaign in running],
            },
        )
    for visit in booked:
        await _cancel_silently(ctx, visit, actor=actor)
    for campaign in running:
        await campaigns.move(ctx, campaign, CampaignEvent.OPTED_OUT, by=actor)


async def _cancel_silently(ctx: Context, visit: Appointment, *, actor: str) -> None:
    """Free the slot and tell nobody."""
    await visits.end(ctx, visit, AppointmentStatus.CANCELLED, keeps_slot=False)
    await audit.record(
        ctx,
        actor=actor,
        action="appointment.cancelled",
        document=("appointment", visit.id),
        patients=[visit.patient_id],
    )


async def _withdraw_messages(traces: Traces) -> None:
    """What waits never leaves; its interaction says so."""
    waiting = {"_id": {"$in": traces.messages}, "state": {"$in": list(CANCELLABLE_STATES)}}
    ids = [row["_id"] async for row in OutboundMessage.collection().find(waiting, {"_id": 1})]
    await OutboundMessage.collection().update_many(
        {"_id": {"$in": ids}}, {"$set": {"state": OutboxState.CANCELLED, "state_reason": "patient_erased"}}
    )
    await Interaction.collection().update_many({"_id": {"$in": ids}}, {"$set": {"delivery": Delivery.FAILED}})


async def _look_again(ctx: Context, before: Traces) -> None:
    """Blank what work that had begun earlier wrote down while we erased, by the ids and addresses known before."""
    late = await erasure_traces.of_person(before.patients[0], known=before)

    async def write() -> None:
        await _withdraw_messages(late)
        await erasure_blanks.blank_all(late, now=ctx.now())

    await ctx.database.transaction(write)
