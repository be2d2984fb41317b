"""The patients as the front desk looks through them: every page comes out of an index, and none is counted (speed.md).

By name, or by when outreach is due. Part of a name or a phone is looked for in the indexes that hold them, and where
nobody has it, as part of an e-mail address; where so many are found that the list itself soon meets them, the list is
read in its own order.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from beanie import PydanticObjectId
from pymongo import ASCENDING
from pymongo.errors import ExecutionTimeout

from app.errors import InvalidInputError
from app.models.appointments import Appointment
from app.models.base import Raw
from app.models.enums import AppointmentStatus, PatientType
from app.models.patients import DUE_INDEX, LIVING, NAME_ORDER, Patient
from app.services import cursors, patient_lists
from app.services.patient_lists import FIELDS, SLOWEST_MS, PatientFilter

FEW = 1_000
"""So many found by their words are sorted in memory."""
SHOWN = dict.fromkeys((*FIELDS, "opt_outs", "outreach_due_at", "unusable_addresses"), 1)
NAME_KEYS = [("name", ASCENDING), ("_id", ASCENDING)]
DUE_KEYS = [("outreach_due_at", ASCENDING), ("_id", ASCENDING)]
TOO_SLOW = "This search takes too long. Type more of the name, or choose a filter."


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """`region` is the clinic's country, for phones. With `due_by` the list goes by the due instant, else by name."""

    text: str = ""
    patient_type: PatientType | None = None
    has_stopped: bool = False
    due_by: datetime | None = None
    region: str = ""

    def clauses(self) -> Raw:
        """Every condition but the words."""
        clauses: Raw = dict(LIVING)
        if self.patient_type:
            clauses["patient_type"] = self.patient_type.value
        if self.has_stopped:
            clauses["opt_outs.0"] = {"$exists": True}
        if self.due_by:
            clauses["outreach_due_at"] = {"$type": "date", "$lte": self.due_by}
        return clauses

    @property
    def tries(self) -> list[list[Raw]]:
        """Where the words are looked for, one try after the other: e-mail addresses only for what is nowhere else.

        Empty without any words. Each clause costs a walk through an index (PARTS).
        """
        if not self.text.strip():
            return []
        clauses: list[Raw] = PatientFilter(text=self.text, patient_type=None, region=self.region).query()["$or"]
        addresses = [clause for clause in clauses if "email" in clause]
        others = [clause for clause in clauses if "email" not in clause]
        return [addresses] if "@" in self.text and addresses else [each for each in (others, addresses) if each]

    @property
    def index(self) -> str:
        if self.due_by:
            return DUE_INDEX
        if self.has_stopped:
            return "stopped_by_name"
        return "by_type_and_name" if self.patient_type else "by_name_any_case"


@dataclass(frozen=True, slots=True)
class DirectoryPage:
    rows: list[Raw]
    next_cursor: str | None


async def page(wanted: Wanted, *, now: datetime, limit: int, cursor: str | None = None) -> DirectoryPage:
    """One page; rows as `patient_lists.as_rows` makes them, with `outreach_due_at` and `next_visit_at`.

    Raises InvalidInputError for a cursor that we did not make and for a search that takes longer than SLOWEST_MS.
    """
    try:
        found = await _found(wanted, limit=limit + 1, cursor=cursor)
    except ExecutionTimeout as error:
        raise InvalidInputError(TOO_SLOW) from error
    shown = found[:limit]
    follows = _cursor_behind(shown[-1], wanted) if len(found) > limit else None
    return DirectoryPage(await _as_rows(shown, now), follows)


async def _found(wanted: Wanted, *, limit: int, cursor: str | None) -> list[Raw]:
    query = wanted.clauses()
    if cursor:
        query = {"$and": [query, await _behind(cursor, wanted)]}
    for clauses in wanted.tries:
        ids = await _few_ids(clauses)
        if ids is None:
            return await _read({"$and": [query, {"$or": clauses}]}, wanted, hint=wanted.index, limit=limit)
        rows = await _read({"$and": [query, {"_id": {"$in": ids}}]}, wanted, hint="_id_", limit=limit) if ids else []
        if rows or (ids and cursor):  # a further page stays with the try that found the first one
            return rows
    return [] if wanted.tries else await _read(query, wanted, hint=wanted.index, limit=limit)


async def _read(query: Raw, wanted: Wanted, *, hint: str, limit: int) -> list[Raw]:
    found = Patient.collection().find(query, SHOWN).max_time_ms(SLOWEST_MS).limit(limit)
    if wanted.due_by:
        return await found.sort(DUE_KEYS).hint(hint).to_list()
    return await found.sort(NAME_KEYS).collation(NAME_ORDER).hint(hint).to_list()


PARTS = {"name": "name_parts", "email": "by_email", "phone": "by_phone"}
"""The index in which part of each field is looked for, without opening a document."""


async def _few_ids(clauses: list[Raw]) -> list[Any] | None:
    """Everybody of whom one of these is true; None when there are more than a FEW."""
    pages = await asyncio.gather(*(_ids(field, regex) for clause in clauses for field, regex in clause.items()))
    ids = {identifier for found in pages for identifier in found}
    return None if len(ids) > FEW else list(ids)


async def _ids(field: str, regex: Raw) -> list[Any]:
    found = Patient.collection().find({field: regex}, {"_id": 1}, hint=PARTS[field])
    return [row["_id"] for row in await found.limit(FEW + 1).max_time_ms(SLOWEST_MS).to_list()]


def _cursor_behind(last: Raw, wanted: Wanted) -> str:
    if wanted.due_by:
        return cursors.pack(cursors.millis_of(last["outreach_due_at"]), last["_id"])
    return cursors.pack(last["_id"])


async def _behind(cursor: str, wanted: Wanted) -> Raw:
    if wanted.due_by is None:
        return await patient_lists.after(cursor)
    with cursors.only_ours():
        millis, identifier = cursors.unpack(cursor)
        at, last = cursors.instant_of(millis), PydanticObjectId(identifier)
    later = [{"outreach_due_at": {"$gt": at}}, {"_id": {"$gt": last}}]
    return {"outreach_due_at": {"$type": "date", "$gte": at}, "$or": later}


async def _as_rows(page: list[Raw], now: datetime) -> list[Raw]:
    rows = await patient_lists.as_rows(page)
    visits = await _next_visits([raw["_id"] for raw in page], now)
    return [
        row | {"outreach_due_at": raw.get("outreach_due_at"), "next_visit_at": visits.get(raw["_id"])}
        for row, raw in zip(rows, page, strict=True)
    ]


async def _next_visits(ids: list[Any], now: datetime) -> dict[Any, datetime]:
    """The next booked visit of each of these patients who has one: one read."""
    booked = {"patient_id": {"$in": ids}, "status": AppointmentStatus.BOOKED.value, "appointment_date": {"$gt": now}}
    found = Appointment.collection().find(booked, {"patient_id": 1, "appointment_date": 1}, hint="by_patient")
    visits: dict[Any, datetime] = {}
    async for row in found:
        visits[row["patient_id"]] = min(row["appointment_date"], visits.get(row["patient_id"], row["appointment_date"]))
    return visits
