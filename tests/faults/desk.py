"""A busy front desk and its model: many people book, move and cancel at once, and every answer is held against it.

A refusal is right only when somebody may have held the time while it was asked for; a success stands until its own
client ends it. Each visit is changed by one client at a time, so the model knows how every visit must end.
"""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic

from beanie import PydanticObjectId

from app.context import Context
from app.errors import SlotTakenError
from app.models.appointments import Appointment
from app.models.clinic import Clinic
from app.models.enums import AppointmentStatus
from app.models.patients import Patient
from app.services import appointments, visits
from app.services.appointments import BookingRequest
from tests.factories import make_clinic, make_patient, make_provider, make_service, wall

DURATIONS = (15, 30, 45, 60)
BUFFER = timedelta(minutes=10)
BUFFERED = 45
"""The one length that keeps the chair for a while afterwards."""
DAYS = ("2026-11-24", "2026-11-25")
SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Span:
    """A time that a provider is kept (`until` with the buffer) and a patient is there (`end`)."""

    provider: PydanticObjectId
    patient: PydanticObjectId
    start: datetime
    end: datetime
    until: datetime

    def clashes(self, other: "Span") -> bool:
        same_chair = self.provider == other.provider and self.start < other.until and other.start < self.until
        return same_chair or (self.patient == other.patient and self.start < other.end and other.start < self.end)


@dataclass(slots=True)
class Holding:
    """A visit as its client knows it. It may be held from `asked_at` on, and until `gone_at` at the latest."""

    visit_id: PydanticObjectId
    span: Span
    asked_at: float
    gone_at: float = float("inf")


@dataclass(frozen=True, slots=True)
class Refusal:
    """A time that was refused: what it would have been with each provider who could have taken it, and when."""

    wished: tuple[Span, ...]
    asked_at: float
    answered_at: float


@dataclass
class Desk:
    """The clinic, its people, and what their clients were told."""

    ctx: Context
    clinic: Clinic
    chance: random.Random
    providers: list[PydanticObjectId]
    people: list[Patient]
    holdings: list[Holding] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    cancelled: set[PydanticObjectId] = field(default_factory=set)

    def wish(self) -> tuple[Patient, int, datetime]:
        """Somebody, a length in minutes, and a start on the grid inside the morning or the afternoon."""
        minutes = self.chance.choice(DURATIONS)
        opens, hours = self.chance.choice((("09:00", 3), ("13:00", 4)))
        last = (hours * 60 - minutes) // 15
        start = wall(self.clinic, f"{self.chance.choice(DAYS)} {opens}")
        return self.chance.choice(self.people), minutes, start + timedelta(minutes=15 * self.chance.randrange(last + 1))

    async def book(self, patient: Patient, minutes: int, start: datetime) -> None:
        """Book without a link; the outcome is written down."""
        request = BookingRequest(
            name=patient.name, email=patient.email, phone=None, start=start, service_name=f"visit_{minutes}"
        )
        asked_at = monotonic()
        try:
            visit = await appointments.book(self.ctx, request)
        except SlotTakenError:
            self._refuse(patient.id, minutes, start, self.providers, asked_at)
            return
        self.holdings.append(Holding(visit.id, span_of(visit), asked_at))

    async def move(self, holding: Holding, start: datetime) -> None:
        """Move one's own visit: refused, it stays where it was."""
        span, asked_at = holding.span, monotonic()
        minutes = int((span.end - span.start).total_seconds()) // 60
        try:
            visit = await visits.reschedule(self.ctx, holding.visit_id, start=start, provider_id=None, actor=SYSTEM)
        except SlotTakenError:
            self._refuse(span.patient, minutes, start, [span.provider], asked_at)
            return
        holding.gone_at = monotonic()
        self.holdings.append(Holding(visit.id, span_of(visit), asked_at))

    async def cancel(self, holding: Holding) -> None:
        await visits.cancel(self.ctx, holding.visit_id, actor=SYSTEM)
        holding.gone_at = monotonic()
        self.cancelled.add(holding.visit_id)

    def _refuse(
        self,
        patient: PydanticObjectId,
        minutes: int,
        start: datetime,
        providers: Sequence[PydanticObjectId],
        asked_at: float,
    ) -> None:
        wished = tuple(span(provider, patient, start, minutes) for provider in providers)
        self.refusals.append(Refusal(wished, asked_at, monotonic()))

    @property
    def standing(self) -> list[Holding]:
        """What is held now, as the clients know it."""
        return [holding for holding in self.holdings if holding.gone_at == float("inf")]

    def was_refused_rightly(self, refusal: Refusal) -> bool:
        """True when, for each provider, somebody may have held the time while it was asked for."""
        near = [
            holding.span
            for holding in self.holdings
            if holding.asked_at <= refusal.answered_at and holding.gone_at >= refusal.asked_at
        ]
        return all(any(wished.clashes(held) for held in near) for wished in refusal.wished)


def span(provider: PydanticObjectId, patient: PydanticObjectId, start: datetime, minutes: int) -> Span:
    end = start + timedelta(minutes=minutes)
    return Span(provider, patient, start, end, end + (BUFFER if minutes == BUFFERED else timedelta()))


def span_of(visit: Appointment) -> Span:
    assert visit.provider_id is not None
    return span(visit.provider_id, visit.patient_id, visit.appointment_date, visit.duration_minutes)


async def open_desk(ctx: Context, *, seed: int, providers: int, people: int) -> Desk:
    """A clinic whose providers perform everything."""
    clinic, names = await make_clinic(), [f"visit_{minutes}" for minutes in DURATIONS]
    for minutes in DURATIONS:
        after = int(BUFFER.total_seconds()) // 60 if minutes == BUFFERED else 0
        await make_service(f"visit_{minutes}", duration_minutes=minutes, buffer_after_minutes=after)
    staff = [(await make_provider(ctx, names)).id for _ in range(providers)]
    return Desk(ctx, clinic, random.Random(seed), staff, [await make_patient(ctx) for _ in range(people)])


async def rush(desk: Desk, *, bookings: int, moves: int, cancellations: int) -> None:
    """Everything at once: new visits, and changes of distinct visits that stand already."""
    changed = desk.chance.sample(desk.standing, moves + cancellations)
    work = [desk.book(*desk.wish()) for _ in range(bookings)]
    work += [desk.move(holding, _another_time(desk, holding)) for holding in changed[:moves]]
    work += [desk.cancel(holding) for holding in changed[moves:]]
    desk.chance.shuffle(work)
    await asyncio.gather(*work)


def _another_time(desk: Desk, holding: Holding) -> datetime:
    """A start at which a visit of this length fits into working time."""
    length = holding.span.end - holding.span.start
    while True:
        _, minutes, start = desk.wish()
        if timedelta(minutes=minutes) >= length:
            return start


async def differences(desk: Desk) -> list[str]:
    """Where the stored visits are not what the clients were told; empty when all is well."""
    expected = {holding.visit_id: holding.span for holding in desk.standing}
    stored = {visit.id: visit for visit in await Appointment.find_all().to_list()}
    found = [f"{each} is lost" for each in expected.keys() - stored.keys()]
    for visit in stored.values():
        if visit.id in expected and (
            visit.status is not AppointmentStatus.BOOKED or span_of(visit) != expected[visit.id]
        ):
            found.append(f"{visit.id} does not stand where its client was told")
        if visit.id in desk.cancelled and (visit.status is not AppointmentStatus.CANCELLED or visit.slot_keys):
            found.append(f"{visit.id} was cancelled and holds its time")
        if visit.id not in expected and visit.id not in desk.cancelled:
            found.append(f"{visit.id} is nobody's")
    spans = list(expected.values())
    found += [
        f"{first} overlaps {second}"
        for place, first in enumerate(spans)
        for second in spans[place + 1 :]
        if first.clashes(second)
    ]
    return found


async def misjudged(desk: Desk, *, tries: int) -> list[str]:
    """Ask for times one after the other when all is quiet: free means booked, held means refused."""
    found = []
    for _ in range(tries):
        patient, minutes, start = desk.wish()
        wished = [span(provider, patient.id, start, minutes) for provider in desk.providers]
        standing = [holding.span for holding in desk.standing]
        is_free = any(not any(each.clashes(held) for held in standing) for each in wished)
        before = len(desk.holdings)
        await desk.book(patient, minutes, start)
        if (len(desk.holdings) > before) is not is_free:
            found.append(f"{minutes} minutes at {start} were {'refused though free' if is_free else 'booked twice'}")
    return found
