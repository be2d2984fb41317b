"""/staff/schedule/book: booking by phone in three fields: who, what, when."""

import re
from typing import Annotated

from beanie import PydanticObjectId
from fastapi import Form, Query, Request, Response
from pydantic import ValidationError

from app.api.v1.schemas.appointments import StaffBookBody
from app.context import Context
from app.errors import ChairsideError, InvalidInputError, SlotTakenError
from app.models.base import Raw
from app.models.clinic import Clinic
from app.models.enums import ChannelType
from app.models.patients import Patient
from app.models.services import Service
from app.services import addresses, availability, desk_bookings, patient_directory, patients, providers
from app.services.desk_bookings import StaffBooking
from app.web.error_pages import text_fields
from app.web.staff.frame import show
from app.web.staff.routing import ContextDep, Desk, actor_of, staff_router

router = staff_router("/schedule/book")

MOST_PEOPLE = 6
FEWEST_LETTERS = 2
AN_ADDRESS = re.compile(r"\S+@\S+")
A_NUMBER = re.compile(r"\+?\(?\d[\d ()./-]{5,}\d")
Typed = Annotated[str, Query(max_length=254)]


@router.get("")
async def form(request: Request, user: Desk, ctx: ContextDep, when: Typed = "", provider: Typed = "") -> Response:
    """Admin, manager, front desk. The three fields; a click on a free time has filled the third."""
    return await _form(request, ctx, {"when": when, "provider": provider})


@router.get("/people")
async def people(request: Request, user: Desk, ctx: ContextDep, who: Typed = "") -> Response:
    """Admin, manager, front desk; the read is written down. The patients that the typed words may mean."""
    found = await _people(ctx, who, await Clinic.load())
    await patients.note_listed(ctx, [row["patient_id"] for row in found], actor=actor_of(user))
    return await show(request, ctx, "staff/schedule/people.html", people=found, who=who.strip())


async def _people(ctx: Context, who: str, clinic: Clinic) -> list[Raw]:
    if len(who.strip()) < FEWEST_LETTERS:
        return []
    wanted = patient_directory.Wanted(text=who.strip()[:64], region=clinic.region)
    return (await patient_directory.page(wanted, now=ctx.now(), limit=MOST_PEOPLE)).rows


@router.post("")
async def book(
    request: Request, user: Desk, ctx: ContextDep, patient: Annotated[PydanticObjectId | None, Form()] = None
) -> Response:
    """Admin, manager, front desk. Book; an unknown person becomes a patient with the visit, or not at all."""
    posted = await text_fields(request)
    clinic = await Clinic.load()
    try:
        wish = await _wish(posted, clinic, await patients.get(patient) if patient else None)
        visit = await desk_bookings.book(ctx, wish, actor=actor_of(user))
    except SlotTakenError as error:
        free = error.extra.get("alternatives", [])
        return await _form(request, ctx, posted, status=409, problem=error.detail, alternatives=free)
    except (InvalidInputError, ValidationError) as error:
        said = error.detail if isinstance(error, ChairsideError) else _sentence(error)
        return await _form(request, ctx, posted, status=422, problem=said)
    headers = {"HX-Trigger": "schedule-changed"}
    return await show(request, ctx, "staff/schedule/booked.html", headers=headers, visit=visit)


async def _wish(posted: dict[str, str], clinic: Clinic, known: Patient | None) -> StaffBooking:
    """Raises InvalidInputError or Pydantic's ValidationError."""
    service = await availability.service_named(posted.get("what", ""))
    name, email, phone = (known.name, known.email, known.phone) if known else _read_who(posted.get("who", ""))
    body = StaffBookBody.model_validate(
        {
            "name": name,
            "email": email,
            "phone": phone,
            "appointment_date": posted.get("when", ""),
            "duration_minutes": service.duration_minutes,
            "service_name": service.id,
            "notes": posted.get("notes", ""),
            "provider_id": posted.get("provider") or None,
        }
    )
    return StaffBooking(
        name=body.name,
        email=body.email,
        phone=addresses.phone_in_e164(body.phone, clinic),
        start=addresses.as_instant(body.appointment_date, clinic),
        duration_minutes=body.duration_minutes,
        service_name=body.service_name,
        preferred_channel=[ChannelType.EMAIL if body.email else ChannelType.SMS],
        provider_id=body.provider_id,
        notes=body.notes,
    )


def _read_who(who: str) -> tuple[str, str | None, str | None]:
    """`Dora Desk, 518 555 0142` or `Dora Desk dora@example.com`: a name and how to reach them.

    Raises InvalidInputError when either is missing.
    """
    email = AN_ADDRESS.search(who)
    without = who.replace(email[0], " ") if email else who
    phone = A_NUMBER.search(without)
    name = (without.replace(phone[0], " ") if phone else without).strip(" ,;.-<>")
    if not name or not (email or phone):
        raise InvalidInputError("Choose somebody of the list, or write a name and a phone number or an e-mail address.")
    return " ".join(name.split()), email[0].strip("<>,;") if email else None, phone[0] if phone else None


def _sentence(error: ValidationError) -> str:
    fields = {str(each["loc"][0]) for each in error.errors(include_input=False) if each["loc"]}
    if "appointment_date" in fields:
        return "Choose a day and a time."
    return "This name or address cannot be right. Look at it again."


async def _form(
    request: Request,
    ctx: Context,
    typed: dict[str, str],
    *,
    status: int = 200,
    problem: str = "",
    alternatives: list[dict[str, str]] | None = None,
) -> Response:
    services = await Service.find_all().sort("name").to_list()
    staff = await providers.listed(include_inactive=False)
    values = {"services": services, "staff": staff, "typed": typed, "problem": problem}
    return await show(
        request, ctx, "staff/schedule/book.html", status=status, headers=None, alternatives=alternatives or [], **values
    )
