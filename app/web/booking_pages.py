"""/book: service, day, time, details, done - one address, one query parameter more a step, and no rule of its own."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request, Response

from app.context import Context
from app.domain.availability import SlotRefusal
from app.errors import AlreadyBookedError, ChairsideError, SlotTakenError
from app.services import appointments, availability, rate_limits
from app.services.appointments import BookingRequest
from app.services.availability import REFUSAL_SENTENCES, Offer
from app.web.booking_form import Details, nothing_typed, read_details
from app.web.booking_steps import Step, book_address, open_step
from app.web.month_view import clock_labels, month_to_show, parts_of_day, weeks_of
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
    month = month_to_show(step.wish.month, step.wish.day, offer.rules, now=ctx.now())
    free = await availability.free_slots(ctx, offer, month.days)
    chosen = step.wish.day if step.wish.day in month.days else None
    times = clock_labels(free.get(chosen, []) if chosen else [], offer.rules.zone)
    return _page(
        request,
        step,
        "booking/calendar.html",
        month=month,
        weeks=weeks_of(month, free, step.clinic.region),
        has_free_days=bool(free),
        chosen=chosen,
        parts=parts_of_day(times),
    )


async def _details_if_free(request: Request, ctx: Context, step: Step, offer: Offer, start: datetime) -> Response:
    """The last form, unless the wished time went away since it was offered."""
    _, reason = await availability.free_chairs(ctx, offer, start)
    if reason is None:
        return _page(request, step, "booking/details.html", details=nothing_typed(), problem="")
    others = await availability.alternatives(ctx, offer, start)
    status = 409 if reason is SlotRefusal.TAKEN else 422
    return _page(
        request,
        step,
        "booking/taken.html",
        status=status,
        detail=REFUSAL_SENTENCES[reason],
        extra={"alternatives": others},
    )


@router.post("")
async def book(request: Request, ctx: ContextDep) -> Response:
    """Book the chosen time; whatever stands in the way is said on the page that can change it."""
    fields = await text_fields(request)
    step = await open_step(ctx, fields)
    if step.offer is None or step.wish.start is None:
        return _page(request, step, "booking/services.html", status=422)
    details = read_details(fields, step.clinic, is_known=step.patient is not None)
    if details.problems or step.link_failed:
        return _page(request, step, "booking/details.html", status=422, details=details, problem="")
    try:
        if step.patient is None:
            contacts = [details.email, details.phone]
            await rate_limits.spend_on_booking(ctx, address=caller_address(request), contacts=contacts)
        visit = await appointments.book(ctx, _booking_request(step, step.offer, step.wish.start, details))
    except ChairsideError as error:
        return _refused(request, step, details, error)
    return _page(request, step, "booking/done.html", visit=visit)


def _booking_request(step: Step, offer: Offer, start: datetime, details: Details) -> BookingRequest:
    return BookingRequest(
        name=step.patient.name if step.patient else details.name,
        email=details.email,
        phone=details.phone,
        start=start,
        service_name=offer.service.id,
        token=step.token,
        notes=details.notes,
    )


def _refused(request: Request, step: Step, details: Details, error: ChairsideError) -> Response:
    """The refusal's own page, else its sentence over the form with everything that was typed."""
    own_page = REFUSAL_PAGES.get(type(error))
    status, headers = error.status, retry_headers(error)
    if own_page:
        return _page(request, step, own_page, status=status, detail=error.detail, extra=error.extra)
    return _page(
        request, step, "booking/details.html", status=status, headers=headers, details=details, problem=error.detail
    )


def _page(request: Request, step: Step, name: str, **values: Any) -> Response:
    return render(request, name, clinic=step.clinic, step=step, book_address=book_address, **values)
