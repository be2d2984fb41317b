"""What a merge of two records would do, shown before anybody does it: nothing is written."""

from dataclasses import dataclass
from typing import Any

from beanie import PydanticObjectId

from app.errors import ConflictError
from app.models.base import Raw
from app.models.patients import Patient
from app.services import merge_facts, merge_moves, merge_refusals, patients
from app.services.merge_facts import United

COMPARED = (
    "name",
    "email",
    "phone",
    "patient_type",
    "preferred_channel",
    "date_of_birth",
    "language",
    "next_follow_up_date",
    "estimated_value",
    "initial_inquiry",
    "notes",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MergePreview:
    """`result` holds the compared facts of the surviving record afterwards, `moved` what follows to it, by kind."""

    survivor: Patient
    other: Patient
    result: dict[str, Any]
    changed: frozenset[str]
    united: United
    moved: dict[str, int]
    refusal: str | None
    """Why the merge is not possible as things stand."""


async def of(patient_id: PydanticObjectId, other_id: PydanticObjectId) -> MergePreview:
    """Raises NotFoundError, and InvalidInputError for one record twice."""
    merge_refusals.refuse_same(patient_id, other_id)
    survivor, other = await patients.get(patient_id), await patients.get(other_id)
    ours, theirs = await _raw(patient_id), await _raw(other_id)
    moved = await merge_moves.owned_by(other_id)
    united = merge_facts.unite(ours, theirs, has_dependants=await merge_refusals.has_dependants(patient_id))
    after = {change.field: change.after for change in united.changes}
    return MergePreview(
        survivor=survivor,
        other=other,
        result={name: after.get(name, ours.get(name)) for name in COMPARED},
        changed=frozenset(after),
        united=united,
        moved={name: len(ids) for name, ids in moved.items() if ids},
        refusal=await _refusal(ours, theirs, has_dependants=bool(moved[merge_moves.DEPENDANTS])),
    )


async def _raw(patient_id: PydanticObjectId) -> Raw:
    return await Patient.collection().find_one({"_id": patient_id}) or {}


async def _refusal(survivor: Raw, other: Raw, *, has_dependants: bool) -> str | None:
    """The first thing that stands in the way, as the merge itself would say it; visits are judged by the merge."""
    try:
        merge_refusals.refuse_gone(survivor, other)
        merge_refusals.refuse_family(survivor, other, other_has_dependants=has_dependants)
        await merge_refusals.refuse_two_conversations(survivor["_id"], other["_id"])
    except ConflictError as refusal:
        return refusal.detail
    return None
