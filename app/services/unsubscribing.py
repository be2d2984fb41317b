"""A patient's own link that stops our messages, without signing in and for ever (trust.md 4.5, RFC 8058)."""

from dataclasses import dataclass

from app.context import Context
from app.errors import NotFoundError
from app.models.enums import ChannelType
from app.models.links import PatientLink
from app.models.patients import EVERY_CHANNEL
from app.services import links, opt_ins, opt_outs, patients

LINK_UNKNOWN = "We do not know this link. Answer STOP to any of our messages, and we will not write again."


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the holder of a link may see: the channel, a hint at the address, and what is stopped now."""

    channel: ChannelType
    address_hint: str
    is_stopped: bool
    everything_is_stopped: bool


async def standing(ctx: Context, token: str) -> Standing:
    """How things stand behind a link; it changes nothing. Raises NotFoundError for a link that is unknown."""
    link, channel = await _open(ctx, token)
    patient = await patients.get(link.patient_id)
    holder = await patients.guardian_of(patient) or patient
    stops = patients.stops_of(patient, holder)
    return Standing(
        channel=channel,
        address_hint=hint_of(holder.address_on(channel) or ""),
        is_stopped=EVERY_CHANNEL in stops or channel in stops,
        everything_is_stopped=EVERY_CHANNEL in stops,
    )


async def stop(ctx: Context, token: str, *, everywhere: bool = False) -> bool:
    """Stop the link's channel, or everything; again changes nothing. False for a link that is unknown."""
    try:
        link, channel = await _open(ctx, token)
    except NotFoundError:
        return False
    reach: opt_outs.Reach = EVERY_CHANNEL if everywhere else channel
    await opt_outs.stop_patient(ctx, link.patient_id, channel=channel, reach=reach, source=f"link:{link.id}")
    return True


async def take_back(ctx: Context, token: str) -> None:
    """Undo the stop of the link's channel. Raises NotFoundError for a link that is unknown."""
    link, channel = await _open(ctx, token)
    await opt_ins.take_back(ctx, link.patient_id, channel=channel, source=f"link:{link.id}")


async def _open(ctx: Context, token: str) -> tuple[PatientLink, ChannelType]:
    link = await links.read_unsubscribe_link(ctx, token)
    if link is None or link.channel is None:
        raise NotFoundError(LINK_UNKNOWN)
    return link, link.channel


def hint_of(address: str) -> str:
    """Enough of an address to know one's own: `m…@example.com`, `…0142`; never the whole."""
    name, at, domain = address.partition("@")
    return f"{name[:1]}…@{domain}" if at else f"…{address[-4:]}" if address else ""
