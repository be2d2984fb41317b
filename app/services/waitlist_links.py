"""Links of the waiting list: one to a wish, one to an offer; who opens a list's page may also come from a visit's or a
booking's link (trust.md 2.7: opaque, stored hashed, for one purpose, with an end)."""

from datetime import timedelta

from app.context import Context
from app.models.enums import LinkPurpose
from app.models.links import PatientLink
from app.models.waitlist import WaitlistOffer, WaitlistWish
from app.security import hash_link_token, new_link_token

OFFER_LINK_OUTLIVES_START = timedelta(days=1)
"""Long enough to say who was faster to somebody who looks later."""
WISH_LINK_OUTLIVES_WISH = timedelta(days=7)
OPENS_THE_LIST = (LinkPurpose.WAITLIST, LinkPurpose.MANAGE, LinkPurpose.BOOK)
"""Links whose holder may state a wish: each names one patient, and a wish is less than the booking that they allow."""


def new_wish_link(ctx: Context, wish: WaitlistWish) -> tuple[PatientLink, str]:
    """A link to see, change or withdraw this one wish, and its address; insert it with the message that carries it."""
    token = new_link_token()
    link = PatientLink(
        token_hash=hash_link_token(token),
        purpose=LinkPurpose.WAITLIST,
        patient_id=wish.patient_id,
        wish_id=wish.id,
        created_at=ctx.now(),
        expires_at=wish.expires_at + WISH_LINK_OUTLIVES_WISH,
    )
    return link, f"{ctx.settings.public_base_url}/waitlist/{token}"


def new_offer_link(ctx: Context, offer: WaitlistOffer) -> tuple[PatientLink, str]:
    """A link to answer this one offer, and its address; insert it with the message that carries it."""
    token = new_link_token()
    link = PatientLink(
        token_hash=hash_link_token(token),
        purpose=LinkPurpose.OFFER,
        patient_id=offer.patient_id,
        offer_id=offer.id,
        created_at=ctx.now(),
        expires_at=offer.start + OFFER_LINK_OUTLIVES_START,
    )
    return link, f"{ctx.settings.public_base_url}/offer/{token}"


async def read_list_link(ctx: Context, token: str) -> PatientLink | None:
    """The link behind a token that opens the list, or None when it is unknown, expired or revoked."""
    return await _read(ctx, token, OPENS_THE_LIST)


async def read_offer_link(ctx: Context, token: str) -> PatientLink | None:
    """The link behind an offer's token, or None when it is unknown, expired or revoked."""
    return await _read(ctx, token, (LinkPurpose.OFFER,))


async def _read(ctx: Context, token: str, purposes: tuple[LinkPurpose, ...]) -> PatientLink | None:
    """One read by the hash, whatever the purpose: a wrong one answers as an unknown token does."""
    link = await PatientLink.find_one(
        {"token_hash": hash_link_token(token), "expires_at": {"$gt": ctx.now()}, "revoked_at": None}
    )
    return link if link and link.purpose in purposes else None
