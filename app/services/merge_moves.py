"""Giving one patient's documents to another, and giving them back: every collection that names a patient.

The audit log is append-only and is not rewritten: whoever looks a patient up there asks for every id that the person
was known by (`merge_holds.identities_of`).
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from beanie import PydanticObjectId

from app.errors import ConflictError
from app.models.appointments import Appointment, slot_keys
from app.models.base import Raw, Record
from app.models.campaigns import Campaign
from app.models.desk import CampaignNote
from app.models.enums import AppointmentStatus
from app.models.interactions import Interaction
from app.models.links import PatientLink
from app.models.merges import ClearedDueDate
from app.models.outbox import OutboundMessage
from app.models.patients import Patient
from app.models.records import Decision
from app.models.waitlist import WaitlistOffer, WaitlistWish
from app.services import merge_wishes

Ids = list[PydanticObjectId]
Moved = dict[str, Ids]

CAMPAIGNS, APPOINTMENTS, DEPENDANTS = "campaigns", "appointments", "dependants"
LINKS = "patient_links"
WISHES = "waitlist_wishes"
FOLLOWING: dict[str, type[Record]] = {
    "interactions": Interaction,
    "outbound_messages": OutboundMessage,
    "decisions": Decision,
    LINKS: PatientLink,
    WISHES: WaitlistWish,
    "waitlist_offers": WaitlistOffer,
    "campaign_notes": CampaignNote,
}
"""What only needs its `patient_id` rewritten; campaigns, appointments and dependants have rules of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hands:
    """To whom, and when. What shows the giver's name is renamed; an older name is that of its day and stays."""

    taker: PydanticObjectId
    giver_name: str
    taker_name: str
    now: datetime


@dataclass(slots=True, kw_only=True)
class Handed:
    """What changed hands."""

    moved: Moved = field(default_factory=dict)
    cleared: list[ClearedDueDate] = field(default_factory=list)


async def owned_by(patient_id: PydanticObjectId) -> Moved:
    """The ids of every document that names this patient."""
    campaigns = await _ids(Campaign, {"patient_id": patient_id})
    moved = {
        CAMPAIGNS: campaigns,
        APPOINTMENTS: await _ids(Appointment, {"patient_id": patient_id}),
        DEPENDANTS: await _ids(Patient, {"guardian_id": patient_id}),
    }
    for name, document in FOLLOWING.items():
        # Interactions are indexed by campaign, and none is without one.
        of_campaigns = {"campaign_id": {"$in": campaigns}}
        moved[name] = await _ids(document, of_campaigns if name == "interactions" else {"patient_id": patient_id})
    return moved


async def _ids(document: type[Record], query: dict[str, Any]) -> Ids:
    return [row["_id"] async for row in document.collection().find(query, {"_id": 1})]


async def hand_over(hands: Hands, moved: Moved) -> Handed:
    """Rewrite the patient of these documents, inside the caller's transaction.

    Raises ConflictError, naming both visits, when a visit to come overlaps one of the taker's.
    """
    handed = Handed(moved=moved, cleared=await _clear_served_due_dates(hands, moved.get(CAMPAIGNS, [])))
    # The version moves too: a run of the agent that read the campaign before starts anew (StaleCampaignError).
    await Campaign.collection().update_many(
        {"_id": {"$in": moved.get(CAMPAIGNS, [])}},
        {"$set": {"patient_id": hands.taker}, "$inc": {"version": 1}},
    )
    await Campaign.collection().update_many(
        {"_id": {"$in": moved.get(CAMPAIGNS, [])}, "patient_name": hands.giver_name},
        {"$set": {"patient_name": hands.taker_name}},
    )
    await merge_wishes.yield_place(moved.get(WISHES, []), to=hands.taker, now=hands.now)
    for name, document in FOLLOWING.items():
        await document.collection().update_many(
            {"_id": {"$in": moved.get(name, [])}}, {"$set": {"patient_id": hands.taker}}
        )
    await Patient.collection().update_many(
        {"_id": {"$in": moved.get(DEPENDANTS, [])}}, {"$set": {"guardian_id": hands.taker, "updated_at": hands.now}}
    )
    await _hand_over_visits(hands, moved.get(APPOINTMENTS, []))
    return handed


async def _clear_served_due_dates(hands: Hands, campaigns: Ids) -> list[ClearedDueDate]:
    """A due date that a campaign of the taker serves already is taken from the one that comes to it."""
    theirs = Campaign.collection().find({"patient_id": hands.taker, "due_date": {"$type": "date"}}, {"due_date": 1})
    served = [row["due_date"] async for row in theirs]
    clashing = Campaign.collection().find({"_id": {"$in": campaigns}, "due_date": {"$in": served}}, {"due_date": 1})
    cleared = [ClearedDueDate(campaign_id=row["_id"], due_date=row["due_date"]) async for row in clashing]
    await Campaign.collection().update_many(
        {"_id": {"$in": [row.campaign_id for row in cleared]}}, {"$set": {"due_date": None}}
    )
    return cleared


async def _hand_over_visits(hands: Hands, appointments: Ids) -> None:
    """The visits' cells name the patient: they are made anew, so that no double booking can slip in."""
    for raw in await Appointment.collection().find({"_id": {"$in": appointments}}).to_list():
        changes: dict[str, Any] = {"patient_id": hands.taker}
        if raw["patient_name"] == hands.giver_name:
            changes["patient_name"] = hands.taker_name
        if raw.get("slot_keys"):
            changes["slot_keys"] = await _keys_for(hands, raw)
        await Appointment.collection().update_one({"_id": raw["_id"]}, {"$set": changes})


async def _keys_for(hands: Hands, visit: Raw) -> list[str]:
    """The visit's cells in the taker's name; where the past clashes, the provider's alone."""
    keys = slot_keys(
        provider_id=visit.get("provider_id"),
        patient_id=hands.taker,
        start=visit["appointment_date"],
        until=visit["ends_at"],
        free_at=visit["busy_until"],
        busy_from=visit.get("busy_from"),
    )
    own = [key for key in keys if key.startswith("U:")]
    other = await Appointment.collection().find_one({"slot_keys": {"$in": own}, "_id": {"$ne": visit["_id"]}})
    if other is None:
        return keys
    if _is_to_come(visit, hands.now) and _is_to_come(other, hands.now):
        raise ConflictError(
            "Both records have a visit at the same time. Move or cancel one of them first.",
            extra={"appointments": [str(other["_id"]), str(visit["_id"])]},
        )
    return [key for key in keys if not key.startswith("U:")]


def _is_to_come(visit: Raw, now: datetime) -> bool:
    return bool(visit["status"] == AppointmentStatus.BOOKED.value and visit["ends_at"] > now)


async def belonging_to(moved: Moved, holder: PydanticObjectId) -> Moved:
    """What goes back to a restored record: what came from it and is still `holder`'s.

    A campaign goes back whole, with the messages, links, reasons and visits that it has had since.
    """
    campaigns = await _ids(Campaign, {"_id": {"$in": moved.get(CAMPAIGNS, [])}, "patient_id": holder})
    back = {
        CAMPAIGNS: campaigns,
        DEPENDANTS: await _ids(Patient, {"_id": {"$in": moved.get(DEPENDANTS, [])}, "guardian_id": holder}),
    }
    documents: dict[str, type[Record]] = {APPOINTMENTS: Appointment, **FOLLOWING}
    for name, document in documents.items():
        theirs: list[Raw] = [{"_id": {"$in": moved.get(name, [])}}, {"campaign_id": {"$in": campaigns}}]
        if name == LINKS:
            theirs.append({"appointment_id": {"$in": back[APPOINTMENTS]}})
        back[name] = await _ids(document, {"patient_id": holder, "$or": theirs})
    return back
