"""Looking things up in the audit log: typed filters, newest first, cursor pages in constant time (speed.md)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from beanie import PydanticObjectId
from pymongo import DESCENDING
from pymongo.asynchronous.cursor import AsyncCursor
from pymongo.errors import ExecutionTimeout

from app.context import Context
from app.errors import InvalidInputError
from app.models.base import Raw
from app.models.records import AuditEntry
from app.models.users import User
from app.services import audit, cursors, merge_holds

SLOWEST_MS = 2_000
COUNTED_AT_MOST = 10_000
"""The log grows for ever: beyond this, `total` says only that there are so many at least."""
FEW = 5
"""A row that names more people than this is a list or an import, and shows nothing of any one of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """All that is given must fit; texts are compared whole and literally. `since` is inclusive, `until` is not."""

    patient_id: PydanticObjectId | None = None
    actor: str | None = None
    action: str | None = None
    document_type: str | None = None
    document_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def query(self) -> dict[str, Any]:
        """Built of typed values only. Raises InvalidInputError for a document without its type."""
        if self.document_id and not self.document_type:
            raise InvalidInputError("document_id needs document_type: ids are unique only within a type.")
        equal = {
            "patient_ids": self.patient_id,
            "actor": self.actor,
            "action": self.action,
            "document_type": self.document_type,
            "document_id": self.document_id,
        }
        bounds = {name: moment for name, moment in (("$gte", self.since), ("$lt", self.until)) if moment}
        clauses = {field: {"$eq": value} for field, value in equal.items() if value is not None}
        return clauses | ({"at": bounds} if bounds else {})


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundEntries:
    """`total` is exact below `COUNTED_AT_MOST`; `names` are those of the actors who are staff."""

    total: int
    entries: list[AuditEntry]
    names: dict[str, str]
    next_cursor: str | None


async def read(
    ctx: Context, wanted: AuditFilter, *, skip: int, limit: int, cursor: str | None, actor: str
) -> FoundEntries:
    """One page for a person's eyes; the read itself leaves a row. With a cursor, `skip` is ignored.

    Raises InvalidInputError for a cursor that is not ours and for a search that would take too long.
    """
    query = wanted.query()
    if wanted.patient_id:  # the log is never rewritten: a merged record's rows keep its id
        query["patient_ids"] = {"$in": await merge_holds.identities_of(wanted.patient_id)}
    try:
        rows = await rows_of(query, skip=skip, limit=limit, cursor=cursor).to_list()
        total = await _total(query)
    except ExecutionTimeout as error:
        raise InvalidInputError(
            "This search takes too long. Name a patient, an actor, a document or a time."
        ) from error
    found = [AuditEntry.from_raw(raw) for raw in rows]
    await _record(ctx, wanted, found, actor=actor)
    next_cursor = cursors.newest_first(found[-1].at, found[-1].id) if len(found) == limit else None
    return FoundEntries(total=total, entries=found, names=await _names(found), next_cursor=next_cursor)


async def _total(query: dict[str, Any]) -> int:
    """Up to COUNTED_AT_MOST, from an index."""
    bounds: dict[str, Any] = {"limit": COUNTED_AT_MOST, "maxTimeMS": SLOWEST_MS}
    if not query:  # MongoDB would count by reading the collection
        bounds["hint"] = "by_time"
    return await AuditEntry.collection().count_documents(query, **bounds)


def rows_of(query: dict[str, Any], *, skip: int, limit: int, cursor: str | None) -> AsyncCursor[Raw]:
    """The raw rows of one page, newest first. Raises InvalidInputError for a cursor that is not ours."""
    clauses, skip = ({"$and": [query, cursors.behind(cursor)]}, 0) if cursor else (query, skip)
    order = [("at", DESCENDING), ("_id", DESCENDING)]
    return AuditEntry.collection().find(clauses).sort(order).skip(skip).limit(limit).max_time_ms(SLOWEST_MS)


async def _record(ctx: Context, wanted: AuditFilter, found: list[AuditEntry], *, actor: str) -> None:
    """Whose record was seen through the log: the one who was asked for, and those whom single rows tell of."""
    asked_for = [wanted.patient_id] if wanted.patient_id else []
    told_of = [patient for entry in found if len(entry.patient_ids) <= FEW for patient in entry.patient_ids]
    await audit.record(
        ctx, actor=actor, action="audit.read", document=("audit_log", "list"), patients=[*asked_for, *told_of]
    )


async def _names(entries: list[AuditEntry]) -> dict[str, str]:
    prefix = "user:"
    ids = {entry.actor.removeprefix(prefix) for entry in entries if entry.actor.startswith(prefix)}
    known = [PydanticObjectId(text) for text in ids if PydanticObjectId.is_valid(text)]
    return {f"{prefix}{identifier}": name for identifier, name in (await User.names_of(known)).items()}
