"""Patient files: uploaded, their columns shown before anything is stored, checked, brought in, looked at."""

from collections.abc import AsyncIterator
from typing import Annotated

from beanie import PydanticObjectId
from fastapi import Query, Request, Response
from starlette.datastructures import UploadFile

from app.domain.import_columns import IGNORED
from app.errors import InvalidInputError
from app.models.enums import RowOutcome
from app.models.patients import Patient
from app.services import audit, patients
from app.services.imports import headings, lifecycle, uploads
from app.services.imports.batches import MOST_KEPT
from app.services.imports.csv_text import HEAD_BYTES
from app.services.imports.uploads import MOST_BYTES
from app.web.staff import imports_view as view
from app.web.staff.csv_text import as_csv
from app.web.staff.frame import show
from app.web.staff.routing import ContextDep, RecordKeeper, actor_of, staff_router

router = staff_router("/imports")

CHUNK = 256 * 1024
FORM_BYTES = MOST_BYTES + 1024 * 1024
"""The file, and the fields around it."""
LISTED, ROWS = 20, 50
Page = Annotated[int, Query(ge=1, le=100)]
Outcome = Annotated[RowOutcome, Query()]


@router.get("")
async def list_page(request: Request, user: RecordKeeper, ctx: ContextDep) -> Response:
    """Admin, manager. The form for a file, and the imports so far."""
    _, found = await lifecycle.page(skip=0, limit=LISTED)
    rows = [(held, view.progress_of(held)) for held in found]
    return await show(request, ctx, "staff/imports/page.html", rows=rows, view=view)


@router.post("/columns", max_body_size=FORM_BYTES)
async def columns(request: Request, user: RecordKeeper, ctx: ContextDep) -> Response:
    """Admin, manager. What the columns of a chosen file mean, with a few of its cells; nothing is stored."""
    heading, problem = None, ""
    async with request.form() as posted:
        upload = view.read_upload(posted)
        try:
            heading = headings.look(await upload.file.read(HEAD_BYTES))
        except InvalidInputError as error:
            problem = error.detail
    return await show(
        request,
        ctx,
        "staff/imports/columns.html",
        heading=heading,
        problem=problem,
        typed=upload.typed,
        ignored=IGNORED,
        view=view,
    )


@router.post("", max_body_size=FORM_BYTES)
async def upload_file(request: Request, user: RecordKeeper, ctx: ContextDep) -> Response:
    """Admin, manager. Stores the file with the chosen columns; the check follows by itself."""
    async with request.form() as posted:
        upload = view.read_upload(posted)
        try:
            held = await uploads.upload(ctx, _pieces(upload.file), upload.choices, actor=actor_of(user))
        except InvalidInputError as error:
            raise InvalidInputError(view.heading_problem(error)) from error
    return Response(status_code=204, headers={"HX-Redirect": f"/staff/imports/{held.id}"})


async def _pieces(file: UploadFile) -> AsyncIterator[bytes]:
    while piece := await file.read(CHUNK):
        yield piece


@router.get("/{import_id}")
async def import_page(
    request: Request,
    import_id: PydanticObjectId,
    user: RecordKeeper,
    ctx: ContextDep,
    outcome: Outcome = RowOutcome.REFUSED,
    page: Page = 1,
) -> Response:
    """Admin, manager. How far it is, what the check found or the import did, and the rows; names shown are audited."""
    held = await lifecycle.get(import_id)
    total, rows = await lifecycle.rows(held, outcome, skip=(page - 1) * ROWS, limit=ROWS)
    names = await Patient.names_of(row.patient_id for row in rows)
    await patients.note_listed(ctx, list(names), actor=actor_of(user))
    return await show(
        request,
        ctx,
        "staff/imports/import.html",
        held=held,
        progress=view.progress_of(held),
        outcome=outcome,
        rows=rows,
        names=names,
        page=page,
        last_page=max(1, -(-total // ROWS)),
        kept=total,
        view=view,
    )


@router.get("/{import_id}/progress")
async def progress(request: Request, import_id: PydanticObjectId, user: RecordKeeper, ctx: ContextDep) -> Response:
    """Admin, manager. The part of the page that follows the work; when a pass is over the whole page comes again."""
    held = await lifecycle.get(import_id)
    state = view.progress_of(held)
    if not state.is_running:
        return Response(status_code=204, headers={"HX-Refresh": "true"})
    return await show(request, ctx, "staff/imports/progress.html", held=held, progress=state, view=view)


@router.get("/{import_id}/report.csv")
async def report(import_id: PydanticObjectId, user: RecordKeeper, ctx: ContextDep) -> Response:
    """Admin, manager. What became of the rows, for a spreadsheet; it names lines and reasons, and nobody."""
    held = await lifecycle.get(import_id)
    _, rows = await lifecycle.rows(held, None, skip=0, limit=len(view.OUTCOMES) * MOST_KEPT)
    document = ("patient_import", import_id)
    await audit.record(ctx, actor=actor_of(user), action="patient_import.report_read", document=document)
    return as_csv(f"import-{held.created_at:%Y-%m-%d}-report", view.report_of(held, rows))


@router.post("/{import_id}/start")
async def start(import_id: PydanticObjectId, user: RecordKeeper, ctx: ContextDep) -> Response:
    """Admin, manager. Bring in what was checked; a second click changes nothing."""
    await lifecycle.start(ctx, import_id, actor=actor_of(user))
    return Response(status_code=204, headers={"HX-Redirect": f"/staff/imports/{import_id}"})


@router.post("/{import_id}/cancel")
async def cancel(import_id: PydanticObjectId, user: RecordKeeper, ctx: ContextDep) -> Response:
    """Admin, manager. Stop before the next batch; what was brought in stays."""
    await lifecycle.cancel(ctx, import_id, actor=actor_of(user))
    return Response(status_code=204, headers={"HX-Redirect": f"/staff/imports/{import_id}"})
