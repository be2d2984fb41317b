"""The last look before a message leaves, handing it out, and what is written when it has left (trust.md 2.4)."""

from datetime import datetime, timedelta
from functools import partial
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
    EXEMPT_FROM_STOP,
    PROACTIVE_KINDS,
    CampaignStatus,
    DecisionOutcome,
    Delivery,
    MessageKind,
    OutboxState,
)
from app.models.outbox import OutboundMessage
from app.services import audit, campaigns, contact, outbox, patients, send_checks, takeovers
from app.services.policies import outreach_rules
from app.services.sending import Sending

LATER = timedelta(days=1)
"""How long a message waits that may not go now, when its check named no moment."""


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
    asked = Sending(ctx=ctx, row=row, patient=patient, ignore_window=ignore_window)
    verdict = await send_checks.ask(asked)
    stands = verdict.verb is Verb.SEND and row.kind not in EXEMPT_FROM_STOP
    if stands and await patients.is_suppressed(patient, row.channel):  # before a draft is made for nothing
        return Verdict(Verb.REFUSE, "opted_out")
    return verdict


async def _postpone(ctx: Context, row: OutboundMessage, verdict: Verdict) -> None:
    until = verdict.until or ctx.now() + LATER
    field = "hold_until" if verdict.verb is Verb.HOLD else "not_before"
    await row.write({field: until, "lease_until": LONG_AGO, "state_reason": verdict.rule})
    await _decide(ctx, row, DecisionOutcome.POSTPONED, verdict.rule, {"until": until})


async def cancel(ctx: Context, row: OutboundMessage, rule: str) -> None:
    """Withdraw a message that must not leave any more; a campaign that still attempts is looked at again."""
    before = row.state

    async def write() -> None:
        if not await row.write({"state": OutboxState.CANCELLED, "state_reason": rule}, expected=before, frees_day=True):
            return
        await outbox.set_delivery(row.id, Delivery.FAILED)
        if rule == takeovers.HANDED_OVER:
            await takeovers.leave_unanswered(row)
        await look_again(row, at=ctx.now())
        await _decide(ctx, row, DecisionOutcome.REFUSED, rule, {"kind": row.kind})

    await ctx.database.transaction(write)


async def look_again(row: OutboundMessage, *, at: datetime) -> None:
    """The due scan meets the same facts and acts on them (closes, follows the visit, or waits)."""
    if row.kind not in PROACTIVE_KINDS or row.campaign_id is None:
        return
    is_nudge = row.kind is MessageKind.NUDGE  # there is one, and it did not leave
    await Campaign.collection().update_one(
        {
            "_id": row.campaign_id,
            "status": contact.EXPECTED_STATUS[row.kind],
            "follow_up_details.next_attempt_at": None,
        },
        {"$set": {"follow_up_details.next_attempt_at": at} | ({"nudged_at": None} if is_nudge else {})},
    )


async def _decide(
    ctx: Context, row: OutboundMessage, outcome: DecisionOutcome, rule: str, inputs: dict[str, Any]
) -> None:
    await audit.decide(
        ctx, patient_id=row.patient_id, campaign_id=row.campaign_id, outcome=outcome, rule=rule, inputs=inputs
    )


async def begin(ctx: Context, row: OutboundMessage) -> bool:
    """The last compare-and-set: the row becomes SENDING, unless it was withdrawn, stopped, or another worker has it.

    The same transaction reads the patient's stops and whether a person took the conversation. A proactive message
    takes the day of its address and its patient: two can never start on one day.
    """
    before = row.state
    changes: dict[str, Any] = {"state": OutboxState.SENDING, "sending_since": row.sending_since or ctx.now()}
    if row.kind in PROACTIVE_KINDS and row.day_keys is None:
        changes["day_keys"] = await _day_keys(ctx, row)
    try:
        started = await ctx.database.transaction(partial(_begin, row, changes, before))
    except DuplicateKeyError:
        rules = outreach_rules(await Clinic.load())
        tomorrow = outreach.next_opening(rules, ctx.now(), not_today=True)
        await _postpone(ctx, row, Verdict(Verb.POSTPONE, "one_message_a_day", tomorrow))
        return False
    if isinstance(started, str):
        await cancel(ctx, row, started)
        return False
    return started


async def _begin(row: OutboundMessage, changes: dict[str, Any], before: OutboxState) -> bool | str:
    """The rule that withdraws the row: a stop stands, or a person acted; False when it is not ours any more."""
    row.state = before  # a transaction may run again
    if row.kind not in EXEMPT_FROM_STOP and not await patients.hold_consent(row.patient_id, row.channel):
        return "opted_out"
    if not await takeovers.hold_turn(row, before):
        return takeovers.HANDED_OVER
    started = await row.write(changes, expected=before)
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
    stamps: dict[str, Any] = {
        "state": OutboxState.SENT,
        "external_id": receipt.external_id,
        "thread_id": receipt.thread_id,
        "sent_at": now,
    }
    if receipt.message_id:
        stamps["message_id"] = receipt.message_id

    async def write() -> None:
        if await row.write(stamps, expected=before):
            await outbox.stamp_sent(ctx, row.id, receipt)
            await count(ctx, row, receipt.thread_id)

    await ctx.database.transaction(write)


async def count(ctx: Context, row: OutboundMessage, thread_id: str | None) -> None:
    """An attempt counts once, when it has left (or may have); the campaign's plan goes on from here."""
    campaign = await Campaign.get(row.campaign_id) if row.campaign_id else None
    if campaign is None:
        return
    here = (row.channel, row.to) == (campaign.channel.type, campaign.channel.address)
    changes: dict[str, Any] = {"channel.thread_id": thread_id} if thread_id and here else {}
    if campaign.first_sent_at is None:
        changes["first_sent_at"] = ctx.now()
    if row.kind is not MessageKind.ATTEMPT or row.attempt is None:
        await campaigns.touch(ctx, campaign, changes=changes)
        return
    made = await outbox.attempts_sent(campaign.id)
    changes["follow_up_details.attempts_made"] = made
    if campaign.status is not CampaignStatus.ATTEMPTING_RECOVERY:
        await campaigns.touch(ctx, campaign, changes=changes)  # the patient answered while it was leaving
        return
    rules = outreach_rules(await Clinic.load())
    changes["follow_up_details.next_attempt_at"] = outreach.next_attempt_at(
        rules, attempts_made=max(made, 1), sent_at=ctx.now()
    )
    await campaigns.move(ctx, campaign, CampaignEvent.ATTEMPT_SENT, by=audit.AGENT, changes=changes)
