"""I5 and I8: what came in has one outcome, and nothing is marked as read that cannot have come yet (trust.md 2.5)."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

from app.channels.base import ChannelError
from app.context import Context
from app.logging import get_logger
from app.models.enums import Direction, InboxState
from app.models.inbox import InboundEvent
from app.models.interactions import Interaction
from app.models.listing_cursors import ListingCursor
from app.models.mailboxes import MailboxState
from app.services.invariants_campaigns import PAGE, doubles

log = get_logger(__name__)

FINISHED = (InboxState.DONE, InboxState.PARKED, InboxState.UNMATCHED)
CLOCKS_DIFFER_BY = timedelta(minutes=5)


async def without_one_outcome(_: Context) -> AsyncIterator[str]:
    """Finished events without an outcome, and ids that are stored twice; what still waits is work, no violation."""
    query: dict[str, Any] = {"state": {"$in": list(FINISHED)}, "outcome": None}
    async for row in InboundEvent.collection().find(query, {"_id": 1}).batch_size(PAGE):
        yield str(row["_id"])
    async for key in doubles(InboundEvent, {}, {"source": "$source", "event_id": "$event_id"}):
        yield key
    incoming = {"direction": Direction.INCOMING, "external_id": {"$type": "string"}}
    async for key in doubles(Interaction, incoming, {"external_id": "$external_id"}):
        yield key


async def ahead(ctx: Context) -> AsyncIterator[str]:
    """The cursors that stand behind what the provider itself has: whatever comes up to there would be passed over."""
    async for row in ListingCursor.get_pymongo_collection().find(
        {"read_until": {"$gt": ctx.now() + CLOCKS_DIFFER_BY}}, {"_id": 1}
    ):
        yield str(row["_id"])
    if mailbox := await _mailbox_ahead(ctx):
        yield mailbox


async def _mailbox_ahead(ctx: Context) -> str | None:
    """The mailbox's name, when our point in its history is beyond its newest; a mailbox that is away is no violation.

    Our point is read first: what comes in between only moves the mailbox further.
    """
    if ctx.mailbox is None:
        return None
    state = await MailboxState.get(ctx.mailbox.address)
    if state is None or state.cursor is None:
        return None
    try:
        newest = (await ctx.mailbox.profile()).history_id
    except ChannelError as error:
        log.warning("invariants.mailbox_not_asked", error=type(error).__name__)
        return None
    return ctx.mailbox.address if state.cursor > newest else None
