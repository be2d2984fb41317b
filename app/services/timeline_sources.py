"""Where the rows of a patient's timeline come from: one page of each collection, newest first, behind a place."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from beanie import PydanticObjectId
from pymongo import DESCENDING

from app.models.appointments import Appointment
from app.models.base import Raw, Record
from app.models.campaigns import Campaign
from app.models.interactions import Interaction
from app.models.records import AuditEntry, Decision
from app.services import merge_holds
from app.services import timeline_words as words

Kind = Literal["campaign", "message", "appointment", "change", "decision"]
MOST_MERGED = 200
"""How many index ranges MongoDB merges in order instead of sorting (internalQueryMaxScansToExplode)."""
TOLD_BY_CAMPAIGNS = ["campaign.created", "campaign.status_changed"]
NO_MOVES = ["created", "attempt_sent"]


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a row stands: by time, then by source, id and step, so that no two rows stand at one place."""

    at: datetime
    rank: int
    tie: PydanticObjectId
    step: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line for staff; `by` is who did it, in words."""

    kind: Kind
    place: Place
    id: PydanticObjectId
    summary: str
    by: str | None

    @property
    def at(self) -> datetime:
        return self.place.at


Source = Callable[[PydanticObjectId, Place | None, int], Awaitable[list[Row]]]


def _behind(after: Place | None, rank: int, *, at: str, tie: str = "_id") -> Raw:
    """The clause that continues behind a place, for the source of this rank."""
    if after is None:
        return {}
    if rank != after.rank:
        return {at: {"$lte" if rank < after.rank else "$lt": after.at}}
    return {at: {"$lte": after.at}, "$or": [{at: {"$lt": after.at}}, {tie: {"$lt": after.tie}}]}


async def _page(
    document: type[Record], query: Raw, shown: Iterable[str], *, order: tuple[str, str], limit: int
) -> list[Raw]:
    """Raw rows with only these fields, newest first by `order` (a time and what parts rows of one time)."""
    at, tie = order
    found = document.collection().find(query, dict.fromkeys((at, tie, *shown), 1))
    return await found.sort([(at, DESCENDING), (tie, DESCENDING)]).limit(limit).to_list()


async def _campaigns(patient_id: PydanticObjectId, after: Place | None, limit: int) -> list[Row]:
    query = {"patient_id": patient_id} | _behind(after, 0, at="created_at")
    shown = ("campaign_type", "channel.type", "status")
    page = await _page(Campaign, query, shown, order=("created_at", "_id"), limit=limit)
    return [_row("campaign", Place(raw["created_at"], 0, raw["_id"]), words.campaign(raw)) for raw in page]


async def _status_changes(patient_id: PydanticObjectId, after: Place | None, limit: int) -> list[Row]:
    at = "status_changes.at"
    pipeline: list[Raw] = [
        {"$match": {"patient_id": patient_id}},
        {"$project": {"campaign_type": 1, "status_changes": 1}},
        {"$unwind": {"path": "$status_changes", "includeArrayIndex": "step"}},
        {"$match": {"status_changes.event": {"$nin": NO_MOVES}} | _behind_step(after, at)},
        {"$sort": {at: -1, "_id": -1, "step": -1}},
        {"$limit": limit},
    ]
    page = await (await Campaign.collection().aggregate(pipeline)).to_list()
    return [_change_row(raw) for raw in page]


def _behind_step(after: Place | None, at: str) -> Raw:
    clause = _behind(after, 1, at=at)
    if after and "$or" in clause:
        clause["$or"].append({"_id": after.tie, "step": {"$lt": after.step}})
    return clause


def _change_row(raw: Raw) -> Row:
    change = raw["status_changes"]
    place = Place(change["at"], 1, raw["_id"], int(raw["step"]))
    return _row("change", place, words.status_change(raw), by=change["by"])


async def _messages(patient_id: PydanticObjectId, after: Place | None, limit: int) -> list[Row]:
    owned = Campaign.collection().find({"patient_id": patient_id}, {"_id": 1})
    campaigns = [raw["_id"] async for raw in owned]
    behind = _behind(after, 2, at="timestamp", tie="arrival")
    shown = ("direction", "content", "channel", "author", "delivery")
    page: list[Raw] = []
    for start in range(0, len(campaigns), MOST_MERGED):
        query = {"campaign_id": {"$in": campaigns[start : start + MOST_MERGED]}} | behind
        page += await _page(Interaction, query, shown, order=("timestamp", "arrival"), limit=limit)
    return [_message_row(raw) for raw in page]


def _message_row(raw: Raw) -> Row:
    place = Place(raw["timestamp"], 2, raw["arrival"])
    return Row(kind="message", place=place, id=raw["_id"], summary=words.message(raw), by=words.AUTHORS[raw["author"]])


async def _visits(patient_id: PydanticObjectId, after: Place | None, limit: int) -> list[Row]:
    query = {"patient_id": patient_id} | _behind(after, 3, at="appointment_date")
    page = await _page(Appointment, query, ("service_name", "status"), order=("appointment_date", "_id"), limit=limit)
    return [_row("appointment", Place(raw["appointment_date"], 3, raw["_id"]), words.appointment(raw)) for raw in page]


async def _audited(patient_id: PydanticObjectId, after: Place | None, limit: int) -> list[Row]:
    """Every change of the record; who merely looked at it stands in the audit log."""
    known_as = await merge_holds.identities_of(patient_id)  # the log is never rewritten, so a merge leaves its rows
    changes = {"patient_ids": {"$in": known_as}, "is_read": False, "action": {"$nin": TOLD_BY_CAMPAIGNS}}
    query = changes | _behind(after, 4, at="at")
    page = await _page(AuditEntry, query, ("action", "actor", "details"), order=("at", "_id"), limit=limit)
    return [_row("change", Place(raw["at"], 4, raw["_id"]), words.audited(raw), by=raw["actor"]) for raw in page]


async def _decisions(patient_id: PydanticObjectId, after: Place | None, limit: int) -> list[Row]:
    query = {"patient_id": patient_id} | _behind(after, 5, at="at")
    page = await _page(Decision, query, ("outcome", "rule"), order=("at", "_id"), limit=limit)
    return [_row("decision", Place(raw["at"], 5, raw["_id"]), words.decision(raw), by="system") for raw in page]


SOURCES: tuple[Source, ...] = (_campaigns, _status_changes, _messages, _visits, _audited, _decisions)
"""In the order of their ranks: of one instant, what comes of the other stands above it."""


def _row(kind: Kind, place: Place, summary: str, *, by: str | None = None) -> Row:
    return Row(kind=kind, place=place, id=place.tie, summary=summary, by=by)
