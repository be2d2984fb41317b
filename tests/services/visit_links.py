"""Booking a visit and reading the manage link out of its confirmation, as the patient would."""

import re

from app.context import Context
from app.models.appointments import Appointment
from app.models.clinic import Clinic
from app.models.enums import MessageKind
from app.models.outbox import OutboundMessage
from app.models.patients import Patient
from app.services.appointments import BookingRequest, book
from tests.factories import wall


async def book_visit(
    ctx: Context, clinic: Clinic, patient: Patient, at: str = "2026-11-24 10:00", service: str = "checkup"
) -> Appointment:
    """A visit that the patient booked on the public page, at this wall time."""
    request = BookingRequest(
        name="x", email=patient.email, phone=patient.phone, start=wall(clinic, at), service_name=service
    )
    return await book(ctx, request)


async def manage_tokens(visit: Appointment) -> list[str]:
    """The tokens of every manage link that a message about this patient's visits carried, oldest first."""
    sent = await OutboundMessage.find({"patient_id": visit.patient_id, "kind": MessageKind.CONFIRMATION}).to_list()
    sent.sort(key=lambda row: row.key)
    return [token for row in sent for token in re.findall(r"/manage/([A-Za-z0-9_-]+)", row.body)]
