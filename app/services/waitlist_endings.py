"""How an offer ends when nobody said yes to it, and what the others are told (domain.md section 7)."""

from datetime import datetime

from beanie import PydanticObjectId

from app.context import Context
from app.models.appointments import Appointment
from app.models.base import Raw
from app.models.enums import FreedSlotState, OfferState, OutboxState
from app.models.outbox import CANCELLABLE_STATES, OutboundMessage
from app.models.waitlist import FreedSlot, WaitlistOffer
from app.services import waitlist_messages

OFFER_ENDED = "offer_ended"


async def expire(offer: WaitlistOffer, *, reason: str) -> None:
    """Nobody answered in time, or nobody could be asked. The wish goes on waiting."""
    if await WaitlistOffer.end(offer.id, {"state": OfferState.EXPIRED, "state_reason": reason}):
        await _withdraw_message(offer)


async def lose(ctx: Context, offer: WaitlistOffer, *, reason: str) -> bool:
    """Somebody else has the time: say so at once, unless the offer itself never left. Inside a transaction.

    False when the offer had an end already.
    """
    ended = {"state": OfferState.LOST, "state_reason": reason, "answered_at": ctx.now()}
    if not await WaitlistOffer.end(offer.id, ended):
        return False
    if not await _withdraw_message(offer):
        await waitlist_messages.tell_lost(ctx, offer)
    return True


async def lose_rivals(ctx: Context, visit: Appointment, *, but: PydanticObjectId) -> int:
    """Every other open offer that this visit's time takes away; how many were lost."""
    rivals: Raw = {
        "state": OfferState.OFFERED,
        "provider_id": visit.provider_id,
        "busy_from": {"$lt": visit.busy_until},
        "busy_until": {"$gt": visit.busy_from},
        "_id": {"$ne": but},
    }
    found = await WaitlistOffer.find(rivals).sort("created_at").to_list()
    return sum([await lose(ctx, offer, reason="another_was_first") for offer in found])


async def close_of_wish(wish_id: PydanticObjectId, *, reason: str, now: datetime) -> None:
    """The wish ended: what it is being offered is off, and nobody is told so. Inside a transaction."""
    for offer in await WaitlistOffer.find({"wish_id": wish_id, "state": OfferState.OFFERED}).to_list():
        ended = {"state": OfferState.DECLINED, "state_reason": reason, "answered_at": now}
        if await WaitlistOffer.end(offer.id, ended):
            await _withdraw_message(offer)
            await look_soon(offer, now=now)


async def look_soon(offer: WaitlistOffer, *, now: datetime) -> None:
    """Let the job look at the freed time at its next turn instead of waiting for the offer's end."""
    await FreedSlot.collection().update_one(
        {"_id": offer.freed_slot_id, "state": FreedSlotState.OPEN}, {"$set": {"next_at": now}}
    )


async def _withdraw_message(offer: WaitlistOffer) -> bool:
    """Take back what has not begun to leave; False when it has."""
    done = await OutboundMessage.collection().update_one(
        {"_id": offer.message_id, "state": {"$in": list(CANCELLABLE_STATES)}},
        {"$set": {"state": OutboxState.CANCELLED, "state_reason": OFFER_ENDED}},
    )
    return done.modified_count == 1
