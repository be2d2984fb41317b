"""Where a visitor of /book stands: what the address says so far, whose link it is, and what the clinic offers."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from urllib.parse import urlencode

from app.context import Context
from app.errors import InvalidInputError, NotFoundError
from app.models.clinic import Clinic
from app.models.patients import Patient
from app.models.services import Service
from app.services import addresses, availability, links, patients
from app.services.availability import Offer

_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}")
FIRST_YEAR, LAST_YEAR = 2000, 2200


@dataclass(frozen=True, slots=True)
class Wish:
    """The address's parameters; what cannot be read is None. `month` is its first day, `start` is aware UTC."""

    month: date | None
    day: date | None
    start: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Everything a page of the booking needs. `token` is set only when it is good, and then `patient` is its owner."""

    clinic: Clinic
    services: list[Service]
    offer: Offer | None
    wish: Wish
    patient: Patient | None
    token: str | None
    link_failed: bool


async def open_step(ctx: Context, given: Mapping[str, str]) -> Step:
    """Read the parameters of an address or a posted form; a bad link is left behind and remembered as failed."""
    clinic = await Clinic.load()
    services = await Service.offered_to_the_public()
    chosen = next((service for service in services if service.id == given.get("service")), None)
    token = given.get("t", "")
    patient = await _owner(ctx, token)
    return Step(
        clinic=clinic,
        services=services,
        offer=await availability.offer_for(chosen) if chosen else None,
        wish=read_wish(given, clinic),
        patient=patient,
        token=token if patient else None,
        link_failed=bool(token) and patient is None,
    )


async def _owner(ctx: Context, token: str) -> Patient | None:
    """Whose link this is; None for one that is unknown, expired or whose patient was erased."""
    link = await links.read_booking_link(ctx, token) if _TOKEN.fullmatch(token) else None
    try:
        return await patients.get(link.patient_id) if link else None
    except NotFoundError:
        return None


def read_wish(given: Mapping[str, str], clinic: Clinic) -> Wish:
    """`month=YYYY-MM`, `day=YYYY-MM-DD` and `time`, an ISO 8601 instant (clinic-local when it carries no offset)."""
    return Wish(
        month=_read_day(f"{given.get('month', '')}-01"),
        day=_read_day(given.get("day", "")),
        start=_read_instant(given.get("time", ""), clinic),
    )


def _read_day(text: str) -> date | None:
    try:
        day = datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - a calendar date has no zone
    except ValueError:
        return None
    return day if FIRST_YEAR <= day.year < LAST_YEAR else None


def _read_instant(text: str, clinic: Clinic) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
        return addresses.as_instant(moment, clinic) if FIRST_YEAR <= moment.year < LAST_YEAR else None
    except (ValueError, InvalidInputError):
        return None


def book_address(step: Step, **chosen: str | date | datetime) -> str:
    """The address of a step: the visitor's link and service, then what is chosen; an empty choice takes one back."""
    parts: dict[str, str] = {"t": step.token} if step.token else {}
    if step.offer:
        parts["service"] = step.offer.service.id
    parts |= {name: in_address(value) for name, value in chosen.items()}
    kept = {name: value for name, value in parts.items() if value}
    return f"/book?{urlencode(kept)}" if kept else "/book"


def in_address(value: str | date | datetime) -> str:
    """A choice as an address carries it."""
    return value if isinstance(value, str) else value.isoformat().replace("+00:00", "Z")
