"""When two records cannot be one, and when one cannot be two again; each refusal says what a person can do about it."""

from datetime import datetime

from beanie import PydanticObjectId

from app.errors import ActiveCampaignError, ConflictError, InvalidInputError
from app.models.base import Raw
from app.models.campaigns import Campaign
from app.models.merges import PatientMerge
from app.models.patients import Patient


class NotMergeableError(ConflictError):
    code = "PATIENTS_NOT_MERGEABLE"


class MergeNotUndoableError(ConflictError):
    code = "MERGE_NOT_UNDOABLE"


def refuse_same(patient_id: PydanticObjectId, other_id: PydanticObjectId) -> None:
    if patient_id == other_id:
        raise InvalidInputError("A record cannot be merged with itself.")


def refuse_gone(*people: Raw) -> None:
    """Raise NotMergeableError for a record that was merged away or erased."""
    for person in people:
        if person.get("merged_into"):
            raise NotMergeableError(
                "One of these records was merged into another one. Merge that one instead.",
                extra={"patient_id": str(person["_id"]), "merged_into": str(person["merged_into"])},
            )
        if person.get("erased_at"):
            raise NotMergeableError("One of these records was erased.", extra={"patient_id": str(person["_id"])})


def refuse_family(survivor: Raw, other: Raw, *, other_has_dependants: bool) -> None:
    """A guardian is not the same person as a dependant, and nobody's guardian has a guardian."""
    if survivor.get("guardian_id") == other["_id"] or other.get("guardian_id") == survivor["_id"]:
        raise NotMergeableError("One of these patients is the other's guardian.")
    if other_has_dependants and survivor.get("guardian_id"):
        raise NotMergeableError(
            "The record to merge is a guardian, and the surviving one has a guardian. Merge them the other way round."
        )


async def refuse_two_conversations(survivor: PydanticObjectId, other: PydanticObjectId) -> None:
    """Raise ActiveCampaignError naming both campaigns: staff close one first (one active campaign per patient)."""
    running = [await Campaign.active_of(patient_id) for patient_id in (survivor, other)]
    if all(running):
        raise ActiveCampaignError(
            "Both records have an active campaign. Close one of them first.",
            extra={"campaigns": [str(campaign.id) for campaign in running if campaign]},
        )


async def refuse_late_or_blocked_undo(merge: PatientMerge, survivor: Raw, other: Raw, *, now: datetime) -> None:
    """Raise MergeNotUndoableError after 30 days, after an erasure, and before a later merge was undone."""
    if now > merge.undo_until:
        raise MergeNotUndoableError("A merge can be undone for 30 days only.")
    if survivor.get("erased_at") or other.get("erased_at"):
        raise MergeNotUndoableError("This patient was erased: there is nothing to give back.")
    later = await _later(merge)
    if later:
        raise MergeNotUndoableError("A later merge must be undone first.", extra={"merge_id": str(later.id)})


async def _later(merge: PatientMerge) -> PatientMerge | None:
    """The merge that took the survivor itself away, or the last one into it."""
    onward = await PatientMerge.standing_of(merge.patient_id)
    query = {"patient_id": merge.patient_id, "undone_at": None, "position": {"$gt": merge.position}}
    return onward or await PatientMerge.find(query).sort("-position").first_or_none()


async def has_dependants(patient_id: PydanticObjectId) -> bool:
    return await Patient.collection().find_one({"guardian_id": patient_id}, {"_id": 1}) is not None
