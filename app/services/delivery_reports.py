"""What became of a message after it left: each report counts once, whatever the order (trust.md 2.4, 2.5)."""

from dataclasses import dataclass
from typing import Any

from beanie import PydanticObjectId

from app.channels.base import Receipt
from app.context import Context
from app.domain.twilio_codes import Trouble, trouble_of
from app.errors import ChairsideError
from app.logging import get_logger
from app.models.campaigns import Campaign
from app.models.delivery_reports import DeliveryReport
from app.models.enums import DecisionOutcome, Delivery, OutboxState
from app.models.outbox import OutboundMessage
from app.services import audit, bounces, delivery, opt_outs, outbox, patients, undelivered

log = get_logger(__name__)

RANKS = {
    "accepted": 0,
    "scheduled": 0,
    "queued": 1,
    "sending": 2,
    "sent": 3,
    "delivered": 5,
    "undelivered": 5,
    "failed": 5,
    "canceled": 5,
    "read": 6,
}
"""How far along a message is. Two of one rank say the same or exclude each other: the first one counts."""
ARRIVED = frozenset({"delivered", "read"})
FAILED = frozenset({"undelivered", "failed", "canceled"})

RULES: dict[Trouble, str] = {
    Trouble.BAD_ADDRESS: undelivered.RECIPIENT_REFUSED,
    Trouble.STOPPED: undelivered.RECIPIENT_STOPPED,
    Trouble.NOT_HERE: undelivered.NOT_ALLOWED_NOW,
    Trouble.FILTERED: "filtered_by_carrier",
}
"""What staff read; of every other trouble it is `not_delivered`, and the plan goes on as it stands."""
NOT_DELIVERED = "not_delivered"
LEADS_ON = frozenset({Trouble.BAD_ADDRESS, Trouble.NOT_HERE})
"""Troubles after which the message was none, and another channel carries it on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """One report of a provider: what is the state of its message now?"""

    external_id: str
    status: str
    error_code: int | None = None
    outbox_id: PydanticObjectId | None = None
    """Known when the report came by the callback address of that very message."""


async def receive(ctx: Context, news: News) -> str:
    """Keep a report and write what it means; returns what became of it, in one word.

    What cannot be written now (a worker has the message) stays unsettled, and `settle_all` takes it up.
    """
    row = await _row_of(news)
    if row is None or news.status not in RANKS:
        return "unknown"
    if row.external_id not in (None, news.external_id):
        log.error("delivery.second_message", outbox_id=str(row.id))  # one row, two messages: a person must look
        return "unknown"
    report = await DeliveryReport.advance(
        row.id,
        external_id=news.external_id,
        status=news.status,
        rank=RANKS[news.status],
        code=news.error_code,
        at=ctx.now(),
    )
    if report is None:
        return "late"
    await ctx.pause("delivery.report_stored")
    return await _settle(ctx, report)


async def unheard(told: list[News]) -> list[News]:
    """Those of many reports that are about our messages and say more than we know."""
    named = {"external_id": {"$in": [news.external_id for news in told]}}
    rows = {
        row["external_id"]: row["_id"] async for row in OutboundMessage.collection().find(named, {"external_id": 1})
    }
    known = DeliveryReport.collection().find({"_id": {"$in": list(rows.values())}}, {"rank": 1})
    ranks = {raw["_id"]: raw["rank"] async for raw in known}
    ours = [news for news in told if news.external_id in rows]
    return [news for news in ours if RANKS.get(news.status, -1) > ranks.get(rows[news.external_id], -1)]


async def settle_all(ctx: Context) -> int:
    """Write what reports mean that could not be written when they came; how many."""
    waiting = await DeliveryReport.find({"is_settled": False}).to_list()
    return sum([await _settle(ctx, report) == "settled" for report in waiting])


async def _row_of(news: News) -> OutboundMessage | None:
    """The message that a report is about; None for a stranger's and for one whose patient was erased."""
    named = {"_id": news.outbox_id} if news.outbox_id else {"external_id": news.external_id}
    return await OutboundMessage.find_one(named | {"to": {"$ne": ""}})


async def _settle(ctx: Context, report: DeliveryReport) -> str:
    """Each step may be repeated: after a crash, or when somebody changed the campaign meanwhile, all is done again."""
    row = await OutboundMessage.get(report.id)
    try:
        if row:
            await _note_that_it_left(ctx, row, report)
            await _write(ctx, row, report)
    except ChairsideError as error:
        log.warning("delivery.report_postponed", outbox_id=str(report.id), reason=type(error).__name__)
        return "postponed"
    await report.settle()
    return "settled"


async def _write(ctx: Context, row: OutboundMessage, report: DeliveryReport) -> None:
    if report.status in ARRIVED:
        await outbox.set_delivery(row.id, Delivery.DELIVERED)
    elif report.status in FAILED:
        await _fail(ctx, row, report)


async def _note_that_it_left(ctx: Context, row: OutboundMessage, report: DeliveryReport) -> None:
    """A report about a message is proof that the provider has it, also when its answer to us was lost."""
    receipt = Receipt(external_id=report.external_id or "", thread_id=f"{row.channel}:{row.to}")
    if row.state is OutboxState.SENDING:
        await delivery.record_sent(ctx, row, receipt)
    elif row.state is OutboxState.UNKNOWN:  # counted as an attempt already, and planned on from there
        await ctx.database.transaction(lambda: _resolve(ctx, row, receipt))


async def _resolve(ctx: Context, row: OutboundMessage, receipt: Receipt) -> None:
    changes: dict[str, Any] = {
        "state": OutboxState.SENT,
        "state_reason": None,
        "external_id": receipt.external_id,
        "thread_id": receipt.thread_id,
        "sent_at": ctx.now(),
    }
    done = await OutboundMessage.collection().update_one(
        {"_id": row.id, "state": OutboxState.UNKNOWN}, {"$set": changes}
    )
    if done.modified_count:
        await outbox.stamp_sent(ctx, row.id, receipt)


async def _fail(ctx: Context, row: OutboundMessage, report: DeliveryReport) -> None:
    """It left and did not arrive: the message says so, and a trouble that lasts leads on."""
    trouble = trouble_of(report.error_code)
    rule = RULES.get(trouble, NOT_DELIVERED)
    log.warning("delivery.failed", outbox_id=str(row.id), rule=rule, code=report.error_code)
    if trouble in LEADS_ON and not await _is_history(row):
        await bounces.hard_failure(ctx, row, reason=rule)
        return
    await _spend_address(ctx, row, trouble)
    await ctx.database.transaction(lambda: _show_failure(ctx, row, report, rule))


async def _is_history(row: OutboundMessage) -> bool:
    """A later attempt left meanwhile: this one's end moves the campaign no more."""
    campaign = await Campaign.get(row.campaign_id) if row.campaign_id else None
    return bool(campaign and row.attempt and campaign.follow_up_details.attempts_made > row.attempt)


async def _show_failure(ctx: Context, row: OutboundMessage, report: DeliveryReport, rule: str) -> None:
    """Staff see it and why, once; the plan goes on as it stands."""
    if not await report.settle():
        return
    await outbox.set_delivery(row.id, Delivery.FAILED)
    await audit.decide(
        ctx,
        patient_id=row.patient_id,
        campaign_id=row.campaign_id,
        outcome=DecisionOutcome.REFUSED,
        rule=rule,
        inputs={"kind": row.kind, "status": report.status, "code": report.error_code},
    )


async def _spend_address(ctx: Context, row: OutboundMessage, trouble: Trouble) -> None:
    """What is true of the address is true whichever message found it out."""
    if trouble is Trouble.BAD_ADDRESS:
        await patients.mark_unusable(ctx, patient_id=row.patient_id, address=row.to, channel=row.channel)
    elif trouble is Trouble.STOPPED:
        await opt_outs.stop_address(ctx, channel=row.channel, address=row.to, source=f"provider:{row.id}")
