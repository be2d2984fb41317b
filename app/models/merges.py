"""Merged patient records: what moved to the survivor, and what an undo must give back (api.md section 4)."""

from datetime import datetime
from typing import Any, ClassVar

from beanie import PydanticObjectId
from pydantic import AwareDatetime, Field
from pymongo import ASCENDING, DESCENDING, IndexModel

from app.models.base import Part, Record
from app.models.patients import OptOut


class FactChange(Part):
    """One fact of the survivor that the merge set, as it is stored: taken back only while it still is `after`."""

    field: str
    before: Any = None
    after: Any = None


class KeptReach(Part):
    """How the merged record was reached; it holds no address itself, so that the survivor may have it."""

    email: str | None = None
    phone: str | None = None
    guardian_id: PydanticObjectId | None = None


class ClearedDueDate(Part):
    """A recall that served the same due date as one of the survivor's: only one campaign may name it."""

    campaign_id: PydanticObjectId
    due_date: datetime


class PatientMerge(Record):
    patient_id: PydanticObjectId
    """The record that lives on."""
    merged_patient_id: PydanticObjectId
    position: int
    """How many merges into the same record came before; they are undone in reverse order."""
    merged_at: AwareDatetime
    merged_by: str
    reason: str = ""
    undo_until: AwareDatetime
    undone_at: AwareDatetime | None = None
    undone_by: str | None = None
    moved: dict[str, list[PydanticObjectId]] = Field(default_factory=dict)
    """The ids that changed hands, by collection; `dependants` are patients."""
    kept: KeptReach = Field(default_factory=KeptReach)
    changes: list[FactChange] = Field(default_factory=list)
    stops_before: list[str] = Field(default_factory=list)
    treatments_before: int = 0
    added_stops: list[OptOut] = Field(default_factory=list)
    added_unusable: list[str] = Field(default_factory=list)
    added_treatments: list[dict[str, Any]] = Field(default_factory=list)
    cleared_due_dates: list[ClearedDueDate] = Field(default_factory=list)

    class Settings:
        name = "patient_merges"
        indexes: ClassVar[list[IndexModel]] = [
            IndexModel(
                [("patient_id", ASCENDING), ("position", ASCENDING)], name="one_merge_per_position", unique=True
            ),
            IndexModel(
                [("merged_patient_id", ASCENDING)],
                name="one_standing_merge_per_patient",
                unique=True,
                partialFilterExpression={"undone_at": {"$type": "null"}},
            ),
            IndexModel([("merged_at", DESCENDING), ("_id", DESCENDING)], name="by_time"),
        ]

    @classmethod
    async def standing_into(cls, patient_ids: list[PydanticObjectId]) -> list["PatientMerge"]:
        """The merges into these records that were not undone, oldest first."""
        query = {"patient_id": {"$in": patient_ids}, "undone_at": None}
        return await cls.find(query).sort("patient_id", "position").to_list()

    @classmethod
    async def standing_of(cls, merged_patient_id: PydanticObjectId) -> "PatientMerge | None":
        """The merge that made this record a pointer to another one, or None."""
        return await cls.find_one({"merged_patient_id": merged_patient_id, "undone_at": {"$type": "null"}})


FORGOTTEN: dict[str, Any] = {
    "kept": {},
    "changes": [],
    "added_stops": [],
    "added_unusable": [],
    "added_treatments": [],
}
"""What a merge record no longer needs once it was undone, and must not hold once the patient was erased."""
