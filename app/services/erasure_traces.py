"""Finding every stored trace of one person, so that an erasure misses none: by id, by conversation, by address."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from beanie import PydanticObjectId
from gridfs.errors import NoFile

from app.models.appointments import Appointment
from app.models.base import Raw
from app.models.campaigns import Campaign
from app.models.enums import ChannelType
from app.models.idempotency import IdempotentRequest
from app.models.inbox import InboundEvent
from app.models.interactions import Interaction
from app.models.merges import PatientMerge
from app.models.outbox import OutboundMessage
from app.models.patients import Patient
from app.services import merge_holds

Ids = list[PydanticObjectId]

DIGITS = re.compile(r"(?:\+|\b)\d(?:[ ().-]{0,2}\d){6,14}")
MAILBOX = re.compile(r"[\w.+%-]+@[\w-]+\.[\w.-]+")
MASK = "[erased]"
NAME = "Erased patient"
"""What an erased patient is called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traces:
    """Everything that names one person. `addresses` are those that nobody else holds: a family shares an inbox."""

    patients: Ids
    names: list[str]
    addresses: list[str]
    threads: list[str]
    campaigns: Ids
    appointments: Ids
    interactions: Ids
    messages: Ids
    events: Ids
    sent_as: list[str]
    """The ids under which our messages to them travelled: what an answer or a bounce names."""
    merges: Ids
    answers: list[str]
    """Stored answers to requests with an Idempotency-Key."""

    @property
    def documents(self) -> list[tuple[str, list[str]]]:
        """What the audit log may know these under: (document_type, ids)."""
        held = {
            "patient": self.patients,
            "campaign": self.campaigns,
            "appointment": self.appointments,
            "interaction": self.interactions,
            "inbound_event": self.events,
        }
        return [(kind, [str(identifier) for identifier in ids]) for kind, ids in held.items()]


async def of_person(patient_id: PydanticObjectId, *, known: Traces | None = None) -> Traces:
    """Collect the ids, also by the addresses and threads that were `known` before they were blanked.

    This reads whole collections where no index helps: an erasure is rare and must miss nothing.
    """
    patients = await merge_holds.identities_of(patient_id)
    people = await Patient.collection().find({"_id": {"$in": patients}}).to_list()
    merges = await PatientMerge.find(
        {"$or": [{"patient_id": {"$in": patients}}, {"merged_patient_id": {"$in": patients}}]}
    ).to_list()
    campaigns = await Campaign.collection().find({"patient_id": {"$in": patients}}).to_list()
    candidates = _addresses(people, campaigns, merges) | set(known.addresses if known else ())
    addresses = await _held_by_nobody_else(patients, candidates)
    names = (
        {row["name"] for row in people} | {row["patient_name"] for row in campaigns} | set(known.names if known else ())
    )
    ids = [row["_id"] for row in campaigns]
    appointments = await _ids(Appointment, {"$or": [{"patient_id": {"$in": patients}}, {"campaign_id": {"$in": ids}}]})
    threads = [row["channel"]["thread_id"] for row in campaigns if row["channel"].get("thread_id")]
    threads += known.threads if known else []
    messages = await _ids(OutboundMessage, {"$or": [{"patient_id": {"$in": patients}}, {"campaign_id": {"$in": ids}}]})
    sent_as = await _sent_as(messages) + (known.sent_as if known else [])
    events = await _events(ids, addresses, threads) + await _reactions(ids, addresses, messages, sent_as)
    return Traces(
        patients=patients,
        names=sorted(names - {NAME}),
        addresses=addresses,
        threads=threads,
        campaigns=ids,
        appointments=appointments,
        interactions=await _ids(Interaction, {"campaign_id": {"$in": ids}}),
        messages=messages,
        events=list(dict.fromkeys(events)),
        sent_as=sent_as,
        merges=[merge.id for merge in merges],
        answers=await _answers([*patients, *ids, *appointments], sorted(names - {NAME}), addresses),
    )


def _addresses(people: list[Raw], campaigns: list[Raw], merges: list[PatientMerge]) -> set[str]:
    """Every address that these records hold, held before, or keep for an undo."""
    found = {person.get(field) for person in people for field in ("email", "phone")}
    found |= {address for person in people for address in person.get("unusable_addresses", ())}
    found |= {campaign["channel"]["address"] for campaign in campaigns}
    found |= {address for merge in merges for address in (merge.kept.email, merge.kept.phone)}
    return {address for address in found if address}


async def _held_by_nobody_else(patients: Ids, addresses: set[str]) -> list[str]:
    wanted = {"$in": list(addresses)}
    others = Patient.collection().find(
        {"_id": {"$nin": patients}, "$or": [{"email": wanted}, {"phone": wanted}]}, {"email": 1, "phone": 1}
    )
    held = {row.get(field) async for row in others for field in ("email", "phone")}
    return sorted(addresses - held)


async def _ids(document: Any, query: dict[str, Any]) -> Ids:
    return [row["_id"] async for row in document.collection().find(query, {"_id": 1})]


async def _events(campaigns: Ids, addresses: list[str], threads: list[str]) -> Ids:
    """What was written to us: matched to a campaign, from an address, in a thread, or nobody's that names one."""
    senders = {"$in": addresses}
    talks = [*threads, *(f"{channel}:{address}" for channel in ChannelType for address in addresses)]
    found = await _ids(
        InboundEvent,
        {
            "$or": [
                {"campaign_id": {"$in": campaigns}},
                {"assigned_to": {"$in": campaigns}},
                {"conversation_key": {"$in": talks}},
                *({f"payload.{field}": senders} for field in ("sender", "email", "phone")),
            ]
        },
    )
    nobodys = {"campaign_id": None, "assigned_to": None}
    loose = InboundEvent.collection().find({"$or": [{"payload.raw": {"$type": "string"}}, nobodys]}, {"payload": 1})
    naming = [row["_id"] async for row in loose if mentions(str(row["payload"]), addresses)]
    return [*found, *naming]


async def _sent_as(messages: Ids) -> list[str]:
    rows = OutboundMessage.collection().find({"_id": {"$in": messages}}, {"message_id": 1, "external_id": 1})
    return [row[field] async for row in rows for field in ("message_id", "external_id") if row.get(field)]


async def _reactions(campaigns: Ids, addresses: list[str], messages: Ids, sent_as: list[str]) -> Ids:
    """What answered our messages to them, or brought one back, and belongs to no other patient's campaign."""
    ours = {"$in": sent_as}
    naming = [
        {"payload.in_reply_to": ours},
        {"payload.references": ours},
        {"payload.bounce.original_message_id": ours},
        {"payload.bounce.outbox_id": {"$in": [str(identifier) for identifier in messages]}},
        {"payload.bounce.final_recipient": {"$in": addresses}},
    ]
    return await _ids(InboundEvent, {"campaign_id": {"$in": [None, *campaigns]}, "$or": naming})


async def _answers(ids: Ids, names: list[str], addresses: list[str]) -> list[str]:
    marks = [*(str(identifier) for identifier in ids), *names, *addresses]
    held = IdempotentRequest.get_pymongo_collection().find({"answer": {"$ne": None}}, {"answer": 1})
    return [row["_id"] async for row in held if mentions(str(row["answer"]), marks)]


def mentions(text: str, marks: list[str]) -> bool:
    """True when one of these stands in the text, in whatever case."""
    lowered = text.casefold()
    return any(mark.casefold() in lowered for mark in marks)


async def stands_in_file(pieces: AsyncIterator[bytes], marks: list[str]) -> bool:
    """True when one of these stands in a file that is read piece by piece; a file that is gone holds nothing."""
    overlap = max((len(mark.encode()) for mark in marks), default=0)
    last = b""
    try:
        async for piece in pieces:
            last = last[-overlap:] + piece
            if mentions(last.decode(errors="replace"), marks):
                return True
    except NoFile:
        return False
    return False


def masked(text: str, names: list[str]) -> str:
    """A sentence that staff wrote, without the person's names and without anything that looks like an address."""
    text = DIGITS.sub(MASK, MAILBOX.sub(MASK, text))
    words = sorted({word for name in names for word in (name, *name.split()) if len(word) > 1}, key=len, reverse=True)
    for word in words:
        text = re.sub(rf"\b{re.escape(word)}\b", MASK, text, flags=re.IGNORECASE)
    return text
