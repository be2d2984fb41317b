"""What a booking does to the campaign that brought it (domain.md section 3)."""

from typing import Any

from app.context import Context
from app.domain.campaign_status import CampaignEvent, transition
from app.models.appointments import Appointment
from app.models.campaigns import Campaign
from app.models.enums import CampaignStatus, DecisionOutcome, FunnelStatus
from app.services import audit, campaigns


async def follow_campaign(ctx: Context, campaign: Campaign | None, *, by: str) -> Campaign | None:
    """Take the campaign to BOOKING_INITIATED; one that ended unanswered is reopened first."""
    if campaign is None:
        return None
    current = await campaigns.get(campaign.id)
    if current.status is CampaignStatus.RECOVERY_FAILED:
        current = await campaigns.move(ctx, current, CampaignEvent.PATIENT_REPLIED, by=by)
    if transition(current.status, CampaignEvent.PATIENT_BOOKED) is None:
        return current
    changes: dict[str, Any] = {
        "booking_funnel.status": FunnelStatus.FORM_SUBMITTED,
        "booking_funnel.submitted_at": ctx.now(),
        "booked_at": ctx.now(),
    }
    return await campaigns.move(ctx, current, CampaignEvent.PATIENT_BOOKED, by=by, changes=changes)


async def adopt_visit(ctx: Context, campaign: Campaign) -> None:
    """A campaign whose patient has booked meanwhile, by whatever way, follows that visit instead of writing again."""

    async def write() -> None:
        visit = await Appointment.future_of(campaign.patient_id, ctx.now())
        if visit is None:
            return
        if visit.campaign_id is None:
            await Appointment.collection().update_one({"_id": visit.id}, {"$set": {"campaign_id": campaign.id}})
        await follow_campaign(ctx, campaign, by=audit.SYSTEM)
        await audit.decide(
            ctx,
            patient_id=campaign.patient_id,
            campaign_id=campaign.id,
            outcome=DecisionOutcome.REFUSED,
            rule="future_visit_booked",
            inputs={"appointment_id": visit.id},
        )

    await ctx.database.transaction(write)
