"""Everything that the clinic holds on one person as one JSON document, written piece by piece as it is read."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from beanie import PydanticObjectId
from bson import ObjectId

from app.context import Context
from app.database.patience import uninterrupted_steps
from app.models.appointments import Appointment
from app.models.base import Raw, Record
from app.models.campaigns import Campaign
from app.models.delivery_reports import DeliveryReport
from app.models.desk import CampaignNote
from app.models.inbox import InboundEvent
from app.models.interactions import Interaction
from app.models.links import PatientLink
from app.models.merges import PatientMerge
from app.models.outbox import OutboundMessage
from app.models.patients import Patient
from app.models.records import AuditEntry, Decision
from app.models.recovery import FoundMessage
from app.models.waitlist import WaitlistOffer, WaitlistWish
from app.services import audit, merge_holds, merges, patients

Query = dict[str, Any]
BATCH = 100
"""Documents in memory at once; the driver would fetch 16 MiB."""

INTERNAL = frozenset(
    {"arrival", "attempts", "counted_as", "day_keys", "family_version", "handle", "held_for", "hold_until", "key"}
    | {
        "is_settled",
        "last_error",
        "lease_generation",
        "lease_until",
        "not_before",
        "outreach_due_at",
        "patient_ids",
        "position",
        "rank",
    }
    | {"is_settled", "rank", "revision_id", "slot_keys", "token_hash", "uncounted", "version"}
)
"""How the machinery keeps order; it says nothing about the person."""
DAYS = frozenset({"date_of_birth", "due_date", "next_follow_up_date", "procedure_date"})
"""Calendar dates, stored as midnight (BSON has no date type)."""


@dataclass(frozen=True, slots=True)
class Section:
    """One list of the document, oldest first; the second field of `order` parts what happened at one instant."""

    name: str
    document: type[Record]
    query: Query
    order: tuple[str, str]


async def begin(ctx: Context, patient_id: PydanticObjectId, *, actor: str) -> AsyncIterator[str]:
    """The document in pieces, after the export was written into the audit log. Raises NotFoundError.

    The export of a merged record is that of the record that lives on.
    """
    await patients.get(patient_id)
    survivor = await merge_holds.survivor_of(patient_id)
    await merges.gather_late(ctx, survivor)
    identities = await merge_holds.identities_of(survivor)
    await audit.record(ctx, actor=actor, action="patient.exported", document=("patient", survivor), patients=identities)
    return uninterrupted_steps(_document(ctx, survivor, identities))


async def _document(ctx: Context, survivor: PydanticObjectId, identities: list[PydanticObjectId]) -> AsyncIterator[str]:
    head = {"exported_at": ctx.now(), "patient_id": survivor}
    yield "{" + ",".join(f'"{name}":{_json(value)}' for name, value in head.items())
    yield f',"patient":{_json(_shown(await _raw(survivor)))}'
    for section in await _sections(identities):
        async for piece in _written(section):
            yield piece
    yield ',"inbound_events":['
    async for piece in _joined(_events(identities)):
        yield piece
    yield '],"audit":['
    async for piece in _joined(_audit_rows(identities)):
        yield piece
    yield "]}"


async def _raw(patient_id: PydanticObjectId) -> Raw:
    return await Patient.collection().find_one({"_id": patient_id}) or {}


async def _sections(identities: list[PydanticObjectId]) -> list[Section]:
    theirs: Query = {"patient_id": {"$in": identities}}
    talks: Query = {"campaign_id": {"$in": await _campaigns(identities)}}
    sent = [row["_id"] async for row in OutboundMessage.collection().find(theirs, {"_id": 1})]
    return [
        Section("merged_records", Patient, {"_id": {"$in": identities[1:]}}, ("created_at", "_id")),
        Section("merges", PatientMerge, theirs | {"undone_at": None}, ("merged_at", "_id")),
        Section("campaigns", Campaign, theirs, ("created_at", "_id")),
        Section("interactions", Interaction, talks, ("timestamp", "arrival")),
        Section("appointments", Appointment, theirs, ("appointment_date", "_id")),
        Section("decisions", Decision, theirs, ("at", "_id")),
        Section("outbound_messages", OutboundMessage, theirs, ("created_at", "_id")),
        Section("delivery_reports", DeliveryReport, {"_id": {"$in": sent}}, ("asked_at", "_id")),
        Section("found_messages", FoundMessage, {"row_id": {"$in": sent}}, ("sent_at", "_id")),
        Section("links", PatientLink, theirs, ("created_at", "_id")),
        Section("waitlist_wishes", WaitlistWish, theirs, ("created_at", "_id")),
        Section("waitlist_offers", WaitlistOffer, theirs, ("created_at", "_id")),
        Section("campaign_notes", CampaignNote, theirs, ("created_at", "_id")),
    ]


async def _campaigns(identities: list[PydanticObjectId]) -> list[PydanticObjectId]:
    rows = Campaign.collection().find({"patient_id": {"$in": identities}}, {"_id": 1})
    return [row["_id"] async for row in rows]


async def _written(section: Section) -> AsyncIterator[str]:
    yield f',"{section.name}":['
    cursor = section.document.collection().find(section.query, batch_size=BATCH)
    cursor = cursor.sort([(field, 1) for field in section.order])
    async for piece in _joined(cursor):
        yield piece
    yield "]"


async def _joined(rows: AsyncIterator[Raw]) -> AsyncIterator[str]:
    separator = ""
    async for row in rows:
        yield separator + _json(_shown(row))
        separator = ","


async def _events(identities: list[PydanticObjectId]) -> AsyncIterator[Raw]:
    """What they wrote as it arrived: each incoming interaction names its event, and so stands the index."""
    talks = {"campaign_id": {"$in": await _campaigns(identities)}, "direction": "incoming"}
    async for row in Interaction.collection().find(talks, {"external_id": 1}).sort([("timestamp", 1), ("arrival", 1)]):
        source, _, event_id = (row.get("external_id") or "").partition(":")
        event = await InboundEvent.collection().find_one({"source": source, "event_id": event_id}) if event_id else None
        if event:
            yield event


async def _audit_rows(identities: list[PydanticObjectId]) -> AsyncIterator[Raw]:
    """The access report. What a row says beside that is shown only where nobody else is meant by it."""
    rows = (
        AuditEntry.collection()
        .find({"patient_ids": {"$in": identities}}, batch_size=BATCH)
        .sort([("at", 1), ("_id", 1)])
    )
    async for row in rows:
        if not set(row["patient_ids"]) <= set(identities):
            row.pop("details", None)
        yield row


def _shown(row: Raw) -> Raw:
    return {"id" if name == "_id" else name: value for name, value in row.items() if name not in INTERNAL}


def _json(value: Any) -> str:
    return json.dumps(_plain("", value), ensure_ascii=False, allow_nan=False)


def _plain(name: str, value: Any) -> Any:
    """Ids as text, instants as ISO 8601 UTC, calendar dates without a time."""
    match value:
        case datetime() if name in DAYS:
            return value.date().isoformat()
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        case ObjectId():
            return str(value)
        case dict():
            return {key: _plain(key, item) for key, item in value.items() if key not in INTERNAL}
        case list():
            return [_plain(name, item) for item in value]
        case _:
            return value
