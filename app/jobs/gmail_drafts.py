"""Deletes the drafts that a crash left behind: made at the provider, but never stored in the outbox (trust.md 2.4, M4).

Nobody sends such a draft by itself. A person could, from the mailbox, and the patient would get the message twice.
"""

from datetime import timedelta

from beanie import PydanticObjectId
from bson.errors import InvalidId

from app.channels.base import ChannelError
from app.channels.drafting import DraftingChannel, KeptDraft
from app.context import Context
from app.logging import get_logger
from app.models.enums import ChannelType
from app.models.outbox import WAITING_STATES, OutboundMessage

log = get_logger(__name__)

LEFT_BEHIND_AFTER = timedelta(hours=1)
"""Far longer than a worker may hold a message, so that nobody is about to store this draft."""


async def sweep(ctx: Context) -> dict[str, int]:
    """Delete every old draft of ours that no waiting message will send; counts `deleted` and `failed`."""
    counts = {"deleted": 0, "failed": 0}
    channel = ctx.channels.get(ChannelType.EMAIL)
    if not isinstance(channel, DraftingChannel):
        return counts
    try:
        async for draft in channel.kept_drafts():
            if ctx.now() - draft.made_at >= LEFT_BEHIND_AFTER and not await _is_wanted(draft):
                await channel.discard(draft)
                counts["deleted"] += 1
    except ChannelError as error:
        log.warning("gmail_drafts.sweep_failed", reason=str(error))
        counts["failed"] = 1
    return counts


async def _is_wanted(draft: KeptDraft) -> bool:
    """True while a waiting message holds exactly this draft, and for a mark that is not ours."""
    try:
        identifier = PydanticObjectId(draft.outbox_id)
    except InvalidId:
        return True
    wanted = {"_id": identifier, "handle": draft.handle, "state": {"$in": list(WAITING_STATES)}}
    return await OutboundMessage.find_one(wanted) is not None
