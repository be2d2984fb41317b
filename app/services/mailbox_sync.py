"""Taking in the mailbox: from our own point in its history, each message stored once, then the point moves on.

trust.md 2.5 and decision 4: never from the point that a push names, and never further than what is in the inbox.
Several syncs at once do no harm: the ids are unique and the point only grows.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from bson.errors import BSONError
from pymongo.errors import DocumentTooLarge

from app.channels.base import ChannelError
from app.channels.mailbox import HistoryGoneError, Listed, Mailbox, MailboxMessage, MessageGoneError
from app.context import Context
from app.logging import get_logger
from app.models.enums import InboundSource
from app.models.inbox import InboundEvent
from app.models.mailboxes import MailboxState
from app.services import inbound, mailbox_health, mailbox_mail, matching

log = get_logger(__name__)

OWN = frozenset({"SENT", "DRAFT", "CHAT"})
"""What we wrote ourselves: Gmail announces it too, and answering it would never end."""
HIDDEN = frozenset({"SPAM", "TRASH"})
"""Left alone until a person takes it out of there."""
AT_ONCE = 8
DAYS_BEFORE_CONNECTING = 1
FEWEST_DAYS, MOST_DAYS = 14, 90
"""How far back the recent messages are listed when the history is lost: at least so long, or since we last looked."""
SEARCH_LAGS_FOR = timedelta(minutes=30)
UNREADABLE = (ValueError, TypeError, LookupError, ArithmeticError, RecursionError, BSONError, DocumentTooLarge)
"""What a hostile message may cause while it is read or stored; a database that is away is none of these."""
MOST_RAW = 20_000


class WrongMailboxError(ChannelError):
    """The credentials open another mailbox than the one in the settings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sync:
    """One sync at work. `counts` is what became of the messages."""

    ctx: Context
    mailbox: Mailbox
    state: MailboxState
    counts: Counter[str] = field(default_factory=Counter)


async def sync(ctx: Context) -> dict[str, int]:
    """Take in everything that came since last time; nothing at all without a mailbox. Raises ChannelError."""
    if ctx.mailbox is None:
        return {}
    state = await MailboxState.of(ctx.mailbox.address, now=ctx.now())
    if state.paused_until > ctx.now():
        await mailbox_health.raise_alarms(ctx, ctx.mailbox)
        return {}
    run = Sync(ctx=ctx, mailbox=ctx.mailbox, state=state)
    try:
        await _collect(run)
    except ChannelError as error:
        await mailbox_health.record_failure(ctx, ctx.mailbox, error)
        raise
    await mailbox_health.record_success(ctx, ctx.mailbox)
    return dict(run.counts)


async def _collect(run: Sync) -> None:
    cursor = run.state.cursor
    if cursor is None:
        await _start_over(run, days=DAYS_BEFORE_CONNECTING)
        return
    try:
        await _follow(run, cursor)
    except HistoryGoneError:
        log.warning("mailbox.history_gone")
        run.counts["started_over"] += 1
        await _start_over(run, days=_days_missed(run))
    if run.ctx.now() < run.state.list_again_until:
        await _list(run, days=DAYS_BEFORE_CONNECTING)


async def _follow(run: Sync, cursor: int) -> None:
    async for page in run.mailbox.changes(cursor):
        await _take_all(run, page.messages)
        await run.ctx.pause("mailbox.page_stored")
        await MailboxState.advance(run.mailbox.address, page.history_id)


def _days_missed(run: Sync) -> int:
    last = run.state.last_synced_at or run.state.connected_at
    return min(MOST_DAYS, max(FEWEST_DAYS, (run.ctx.now() - last).days + 1))


async def _start_over(run: Sync, *, days: int) -> None:
    """List the recent messages. The new point is read first: what comes meanwhile is then found twice, not never."""
    profile = await run.mailbox.profile()
    if profile.address != run.mailbox.address:
        raise WrongMailboxError("GOOGLE_CREDENTIALS_FILE opens another mailbox than GMAIL_MAILBOX")
    until = run.ctx.now() + SEARCH_LAGS_FOR
    await MailboxState.note(run.mailbox.address, list_again_until=until)
    await _list(run, days=days)
    await run.state.restart(profile.history_id)


async def _list(run: Sync, *, days: int) -> None:
    newest_first = [listed async for page in run.mailbox.recent(days) for listed in page]
    await _take_all(run, newest_first[::-1])


async def _take_all(run: Sync, listed: Sequence[Listed]) -> None:
    """Store what is new, in order; the messages are fetched a few at a time."""
    wanted = await _new(run, listed)
    for start in range(0, len(wanted), AT_ONCE):
        few = wanted[start : start + AT_ONCE]
        fetched = await asyncio.gather(*(_fetch(run, message_id) for message_id in few))
        for message in fetched:
            if message:
                await _take(run, message)


async def _new(run: Sync, listed: Iterable[Listed]) -> list[str]:
    """The ids that are not in the inbox yet and that others wrote."""
    ids = dict.fromkeys(one.id for one in listed if not (one.labels or frozenset()) & (OWN | HIDDEN))
    names = {mailbox_mail.event_id_of(run.mailbox.address, one): one for one in ids}
    query = {"source": InboundSource.GMAIL, "event_id": {"$in": list(names)}}
    known = {row["event_id"] async for row in InboundEvent.collection().find(query, {"event_id": 1})}
    return [one for name, one in names.items() if name not in known]


async def _fetch(run: Sync, message_id: str) -> MailboxMessage | None:
    try:
        return await run.mailbox.fetch(message_id)
    except MessageGoneError:
        run.counts["gone"] += 1
        return None


async def _take(run: Sync, message: MailboxMessage) -> None:
    """Write one message into the inbox; one that cannot be read is put before staff with its id, and never loops."""
    if message.labels & (OWN | HIDDEN):
        return
    try:
        read = await asyncio.to_thread(mailbox_mail.as_inbound, run.mailbox.address, message)
        if read.sender == run.mailbox.address:
            return
        if message.received_at < run.state.connected_at and await matching.match(read) is None:
            return  # the mailbox's own past is not ours
        await inbound.store(run.ctx, read)
    except UNREADABLE as error:
        log.warning("mailbox.message_unreadable", message_id=message.id, error=type(error).__name__)
        await _park(run, message)
        run.counts["unreadable"] += 1
        return
    run.counts["stored"] += 1


async def _park(run: Sync, message: MailboxMessage) -> None:
    raw = message.raw[:MOST_RAW].decode("ascii", errors="replace")  # whatever it is, the database can hold this
    await inbound.store_event(
        run.ctx,
        source=InboundSource.GMAIL,
        event_id=mailbox_mail.event_id_of(run.mailbox.address, message.id),
        payload={"gmail_id": message.id, "raw": raw},
        conversation=message.id,
        parked_because="unreadable_mail",
    )
