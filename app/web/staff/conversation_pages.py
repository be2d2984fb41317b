"""/staff/campaigns/{id}: one conversation, answered from here, with the patient's card and every reason beside it."""

from typing import Annotated, Any

from beanie import PydanticObjectId
from fastapi import Form, Query, Request, Response

from app.context import Context
from app.errors import InvalidInputError
from app.models.appointments import Appointment
from app.models.campaigns import Campaign
from app.models.clinic import Clinic
from app.models.enums import CampaignStatus
from app.models.patients import Patient
from app.models.users import User
from app.services import campaigns, decisions, decisions_now, handoffs, notes, patients, staff_replies
from app.services.staff_replies import Afterwards
from app.web.staff import campaigns_words, conversation_view
from app.web.staff.conversation_parts import earlier, reply_box, size_of, standing, thread
from app.web.staff.frame import show
from app.web.staff.routing import ContextDep, Desk, SignedIn, actor_of, staff_router

router = staff_router("/campaigns")

PAST_VISITS = 6
DECISIONS_AT_ONCE = 15
WORDS: dict[str, Any] = {"words": campaigns_words, "view": conversation_view}
CHANGED = {"HX-Trigger": "live-own"}
"""The page's other parts read themselves anew."""
Text = Annotated[str, Form(max_length=200_000)]
Seen = Annotated[int | None, Form(ge=0, le=1_000_000)]
"""How many messages the page showed."""
Key = Annotated[str, Form(min_length=8, max_length=64, pattern=r"^[A-Za-z0-9-]+$")]


@router.get("/{campaign_id}")
async def page(request: Request, campaign_id: PydanticObjectId, user: SignedIn, ctx: ContextDep) -> Response:
    """Every role; the read is written into the audit log. The whole conversation on one page."""
    campaign = await campaigns.read(ctx, campaign_id, actor=actor_of(user))
    clinic, patient = await Clinic.load(), await patients.get(campaign.patient_id)
    return await show(
        request,
        ctx,
        "staff/conversation/page.html",
        clinic=clinic,
        thread=await thread(campaign),
        box=await reply_box(ctx, campaign, patient, clinic),
        patient=patient,
        visits=await _visits(ctx, patient),
        guardian=await patients.guardian_of(patient),
        **await _state(ctx, campaign, user),
    )


async def _state(ctx: Context, campaign: Campaign, user: User) -> dict[str, Any]:
    return WORDS | await standing(ctx, campaign, user) | {"moves": conversation_view.moves(campaign.status)}


async def _visits(ctx: Context, patient: Patient) -> dict[str, Any]:
    now = ctx.now()
    past = await Appointment.past_of(patient.id, now, limit=PAST_VISITS)
    return {"past": past, "next": await Appointment.future_of(patient.id, now)}


@router.get("/{campaign_id}/thread")
async def thread_part(
    request: Request,
    campaign_id: PydanticObjectId,
    user: SignedIn,
    ctx: ContextDep,
    since: PydanticObjectId | None = None,
) -> Response:
    """Every role; audited. The messages alone, as they follow the events: from `since` on, else the newest."""
    campaign = await campaigns.read(ctx, campaign_id, actor=actor_of(user))
    shown = await thread(campaign, since=since)
    return await show(request, ctx, "staff/conversation/newest.html", campaign=campaign, thread=shown, **WORDS)


@router.get("/{campaign_id}/earlier")
async def earlier_part(
    request: Request, campaign_id: PydanticObjectId, user: SignedIn, ctx: ContextDep, before: PydanticObjectId
) -> Response:
    """Every role; audited. One page of messages before this one, and the way to those before them."""
    campaign = await campaigns.read(ctx, campaign_id, actor=actor_of(user))
    shown = await earlier(campaign, before)
    return await show(request, ctx, "staff/conversation/earlier.html", campaign=campaign, thread=shown, **WORDS)


@router.get("/{campaign_id}/state")
async def state_part(request: Request, campaign_id: PydanticObjectId, user: SignedIn, ctx: ContextDep) -> Response:
    """Every role. Status, who has it, who else looks, and what may be done with it."""
    campaign = await campaigns.get(campaign_id)
    return await show(request, ctx, "staff/conversation/state.html", **await _state(ctx, campaign, user))


@router.get("/{campaign_id}/why")
async def why_part(
    request: Request,
    campaign_id: PydanticObjectId,
    user: SignedIn,
    ctx: ContextDep,
    cursor: Annotated[str | None, Query(max_length=128)] = None,
) -> Response:
    """Every role; audited. What would be decided now, and every decision to write or not to write."""
    campaign = await campaigns.get(campaign_id)
    patient = await patients.read(ctx, campaign.patient_id, actor=actor_of(user), part="decisions")
    found = await decisions.of_patient(patient.id, limit=DECISIONS_AT_ONCE, cursor=cursor)
    now_decided = None if cursor else await decisions_now.about(ctx, patient)
    return await show(
        request,
        ctx,
        "staff/conversation/why.html",
        campaign=campaign,
        decided=found.rows,
        next_cursor=found.next_cursor,
        at_once=now_decided,
        is_first=cursor is None,
    )


@router.post("/{campaign_id}/size")
async def size_part(
    request: Request, campaign_id: PydanticObjectId, user: Desk, ctx: ContextDep, text: Text = ""
) -> Response:
    """Admin, manager, front desk. How long the answer is on its channel; nothing is kept."""
    campaign = await campaigns.get(campaign_id)
    channel = campaign.channel.type
    return await show(
        request,
        ctx,
        "staff/conversation/size.html",
        size=size_of(channel, text.replace("\r\n", "\n").strip()),
        longest=staff_replies.longest_on(channel),
        characters=len(text.replace("\r\n", "\n").strip()),
    )


@router.post("/{campaign_id}/reply")
async def reply(
    request: Request,
    campaign_id: PydanticObjectId,
    user: Desk,
    ctx: ContextDep,
    key: Key,
    text: Text = "",
    seen: Seen = None,
) -> Response:
    """Admin, manager, front desk. Sends the answer once for each `key`; 409 when something unseen came meanwhile."""
    await staff_replies.send(ctx, campaign_id, text=text, key=key, afterwards=Afterwards.KEEP, by=user, seen=seen)
    campaign, clinic = await campaigns.get(campaign_id), await Clinic.load()
    box = await reply_box(ctx, campaign, await patients.get(campaign.patient_id), clinic)
    return await show(
        request,
        ctx,
        "staff/conversation/sent.html",
        headers=CHANGED,
        clinic=clinic,
        box=box,
        campaign=campaign,
        **WORDS,
    )


@router.post("/{campaign_id}/status")
async def move(
    request: Request,
    campaign_id: PydanticObjectId,
    user: Desk,
    ctx: ContextDep,
    target: Annotated[str, Form(max_length=40)],
) -> Response:
    """Admin, manager, front desk. A move of the table of transitions; 409 with what is possible for any other."""
    if target not in CampaignStatus.__members__:
        raise InvalidInputError("There is no such status.")
    return await _state_answer(request, ctx, await _move(ctx, campaign_id, CampaignStatus(target), user), user)


async def _move(ctx: Context, campaign_id: PydanticObjectId, target: CampaignStatus, user: User) -> Campaign:
    """Handoffs have moves of their own: who has it, and what the assistant reads when it comes back."""
    campaign = await campaigns.get(campaign_id)
    match campaign.status, target:
        case _, CampaignStatus.HANDOFF_REQUIRED:
            return await handoffs.claim(ctx, campaign_id, by=user.id)
        case CampaignStatus.HANDOFF_REQUIRED, CampaignStatus.RE_ENGAGED:
            return await handoffs.release_to_agent(ctx, campaign_id, by=user.id)
        case CampaignStatus.HANDOFF_REQUIRED, CampaignStatus.MANUAL_FOLLOWUP_COMPLETE:
            return await handoffs.close(ctx, campaign_id, by=user.id)
        case _:
            return await campaigns.change_status(ctx, campaign_id, target, actor=actor_of(user), reason=None)


@router.post("/{campaign_id}/claim")
async def claim(request: Request, campaign_id: PydanticObjectId, user: Desk, ctx: ContextDep) -> Response:
    """Admin, manager, front desk. Take the handoff; 409 with the colleague's name who was first."""
    return await _state_answer(request, ctx, await handoffs.claim(ctx, campaign_id, by=user.id), user)


@router.post("/{campaign_id}/unclaim")
async def unclaim(request: Request, campaign_id: PydanticObjectId, user: Desk, ctx: ContextDep) -> Response:
    """Admin, manager, front desk. Leave it for somebody else."""
    return await _state_answer(request, ctx, await handoffs.unclaim(ctx, campaign_id, by=user.id), user)


async def _state_answer(request: Request, ctx: Context, campaign: Campaign, user: User) -> Response:
    state = await _state(ctx, campaign, user)
    return await show(request, ctx, "staff/conversation/state.html", headers=CHANGED, **state)


@router.post("/{campaign_id}/notes")
async def add_note(
    request: Request, campaign_id: PydanticObjectId, user: Desk, ctx: ContextDep, text: Text = ""
) -> Response:
    """Admin, manager, front desk. A note for colleagues; the patient never sees it."""
    await notes.add(ctx, campaign_id, text=text, author=user)
    return await show(
        request,
        ctx,
        "staff/conversation/note_form.html",
        headers=CHANGED,
        campaign=await campaigns.get(campaign_id),
        is_added=True,
    )
