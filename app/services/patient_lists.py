"""Lists of patients: literal search over name, e-mail and phone, raw rows, a cursor for deep pages (speed.md)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import phonenumbers
from beanie import PydanticObjectId
from pymongo import ASCENDING

from app.domain.outreach import choose_route
from app.models.base import Raw
from app.models.campaigns import ACTIVE_STATUSES, Campaign
from app.models.enums import ChannelType, PatientType
from app.models.patients import LIVING, NAME_ORDER, Patient
from app.services import cursors

SLOWEST_MS = 2_000
FEWEST_DIGITS = 3
FIELDS = (
    "name",
    "email",
    "phone",
    "patient_type",
    "preferred_channel",
    "date_of_birth",
    "next_follow_up_date",
    "guardian_id",
)
SHOWN = dict.fromkeys((*FIELDS, "opt_outs"), 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientFilter:
    """`region` is the clinic's country, in which a phone number without a prefix is read."""

    text: str | None
    patient_type: PatientType | None
    region: str

    def query(self) -> Raw:
        """Built of typed values and escaped text only (trust.md fault 20)."""
        clauses = dict(LIVING)
        if self.patient_type:
            clauses["patient_type"] = self.patient_type.value
        if text := (self.text or "").strip():
            clauses["$or"] = list(self._places(text))
        return clauses

    def _places(self, text: str) -> Iterator[Raw]:
        """Where the text can stand at all, because each place is looked through from end to end.

        A number is part of no name, and an address holds no blank and is stored in lower case.
        """
        phones = written_phones(text, self.region)
        yield from ({"phone": {"$regex": re.escape(digits)}} for digits in phones)
        if not phones:
            yield {"name": {"$regex": re.escape(text), "$options": "i"}}
        if not any(character.isspace() for character in text):
            yield {"email": {"$regex": re.escape(text.lower())}}


def written_phones(text: str, region: str) -> list[str]:
    """What a number as people write it may look like inside E.164; empty for text that is no number."""
    digits = phonenumbers.normalize_digits_only(text)
    if len(digits) < FEWEST_DIGITS or any(character.isalpha() or character == "@" for character in text):
        return []
    found = [digits.lstrip("0")] if digits.strip("0") else []  # a trunk 0 or an exit 00 is not part of E.164
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return found
    whole = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return found if any(part in whole for part in found) else [*found, whole]


@dataclass(frozen=True, slots=True)
class FoundPatients:
    total: int
    rows: list[Raw]
    next_cursor: str | None


async def find(wanted: PatientFilter, *, skip: int, limit: int, cursor: str | None) -> FoundPatients:
    """One page by name, then id. With a cursor, `skip` is ignored."""
    everybody = query = wanted.query()
    if cursor:
        query, skip = {"$and": [query, await after(cursor)]}, 0
    found = Patient.collection().find(query, SHOWN).sort([("name", ASCENDING), ("_id", ASCENDING)])
    page = await found.collation(NAME_ORDER).skip(skip).limit(limit + 1).max_time_ms(SLOWEST_MS).to_list()
    rows, goes_on = page[:limit], len(page) > limit
    if goes_on or cursor or (skip and not rows):
        total = await Patient.collection().count_documents(everybody, maxTimeMS=SLOWEST_MS)
    else:
        total = skip + len(rows)  # the last page knows the number: a rare name is searched once, not twice
    return FoundPatients(total, await as_rows(rows), cursors.pack(rows[-1]["_id"]) if goes_on else None)


async def as_rows(page: list[Raw]) -> list[Raw]:
    """The page as it is shown: one further read for all guardians, one for all campaigns."""
    guardians = await _guardians(page)
    running = await _with_active_campaign([raw["_id"] for raw in page])
    return [
        {field: raw.get(field) for field in FIELDS}
        | {
            "patient_id": raw["_id"],
            "opted_out_of": sorted({stop["channel"] for stop in raw.get("opt_outs", ())}),
            "is_opted_out": is_opted_out(raw, guardians.get(raw.get("guardian_id"))),
            "has_active_campaign": raw["_id"] in running,
        }
        for raw in page
    ]


async def _guardians(page: list[Raw]) -> dict[Any, Raw]:
    ids = [raw["guardian_id"] for raw in page if raw.get("guardian_id")]
    if not ids:
        return {}
    return {raw["_id"]: raw async for raw in Patient.collection().find({"_id": {"$in": ids}}, {"opt_outs": 1})}


async def _with_active_campaign(ids: list[PydanticObjectId]) -> set[PydanticObjectId]:
    running = {"patient_id": {"$in": ids}, "status": {"$in": [status.value for status in ACTIVE_STATUSES]}}
    rows = Campaign.collection().find(running, {"_id": 0, "patient_id": 1})
    return {row["patient_id"] async for row in rows}


def is_opted_out(patient: Raw, guardian: Raw | None = None) -> bool:
    """True when stops alone leave no preferred channel: nobody may write to this patient first (domain.md 5)."""
    stops = {stop["channel"] for person in (patient, guardian or {}) for stop in person.get("opt_outs", ())}
    preferred = patient.get("preferred_channel") or [ChannelType.EMAIL]
    return choose_route(preferred, email="any", phone="any", unusable=(), stops=stops) is None


async def after(cursor: str) -> Raw:
    """The clause that continues behind a cursor. Raises InvalidInputError for one we did not make or that is gone."""
    with cursors.only_ours():
        [identifier] = cursors.unpack(cursor)
        last = await Patient.collection().find_one({"_id": PydanticObjectId(identifier)}, {"name": 1})
        if last is None:
            raise ValueError("there is no such patient")
    # The bound says to the planner where to begin in the index.
    name = last["name"]
    return {"name": {"$gte": name}, "$or": [{"name": {"$gt": name}}, {"_id": {"$gt": last["_id"]}}]}
