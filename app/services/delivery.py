"""The last look before a message leaves, and what is written when it has left or cannot (trust.md 2.4)."""

from datetime import datetime, timedelta
from typing import Any

from pymongo.errors import DuplicateKeyError

from app.channels.base import Receipt
from app.context import Context
from app.domain import outreach
from app.domain.campaign_status import CampaignEvent
from app.domain.outreach import Verb, Verdict
from app.models.base import LONG_AGO
from app.models.campaigns import Campaign
from app.models.clinic import Clinic
from app.models.enums import (
    PROACTIVE_KINDS,
    CampaignStatus,
    DecisionOutcome,
    Delivery,
    MessageKind,
    OutboxState,
)
from app.models.outbox import OutboundMessage
from app.services import audit, campaigns, contact, outbox, patients
from app.services.policies import outreach_rules

RECIPIENT_REFUSED = "recipient_refused"
NAMED_FAILURES = frozenset({RECIPIENT_REFUSED, "channel_not_configured"})
AFTER_FAILURE = timedelta(days=1)
EXEMPT_FROM_STOP = frozenset({MessageKind.OPT_OUT_CONFIRMATION, MessageKind.EMERGENCY})
"""The one confirmation that the law allows, and the emergency phone for someone who has just asked for help."""


async def may_leave(ctx: Context, row: OutboundMessage, *, ignore_window: bool) -> bool:
    """Re-check everything at the moment of sending; a refusal withdraws or postpones the row and keeps the reason."""
    verdict = await _verdict(ctx, row, ignore_window=ignore_window)
    if verdict.verb is Verb.SEND:
        return True
    if verdict.verb is Verb.REFUSE:
        await cancel(ctx, row, verdict.rule)
    else:
        await _postpone(ctx, row, verdict)
    return False


async def _verdict(ctx: Context, row: OutboundMessage, *, ignore_window: bool) -> Verdict:
    patient = await patients.get(row.patient_id)
    campaign = await Campaign.get(row.campaign_id) if row.campaign_id else None
    if row.kind in PROACTIVE_KINDS and campaign:
        planned = campaign.follow_up_details.next_attempt_at
        if planned and planned > ctx.now():  # a person answered since, and the plan waits
            return Verdict(Verb.REFUSE, "plan_was_moved")
        clinic = await Clinic.load()
        return await contact.judge(ctx, campaign, patient, clinic, kind=row.kind, ignore_window=ignore_window)
    if row.kind not in EXEMPT_FROM_STOP and await patients.is_suppressed(patient, row.channel):
        return Verdict(Verb.REFUSE, "opted_out")
    if row.kind is MessageKind.REPLY and campaign and campaign.status is CampaignStatus.HANDOFF_REQUIRED:
        return Verdict(Verb.REFUSE, "handed_over")
    return Verdict(Verb.SEND, "answers_go_at_once")


async def _postpone(ctx: Context, row: OutboundMessage, verdict: Verdict) -> None:
    until = verdict.until or ctx.now() + timedelta(days=1)
    field = "hold_until" if verdict.verb is Verb.HOLD else "not_before"
    await row.write({field: until, "lease_until": LONG_AGO, "state_reason": verdict.rule})
    await _decide(ctx, row, DecisionOutcome.POSTPONED, verdict.rule, {"until": until})


async def cancel(ctx: Context, row: OutboundMessage, rule: str) -> None:
    """Withdraw a message that must not leave any more; a campaign that still attempts is looked at again."""
    before = row.state

    async def write() -> None:
        if not await row.write({"state": OutboxState.CANCELLED, "state_reason": rule}, expected=before):
            return
        await outbox.set_delivery(row.id, Delivery.FAILED)
        await _look_again(row, at=ctx.now())
        await _decide(ctx, row, DecisionOutcome.REFUSED, rule, {"kind": row.kind})

    await ctx.database.transaction(write)


async def _look_again(row: OutboundMessage, *, at: datetime) -> None:
    """The due scan meets the same facts and acts on them (closes, follows the visit, or waits)."""
    if row.kind not in PROACTIVE_KINDS or row.campaign_id is None:
        return
    await Campaign.collection().update_one(
        {
            "_id": row.campaign_id,
            "status": contact.EXPECTED_STATUS[row.kind],
            "follow_up_details.next_attempt_at": None,
        },
        {"$set": {"follow_up_details.next_attempt_at": at}},
    )


async def _decide(
    ctx: Context, row: OutboundMessage, outcome: DecisionOutcome, rule: str, inputs: dict[str, Any]
) -> None:
    await audit.decide(
        ctx, patient_id=row.patient_id, campaign_id=row.campaign_id, outcome=outcome, rule=rule, inputs=inputs
    )


async def begin(ctx: Context, row: OutboundMessage) -> bool:
    """The last compare-and-set: PENDING or DRAFTED becomes SENDING, unless it was withdrawn or another worker has it.

    A proactive message takes the day of its address and its patient: two can never start on one day.
    """
    changes: dict[str, Any] = {"state": OutboxState.SENDING}
    if row.kind in PROACTIVE_KINDS:
        changes["day_keys"] = await _day_keys(ctx, row)
    try:
        started = await row.write(changes)
    except DuplicateKeyError:
        rules = outreach_rules(await Clinic.load())
        tomorrow = outreach.next_opening(rules, ctx.now(), not_today=True)
        await _postpone(ctx, row, Verdict(Verb.POSTPONE, "one_message_a_day", tomorrow))
        return False
    if started:
        await outbox.set_delivery(row.id, Delivery.SENDING)
    return started


async def _day_keys(ctx: Context, row: OutboundMessage) -> list[str]:
    """The patient's next place on this day; the first one also takes the address, for the whole household."""
    clinic, now = await Clinic.load(), ctx.now()
    today = now.astimezone(clinic.zone).date().isoformat()
    written = await contact.sent_today(row.patient_id, clinic, now)
    return [f"P:{row.patient_id}:{today}:{written}"] + ([] if written else [f"A:{row.to}:{today}"])


async def record_sent(ctx: Context, row: OutboundMessage, receipt: Receipt) -> None:
    """Stamp the row, the interaction and the campaign together: an attempt counts once, when it has left."""
    before, now = row.state, ctx.now()
    stamps = {
        "state": OutboxState.SENT,
        "external_id": receipt.external_id,
        "thread_id": receipt.thread_id,
        "sent_at": now,
    }

    async def write() -> None:
        if await row.write(stamps, expected=before):
            await outbox.stamp_sent(ctx, row.id, receipt)
            await _count(ctx, row, receipt.thread_id)

    await ctx.database.transaction(write)


async def _count(ctx: Context, row: OutboundMessage, thread_id: str | None) -> None:
    campaign = await Campaign.get(row.campaign_id) if row.campaign_id else None
    if campaign is None:
        return
    changes: dict[str, Any] = {"channel.thread_id": thread_id} if thread_id else {}
    if campaign.first_sent_at is None:
        changes["first_sent_at"] = ctx.now()
    if row.kind is not MessageKind.ATTEMPT or row.attempt is None:
        await campaigns.touch(ctx, campaign, changes=changes)
        return
    changes["follow_up_details.attempts_made"] = max(row.attempt, campaign.follow_up_details.attempts_made)
    if campaign.status is not CampaignStatus.ATTEMPTING_RECOVERY:
        await campaigns.touch(ctx, campaign, changes=changes)  # the patient answered while it was leaving
        return
    rules = outreach_rules(await Clinic.load())
    changes["follow_up_details.next_attempt_at"] = outreach.next_attempt_at(
        rules, attempts_made=row.attempt, sent_at=ctx.now()
    )
    await campaigns.move(ctx, campaign, CampaignEvent.ATTEMPT_SENT, by=audit.AGENT, changes=changes)


async def fail(ctx: Context, row: OutboundMessage, reason: str) -> str:
    """Give up on a message; a refused address is never used again, and the campaign is looked at anew."""
    before, refused = row.state, reason == RECIPIENT_REFUSED

    async def write() -> None:
        changes = {"state": OutboxState.FAILED, "state_reason": reason}
        if not await row.write(changes, expected=before):
            return
        await outbox.set_delivery(row.id, Delivery.FAILED)
        if refused:
            await patients.mark_unusable(ctx, patient_id=row.patient_id, address=row.to)
        await _look_again(row, at=ctx.now() if refused else ctx.now() + AFTER_FAILURE)
        rule = reason if reason in NAMED_FAILURES else "sending_failed"
        await _decide(ctx, row, DecisionOutcome.REFUSED, rule, {"kind": row.kind, "reason": reason})

    await ctx.database.transaction(write)
    return "failed"


async def mark_unknown(ctx: Context, row: OutboundMessage, reason: str) -> str:
    """Nobody can say whether it left: it counts as an attempt, is never sent again by itself, and staff see it."""
    before = row.state

    async def write() -> None:
        if await row.write({"state": OutboxState.UNKNOWN, "state_reason": reason}, expected=before):
            await outbox.set_delivery(row.id, Delivery.UNKNOWN)
            await _count(ctx, row, None)
            inputs = {"kind": row.kind, "reason": reason}
            await _decide(ctx, row, DecisionOutcome.REFUSED, "provider_does_not_know_it", inputs)

    await ctx.database.transaction(write)
    return "unknown"
