"""Plans that move to a later day: while a patient is away (trust.md 2.5), and while staff pause a campaign."""

from datetime import date, datetime, time, timedelta
from typing import Any

from beanie import PydanticObjectId

from app.context import Context
from app.errors import ConflictError
from app.models.campaigns import Campaign
from app.models.clinic import Clinic
from app.models.enums import PROACTIVE_KINDS, CampaignStatus, DecisionOutcome
from app.models.outbox import CANCELLABLE_STATES, OutboundMessage
from app.services import audit, campaigns

POSTPONED = (CampaignStatus.ATTEMPTING_RECOVERY, CampaignStatus.RE_ENGAGED)
"""Where a message of our own accord may be planned: an attempt, or the reminder of an unused link."""


async def clinic_day(ctx: Context) -> date:
    """Today as the clinic's calendar says."""
    return ctx.now().astimezone((await Clinic.load()).zone).date()


async def until_back(ctx: Context, campaign_id: PydanticObjectId, returns_on: date) -> bool:
    """Plan the campaign's next message for the day after `returns_on`, if it was planned sooner; True when it moved.

    A message that is written and waits is withdrawn by its own check at the moment of sending ("plan_was_moved").
    """
    zone = (await Clinic.load()).zone
    at = datetime.combine(returns_on + timedelta(days=1), time(), zone)

    async def write() -> bool:
        campaign = await campaigns.get(campaign_id)
        if not await _is_planned_before(campaign, at):
            return False
        await campaigns.touch(ctx, campaign, changes={"follow_up_details.next_attempt_at": at})
        await audit.decide(
            ctx,
            patient_id=campaign.patient_id,
            campaign_id=campaign.id,
            outcome=DecisionOutcome.POSTPONED,
            rule="away_until",
            inputs={"until": at, "returns_on": returns_on.isoformat()},
        )
        return True

    moved: bool = await ctx.database.transaction(write)
    return moved


async def pause(ctx: Context, campaign_id: PydanticObjectId, until: datetime, *, actor: str) -> bool:
    """Plan the campaign's next message for `until`, if it was planned sooner; True when it moved.

    Raises ConflictError for a campaign in which nothing is planned. A message that waits is withdrawn as above.
    """

    async def write() -> bool:
        campaign = await campaigns.get(campaign_id)
        if campaign.status not in POSTPONED:
            raise ConflictError("Nothing is planned in this campaign, so there is nothing to pause.")
        if not await _is_planned_before(campaign, until):
            return False
        await campaigns.touch(ctx, campaign, changes={"follow_up_details.next_attempt_at": until})
        await _note_pause(ctx, campaign, until, actor=actor)
        return True

    moved: bool = await ctx.database.transaction(write)
    return moved


async def _note_pause(ctx: Context, campaign: Campaign, until: datetime, *, actor: str) -> None:
    await audit.record(
        ctx,
        actor=actor,
        action="campaign.paused",
        document=("campaign", campaign.id),
        patients=[campaign.patient_id],
        details={"until": until},
    )
    await audit.decide(
        ctx,
        patient_id=campaign.patient_id,
        campaign_id=campaign.id,
        outcome=DecisionOutcome.POSTPONED,
        rule="paused_by_staff",
        inputs={"until": until},
    )


async def _is_planned_before(campaign: Campaign, at: datetime) -> bool:
    if campaign.status not in POSTPONED:
        return False
    planned = campaign.follow_up_details.next_attempt_at
    return planned < at if planned else await _waits_to_leave(campaign.id)


async def _waits_to_leave(campaign_id: PydanticObjectId) -> bool:
    """A message of our own accord is written already; the plan is empty until it has left."""
    query: dict[str, Any] = {"campaign_id": campaign_id, "kind": {"$in": list(PROACTIVE_KINDS)}}
    query["state"] = {"$in": list(CANCELLABLE_STATES)}
    return await OutboundMessage.collection().find_one(query, {"_id": 1}) is not None
