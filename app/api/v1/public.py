"""Availability and booking, without signing in (api.md section 2)."""

from typing import Annotated

from beanie import PydanticObjectId
from fastapi import APIRouter, Path, Query

from app.api.deps import CallerAddress, ContextDep
from app.api.idempotency import IdempotentRoute
from app.api.v1.schemas.appointments import BookAnswer, BookBody, HoldAnswer, HoldBody, HoldToken
from app.api.v1.schemas.clinic import PublicClinicAnswer
from app.api.v1.schemas.errors import refusals
from app.api.v1.schemas.services import PublicService, PublicServiceListAnswer
from app.models.clinic import Clinic
from app.models.services import Service
from app.services import addresses, appointments, availability, hold_claims, rate_limits, slot_holds
from app.services.appointments import BookingRequest

router = APIRouter(tags=["booking"], route_class=IdempotentRoute)


FREE_TIMES = {"2026-11-24": ["09:00", "09:30", "13:00"], "2026-11-25": ["10:00"]}


@router.get("/clinic", summary="The clinic's public facts")
async def get_public_clinic() -> PublicClinicAnswer:
    """Anybody. How to reach the clinic and when it is open; none of its policies."""
    return PublicClinicAnswer.model_validate((await Clinic.load()).model_dump())


@router.get("/services", summary="What can be booked")
async def list_public_services() -> PublicServiceListAnswer:
    """Anybody. The services that the booking site shows, by name, with duration and price."""
    offered = await Service.offered_to_the_public()
    rows = [PublicService.model_validate(service.model_dump() | {"service_id": service.id}) for service in offered]
    return PublicServiceListAnswer(services=rows)


@router.get(
    "/availability",
    summary="Free times of one month",
    responses=refusals(404) | {200: {"content": {"application/json": {"example": FREE_TIMES}}}},
)
async def get_availability(
    ctx: ContextDep,
    month: Annotated[int, Query(ge=1, le=12)],
    year: Annotated[int, Query(ge=2000, le=2100)],
    service_id: Annotated[str, Query(min_length=1, max_length=64)],
    provider_id: PydanticObjectId | None = None,
    hold: Annotated[
        HoldToken | None, Query(description="The visitor's own hold, which takes nothing from them")
    ] = None,
) -> dict[str, list[str]]:
    """Anybody. Clinic-local dates to `HH:MM`; days without a free time are absent; 422 for an unknown service.

    A time that is kept for another visitor (`POST /appointments/hold`) is not free.
    """
    return await availability.month(
        ctx,
        year=year,
        month_number=month,
        service_name=service_id,
        provider_id=provider_id,
        holder=hold_claims.holder_of(hold),
    )


@router.post("/appointments/hold", summary="Keep a time while a form is open", responses=refusals(404, 409, 429))
async def hold(body: HoldBody, address: CallerAddress, ctx: ContextDep) -> HoldAnswer:
    """Anybody. The time is kept for five minutes for whoever has the answered token, and looks taken to others.

    A visitor has one hold: with `hold`, theirs moves here. Give it to `POST /appointments/book`. 422 for an impossible
    time, 409 with `alternatives` for one that is taken, 429 when too many are kept for this address.
    """
    start = addresses.as_instant(body.appointment_date, await Clinic.load())
    service = await availability.service_named(body.service_name)
    offer = await availability.offer_for(service, provider_id=body.provider_id)
    token = body.hold or slot_holds.new_token()
    kept = await slot_holds.take(ctx, offer, start, token=token, address=address)
    return HoldAnswer(hold=kept.token, held_until=kept.until)


@router.delete("/appointments/hold/{hold}", status_code=204, summary="Let go of a time", responses=refusals(429))
async def release_hold(
    hold: Annotated[HoldToken, Path(description="The token of the hold")], address: CallerAddress, ctx: ContextDep
) -> None:
    """Anybody. The same answer whether there was such a hold or not; it would be over by itself after five minutes."""
    await rate_limits.spend(ctx, rate_limits.HOLD_RELEASE_ADDRESS_MINUTE, rate_limits.network_of(address))
    await slot_holds.release(hold)


@router.post("/appointments/book", summary="Book a visit", responses=refusals(404, 409, 429))
async def book(body: BookBody, address: CallerAddress, ctx: ContextDep) -> BookAnswer:
    """Anybody. 422 for an impossible time, 409 with `alternatives` for a taken one, one 404 for "cannot match you"."""
    clinic = await Clinic.load()
    wish = BookingRequest(
        name=body.name,
        email=body.email,
        phone=addresses.phone_in_e164(body.phone, clinic),
        start=addresses.as_instant(body.appointment_date, clinic),
        service_name=body.service_name,
        token=body.token,
        provider_id=body.provider_id,
        notes=body.notes,
        hold=body.hold,
    )
    if not body.token:
        await rate_limits.spend_on_booking(ctx, address=address, contacts=[wish.email, wish.phone])
    appointment = await appointments.book(ctx, wish)
    return BookAnswer(appointment_id=str(appointment.id))
