"""/staff/presence/{id}: an open page says every 15 seconds which conversation is looked at, and when no more."""

from beanie import PydanticObjectId
from fastapi import Response

from app.services import presence
from app.web.staff.routing import ContextDep, SignedIn, staff_router

router = staff_router("/presence")


@router.post("/{campaign_id}", status_code=204)
async def beat(campaign_id: PydanticObjectId, user: SignedIn, ctx: ContextDep) -> Response:
    """Every role. This user looks at this conversation."""
    await presence.beat(ctx, campaign_id, user)
    return Response(status_code=204)


@router.post("/{campaign_id}/leave", status_code=204)
async def leave(campaign_id: PydanticObjectId, user: SignedIn) -> Response:
    """Every role. This user looks elsewhere."""
    await presence.leave(campaign_id, user)
    return Response(status_code=204)
