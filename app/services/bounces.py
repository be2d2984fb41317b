"""A message that had left and came back: for good, or worth another try (RFC 3464; trust.md fault 25, domain.md 6).

It no longer counts as sent: an attempt that reached nobody is not the patient's silence.
"""

from datetime import datetime, timedelta
from typing import Any

from beanie import PydanticObjectId

from app.context import Context
from app.domain.bounces import Bounce
from app.models.campaigns import Campaign
from app.models.enums import CampaignStatus, DecisionOutcome, Delivery, MessageKind, OutboxState
from app.models.outbox import OutboundMessage
from app.services import audit, campaigns, contact, fallbacks, outbox, undelivered

MAY_HAVE_LEFT = (OutboxState.SENDING, OutboxState.SENT, OutboxState.UNKNOWN)
DELAYED = "delayed"
"""The sending server still tries: it did not come back, and a second one would be one too many (RFC 3464, 2.3.3)."""
BOUNCED, BOUNCED_SOFTLY = "bounced", "bounced_softly"
RETRY_AFTER = (timedelta(hours=1), timedelta(hours=12), timedelta(hours=48))
"""When a soft bounce is tried again: three times within 72 hours, then it is a hard one."""
AGAIN = "~again"
"""Ends the key of a message that is sent once more."""


async def heed(ctx: Context, bounce: Bounce, *, campaign: Campaign | None = None) -> OutboundMessage | None:
    """Act on a delivery report; the message that came back, or None when it is none of ours."""
    row = await _returned(bounce, campaign)
    if row is None or bounce.action == DELAYED:
        return row
    if bounce.is_hard:
        await hard_failure(ctx, row, reason=undelivered.RECIPIENT_REFUSED)
    else:
        await soft_failure(ctx, row)
    return row


async def _returned(bounce: Bounce, campaign: Campaign | None) -> OutboundMessage | None:
    """By our own mark on it, by its Message-ID, else the newest that went to the address in this conversation."""
    if bounce.outbox_id and PydanticObjectId.is_valid(bounce.outbox_id):
        return await OutboundMessage.get(PydanticObjectId(bounce.outbox_id))
    if bounce.original_message_id:
        found = await OutboundMessage.find_one({"message_id": bounce.original_message_id})
        if found:
            return found
    if campaign is None:
        return None
    query: dict[str, Any] = {"campaign_id": campaign.id, "state": {"$in": list(MAY_HAVE_LEFT)}}
    query["to"] = bounce.final_recipient or campaign.channel.address
    return await OutboundMessage.find(query).sort("-created_at").first_or_none()


async def hard_failure(ctx: Context, row: OutboundMessage, *, reason: str) -> None:
    """It will never arrive: `reason` is one of `undelivered.ENDINGS`. A second report changes nothing."""

    async def write() -> None:
        if await _take_back(ctx, row, BOUNCED, rule=reason):
            await undelivered.follow(ctx, row, reason)

    await ctx.database.transaction(write)


async def soft_failure(ctx: Context, row: OutboundMessage) -> None:
    """It may arrive later: tried again after 1, 12 and 48 hours, and after that taken for a hard one."""
    tries = await _soft_before(row)
    if tries >= len(RETRY_AFTER):
        await hard_failure(ctx, row, reason=undelivered.RECIPIENT_REFUSED)
        return
    at = ctx.now() + RETRY_AFTER[tries]

    async def write() -> None:
        if await _take_back(ctx, row, BOUNCED_SOFTLY, rule=BOUNCED_SOFTLY):
            await _try_again(ctx, row, at)

    await ctx.database.transaction(write)


async def _take_back(ctx: Context, row: OutboundMessage, reason: str, *, rule: str) -> bool:
    """Inside a transaction: what counted as sent is FAILED, and its attempt was none. False when it is that already."""
    done = await OutboundMessage.collection().update_one(
        {"_id": row.id, "state": {"$in": list(MAY_HAVE_LEFT)}},
        {
            "$set": {"state": OutboxState.FAILED, "state_reason": reason},
            "$unset": {"day_keys": ""},
            "$inc": {"lease_generation": 1},
        },
    )
    if done.matched_count == 0:
        return False
    await outbox.set_delivery(row.id, Delivery.FAILED)
    await _uncount(ctx, row)
    await audit.decide(
        ctx,
        patient_id=row.patient_id,
        campaign_id=row.campaign_id,
        outcome=DecisionOutcome.REFUSED,
        rule=rule,
        inputs={"kind": row.kind, "reason": reason},
    )
    return True


async def _uncount(ctx: Context, row: OutboundMessage) -> None:
    """The attempts made are the messages that arrived as far as we know; the plan of this one is void."""
    campaign = await Campaign.get(row.campaign_id) if row.campaign_id else None
    if campaign is None or row.kind is not MessageKind.ATTEMPT:
        return
    made = await outbox.attempts_sent(campaign.id)
    changes: dict[str, Any] = {"follow_up_details.attempts_made": made}
    if campaign.status is CampaignStatus.ATTEMPTING_RECOVERY:
        changes["follow_up_details.next_attempt_at"] = None
    await campaigns.touch(ctx, campaign, changes=changes)


async def _try_again(ctx: Context, row: OutboundMessage, at: datetime) -> None:
    if row.kind not in contact.EXPECTED_STATUS:
        await fallbacks.send_once_more(ctx, row, key=row.key + AGAIN, at=at)
        return
    await Campaign.collection().update_one(
        {"_id": row.campaign_id, "status": contact.EXPECTED_STATUS[row.kind]},
        {"$set": {"follow_up_details.next_attempt_at": at, "nudged_at": None}},
    )


async def _soft_before(row: OutboundMessage) -> int:
    """How often this very message, or this attempt, came back softly before."""
    if row.kind not in contact.EXPECTED_STATUS:
        return row.key.count(AGAIN)
    same = {"campaign_id": row.campaign_id, "kind": row.kind, "attempt": row.attempt, "to": row.to}
    returned = same | {"state": OutboxState.FAILED, "state_reason": BOUNCED_SOFTLY}
    return await OutboundMessage.collection().count_documents(returned)
