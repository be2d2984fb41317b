"""The patient list and its search, a few people to choose from, and a new patient."""

from typing import Annotated

from beanie import PydanticObjectId
from fastapi import Query, Request, Response

from app.context import Context
from app.errors import ChairsideError
from app.models.base import Raw
from app.models.clinic import Clinic
from app.services import patient_directory, patients
from app.services.patient_directory import Wanted
from app.web.routing import text_fields
from app.web.staff import campaigns_words as words
from app.web.staff.frame import show
from app.web.staff.patient_form import PatientDraft, blank, read_patient
from app.web.staff.patients_filter import DUE, TYPES, PatientWish
from app.web.staff.patients_view import form_values
from app.web.staff.routing import ContextDep, Desk, SignedIn, actor_of, staff_router

router = staff_router("/patients")

ROWS, FEW = 25, 8
SHORTEST_SEARCH = 2
Find = Annotated[str, Query(max_length=64)]
Field = Annotated[str, Query(pattern="^(patient_id|guardian_id|other)$")]
Id = Annotated[PydanticObjectId | None, Query()]


@router.get("")
async def list_page(request: Request, user: SignedIn, ctx: ContextDep) -> Response:
    """Every role. Who was shown is written into the audit log."""
    wish, clinic = PatientWish.of(request.query_params), await Clinic.load()
    wanted = wish.wanted(now=ctx.now(), zone=clinic.zone, region=clinic.region)
    page = await patient_directory.page(wanted, now=ctx.now(), limit=ROWS, cursor=wish.cursor or None)
    await patients.note_listed(ctx, [row["patient_id"] for row in page.rows], actor=actor_of(user))
    return await show(
        request,
        ctx,
        "staff/patients/page.html",
        clinic=clinic,
        wish=wish,
        rows=page.rows,
        next_address=wish.address(cursor=page.next_cursor) if page.next_cursor else "",
        types=TYPES,
        due=DUE,
        words=words,
    )


@router.get("/people")
async def people(
    request: Request, user: Desk, ctx: ContextDep, find: Find = "", field: Field = "patient_id", but: Id = None
) -> Response:
    """Admin, manager, front desk. The first few who are found, to choose from; the read is audited."""
    rows = await _few(ctx, find) if len(find.strip()) >= SHORTEST_SEARCH else []
    rows = [row for row in rows if row["patient_id"] != but]
    await patients.note_listed(ctx, [row["patient_id"] for row in rows], actor=actor_of(user))
    return await show(
        request, ctx, "staff/patients/people.html", rows=rows, field=field, find=find.strip(), shortest=SHORTEST_SEARCH
    )


async def _few(ctx: Context, find: str) -> list[Raw]:
    wanted = Wanted(text=find, region=(await Clinic.load()).region)
    return (await patient_directory.page(wanted, now=ctx.now(), limit=FEW)).rows


@router.get("/new")
async def new_page(request: Request, user: Desk, ctx: ContextDep) -> Response:
    """Admin, manager, front desk. The form for a new patient."""
    values = await form_values(PatientDraft(blank()), action="/staff/patients/new", back="/staff/patients")
    return await show(request, ctx, "staff/patients/new.html", **values)


@router.post("/new")
async def add_patient(request: Request, user: Desk, ctx: ContextDep) -> Response:
    """Admin, manager, front desk. Leads to the new record."""
    draft = read_patient(await text_fields(request), await Clinic.load())
    refusal: ChairsideError | None = None
    if not draft.problems:
        try:
            patient = await patients.create(ctx, actor=actor_of(user), fields=draft.fields)
        except ChairsideError as error:
            refusal = error
        else:
            return Response(status_code=204, headers={"HX-Redirect": f"/staff/patients/{patient.id}?done=added"})
    values = await form_values(draft, action="/staff/patients/new", back="/staff/patients", refusal=refusal)
    return await show(request, ctx, "staff/patients/form.html", status=refusal.status if refusal else 422, **values)
