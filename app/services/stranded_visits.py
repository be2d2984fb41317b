"""Visits booked in the very moment in which their provider, or their service, went away: staff are told (ADR 0013).

Going away is refused while visits lie ahead, and a visit is booked only with somebody who is there; but the two read
before they write, and in a transaction only writes conflict (trust.md 2.1). Making every booking of a provider write
one document is safe and slow. So both sides look again once they are committed: whoever is second sees the other.
"""

from beanie import PydanticObjectId

from app.context import Context
from app.database.connection import joining_nothing
from app.models.appointments import Appointment
from app.models.base import Raw
from app.models.enums import AppointmentStatus
from app.models.services import Service
from app.models.users import User
from app.services import audit

PROVIDER_LEFT = "provider_left"
SERVICE_ENDED = "service_ended"


async def look_again(ctx: Context, visit: Appointment) -> Appointment:
    """After a booking or a move is committed: the visit as it stands, flagged when nobody can keep it any more."""
    await ctx.pause("booking.committed")
    reason = await _why_stranded(visit)
    if reason is None:
        return visit
    await _flag(ctx, {"_id": visit.id}, reason, actor=audit.SYSTEM)
    flagged: Appointment = visit.model_copy(update={"needs_review": reason})
    return flagged


async def _why_stranded(visit: Appointment) -> str | None:
    if visit.provider_id is None:
        gone = visit.service_id is not None and await Service.get(visit.service_id) is None
        return SERVICE_ENDED if gone else None
    raw = await User.collection().find_one({"_id": visit.provider_id}, {"is_active": 1, "services": 1})
    if raw is None or not raw["is_active"]:
        return PROVIDER_LEFT
    return SERVICE_ENDED if visit.service_id and visit.service_id not in raw.get("services", []) else None


async def of_provider(ctx: Context, provider_id: PydanticObjectId, *, actor: str) -> int:
    """After a provider is gone: flag the visits that were booked meanwhile; how many there are."""
    return await _flag(ctx, {"provider_id": provider_id}, PROVIDER_LEFT, actor=actor)


async def of_service(ctx: Context, service_id: str, *, actor: str) -> int:
    """After a service has ended: flag the visits that were booked meanwhile; how many there are."""
    return await _flag(ctx, {"service_id": service_id}, SERVICE_ENDED, actor=actor)


async def _flag(ctx: Context, which: Raw, reason: str, *, actor: str) -> int:
    query = which | {
        "appointment_date": {"$gt": ctx.now()},
        "status": AppointmentStatus.BOOKED.value,
        "needs_review": {"$ne": reason},
    }

    async def write() -> int:
        rows = await Appointment.collection().find(query, {"patient_id": 1}).to_list()
        for row in rows:
            change = {"$set": {"needs_review": reason, "updated_at": ctx.now()}}
            await Appointment.collection().update_one({"_id": row["_id"]}, change)
            await audit.record(
                ctx,
                actor=actor,
                action="appointment.flagged",
                document=("appointment", row["_id"]),
                patients=[row["patient_id"]],
                details={"reason": reason},
            )
        return len(rows)

    if await Appointment.collection().find_one(query, {"_id": 1}) is None:
        return 0
    with joining_nothing():
        return await ctx.database.transaction(write)
