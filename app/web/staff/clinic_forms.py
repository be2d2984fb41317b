"""The clinic's facts and policies as their forms show and read them: one form, one part of the `ClinicBody`."""

from collections.abc import Callable, Mapping
from typing import Any

from app.api.v1.schemas.clinic import ClinicBody
from app.models.clinic import Clinic
from app.web.staff.forms import Filled, as_periods, lines_of, periods_of, read

DAYS = {
    "mon": "Monday",
    "tue": "Tuesday",
    "wed": "Wednesday",
    "thu": "Thursday",
    "fri": "Friday",
    "sat": "Saturday",
    "sun": "Sunday",
}
Posted = Mapping[str, str]
Chosen = list[str]

FACTS = ("name", "time_zone", "region")
MAY_BE_EMPTY = ("phone", "emergency_phone", "address", "tone")
OUTREACH_NUMBERS = (
    "max_attempts",
    "cool_down_days",
    "max_recovery_campaigns",
    "max_per_day",
    "max_per_week",
    "nudge_after_days",
)
OUTREACH_TIMES = ("send_from", "send_until", "daily_run_at")
BOOKING_NUMBERS = (
    "min_notice_minutes",
    "max_horizon_days",
    "grid_minutes",
    "waitlist_batch",
    "waitlist_offer_minutes",
)


def facts_typed(clinic: Clinic) -> dict[str, Any]:
    """What the form of the facts shows of a stored clinic."""
    named = {name: getattr(clinic, name) for name in (*FACTS, *MAY_BE_EMPTY)}
    return named | {"languages": ", ".join(clinic.languages), "accent": clinic.branding.accent}


def read_facts(posted: Posted, _: Chosen) -> Filled[ClinicBody]:
    """Name, numbers, address, zone, languages, tone and colour."""
    values: dict[str, Any] = {name: posted.get(name, "") for name in FACTS}
    values |= {name: posted.get(name, "") or None for name in MAY_BE_EMPTY}
    values |= {"languages": lines_of(posted.get("languages", "")), "branding": {"accent": posted.get("accent", "")}}
    return read(ClinicBody, values, typed=posted)


def hours_typed(clinic: Clinic) -> dict[str, Any]:
    """What the form of the hours shows of a stored clinic."""
    hours = {f"hours_{day}": as_periods(clinic.opening_hours.get(day, [])) for day in DAYS}
    return hours | {"holidays": "\n".join(day.isoformat() for day in sorted(clinic.holidays))}


def read_hours(posted: Posted, _: Chosen) -> Filled[ClinicBody]:
    """Opening hours by day, and the holidays."""
    weekly = {day: periods for day in DAYS if (periods := periods_of(posted.get(f"hours_{day}", "")))}
    values = {"opening_hours": weekly, "holidays": lines_of(posted.get("holidays", ""))}
    return read(ClinicBody, values | _from_day(posted), typed=posted)


def outreach_typed(clinic: Clinic) -> dict[str, Any]:
    """What the form of the outreach policy shows of a stored clinic."""
    policy = clinic.outreach.model_dump()
    return policy | {"spacing_days": ", ".join(str(days) for days in policy["spacing_days"])}


def read_outreach(posted: Posted, send_days: Chosen) -> Filled[ClinicBody]:
    """How often, when, and how long patients are written to."""
    policy: dict[str, Any] = {name: posted.get(name, "") for name in (*OUTREACH_NUMBERS, *OUTREACH_TIMES)}
    policy |= {"spacing_days": lines_of(posted.get("spacing_days", "")), "send_days": send_days}
    typed = {**posted, "send_days": send_days}
    return read(ClinicBody, {"outreach": policy} | _from_day(posted), typed=typed)


def booking_typed(clinic: Clinic) -> dict[str, Any]:
    """What the form of the booking policy shows of a stored clinic."""
    policy = clinic.booking.model_dump()
    return policy | {"reminders": ", ".join(policy["reminders"])}


def read_booking(posted: Posted, _: Chosen) -> Filled[ClinicBody]:
    """What may be booked, when patients are reminded, and how freed times are offered."""
    policy: dict[str, Any] = {name: posted.get(name, "") for name in BOOKING_NUMBERS}
    policy["reminders"] = lines_of(posted.get("reminders", ""))
    return read(ClinicBody, {"booking": policy} | _from_day(posted), typed=posted)


def _from_day(posted: Posted) -> dict[str, str]:
    day = posted.get("effective_from", "")
    return {"effective_from": day} if day else {}


Typed = Callable[[Clinic], dict[str, Any]]
Reading = Callable[[Posted, Chosen], Filled[ClinicBody]]

FORMS: dict[str, tuple[Typed, Reading]] = {
    "clinic": (facts_typed, read_facts),
    "hours": (hours_typed, read_hours),
    "outreach": (outreach_typed, read_outreach),
    "booking": (booking_typed, read_booking),
}
