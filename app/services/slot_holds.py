"""Keeping a time for a visitor while their form is open: five minutes, one each, seen by nobody else (ADR 0013).

A hold promises less than a booking and never decides one: the unique index on appointments does (trust.md 2.1).
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from beanie import PydanticObjectId
from pymongo.errors import DuplicateKeyError

from app.context import Context
from app.errors import RateLimitedError
from app.models.appointments import Appointment, provider_cells
from app.models.slot_holds import SlotHold
from app.security import new_link_token
from app.services import appointments, hold_claims, rate_limits, reservations
from app.services.availability import Chair, Offer
from app.settings import Switch

HOLD_LIFE = timedelta(minutes=5)
SEATS_PER_ADDRESS = 5
"""How many times one address may keep from others at once; a family or an office behind one address has these."""
MOST_TRIES = 10


class TooManyHoldsError(RateLimitedError):
    """Every seat of this address is taken; it waits until one of its holds is over."""

    code = "TOO_MANY_HOLDS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A time that is kept: `token` is the visitor's alone."""

    token: str
    until: datetime
    provider_id: PydanticObjectId | None


def new_token() -> str:
    """What tells one visitor from the next: 128 random bits."""
    return new_link_token()


async def take(ctx: Context, offer: Offer, start: datetime, *, token: str, address: str) -> Held:
    """Keep this time for the visitor, with the least busy provider who is free, and let go of their former one.

    Asked again for the same time it is kept anew, and the notice counts from when it was first asked for. Raises
    InvalidInputError (the time cannot be), SlotTakenError (taken or held: the same words) and RateLimitedError; a
    refusal leaves the former hold as it was.
    """
    await rate_limits.spend_on_hold(ctx, address=address)
    offer = await hold_claims.offer_to(ctx, offer, token=token, start=start)
    since = await hold_claims.held_since(ctx, offer, start=start)
    for chair in await appointments.judge(ctx, offer, start):
        wish = _wish(ctx, offer, chair, start) | {"held_at": since}
        if await _write(ctx, wish, holder=_id_of(token), address=address) and await _is_kept(wish, _id_of(token)):
            return Held(token=token, until=wish["expires_at"], provider_id=chair.provider_id)
    raise await reservations.taken(ctx, offer, start)


async def release(token: str) -> None:
    """Let go; nothing happens when there is nothing to let go of."""
    await SlotHold.get_pymongo_collection().delete_one({"_id": _id_of(token)})


async def until_of(ctx: Context, token: str, start: datetime) -> datetime | None:
    """Until when this visitor keeps this start, if they do."""
    own = await SlotHold.live(_id_of(token), now=ctx.now())
    return own.expires_at if own and own.start == start else None


def _id_of(token: str) -> str:
    return hold_claims.holder_of(token) or ""


def _wish(ctx: Context, offer: Offer, chair: Chair, start: datetime) -> dict[str, Any]:
    """The fields of a hold on this start, but for its seat and since when it is held."""
    visit = offer.visit
    end = start + visit.duration
    busy_from, busy_until = start - visit.buffer_before, end + visit.buffer_after
    return {
        "cells": provider_cells(chair.provider_id, busy_from, busy_until),
        "provider_id": chair.provider_id,
        "service_id": offer.service.id,
        "start": start,
        "ends_at": end,
        "busy_from": busy_from,
        "busy_until": busy_until,
        "expires_at": ctx.now() + HOLD_LIFE,
    }


async def _write(ctx: Context, wish: dict[str, Any], *, holder: str, address: str) -> bool:
    """Move the visitor's one hold here by one write; False when another visitor's is in the way.

    What is over blocks nobody: it is removed when one collides with it. Raises TooManyHoldsError.
    """
    for _ in range(MOST_TRIES):
        seat = await _seat(ctx, holder, address)
        change: dict[str, Any] = {"$set": wish | {"seat": seat}} if seat else {"$set": wish, "$unset": {"seat": ""}}
        try:
            await SlotHold.get_pymongo_collection().update_one({"_id": holder}, change, upsert=True)
        except DuplicateKeyError as error:
            if hold_claims.is_hold_clash(error):
                if not await SlotHold.sweep({"cells": {"$in": wish["cells"]}}, now=ctx.now()):
                    return False
            elif seat:
                await SlotHold.sweep({"seat": seat}, now=ctx.now())
            continue
        await ctx.pause("hold.written")
        return True
    raise _too_many()


async def _seat(ctx: Context, holder: str, address: str) -> str | None:
    """A seat of this address that nobody sits on, the visitor's own before others; None while limits are off."""
    if ctx.settings.rate_limits is Switch.OFF:
        return None
    secret = ctx.settings.jwt_secret.get_secret_value().encode()
    caller = hmac.new(secret, rate_limits.network_of(address).encode(), hashlib.sha256).hexdigest()[:24]
    seats = [f"{caller}:{number}" for number in range(SEATS_PER_ADDRESS)]
    live = {"seat": {"$in": seats}, "expires_at": {"$gt": ctx.now()}}
    rows = await SlotHold.get_pymongo_collection().find(live, {"seat": 1}).to_list()
    sitting = {row["seat"]: row["_id"] for row in rows}
    free = sorted((seat for seat in seats if sitting.get(seat, holder) == holder), key=lambda seat: seat not in sitting)
    if not free:
        raise _too_many()
    return free[0]


def _too_many() -> TooManyHoldsError:
    wait = int(HOLD_LIFE.total_seconds())
    return TooManyHoldsError("Too many times are kept for you already. Book one of them first.", retry_after=wait)


async def _is_kept(wish: dict[str, Any], holder: str) -> bool:
    """Look at the visits after our write: whoever was storing one for this time is committed by now, and has won."""
    if await Appointment.collection().find_one({"slot_keys": {"$in": wish["cells"]}}, {"_id": 1}) is None:
        return True
    await SlotHold.get_pymongo_collection().delete_one({"_id": holder, "cells": wish["cells"]})
    return False
