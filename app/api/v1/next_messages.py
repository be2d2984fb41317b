"""What the agent would write next in a campaign (domain.md section 5: why did this patient get nothing?)."""

from fastapi import APIRouter

from app.agent import previews
from app.api.deps import ContextDep, FrontDesk, RecordId, actor_of
from app.api.v1.schemas.errors import refusals
from app.api.v1.schemas.next_messages import NextMessageAnswer

router = APIRouter(prefix="/admin/campaigns", tags=["campaigns"])


@router.get("/{campaign_id}/preview", summary="Look at the next message", responses=refusals(404))
async def preview_next_message(campaign_id: RecordId, user: FrontDesk, ctx: ContextDep) -> NextMessageAnswer:
    """Admin, manager, front desk. What leaves next, when, and why or why not; nothing is sent or kept.

    The link in the text is none that works. The look is written into the audit log. With a language provider the words
    cost its tokens and may differ when the message leaves: `is_final` says so.
    """
    return NextMessageAnswer.of(await previews.next_message(ctx, campaign_id, actor=actor_of(user)))
