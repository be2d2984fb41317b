"""Taking a patient's record for one transaction, and following a merged record to the one that lives on.

Only writes conflict in MongoDB's transactions (trust.md 2.1): whoever must not run beside a merge or an erasure takes
the record with a write, and the loser runs again on what is true then.
"""

from typing import Any

from beanie import PydanticObjectId
from pymongo import ReturnDocument

from app.errors import NotFoundError
from app.models.base import Raw
from app.models.merges import PatientMerge
from app.models.patients import Patient

HELD = "held_for"
LONGEST_CHAIN = 50


async def hold(patient_id: PydanticObjectId) -> Raw:
    """The stored record, ours until the transaction ends. Raises NotFoundError. `let_go` must be its last write."""
    raw = await Patient.collection().find_one_and_update(
        {"_id": patient_id}, {"$set": {HELD: PydanticObjectId()}}, return_document=ReturnDocument.AFTER
    )
    if raw is None:
        raise NotFoundError("There is no patient with this id.")
    raw.pop(HELD)
    return raw


async def let_go(patient_id: PydanticObjectId, changes: dict[str, Any]) -> None:
    """Write the changes and take our mark away."""
    written: dict[str, Any] = {"$unset": {HELD: ""}}
    if changes:
        written["$set"] = changes
    await Patient.collection().update_one({"_id": patient_id}, written)


async def survivor_of(patient_id: PydanticObjectId) -> PydanticObjectId:
    """The record that lives on in place of this one; itself when it was never merged."""
    for _ in range(LONGEST_CHAIN):
        raw = await Patient.collection().find_one({"_id": patient_id}, {"merged_into": 1})
        if raw is None or raw.get("merged_into") is None:
            break
        patient_id = raw["merged_into"]
    return patient_id


async def identities_of(patient_id: PydanticObjectId) -> list[PydanticObjectId]:
    """This record and all that were merged into it: what the audit log, which is never rewritten, knows the person by.

    Every look-up by patient in an append-only collection goes through here.
    """
    known, newest = [patient_id], [patient_id]
    while newest:
        newest = [merge.merged_patient_id for merge in await PatientMerge.standing_into(newest)]
        known += newest
    return known
