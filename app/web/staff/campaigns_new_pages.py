"""A new recovery campaign by form: somebody who asked once and never came, and what would be written first."""

from typing import Annotated

from beanie import PydanticObjectId
from fastapi import Query, Request, Response

from app.agent import first_messages
from app.context import Context
from app.errors import ActiveCampaignError, ChairsideError
from app.models.campaigns import Campaign
from app.models.clinic import Clinic
from app.models.patients import Patient
from app.models.users import User
from app.services import patients, recoveries
from app.web.routing import text_fields
from app.web.staff import campaigns_words as words
from app.web.staff.frame import show
from app.web.staff.recovery_form import RecoveryDraft, blank, read_recovery
from app.web.staff.routing import ContextDep, Desk, actor_of, staff_router

router = staff_router("/campaigns/new")

Id = Annotated[PydanticObjectId | None, Query()]
WHOLE_FORM = {"HX-Retarget": "#recovery", "HX-Reswap": "outerHTML"}


@router.get("")
async def form_page(request: Request, user: Desk, ctx: ContextDep, patient: Id = None) -> Response:
    """Admin, manager, front desk. With `patient`, that person is chosen already; the read is audited."""
    draft = RecoveryDraft(blank(str(patient or "")))
    return await _form(request, ctx, user, draft)


@router.post("")
async def open_campaign(request: Request, user: Desk, ctx: ContextDep) -> Response:
    """Admin, manager, front desk. Leads to the conversation; what stands in the way is said above the form."""
    draft = read_recovery(await text_fields(request), await Clinic.load())
    if draft.problems:
        return await _form(request, ctx, user, draft, status=422)
    try:
        campaign = await _open(ctx, draft, actor=actor_of(user))
    except ChairsideError as refusal:
        return await _form(request, ctx, user, draft, status=refusal.status, refusal=refusal)
    return Response(status_code=204, headers={"HX-Redirect": f"/staff/campaigns/{campaign}"})


@router.post("/preview")
async def first_message(request: Request, user: Desk, ctx: ContextDep) -> Response:
    """Admin, manager, front desk. What would be written first; nothing is stored but the audited look."""
    clinic = await Clinic.load()
    draft = read_recovery(await text_fields(request), clinic)
    if draft.problems:
        return await _form(request, ctx, user, draft, status=422)
    try:
        patient, campaign = await _drafted(ctx, draft)
    except ChairsideError as refusal:
        return await _form(request, ctx, user, draft, status=refusal.status, refusal=refusal)
    await _note_look(ctx, user, patient)
    first = await first_messages.of(ctx, patient, campaign)
    return await show(
        request, ctx, "staff/campaigns/first_message.html", clinic=clinic, first=first, to=patient.name, words=words
    )


async def _drafted(ctx: Context, draft: RecoveryDraft) -> tuple[Patient, Campaign]:
    if draft.patient_id and draft.wish:
        return await recoveries.drafted_for(ctx, draft.patient_id, draft.wish)
    assert draft.inquiry  # noqa: S101 - a draft without problems is one or the other; tells the type checker
    return await recoveries.drafted(ctx, draft.inquiry)


async def _note_look(ctx: Context, user: User, patient: Patient) -> None:
    """A known patient's language and last visit may show in the words: the read is audited. Somebody new is nowhere."""
    if await Patient.get(patient.id):
        await patients.read(ctx, patient.id, actor=actor_of(user))


async def _open(ctx: Context, draft: RecoveryDraft, *, actor: str) -> PydanticObjectId:
    if draft.patient_id and draft.wish:
        return (await recoveries.start_for(ctx, draft.patient_id, draft.wish, actor=actor)).id
    assert draft.inquiry  # noqa: S101 - a draft without problems is one or the other; tells the type checker
    return (await recoveries.start(ctx, draft.inquiry, actor=actor)).id


async def _form(
    request: Request,
    ctx: Context,
    user: User,
    draft: RecoveryDraft,
    *,
    status: int = 200,
    refusal: ChairsideError | None = None,
) -> Response:
    chosen = draft.typed["patient_id"]
    person = None
    if PydanticObjectId.is_valid(chosen):
        person = await patients.read(ctx, PydanticObjectId(chosen), actor=actor_of(user))
    is_post = request.method == "POST"
    return await show(
        request,
        ctx,
        f"staff/campaigns/{'form' if is_post else 'new'}.html",
        status=status,
        headers=WHOLE_FORM if is_post else None,
        typed=draft.typed,
        problems=draft.problems,
        person=person,
        refusal=refusal.detail if refusal else "",
        running=refusal.extra.get("campaign_id", "") if isinstance(refusal, ActiveCampaignError) else "",
        words=words,
    )
