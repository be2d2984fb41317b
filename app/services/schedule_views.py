"""The front desk's days: who works when, who comes, which times a form keeps, and what is free between (issue 4, 8).

A fixed number of queries, whatever the number of visits (speed.md): the clinic, the staff, the services, the visits of
the span, the holds.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from beanie import PydanticObjectId

from app.context import Context
from app.domain.availability import Visit
from app.domain.free_gaps import Gap, day_span, free_gaps
from app.domain.schedules import BookingRules, Interval, Schedule, working_intervals
from app.errors import NotFoundError
from app.models.appointments import LONGEST_BUFFER, Appointment
from app.models.base import Raw
from app.models.clinic import Clinic
from app.models.enums import AppointmentStatus, Role
from app.models.services import Service
from app.models.slot_holds import SlotHold
from app.models.users import User
from app.services.availability import visit_of
from app.services.policies import booking_rules, opening_schedule, provider_schedule

KEEPS_TIME = (AppointmentStatus.BOOKED, AppointmentStatus.COMPLETED)
VISIT_FIELDS = dict.fromkeys(
    "patient_id patient_name provider_id service_id service_name appointment_date ends_at busy_from busy_until status"
    " confirmation_status needs_review".split(),
    1,
)
MOST_IN_ONE_ANSWER = 20_000
"""More visits than two weeks of any clinic hold: they come in one answer of the database."""
ProviderId = PydanticObjectId | None


@dataclass(frozen=True, slots=True)
class OpenGap:
    """A free gap and the services, by id, that this provider performs and that fit into it."""

    gap: Gap
    services: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderDay:
    """One provider's day; `provider_id` is None for the clinic's own chair (D-04)."""

    provider_id: ProviderId
    name: str
    is_active: bool
    working: list[Interval]
    time_off: list[Interval]
    visits: list[Raw]
    holds: list[Raw]
    gaps: list[OpenGap]


@dataclass(frozen=True, slots=True, kw_only=True)
class DayView:
    """A clinic-local day; `span` is its first instant and the next day's."""

    on: date
    span: Interval
    is_holiday: bool
    providers: list[ProviderDay]


@dataclass(frozen=True, slots=True)
class ScheduleView:
    zone: ZoneInfo
    days: list[DayView]

    @property
    def patients(self) -> list[PydanticObjectId]:
        """Everybody whose visit is shown, each once."""
        shown = (visit["patient_id"] for day in self.days for one in day.providers for visit in one.visits)
        return list(dict.fromkeys(shown))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Column:
    """What is the same on every day for one provider, and everything of theirs in the span."""

    provider_id: ProviderId
    name: str
    is_active: bool
    schedule: Schedule
    performs: Mapping[str, Visit]
    visits: list[Raw] = field(default_factory=list)
    holds: list[Raw] = field(default_factory=list)

    @property
    def busy(self) -> list[Interval]:
        kept = [visit for visit in self.visits if visit["status"] in KEEPS_TIME]
        return [
            Interval(row.get("busy_from") or row["appointment_date"], row["busy_until"]) for row in kept + self.holds
        ]


async def of_days(ctx: Context, *, first: date | None, days: int, provider_id: ProviderId) -> ScheduleView:
    """`days` clinic-local days from `first` (today, unless named). Raises NotFoundError for an unknown provider.

    A provider is shown who is active, or who has a visit in these days.
    """
    clinic = await Clinic.load()
    rules = booking_rules(clinic)
    first = first or ctx.now().astimezone(rules.zone).date()
    on = [first + timedelta(days=offset) for offset in range(days)]
    span = Interval(day_span(on[0], rules.zone).start, day_span(on[-1], rules.zone).end)
    columns = await _columns(clinic, provider_id)
    await _fill(ctx, columns, span, provider_id)
    shown = [
        each for each in columns.values() if each.is_active or _beginning_in(each.visits, "appointment_date", span)
    ]
    return ScheduleView(rules.zone, [_day(ctx, day, rules, shown) for day in on])


async def _columns(clinic: Clinic, provider_id: ProviderId) -> dict[ProviderId, _Column]:
    """A column for everybody on the staff, whether they treat or not: a visit may stand with anybody."""
    services = {service.id: visit_of(service) for service in await Service.find_all().sort("_id").to_list()}
    staff = await User.find({} if provider_id is None else {"_id": provider_id}).sort("name", "_id").to_list()
    if provider_id is not None and not staff:
        raise NotFoundError("There is no provider with this id.")
    columns: dict[ProviderId, _Column] = {user.id: _column_of(user, services) for user in staff}
    if provider_id is None:
        nobody_treats = not any(user.is_active and user.services for user in staff)
        schedule = opening_schedule(clinic)
        columns[None] = _Column(
            provider_id=None, name=clinic.name, is_active=nobody_treats, schedule=schedule, performs=services
        )
    return columns


def _column_of(user: User, services: Mapping[str, Visit]) -> _Column:
    return _Column(
        provider_id=user.id,
        name=user.name,
        is_active=user.is_active and bool(user.services or user.role is Role.PROVIDER),
        schedule=provider_schedule(user),
        performs={name: visit for name, visit in services.items() if name in user.services},
    )


async def _fill(ctx: Context, columns: dict[ProviderId, _Column], span: Interval, provider_id: ProviderId) -> None:
    """Give every visit and hold of the span, and what runs into it, to whom it is with."""
    near = {"$gte": span.start - timedelta(days=1), "$lt": span.end + LONGEST_BUFFER}
    query: Raw = {"appointment_date": near} | ({"provider_id": provider_id} if provider_id else {})
    found = Appointment.collection().find(query, VISIT_FIELDS, batch_size=MOST_IN_ONE_ANSWER).sort("appointment_date")
    for visit in await found.to_list():
        held_by = visit.get("provider_id")
        columns.setdefault(held_by, _unknown(held_by)).visits.append(visit)
    for hold in await SlotHold.live_between(span.start, span.end, now=ctx.now()):
        if hold.get("provider_id") in columns:
            columns[hold.get("provider_id")].holds.append(hold)


def _unknown(provider_id: ProviderId) -> _Column:
    """Somebody who is not on the staff any more."""
    schedule = Schedule(weekly={}, overrides={}, time_off=())
    return _Column(provider_id=provider_id, name="", is_active=False, schedule=schedule, performs={})


def _day(ctx: Context, day: date, rules: BookingRules, columns: Iterable[_Column]) -> DayView:
    span = day_span(day, rules.zone)
    return DayView(
        on=day,
        span=span,
        is_holiday=day in rules.holidays,
        providers=[_provider_day(ctx, day, span, rules, column) for column in columns],
    )


def _provider_day(ctx: Context, day: date, span: Interval, rules: BookingRules, column: _Column) -> ProviderDay:
    working = working_intervals(column.schedule, rules, day) if column.is_active else []
    gaps = free_gaps(working, column.busy, after=ctx.now())
    return ProviderDay(
        provider_id=column.provider_id,
        name=column.name,
        is_active=column.is_active,
        working=working,
        time_off=list(_inside(column.schedule.time_off, span)),
        visits=_beginning_in(column.visits, "appointment_date", span),
        holds=_beginning_in(column.holds, "start", span),
        gaps=[OpenGap(gap, [name for name, visit in column.performs.items() if gap.fits(visit)]) for gap in gaps],
    )


def _beginning_in(rows: Iterable[Raw], instant: str, span: Interval) -> list[dict[str, Any]]:
    return [row for row in rows if span.start <= row[instant] < span.end]


def _inside(intervals: Iterable[Interval], span: Interval) -> Iterable[Interval]:
    """The parts that lie in the day, in order."""
    for each in sorted(intervals, key=lambda one: one.start):
        part = Interval(max(each.start, span.start), min(each.end, span.end))
        if part.start < part.end:
            yield part
