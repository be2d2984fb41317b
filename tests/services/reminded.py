"""A clinic with one visit ahead, its reminders, and what its patient answers: scenes of the tests about reminders."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.context import Context
from app.jobs import inbox, outbox, registry
from app.models.appointments import Appointment
from app.models.campaigns import Campaign
from app.models.clinic import Clinic
from app.models.enums import ChannelType, InboundSource, MessageKind
from app.models.inbox import InboundEvent
from app.models.outbox import OutboundMessage
from app.models.patients import Patient
from app.services import desk_bookings, inbound, visits
from app.services.desk_bookings import StaffBooking
from app.services.inbound import InboundMessage
from tests.conftest import Clock
from tests.factories import make_clinic, make_patient, make_provider, make_service, wall
from tests.services import stage

PHONE = "+12025550171"
BOOKED_AT = "2026-11-23 10:00"
VISIT_AT = "2026-12-10 14:30"
SEVEN_DAYS, TWO_DAYS, THREE_HOURS = "2026-12-03 14:30", "2026-12-08 14:30", "2026-12-10 11:30"


@dataclass(slots=True)
class Scene:
    """One visit that staff booked for a patient; no campaign brought it unless one was running."""

    ctx: Context
    clock: Clock
    clinic: Clinic
    patient: Patient
    visit: Appointment

    def go_to(self, text: str) -> None:
        """Let the clinic's wall clock show this."""
        self.clock.instant = max(self.clock.instant, self.wall(text))

    def wall(self, text: str) -> datetime:
        return wall(self.clinic, text).astimezone(self.clock.instant.tzinfo)

    async def sweep(self, at: str | None = None) -> dict[str, Any]:
        """Run the job, at this wall time."""
        if at:
            self.go_to(at)
        return await registry.run_job(self.ctx, registry.REMINDERS)

    async def remind(self, at: str) -> OutboundMessage:
        """The reminder of this moment, sent."""
        await self.sweep(at)
        await outbox.drain(self.ctx)
        return (await reminders())[-1]

    async def says(self, text: str, **fields: Any) -> InboundEvent:
        """The patient answers from the address on record, in no thread, a minute later; the inbox is worked."""
        self.clock.forward(minutes=1)
        channel = fields.pop("channel", ChannelType.SMS if self.patient.phone else ChannelType.EMAIL)
        address = self.patient.address_on(channel)
        values: dict[str, Any] = {
            "source": InboundSource.GENERIC,
            "external_id": f"m{self.clock.instant.timestamp()}",
            "text": text,
        }
        message = InboundMessage(**(values | {"channel": channel, "sender": address} | fields))
        identifier = await inbound.store(self.ctx, message)
        await inbox.drain(self.ctx)
        event = await InboundEvent.get(identifier)
        assert event is not None
        return event

    async def now(self) -> Appointment:
        """The visit as it stands."""
        return await visits.get(self.visit.id)

    async def answers(self) -> list[OutboundMessage]:
        """What we answered, oldest first."""
        return await stage.rows(kind=MessageKind.REPLY)

    async def links_in(self, row: OutboundMessage) -> str:
        return row.body.split("/manage/")[1].split()[0]


async def reminders() -> list[OutboundMessage]:
    return await stage.rows(kind=MessageKind.REMINDER)


async def book_at_desk(ctx: Context, clinic: Clinic, patient: Patient, at: str = VISIT_AT) -> Appointment:
    request = StaffBooking(
        name=patient.name,
        email=patient.email,
        phone=None if patient.email else patient.phone,
        start=wall(clinic, at),
        duration_minutes=30,
        service_name="root_canal",
        preferred_channel=patient.preferred_channel,
    )
    return await desk_bookings.book(ctx, request, actor="system")


async def furnish(ctx: Context, clock: Clock, *, at: str = VISIT_AT, **patient: Any) -> Scene:
    """A clinic, a provider, a patient who prefers SMS, and a visit of theirs, whose confirmation has left."""
    clinic = await make_clinic()
    await make_service("root_canal", name="Root canal treatment")
    await make_provider(ctx, ["root_canal"])
    values: dict[str, Any] = {"name": "Ana Lopez", "phone": PHONE, "preferred_channel": [ChannelType.SMS]}
    person = await make_patient(ctx, **(values | patient))
    visit = await book_at_desk(ctx, clinic, person, at)
    await outbox.drain(ctx)
    return Scene(ctx, clock, clinic, person, visit)


async def furnish_with_campaign(ctx: Context, clock: Clock) -> tuple[Scene, Campaign]:
    """The same for a patient whom a campaign won: it is BOOKING_INITIATED and holds the visit."""
    campaign = await stage.written_to(ctx, name="Ana Lopez")
    clock.forward(minutes=5)
    await make_service("root_canal", name="Root canal treatment")
    await make_provider(ctx, ["root_canal"])
    patient = await Patient.get(campaign.patient_id)
    assert patient is not None
    clinic = await Clinic.load()
    visit = await book_at_desk(ctx, clinic, patient)
    await outbox.drain(ctx)
    return Scene(ctx, clock, clinic, patient, visit), await stage.campaign_of(patient.id)
