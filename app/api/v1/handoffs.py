"""Handoffs for staff: see who waits for a person, take one, leave it, give it back to the agent, close it."""

from fastapi import APIRouter

from app.api.deps import ContextDep, FrontDesk, Reader, RecordId, actor_of
from app.api.idempotency import IdempotentRoute
from app.api.v1.schemas.campaigns import CampaignDetails
from app.api.v1.schemas.errors import refusals
from app.api.v1.schemas.handoffs import CloseBody, HandoffList, HandoffRow
from app.services import handoffs

router = APIRouter(prefix="/admin", tags=["campaigns"], route_class=IdempotentRoute)


@router.get("/handoffs", summary="Who waits for a person")
async def list_handoffs(user: Reader, ctx: ContextDep) -> HandoffList:
    """Every role; the read is written into the audit log. At most 500, the most pressing first."""
    rows = await handoffs.waiting(ctx, actor=actor_of(user))
    return HandoffList(handoffs=[HandoffRow.of(row) for row in rows])


@router.post("/campaigns/{campaign_id}/claim", summary="Take a conversation", responses=refusals(404, 409))
async def claim(campaign_id: RecordId, user: FrontDesk, ctx: ContextDep) -> CampaignDetails:
    """Admin, manager, front desk. 409 `HANDOFF_TAKEN` says which colleague has it; again by the same user: 200.

    A conversation that the agent leads (`RE_ENGAGED`) is taken from it: nothing that it wrote leaves any more.
    """
    return CampaignDetails.of(await handoffs.claim(ctx, campaign_id, by=user.id))


@router.delete("/campaigns/{campaign_id}/claim", summary="Leave a conversation to others", responses=refusals(404, 409))
async def unclaim(campaign_id: RecordId, user: FrontDesk, ctx: ContextDep) -> CampaignDetails:
    """Admin, manager, front desk. It waits for a person again; anybody may free what an absent colleague holds."""
    return CampaignDetails.of(await handoffs.unclaim(ctx, campaign_id, by=user.id))


@router.post(
    "/campaigns/{campaign_id}/release", summary="Give a conversation to the agent", responses=refusals(404, 409)
)
async def release(campaign_id: RecordId, user: FrontDesk, ctx: ContextDep) -> CampaignDetails:
    """Admin, manager, front desk. `RE_ENGAGED`; the agent reads what came meanwhile and nobody answered."""
    return CampaignDetails.of(await handoffs.release_to_agent(ctx, campaign_id, by=user.id))


@router.post("/campaigns/{campaign_id}/close", summary="Close a handoff", responses=refusals(404, 409))
async def close(campaign_id: RecordId, body: CloseBody, user: FrontDesk, ctx: ContextDep) -> CampaignDetails:
    """Admin, manager, front desk. It was dealt with: `MANUAL_FOLLOWUP_COMPLETE`.

    An emergency in a campaign of another status is settled, and the campaign keeps its status.
    """
    return CampaignDetails.of(await handoffs.close(ctx, campaign_id, by=user.id, reason=body.reason))
