"""Single messages: reading a conversation, and writing down what happened elsewhere (api.md section 4)."""

from fastapi import APIRouter

from app.api.deps import ContextDep, FrontDesk, Reader, RecordId, actor_of
from app.api.idempotency import IdempotentRoute
from app.api.v1.schemas.errors import refusals
from app.api.v1.schemas.interactions import InteractionList, InteractionRow, NewInteractionAnswer, NewInteractionBody
from app.models.interactions import AiAnalysis, Interaction
from app.services import campaigns, conversations
from app.services.conversations import ManualEntry

router = APIRouter(prefix="/admin/interactions", tags=["interactions"], route_class=IdempotentRoute)


@router.get("/{campaign_id}", summary="The messages of a campaign", responses=refusals(404))
async def list_interactions(campaign_id: RecordId, user: Reader, ctx: ContextDep) -> InteractionList:
    """Every role; the read is written into the audit log. Oldest first; 404 for an unknown campaign."""
    campaign = await campaigns.read(ctx, campaign_id, actor=actor_of(user))
    return InteractionList(
        interactions=[InteractionRow.of(item) for item in await Interaction.of_campaign(campaign.id)]
    )


@router.post("", status_code=201, summary="Write down a message that happened elsewhere", responses=refusals(404))
async def create_interaction(body: NewInteractionBody, user: FrontDesk, ctx: ContextDep) -> NewInteractionAnswer:
    """Admin, manager, front desk. Nothing is sent and no status changes."""
    analysis = AiAnalysis(**body.ai_analysis.model_dump()) if body.ai_analysis else None
    entry = ManualEntry(
        campaign_id=body.campaign_id,
        direction=body.direction,
        content=body.content,
        analysis=analysis,
        channel=body.channel,
    )
    identifier = await conversations.record_manually(ctx, entry, actor=actor_of(user))
    return NewInteractionAnswer(interaction_id=str(identifier))
