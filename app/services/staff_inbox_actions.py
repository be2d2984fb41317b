"""What a person does with an event of the staff inbox: assign it, try it again, dismiss it (api.md section 4).

Each is one transaction around a compare-and-set: of two people, or two clicks, one wins and the other hears what it is
now.
"""

from typing import Any

from beanie import PydanticObjectId
from pymongo import ReturnDocument

from app.context import Context
from app.errors import ConflictError
from app.models.base import LONG_AGO
from app.models.campaigns import Campaign
from app.models.enums import InboundSource, InboxState
from app.models.inbox import FOR_STAFF, InboundEvent
from app.models.interactions import Interaction
from app.models.patients import Patient
from app.services import audit, campaigns, inbound, patients, staff_inbox
from app.services.conversations import incoming_id

Changes = dict[str, Any]

WAITS_AGAIN: Changes = {
    "state": InboxState.RECEIVED,
    "outcome": None,
    "finished_at": None,
    "attempts": 0,
    "last_error": None,
    "not_before": LONG_AGO,
    "lease_until": LONG_AGO,
}
"""Back to where the inbox job takes it up."""


class InboxEventSettledError(ConflictError):
    """Somebody settled this event already, or the inbox job works on it."""

    code = "INBOX_EVENT_SETTLED"


class NoCampaignError(ConflictError):
    """The chosen patient has never had a conversation."""

    code = "NO_CAMPAIGN"


async def open_event(event_id: PydanticObjectId) -> InboundEvent:
    """An event that a person may settle. Raises NotFoundError, or InboxEventSettledError with what it is now."""
    event = await staff_inbox.get(event_id)
    if event.state not in FOR_STAFF:
        raise _settled(event)
    return event


def _settled(event: InboundEvent) -> InboxEventSettledError:
    return InboxEventSettledError(
        f"This message does not wait for anybody any more: it is {event.state.value}.",
        extra={"state": event.state, "outcome": event.outcome, "handled_by": event.handled_by},
    )


async def settle(ctx: Context, event_id: PydanticObjectId, changes: Changes, *, actor: str) -> InboundEvent:
    """The compare-and-set, inside the caller's transaction; whatever else held the event is fenced off."""
    raw = await InboundEvent.collection().find_one_and_update(
        {"_id": event_id, "state": {"$in": list(FOR_STAFF)}},
        {"$set": changes | {"handled_by": actor, "handled_at": ctx.now()}, "$inc": {"lease_generation": 1}},
        return_document=ReturnDocument.AFTER,
    )
    if raw is None:
        raise _settled(await staff_inbox.get(event_id))
    return InboundEvent.from_raw(raw)


async def assign_message(ctx: Context, event: InboundEvent, campaign: Campaign, *, actor: str) -> InboundEvent:
    """Give a message to a campaign: the inbox job takes it in, screens it and answers, as it does with any other.

    Raises InboxEventSettledError, or ConflictError when the event holds no message or is in another conversation.
    """
    await _refuse_unfit(event, campaign)

    async def write() -> InboundEvent:
        changes = WAITS_AGAIN | {"assigned_to": campaign.id, "campaign_id": campaign.id}
        taken = await settle(ctx, event.id, changes, actor=actor)
        await audit.record(
            ctx,
            actor=actor,
            action="inbox.assigned",
            document=("inbound_event", event.id),
            patients=[campaign.patient_id],
            details={"campaign_id": campaign.id, "was": event.state, "reason": event.outcome},
        )
        return taken

    return await ctx.database.transaction(write)


async def _refuse_unfit(event: InboundEvent, campaign: Campaign) -> None:
    try:
        message = inbound.message_of(event)
    except (KeyError, TypeError, ValueError) as error:
        raise ConflictError("This event holds no message. Read what it says, then dismiss it.") from error
    stored = await Interaction.get(incoming_id(message.source, message.external_id))
    if stored and stored.campaign_id != campaign.id:
        sentence = "This message was taken into another conversation before. Try it again instead."
        raise ConflictError(sentence, extra={"campaign_id": str(stored.campaign_id)})


async def chosen_patient(patient_id: PydanticObjectId) -> Patient:
    """The patient, or the record that lives on in their place. Raises NotFoundError, or ConflictError once erased."""
    patient = await patients.get(patient_id)
    if patient.merged_into:
        patient = await patients.get(patient.merged_into)
    if patient.erased_at:
        raise ConflictError("This patient's record was erased. Nothing can be added to it.")
    return patient


async def chosen_campaign(*, campaign_id: PydanticObjectId | None, patient_id: PydanticObjectId | None) -> Campaign:
    """The campaign that staff named, else the patient's active one, else the newest. Raises NoCampaignError (409)."""
    if campaign_id:
        campaign = await campaigns.get(campaign_id)
        await chosen_patient(campaign.patient_id)
        return campaign
    patient = await chosen_patient(patient_id or PydanticObjectId())
    found = await Campaign.active_of(patient.id) or await Campaign.newest_of(patient.id)
    if found is None:
        raise NoCampaignError("This patient has no conversation yet. Answer by phone or e-mail, then dismiss this.")
    return found


async def retry(ctx: Context, event_id: PydanticObjectId, *, actor: str) -> InboundEvent:
    """Put an event back to where the inbox job takes it up. Raises ConflictError for what can never be worked."""
    event = await open_event(event_id)
    if event.source is InboundSource.BOOKING_FORM:
        raise ConflictError("A booking is not tried again by itself: choose the patient it is for.")
    if "raw" in event.payload:
        raise ConflictError("This cannot be read, however often it is tried. Dismiss it.")
    return await _settle_alone(ctx, event, dict(WAITS_AGAIN), action="inbox.retried", actor=actor)


async def dismiss(ctx: Context, event_id: PydanticObjectId, *, reason: str, actor: str) -> InboundEvent:
    """Take an event off the list; it is kept with the reason."""
    event = await open_event(event_id)
    changes = {"state": InboxState.DISMISSED, "outcome": "dismissed", "note": reason, "finished_at": ctx.now()}
    return await _settle_alone(ctx, event, changes, action="inbox.dismissed", actor=actor)


async def _settle_alone(
    ctx: Context, event: InboundEvent, changes: Changes, *, action: str, actor: str
) -> InboundEvent:
    async def write() -> InboundEvent:
        taken = await settle(ctx, event.id, changes, actor=actor)
        was = {"was": event.state, "reason": event.outcome}
        await audit.record(ctx, actor=actor, action=action, document=("inbound_event", event.id), details=was)
        return taken

    return await ctx.database.transaction(write)
