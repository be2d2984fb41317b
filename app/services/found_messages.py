"""Messages that had left before a restore, and the rows of the outbox that turn out to be them: each counts once.

By the mark that an e-mail carries, else by number and text. What the restored clinic would write anew, because the
copy does not know the campaign's day, is held against what went to that address: one message too few is better than
two (trust.md 2.4).
"""

import hashlib
from datetime import datetime, timedelta

from beanie import PydanticObjectId

from app.channels.base import Receipt
from app.context import Context
from app.models.base import Raw
from app.models.enums import PROACTIVE_KINDS, ChannelType, MessageKind
from app.models.outbox import OutboundMessage
from app.models.recovery import FoundMessage, SendingState

ANSWERS = frozenset({MessageKind.REPLY, MessageKind.HANDOFF})
"""An emergency's number is no answer of these: twice is better than never."""
DONE_ANEW_WITHIN = timedelta(days=3)
"""So long after sending went on, the clinic may still do again what it had done; later, it is something new."""


def row_id_of(mark: str) -> PydanticObjectId | None:
    """The id in a message's mark; None for a mark that is not ours."""
    return PydanticObjectId(mark) if PydanticObjectId.is_valid(mark) else None


def mark_of_text(text: str) -> str:
    """What a text is known by where the channel carries no mark."""
    return hashlib.sha256(" ".join(text.split()).encode()).hexdigest()


async def receipt_of(ctx: Context, row: OutboundMessage) -> Receipt | None:
    """The receipt of the message that this row turns out to be; None when it has not left."""
    ways: list[Raw] = [{"outbox_id": str(row.id)}]
    ways += _ways_anew(row, resumed_at=(await SendingState.now()).resumed_at)
    for query in ways:
        if found := await FoundMessage.claim(row.id, query, now=ctx.now()):
            return Receipt(external_id=found.external_id, thread_id=found.thread_id, message_id=found.message_id)
    return None


def _ways_anew(row: OutboundMessage, *, resumed_at: datetime | None) -> list[Raw]:
    """How a row is looked for that was written anew, from another state of its campaign; the surest way first.

    What answers a patient was written anew before sending went on, with all that patients had written in between; an
    answer to what they write later is a new one.
    """
    if row.kind is MessageKind.EMERGENCY:
        return []
    to: Raw = {"channel": row.channel, "to": row.to}
    if row.kind in PROACTIVE_KINDS:
        is_recent = resumed_at is None or row.created_at < resumed_at + DONE_ANEW_WITHIN
        return [*_by_text(row), to] if is_recent else []
    if resumed_at and row.created_at >= resumed_at:
        return []
    return [*_by_text(row), *([to | {"thread_id": row.thread_id}] if row.kind in ANSWERS and row.thread_id else [])]


def _by_text(row: OutboundMessage) -> list[Raw]:
    if row.channel is ChannelType.EMAIL:
        return []
    return [{"channel": row.channel, "to": row.to, "text_mark": mark_of_text(row.body)}]
