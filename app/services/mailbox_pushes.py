"""Pushes about the mailbox: they say only that something changed, so one sync settles all that wait (trust.md 2.5)."""

from datetime import datetime, timedelta

from beanie import PydanticObjectId

from app.context import Context
from app.models.enums import InboundSource, InboxState
from app.models.inbox import InboundEvent
from app.models.mailboxes import MailboxState
from app.services import mailbox_sync

MOST_ATTEMPTS = 6
FIRST_RETRY = timedelta(seconds=5)
MOST_ROUNDS = 20
READ, LEFT_TO_THE_POLL = "mailbox_read", "left_to_the_poll"


def is_push(event: InboundEvent) -> bool:
    """True for a notice of Gmail's; a message of the mailbox comes from the same source."""
    return event.source is InboundSource.GMAIL and "historyId" in event.payload


def conversation_of(address: str) -> str:
    """The key that all pushes about one mailbox share."""
    return f"gmail:{address}"


async def read_mailbox(ctx: Context, event: InboundEvent) -> int:
    """Sync until no push waits that came before; returns how many were settled. Raises ChannelError.

    A push that arrives while a sync runs may be about a message behind the last page, so it asks for another round.
    """
    settled = 0
    for _ in range(MOST_ROUNDS):
        waiting = await _waiting(event.conversation_key)
        if not waiting:
            break
        if ctx.mailbox:
            await MailboxState.note(ctx.mailbox.address, last_push_at=ctx.now())
        await mailbox_sync.sync(ctx)
        settled += await _settle(waiting, READ, now=ctx.now())
    return settled


async def _waiting(conversation: str) -> list[PydanticObjectId]:
    query = {"conversation_key": conversation, "state": InboxState.RECEIVED}
    return [row["_id"] async for row in InboundEvent.collection().find(query, {"_id": 1})]


async def _settle(ids: list[PydanticObjectId], outcome: str, *, now: datetime) -> int:
    changes = {"state": InboxState.DONE, "outcome": outcome, "finished_at": now}
    open_ones = {"_id": {"$in": ids}, "state": InboxState.RECEIVED}
    done = await InboundEvent.collection().update_many(open_ones, {"$set": changes})
    return done.modified_count


async def postpone(ctx: Context, event: InboundEvent, reason: str) -> int:
    """The mailbox cannot be read now: all pushes wait longer each time, and in the end the poll finds what they meant.

    Returns how many are given up.
    """
    later = ctx.now() + FIRST_RETRY * 2**event.attempts
    waiting = {"conversation_key": event.conversation_key, "state": InboxState.RECEIVED}
    changes = {"not_before": later, "lease_until": later, "last_error": reason}
    await InboundEvent.collection().update_many(waiting, {"$set": changes, "$inc": {"attempts": 1}})
    spent = InboundEvent.collection().find(waiting | {"attempts": {"$gte": MOST_ATTEMPTS}}, {"_id": 1})
    return await _settle([row["_id"] async for row in spent], LEFT_TO_THE_POLL, now=ctx.now())
