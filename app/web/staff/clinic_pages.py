"""/staff/settings: the clinic's facts, hours, outreach and booking policies, each with a preview of its effect."""

from dataclasses import replace

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from app.api.v1.schemas.clinic import ClinicBody
from app.context import Context
from app.errors import InvalidInputError, NotFoundError
from app.models.clinic import Clinic
from app.services import clinic, clinic_preview
from app.services.clinic import Wish
from app.web.error_pages import text_fields
from app.web.staff.clinic_forms import DAYS, FORMS
from app.web.staff.forms import Filled
from app.web.staff.routing import ContextDep, Manager, SignedIn, actor_of, is_part, staff_router
from app.web.staff.settings_frame import show_tab

router = staff_router("/settings")

HOME = "/staff/settings"
ADDRESSES = {"clinic": HOME} | {name: f"{HOME}/{name}" for name in ("hours", "outreach", "booking")}


@router.get("")
async def facts_page(request: Request, user: SignedIn, ctx: ContextDep) -> Response:
    """Every role. The clinic's facts; managers change them."""
    return await _page(request, ctx, "clinic")


@router.get("/hours")
async def hours_page(request: Request, user: SignedIn, ctx: ContextDep) -> Response:
    """Every role. Opening hours and holidays."""
    return await _page(request, ctx, "hours")


@router.get("/outreach")
async def outreach_page(request: Request, user: SignedIn, ctx: ContextDep) -> Response:
    """Every role. How often and when patients are written to."""
    return await _page(request, ctx, "outreach")


@router.get("/booking")
async def booking_page(request: Request, user: SignedIn, ctx: ContextDep) -> Response:
    """Every role. What may be booked, reminders, and the waiting list."""
    return await _page(request, ctx, "booking")


@router.post("/form/{form}")
async def save(request: Request, form: str, user: Manager, ctx: ContextDep) -> Response:
    """Admin, manager. Change this part of the clinic, at once or from a day on."""
    filled = await _filled(request, form)
    if filled.body is None:
        return await _page(request, ctx, form, filled)
    try:
        await clinic.update(ctx, _wish(filled.body), actor=actor_of(user))
    except InvalidInputError as error:
        return await _page(request, ctx, form, replace(filled, problems={"": error.detail}))
    address = f"{ADDRESSES[form]}?saved=1"
    if is_part(request):
        return Response(status_code=204, headers={"HX-Redirect": address})
    return RedirectResponse(address, status_code=303)


@router.post("/preview/{form}")
async def preview(request: Request, form: str, user: Manager, ctx: ContextDep) -> Response:
    """Admin, manager. What the change would move; nothing is written."""
    filled = await _filled(request, form)
    if filled.body is None:
        return await show_tab(request, ctx, "preview", shown=None, refusal="Some fields cannot be read yet: see above.")
    try:
        shown = await clinic_preview.preview(ctx, _wish(filled.body), actor=actor_of(user))
    except InvalidInputError as error:
        return await show_tab(request, ctx, "preview", shown=None, refusal=error.detail)
    return await show_tab(request, ctx, "preview", shown=shown, refusal="")


@router.post("/drop-plan")
async def drop_plan(request: Request, user: Manager, ctx: ContextDep) -> Response:
    """Admin, manager. Take back the change that waits for its day."""
    await clinic.update(ctx, Wish(changes={}, effective_from=None, drops_pending=True), actor=actor_of(user))
    return RedirectResponse(f"{HOME}?saved=1", status_code=303)


async def _filled(request: Request, form: str) -> Filled[ClinicBody]:
    if form not in FORMS:
        raise NotFoundError("There is no such form.")
    chosen = [str(day) for day in (await request.form()).getlist("send_days")]
    return FORMS[form][1](await text_fields(request), chosen)


def _wish(body: ClinicBody) -> Wish:
    return Wish(changes=body.changes(), effective_from=body.effective_from, drops_pending=body.takes_plan_back)


async def _page(request: Request, ctx: Context, form: str, filled: Filled[ClinicBody] | None = None) -> Response:
    stored = await Clinic.load()
    typed = filled.typed if filled else FORMS[form][0](stored)
    name = f"{form}_form" if filled and is_part(request) else form
    return await show_tab(request, ctx, name, filled=filled, clinic=stored, typed=typed, days=DAYS, form=form)
