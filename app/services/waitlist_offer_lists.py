"""Offers of the waiting list as the desk reads them."""

from typing import Any

from app.context import Context
from app.models.enums import OfferState
from app.models.waitlist import WaitlistOffer
from app.services import audit


async def page(
    ctx: Context, *, state: OfferState | None, skip: int, limit: int, actor: str
) -> tuple[list[WaitlistOffer], int]:
    """Offers for the desk, newest first, and how many there are; the read is audited."""
    query: dict[str, Any] = {"state": state} if state else {}
    found = await WaitlistOffer.find(query).sort("-created_at", "-_id").skip(skip).limit(limit).to_list()
    await audit.record(
        ctx,
        actor=actor,
        action="waitlist.offers_listed",
        document=("waitlist_offer", "list"),
        patients=[offer.patient_id for offer in found],
    )
    return found, await WaitlistOffer.collection().count_documents(query)
