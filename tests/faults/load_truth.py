"""Where the database is not what the clients of a mixed load were told: empty lists mean that all is well.

It reads raw documents, not the product's own queries, so that no mistake there hides one here.
"""

import asyncio
from collections import Counter
from datetime import datetime
from time import monotonic
from typing import Any

from bson import ObjectId
from pymongo.asynchronous.database import AsyncDatabase

from tests.faults.mixed_load import Ledger

Rooms = AsyncDatabase[dict[str, Any]]
WAITING = {"$in": ["PENDING", "DRAFTED", "SENDING"]}
SETTLED_WITHIN_SECONDS = 150.0


async def queued(rooms: Rooms) -> int:
    """Events and messages that wait to be worked."""
    events = await rooms["inbound_events"].count_documents({"state": "RECEIVED"})
    return events + await rooms["outbound_messages"].count_documents({"state": WAITING})


async def settle(rooms: Rooms, *, within: float = SETTLED_WITHIN_SECONDS) -> float:
    """Wait until nothing waits any more; returns how many seconds that took. Raises TimeoutError."""
    began = monotonic()
    while waiting := await queued(rooms):
        if monotonic() - began > within:
            raise TimeoutError(f"{waiting} events and messages are still not worked")
        await asyncio.sleep(0.2)
    return monotonic() - began


async def differences(rooms: Rooms, ledger: Ledger) -> dict[str, list[str]]:
    """What was acknowledged and is not so, and what happened more than once."""
    return {
        "messages": await _messages(rooms, ledger.messages, strangers=ledger.strangers),
        "campaigns": await _missing(rooms, "campaigns", ledger.campaigns),
        "visits": await _visits(rooms, ledger.visits, unanswered=ledger.unanswered),
        "notes": await _notes(rooms, ledger.notes),
        "overlaps": await _overlaps(rooms),
        "sends": await _sends(rooms),
    }


async def _messages(rooms: Rooms, delivered: dict[str, str], *, strangers: set[str]) -> list[str]:
    """Each is one event that was worked, and one interaction."""
    events = Counter(
        [row["event_id"] async for row in rooms["inbound_events"].find({"source": "incoming-message"}, {"event_id": 1})]
    )
    said = Counter([row["content"] async for row in rooms["interactions"].find({"direction": "incoming"})])
    found = [f"{each} is {events[each]} events" for each in delivered if events[each] != 1]
    found += [f"{each} was read {said[text]} times" for each, text in delivered.items() if said[text] != 1]
    return found + [f"{each} is nobody's" for each in events.keys() - delivered.keys() - strangers]


async def _missing(rooms: Rooms, collection: str, promised: dict[str, Any]) -> list[str]:
    stored = {str(row["_id"]) async for row in rooms[collection].find({}, {"_id": 1})}
    return sorted(promised.keys() - stored)


async def _visits(rooms: Rooms, promised: dict[str, datetime | None], *, unanswered: set[datetime]) -> list[str]:
    stored = {str(row["_id"]): row async for row in rooms["appointments"].find()}
    found = [f"{each} is lost" for each in promised.keys() - stored.keys()]
    others = {each: stored[each]["appointment_date"] for each in stored.keys() - promised.keys()}
    found += [f"{each} is nobody's" for each, start in others.items() if start not in unanswered]
    for each in promised.keys() & stored.keys():
        row, start = stored[each], promised[each]
        stands = (row["status"], row["appointment_date"]) == ("booked", start)
        if not (stands if start else row["status"] == "cancelled" and "slot_keys" not in row):
            found.append(f"{each} is {row['status']} at {row['appointment_date']}, not {start or 'cancelled'}")
    return found


async def _notes(rooms: Rooms, promised: dict[str, str]) -> list[str]:
    ids = [ObjectId(each) for each in promised]
    stored = {str(row["_id"]): row["notes"] async for row in rooms["patients"].find({"_id": {"$in": ids}})}
    return [each for each, text in promised.items() if stored.get(each) != text]


async def _overlaps(rooms: Rooms) -> list[str]:
    """Visits of one provider, or of one patient, in order: each begins when the one before is over."""
    rows = [row async for row in rooms["appointments"].find({"status": "booked"}).sort("appointment_date", 1)]
    found: list[str] = []
    for whose in ("provider_id", "patient_id"):
        free_from: dict[Any, datetime] = {}
        for row in rows:
            if row["appointment_date"] < free_from.get(row[whose], row["appointment_date"]):
                found.append(f"{row['_id']} overlaps another one of {whose} {row[whose]}")
            free_from[row[whose]] = row["busy_until"]
    return found


async def _sends(rooms: Rooms) -> list[str]:
    """Each message left once or was withdrawn; each text of a patient's was answered once, each attempt made once."""
    left = Counter([row["outbox_id"] async for row in rooms["sandbox_messages"].find({"is_sent": True})])
    found = [f"{each} left {times} times" for each, times in left.items() if each and times > 1]
    attempts: Counter[tuple[Any, Any]] = Counter()
    answered: Counter[Any] = Counter()
    async for row in rooms["outbound_messages"].find():
        is_sent = row["state"] == "SENT"
        if is_sent != (left[str(row["_id"])] == 1) or row["state"] not in ("SENT", "CANCELLED"):
            found.append(f"{row['_id']} is {row['state']} and left {left[str(row['_id'])]} times")
        if is_sent and row["kind"] == "attempt":
            attempts[(row["campaign_id"], row["attempt"])] += 1
        if is_sent and row["kind"] == "reply":
            answered.update(row["answers"])
    found += [f"attempt {key} was made {times} times" for key, times in attempts.items() if times > 1]
    return found + [f"{each} was answered {times} times" for each, times in answered.items() if times > 1]
