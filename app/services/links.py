"""Patients' links: issued with the message that carries them, read back by hash (trust.md 2.7)."""

from datetime import UTC, datetime, timedelta

from beanie import PydanticObjectId

from app.context import Context
from app.models.appointments import Appointment
from app.models.enums import ChannelType, LinkPurpose
from app.models.links import PatientLink
from app.security import hash_link_token, new_link_token

BOOKING_LINK_LIFE = timedelta(days=30)
NEVER = datetime(9999, 1, 1, tzinfo=UTC)
"""The end of a link that lets a patient stop our messages: it has none (trust.md 4.5)."""
MANAGE_LINK_OUTLIVES_VISIT = timedelta(days=1)


def new_booking_link(
    ctx: Context, *, patient_id: PydanticObjectId, campaign_id: PydanticObjectId | None
) -> tuple[PatientLink, str]:
    """A link that lives 30 days and its address; insert it in the transaction that freezes the message carrying it."""
    token, now = new_link_token(), ctx.now()
    link = PatientLink(
        token_hash=hash_link_token(token),
        purpose=LinkPurpose.BOOK,
        patient_id=patient_id,
        campaign_id=campaign_id,
        created_at=now,
        expires_at=now + BOOKING_LINK_LIFE,
    )
    return link, f"{ctx.settings.public_base_url}/book?t={token}"


async def read_booking_link(ctx: Context, token: str) -> PatientLink | None:
    """The link behind a token, or None when it is unknown, expired or revoked."""
    return await PatientLink.valid(token_hash=hash_link_token(token), purpose=LinkPurpose.BOOK, now=ctx.now())


def new_manage_link(ctx: Context, visit: Appointment) -> tuple[PatientLink, str]:
    """A link to see, move or cancel this one visit, good until a day after it; insert it with its message."""
    token = new_link_token()
    link = PatientLink(
        token_hash=hash_link_token(token),
        purpose=LinkPurpose.MANAGE,
        patient_id=visit.patient_id,
        campaign_id=visit.campaign_id,
        appointment_id=visit.id,
        created_at=ctx.now(),
        expires_at=visit.ends_at + MANAGE_LINK_OUTLIVES_VISIT,
    )
    return link, f"{ctx.settings.public_base_url}/manage/{token}"


async def read_manage_link(ctx: Context, token: str) -> PatientLink | None:
    """The link behind a token, or None when it is unknown, expired or revoked."""
    return await PatientLink.valid(token_hash=hash_link_token(token), purpose=LinkPurpose.MANAGE, now=ctx.now())


def new_unsubscribe_link(
    ctx: Context, *, patient_id: PydanticObjectId, campaign_id: PydanticObjectId | None, channel: ChannelType
) -> tuple[PatientLink, str]:
    """A link that stops this channel without signing in, for ever; insert it with the message that carries it."""
    token = new_link_token()
    link = PatientLink(
        token_hash=hash_link_token(token),
        purpose=LinkPurpose.UNSUBSCRIBE,
        patient_id=patient_id,
        campaign_id=campaign_id,
        channel=channel,
        created_at=ctx.now(),
        expires_at=NEVER,
    )
    return link, f"{ctx.settings.public_base_url}/unsubscribe/{token}"


async def read_unsubscribe_link(ctx: Context, token: str) -> PatientLink | None:
    """The link behind a token, or None when it is unknown or its patient was erased."""
    return await PatientLink.valid(token_hash=hash_link_token(token), purpose=LinkPurpose.UNSUBSCRIBE, now=ctx.now())
