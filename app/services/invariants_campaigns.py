"""I2 and I7: one active campaign for each patient, and no status change that the table does not know (domain.md 3)."""

from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import pairwise
from typing import Any

from pymongo import ASCENDING

from app.context import Context
from app.domain.campaign_status import TRANSITIONS
from app.models.base import Record
from app.models.campaigns import ACTIVE_STATUSES, Campaign
from app.models.patients import Patient
from app.models.records import AuditEntry

LEGAL_MOVES = {(source, row.event, row.target) for row in TRANSITIONS for source in row.sources}
PERSON = "user:"
"""How the name of an actor begins who is a person: what they change has a row in the audit log."""
PAGE = 1_000
"""Documents in memory at once: the driver would fetch 16 MiB."""
SAME_ACT = timedelta(seconds=30)
"""The audit row and the change are one transaction; a retried one may take this long between its two clock readings."""


async def several_active(_: Context) -> AsyncIterator[str]:
    """The patients with more than one active campaign."""
    active = {"status": {"$in": list(ACTIVE_STATUSES)}}
    async for key in doubles(Campaign, active, {"patient": "$patient_id"}):
        yield key


async def doubles(document: type[Record], query: dict[str, Any], key: dict[str, str]) -> AsyncIterator[str]:
    """The keys that more than one document has; the server sorts on its disk when there are many."""
    pipeline = [
        {"$match": query},
        {"$group": {"_id": key, "count": {"$sum": 1}}},
        {"$match": {"count": {"$gt": 1}}},
    ]
    async for row in await document.collection().aggregate(pipeline, allowDiskUse=True, batchSize=PAGE):
        yield str(row["_id"])


async def illegal_moves(_: Context) -> AsyncIterator[str]:
    """The campaigns whose history the table does not hold, or whose change by a person left no audit row."""
    fields = {"status_changes": 1, "status": 1, "patient_id": 1, "created_at": 1}
    async for row in Campaign.collection().find({}, fields).sort("_id", ASCENDING).batch_size(PAGE):
        if not _is_legal(row) or not await _is_written_down(row):
            yield str(row["_id"])


def _is_legal(row: dict[str, Any]) -> bool:
    changes = row["status_changes"]
    moves = [change for change in changes if change["source"] is not None]
    known = all((move["source"], move["event"], move["target"]) in LEGAL_MOVES for move in moves)
    chained = all(before["target"] == after["source"] for before, after in pairwise(changes))
    return known and chained and bool(changes) and changes[-1]["target"] == row["status"]


async def _is_written_down(row: dict[str, Any]) -> bool:
    """What the agent and the jobs do is told by the campaign's own history, written with the change itself."""
    by_people = [change for change in row["status_changes"] if change["by"].startswith(PERSON)]
    return all([await _has_audit_row(row, change) for change in by_people])


async def _has_audit_row(row: dict[str, Any], change: dict[str, Any]) -> bool:
    """A row of this person at this moment on the campaign or its patient, under whatever id the patient had then."""
    moment = {"$gte": change["at"] - SAME_ACT, "$lte": change["at"] + SAME_ACT}
    act = {"actor": change["by"], "at": moment}
    about = [{"document_id": str(row["_id"])}, {"patient_ids": row["patient_id"]}]
    if await AuditEntry.collection().find_one(act | {"$or": about}, {"_id": 1}):
        return True
    former = [each["_id"] async for each in Patient.collection().find({"merged_into": row["patient_id"]}, {"_id": 1})]
    theirs = act | {"patient_ids": {"$in": former}}
    return bool(former) and await AuditEntry.collection().find_one(theirs, {"_id": 1}) is not None
