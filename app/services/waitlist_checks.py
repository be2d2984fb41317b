"""What is asked once more when a message of the waiting list is about to leave (domain.md section 7, trust.md 33)."""

from app.domain import waitlist
from app.domain.outreach import Verb, Verdict
from app.models.clinic import Clinic
from app.models.enums import OfferState
from app.models.waitlist import WaitlistOffer
from app.services import waitlist_matching
from app.services.sending import Sending

PASSED = Verdict(Verb.SEND, "all_rules_passed")


async def check_offer(sending: Sending) -> Verdict:
    """The offer is still open, its time still free, and it is no hour to be woken up."""
    ctx, row = sending.ctx, sending.row
    carried = [identifier for identifier in (row.id, row.fallback_of) if identifier]
    offer = await WaitlistOffer.find_one({"message_id": {"$in": carried}})
    if offer is None or offer.state is not OfferState.OFFERED or offer.expires_at <= ctx.now():
        return Verdict(Verb.REFUSE, "offer_over")
    if not await waitlist_matching.is_still_free(ctx, offer):
        return Verdict(Verb.REFUSE, "earlier_time_taken")
    return await check_notice(sending)


async def check_notice(sending: Sending) -> Verdict:
    """Anything else of the list waits for the morning."""
    now = sending.ctx.now()
    morning = waitlist.may_ask_at(now, (await Clinic.load()).zone)
    is_day = sending.ignore_window or morning <= now
    return PASSED if is_day else Verdict(Verb.HOLD, "outside_waitlist_hours", morning)
