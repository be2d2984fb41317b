"""What a slot hold means to a booking: everybody else's is in its way, its own is spent by it (ADR 0013).

A transaction that stores or moves a visit writes the provider's cells into the collection of holds too, and takes them
out again. Reading that nobody holds them would not do: in a transaction only writes conflict (trust.md 2.1).
"""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from pymongo.errors import DuplicateKeyError

from app.context import Context
from app.errors import SlotTakenError
from app.models.appointments import Appointment, provider_cells
from app.models.slot_holds import SlotHold
from app.services import availability
from app.services.availability import Offer


class SlotHeldError(SlotTakenError):
    """For staff alone: a visitor's form is open for this time. A visitor is told that the time is taken."""

    code = "SLOT_HELD"


def holder_of(token: str | None) -> str | None:
    """The id under which a visitor's hold is stored; the token itself is not."""
    return hashlib.sha256(token.encode()).hexdigest() if token else None


async def offer_to(ctx: Context, offer: Offer, *, token: str | None, start: datetime) -> Offer:
    """The offer as the visitor with this token has it.

    Their hold is not in their own way, its provider is asked first, and a start that was far enough ahead when it was
    held still is.
    """
    offer = replace(offer, holder=holder_of(token))
    own = await _own(ctx, offer, start)
    if own is None:
        return offer
    notice = max(timedelta(), offer.rules.min_notice - (ctx.now() - own.held_at))
    first = next((chair for chair in offer.chairs if chair.provider_id == own.provider_id), None)
    return replace(offer, first=first, rules=replace(offer.rules, min_notice=notice))


async def held_since(ctx: Context, offer: Offer, *, start: datetime) -> datetime:
    """When the offer's holder first held this start for this service, as long as they still do; else now."""
    own = await _own(ctx, offer, start)
    return own.held_at if own else ctx.now()


async def _own(ctx: Context, offer: Offer, start: datetime) -> SlotHold | None:
    own = await SlotHold.live(offer.holder, now=ctx.now()) if offer.holder else None
    return own if own and (own.start, own.service_id) == (start, offer.service.id) else None


def cells_of(visit: Appointment) -> list[str]:
    """The provider's cells of a visit, buffers included."""
    return provider_cells(visit.provider_id, visit.busy_from, visit.busy_until)


async def claim(ctx: Context, visit: Appointment, *, holder: str | None) -> None:
    """Join the transaction that stores the visit. Raises DuplicateKeyError when another visitor holds its time.

    Whoever holds a cell at this moment collides with us, and whoever wants one waits until we are committed, then
    finds the visit.
    """
    cells, holds = cells_of(visit), SlotHold.get_pymongo_collection()
    own = await holds.find_one_and_delete({"_id": holder}) if holder else None
    if own and set(cells) <= set(own["cells"]):
        return
    mark = f"visit:{visit.id}"
    await holds.insert_one({"_id": mark, "cells": cells, "expires_at": ctx.now()})
    await holds.delete_one({"_id": mark})


def is_hold_clash(error: DuplicateKeyError) -> bool:
    """True when a hold was in the way, over or not."""
    return "cells" in (error.details or {}).get("keyPattern", {})


async def sweep(ctx: Context, visit: Appointment) -> bool:
    """Remove the holds on this visit's time that are over; True when there were any, and it is worth another try."""
    return await SlotHold.sweep({"cells": {"$in": cells_of(visit)}}, now=ctx.now())


async def held(ctx: Context, offer: Offer | None, visit: Appointment) -> SlotHeldError:
    """What staff are told: until when the time is kept at most, and what is free nearby."""
    free = await availability.alternatives(ctx, offer, visit.appointment_date) if offer else []
    rows = await SlotHold.live_between(visit.busy_from, visit.busy_until, now=ctx.now())
    ends = [row["expires_at"] for row in rows if row.get("provider_id") == visit.provider_id]
    until = max(ends, default=ctx.now()).astimezone(UTC).isoformat().replace("+00:00", "Z")
    return SlotHeldError(
        "Somebody has the booking form open for this time. In a few minutes it is booked, or free again.",
        extra={"alternatives": free, "held_until": until},
    )
