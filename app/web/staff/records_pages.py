"""/staff/settings/channels and /audit: how the ways to patients are doing, and who did what."""

from typing import Annotated

from beanie import PydanticObjectId
from fastapi import Query, Request, Response

from app.services import audit_log, channel_states, mailbox_health, staff
from app.services.audit_log import AuditFilter
from app.web.staff import audit_words
from app.web.staff.insight_view import CHANNELS
from app.web.staff.routing import Auditor, ContextDep, SignedIn, actor_of, staff_router
from app.web.staff.settings_frame import show_tab

router = staff_router("/settings")

ON_A_PAGE = 50
MOST_NAMED = 200
Word = Annotated[str, Query(max_length=64)]


@router.get("/channels")
async def channels_page(request: Request, user: SignedIn, ctx: ContextDep) -> Response:
    """Every role. Each channel, what stands in its way, and what to do about the mailbox."""
    channels, mailbox = await channel_states.health(ctx), await mailbox_health.report(ctx)
    return await show_tab(request, ctx, "channels", channels=channels, mailbox=mailbox, names=CHANNELS)


@router.get("/audit")
async def audit_page(
    request: Request,
    user: Auditor,
    ctx: ContextDep,
    patient: Word = "",
    actor: Word = "",
    action: Word = "",
    cursor: Word = "",
) -> Response:
    """Admin, manager. Newest first, by cursor; the read is itself written down."""
    wanted = AuditFilter(
        patient_id=PydanticObjectId(patient) if PydanticObjectId.is_valid(patient) else None,
        actor=actor.strip() or None,
        action=action.strip() or None,
    )
    found = await audit_log.read(ctx, wanted, skip=0, limit=ON_A_PAGE, cursor=cursor or None, actor=actor_of(user))
    filters = {"patient": patient, "actor": actor, "action": action}
    colleagues = (await staff.find(role=None, is_active=None, skip=0, limit=MOST_NAMED)).users
    return await show_tab(request, ctx, "audit", found=found, filters=filters, colleagues=colleagues, words=audit_words)
