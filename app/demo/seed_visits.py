"""The visits of earlier years: what each patient of the demo had done before the product wrote to anybody."""

from datetime import date, datetime, time, timedelta
from itertools import accumulate

from app.demo.seed_calendar import add_treatment, book, complete, withdraw
from app.demo.seed_clinic import A_YEAR
from app.demo.seed_people import Person, stop_one_channel
from app.demo.seed_stage import Stage
from app.models.appointments import Appointment
from app.models.enums import AppointmentSource, AppointmentStatus
from app.models.services import Service

CHECKUP = "checkup_and_cleaning"
HALF_YEAR = timedelta(days=182)
BETWEEN_VISITS_DAYS = (165, 400)
TREATMENTS = {CHECKUP: 72, "tooth_colored_filling": 18, "dental_crown": 6, "teeth_whitening": 4}
"""What an adult came for earlier, with its weight; children came for check-ups."""
KNOWN_BEFORE = timedelta(days=45)
FRESH = timedelta(days=12)
"""Visits of the last days are the business of the full calendar (app.demo.seed_fortnight)."""


def had_visits(stage: Stage, person: Person, *, due_on: date | None, interval: timedelta | None = None) -> None:
    """Give an EXISTING patient a history whose last check-up recommends coming back on `due_on` (None: no advice)."""
    last_on = _last_visit_on(stage, due_on, interval)
    for day in _earlier_days(stage, person, last_on):
        _visited(stage, person, _service_then(stage, person), day, due_on=None)
    _visited(stage, person, stage.practice.services[CHECKUP], last_on, due_on=due_on)
    first_on = min(treatment.procedure_date for treatment in person.patient.treatment_history)
    person.patient.created_at = stage.practice.wall(first_on - KNOWN_BEFORE, time(10))
    if not person.is_child:
        stop_one_channel(person, stage.rng)


def _last_visit_on(stage: Stage, due_on: date | None, interval: timedelta | None) -> date:
    if due_on is None:
        return stage.practice.today - timedelta(days=stage.rng.randint(60, 700))
    interval = interval or (A_YEAR if stage.rng.random() < 0.3 else HALF_YEAR)
    wanted = due_on - interval
    return wanted if wanted <= stage.practice.today - FRESH else due_on - A_YEAR


def _earlier_days(stage: Stage, person: Person, last_on: date) -> list[date]:
    """Up to four earlier visits, oldest first, none before a child's second birthday."""
    gaps = [stage.rng.randint(*BETWEEN_VISITS_DAYS) for _ in range(stage.rng.choice((0, 1, 1, 2, 3, 4)))]
    days = [last_on - timedelta(days=total) for total in accumulate(gaps)]
    born = person.patient.date_of_birth if person.is_child else None
    return sorted(day for day in days if born is None or day > born + 2 * A_YEAR)


def _service_then(stage: Stage, person: Person) -> Service:
    names = [CHECKUP] if person.is_child else list(TREATMENTS)
    name = stage.rng.choices(names, weights=[TREATMENTS[name] for name in names])[0]
    return stage.practice.services[name]


def _visited(stage: Stage, person: Person, service: Service, day: date, *, due_on: date | None) -> None:
    """One completed visit; what happened before the product came is only a line of the history."""
    if day < stage.practice.today - A_YEAR:
        sunday_avoided = day - timedelta(days=1) if day.weekday() == 6 else day
        add_treatment(person, service.name, sunday_avoided, follow_up=due_on - sunday_avoided if due_on else None)
        return
    visit = book_in_person(stage, person, service, after=stage.practice.wall(day, time(7)))
    follow_up = due_on - stage.calendar.day_of(visit) if due_on else None
    complete(stage.calendar, person, visit, follow_up=follow_up)


def book_in_person(stage: Stage, person: Person, service: Service, *, after: datetime) -> Appointment:
    """A visit that the front desk booked some weeks ahead, with anybody who was free."""
    provider, start = stage.calendar.find(person, service, after=after, rng=stage.rng)
    return book(
        stage.calendar,
        person,
        service,
        provider=provider,
        start=start,
        booked_at=start - timedelta(hours=stage.rng.randint(30, 900)),
        source=AppointmentSource.MANUAL_ADMIN,
    )


def missed_a_visit(stage: Stage, person: Person) -> None:
    """A visit of the past year that was cancelled, or to which nobody came."""
    day = stage.practice.today - timedelta(days=stage.rng.randint(20, 340))
    service = _service_then(stage, person)
    if stage.practice.wall(day, time(7)) < person.patient.created_at + KNOWN_BEFORE:
        return
    visit = book_in_person(stage, person, service, after=stage.practice.wall(day, time(7)))
    misses(stage, visit)


def misses(stage: Stage, visit: Appointment) -> None:
    """The patient cancels in time, or does not come."""
    if stage.rng.random() < 0.4:
        withdraw(stage.calendar, visit, AppointmentStatus.NO_SHOW, at=visit.ends_at)
    else:
        notice = (visit.appointment_date - visit.created_at) * stage.rng.uniform(0.1, 0.7)
        cancelled_at = (visit.appointment_date - notice).replace(microsecond=0)
        withdraw(stage.calendar, visit, AppointmentStatus.CANCELLED, at=cancelled_at)
