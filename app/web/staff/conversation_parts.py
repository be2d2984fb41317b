"""What the conversation and the handoff queue both show of a campaign, read once for each request."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from beanie import PydanticObjectId

from app.context import Context
from app.domain.campaign_status import ACTIVE
from app.domain.reply_templates import ReplyTemplate, filled
from app.domain.sms_segments import SmsSize, measure
from app.models.campaigns import Campaign
from app.models.clinic import Clinic
from app.models.enums import ChannelType
from app.models.patients import Patient
from app.models.users import User
from app.services import notes, patients, presence, staff_replies, threads
from app.services.threads import Thread
from app.web.staff.conversation_view import Entry, Page, entries


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyBox:
    """The form for an answer. `key` makes a second click harmless; `text` is what stands in it."""

    campaign_id: PydanticObjectId
    first_name: str
    channel: ChannelType
    longest: int
    key: str
    text: str
    templates: list[ReplyTemplate]
    size: SmsSize | None
    obstacle: str
    """Why nothing can be sent, as a sentence; empty when it can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A part of the stream of a conversation. `has_earlier`: there is more before it."""

    entries: list[Entry]
    has_earlier: bool
    seen: int
    """How many messages the conversation had when this was read: an answer says what its author saw."""
    first: str
    """The oldest message shown, where earlier ones go on and the open page begins; empty when there is none."""


async def thread(campaign: Campaign, *, limit: int = threads.NEWEST, since: PydanticObjectId | None = None) -> Shown:
    """The newest messages, or all from `since` on, with the notes between them. Raises NotFoundError."""
    seen = await threads.count(campaign.id)  # before the messages: what comes between is refused, not overlooked
    if since:
        found = await threads.since(campaign.id, since)
    else:
        found = await threads.newest(campaign.id, limit=limit)
    return await _shown(campaign, found, seen=seen, ends=None)


async def earlier(campaign: Campaign, before: PydanticObjectId) -> Shown:
    """The messages before this one. Raises NotFoundError."""
    found = await threads.before(campaign.id, before)
    return await _shown(campaign, found, seen=0, ends=await threads.instant_of(campaign.id, before))


async def _shown(campaign: Campaign, found: Thread, *, seen: int, ends: datetime | None) -> Shown:
    said = found.messages
    page = Page(
        messages=said,
        notes=await notes.of_campaign(campaign.id),
        titles=await threads.titles_of(source for message in said for source in message.sources),
        names=await User.names_of(message.written_by for message in said),
        fates=await threads.fates_of(said),
        begins=said[0].timestamp if said and found.has_earlier else None,
        ends=ends,
    )
    first = str(said[0].id) if said else ""
    return Shown(entries=entries(page, campaign), has_earlier=found.has_earlier, seen=seen, first=first)


async def reply_box(ctx: Context, campaign: Campaign, patient: Patient, clinic: Clinic, *, text: str = "") -> ReplyBox:
    """An empty form, or one with a suggestion in it."""
    return ReplyBox(
        campaign_id=campaign.id,
        first_name=patient.first_name,
        channel=campaign.channel.type,
        longest=staff_replies.longest_on(campaign.channel.type),
        key=uuid4().hex,
        text=text,
        templates=_templates(ctx, patient, clinic),
        size=size_of(campaign.channel.type, text),
        obstacle=await _obstacle(ctx, campaign, patient),
    )


def _templates(ctx: Context, patient: Patient, clinic: Clinic) -> list[ReplyTemplate]:
    return filled(
        patient.language,
        first_name=patient.first_name,
        clinic=clinic.name,
        phone=clinic.phone,
        booking=f"{ctx.settings.public_base_url.rstrip('/')}/book",
    )


async def _obstacle(ctx: Context, campaign: Campaign, patient: Patient) -> str:
    if patient.erased_at:
        return "This patient's data was erased."
    if await patients.is_suppressed(patient, campaign.channel.type):
        return "The patient asked not to be written to on this channel. Call them instead."
    if campaign.channel.type not in ctx.channels:
        return "This channel is not set up. Ask an administrator, or call the patient."
    return ""


def size_of(channel: ChannelType, text: str) -> SmsSize | None:
    """How many SMS a text is charged as; None for the other channels."""
    return measure(text) if channel is ChannelType.SMS else None


async def standing(ctx: Context, campaign: Campaign, user: User) -> dict[str, Any]:
    """Who has the conversation and who looks at it, for the parts that follow the events."""
    details = campaign.handoff_details
    holder = details.assigned_to if details else None
    names = await User.names_of([holder])
    lookers = await presence.others_at(ctx, [campaign.id], user)
    return {
        "campaign": campaign,
        "details": details,
        "holder": names.get(holder, "A colleague") if holder else "",
        "is_mine": holder == user.id,
        "lookers": lookers.get(campaign.id, []),
        "is_active": campaign.status in ACTIVE,
    }
