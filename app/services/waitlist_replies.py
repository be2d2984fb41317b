"""Which offer of the waiting list a message answers: the one that our last message was, never a guess (trust.md 33)."""

from datetime import datetime
from typing import Any

from app.models.enums import ChannelType, MessageKind, OutboxState
from app.models.outbox import OutboundMessage
from app.models.waitlist import WaitlistOffer
from app.services.visit_messages import LONGEST_SILENCE, SENT_TOGETHER

ANSWERED_WITH_YES = [MessageKind.WAITLIST_OFFER, MessageKind.REMINDER]


async def answered_by(
    *, channel: ChannelType, sender: str, thread_id: str | None, answers: list[str], now: datetime
) -> WaitlistOffer | None:
    """The offer that a message from this address answers, whatever became of it; None when it is anything else.

    By what it names (`answers`), else by its thread, else the last message to this address, unless another one that a
    bare yes could answer left at about the same time.
    """
    to_them: dict[str, Any] = {"to": sender, "channel": channel, "state": OutboxState.SENT}
    named = await _named(to_them, thread_id, answers)
    row = named or await _last(to_them, now)
    if row is None or row.kind is not MessageKind.WAITLIST_OFFER:
        return None
    if named is None and await _another_asks(to_them, row):
        return None
    carried = [identifier for identifier in (row.id, row.fallback_of) if identifier]
    return await WaitlistOffer.find_one({"message_id": {"$in": carried}})


async def _named(to_them: dict[str, Any], thread_id: str | None, answers: list[str]) -> OutboundMessage | None:
    found = None
    if answers:
        named = [{field: {"$in": answers}} for field in ("external_id", "message_id")]
        found = await OutboundMessage.find(to_them | {"$or": named}).sort("-sent_at", "-_id").first_or_none()
    if found is None and thread_id:
        in_thread = to_them | {"thread_id": thread_id}
        found = await OutboundMessage.find(in_thread).sort("-sent_at", "-_id").first_or_none()
    return found


async def _last(to_them: dict[str, Any], now: datetime) -> OutboundMessage | None:
    recent = to_them | {"sent_at": {"$gte": now - LONGEST_SILENCE}}
    return await OutboundMessage.find(recent).sort("-sent_at", "-_id").first_or_none()


async def _another_asks(to_them: dict[str, Any], row: OutboundMessage) -> bool:
    """A family shares a phone, and a reminder asks for a yes as well."""
    if row.sent_at is None:
        return True
    beside = {"kind": {"$in": ANSWERED_WITH_YES}, "sent_at": {"$gt": row.sent_at - SENT_TOGETHER}}
    return await OutboundMessage.find(to_them | beside | {"_id": {"$ne": row.id}}).count() > 0
