"""/staff/handoffs: everybody who waits for a person, one open beside the list; take, answer, give back, close."""

from typing import Annotated, Any

from beanie import PydanticObjectId
from fastapi import Form, Query, Request, Response

from app.context import Context
from app.models.campaigns import Campaign
from app.models.clinic import Clinic
from app.models.users import User
from app.services import campaigns, handoffs, patients, presence, staff_replies
from app.services.handoff_lists import details_of, is_open
from app.services.staff_replies import Afterwards
from app.web.staff.conversation_pages import CHANGED, WORDS, Key, Seen, Text
from app.web.staff.conversation_parts import reply_box, standing, thread
from app.web.staff.frame import show
from app.web.staff.routing import ContextDep, Desk, SignedIn, actor_of, is_part, staff_router

router = staff_router("/handoffs")

MESSAGES_SHOWN = 6
DONE = {
    Afterwards.RELEASE: "The answer is on its way and the assistant goes on from here.",
    Afterwards.CLOSE: "The answer is on its way and the conversation is closed.",
}


@router.get("")
async def page(
    request: Request,
    user: SignedIn,
    ctx: ContextDep,
    opened: Annotated[PydanticObjectId | None, Query(alias="open")] = None,
) -> Response:
    """Every role; audited. The queue, with one handoff open beside it."""
    queue = await _queue(ctx, user)
    chosen = await _chosen(ctx, opened, user) if opened else {}
    return await show(request, ctx, "staff/handoffs/page.html", opened=opened, **(queue | chosen))


async def _queue(ctx: Context, user: User) -> dict[str, Any]:
    rows = await handoffs.waiting(ctx, actor=actor_of(user))
    lookers = await presence.others_at(ctx, [row.campaign_id for row in rows], user)
    return WORDS | {"rows": rows, "others": lookers}


@router.get("/list")
async def list_part(request: Request, user: SignedIn, ctx: ContextDep) -> Response:
    """Every role; audited. The queue alone, as it follows the events."""
    return await show(request, ctx, "staff/handoffs/list.html", **await _queue(ctx, user))


@router.get("/{campaign_id}")
async def detail_part(request: Request, campaign_id: PydanticObjectId, user: SignedIn, ctx: ContextDep) -> Response:
    """Every role; audited. One handoff beside the list; opened without the page's script, the page with it."""
    if not is_part(request):
        return await page(request, user, ctx, opened=campaign_id)
    return await show(request, ctx, "staff/handoffs/detail.html", **await _chosen(ctx, campaign_id, user))


async def _chosen(ctx: Context, campaign_id: PydanticObjectId, user: User) -> dict[str, Any]:
    """What the open handoff shows. Raises NotFoundError."""
    campaign = await campaigns.read(ctx, campaign_id, actor=actor_of(user))
    clinic, patient = await Clinic.load(), await patients.get(campaign.patient_id)
    details = details_of(campaign)
    return {
        "clinic": clinic,
        "patient": patient,
        "handoff": details,
        "waits": is_open(campaign),
        "thread": await thread(campaign, limit=MESSAGES_SHOWN),
        "box": await reply_box(ctx, campaign, patient, clinic, text=details.suggested_reply or ""),
        **await _state(ctx, campaign, user),
    }


async def _state(ctx: Context, campaign: Campaign, user: User) -> dict[str, Any]:
    return WORDS | await standing(ctx, campaign, user) | {"waits": is_open(campaign)}


@router.get("/{campaign_id}/state")
async def state_part(request: Request, campaign_id: PydanticObjectId, user: SignedIn, ctx: ContextDep) -> Response:
    """Every role. Who has it and who else looks."""
    return await _state_answer(request, ctx, await campaigns.get(campaign_id), user)


@router.get("/{campaign_id}/said")
async def said_part(request: Request, campaign_id: PydanticObjectId, user: SignedIn, ctx: ContextDep) -> Response:
    """Every role; audited. The newest messages, as they follow the events."""
    campaign = await campaigns.read(ctx, campaign_id, actor=actor_of(user))
    shown = await thread(campaign, limit=MESSAGES_SHOWN)
    return await show(request, ctx, "staff/handoffs/said.html", campaign=campaign, thread=shown, **WORDS)


@router.post("/{campaign_id}/claim")
async def claim(request: Request, campaign_id: PydanticObjectId, user: Desk, ctx: ContextDep) -> Response:
    """Admin, manager, front desk. Take it; 409 with the colleague's name who was first."""
    return await _state_answer(request, ctx, await handoffs.claim(ctx, campaign_id, by=user.id), user)


@router.post("/{campaign_id}/unclaim")
async def unclaim(request: Request, campaign_id: PydanticObjectId, user: Desk, ctx: ContextDep) -> Response:
    """Admin, manager, front desk. Leave it for somebody else."""
    return await _state_answer(request, ctx, await handoffs.unclaim(ctx, campaign_id, by=user.id), user)


async def _state_answer(request: Request, ctx: Context, campaign: Campaign, user: User) -> Response:
    headers = CHANGED if request.method == "POST" else None
    return await show(request, ctx, "staff/handoffs/state.html", headers=headers, **await _state(ctx, campaign, user))


@router.post("/{campaign_id}/release")
async def release(request: Request, campaign_id: PydanticObjectId, user: Desk, ctx: ContextDep) -> Response:
    """Admin, manager, front desk. Nothing is sent: the assistant goes on."""
    await handoffs.release_to_agent(ctx, campaign_id, by=user.id)
    return await _done(request, ctx, user, campaign_id, "The assistant has the conversation again.")


@router.post("/{campaign_id}/close")
async def close(request: Request, campaign_id: PydanticObjectId, user: Desk, ctx: ContextDep) -> Response:
    """Admin, manager, front desk. Nothing is sent: it was dealt with, e.g. by phone."""
    await handoffs.close(ctx, campaign_id, by=user.id)
    return await _done(request, ctx, user, campaign_id, "Closed: it was dealt with.")


@router.post("/{campaign_id}/reply")
async def reply(
    request: Request,
    campaign_id: PydanticObjectId,
    user: Desk,
    ctx: ContextDep,
    key: Key,
    afterwards: Annotated[Afterwards, Form()],
    text: Text = "",
    seen: Seen = None,
) -> Response:
    """Admin, manager, front desk. Sends the answer once for each `key`, then keeps, gives back or closes.

    409 when the patient or a colleague wrote what the page did not show yet.
    """
    await staff_replies.send(ctx, campaign_id, text=text, key=key, afterwards=afterwards, by=user, seen=seen)
    if afterwards in DONE:
        return await _done(request, ctx, user, campaign_id, DONE[afterwards])
    campaign, clinic = await campaigns.get(campaign_id), await Clinic.load()
    box = await reply_box(ctx, campaign, await patients.get(campaign.patient_id), clinic)
    return await show(
        request, ctx, "staff/handoffs/sent.html", headers=CHANGED, clinic=clinic, box=box, campaign=campaign, **WORDS
    )


async def _done(request: Request, ctx: Context, user: User, campaign_id: PydanticObjectId, sentence: str) -> Response:
    """In place of the handoff: what was done, and who waits next."""
    waiting = [row for row in await handoffs.waiting(ctx, actor=actor_of(user)) if row.campaign_id != campaign_id]
    free = [row for row in waiting if row.details.assigned_to in (None, user.id)]
    return await show(
        request,
        ctx,
        "staff/handoffs/done.html",
        headers=CHANGED | {"HX-Retarget": "#handoff", "HX-Reswap": "innerHTML"},
        sentence=sentence,
        campaign_id=campaign_id,
        next=free[0] if free else None,
        left=len(waiting),
    )
