"""Appointments by clinic-local day."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from beanie import PydanticObjectId

from app.context import Context
from app.errors import InvalidInputError
from app.models.appointments import Appointment
from app.models.clinic import Clinic

DEFAULT_SPAN_DAYS = 30
MOST_ROWS = 5_000


async def between(
    ctx: Context, *, first: date | None, last: date | None, provider_id: PydanticObjectId | None
) -> list[Appointment]:
    """Every visit from `first` to `last`, both inclusive, in time order. Raises InvalidInputError when reversed."""
    zone = (await Clinic.load()).zone
    first = first or ctx.now().astimezone(zone).date()
    last = last or first + timedelta(days=DEFAULT_SPAN_DAYS)
    if last < first:
        raise InvalidInputError("end_date is before start_date.")
    start = datetime.combine(first, time(), zone).astimezone(UTC)
    end = datetime.combine(last + timedelta(days=1), time(), zone).astimezone(UTC)
    query: dict[str, Any] = {"appointment_date": {"$gte": start, "$lt": end}}
    if provider_id:
        query["provider_id"] = provider_id
    return await Appointment.find(query).sort("appointment_date", "_id").limit(MOST_ROWS).to_list()
