"""What each collection keeps of an erased person: times, states, intents and amounts; never a word or an address."""

import re
from datetime import datetime
from enum import Enum
from typing import Any

from beanie import PydanticObjectId

from app.models import enums
from app.models.appointments import Appointment
from app.models.base import Record
from app.models.campaigns import Campaign
from app.models.delivery_reports import DeliveryReport
from app.models.desk import CampaignNote
from app.models.enums import ChannelType, InboxState, OfferState, WishState
from app.models.idempotency import IdempotentRequest
from app.models.inbox import InboundEvent
from app.models.interactions import Interaction
from app.models.links import PatientLink
from app.models.merges import FORGOTTEN, PatientMerge
from app.models.outbox import OutboundMessage
from app.models.patients import OptOut, Patient
from app.models.records import AuditEntry, Decision
from app.models.recovery import FoundMessage
from app.models.sandbox import SandboxMessage
from app.models.waitlist import WaitlistOffer, WaitlistWish
from app.services.erasure_traces import NAME, Traces

ERASED = "erased"
OWN_ROW = "patient.erased"
"""The audit row of the erasure itself: its reason was masked before it was written."""
AN_ID = re.compile(r"[0-9a-f]{24}")

VOCABULARY = frozenset(
    {str(word) for each in vars(enums).values() if isinstance(each, type) and issubclass(each, Enum) for word in each}
    | set(Patient.model_fields)
    | {"all", ERASED}
)
"""The closed words of the clinic: the only text that an audit row on an erased patient may still hold."""

WITHOUT_KEY = [{"$set": {"key": {"$concat": ["erased:", {"$toString": "$_id"}]}}}]
"""The key of an opt-out's confirmation holds the address."""

CAMPAIGN_REACH = {"channel.address": "", "channel.thread_id": None, "channel.subject": None}
OWN_CAMPAIGN: dict[str, Any] = {
    **CAMPAIGN_REACH,
    "patient_name": NAME,
    "engagement_summary": "",
    "initial_inquiry": None,
    "booking_funnel.link_url": None,
}
HANDOFF = {
    "handoff_details.reason": ERASED,
    "handoff_details.summary": "",
    "handoff_details.patient_question": "",
    "handoff_details.suggested_reply": None,
}
OFF_THE_LIST = {"state": WishState.WITHDRAWN, "state_reason": ERASED}
OFFER_CLOSED = {"state": OfferState.EXPIRED, "state_reason": ERASED}
SAID: dict[str, Any] = {
    "content": "",
    "subject": "",
    "external_id": None,
    "message_id": None,
    "attachments": [],
    "is_unanswered": None,
}
MESSAGE_REACH = dict.fromkeys(
    ("thread_id", "in_reply_to", "handle", "external_id", "message_id", "unsubscribe_url", "day_keys"), ""
)


def nobody(now: datetime) -> dict[str, Any]:
    """The `$set` of a patient's own record. No hash of an address is kept: it would still tell who it was."""
    return {
        "name": NAME,
        "email": None,
        "phone": None,
        "date_of_birth": None,
        "notes": "",
        "language": "en",
        "initial_inquiry": None,
        "estimated_value": None,
        "treatment_history": [],
        "next_follow_up_date": None,
        "guardian_id": None,
        "unusable_addresses": [],
        "preferred_channel": [ChannelType.EMAIL],
        "opt_outs": [OptOut(channel="all", at=now, source=ERASED).model_dump()],
        "outreach_due_at": None,
        "erased_at": now,
        "updated_at": now,
    }


async def blank_all(traces: Traces, *, now: datetime) -> dict[str, int]:
    """Blank everything that was found, inside the caller's transaction; how many documents that were, by collection."""
    await _blank_conversations(traces)
    await _blank_messages(traces)
    await _blank_events(traces, now)
    await _blank_records(traces, now)
    await _blank_audit(traces)
    return {
        "campaigns": len(traces.campaigns),
        "interactions": len(traces.interactions),
        "appointments": len(traces.appointments),
        "outbound_messages": len(traces.messages),
        "inbound_events": len(traces.events),
    }


async def _set(document: type[Record], ids: list[PydanticObjectId], fields: dict[str, Any]) -> None:
    await document.collection().update_many({"_id": {"$in": ids}}, {"$set": fields})


async def _blank_conversations(traces: Traces) -> None:
    await _set(Campaign, traces.campaigns, OWN_CAMPAIGN)
    handed_over = {"_id": {"$in": traces.campaigns}, "handoff_details": {"$type": "object"}}
    await Campaign.collection().update_many(handed_over, {"$set": HANDOFF})
    # Another patient's campaign that once went to this address, as a former guardian's.
    await Campaign.collection().update_many({"channel.address": {"$in": traces.addresses}}, {"$set": CAMPAIGN_REACH})
    await _set(Interaction, traces.interactions, SAID)
    await CampaignNote.collection().update_many({"campaign_id": {"$in": traces.campaigns}}, {"$set": {"text": ""}})
    await _set(Appointment, traces.appointments, {"patient_name": NAME, "notes": ""})


async def _blank_messages(traces: Traces) -> None:
    theirs = {"_id": {"$in": traces.messages}}
    to_them = {"to": {"$in": traces.addresses}}
    collection = OutboundMessage.collection()
    for query, wording in ((theirs, {"subject": "", "body": "", "attachments": []}), (to_them, {})):
        rows = [row["_id"] async for row in collection.find(query, {"_id": 1})]
        await collection.update_many({"_id": {"$in": rows}}, WITHOUT_KEY)
        await collection.update_many({"_id": {"$in": rows}}, {"$set": {"to": "", **wording}, "$unset": MESSAGE_REACH})
    told = {"$set": {"is_settled": True}, "$unset": {"external_id": ""}}
    await DeliveryReport.collection().update_many({"_id": {"$in": traces.messages}}, told)
    stand_in = [
        {"to": {"$in": traces.addresses}},
        {"sender": {"$in": traces.addresses}},
        {"thread_id": {"$in": traces.threads}},
        {"outbox_id": {"$in": [str(identifier) for identifier in traces.messages]}},
    ]
    await SandboxMessage.collection().delete_many({"$or": stand_in})
    await FoundMessage.collection().delete_many({"to": {"$in": traces.addresses}})


async def _blank_events(traces: Traces, now: datetime) -> None:
    """The provider's event id stays, so that a redelivery is known; what was not settled is settled."""
    blank: dict[str, Any] = {"payload": {}, "conversation_key": ERASED, "last_error": None, "note": None}
    await _set(InboundEvent, traces.events, blank)
    open_states = [InboxState.RECEIVED, InboxState.UNMATCHED, InboxState.PARKED]
    await InboundEvent.collection().update_many(
        {"_id": {"$in": traces.events}, "state": {"$in": open_states}},
        {"$set": {"state": InboxState.DISMISSED, "outcome": "patient_erased", "finished_at": now}},
    )


async def _blank_records(traces: Traces, now: datetime) -> None:
    of_them = {"patient_id": {"$in": traces.patients}}
    await Decision.collection().update_many(of_them, {"$set": {"inputs": {}}})
    await PatientLink.collection().update_many(of_them | {"revoked_at": None}, {"$set": {"revoked_at": now}})
    await WaitlistWish.collection().update_many(of_them | {"state": WishState.WAITING}, {"$set": OFF_THE_LIST})
    await WaitlistOffer.collection().update_many(of_them | {"state": OfferState.OFFERED}, {"$set": OFFER_CLOSED})
    await _set(PatientMerge, traces.merges, {**FORGOTTEN, "reason": ""})
    await Patient.collection().update_many(
        {"unusable_addresses": {"$in": traces.addresses}}, {"$pullAll": {"unusable_addresses": traces.addresses}}
    )
    await IdempotentRequest.get_pymongo_collection().delete_many({"_id": {"$in": traces.answers}})


async def _blank_audit(traces: Traces) -> None:
    """Who did what and when stays for ever; of the details only closed words, numbers, ids and times do."""
    named: list[dict[str, Any]] = [
        {"patient_ids": {"$in": traces.patients}},
        {"document_type": "appointment", "details.patient_id": {"$in": traces.patients}},  # a visit that was deleted
    ]
    named += [{"document_type": kind, "document_id": {"$in": ids}} for kind, ids in traces.documents]
    query = {"$or": named, "details": {"$ne": {}}, "action": {"$ne": OWN_ROW}}
    rows = await AuditEntry.collection().find(query, {"details": 1}).to_list()
    for row in rows:
        kept = wordless(row["details"])
        if kept != row["details"]:
            await AuditEntry.collection().update_one({"_id": row["_id"]}, {"$set": {"details": kept}})


def wordless(value: Any) -> Any:
    """The same value with every text blanked that is not a word of the closed vocabularies."""
    if isinstance(value, str):
        return value if value in VOCABULARY or AN_ID.fullmatch(value) else ERASED
    if isinstance(value, dict):
        return {name: wordless(item) for name, item in value.items()}
    if isinstance(value, list):
        return [wordless(item) for item in value]
    return value
