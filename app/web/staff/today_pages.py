"""/staff: what waits, who wrote, who comes, what the assistant did overnight and what goes out today."""

import asyncio
from typing import Any

from beanie import PydanticObjectId
from fastapi import Request, Response

from app.context import Context
from app.models.clinic import Clinic
from app.models.users import User
from app.services import audit, going_out, handoffs, last_looks, overnight, stats, today
from app.web.staff import campaigns_words, conversation_view, today_view
from app.web.staff.frame import show
from app.web.staff.routing import ContextDep, SignedIn, actor_of, staff_router

router = staff_router()

HANDOFFS_SHOWN = 6
WORDS: dict[str, Any] = {"words": campaigns_words, "view": conversation_view, "marks": today_view}


@router.get("")
async def page(request: Request, user: SignedIn, ctx: ContextDep) -> Response:
    """Every role; everybody shown is written into the audit log."""
    clinic, now = await Clinic.load(), ctx.now()
    since = await last_looks.look(ctx, user.id)
    waiting, replies, visits, night, out, numbers = await asyncio.gather(
        handoffs.waiting(ctx),
        today.replies_since(since),
        today.visits_on(clinic, now),
        overnight.since_closing(ctx, clinic),
        going_out.today(clinic, now),
        stats.dashboard(ctx),
    )
    deeds = (night.sent, night.answered, night.booked, night.handed_over)
    shown = [
        *(row.patient_id for row in (*waiting[:HANDOFFS_SHOWN], *replies, *visits, *out.rows)),
        *(deed.patient_id for each in deeds for deed in each.newest),
    ]
    await _note(ctx, user, shown)
    return await show(
        request,
        ctx,
        "staff/today/page.html",
        clinic=clinic,
        waiting=waiting,
        most=HANDOFFS_SHOWN,
        replies=replies,
        since=since,
        visits=visits,
        night=night,
        out=out,
        figures=today_view.figures(numbers["trend"]),
        kpis=numbers["kpis"],
        **WORDS,
    )


async def _note(ctx: Context, user: User, shown: list[PydanticObjectId]) -> None:
    if shown:
        await audit.record(ctx, actor=actor_of(user), action="today.listed", document=("today", "list"), patients=shown)


@router.get("/today/handoffs")
async def handoffs_part(request: Request, user: SignedIn, ctx: ContextDep) -> Response:
    """Every role; audited. Who waits for a person."""
    waiting = await handoffs.waiting(ctx)
    await _note(ctx, user, [row.patient_id for row in waiting[:HANDOFFS_SHOWN]])
    return await show(request, ctx, "staff/today/handoffs.html", waiting=waiting, most=HANDOFFS_SHOWN, **WORDS)


@router.get("/today/replies")
async def replies_part(request: Request, user: SignedIn, ctx: ContextDep) -> Response:
    """Every role; audited. Who wrote since this user last looked."""
    return await _replies(request, ctx, user)


@router.post("/today/seen")
async def seen(request: Request, user: SignedIn, ctx: ContextDep) -> Response:
    """Every role. Nothing up to now is new to this user any more; for their own eyes only."""
    await last_looks.mark_seen(ctx, user.id)
    return await _replies(request, ctx, user)


async def _replies(request: Request, ctx: Context, user: User) -> Response:
    since = await last_looks.since(ctx, user.id)
    replies = await today.replies_since(since)
    await _note(ctx, user, [row.patient_id for row in replies])
    return await show(request, ctx, "staff/today/replies.html", replies=replies, since=since, **WORDS)


@router.get("/today/visits")
async def visits_part(request: Request, user: SignedIn, ctx: ContextDep) -> Response:
    """Every role; audited. Who comes today."""
    clinic = await Clinic.load()
    visits = await today.visits_on(clinic, ctx.now())
    await _note(ctx, user, [row.patient_id for row in visits])
    return await show(request, ctx, "staff/today/visits.html", clinic=clinic, visits=visits, **WORDS)
