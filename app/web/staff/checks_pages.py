"""/staff/insight/checks: what must always hold and whether it does, and why nothing is sent (trust.md section 5)."""

from contextlib import suppress

from fastapi import Request, Response

from app.context import Context
from app.jobs.registry import INVARIANTS, RECOVERY, run_by_hand
from app.models.recovery import FoundMessage, SendingState
from app.models.users import User
from app.services import alarms, audit, invariant_reports, sending_pause
from app.services.job_runs import JobRunningError
from app.services.permissions import Right, may
from app.services.sending_pause import DOCUMENT
from app.web.staff.frame import show
from app.web.staff.routing import Admin, ContextDep, Manager, SignedIn, actor_of, staff_router

router = staff_router("/insight/checks")

MOST_SHOWN = 50


@router.get("")
async def checks_page(request: Request, user: SignedIn, ctx: ContextDep) -> Response:
    """Every role. Why nothing leaves, if nothing does; and what the last check found, for those who may configure."""
    report, state = await invariant_reports.latest(), await SendingState.now()
    return await show(
        request,
        ctx,
        "staff/insight/checks.html",
        report=report,
        results=invariant_reports.results(report),
        state=state,
        reason=alarms.REASONS[state.paused_because] if state.paused_because else "",
        obstacles=await sending_pause.obstacles(state) if state.is_paused else [],
        found=await _unknown(ctx, state, user),
    )


async def _unknown(ctx: Context, state: SendingState, user: User) -> list[FoundMessage]:
    """The oldest messages that left before a restore and that belong to no row: a lost booking may be behind one."""
    if not state.found or not may(user.role, Right.CONFIGURE):
        return []
    found = await FoundMessage.unknown(limit=MOST_SHOWN)
    if found:
        await audit.record(ctx, actor=actor_of(user), action="sending.unknown_mail.listed", document=DOCUMENT)
    return found


@router.post("/run")
async def check_now(user: Manager, ctx: ContextDep) -> Response:
    """Admin, manager. Check everything now; the banner is gone when nothing is broken."""
    return await _run(ctx, INVARIANTS, by=actor_of(user))


@router.post("/reconcile")
async def reconcile(user: Admin, ctx: ContextDep) -> Response:
    """Admin. Read what the channels sent and what came in, now instead of within a minute."""
    return await _run(ctx, RECOVERY, by=actor_of(user))


@router.post("/resume")
async def resume(user: Admin, ctx: ContextDep) -> Response:
    """Admin. Messages leave again; refused while something was not read that may hold a stop."""
    await sending_pause.resume(ctx, by=actor_of(user))
    return _back()


async def _run(ctx: Context, job: str, *, by: str) -> Response:
    with suppress(JobRunningError):  # the other run does the same
        await run_by_hand(ctx, job, dry_run=False, by=by)
    return _back()


def _back() -> Response:
    return Response(status_code=204, headers={"HX-Redirect": alarms.CHECKS})
