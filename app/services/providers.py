"""Providers: staff who perform services, when they work, and the booked visits that a new schedule leaves behind."""

from dataclasses import dataclass
from typing import Any

from beanie import PydanticObjectId

from app.context import Context
from app.errors import InvalidInputError, NotFoundError
from app.models.clinic import Clinic
from app.models.enums import Role
from app.models.services import Service
from app.models.users import User, WorkSchedule
from app.services import audit, freed_slots, working_time
from app.services.policies import booking_rules, provider_schedule
from app.services.working_time import Timetable

VISITS_LOOKED_AT = 5_000


@dataclass(frozen=True, slots=True)
class Rescheduled:
    """A provider with the new schedule, and the booked visits that now stand outside it."""

    provider: User
    conflicts: list[dict[str, Any]]


async def listed(*, include_inactive: bool) -> list[User]:
    """Everybody with the role of a provider or with services that they perform, by name."""
    treats: dict[str, Any] = {"$or": [{"role": Role.PROVIDER}, {"services": {"$exists": True, "$ne": []}}]}
    if not include_inactive:
        treats["is_active"] = True
    return await User.find(treats).sort("name", "_id").to_list()


async def get(user_id: PydanticObjectId) -> User:
    """One staff account; whoever performs services is a provider, whatever the role (D-05). Raises NotFoundError."""
    user = await User.get(user_id)
    if user is None:
        raise NotFoundError("There is no user with this id.")
    return user


async def set_schedule(
    ctx: Context, user_id: PydanticObjectId, *, schedule: WorkSchedule, services: list[str], actor: str
) -> Rescheduled:
    """Write when a provider works and what they perform; visits that no longer fit stand, and are listed.

    Raises NotFoundError, or InvalidInputError for a service that does not exist.
    """

    async def write() -> Rescheduled:
        user = await get(user_id)
        await _refuse_unknown(services)
        before = provider_schedule(user)
        user.schedule, user.services = schedule, services
        await user.set({"schedule": schedule.model_dump(), "services": services})
        conflicts = await _conflicts(ctx, user)
        rules = booking_rules(await Clinic.load())
        await freed_slots.note_more_hours(ctx, user_id, before=before, after=provider_schedule(user), rules=rules)
        await audit.record(
            ctx,
            actor=actor,
            action="provider.schedule_set",
            document=("user", user_id),
            patients=list(dict.fromkeys(visit["patient_id"] for visit in conflicts)),
            details={"services": services, "conflicts": len(conflicts)},
        )
        return Rescheduled(user, conflicts)

    return await ctx.database.transaction(write)


async def _refuse_unknown(services: list[str]) -> None:
    known = {service.id for service in await Service.find({"_id": {"$in": services}}).to_list()}
    if unknown := [service for service in services if service not in known]:
        sentence = f"There is no such service: {', '.join(unknown)}."
        raise InvalidInputError(sentence, extra={"errors": [{"field": "body.services", "message": sentence}]})


async def _conflicts(ctx: Context, provider: User) -> list[dict[str, Any]]:
    visits = await working_time.visits_ahead(ctx.now(), limit=VISITS_LOOKED_AT, provider_id=provider.id)
    rules = booking_rules(await Clinic.load())
    return working_time.outside(Timetable({provider.id: provider_schedule(provider)}, rules), visits)
