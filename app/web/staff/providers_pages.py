"""/staff/settings/providers: who performs what, and when they work."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from beanie import PydanticObjectId
from fastapi import Request, Response

from app.api.v1.schemas.providers import ScheduleBody
from app.models.clinic import Clinic
from app.models.services import Service
from app.models.users import DateOverride, TimeOff, User, WorkSchedule
from app.services import providers
from app.web.error_pages import text_fields
from app.web.staff.clinic_forms import DAYS
from app.web.staff.forms import Filled, as_periods, lines_of, periods_of, read
from app.web.staff.routing import ContextDep, Manager, SignedIn, actor_of, staff_router
from app.web.staff.settings_frame import show_tab

router = staff_router("/settings/providers")


@router.get("")
async def list_page(request: Request, user: SignedIn, ctx: ContextDep) -> Response:
    """Every role. Everybody who treats patients, with what they perform."""
    names = {service.id: service.name for service in await Service.find_all().to_list()}
    found = await providers.listed(include_inactive=True)
    return await show_tab(request, ctx, "providers", providers=found, names=names)


@router.get("/{user_id}")
async def provider_page(request: Request, user_id: PydanticObjectId, user: Manager, ctx: ContextDep) -> Response:
    """Admin, manager. One provider's services and working time."""
    provider, clinic = await providers.get(user_id), await Clinic.load()
    typed = _typed(provider, clinic.zone)
    return await show_tab(request, ctx, "provider", **await _shown(provider), typed=typed, conflicts=None)


@router.post("/{user_id}")
async def change(request: Request, user_id: PydanticObjectId, user: Manager, ctx: ContextDep) -> Response:
    """Admin, manager. Set services and working time; booked visits stay, and those outside it are listed."""
    clinic, provider = await Clinic.load(), await providers.get(user_id)
    posted = dict(await text_fields(request))
    services = [str(each) for each in (await request.form()).getlist("services")]
    filled = _read(posted, services, clinic.zone)
    values = await _shown(provider) | {"typed": filled.typed, "conflicts": None}
    if filled.body is None:
        return await show_tab(request, ctx, "provider_form", filled=filled, **values)
    done = await providers.set_schedule(
        ctx, user_id, schedule=_schedule(filled.body), services=filled.body.services, actor=actor_of(user)
    )
    values |= await _shown(done.provider) | {"conflicts": done.conflicts, "typed": _typed(done.provider, clinic.zone)}
    return await show_tab(request, ctx, "provider_form", **values)


async def _shown(provider: User) -> dict[str, Any]:
    return {"provider": provider, "offered": await Service.find_all().sort("name").to_list(), "days": DAYS}


def _typed(provider: User, zone: ZoneInfo) -> dict[str, Any]:
    schedule = provider.schedule
    hours = {f"hours_{day}": as_periods(schedule.weekly.get(day, [])) for day in DAYS}
    overrides = [f"{each.date.isoformat()} {as_periods(each.periods) or 'closed'}" for each in schedule.overrides]
    away = [f"{_day(each.start, zone)} to {_last_day(each.end, zone)}" for each in schedule.time_off]
    return hours | {"overrides": "\n".join(overrides), "time_off": "\n".join(away), "services": provider.services}


def _day(instant: datetime, zone: ZoneInfo) -> str:
    """A day that begins here, or with the time where it does not."""
    local = instant.astimezone(zone)
    return f"{local:%Y-%m-%d %H:%M}" if local.hour or local.minute else local.date().isoformat()


def _last_day(end: datetime, zone: ZoneInfo) -> str:
    """The day that ends here; typed days are whole ones, the last one too."""
    local = end.astimezone(zone)
    return _day(end, zone) if local.hour or local.minute else (local.date() - timedelta(days=1)).isoformat()


def _read(posted: dict[str, str], services: list[str], zone: ZoneInfo) -> Filled[ScheduleBody]:
    typed = {**posted, "services": services}
    weekly = {day: periods for day in DAYS if (periods := periods_of(posted.get(f"hours_{day}", "")))}
    try:
        away = [_time_off(line, zone) for line in posted.get("time_off", "").splitlines() if line.strip()]
    except ValueError:
        problem = "Write each on a line of its own, as 2026-12-21 to 2026-12-31."
        return Filled(typed, None, {"time_off": problem})
    values = {
        "weekly": weekly,
        "overrides": [_override(line) for line in posted.get("overrides", "").splitlines() if line.strip()],
        "time_off": away,
        "services": services,
    }
    return read(ScheduleBody, values, typed=typed)


def _override(line: str) -> dict[str, Any]:
    """`2026-12-24 10:00-14:00`, or `2026-12-31 closed`."""
    day, _, hours = line.strip().partition(" ")
    return {"date": day, "periods": [] if hours.strip().lower() in ("", "closed") else periods_of(hours)}


def _time_off(line: str, zone: ZoneInfo) -> dict[str, str]:
    """`2026-12-21 to 2026-12-31` in whole days, or with times. Raises ValueError."""
    first, last = (lines_of(part)[0] for part in line.split(" to "))
    start, end = datetime.fromisoformat(first), datetime.fromisoformat(last)
    if len(last) == len("2026-12-31"):
        end += timedelta(days=1)
    if start.tzinfo or end.tzinfo:
        raise ValueError(line)
    return {
        name: moment.replace(tzinfo=zone).astimezone(UTC).isoformat() for name, moment in (("from", start), ("to", end))
    }


def _schedule(body: ScheduleBody) -> WorkSchedule:
    return WorkSchedule(
        weekly={str(day): periods for day, periods in body.weekly.items()},
        overrides=[DateOverride(date=each.date, periods=each.periods) for each in body.overrides],
        time_off=[TimeOff(start=each.from_, end=each.to) for each in body.time_off],
    )
