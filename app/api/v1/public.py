"""Availability and booking, without signing in (api.md section 2)."""

from typing import Annotated

from beanie import PydanticObjectId
from fastapi import APIRouter, Query, Request

from app.api.deps import ContextDep
from app.api.v1.schemas.appointments import BookAnswer, BookBody
from app.models.clinic import Clinic
from app.services import addresses, appointments, availability, rate_limits
from app.services.appointments import BookingRequest

router = APIRouter(tags=["booking"])


@router.get("/availability", summary="Free times of one month")
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


@router.post("/appointments/book", summary="Book a visit")
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
