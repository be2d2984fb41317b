"""What a person's answer would be on its channel before it is sent: its size in parts, and whether it goes."""

from dataclasses import dataclass

from beanie import PydanticObjectId

from app.context import Context
from app.domain import whatsapp_window
from app.domain.outreach import is_usable
from app.domain.sms_segments import SmsSize, measure
from app.models.campaigns import Campaign
from app.models.enums import ChannelType
from app.models.patients import Patient
from app.services import audit, campaigns, patients, send_records

LONGEST: dict[ChannelType, int] = {ChannelType.SMS: 1_600, ChannelType.WHATSAPP: 4_096}
"""Twilio's limits in characters; e-mail has none here."""
REASONS = {
    "channel_not_configured": "This channel is not set up.",
    "opted_out": "The patient, or the guardian who reads for them, asked not to be written to on this channel.",
    "address_unusable": "This address does not work: an earlier message to it failed for good.",
    "too_long": "The message is too long for this channel: at most {longest} characters.",
    "outside_whatsapp_window": "The patient last wrote more than 24 hours ago: WhatsApp takes no free text now.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagePreview:
    """`size` is an SMS's; the other channels do not charge by the part."""

    channel: ChannelType
    to: str
    characters: int
    size: SmsSize | None
    obstacle: str | None
    """The key of one of the REASONS, or None when it would be sent."""

    @property
    def why_not(self) -> str | None:
        """The obstacle as a sentence."""
        return REASONS[self.obstacle].format(longest=LONGEST.get(self.channel)) if self.obstacle else None


async def preview(ctx: Context, campaign_id: PydanticObjectId, *, text: str, actor: str) -> MessagePreview:
    """Look at an answer without sending it; the look is audited. Raises NotFoundError."""
    campaign = await campaigns.get(campaign_id)
    channel = campaign.channel.type
    patient = await patients.get(campaign.patient_id)
    shown = MessagePreview(
        channel=channel,
        to=masked(campaign.channel.address),
        characters=len(text),
        size=measure(text) if channel is ChannelType.SMS else None,
        obstacle=await _obstacle(ctx, campaign, patient, text),
    )
    document = ("campaign", campaign.id)
    await audit.record(ctx, actor=actor, action="campaign.previewed", document=document, patients=[patient.id])
    return shown


async def _obstacle(ctx: Context, campaign: Campaign, patient: Patient, text: str) -> str | None:
    channel, address = campaign.channel.type, campaign.channel.address
    holder = await patients.guardian_of(patient) or patient
    checks = (
        ("channel_not_configured", channel not in ctx.channels),
        ("opted_out", await patients.is_suppressed(patient, channel)),
        ("address_unusable", not is_usable(channel, address, holder.unusable_addresses)),
        ("too_long", len(text) > LONGEST.get(channel, len(text))),
        ("outside_whatsapp_window", await _is_outside_window(ctx, channel, address)),
    )
    return next((name for name, holds in checks if holds), None)


async def _is_outside_window(ctx: Context, channel: ChannelType, address: str) -> bool:
    """Only WhatsApp itself has one; the sandbox stands in without it."""
    if channel is not ChannelType.WHATSAPP or ctx.channels[channel].name != "twilio":
        return False
    written = await send_records.last_written_at(address)
    return not whatsapp_window.is_open(last_written_at=written, now=ctx.now())


def masked(address: str) -> str:
    """Enough to recognise an address, and no more: `+1******0177`, `a***@example.com`."""
    name, at, host = address.partition("@")
    if at:
        return f"{name[:1]}***@{host}"
    return address[:2] + "*" * max(len(address) - 6, 3) + address[-4:]
