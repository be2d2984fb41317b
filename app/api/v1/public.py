"""Availability and booking, without signing in (api.md section 2)."""

from typing import Annotated

from beanie import PydanticObjectId
from fastapi import APIRouter, Query, Request

from app.api.deps import ContextDep
from app.api.idempotency import IdempotentRoute
from app.api.v1.schemas.appointments import BookAnswer, BookBody
from app.api.v1.schemas.clinic import PublicClinicAnswer
from app.api.v1.schemas.errors import refusals
from app.api.v1.schemas.services import PublicService, PublicServiceListAnswer
from app.models.clinic import Clinic
from app.models.services import Service
from app.services import addresses, appointments, availability, rate_limits
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
) -> dict[str, list[str]]:
    """Anybody. Clinic-local dates to `HH:MM`; days without a free time are absent; 422 for an unknown service."""
    return await availability.month(
        ctx, year=year, month_number=month, service_name=service_id, provider_id=provider_id
    )


@router.post("/appointments/book", summary="Book a visit", responses=refusals(404, 409, 429))
async def book(body: BookBody, request: Request, ctx: ContextDep) -> BookAnswer:
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
    )
    if not body.token:
        await rate_limits.spend_on_booking(ctx, address=_address(request), contacts=[wish.email, wish.phone])
    appointment = await appointments.book(ctx, wish)
    return BookAnswer(appointment_id=str(appointment.id))


def _address(request: Request) -> str:
    """The caller's address; behind a proxy uvicorn has put the trusted one here (`--forwarded-allow-ips`)."""
    return request.client.host if request.client else "unknown"
