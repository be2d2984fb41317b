"""A message that will not reach its address: why, what that means for the address, and what comes next.

domain.md sections 5 and 6; trust.md 2.4, faults 24 and 27.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from app.context import Context
from app.models.enums import DecisionOutcome, Delivery, MessageKind, OutboxState
from app.models.outbox import OutboundMessage
from app.services import audit, delivery, fallbacks, opt_outs, outbox, patients

RECIPIENT_REFUSED = "recipient_refused"
RECIPIENT_STOPPED = "recipient_stopped"
NOT_ALLOWED_NOW = "not_allowed_on_channel"
CHANNEL_MISSING = "channel_not_configured"
SENDING_FAILED = "sending_failed"
UNKNOWN_TO_PROVIDER = "provider_does_not_know_it"
AFTER_FAILURE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Ending:
    """What a failure means: is the address spent, and may another channel carry the message on?"""

    spends_address: bool = False
    goes_on_elsewhere: bool = False


ENDINGS: dict[str, Ending] = {
    RECIPIENT_REFUSED: Ending(spends_address=True, goes_on_elsewhere=True),
    RECIPIENT_STOPPED: Ending(),
    NOT_ALLOWED_NOW: Ending(goes_on_elsewhere=True),
    CHANNEL_MISSING: Ending(goes_on_elsewhere=True),
    SENDING_FAILED: Ending(),
}
"""Every other reason ends as `sending_failed` does: the campaign is looked at again a day later."""


async def fail(ctx: Context, row: OutboundMessage, reason: str) -> str:
    """Give up on a message that never left; the reason decides what follows."""
    before, rule = row.state, reason if reason in ENDINGS else SENDING_FAILED

    async def write() -> None:
        changes = {"state": OutboxState.FAILED, "state_reason": reason}
        if await row.write(changes, expected=before, frees_day=True):
            await outbox.set_delivery(row.id, Delivery.FAILED)
            await _decide(ctx, row, rule, {"kind": row.kind, "reason": reason})
            await follow(ctx, row, rule)

    await ctx.database.transaction(write)
    return "failed"


async def follow(ctx: Context, row: OutboundMessage, rule: str) -> None:
    """Inside a transaction: what a failure of one of the `ENDINGS` leads to."""
    if row.kind is MessageKind.STAFF_NOTICE:  # it went to staff: no address and no wish of the patient's
        return
    if rule == RECIPIENT_STOPPED:
        await opt_outs.stop_by_provider(ctx, channel=row.channel, address=row.to, source=f"provider:{row.id}")
        return
    ending = ENDINGS[rule]
    if ending.spends_address:
        await patients.mark_unusable(ctx, patient_id=row.patient_id, address=row.to, channel=row.channel)
    if not (ending.goes_on_elsewhere and await fallbacks.go_on_elsewhere(ctx, row, reason=rule)):
        await delivery.look_again(row, at=ctx.now() if ending.spends_address else ctx.now() + AFTER_FAILURE)


async def mark_unknown(ctx: Context, row: OutboundMessage, reason: str) -> str:
    """Nobody can say whether it left: it counts as an attempt, is never sent again by itself, and staff see it."""
    before = row.state

    async def write() -> None:
        if await row.write({"state": OutboxState.UNKNOWN, "state_reason": reason}, expected=before):
            await outbox.set_delivery(row.id, Delivery.UNKNOWN)
            await delivery.count(ctx, row, None)
            await _decide(ctx, row, UNKNOWN_TO_PROVIDER, {"kind": row.kind, "reason": reason})

    await ctx.database.transaction(write)
    return "unknown"


async def _decide(ctx: Context, row: OutboundMessage, rule: str, inputs: dict[str, Any]) -> None:
    await audit.decide(
        ctx,
        patient_id=row.patient_id,
        campaign_id=row.campaign_id,
        outcome=DecisionOutcome.REFUSED,
        rule=rule,
        inputs=inputs,
    )
