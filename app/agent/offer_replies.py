"""A plain yes or no to an offer of the waiting list does what the offer's page does: rules decide, no model."""

from dataclasses import dataclass

from app.agent import wording
from app.context import Context
from app.domain import offer_words
from app.errors import ConflictError
from app.models.clinic import Clinic
from app.models.enums import OfferState
from app.models.interactions import Interaction
from app.models.links import PatientLink
from app.models.waitlist import WaitlistOffer
from app.services import patients, visit_messages, waitlist_links, waitlist_offers
from app.services.waitlist_offers import OfferOverError


@dataclass(frozen=True, slots=True)
class OfferReply:
    """The offer, and whether the patient wants it."""

    offer: WaitlistOffer
    is_yes: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of it, and what we say; an empty body: the booking's own confirmation is the answer."""

    key: str
    """One answer for each thing that can become of an offer."""
    body: str = ""
    link: PatientLink | None = None
    is_settled: bool = True
    """False when a person should look."""


async def recognise(incoming: list[Interaction]) -> OfferReply | None:
    """The offer that all of these answer, and their plain word; None when they do not, or say anything else."""
    [offer_id, *others] = {item.answers_offer for item in incoming} or {None}
    is_yes = offer_words.read_all(item.content for item in incoming)
    if offer_id is None or others or is_yes is None:
        return None
    offer = await WaitlistOffer.get(offer_id)
    return OfferReply(offer, is_yes) if offer else None


async def carry_out(ctx: Context, reply: OfferReply) -> Outcome:
    """Accept or decline; may run again, and then changes nothing. Commits by itself: the answer comes after."""
    offer = reply.offer
    shown = await waitlist_offers.show(ctx, offer)
    try:
        if reply.is_yes:
            await waitlist_offers.take(ctx, shown)
            return Outcome(key=_key(offer, OfferState.ACCEPTED))
        await waitlist_offers.refuse(ctx, shown)
    except ConflictError as error:
        return await _not_had(ctx, offer, error)
    patient, clinic = await patients.get(offer.patient_id), await Clinic.load()
    body = wording.fill(wording.OFFER_DECLINED, patient=patient, clinic=clinic)
    return await _once(Outcome(key=_key(offer, OfferState.DECLINED), body=body))


async def _not_had(ctx: Context, offer: WaitlistOffer, error: ConflictError) -> Outcome:
    """Why not, with a link of the offer's page: it shows what is free instead."""
    link, url = waitlist_links.new_offer_link(ctx, offer)
    is_over = isinstance(error, OfferOverError)
    key = _key(offer, OfferState.LOST if is_over else OfferState.OFFERED)
    body = wording.OFFER_NOT_HAD.format(said=error.detail, link=url)
    return await _once(Outcome(key=key, body=body, link=link, is_settled=is_over))


async def _once(outcome: Outcome) -> Outcome:
    if not await visit_messages.is_frozen(outcome.key):
        return outcome
    return Outcome(key=outcome.key, is_settled=outcome.is_settled)


def _key(offer: WaitlistOffer, state: OfferState) -> str:
    return f"offer-answer:{offer.id}:{state}"
