"""Asks Twilio what our webhook missed: Twilio does not repeat one that failed (trust.md 2.5)."""

from collections.abc import AsyncIterator
from datetime import timedelta

from app.channels.base import Channel, ChannelError
from app.channels.listing import ListedMessage, ListingChannel
from app.context import Context
from app.logging import get_logger
from app.models.enums import ChannelType, InboundSource, OutboxState
from app.models.inbox import InboundEvent
from app.models.listing_cursors import ListingCursor
from app.models.outbox import OutboundMessage
from app.services import delivery_reports, inbound, twilio_inbound
from app.services.delivery_reports import News
from app.services.outgoing_messages import message_of
from app.services.twilio_inbound import NotAMessageError

log = get_logger(__name__)

LOOKS_BACK = timedelta(hours=24)
"""How far the first run reads, and how long a message's fate is asked for."""
OVERLAP = timedelta(hours=1)
"""Read again each time: ids make it harmless, and a listing may show a message late."""
AT_ONCE = 100
COUNTS = ("stored", "reported", "found", "settled", "failed")


async def sync(ctx: Context) -> dict[str, int]:
    """Store the messages that never reached us, and learn what became of ours. A listing that fails waits its turn."""
    counts = dict.fromkeys(COUNTS, 0)
    for kind, channel in ctx.channels.items():
        if isinstance(channel, ListingChannel):
            try:
                await _sync_channel(ctx, kind, channel, counts)
            except ChannelError as error:
                log.warning("twilio.sync_failed", channel=kind.value, reason=str(error))
                counts["failed"] += 1
    counts["settled"] = await delivery_reports.settle_all(ctx)
    return counts


async def _sync_channel(ctx: Context, kind: ChannelType, channel: ListingChannel, counts: dict[str, int]) -> None:
    counts["stored"] += await _store_missed(ctx, kind, channel)
    counts["found"] += await _find_lost(ctx, kind)
    counts["reported"] += await _ask_fates(ctx, kind, channel)


async def _store_missed(ctx: Context, kind: ChannelType, channel: ListingChannel) -> int:
    """The cursor moves only after everything up to it is stored."""
    name, started_at = f"twilio:{kind}", ctx.now()
    cursor = await ListingCursor.get(name)
    since = cursor.read_until - OVERLAP if cursor else started_at - LOOKS_BACK
    missed: list[ListedMessage] = []
    async for batch in _in_batches(channel.received(kind, since=since)):
        known = await _known([each.external_id for each in batch])
        missed += [each for each in batch if each.external_id not in known]
    stored = sum([await _store(ctx, each) for each in reversed(missed)])  # oldest first, as they were written
    await ListingCursor.advance(name, to=started_at)
    return stored


async def _known(sids: list[str]) -> set[str]:
    query = {"source": InboundSource.TWILIO, "event_id": {"$in": sids}}
    return {raw["event_id"] async for raw in InboundEvent.collection().find(query, {"event_id": 1})}


async def _store(ctx: Context, listed: ListedMessage) -> bool:
    if not listed.is_inbound:
        return False
    try:
        await inbound.store(ctx, twilio_inbound.message_of_listing(listed))
    except NotAMessageError:
        log.warning("twilio.unreadable_message", sid=listed.external_id)
        return False
    return True


async def _find_lost(ctx: Context, kind: ChannelType) -> int:
    """Messages whose fate nobody knew: one that Twilio lists by now did leave."""
    query = {"channel": kind, "state": OutboxState.UNKNOWN, "created_at": {"$gte": ctx.now() - LOOKS_BACK}}
    found = 0
    for row in await OutboundMessage.find(query).to_list():
        adapter: Channel = ctx.channels[kind]
        try:
            receipt = await adapter.find_sent(await message_of(row))
        except ChannelError:
            continue
        if receipt:
            news = News(external_id=receipt.external_id, status="queued", outbox_id=row.id)
            found += await delivery_reports.receive(ctx, news) == "settled"
    return found


async def _ask_fates(ctx: Context, kind: ChannelType, channel: ListingChannel) -> int:
    """The callbacks that never came: one listing tells the state of everything we sent in the last day."""
    reported = 0
    async for batch in _in_batches(channel.sent(kind, since=ctx.now() - LOOKS_BACK)):
        told = [News(external_id=each.external_id, status=each.status, error_code=each.error_code) for each in batch]
        for news in await delivery_reports.unheard(told):
            reported += await delivery_reports.receive(ctx, news) == "settled"
    return reported


async def _in_batches(listing: AsyncIterator[ListedMessage]) -> AsyncIterator[list[ListedMessage]]:
    batch: list[ListedMessage] = []
    async for listed in listing:
        batch.append(listed)
        if len(batch) == AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch
