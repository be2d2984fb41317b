"""/book: service, day, time, details, done - one address, one query parameter more a step, and no rule of its own."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from hashlib import sha256
from typing import Any

from beanie import PydanticObjectId
from fastapi import APIRouter, Request, Response

from app.context import Context
from app.domain.availability import SlotRefusal
from app.errors import AlreadyBookedError, ChairsideError, NotFoundError, SlotTakenError
from app.models.appointments import Appointment
from app.services import appointments, availability, idempotency, rate_limits
from app.services.appointments import BookingRequest
from app.services.availability import REFUSAL_SENTENCES, Offer
from app.web.booking_form import Details, nothing_typed, read_details
from app.web.booking_steps import Step, book_address, open_step
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
    month = month_to_show(step.wish.month, step.wish.day, offer.rules, now=ctx.now())
    free = await availability.free_slots(ctx, offer, month.days)
    values = month_values(month, step.wish.day, free, offer.rules, region=step.clinic.region)
    return _page(request, step, "booking/calendar.html", address=partial(book_address, step), **values)


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
        wish = _booking_request(step, step.offer, step.wish.start, details)
        visit = await _book_once(request, ctx, wish, details.typed)
    except ChairsideError as error:
        return _refused(request, step, details, error)
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
