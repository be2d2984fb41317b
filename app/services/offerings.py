"""The services that the clinic offers: storing one, and taking one away where nobody still needs it."""

from typing import Any

from pymongo.errors import DuplicateKeyError

from app.context import Context
from app.errors import ConflictError, NotFoundError
from app.models.appointments import Appointment
from app.models.enums import AppointmentStatus
from app.models.services import Service
from app.models.users import User
from app.services import audit, stranded_visits


class ServiceInUseError(ConflictError):
    """Booked visits still lie ahead for this service; `future_visits` says how many."""

    code = "SERVICE_IN_USE"


async def get(service_id: str) -> Service:
    """One service. Raises NotFoundError."""
    service = await Service.get(service_id)
    if service is None:
        raise NotFoundError("There is no service with this id.")
    return service


async def put(ctx: Context, service_id: str, *, fields: dict[str, Any], actor: str) -> Service:
    """Create or replace one service. Raises ConflictError when another one has the name."""
    service = Service(id=service_id, **fields)

    async def write() -> None:
        created = await Service.get(service_id) is None
        await service.save()
        details = {"created": created} | fields
        await audit.record(ctx, actor=actor, action="service.put", document=("service", service_id), details=details)

    try:
        await ctx.database.transaction(write)
    except DuplicateKeyError as error:
        raise ConflictError("Another service already has this name.") from error
    return service


async def delete(ctx: Context, service_id: str, *, actor: str) -> None:
    """Stop offering a service, and take it off the list of everybody who performs it.

    Past visits keep its name. Raises NotFoundError, or ServiceInUseError while booked visits lie ahead. A visit
    that was booked in the very moment of the deletion is flagged for review.
    """

    async def write() -> None:
        service = await get(service_id)
        await _refuse_while_booked(ctx, service_id)
        performed = await User.collection().update_many({"services": service_id}, {"$pull": {"services": service_id}})
        await service.delete()
        details = {"name": service.name, "providers": performed.modified_count}
        await audit.record(
            ctx, actor=actor, action="service.deleted", document=("service", service_id), details=details
        )

    await ctx.database.transaction(write)
    await stranded_visits.of_service(ctx, service_id, actor=actor)


async def _refuse_while_booked(ctx: Context, service_id: str) -> None:
    ahead = {
        "appointment_date": {"$gt": ctx.now()},
        "status": AppointmentStatus.BOOKED.value,
        "service_id": service_id,
    }
    if count := await Appointment.collection().count_documents(ahead):
        visits = "1 booked visit lies" if count == 1 else f"{count} booked visits lie"
        sentence = f"{visits} ahead for this service. Move or cancel them first, or hide the service from the public."
        raise ServiceInUseError(sentence, extra={"future_visits": count})
