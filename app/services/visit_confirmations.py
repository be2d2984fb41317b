"""Whether a patient comes: the `confirmation_status` of a booked visit, said by the patient or set by staff.

The patient's word never cancels a visit: it is shown to staff, who see `needs_review` and a live event.
"""

from typing import Any

from beanie import PydanticObjectId
from pymongo import ReturnDocument

from app.context import Context
from app.errors import ConflictError, NotFoundError
from app.models.appointments import Appointment
from app.models.enums import AppointmentStatus, ConfirmationStatus
from app.services import audit

REVIEWS = {
    ConfirmationStatus.CANNOT_COME: "patient_cannot_come",
    ConfirmationStatus.RUNNING_LATE: "patient_running_late",
}
"""What staff are asked to look at; any other status takes such a mark away again."""


def unsaid(visit: Appointment) -> dict[str, Any]:
    """What moving a visit writes: nobody has said anything of the new time yet."""
    written: dict[str, Any] = {"confirmation_status": ConfirmationStatus.UNCONFIRMED}
    return written | ({"needs_review": None} if visit.needs_review in REVIEWS.values() else {})


async def record(
    ctx: Context, visit_id: PydanticObjectId, status: ConfirmationStatus, *, actor: str
) -> Appointment | None:
    """Write the status inside the caller's transaction; None when the visit is not booked any more.

    The same status again changes nothing and leaves no audit row. The visit's own `updated_at` stays: it says when the
    visit was booked or moved.
    """
    visit = await Appointment.get(visit_id)
    if visit is None or visit.status is not AppointmentStatus.BOOKED:
        return None
    if visit.confirmation_status is status:
        return visit
    written: dict[str, Any] = {"confirmation_status": status}
    if status in REVIEWS or visit.needs_review in REVIEWS.values():
        written["needs_review"] = REVIEWS.get(status)
    raw = await Appointment.collection().find_one_and_update(
        {"_id": visit_id, "status": AppointmentStatus.BOOKED},
        {"$set": written},
        return_document=ReturnDocument.AFTER,
    )
    await audit.record(
        ctx,
        actor=actor,
        action="appointment.confirmation_changed",
        document=("appointment", visit_id),
        patients=[visit.patient_id],
        details={"from": visit.confirmation_status, "to": status},
    )
    return Appointment.from_raw(raw) if raw else None


async def set_by_staff(
    ctx: Context, visit_id: PydanticObjectId, status: ConfirmationStatus, *, actor: str
) -> Appointment:
    """What the patient said on the phone or at the desk. Raises NotFoundError, or ConflictError unless it is booked."""

    async def write() -> Appointment:
        visit = await record(ctx, visit_id, status, actor=actor)
        if visit is None:
            raise await _refusal(visit_id)
        return visit

    return await ctx.database.transaction(write)


async def _refusal(visit_id: PydanticObjectId) -> ConflictError | NotFoundError:
    visit = await Appointment.get(visit_id)
    if visit is None:
        return NotFoundError("There is no appointment with this id.")
    return ConflictError(f"This visit is {visit.status}: it cannot be confirmed any more.")
