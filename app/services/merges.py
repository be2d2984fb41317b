"""Two records of one person become one: everything follows to the survivor in one transaction, for 30 days reversibly.

A stop that either record holds stays, always; what the merged record knew is kept for an undo (`merge_undo`).
"""

from datetime import timedelta
from functools import partial
from typing import Any

from beanie import PydanticObjectId
from pymongo.errors import DuplicateKeyError

from app.context import Context
from app.errors import ConflictError, NotFoundError
from app.logging import get_logger
from app.models.base import Raw
from app.models.merges import KeptReach, PatientMerge
from app.models.patients import Patient
from app.services import audit, merge_facts, merge_holds, merge_moves, merge_refusals, patients
from app.services.merge_facts import United
from app.services.merge_moves import Handed, Hands

log = get_logger(__name__)

REVERSIBLE_FOR = timedelta(days=30)


async def get(merge_id: PydanticObjectId) -> PatientMerge:
    merge = await PatientMerge.get(merge_id)
    if merge is None:
        raise NotFoundError("There is no merge with this id.")
    return merge


async def merge(
    ctx: Context, *, patient_id: PydanticObjectId, merge_patient_id: PydanticObjectId, reason: str, actor: str
) -> PatientMerge:
    """Make `merge_patient_id` part of `patient_id`, who survives.

    Raises InvalidInputError (the same record), NotFoundError, NotMergeableError (erased, merged, guardian and
    dependant), ActiveCampaignError (both have a campaign) and ConflictError (visits that overlap), all 409 but the
    first two.
    """
    merge_refusals.refuse_same(patient_id, merge_patient_id)

    async def write() -> PatientMerge:
        return await _write(ctx, patient_id, merge_patient_id, reason=reason, actor=actor)

    try:
        done = await ctx.database.transaction(write)
    except DuplicateKeyError as error:  # somebody opened a campaign or booked at this very moment
        await merge_refusals.refuse_two_conversations(patient_id, merge_patient_id)
        raise ConflictError("One of these records was changed at the same moment. Try again.") from error
    await gather_late(ctx, patient_id)
    return await get(done.id)


async def _write(
    ctx: Context, patient_id: PydanticObjectId, other_id: PydanticObjectId, *, reason: str, actor: str
) -> PatientMerge:
    survivor, other = await _held(patient_id, other_id)
    moved = await merge_moves.owned_by(other_id)
    await _refuse(survivor, other, moved)
    united = merge_facts.unite(survivor, other, has_dependants=await merge_refusals.has_dependants(patient_id))
    # The addresses leave the one before they reach the other: each may be held once.
    await merge_holds.let_go(other_id, _pointer_to(patient_id, ctx))
    await merge_holds.let_go(patient_id, united.written_to(survivor) | {"updated_at": ctx.now()})
    handed = await merge_moves.hand_over(
        Hands(taker=patient_id, giver_name=other["name"], taker_name=survivor["name"], now=ctx.now()), moved
    )
    merge = await _record(ctx, survivor, other, united=united, handed=handed, reason=reason, actor=actor)
    await patients.refresh_due(ctx, patient_id)
    await audit.record(
        ctx,
        actor=actor,
        action="patient.merged",
        document=("patient", patient_id),
        patients=[patient_id, other_id],
        details={"merge_id": merge.id, "merged_patient_id": other_id},
    )
    return merge


async def _held(*patient_ids: PydanticObjectId) -> tuple[Raw, ...]:
    """Both records, taken in one order by everybody."""
    held = {patient_id: await merge_holds.hold(patient_id) for patient_id in sorted(patient_ids)}
    return tuple(held[patient_id] for patient_id in patient_ids)


async def _refuse(survivor: Raw, other: Raw, moved: merge_moves.Moved) -> None:
    merge_refusals.refuse_gone(survivor, other)
    merge_refusals.refuse_family(survivor, other, other_has_dependants=bool(moved[merge_moves.DEPENDANTS]))
    await merge_refusals.refuse_two_conversations(survivor["_id"], other["_id"])


def _pointer_to(survivor: PydanticObjectId, ctx: Context) -> dict[str, Any]:
    """The merged record stays, points to the survivor, and can be reached and found by nobody."""
    emptied = dict.fromkeys(("email", "phone", "guardian_id", "outreach_due_at"))
    return {**emptied, "merged_into": survivor, "updated_at": ctx.now()}


async def _record(
    ctx: Context, survivor: Raw, other: Raw, *, united: United, handed: Handed, reason: str, actor: str
) -> PatientMerge:
    merge = PatientMerge(
        patient_id=survivor["_id"],
        merged_patient_id=other["_id"],
        position=await PatientMerge.find({"patient_id": survivor["_id"]}).count(),
        merged_at=ctx.now(),
        merged_by=actor,
        reason=reason,
        undo_until=ctx.now() + REVERSIBLE_FOR,
        moved=handed.moved,
        kept=KeptReach(**{name: other.get(name) for name in merge_facts.REACH}),
        changes=united.changes,
        stops_before=[stop["channel"] for stop in survivor.get("opt_outs", [])],
        treatments_before=len(survivor.get("treatment_history", [])),
        added_stops=united.added_stops,
        added_unusable=united.added_unusable,
        added_treatments=united.added_treatments,
        cleared_due_dates=handed.cleared,
    )
    await merge.insert()
    return merge


async def gather_late(ctx: Context, patient_id: PydanticObjectId) -> None:
    """Bring over what was written in the merged records' names by work that had begun before they were merged.

    Safe at any time and by any number of callers; what cannot follow (a second active campaign) stays for staff.
    """
    for merge in await PatientMerge.standing_into(await merge_holds.identities_of(patient_id)):
        late = {name: ids for name, ids in (await merge_moves.owned_by(merge.merged_patient_id)).items() if ids}
        if not late:
            continue
        try:
            await ctx.database.transaction(partial(_bring, ctx, merge, late))
        except (ConflictError, DuplicateKeyError):
            log.warning("merge.late_document_stays", merge_id=str(merge.id), kinds=sorted(late))


async def _bring(ctx: Context, merge: PatientMerge, late: merge_moves.Moved) -> None:
    survivor, other = await patients.get(merge.patient_id), await patients.get(merge.merged_patient_id)
    hands = Hands(taker=survivor.id, giver_name=other.name, taker_name=survivor.name, now=ctx.now())
    handed = await merge_moves.hand_over(hands, late)
    await PatientMerge.collection().update_one(
        {"_id": merge.id},
        {
            "$addToSet": {f"moved.{name}": {"$each": ids} for name, ids in late.items()},
            "$push": {"cleared_due_dates": {"$each": [row.model_dump() for row in handed.cleared]}},
        },
    )
    await patients.refresh_due(ctx, survivor.id)


async def page(ctx: Context, *, skip: int, limit: int, actor: str) -> tuple[list[PatientMerge], int]:
    """Merges, newest first, and how many there are; the read is audited, for the list names people."""
    found = await PatientMerge.find_all().sort("-merged_at", "-_id").skip(skip).limit(limit).to_list()
    people = [person for merge in found for person in (merge.patient_id, merge.merged_patient_id)]
    await audit.record(
        ctx,
        actor=actor,
        action="merge.listed",
        document=("patient_merge", "list"),
        patients=list(dict.fromkeys(people)),
    )
    return found, await PatientMerge.count()


async def names_of(merges: list[PatientMerge]) -> dict[PydanticObjectId, str]:
    """The names of everybody in these merges."""
    people = {person for merge in merges for person in (merge.patient_id, merge.merged_patient_id)}
    return await Patient.names_of(people)
