"""What must hold whatever happened: found violations by name (trust.md section 5). Empty lists mean all is well."""

from itertools import pairwise
from typing import Any

from app.context import Context
from app.domain.campaign_status import TRANSITIONS
from app.models.appointments import Appointment
from app.models.campaigns import ACTIVE_STATUSES, Campaign
from app.models.enums import AppointmentStatus, InboxState, MessageKind, OutboxState
from app.models.inbox import InboundEvent
from app.models.outbox import OutboundMessage
from app.services import counters

Violations = dict[str, list[str]]
LEGAL_MOVES = {(source, row.event, row.target) for row in TRANSITIONS for source in row.sources}
COUNTED = (OutboxState.SENT, OutboxState.UNKNOWN)


async def check(_: Context) -> Violations:
    """Every invariant that the stored documents can show, each with the ids (or figures) that break it."""
    return {
        "overlapping_appointments": await _overlaps(),
        "several_active_campaigns": await _doubles(
            Campaign, {"status": {"$in": list(ACTIVE_STATUSES)}}, {"patient": "$patient_id"}
        ),
        "several_sends_of_one_attempt": await _doubles(
            OutboundMessage,
            {"state": {"$in": list(COUNTED)}, "kind": MessageKind.ATTEMPT},
            {"campaign": "$campaign_id", "attempt": "$attempt"},
        ),
        "attempts_not_equal_to_sends": await _miscounted(),
        "inbound_without_outcome": await _unfinished(),
        "illegal_status_changes": await _illegal_moves(),
        "numbers": await counters.differences(),
    }


async def _overlaps() -> list[str]:
    """Booked visits of one provider in time order: each must begin when the one before is over."""
    rows = Appointment.collection().find(
        {"status": AppointmentStatus.BOOKED}, {"provider_id": 1, "appointment_date": 1, "busy_until": 1}
    )
    found: list[str] = []
    last: dict[Any, Any] = {}
    async for row in rows.sort([("appointment_date", 1)]):
        holder = row.get("provider_id")
        if holder in last and row["appointment_date"] < last[holder]:
            found.append(str(row["_id"]))
        last[holder] = max(row["busy_until"], last.get(holder, row["busy_until"]))
    return found


async def _doubles(document: Any, query: dict[str, Any], key: dict[str, str]) -> list[str]:
    pipeline = [
        {"$match": query},
        {"$group": {"_id": key, "count": {"$sum": 1}}},
        {"$match": {"count": {"$gt": 1}}},
    ]
    return [str(row["_id"]) async for row in await document.collection().aggregate(pipeline)]


async def _miscounted() -> list[str]:
    pipeline = [
        {"$match": {"kind": MessageKind.ATTEMPT, "state": {"$in": list(COUNTED)}}},
        {"$group": {"_id": "$campaign_id", "sent": {"$sum": 1}}},
    ]
    sent = {row["_id"]: row["sent"] async for row in await OutboundMessage.collection().aggregate(pipeline)}
    rows = Campaign.collection().find({}, {"follow_up_details.attempts_made": 1})
    return [
        str(row["_id"]) async for row in rows if row["follow_up_details"]["attempts_made"] != sent.get(row["_id"], 0)
    ]


async def _unfinished() -> list[str]:
    """Finished means one outcome; what still waits in RECEIVED is work, not a violation."""
    query = {"state": {"$in": [InboxState.DONE, InboxState.PARKED, InboxState.UNMATCHED]}, "outcome": None}
    return [str(row["_id"]) async for row in InboundEvent.collection().find(query, {"_id": 1})]


async def _illegal_moves() -> list[str]:
    rows = Campaign.collection().find({}, {"status_changes": 1, "status": 1})
    return [str(row["_id"]) async for row in rows if not _is_legal(row)]


def _is_legal(row: dict[str, Any]) -> bool:
    changes = row["status_changes"]
    moves = [change for change in changes if change["source"] is not None]
    known = all((move["source"], move["event"], move["target"]) in LEGAL_MOVES for move in moves)
    chained = all(before["target"] == after["source"] for before, after in pairwise(changes))
    return known and chained and bool(changes) and changes[-1]["target"] == row["status"]
