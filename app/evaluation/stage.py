"""The clinic and the patient that an evaluation plays with: a small practice in a database of its own."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from app.context import Context
from app.models.appointments import Appointment
from app.models.clinic import Clinic
from app.models.enums import AppointmentSource, AppointmentStatus, ChannelType, PatientType, Role
from app.models.patients import Patient
from app.models.services import Service
from app.models.users import User

SERVICE_ID = "checkup_and_cleaning"
MONDAY_MORNING = time(15, tzinfo=UTC)
"""10:00 or 11:00 at the clinic: inside its sending window."""
DAYS_TO_VISIT = 8


class StageClock:
    """A clock that stands still until the play moves it, so that every evaluation runs on a Monday morning."""

    def __init__(self, today: datetime) -> None:
        monday = today.astimezone(UTC).date() + timedelta(days=7 - today.astimezone(UTC).weekday())
        self.instant = datetime.combine(monday, MONDAY_MORNING)

    def __call__(self) -> datetime:
        return self.instant

    def forward(self, span: timedelta) -> None:
        self.instant += span


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """`patient` has `visit` ahead; neither is stored: they only fill the agent's sentences."""

    clinic: Clinic
    service: Service
    staff: User
    patient: Patient
    visit: Appointment


async def set_up(ctx: Context) -> Stage:
    """Write the clinic, its one service and its one member of staff."""
    clinic = Clinic(
        name="Harbour Street Dental",
        time_zone="America/New_York",
        phone="+12025550142",
        emergency_phone="+12025550199",
        address="14 Harbour Street",
    )
    service = Service(id=SERVICE_ID, name="Check-up and Cleaning", duration_minutes=45, price=120.0)
    staff = User(
        name="Alex Desk",
        email="desk@example.com",
        role=Role.FRONT_DESK,
        hashed_password=await ctx.passwords.hash(secrets.token_urlsafe()),
        created_at=ctx.now(),
    )
    await clinic.save()
    await service.save()
    await staff.insert()
    patient = _patient(ctx)
    return Stage(clinic=clinic, service=service, staff=staff, patient=patient, visit=_visit(ctx, patient, service))


def _patient(ctx: Context) -> Patient:
    return Patient(
        name="Robin Example",
        email="robin@example.com",
        phone="+12025550123",
        patient_type=PatientType.EXISTING,
        preferred_channel=list(ChannelType),
        created_at=ctx.now(),
        updated_at=ctx.now(),
    )


def _visit(ctx: Context, patient: Patient, service: Service) -> Appointment:
    begins = ctx.now() + timedelta(days=DAYS_TO_VISIT)
    ends = begins + timedelta(minutes=service.duration_minutes)
    return Appointment(
        patient_id=patient.id,
        patient_name=patient.name,
        appointment_date=begins,
        duration_minutes=service.duration_minutes,
        ends_at=ends,
        busy_until=ends,
        status=AppointmentStatus.BOOKED,
        service_name=service.name,
        service_id=service.id,
        created_from=AppointmentSource.MANUAL_ADMIN,
        created_at=ctx.now(),
        updated_at=ctx.now(),
        ics_uid="evaluation",
    )
