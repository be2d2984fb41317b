"""The services that the clinic offers."""

from typing import Any

from pymongo.errors import DuplicateKeyError

from app.context import Context
from app.errors import ConflictError
from app.models.services import Service
from app.services import audit


async def put(ctx: Context, service_id: str, *, fields: dict[str, Any], actor: str) -> Service:
    """Create or replace one service. Raises ConflictError when another one has the name."""
    service = Service(id=service_id, **fields)

    async def write() -> None:
        await service.save()
        await audit.record(ctx, actor=actor, action="service.put", document=("service", service_id))

    try:
        await ctx.database.transaction(write)
    except DuplicateKeyError as error:
        raise ConflictError("Another service already has this name.") from error
    return service
