"""Whether anything may leave: sending is paused until what left before a restore is known (trust.md fault 23).

`look` is asked before the outbox is worked; app/services/restored.py knows the signs of a restored database.
"""

from datetime import datetime, timedelta

from app.channels.base import ChannelError
from app.context import Context
from app.errors import ConflictError
from app.logging import get_logger
from app.models.enums import InboxState, PauseReason
from app.models.inbox import InboundEvent
from app.models.recovery import SendingState
from app.services import audit, restored

log = get_logger(__name__)

MARGIN = timedelta(minutes=10)
"""Read again before the last known moment: clocks differ, and a copy takes its time to be made."""
LOST_IF_UNKNOWN, MOST_LOST = timedelta(days=14), timedelta(days=90)
"""How far back is read when nobody knows how old the copy is, and at most."""
DOCUMENT = ("sending", "sending")


async def look(ctx: Context) -> SendingState:
    """The state as it is now, after a look at the database every few seconds.

    While the mailbox is away that could tell, `ctx.remembered.is_mail_unjudged`: then no mail may leave.
    """
    if restored.is_look_due(ctx):
        try:
            await _judge(ctx)
        except ChannelError as error:
            ctx.remembered.looked_at, ctx.remembered.is_mail_unjudged = ctx.now(), True
            log.warning("sending.cannot_be_judged", reason=str(error))
    return await SendingState.now()


async def _judge(ctx: Context) -> None:
    wrote_before = ctx.remembered.seen_at  # asked first: while the database answers, another worker may stamp it
    identity = await restored.known()
    if reason := await restored.sign(ctx, identity, wrote_before):
        await pause(ctx, reason, since=identity.seen_at if identity else None, by=audit.SYSTEM)
    await restored.stamp(ctx)


async def pause(ctx: Context, reason: PauseReason, *, since: datetime | None, by: str) -> SendingState:
    """Nothing more leaves. `since` is the last moment that the database knows of; None means that nobody can say.

    Paused twice, it is the earlier moment that counts, and everything is read again.
    """
    state = await SendingState.now()
    lost_since = min(since, ctx.now()) - MARGIN if since else ctx.now() - LOST_IF_UNKNOWN
    if state.is_paused and state.lost_since:
        lost_since = min(lost_since, state.lost_since)
    lost_since = max(lost_since, ctx.now() - MOST_LOST)

    async def write() -> None:
        await SendingState.note(
            paused_because=reason,
            paused_at=ctx.now(),
            lost_since=lost_since,
            sent_mail_read_at=None,
            answers_read_at=None,
            found=0,
            settled=0,
            last_error=None,
            resumed_at=None,
            resumed_by=None,
        )
        details = {"reason": reason, "lost_since": lost_since}
        await audit.record(ctx, actor=by, action="sending.paused", document=DOCUMENT, details=details)

    await ctx.database.transaction(write)
    log.error("sending.paused", reason=reason.value, lost_since=lost_since.isoformat())
    return await SendingState.now()


async def obstacles(state: SendingState) -> list[str]:
    """What must happen before sending may go on, one sentence each."""
    came_by_then = {"received_at": {"$lte": state.answers_read_at}} if state.answers_read_at else {}
    waiting = await InboundEvent.collection().count_documents({"state": InboxState.RECEIVED} | came_by_then)
    checks = (
        (state.sent_mail_read_at is None, "What the channels sent has not been read yet."),
        (state.answers_read_at is None, "What patients wrote since then has not been read yet."),
        (waiting > 0, f"{waiting} messages that came in have not been worked yet, and a stop may be among them."),
    )
    return [sentence for failed, sentence in checks if failed]


async def resume(ctx: Context, *, by: str, anyway: bool = False) -> SendingState:
    """Messages leave again. Raises ConflictError that names what is missing, unless a person wants it `anyway`."""
    state = await SendingState.now()
    if not state.is_paused:
        raise ConflictError("Sending is not paused.")
    missing = await obstacles(state)
    if missing and not anyway:
        raise ConflictError(" ".join(["Sending stays paused.", *missing]))

    async def write() -> None:
        await SendingState.note(paused_because=None, resumed_at=ctx.now(), resumed_by=by)
        details = {"reason": state.paused_because, "anyway": missing}
        await audit.record(ctx, actor=by, action="sending.resumed", document=DOCUMENT, details=details)

    await ctx.database.transaction(write)
    log.warning("sending.resumed", by=by, left_out=len(missing))
    return await SendingState.now()
