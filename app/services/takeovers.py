"""A person takes the conversation: what the agent wrote before that never begins to leave (trust.md fault 14, D-18).

A takeover withdraws what waits. This is the other half, for a message that was being handed out at that moment: it
reads the campaign in the transaction that hands out, and writes to it, so that the two collide and one is first.
"""

from typing import Any

from beanie import PydanticObjectId

from app.models.campaigns import Campaign
from app.models.enums import CampaignStatus, MessageKind, OutboxState
from app.models.outbox import OutboundMessage
from app.services import outbox
from app.services.campaigns import ALL_AUTOMATIC

HANDED_OVER = "handed_over"
"""The reason kept with a message that a person's act withdrew."""


def reply_key(campaign: Campaign, newest: PydanticObjectId) -> str:
    """The key of the agent's one answer to the patient's newest message; given back by a person, it may answer anew."""
    turn = f":{campaign.taken_over_version}" if campaign.taken_over_version else ""
    return f"reply:{newest}{turn}"


async def hold_turn(row: OutboundMessage, before: OutboxState) -> bool:
    """Inside the transaction that hands a message out: False when a person acted since the agent wrote it.

    The first attempt to send a proactive message needs no look: the takeover's own withdrawal collides with it.
    """
    if row.campaign_id is None or row.kind not in ALL_AUTOMATIC:
        return True
    if row.kind is MessageKind.ATTEMPT and before is not OutboxState.SENDING:
        return True
    done = await Campaign.collection().update_one(_still_the_agents(row), {"$inc": {"sends_begun": 1}})
    return done.matched_count == 1


def _still_the_agents(row: OutboundMessage) -> dict[str, Any]:
    """The handoff message belongs to the handoff; anything else is refused while a person has the conversation."""
    query: dict[str, Any] = {"_id": row.campaign_id}
    if row.kind is not MessageKind.HANDOFF:
        query["status"] = {"$ne": CampaignStatus.HANDOFF_REQUIRED}
    if row.campaign_version is not None:
        query["$nor"] = [{"taken_over_version": {"$gt": row.campaign_version}}]
    return query


async def leave_unanswered(row: OutboundMessage) -> None:
    """A message of the agent's was withdrawn by a person's act: what it dealt with waits, unless the person wrote."""
    campaign = await Campaign.get(row.campaign_id) if row.campaign_id else None
    if campaign is None or (campaign.staff_answered_at and campaign.staff_answered_at >= row.created_at):
        return
    await outbox.reopen(row)
