"""A full calendar around today: the last week's visits are done, the coming fortnight is booked but for some gaps."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from app.demo.seed_calendar import RECORDED_AFTER, book, complete, withdraw
from app.demo.seed_people import Person, Plot
from app.demo.seed_stage import Stage
from app.demo.seed_visits import CHECKUP, HALF_YEAR, KNOWN_BEFORE, misses
from app.models.appointments import Appointment
from app.models.enums import AppointmentSource, AppointmentStatus, ConfirmationStatus, PatientType
from app.models.services import Service
from app.models.users import User

DAYS_BACK, DAYS_AHEAD, MONTHS_BACK = 7, 14, 182
SHARE_BOOKED = (0.72, 0.84)
"""How much of a provider's day is taken, buffers included."""
SHARE_EARLIER = (0.12, 0.28)
"""The same in the months before, when there were fewer patients."""
FULL = 0.95
ENDS_OTHERWISE = 0.05
"""Share of visits that are cancelled or missed."""
BOOKED_ONLINE = 0.3
LEAVES_A_GAP = 0.1
CONFIRMED_SOON, CONFIRMED_LATER = 0.8, 0.35
SOON = timedelta(days=5)
REST = timedelta(days=2)
"""How long after a campaign's end a patient may come for something else."""

WISHES = {
    CHECKUP: 40,
    "tooth_colored_filling": 30,
    "dental_crown": 14,
    "teeth_whitening": 8,
    "implant_consultation": 10,
    "aligner_consultation": 40,
    "emergency_visit": 4,
}
"""How often each service is asked for."""

CHECKUP_DONE, CHECKUP_AHEAD = (Plot.SEEN_RECENTLY,), (Plot.CHECKUP_BOOKED,)
IN_TREATMENT = (Plot.RECOVERED, Plot.SEEN_RECENTLY, Plot.FOLLOWED_UP, Plot.NO_FOLLOW_UP, Plot.LATER)
"""Nobody who is being written to, has declined, or is due: a booked visit would contradict their part."""
IN_TREATMENT_EARLIER = (Plot.SEEN_RECENTLY, Plot.CHECKUP_BOOKED, Plot.NO_FOLLOW_UP, Plot.LATER)


@dataclass(frozen=True, slots=True)
class WaitingRoom:
    """Who may still be given a visit: one check-up each, and other treatments in turn."""

    checkups: deque[Person]
    others: deque[Person]


@dataclass(frozen=True, slots=True)
class Span:
    """Days to fill (offsets from today), how full, and who comes before and after now."""

    days: range
    share: tuple[float, float]
    done: WaitingRoom
    ahead: WaitingRoom


def fill(stage: Stage, people: list[Person]) -> None:
    """Book every provider's days from a week ago to two weeks ahead, and some of the months before.

    What is over by now is completed.
    """
    done = WaitingRoom(_those_in(stage, people, CHECKUP_DONE), _adults(_those_in(stage, people, IN_TREATMENT)))
    ahead = WaitingRoom(_those_in(stage, people, CHECKUP_AHEAD), _adults(_those_in(stage, people, IN_TREATMENT)))
    earlier = WaitingRoom(deque(), _adults(_those_in(stage, people, IN_TREATMENT_EARLIER)))
    spans = (
        Span(range(-DAYS_BACK, DAYS_AHEAD), SHARE_BOOKED, done, ahead),
        Span(range(-MONTHS_BACK, -DAYS_BACK), SHARE_EARLIER, earlier, earlier),
    )
    for provider in stage.practice.providers:
        for span in spans:
            _fill_span(stage, span, provider)


def _those_in(stage: Stage, people: list[Person], plots: tuple[Plot, ...]) -> deque[Person]:
    known = (person for person in people if person.patient.patient_type is PatientType.EXISTING)
    found = [person for person in known if person.plot in plots]
    stage.rng.shuffle(found)
    return deque(found)


def _adults(people: Iterable[Person]) -> deque[Person]:
    return deque(person for person in people if not person.is_child)


def _fill_span(stage: Stage, span: Span, provider: User) -> None:
    """Book day after day; what one lacks, or has too much of, is made up for on the next."""
    missing = timedelta()
    for offset in span.days:
        day = stage.practice.today + timedelta(days=offset)
        if worked := stage.calendar.worked(provider, day):
            wanted = min(worked * FULL, worked * stage.rng.uniform(*span.share) + missing)
            while _add_visit(stage, span, provider, day, left=wanted - stage.calendar.taken(provider, day)):
                pass
            missing = wanted - stage.calendar.taken(provider, day)


def _add_visit(stage: Stage, span: Span, provider: User, day: date, *, left: timedelta) -> bool:
    """One more visit, unless what is left is nearer to nothing than to the shortest that fits."""
    for service in _by_wish(stage, provider):
        length = timedelta(minutes=service.duration_minutes + service.buffer_after_minutes)
        if length > left * 2:
            continue
        starts = stage.calendar.free_starts(provider, service, day, after=stage.practice.wall(day, time()))
        if not starts:
            continue
        start = stage.rng.choice(starts) if stage.rng.random() < LEAVES_A_GAP else starts[0]
        if person := _next_in_line(stage, span, service, start):
            _give(stage, person, service, provider, start)
            return True
    return False


def _by_wish(stage: Stage, provider: User) -> list[Service]:
    """The provider's services, the most wished for likely first."""
    offered = [stage.practice.services[name] for name in provider.services if name in WISHES]
    return sorted(offered, key=lambda service: stage.rng.random() ** (1 / WISHES[service.id]), reverse=True)


def _next_in_line(stage: Stage, span: Span, service: Service, start: datetime) -> Person | None:
    """The first who can come then; a check-up is over for its patient, other treatments may go on."""
    room = span.ahead if start > stage.now else span.done
    queue = room.checkups if service.id == CHECKUP else room.others
    for _ in range(len(queue)):
        person = queue.popleft()
        comes = _may_come(stage, person, start)
        if not (comes and queue is room.checkups):
            queue.append(person)
        if comes:
            return person
    return None


def _may_come(stage: Stage, person: Person, start: datetime) -> bool:
    day = start.astimezone(stage.practice.clinic.zone).date()
    return stage.calendar.is_free_for(person, day) and _free_since(person) + REST < min(start, stage.now)


def _free_since(person: Person) -> datetime:
    """Since the last campaign was closed, or since the first visit of all."""
    ends = [campaign.closed_at for campaign in person.campaigns if campaign.closed_at]
    return max(ends, default=person.patient.created_at + KNOWN_BEFORE)


def _give(stage: Stage, person: Person, service: Service, provider: User, start: datetime) -> None:
    asked_at = min(start, stage.now) - timedelta(hours=stage.rng.randint(2, 700))
    is_online = stage.rng.random() < BOOKED_ONLINE
    visit = book(
        stage.calendar,
        person,
        service,
        provider=provider,
        start=start,
        booked_at=max(asked_at, _free_since(person) + timedelta(minutes=20)),
        source=AppointmentSource.AI_AGENT_FORM if is_online else AppointmentSource.MANUAL_ADMIN,
    )
    _let_pass(stage, person, visit)


def _let_pass(stage: Stage, person: Person, visit: Appointment) -> None:
    """Bring a visit to where it stands now."""
    ends_otherwise = stage.rng.random() < ENDS_OTHERWISE
    if visit.ends_at + RECORDED_AFTER <= stage.now:
        if ends_otherwise:
            misses(stage, visit)
        else:
            complete(stage.calendar, person, visit, follow_up=HALF_YEAR if visit.service_id == CHECKUP else None)
    elif ends_otherwise and visit.appointment_date > stage.now:
        withdraw(stage.calendar, visit, AppointmentStatus.CANCELLED, at=stage.now - timedelta(hours=1))
    elif stage.rng.random() < (CONFIRMED_SOON if visit.appointment_date < stage.now + SOON else CONFIRMED_LATER):
        visit.confirmation_status = ConfirmationStatus.CONFIRMED
