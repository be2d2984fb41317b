"""Which booked visits stand outside working time: asked before hours change, and of every new schedule.

A schedule decides what may be booked; it never moves a visit that is booked already (domain.md section 7).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from beanie import PydanticObjectId

from app.domain.schedules import BookingRules, Interval, Schedule, working_intervals
from app.models.appointments import Appointment
from app.models.clinic import Clinic
from app.models.enums import AppointmentStatus
from app.models.users import User
from app.services.policies import booking_rules, opening_schedule, provider_schedule

Raw = dict[str, Any]
VISIT_FIELDS = dict.fromkeys(
    ("patient_id", "patient_name", "appointment_date", "ends_at", "service_name", "provider_id"), 1
)


@dataclass(frozen=True, slots=True)
class Timetable:
    """Everybody's working time under one set of rules; each day of each of them is worked out once."""

    schedules: Mapping[PydanticObjectId | None, Schedule]
    rules: BookingRules
    _days: dict[tuple[PydanticObjectId | None, date], list[Interval]] = field(default_factory=dict)

    def holds(self, visit: Raw) -> bool:
        """True when the whole visit lies in working time; an unknown provider works never."""
        start, end = visit["appointment_date"], visit["ends_at"]
        day = start.astimezone(self.rules.zone).date()
        return any(
            worked.start <= start and end <= worked.end for worked in self._worked(visit.get("provider_id"), day)
        )

    def _worked(self, provider_id: PydanticObjectId | None, day: date) -> list[Interval]:
        key = (provider_id, day)
        if key not in self._days:
            schedule = self.schedules.get(provider_id)
            self._days[key] = working_intervals(schedule, self.rules, day) if schedule else []
        return self._days[key]


async def timetable_of(clinic: Clinic) -> Timetable:
    """The working time of every provider, and of the clinic's own chair, by the clinic's facts as given."""
    staff = await User.find({}).to_list()
    schedules: dict[PydanticObjectId | None, Schedule] = {user.id: provider_schedule(user) for user in staff}
    return Timetable(schedules | {None: opening_schedule(clinic)}, booking_rules(clinic))


async def visits_ahead(after: datetime, *, limit: int, provider_id: PydanticObjectId | None = None) -> list[Raw]:
    """The next booked visits after an instant, soonest first, at most `limit` of them, of one provider or of all."""
    query: Raw = {"appointment_date": {"$gt": after}, "status": AppointmentStatus.BOOKED.value}
    if provider_id:
        query["provider_id"] = provider_id
    return await Appointment.collection().find(query, VISIT_FIELDS).sort("appointment_date").limit(limit).to_list()


def outside(timetable: Timetable, visits: Iterable[Raw]) -> list[Raw]:
    """The visits that do not lie in working time, in the order given."""
    return [visit for visit in visits if not timetable.holds(visit)]
