"""Two records of one person: finding the other, both side by side with what becomes of them, merging, undoing."""

from typing import Annotated

from beanie import PydanticObjectId
from fastapi import Form, Query, Request, Response

from app.errors import ChairsideError
from app.models.clinic import Clinic
from app.models.users import User
from app.services import audit, merge_previews, merge_undo, merges, patients
from app.web.staff.frame import show
from app.web.staff.patients_view import STOPS, compared, moved
from app.web.staff.routing import ContextDep, RecordKeeper, actor_of, staff_router

router = staff_router("/patients")

Id = Annotated[PydanticObjectId | None, Query()]
Reason = Annotated[str, Form(max_length=1_000)]


@router.get("/{patient_id}/merge")
async def merge_page(
    request: Request, patient_id: PydanticObjectId, user: RecordKeeper, ctx: ContextDep, other: Id = None
) -> Response:
    """Admin, manager. First the search for the other record, then both side by side; the reads are audited."""
    if other is None:
        patient = await patients.read(ctx, patient_id, actor=actor_of(user))
        return await show(request, ctx, "staff/patients/merge_find.html", patient=patient)
    return await _side_by_side(request, ctx, user, patient_id, other)


@router.post("/{patient_id}/merge")
async def merge(
    request: Request,
    patient_id: PydanticObjectId,
    user: RecordKeeper,
    ctx: ContextDep,
    other: Annotated[PydanticObjectId, Form()],
    reason: Reason = "",
) -> Response:
    """Admin, manager. Leads to the surviving record; what stands in the way is said on the same page."""
    try:
        await merges.merge(
            ctx, patient_id=patient_id, merge_patient_id=other, reason=reason.strip(), actor=actor_of(user)
        )
    except ChairsideError as refusal:
        return await _side_by_side(request, ctx, user, patient_id, other, refusal=refusal)
    return _to(patient_id, "merged")


@router.post("/{patient_id}/merges/{merge_id}/undo")
async def undo(
    patient_id: PydanticObjectId, merge_id: PydanticObjectId, user: RecordKeeper, ctx: ContextDep
) -> Response:
    """Admin, manager. What moved goes back; a second click changes nothing."""
    await merge_undo.undo(ctx, merge_id, actor=actor_of(user))
    return _to(patient_id, "undone")


def _to(patient_id: PydanticObjectId, done: str) -> Response:
    return Response(status_code=204, headers={"HX-Redirect": f"/staff/patients/{patient_id}?done={done}"})


async def _side_by_side(
    request: Request,
    ctx: ContextDep,
    user: User,
    patient_id: PydanticObjectId,
    other: PydanticObjectId,
    *,
    refusal: ChairsideError | None = None,
) -> Response:
    preview = await merge_previews.of(patient_id, other)
    both = [patient_id, other]
    document = ("patient", patient_id)
    await audit.record(ctx, actor=actor_of(user), action="merge.previewed", document=document, patients=both)
    return await show(
        request,
        ctx,
        f"staff/patients/{'merge_form' if refusal else 'merge'}.html",
        status=refusal.status if refusal else 200,
        clinic=await Clinic.load(),
        preview=preview,
        facts=compared(preview),
        moved=moved(preview),
        problem=refusal.detail if refusal else preview.refusal or "",
        stop_words=STOPS,
    )
