"""What an answer would be on its channel, before it is sent (api.md section 4)."""

from fastapi import APIRouter

from app.api.deps import ContextDep, FrontDesk, RecordId, actor_of
from app.api.v1.schemas.errors import refusals
from app.api.v1.schemas.message_previews import PreviewAnswer, PreviewBody
from app.services import message_previews

router = APIRouter(prefix="/admin/campaigns", tags=["campaigns"])


@router.post("/{campaign_id}/respond/preview", summary="Look at an answer before sending it", responses=refusals(404))
async def preview_response(campaign_id: RecordId, body: PreviewBody, user: FrontDesk, ctx: ContextDep) -> PreviewAnswer:
    """Admin, manager, front desk. Nothing is sent or kept; the look is written into the audit log."""
    shown = await message_previews.preview(ctx, campaign_id, text=body.message, actor=actor_of(user))
    return PreviewAnswer.of(shown)
