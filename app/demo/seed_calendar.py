"""The demo clinic's calendar: a visit stands in a slot that the product itself would offer (domain.md section 7)."""

from collections import defaultdict
from datetime import date, datetime, timedelta
from random import Random

from beanie import PydanticObjectId

from app.demo.seed_clinic import Practice
from app.demo.seed_people import Person
from app.domain.availability import Interval, Schedule, Visit, open_slots, working_intervals
from app.models.appointments import Appointment
from app.models.base import derived_id
from app.models.campaigns import Campaign
from app.models.enums import AppointmentSource, AppointmentStatus, PatientType
from app.models.patients import Treatment
from app.models.services import Service
from app.models.users import User
from app.services.policies import provider_schedule
from app.services.reservations import on_chair

SEARCH_DAYS = 40
RECORDED_AFTER = timedelta(minutes=2)


class Calendar:
    """Who is taken when. It offers free starts and keeps what is booked, as the unique index will."""

    def __init__(self, practice: Practice) -> None:
        self.practice = practice
        self._schedules: dict[PydanticObjectId, Schedule] = {
            provider.id: provider_schedule(provider) for provider in practice.providers
        }
        self._busy: dict[tuple[PydanticObjectId, date], list[Interval]] = defaultdict(list)
        self._days_of: dict[PydanticObjectId, set[date]] = defaultdict(set)

    def performers(self, service: Service) -> list[User]:
        return [provider for provider in self.practice.providers if service.id in provider.services]

    def free_starts(self, provider: User, service: Service, day: date, *, after: datetime) -> list[datetime]:
        """The starts that this provider could offer on a clinic-local day, not before an instant."""
        visit = Visit(timedelta(minutes=service.duration_minutes), timedelta(minutes=service.buffer_after_minutes))
        found = open_slots(
            self._schedules[provider.id],
            self.practice.booking,
            visit=visit,
            busy=self._busy[provider.id, day],
            days=[day],
            now=after,
        )
        return found.get(day, [])

    def is_free_for(self, person: Person, day: date) -> bool:
        """Nobody comes twice on one day."""
        return day not in self._days_of[person.patient.id]

    def find(self, person: Person, service: Service, *, after: datetime, rng: Random) -> tuple[User, datetime]:
        """One of the free starts on the first day, after an instant, on which anybody has one.

        Raises LookupError when nobody is free for weeks: the cast is too large for the team.
        """
        first = after.astimezone(self.practice.clinic.zone).date()
        candidates = rng.sample(performers := self.performers(service), len(performers))
        for day in (first + timedelta(days=offset) for offset in range(SEARCH_DAYS)):
            if self.is_free_for(person, day):
                for provider in candidates:
                    if starts := self.free_starts(provider, service, day, after=after):
                        return provider, rng.choice(starts)
        raise LookupError(f"no free start for {service.id} after {after}")

    def keep(self, visit: Appointment) -> None:
        day = self.day_of(visit)
        self._days_of[visit.patient_id].add(day)
        if visit.provider_id:
            self._busy[visit.provider_id, day].append(Interval(visit.appointment_date, visit.busy_until))

    def release(self, visit: Appointment) -> None:
        """A cancelled or missed visit frees its slot, as `app.services.visits` does."""
        if visit.provider_id:
            self._busy[visit.provider_id, self.day_of(visit)].remove(Interval(visit.appointment_date, visit.busy_until))

    def day_of(self, visit: Appointment) -> date:
        return visit.appointment_date.astimezone(self.practice.clinic.zone).date()

    def worked(self, provider: User, day: date) -> timedelta:
        intervals = working_intervals(self._schedules[provider.id], self.practice.booking, day)
        return sum((each.end - each.start for each in intervals), timedelta())

    def taken(self, provider: User, day: date) -> timedelta:
        """Booked time of a day, buffers included."""
        return sum((each.end - each.start for each in self._busy[provider.id, day]), timedelta())


def book(
    calendar: Calendar,
    person: Person,
    service: Service,
    *,
    provider: User,
    start: datetime,
    booked_at: datetime,
    source: AppointmentSource,
    campaign: Campaign | None = None,
) -> Appointment:
    """Store a booked visit in the calendar and with the person."""
    end = start + timedelta(minutes=service.duration_minutes)
    identifier = derived_id("demo", "appointment", person.patient.id, len(person.visits))
    visit = on_chair(
        Appointment(
            id=identifier,
            patient_id=person.patient.id,
            patient_name=person.patient.name,
            campaign_id=campaign.id if campaign else None,
            appointment_date=start,
            duration_minutes=service.duration_minutes,
            ends_at=end,
            busy_until=end + timedelta(minutes=service.buffer_after_minutes),
            status=AppointmentStatus.BOOKED,
            service_name=service.name,
            service_id=service.id,
            created_from=source,
            created_at=booked_at,
            updated_at=booked_at,
            ics_uid=f"{identifier}@chairside",
        ),
        provider.id,
    )
    calendar.keep(visit)
    person.visits.append(visit)
    return visit


def complete(calendar: Calendar, person: Person, visit: Appointment, *, follow_up: timedelta | None) -> datetime:
    """The visit took place, as `app.services.visits.complete` writes it; returns when staff recorded it."""
    recorded_at = visit.ends_at + RECORDED_AFTER
    _end(visit, AppointmentStatus.COMPLETED, at=recorded_at)
    person.patient.patient_type = PatientType.EXISTING
    day = calendar.day_of(visit)
    add_treatment(person, visit.service_name, day, follow_up=follow_up)
    return recorded_at


def add_treatment(person: Person, procedure: str, day: date, *, follow_up: timedelta | None) -> None:
    """A row of the history; a follow-up sets the next due date, else a due date that was served goes (D-07)."""
    due = day + follow_up if follow_up else None
    advice = f"in {round(follow_up.days / 30.4)} months" if follow_up else None
    patient = person.patient
    patient.treatment_history.append(
        Treatment(
            procedure_name=procedure, procedure_date=day, next_recommended_follow_up=advice, next_follow_up_date=due
        )
    )
    if due or (patient.next_follow_up_date and patient.next_follow_up_date <= day):
        patient.next_follow_up_date = due


def withdraw(calendar: Calendar, visit: Appointment, status: AppointmentStatus, *, at: datetime) -> None:
    """Cancelled or missed: the slot is free again and its keys are gone."""
    calendar.release(visit)
    visit.slot_keys = None
    _end(visit, status, at=at)


def _end(visit: Appointment, status: AppointmentStatus, *, at: datetime) -> None:
    visit.status, visit.updated_at, visit.ics_sequence = status, at, visit.ics_sequence + 1
