"""Handoffs that nobody answered in time: marked once, told once (domain.md section 6)."""

from beanie import PydanticObjectId
from pymongo import ASCENDING

from app.context import Context
from app.models.campaigns import Campaign
from app.models.clinic import Clinic
from app.services import audit, campaigns, handoff_notices, outbox, patients
from app.services.handoff_lists import OPEN, UNSETTLED, is_open

MOST_AT_ONCE = 200


async def late(ctx: Context, *, most: int = MOST_AT_ONCE) -> list[PydanticObjectId]:
    """Campaigns whose handoff is open, past its due time and not escalated yet, the longest overdue first."""
    query = UNSETTLED | {
        "$or": OPEN,
        "handoff_details.due_at": {"$type": "date", "$lte": ctx.now()},
        "handoff_details.escalated_at": None,
    }
    found = (
        Campaign.collection().find(query, {"_id": 1}, hint="open_handoffs").sort("handoff_details.due_at", ASCENDING)
    )
    return [row["_id"] for row in await found.limit(most).to_list()]


async def escalate(ctx: Context, campaign_id: PydanticObjectId) -> bool:
    """Mark it and tell staff, together; False when somebody did, or answered, meanwhile. Raises StaleCampaignError."""
    clinic = await Clinic.load()

    async def write() -> bool:
        campaign = await campaigns.get(campaign_id)
        details = campaign.handoff_details
        if details is None or details.escalated_at or not details.due_at or not is_open(campaign):
            return False
        if details.due_at > ctx.now():
            return False
        now = ctx.now()
        changes = {"handoff_details.escalated_at": now, "handoff_changed_at": now}
        await campaigns.touch(ctx, campaign, changes=changes)
        patient = await patients.get(campaign.patient_id)
        for mail in handoff_notices.mails(ctx, campaign, patient, details, clinic=clinic, is_late=True):
            await outbox.freeze(ctx, patient_id=patient.id, campaign=None, message=mail)
        await audit.record(
            ctx,
            actor=audit.SYSTEM,
            action="handoff.escalated",
            document=("campaign", campaign.id),
            patients=[campaign.patient_id],
        )
        return True

    return await ctx.database.transaction(write)
