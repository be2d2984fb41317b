"""/book: service, day, time, details, done - one address, one query parameter more a step, and no rule of its own."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from hashlib import sha256
from typing import Any

from beanie import PydanticObjectId
from fastapi import APIRouter, Request, Response

from app.context import Context
from app.errors import AlreadyBookedError, ChairsideError, InvalidInputError, NotFoundError, SlotTakenError
from app.models.appointments import Appointment
from app.services import appointments, availability, hold_claims, idempotency, rate_limits, slot_holds
from app.services.appointments import BookingRequest
from app.services.availability import Offer
from app.web.booking_form import Details, read_details
from app.web.booking_holds import HOLD_MINUTES, keep_time, remember, submission_of, visitor_of
from app.web.booking_steps import Step, book_address, open_step
from app.web.free_months import next_free_day
from app.web.month_view import month_to_show, month_values
from app.web.rendering import render
from app.web.routing import ContextDep, PageRoute, caller_address, retry_headers, text_fields

router = APIRouter(prefix="/book", route_class=PageRoute, include_in_schema=False)

REFUSAL_PAGES: dict[type[ChairsideError], str] = {
    SlotTakenError: "booking/taken.html",
    AlreadyBookedError: "booking/already_booked.html",
}
"""Refusals that need more than a sentence over the form."""


@router.get("")
async def show_step(request: Request, ctx: ContextDep) -> Response:
    """The first step whose answer is missing; parameters that cannot be read count as missing."""
    step = await open_step(ctx, request.query_params)
    if step.offer is None:
        return _page(request, step, "booking/services.html")
    if step.wish.start is None:
        return await _calendar(request, ctx, step, step.offer)
    return await _details_if_free(request, ctx, step, step.offer, step.wish.start)


async def _calendar(request: Request, ctx: Context, step: Step, offer: Offer) -> Response:
    """A month with its free days and, once a day is chosen, that day's times."""
    visitor = visitor_of(request) or slot_holds.new_token()
    offer = replace(offer, holder=hold_claims.holder_of(visitor))
    month = month_to_show(step.wish.month, step.wish.day, offer.rules, now=ctx.now())
    free_slots = partial(availability.free_slots, ctx, offer)
    free = await free_slots(month.days)
    next_free = None if free else await next_free_day(ctx, month, offer.rules, free_slots)
    values = month_values(month, step.wish.day, free, offer.rules, region=step.clinic.region)
    values |= {"address": partial(book_address, step), "next_free": next_free}
    values["list_address"] = f"/waitlist/{step.token}?service={offer.service.id}" if step.token else ""
    return remember(request, _page(request, step, "booking/calendar.html", **values), visitor)


async def _details_if_free(request: Request, ctx: Context, step: Step, offer: Offer, start: datetime) -> Response:
    """The last form with the time kept meanwhile, unless it went away since it was offered (ADR 0013).

    A page that keeps something is harmless to open twice: the same visitor keeps the same time.
    """
    visitor = visitor_of(request) or slot_holds.new_token()
    try:
        held_until = await keep_time(request, ctx, offer, start, visitor=visitor)
    except (SlotTakenError, InvalidInputError) as error:
        offer = replace(offer, holder=hold_claims.holder_of(visitor))
        extra = error.extra or {"alternatives": await availability.alternatives(ctx, offer, start)}
        page = _page(request, step, "booking/taken.html", status=error.status, detail=error.detail, extra=extra)
    else:
        details = Details(typed={"submission": submission_of(visitor)})
        page = _page(request, step, "booking/details.html", details=details, problem="", held_until=held_until)
    return remember(request, page, visitor)


@router.post("")
async def book(request: Request, ctx: ContextDep) -> Response:
    """Book the chosen time; whatever stands in the way is said on the page that can change it."""
    fields = await text_fields(request)
    step = await open_step(ctx, fields)
    if step.offer is None or step.wish.start is None:
        return _page(request, step, "booking/services.html", status=422)
    details = read_details(fields, step.clinic, is_known=step.patient is not None)
    if details.problems or step.link_failed:
        held_until = await _still_held(request, ctx, step, fields)
        return _page(
            request, step, "booking/details.html", status=422, details=details, problem="", held_until=held_until
        )
    try:
        wish = _booking_request(step, step.offer, step.wish.start, details, hold=visitor_of(request, fields))
        visit = await _book_once(request, ctx, wish, details.typed)
    except ChairsideError as error:
        return _refused(request, step, details, error, held_until=await _still_held(request, ctx, step, fields))
    return _page(request, step, "booking/done.html", visit=visit)


async def _book_once(request: Request, ctx: Context, wish: BookingRequest, typed: Mapping[str, str]) -> Appointment:
    """The same form sent twice (a second click, a reload of the answer) is one visit, shown twice."""

    async def work() -> idempotency.Answer:
        if wish.token is None:
            contacts = [wish.email, wish.phone]
            await rate_limits.spend_on_booking(ctx, address=caller_address(request), contacts=contacts)
        return {"appointment_id": str((await appointments.book(ctx, wish)).id)}

    answer, _ = await idempotency.once(
        ctx,
        scope="booking-site",
        key=typed["submission"],
        fingerprint=fingerprint_of(wish),
        work=work,
    )
    visit = await Appointment.get(PydanticObjectId(answer["appointment_id"]))
    if visit is None:
        raise NotFoundError("This visit is not there any more.")
    return visit


def fingerprint_of(wish: BookingRequest) -> str:
    """The same for the same wish."""
    return sha256(repr(wish).encode(errors="surrogatepass")).hexdigest()


async def _still_held(request: Request, ctx: Context, step: Step, fields: Mapping[str, str]) -> datetime | None:
    """Until when the time of a form that is shown again is kept, if it is."""
    visitor = visitor_of(request, fields)
    return await slot_holds.until_of(ctx, visitor, step.wish.start) if visitor and step.wish.start else None


def _booking_request(
    step: Step, offer: Offer, start: datetime, details: Details, *, hold: str | None
) -> BookingRequest:
    return BookingRequest(
        name=step.patient.name if step.patient else details.name,
        email=details.email,
        phone=details.phone,
        start=start,
        service_name=offer.service.id,
        token=step.token,
        notes=details.notes,
        hold=hold,
    )


def _refused(
    request: Request, step: Step, details: Details, error: ChairsideError, *, held_until: datetime | None
) -> Response:
    """The refusal's own page, else its sentence over the form with everything that was typed."""
    own_page = REFUSAL_PAGES.get(type(error))
    status, headers = error.status, retry_headers(error)
    if own_page:
        return _page(request, step, own_page, status=status, details=details, detail=error.detail, extra=error.extra)
    values = {"details": details, "problem": error.detail, "held_until": held_until}
    return _page(request, step, "booking/details.html", status=status, headers=headers, **values)


def _page(request: Request, step: Step, name: str, **values: Any) -> Response:
    """`held_until` (None when nothing is kept) and `hold_minutes` are for the details form."""
    shown = {"held_until": None, "hold_minutes": HOLD_MINUTES} | values
    return render(request, name, clinic=step.clinic, step=step, book_address=book_address, **shown)
