"""What staff must settle by hand: messages that belong to no known conversation, and events that could not be worked.

Listing and reading them, with whom each may be from (api.md section 4, `/admin/inbox`; trust.md 2.5).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from beanie import PydanticObjectId
from pymongo import DESCENDING

from app.context import Context
from app.errors import NotFoundError
from app.models.campaigns import Campaign
from app.models.enums import ChannelType, InboundSource, InboxState
from app.models.inbox import InboundEvent
from app.models.patients import Patient
from app.services import audit

MOST_SUGGESTIONS = 10
PREVIEW_CHARACTERS = 200

SENTENCES = {
    "no_campaign_matches": "Nobody can say whose conversation this belongs to. Choose the patient it is from.",
    "reply_about_a_visit": "Somebody answers a message about their visit, and a person should read it.",
    "offer_not_settled": "The patient answers an offer of the waiting list, and it could not be settled. Call them.",
    "patient_running_late": "The patient writes that they will be late for their visit.",
    "patient_cannot_come": "The patient writes that they cannot come. The visit stands until it is moved or cancelled.",
    "emergency_about_a_visit": "This may be an emergency. The patient has the clinic's emergency phone: call them.",
    "booking_matches_two_patients": (
        "The e-mail and the phone of this booking belong to different patients. Choose who wants the visit."
    ),
    "failed_too_often": "It could not be worked, however often it was tried. Try again, or assign it.",
    "malformed_message": "The provider sent something that cannot be read as a message.",
    "malformed_push": "Google sent a notice that cannot be read.",
    "not_a_message": "It holds no message that could be read.",
    "sender_is_somebody_else": "It answers our message to a patient, but from another address. Check who wrote it.",
    "sender_not_verified": "Its sender's address may be forged. Ask the patient by phone before you act on it.",
    "unreadable_mail": "An e-mail came in that cannot be read. Look at it in the clinic's own mailbox.",
    "unknown_mailbox": "Google told of a mailbox that is not the clinic's.",
    "no_gmail_mailbox_connected": "Google told of a new message, but no mailbox is connected.",
}
UNKNOWN_REASON = "A person should look at this."


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Somebody whom the event may be from. `why`: `address` (they hold it), `family` (a guardian does), `booking`."""

    patient_id: PydanticObjectId
    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Wish:
    """The visit that a parked booking form asked for."""

    name: str
    email: str | None
    phone: str | None
    start: datetime
    service_name: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One event as staff see it."""

    event: InboundEvent
    suggestions: list[Suggestion]

    @property
    def channel(self) -> ChannelType | None:
        known = self.event.payload.get("channel")
        return ChannelType(known) if known in list(ChannelType) else None

    @property
    def sender(self) -> str | None:
        return sender_of(self.event)

    @property
    def text(self) -> str:
        """The whole text as it came; empty for a booking form."""
        return str(self.event.payload.get("text") or self.event.payload.get("raw") or "")

    @property
    def preview(self) -> str:
        return " ".join(self.text.split())[:PREVIEW_CHARACTERS]

    @property
    def reason_sentence(self) -> str:
        return SENTENCES.get(self.event.outcome or "", UNKNOWN_REASON)

    @property
    def wish(self) -> Wish | None:
        return wish_of(self.event)


def sender_of(event: InboundEvent) -> str | None:
    """The address that the event came from, if it names one."""
    payload = event.payload
    found = payload.get("sender") or payload.get("email") or payload.get("phone") or payload.get("email_address")
    return str(found) if found else None


def wish_of(event: InboundEvent) -> Wish | None:
    if event.source is not InboundSource.BOOKING_FORM:
        return None
    return Wish(**{name: event.payload[name] for name in ("name", "email", "phone", "start", "service_name")})


async def page(
    ctx: Context, states: Sequence[InboxState], *, skip: int, limit: int, actor: str
) -> tuple[list[Entry], int]:
    """What waits for a person, urgent first, then the newest; and how many there are. Whom it names is audited."""
    query = {"state": {"$in": list(states)}}
    order = [("priority", DESCENDING), ("received_at", DESCENDING), ("_id", DESCENDING)]
    rows = await InboundEvent.collection().find(query).sort(order).skip(skip).limit(limit).to_list()
    events = [InboundEvent.from_raw(row) for row in rows]
    suggestions = await _suggestions(events)
    if named := _named(suggestions):
        await audit.record(ctx, actor=actor, action="inbox.listed", document=("inbox", "list"), patients=named)
    entries = [Entry(event, suggestions[event.id]) for event in events]
    return entries, await InboundEvent.collection().count_documents(query)


async def read(ctx: Context, event_id: PydanticObjectId, *, actor: str) -> Entry:
    """One event with its whole text, whatever became of it; the read is audited. Raises NotFoundError."""
    event = await get(event_id)
    suggestions = await _suggestions([event])
    people = _named(suggestions)
    campaign = await Campaign.get(event.campaign_id) if event.campaign_id else None
    if campaign and campaign.patient_id not in people:
        people.append(campaign.patient_id)
    await audit.record(ctx, actor=actor, action="inbox.read", document=("inbound_event", event_id), patients=people)
    return Entry(event, suggestions[event.id])


async def get(event_id: PydanticObjectId) -> InboundEvent:
    event = await InboundEvent.get(event_id)
    if event is None:
        raise NotFoundError("There is no message with this id in the inbox.")
    return event


def _named(suggestions: dict[PydanticObjectId, list[Suggestion]]) -> list[PydanticObjectId]:
    return list(dict.fromkeys(one.patient_id for found in suggestions.values() for one in found))


async def _suggestions(events: list[InboundEvent]) -> dict[PydanticObjectId, list[Suggestion]]:
    """For each event, whom it may be from: three queries for the whole page, however long it is."""
    senders = {event.id: sender_of(event) for event in events}
    wished = {event.id: event.payload.get("patient_ids", []) for event in events}
    holders = await _living({"$or": _holding([sender for sender in senders.values() if sender])})
    family = await _living({"guardian_id": {"$in": [holder["_id"] for holder in holders]}})
    named = await _living({"_id": {"$in": [one for ids in wished.values() for one in ids]}})
    return {
        event.id: _for_one(senders[event.id], wished[event.id], holders=holders, family=family, named=named)
        for event in events
    }


def _holding(addresses: list[str]) -> list[dict[str, Any]]:
    return [{field: {"$in": addresses}} for field in ("email", "phone")]


async def _living(query: dict[str, Any]) -> list[dict[str, Any]]:
    """Names of the patients that match, but for those merged into another record or erased."""
    alive = {"merged_into": None, "erased_at": None}
    rows = Patient.collection().find(query | alive, dict.fromkeys(("name", "email", "phone", "guardian_id"), 1))
    return await rows.sort("name").to_list()


def _for_one(
    sender: str | None,
    wished: list[Any],
    *,
    holders: list[dict[str, Any]],
    family: list[dict[str, Any]],
    named: list[dict[str, Any]],
) -> list[Suggestion]:
    if wished:
        return [Suggestion(row["_id"], row["name"], "booking") for row in named if row["_id"] in wished]
    own = [row for row in holders if sender and sender in (row.get("email"), row.get("phone"))]
    ids = {row["_id"] for row in own}
    found = {row["_id"]: Suggestion(row["_id"], row["name"], "address") for row in own}
    for row in family:
        if row["guardian_id"] in ids:
            found.setdefault(row["_id"], Suggestion(row["_id"], row["name"], "family"))
    return list(found.values())[:MOST_SUGGESTIONS]
