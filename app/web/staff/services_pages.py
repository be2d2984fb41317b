"""/staff/settings/services: what the clinic offers."""

import re
from typing import Annotated, Any

from fastapi import Path, Request, Response

from app.api.v1.schemas.services import ServiceBody
from app.errors import ChairsideError, ConflictError, NotFoundError
from app.models.services import Service
from app.services import offerings
from app.web.error_pages import text_fields
from app.web.staff.forms import Filled, read
from app.web.staff.routing import ContextDep, Manager, SignedIn, actor_of, staff_router
from app.web.staff.settings_frame import show_tab

router = staff_router("/settings/services")

HOME = "/staff/settings/services"
FIELDS = ("name", "duration_minutes", "price", "buffer_before_minutes", "buffer_after_minutes")
NEW: dict[str, Any] = {
    "name": "",
    "duration_minutes": 30,
    "price": "",
    "buffer_before_minutes": 0,
    "buffer_after_minutes": 0,
    "is_public": True,
}
ServiceId = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]


@router.get("")
async def list_page(request: Request, user: SignedIn, ctx: ContextDep) -> Response:
    """Every role. Every service, also those that the booking site does not show."""
    services = await Service.find_all().sort("name").to_list()
    return await show_tab(request, ctx, "services", services=services)


@router.get("/new")
async def new_page(request: Request, user: Manager, ctx: ContextDep) -> Response:
    """Admin, manager. An empty form."""
    return await show_tab(request, ctx, "service", service=None, typed=NEW)


@router.post("/new")
async def create(request: Request, user: Manager, ctx: ContextDep) -> Response:
    """Admin, manager. A new service; its id is made of its name."""
    filled = _read(await text_fields(request))
    if filled.body is None:
        return await show_tab(request, ctx, "service_form", filled=filled, service=None, typed=filled.typed)
    service_id = _slug(filled.body.name)
    if await Service.get(service_id):
        raise ConflictError("There is a service of this name already.")
    await offerings.put(ctx, service_id, fields=filled.body.model_dump(), actor=actor_of(user))
    return Response(status_code=204, headers={"HX-Redirect": f"{HOME}?saved=1"})


@router.get("/{service_id}")
async def service_page(request: Request, service_id: ServiceId, user: Manager, ctx: ContextDep) -> Response:
    """Admin, manager. One service."""
    service = await offerings.get(service_id)
    return await show_tab(request, ctx, "service", service=service, typed=_typed(service))


@router.post("/{service_id}")
async def change(request: Request, service_id: ServiceId, user: Manager, ctx: ContextDep) -> Response:
    """Admin, manager. Visits that are booked keep their length."""
    service, filled = await offerings.get(service_id), _read(await text_fields(request))
    if filled.body is None:
        return await show_tab(request, ctx, "service_form", filled=filled, service=service, typed=filled.typed)
    await offerings.put(ctx, service_id, fields=filled.body.model_dump(), actor=actor_of(user))
    return Response(status_code=204, headers={"HX-Redirect": f"{HOME}?saved=1"})


@router.post("/{service_id}/delete")
async def delete(request: Request, service_id: ServiceId, user: Manager, ctx: ContextDep) -> Response:
    """Admin, manager. Stop offering it; refused while visits for it lie ahead. A second call changes nothing."""
    try:
        await offerings.delete(ctx, service_id, actor=actor_of(user))
    except NotFoundError:
        pass
    except ChairsideError as error:
        ahead = error.extra.get("future_visits")
        detail = f"{error.detail} {ahead} are booked." if ahead else error.detail
        raise ConflictError(detail) from error
    return Response(status_code=204, headers={"HX-Redirect": f"{HOME}?saved=1"})


def _read(posted: dict[str, str]) -> Filled[ServiceBody]:
    values: dict[str, Any] = {name: posted.get(name, "") for name in FIELDS}
    values["price"] = values["price"] or None
    values["is_public"] = "is_public" in posted
    return read(ServiceBody, values, typed=values | {"price": posted.get("price", "")})


def _typed(service: Service) -> dict[str, Any]:
    fields: dict[str, Any] = service.model_dump()
    return fields | {"price": "" if service.price is None else f"{service.price:g}"}


def _slug(name: str) -> str:
    """A word for addresses and scripts: `Teeth whitening` is `teeth_whitening`."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:64] or "service"
