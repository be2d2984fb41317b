"""One freed time, looked at: offers that are over get their end, then the next few are asked (domain.md section 7).

A look is done under the row's lease, and its offers are one transaction with their messages: two replicas, or a crash
half way, ask nobody twice.
"""

from datetime import datetime, timedelta
from functools import partial

from pymongo.errors import DuplicateKeyError

from app.context import Context
from app.domain import waitlist
from app.models.base import LONG_AGO, derived_id
from app.models.clinic import Clinic
from app.models.enums import FreedSlotState, OfferState, OutboxState
from app.models.outbox import OutboundMessage
from app.models.waitlist import FreedSlot, WaitlistOffer
from app.services import audit, waitlist_endings, waitlist_matching, waitlist_messages
from app.services.waitlist_matching import Match, Suitor

LOOK_AGAIN = timedelta(minutes=1)
OFFERED, WAITING, NIGHT = "offered", "waiting", "held_until_morning"
CLOSED = {
    FreedSlotState.TAKEN: "taken",
    FreedSlotState.TOO_LATE: "too_late",
    FreedSlotState.NOBODY: "nobody_fits",
}
NEVER_LEFT = (OutboxState.CANCELLED, OutboxState.FAILED)


async def look_at(ctx: Context, slot: FreedSlot) -> tuple[str, int]:
    """What this look came to, and how many were asked."""
    await _end_what_is_over(ctx, slot)
    if await WaitlistOffer.open_of_slot(slot.id) or await _is_offered_otherwise(slot):
        await _again_at(slot, ctx.now() + LOOK_AGAIN)
        return WAITING, 0
    clinic, now = await Clinic.load(), ctx.now()
    if slot.end - timedelta(minutes=clinic.booking.min_notice_minutes) <= now:
        return await _close(ctx, slot, FreedSlotState.TOO_LATE)
    if (morning := waitlist.may_ask_at(now, clinic.zone)) > now:
        await _again_at(slot, morning)
        return NIGHT, 0
    found = await waitlist_matching.match(ctx, slot, size=clinic.booking.waitlist_batch)
    if found.suitors:
        return OFFERED, await _ask(ctx, slot, found, clinic)
    if found.is_worth_waiting:
        await _again_at(slot, now + LOOK_AGAIN)
        return WAITING, 0
    return await _close(ctx, slot, await waitlist_matching.why_nobody(slot))


async def _end_what_is_over(ctx: Context, slot: FreedSlot) -> None:
    """Whose minutes have run out, whose message never left, and whose time was taken otherwise."""
    for offer in await WaitlistOffer.open_of_slot(slot.id):
        if offer.expires_at <= ctx.now():
            await waitlist_endings.expire(offer, reason="no_answer")
        elif await _never_left(offer):
            await waitlist_endings.expire(offer, reason="not_delivered")
        elif not await waitlist_matching.is_still_free(ctx, offer):
            await ctx.database.transaction(partial(waitlist_endings.lose, ctx, offer, reason="taken_otherwise"))


async def _never_left(offer: WaitlistOffer) -> bool:
    """True when its message was withdrawn or failed, and none went over another channel in its place."""
    row = await OutboundMessage.get(offer.message_id)
    if row is None or row.state not in NEVER_LEFT:
        return row is None
    return await OutboundMessage.find_one({"fallback_of": row.id, "state": {"$nin": list(NEVER_LEFT)}}) is None


async def _is_offered_otherwise(slot: FreedSlot) -> bool:
    """True while the same time, freed a second time, is being offered by another row."""
    query = {
        "state": OfferState.OFFERED,
        "provider_id": slot.provider_id,
        "freed_slot_id": {"$ne": slot.id},
        "busy_from": {"$lt": slot.end},
        "busy_until": {"$gt": slot.start},
    }
    return await WaitlistOffer.collection().find_one(query, {"_id": 1}) is not None


async def _again_at(slot: FreedSlot, when: datetime) -> None:
    await slot.write({"next_at": when, "lease_until": LONG_AGO})


async def _close(ctx: Context, slot: FreedSlot, state: FreedSlotState) -> tuple[str, int]:
    await slot.write({"state": state, "closed_at": ctx.now(), "lease_until": LONG_AGO})
    return CLOSED[state], 0


async def _ask(ctx: Context, slot: FreedSlot, found: Match, clinic: Clinic) -> int:
    """Freeze one batch. 0 when another worker was faster, or somebody of it is being asked about another time."""
    offers = [(suitor, _offer(ctx, slot, suitor, pick.start, clinic)) for suitor, pick in found.suitors]
    next_look = min(ctx.now() + LOOK_AGAIN, *(offer.expires_at for _, offer in offers))

    async def write() -> int:
        changes = {"batch": slot.batch + 1, "next_at": next_look, "lease_until": LONG_AGO}
        if not await slot.write(changes):
            return 0
        for suitor, offer in offers:
            await offer.insert()
            await waitlist_messages.send_offer(ctx, offer, suitor.patient, suitor.route)
        await audit.record(
            ctx,
            actor=audit.SYSTEM,
            action="waitlist.offered",
            document=("freed_slot", slot.id),
            patients=[offer.patient_id for _, offer in offers],
            details={"batch": slot.batch + 1, "offers": [offer.id for _, offer in offers]},
        )
        return len(offers)

    await ctx.pause("waitlist.planned")
    try:
        done = await ctx.database.transaction(write)
    except DuplicateKeyError:
        await _again_at(slot, ctx.now() + LOOK_AGAIN)
        return 0
    await ctx.pause("waitlist.offered")
    return done


def _offer(ctx: Context, slot: FreedSlot, suitor: Suitor, start: datetime, clinic: Clinic) -> WaitlistOffer:
    identifier = derived_id("waitlist-offer", slot.id, slot.batch + 1, suitor.wish.id)
    taken = suitor.candidate.at(start)
    return WaitlistOffer(
        id=identifier,
        freed_slot_id=slot.id,
        batch=slot.batch + 1,
        wish_id=suitor.wish.id,
        patient_id=suitor.patient.id,
        provider_id=slot.provider_id,
        service_id=suitor.wish.service_id,
        start=start,
        ends_at=start + suitor.visit.duration,
        busy_from=taken.start,
        busy_until=taken.end,
        message_id=waitlist_messages.offer_message_id(identifier),
        created_at=ctx.now(),
        expires_at=waitlist.offer_end(ctx.now(), minutes=clinic.booking.waitlist_offer_minutes, start=start),
    )
