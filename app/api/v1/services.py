"""The services that the clinic offers (api.md section 4)."""

from typing import Annotated

from fastapi import APIRouter, Path

from app.api.deps import ContextDep, Manager, Reader, actor_of
from app.api.v1.schemas.errors import refusals
from app.api.v1.schemas.services import ServiceAnswer, ServiceBody, ServiceListAnswer
from app.models.services import Service
from app.services import offerings

router = APIRouter(prefix="/admin/services", tags=["services"])

ServiceId = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$", description="A word such as `teeth_whitening`")]


@router.get("", summary="List the services")
async def list_services(_: Reader) -> ServiceListAnswer:
    """Every role. All of them by name, also those that the booking site does not show."""
    services = await Service.find_all().sort("name").to_list()
    return ServiceListAnswer(services=[_answer(service) for service in services])


@router.get("/{service_id}", summary="One service", responses=refusals(404))
async def get_service(service_id: ServiceId, _: Reader) -> ServiceAnswer:
    """Every role. The service as it is offered now."""
    return _answer(await offerings.get(service_id))


@router.put("/{service_id}", summary="Create or replace a service", responses=refusals(409))
async def put_service(service_id: ServiceId, body: ServiceBody, user: Manager, ctx: ContextDep) -> ServiceAnswer:
    """Admin, manager. Visits that are booked keep their length; 409 when another service has this name."""
    return _answer(await offerings.put(ctx, service_id, fields=body.model_dump(), actor=actor_of(user)))


@router.delete("/{service_id}", status_code=204, summary="Stop offering a service", responses=refusals(404, 409))
async def delete_service(service_id: ServiceId, user: Manager, ctx: ContextDep) -> None:
    """Admin, manager. Providers no longer perform it; past visits keep its name.

    409 with `future_visits` while visits for it are booked ahead: move or cancel them first.
    """
    await offerings.delete(ctx, service_id, actor=actor_of(user))


def _answer(service: Service) -> ServiceAnswer:
    return ServiceAnswer.model_validate(service.model_dump() | {"service_id": service.id})
