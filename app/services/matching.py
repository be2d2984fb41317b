"""Whose conversation a message belongs to, and whether its sender is believed; never a guess (domain.md section 8)."""

from dataclasses import dataclass
from typing import Any

from beanie import PydanticObjectId

from app.domain.bounces import Bounce
from app.models.campaigns import ACTIVE_STATUSES, Campaign
from app.models.enums import ChannelType, Intent, MessageKind
from app.models.inbox import InboundEvent
from app.models.outbox import OutboundMessage
from app.models.patients import Patient
from app.services import inbound
from app.services.inbound import InboundMessage


@dataclass(frozen=True, slots=True)
class Belonging:
    """The campaign that a message belongs to, and why a person must look first: a word of the staff inbox, or None."""

    campaign: Campaign | None
    doubt: str | None = None

    @property
    def trusted(self) -> Campaign | None:
        """The campaign, when nothing speaks against working the message for it."""
        return None if self.doubt else self.campaign


NOBODY = Belonging(None, "no_campaign_matches")


async def belongs_to(event: InboundEvent, message: InboundMessage) -> Belonging:
    """The campaign that a person chose for this event, else the one that `match` finds, with what speaks against it."""
    chosen = await Campaign.get(event.assigned_to) if event.assigned_to else None
    if chosen:
        return Belonging(chosen)
    found = await match(message)
    if found is None:
        return NOBODY
    return Belonging(found, await _doubt(message, found))


async def match(message: InboundMessage) -> Campaign | None:
    """The campaign that a message belongs to: by thread, by what it answers, else by the sender; never a guess."""
    found = await _by_thread(message) or await _by_reply(message)
    if found is None:
        return await _by_sender(message)
    running = None if found.is_active else await Campaign.active_of(found.patient_id)
    return running or found


async def _by_thread(message: InboundMessage) -> Campaign | None:
    if not message.thread_id:
        return None
    return await Campaign.find({"channel.thread_id": message.thread_id}).sort("-created_at").first_or_none()


async def _by_reply(message: InboundMessage) -> Campaign | None:
    """By the newest of our messages that it names, whether by Message-ID or by the provider's own id."""
    if not message.answers:
        return None
    named = {"$in": message.answers}
    to_patients = {"kind": {"$ne": MessageKind.STAFF_NOTICE}}
    sent = await OutboundMessage.find(to_patients | {"$or": [{"message_id": named}, {"external_id": named}]}).to_list()
    by_name = {name: row for row in sent for name in (row.message_id, row.external_id)}
    for name in message.answers:
        if name in by_name and (campaign := await _campaign_of(by_name[name])):
            return campaign
    return None


async def _campaign_of(row: OutboundMessage) -> Campaign | None:
    """A confirmation may belong to no campaign; the patient it went to may have one all the same."""
    if row.campaign_id:
        return await Campaign.get(row.campaign_id)
    return await Campaign.active_of(row.patient_id) or await Campaign.newest_of(row.patient_id)


async def _by_sender(message: InboundMessage) -> Campaign | None:
    """Exactly one active campaign that writes to this address, else the newest one of the only patient who has it."""
    if not message.sender:
        return None
    active = {"channel.address": message.sender, "status": {"$in": list(ACTIVE_STATUSES)}}
    running = await Campaign.find(active).limit(2).to_list()
    if running:
        return running[0] if len(running) == 1 else None
    people = await Patient.holding_address(message.channel, message.sender)
    return await Campaign.newest_of(people[0].id) if len(people) == 1 else None


async def _doubt(message: InboundMessage, campaign: Campaign) -> str | None:
    """Why the match is not trusted: the words of a person count only from an address of theirs (trust.md fault 26).

    An automatic answer changes nothing, and a delivery report comes from a server that nobody knows.
    """
    seen = inbound.screening_of(message).kind
    if message.channel is not ChannelType.EMAIL or seen is Intent.AUTO_REPLY:
        return None
    if message.is_unverified and not await _names_ours(message.bounce):
        return "sender_not_verified"
    is_theirs = seen is Intent.BOUNCE or message.sender in await _addresses_of(campaign)
    return None if is_theirs else "sender_is_somebody_else"


async def _names_ours(bounce: Bounce | None) -> bool:
    """Only who saw a message of ours can name it: servers that return mail seldom prove who they are."""
    if bounce is None:
        return False
    named: list[dict[str, Any]] = [{"message_id": bounce.original_message_id}] if bounce.original_message_id else []
    if bounce.outbox_id and PydanticObjectId.is_valid(bounce.outbox_id):
        named.append({"_id": PydanticObjectId(bounce.outbox_id)})
    return bool(named) and await OutboundMessage.find({"$or": named}).count() > 0


async def _addresses_of(campaign: Campaign) -> set[str]:
    """Where the patient, or whoever receives their messages, writes from."""
    patient = await Patient.get(campaign.patient_id)
    guardian = await Patient.get(patient.guardian_id) if patient and patient.guardian_id else None
    return {campaign.channel.address} | {person.email for person in (patient, guardian) if person and person.email}
