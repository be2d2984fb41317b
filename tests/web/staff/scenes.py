"""Conversations as the front desk finds them: somebody who waits for a person, with what they wrote."""

from typing import Any

from app.context import Context
from app.models.campaigns import Campaign, HandoffDetails
from app.models.enums import Author, CampaignStatus, ChannelType, Direction, FunnelStatus
from app.models.interactions import Interaction
from tests.factories import force_status, make_recovery

QUESTION = "Do you take Delta Dental?"
HOSTILE = "<script>alert('x')</script>"


async def says(ctx: Context, campaign: Campaign, text: str, **fields: Any) -> Interaction:
    """Something the patient wrote."""
    values: dict[str, Any] = {
        "campaign_id": campaign.id,
        "patient_id": campaign.patient_id,
        "direction": Direction.INCOMING,
        "author": Author.PATIENT,
        "content": text,
        "timestamp": ctx.now(),
        "channel": campaign.channel.type,
        "read_at": ctx.now(),
    }
    message = Interaction(**(values | fields))
    await message.insert()
    return message


async def handed_over(ctx: Context, *, campaign: dict[str, Any] | None = None, **details: Any) -> Campaign:
    """A campaign that waits for a person, with the patient's question in it."""
    opened = await make_recovery(ctx, **(campaign or {}))
    values: dict[str, Any] = {
        "reason": "no article holds the answer",
        "summary": "Asks about insurance.",
        "patient_question": QUESTION,
        "suggested_reply": "We do take Delta Dental.",
        "created_at": ctx.now(),
    }
    held = HandoffDetails(**(values | details)).model_dump()
    waiting = await force_status(opened, CampaignStatus.HANDOFF_REQUIRED, handoff_details=held)
    await says(ctx, waiting, details.get("patient_question", QUESTION))
    return waiting


async def by_sms(ctx: Context, **details: Any) -> Campaign:
    """The same by SMS."""
    reached = {"patient_phone": "+12025550177", "patient_email": None, "preferred_channel": [ChannelType.SMS]}
    return await handed_over(ctx, campaign=reached, **details)


FORM_SENT = {"booking_funnel": {"status": FunnelStatus.FORM_SENT.value, "link_url": None, "submitted_at": None}}
