"""/offer/{token}: a patient answers the offer of an earlier time; a loser sees who was faster and what is free.

Opening the page answers nothing (scanners follow links); only its forms do. It works without JavaScript.
"""

from typing import Any

from fastapi import APIRouter, Request, Response

from app.context import Context
from app.errors import ChairsideError, NotFoundError
from app.models.appointments import Appointment
from app.models.clinic import Clinic
from app.models.enums import OfferState
from app.services import waitlist_alternatives, waitlist_offers
from app.services.waitlist_offers import SENTENCES, ShownOffer
from app.web.booking_steps import read_wish
from app.web.rendering import render
from app.web.routing import ContextDep, PageRoute, retry_headers, text_fields
from app.web.waitlist_pages import gone
from app.web.wording import later

router = APIRouter(prefix="/offer", route_class=PageRoute, include_in_schema=False)

EARLIER = later("An earlier time is free")
YOURS = later("This time is yours")
HEADLINES = {
    OfferState.LOST: later("This time has been taken"),
    OfferState.DECLINED: later("You have let this time go"),
    OfferState.EXPIRED: later("The time to answer has passed"),
}


@router.get("/{token}")
async def show(request: Request, ctx: ContextDep, token: str) -> Response:
    """The offer as it stands at this moment."""
    try:
        shown = await waitlist_offers.open_link(ctx, token)
    except NotFoundError as error:
        return await gone(request, error)
    return await _page(request, ctx, token, shown)


@router.post("/{token}")
async def answer(request: Request, ctx: ContextDep, token: str) -> Response:
    """Yes, no, no and off the list, or another free time once this one is gone."""
    fields = await text_fields(request)
    try:
        visit = await _act(ctx, token, fields.get("answer", ""), fields)
        shown = await waitlist_offers.open_link(ctx, token)
    except NotFoundError as error:
        return await gone(request, error)
    except ChairsideError as error:
        return await _refused(request, ctx, token, error)
    return await _page(request, ctx, token, shown, visit=visit)


async def _act(ctx: Context, token: str, said: str, fields: dict[str, str]) -> Appointment | None:
    match said:
        case "accept":
            return await waitlist_offers.accept(ctx, token)
        case "decline" | "leave":
            await waitlist_offers.decline(ctx, token, leaves_list=said == "leave")
        case "take":
            start = read_wish(fields, await Clinic.load()).start
            return await waitlist_alternatives.take(ctx, token, start=start) if start else None
    return None


async def _refused(request: Request, ctx: Context, token: str, error: ChairsideError) -> Response:
    """Over the offer as it is now: a lost one says so by itself."""
    shown = await waitlist_offers.open_link(ctx, token)
    problem = "" if isinstance(error, waitlist_offers.OfferOverError) else error.detail
    return await _page(request, ctx, token, shown, problem=problem, status=error.status, headers=retry_headers(error))


async def _page(request: Request, ctx: Context, token: str, shown: ShownOffer, **values: Any) -> Response:
    visit: Appointment | None = values.pop("visit", None) or await _accepted(shown)
    is_open = shown.can_answer and visit is None
    frame: dict[str, Any] = {
        "clinic": await Clinic.load(),
        "token": token,
        "shown": shown,
        "visit": visit,
        "headline": EARLIER if is_open else YOURS if visit else HEADLINES.get(shown.state, HEADLINES[OfferState.LOST]),
        "detail": SENTENCES.get(shown.state, ""),
        "alternatives": await waitlist_alternatives.free_instead(ctx, shown) if shown.is_over and not visit else [],
        "problem": "",
    }
    name = "waitlist/offer.html" if is_open else "waitlist/answered.html"
    return render(request, name, **(frame | values))


async def _accepted(shown: ShownOffer) -> Appointment | None:
    """The visit that the yes made, as it is now."""
    return await Appointment.get(shown.offer.visit_id) if shown.offer.visit_id else None
