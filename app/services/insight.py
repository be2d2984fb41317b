"""What the last 90 days teach: replies by intent, how long handoffs waited, what became of the messages.

The job `insight` makes the report every 15 minutes, so that no reader waits for a count over a clinic's whole life
(speed.md, "Numbers and lists").
"""

from datetime import datetime, timedelta
from statistics import median, quantiles
from typing import Any

from app.context import Context
from app.models.base import Raw
from app.models.campaigns import Campaign
from app.models.enums import OutboxState
from app.models.insight import REPORT_ID, InsightReport
from app.models.interactions import Interaction
from app.models.outbox import OutboundMessage

PERIOD = timedelta(days=90)


async def latest(ctx: Context) -> InsightReport:
    """The stored report; the first reader of a new clinic makes one."""
    return await InsightReport.get(REPORT_ID) or await _make(ctx)


async def refresh(ctx: Context) -> dict[str, Any]:
    """The job: make the report anew, harmless at any time and on any replica. It counts nothing for the history."""
    await _make(ctx)
    return {}


async def _make(ctx: Context) -> InsightReport:
    since = ctx.now() - PERIOD
    figures = {
        "replies": await _replies(since),
        "handoffs": await _handoffs(since),
        "messages": await _messages(since),
    }
    report = InsightReport(made_at=ctx.now(), figures=figures)
    document = {"made_at": report.made_at, "figures": figures}
    await InsightReport.get_pymongo_collection().update_one({"_id": REPORT_ID}, {"$set": document}, upsert=True)
    return report


async def _replies(since: datetime) -> dict[str, int]:
    """How many messages of patients meant what, most frequent first."""
    stages: list[Raw] = [
        {"$match": {"timestamp": {"$gte": since}, "ai_analysis.intent": {"$type": "string"}}},
        {"$group": {"_id": "$ai_analysis.intent", "count": {"$sum": 1}}},
        {"$sort": {"count": -1, "_id": 1}},
    ]
    cursor = await Interaction.collection().aggregate(stages, hint="by_intent")
    return {row["_id"]: row["count"] async for row in cursor}


async def _handoffs(since: datetime) -> dict[str, dict[str, float]]:
    """By priority: how many were answered, and the minutes until then (median, and what nine of ten stayed under)."""
    rows = Campaign.collection().find(
        {"handoff_details.resolved_at": {"$gte": since}},
        {"handoff_details.created_at": 1, "handoff_details.resolved_at": 1, "handoff_details.priority": 1},
    )
    waited: dict[str, list[float]] = {}
    async for row in rows:
        details = row["handoff_details"]
        minutes = (details["resolved_at"] - details["created_at"]) / timedelta(minutes=1)
        waited.setdefault(details["priority"], []).append(minutes)
    return {priority: _spread(minutes) for priority, minutes in sorted(waited.items())}


def _spread(minutes: list[float]) -> dict[str, float]:
    slow = quantiles(minutes, n=10, method="inclusive")[-1] if len(minutes) > 1 else minutes[0]
    return {"answered": len(minutes), "median_minutes": round(median(minutes), 1), "slow_minutes": round(slow, 1)}


async def _messages(since: datetime) -> dict[str, dict[str, int]]:
    """By channel: what became of the messages of the period (an outbox state each)."""
    left: list[Raw] = [{"$match": {"sent_at": {"$gte": since}}}, *_BY_CHANNEL]
    stuck = [OutboxState.FAILED.value, OutboxState.UNKNOWN.value]
    others: list[Raw] = [
        {"$match": {"state": {"$in": stuck}, "not_before": {"$gte": since}, "sent_at": None}},
        *_BY_CHANNEL,
    ]
    found: dict[str, dict[str, int]] = {}
    for stages in (left, others):
        async for row in await OutboundMessage.collection().aggregate(stages):
            states = found.setdefault(row["_id"]["channel"], {})
            states[row["_id"]["state"]] = states.get(row["_id"]["state"], 0) + row["count"]
    return found


_BY_CHANNEL: list[Raw] = [
    {"$group": {"_id": {"channel": "$channel", "state": "$state"}, "count": {"$sum": 1}}},
]
