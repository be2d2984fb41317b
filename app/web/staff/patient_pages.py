"""One patient: the record with its timeline, changing it, and the stops."""

from typing import Annotated, Any

from beanie import PydanticObjectId
from fastapi import Form, Query, Request, Response

from app.errors import ChairsideError, InvalidInputError
from app.models.clinic import Clinic
from app.models.patients import EVERY_CHANNEL
from app.services import patient_changes, patients, timelines
from app.services.patient_changes import PatientChanges
from app.web.routing import text_fields
from app.web.staff.frame import show
from app.web.staff.patient_form import CHANNEL_FIELDS, PROBLEMS, PatientDraft, read_patient, typed_of
from app.web.staff.patients_view import STOPS, TIMELINE, form_values, read_record, told
from app.web.staff.routing import ContextDep, Desk, SignedIn, actor_of, staff_router

router = staff_router("/patients/{patient_id}")

Cursor = Annotated[str, Query(max_length=128)]
Word = Annotated[str, Form(max_length=200)]
Reason = Annotated[str, Form(max_length=1_000)]
SHORTEST_REASON = 3


@router.get("")
async def record_page(
    request: Request, patient_id: PydanticObjectId, user: SignedIn, ctx: ContextDep, older: Cursor = ""
) -> Response:
    """Every role. The read is written into the audit log."""
    values = await read_record(request, ctx, user, patient_id, older)
    return await show(request, ctx, "staff/patients/patient.html", **values)


@router.get("/timeline")
async def timeline(
    request: Request, patient_id: PydanticObjectId, user: SignedIn, ctx: ContextDep, older: Cursor = ""
) -> Response:
    """Every role. The next rows behind a cursor; the read is audited."""
    patient = await patients.read(ctx, patient_id, actor=actor_of(user), part="timeline")
    page = await timelines.of_patient(patient_id, limit=TIMELINE, cursor=older or None)
    return await show(request, ctx, "staff/patients/timeline.html", patient=patient, timeline=page, told=told)


@router.get("/edit")
async def edit_page(request: Request, patient_id: PydanticObjectId, user: Desk, ctx: ContextDep) -> Response:
    """Admin, manager, front desk. The form of this record; the read is audited."""
    patient = await patients.read(ctx, patient_id, actor=actor_of(user))
    patients.refuse_gone(patient)
    values = await _edit_values(PatientDraft(typed_of(patient)), patient_id)
    return await show(request, ctx, "staff/patients/edit.html", patient=patient, **values)


@router.post("/edit")
async def change(request: Request, patient_id: PydanticObjectId, user: Desk, ctx: ContextDep) -> Response:
    """Admin, manager, front desk. Only what differs is written, so that a colleague's change of another field stays."""
    posted = await text_fields(request)
    draft = read_patient(posted, await Clinic.load())
    refusal: ChairsideError | None = None
    if not draft.problems:
        try:
            changes = PatientChanges(fields=_changed(draft, posted))
            await patient_changes.update(ctx, patient_id, changes, actor=actor_of(user))
        except ChairsideError as error:
            refusal = error
        else:
            return _to_record(patient_id, "changed")
    values = await _edit_values(draft, patient_id, refusal=refusal, was=_opened_with(posted))
    return await show(request, ctx, "staff/patients/form.html", status=refusal.status if refusal else 422, **values)


def _opened_with(posted: dict[str, str]) -> dict[str, str]:
    """What the form showed when it was opened."""
    return {name: posted.get(f"was_{name}", "") for name in PROBLEMS}


def _changed(draft: PatientDraft, posted: dict[str, str]) -> dict[str, Any]:
    """The fields that differ from what the form was opened with."""
    differing = {name for name, was in _opened_with(posted).items() if was != draft.typed[name]}
    wanted = {"preferred_channel" if name in CHANNEL_FIELDS else name for name in differing}
    return {name: value for name, value in draft.fields.items() if name in wanted}


async def _edit_values(
    draft: PatientDraft,
    patient_id: PydanticObjectId,
    *,
    refusal: ChairsideError | None = None,
    was: dict[str, str] | None = None,
) -> dict[str, Any]:
    back = f"/staff/patients/{patient_id}"
    values = await form_values(draft, action=f"{back}/edit", back=back, refusal=refusal)
    return values | {"was": was or draft.typed}


def _to_record(patient_id: PydanticObjectId, done: str) -> Response:
    return Response(status_code=204, headers={"HX-Redirect": f"/staff/patients/{patient_id}?done={done}"})


@router.post("/stop")
async def stop(
    request: Request, patient_id: PydanticObjectId, user: Desk, ctx: ContextDep, channel: Word = ""
) -> Response:
    """Admin, manager, front desk. Record that the patient wants no more messages; the record comes again."""
    changes = PatientChanges(add_opt_outs=[_known(channel)])
    await patient_changes.update(ctx, patient_id, changes, actor=actor_of(user))
    return await _record(request, patient_id, user, ctx)


@router.post("/allow")
async def allow(
    request: Request, patient_id: PydanticObjectId, user: Desk, ctx: ContextDep, channel: Word = "", reason: Reason = ""
) -> Response:
    """Admin, manager, front desk. Take a stop back, with the reason: the patient asked for it."""
    if len(reason.strip()) < SHORTEST_REASON:
        raise InvalidInputError("Say how you know that the patient wants messages again.")
    changes = PatientChanges(remove_opt_outs=[_known(channel)], reason=reason.strip())
    await patient_changes.update(ctx, patient_id, changes, actor=actor_of(user))
    return await _record(request, patient_id, user, ctx)


def _known(channel: str) -> str:
    if channel not in (EVERY_CHANNEL, *STOPS):
        raise InvalidInputError("Choose a channel from the list.")
    return channel


async def _record(request: Request, patient_id: PydanticObjectId, user: SignedIn, ctx: ContextDep) -> Response:
    values = await read_record(request, ctx, user, patient_id)
    return await show(request, ctx, "staff/patients/record.html", **values)
