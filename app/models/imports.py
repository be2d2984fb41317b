"""Imports of patient files: one document for each file with how far it is, and what became of its rows."""

from datetime import datetime
from typing import Any, ClassVar, Self

from beanie import PydanticObjectId
from pydantic import AwareDatetime, Field
from pymongo import ASCENDING, DESCENDING, IndexModel, ReturnDocument

from app.models.base import LONG_AGO, Part, Record
from app.models.enums import DateFormat, ImportState, PatientType, RowOutcome

WORKABLE = (ImportState.UPLOADED, ImportState.CHECKING, ImportState.IMPORTING)
"""A worker has something to do."""
OVER = (ImportState.DONE, ImportState.CANCELLED, ImportState.FAILED)


class ImportColumn(Part):
    header: str
    field: str | None
    """None: the column is not read."""


class Tally(Part):
    """Rows by what became of them, or would; blank lines are no rows."""

    rows: int = 0
    create: int = 0
    update: int = 0
    unchanged: int = 0
    refuse: int = 0


class PatientImport(Record):
    state: ImportState
    columns: list[ImportColumn] = Field(default_factory=list)
    delimiter: str = ","
    encoding: str = "utf-8"
    date_format: DateFormat = DateFormat.ISO
    patient_type: PatientType | None = None
    """What a new patient is when the row does not say."""
    rows_total: int = 0
    """An estimate (the lines of the file) until the check is over."""
    checked: Tally = Field(default_factory=Tally)
    """What the dry run found; while it runs, also how far it is."""
    imported: Tally = Field(default_factory=Tally)
    """What was done; while it runs, also how far it is: rows are committed in order."""
    created_by: str
    created_at: AwareDatetime
    updated_at: AwareDatetime
    checked_at: AwareDatetime | None = None
    started_by: str | None = None
    started_at: AwareDatetime | None = None
    finished_at: AwareDatetime | None = None
    failure: str | None = None
    has_file: bool = False
    attempts: int = 0
    not_before: AwareDatetime = LONG_AGO
    lease_until: AwareDatetime = LONG_AGO
    lease_generation: int = 0

    class Settings:
        name = "patient_imports"
        indexes: ClassVar[list[IndexModel]] = [
            IndexModel([("state", ASCENDING), ("updated_at", ASCENDING)], name="by_state"),
            IndexModel([("has_file", ASCENDING), ("state", ASCENDING)], name="by_file"),
            IndexModel([("created_at", DESCENDING), ("_id", DESCENDING)], name="by_creation"),
        ]

    @property
    def is_started(self) -> bool:
        return self.started_at is not None

    @property
    def has_passed(self) -> bool:
        """The pass that ran last went through the whole file."""
        return self.state in (ImportState.CHECKED, ImportState.DONE)

    @property
    def tally(self) -> Tally:
        """Of the pass that runs now or ran last: the import once it was started, else the dry run."""
        return self.imported if self.is_started else self.checked

    @classmethod
    async def claim(cls, *, now: datetime, lease_until: datetime, only: PydanticObjectId | None = None) -> Self | None:
        """Take the oldest import with work left, or None; the generation fences a worker that stalls (trust.md 2.3)."""
        is_new = {"$eq": ["$state", ImportState.UPLOADED]}
        raw = await cls.collection().find_one_and_update(
            {"state": {"$in": list(WORKABLE)}, "not_before": {"$lte": now}, "lease_until": {"$lte": now}}
            | ({"_id": only} if only else {}),
            [
                {
                    "$set": {
                        "state": {"$cond": [is_new, ImportState.CHECKING, "$state"]},
                        "lease_until": lease_until,
                        "lease_generation": {"$add": ["$lease_generation", 1]},
                    }
                }
            ],
            sort=[("updated_at", ASCENDING), ("_id", ASCENDING)],
            return_document=ReturnDocument.AFTER,
        )
        return cls.from_raw(raw) if raw else None

    async def write(self, changes: dict[str, Any]) -> bool:
        """Write under our lease; False when it was cancelled, or another worker has taken it over (fencing)."""
        fence = {"_id": self.id, "lease_generation": self.lease_generation, "state": self.state}
        done = await type(self).collection().update_one(fence, {"$set": changes})
        return done.matched_count == 1

    @classmethod
    async def change(
        cls, import_id: PydanticObjectId, *, allowed: tuple[ImportState, ...], changes: dict[str, Any]
    ) -> bool:
        """Write what a person decided, if it stands in one of these states; no worker of before writes after it."""
        query = {"_id": import_id, "state": {"$in": list(allowed)}}
        done = await cls.collection().update_one(query, {"$set": changes, "$inc": {"lease_generation": 1}})
        return done.modified_count == 1


class RowReason(Part):
    field: str
    message: str


class ImportRow(Record):
    """What became of one row. It holds the line and the reasons, never what the row said."""

    import_id: PydanticObjectId
    is_dry_run: bool
    line: int
    outcome: RowOutcome
    patient_id: PydanticObjectId | None = None
    changed: list[str] = Field(default_factory=list)
    reasons: list[RowReason] = Field(default_factory=list)

    class Settings:
        name = "patient_import_rows"
        indexes: ClassVar[list[IndexModel]] = [
            IndexModel(
                [("import_id", ASCENDING), ("is_dry_run", ASCENDING), ("outcome", ASCENDING), ("line", ASCENDING)],
                name="by_outcome",
            ),
            IndexModel(  # the second is the order of the list that is not narrowed
                [("import_id", ASCENDING), ("is_dry_run", ASCENDING), ("line", ASCENDING)],
                name="one_row_per_line",
                unique=True,
            ),
        ]

    @classmethod
    def of(cls, patient_import: PatientImport, outcome: RowOutcome | None) -> dict[str, Any]:
        """The query for the rows of the pass that ran last."""
        query: dict[str, Any] = {"import_id": patient_import.id, "is_dry_run": not patient_import.is_started}
        return query | ({"outcome": outcome} if outcome else {})
