"""Whole records: merging two, undoing it, handing one out, erasing one (api.md section 4)."""

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from app.api.deps import ContextDep, Eraser, Page, RecordId, RecordKeeper, actor_of
from app.api.idempotency import IdempotentRoute
from app.api.v1.schemas.errors import refusals
from app.api.v1.schemas.pages import pagination
from app.api.v1.schemas.patient_records import (
    EraseAnswer,
    EraseBody,
    ExportAnswer,
    MergeAnswer,
    MergeBody,
    MergeList,
    MergeRow,
)
from app.context import Context
from app.models.merges import PatientMerge
from app.services import erasure, exports, merge_undo, merges

router = APIRouter(prefix="/admin", route_class=IdempotentRoute)


@router.post(
    "/patients/{patient_id}/merge",
    tags=["merges"],
    summary="Merge another record into this one",
    responses=refusals(404, 409),
)
async def merge_patients(patient_id: RecordId, body: MergeBody, user: RecordKeeper, ctx: ContextDep) -> MergeAnswer:
    """Admin, manager. Everything of `merge_patient_id` follows to the patient in the path; reversible for 30 days.

    409 when either was merged or erased, when one is the other's guardian, when both have an active campaign, or when
    visits to come overlap: the answer names them.
    """
    done = await merges.merge(
        ctx,
        patient_id=patient_id,
        merge_patient_id=body.merge_patient_id,
        reason=body.reason,
        actor=actor_of(user),
    )
    return MergeAnswer.model_validate(_fields(done))


@router.get("/merges", tags=["merges"], summary="List merges")
async def list_merges(user: RecordKeeper, ctx: ContextDep, page: Page) -> MergeList:
    """Admin, manager. Newest first, undone ones too; that the names were read is written into the audit log."""
    found, total = await merges.page(ctx, skip=page.skip, limit=page.limit, actor=actor_of(user))
    names = await merges.names_of(found)
    rows = [
        MergeRow.model_validate(
            _fields(row)
            | {
                "patient_name": names[row.patient_id],
                "merged_patient_name": names[row.merged_patient_id],
                "can_be_undone": _can_be_undone(ctx, row),
            }
        )
        for row in found
    ]
    return MergeList(pagination=pagination(page, total), merges=rows)


@router.post("/merges/{merge_id}/undo", tags=["merges"], summary="Undo a merge", responses=refusals(404, 409))
async def undo_merge(merge_id: RecordId, user: RecordKeeper, ctx: ContextDep) -> MergeAnswer:
    """Admin, manager. What moved goes back; what happened since stays; a stop binds both. A repeat changes nothing.

    409 after 30 days, after an erasure, before a later merge was undone, and when the merged record's e-mail or phone
    was given to somebody else.
    """
    return MergeAnswer.model_validate(_fields(await merge_undo.undo(ctx, merge_id, actor=actor_of(user))))


@router.get(
    "/patients/{patient_id}/export",
    tags=["patients"],
    summary="Everything held on one patient",
    response_class=StreamingResponse,
    responses={200: {"model": ExportAnswer, "description": "A JSON file."}, **refusals(404)},
)
async def export_patient(patient_id: RecordId, user: RecordKeeper, ctx: ContextDep) -> StreamingResponse:
    """Admin, manager. Facts, conversations, visits, decisions, deliveries and who looked at them, as a JSON file."""
    document = await exports.begin(ctx, patient_id, actor=actor_of(user))
    return StreamingResponse(
        document,
        media_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="patient-{patient_id}.json"'},
    )


@router.post(
    "/patients/{patient_id}/erase", tags=["patients"], summary="Erase a patient for ever", responses=refusals(404, 409)
)
async def erase_patient(patient_id: RecordId, body: EraseBody, user: Eraser, ctx: ContextDep) -> EraseAnswer:
    """Admin. Irreversible: nothing that identifies the person stays, and the clinic's numbers stay true.

    422 when `confirm_name` is another name; 409 while there is a visit to come or an active campaign (unless
    `close_open`), while others' messages go to this patient, or while a message is on its way. A repeat changes
    nothing.
    """
    done = await erasure.erase(
        ctx,
        patient_id,
        confirm_name=body.confirm_name,
        reason=body.reason,
        close_open=body.close_open,
        actor=actor_of(user),
    )
    return EraseAnswer.model_validate(done)


def _fields(merge: PatientMerge) -> dict[str, object]:
    counts = {name: len(ids) for name, ids in merge.moved.items()}
    return {**merge.model_dump(exclude={"moved", "id"}), "merge_id": merge.id, "moved": counts}


def _can_be_undone(ctx: Context, merge: PatientMerge) -> bool:
    return merge.undone_at is None and ctx.now() <= merge.undo_until
