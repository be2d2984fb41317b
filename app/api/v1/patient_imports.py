"""Patient files: uploaded as they stream by, checked by themselves, brought in when a person says so."""

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Request

from app.api.deps import ContextDep, Page, RecordId, RecordKeeper, actor_of
from app.api.idempotency import IdempotentRoute
from app.api.v1.schemas.errors import refusals
from app.api.v1.schemas.pages import pagination
from app.api.v1.schemas.patient_imports import (
    FILE,
    ColumnChoice,
    ImportAnswer,
    ImportList,
    RowAnswer,
    RowList,
    chosen_columns,
)
from app.models.enums import DateFormat, PatientType, RowOutcome
from app.services.imports import lifecycle, uploads
from app.services.imports.uploads import MOST_BYTES, Choices

CSV = "text/csv"
BODY: dict[str, Any] = {
    "requestBody": {"required": True, "content": {CSV: {"schema": {"type": "string"}, "example": FILE}}}
}

router = APIRouter(prefix="/admin/patient-imports", tags=["imports"], route_class=IdempotentRoute)


@router.post(
    "",
    status_code=201,
    summary="Upload a patient file",
    max_body_size=MOST_BYTES,
    openapi_extra=BODY,
    responses=refusals(415),
)
async def upload_patient_import(
    request: Request,
    user: RecordKeeper,
    ctx: ContextDep,
    column: Annotated[
        list[ColumnChoice] | None,
        Query(max_length=uploads.MOST_COLUMNS, description="`Heading:field`, or `Heading:-` to leave a column out"),
    ] = None,
    date_format: Annotated[
        DateFormat, Query(description="How dates are written besides YYYY-MM-DD: `dmy` or `mdy`; never guessed")
    ] = DateFormat.ISO,
    patient_type: Annotated[
        PatientType | None, Query(description="What new patients are whose row does not say it")
    ] = None,
) -> ImportAnswer:
    """Admin, manager. A CSV file (comma, semicolon or tab; UTF-8 or Windows-1252) of up to 32 MiB.

    The dry run follows by itself: look at the import until it is `checked`, then start it.
    """
    if request.headers.get("Content-Type", "").partition(";")[0].strip().lower() != CSV:
        raise HTTPException(415, f"Send the file as {CSV}.")
    choices = Choices(columns=chosen_columns(column or []), date_format=date_format, patient_type=patient_type)
    return ImportAnswer.of(await uploads.upload(ctx, request.stream(), choices, actor=actor_of(user)))


@router.get("", summary="List the imports")
async def list_patient_imports(_: RecordKeeper, page: Page) -> ImportList:
    """Admin, manager. Newest first."""
    total, found = await lifecycle.page(skip=page.skip, limit=page.limit)
    return ImportList(pagination=pagination(page, total), imports=[ImportAnswer.of(each) for each in found])


@router.get("/{import_id}", summary="How far an import is", responses=refusals(404))
async def get_patient_import(import_id: RecordId, _: RecordKeeper) -> ImportAnswer:
    """Admin, manager. Its state, its progress, and what the check found or the import did so far."""
    return ImportAnswer.of(await lifecycle.get(import_id))


@router.get("/{import_id}/rows", summary="What becomes of the rows", responses=refusals(404))
async def list_patient_import_rows(
    import_id: RecordId,
    _: RecordKeeper,
    page: Page,
    outcome: Annotated[RowOutcome | None, Query(description="Only these rows; unchanged ones are not kept")] = None,
) -> RowList:
    """Admin, manager. By line, with the reasons of a refusal and the fields of a change; never what the row says."""
    held = await lifecycle.get(import_id)
    total, rows = await lifecycle.rows(held, outcome, skip=page.skip, limit=page.limit)
    answers = [RowAnswer.of(row) for row in rows]
    return RowList(pagination=pagination(page, total), is_dry_run=not held.is_started, rows=answers)


@router.post("/{import_id}/start", summary="Bring the patients in", responses=refusals(404, 409))
async def start_patient_import(import_id: RecordId, user: RecordKeeper, ctx: ContextDep) -> ImportAnswer:
    """Admin, manager. Only what was checked; a second start changes nothing. 409 before the check is done."""
    return ImportAnswer.of(await lifecycle.start(ctx, import_id, actor=actor_of(user)))


@router.post("/{import_id}/cancel", summary="Stop an import", responses=refusals(404, 409))
async def cancel_patient_import(import_id: RecordId, user: RecordKeeper, ctx: ContextDep) -> ImportAnswer:
    """Admin, manager. Before its next batch; what was imported stays. 409 when it is over already."""
    return ImportAnswer.of(await lifecycle.cancel(ctx, import_id, actor=actor_of(user)))
