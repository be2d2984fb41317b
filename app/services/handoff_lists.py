"""The list of people who wait for a person, the most pressing first (domain.md sections 3 and 6).

An open handoff is a campaign in HANDOFF_REQUIRED, or an emergency that was written into another state and that nobody
has settled.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from beanie import PydanticObjectId

from app.context import Context
from app.models.campaigns import Campaign, HandoffDetails
from app.models.enums import CampaignStatus, CampaignType, ChannelType, HandoffPriority
from app.models.users import User
from app.services import audit

MOST_SHOWN = 500
UNSETTLED: dict[str, Any] = {"handoff_details.resolved_at": {"$type": "null"}}
NOT_SHOWN = {"status_changes": 0, "engagement_summary": 0, "counted_as": 0}
OPEN: list[dict[str, Any]] = [
    {"status": CampaignStatus.HANDOFF_REQUIRED.value},
    {"handoff_details.priority": HandoffPriority.URGENT.value},
]
"""Beside UNSETTLED: a patient who booked or stopped meanwhile waits for nobody, unless it was an emergency."""
BY_HAND = "taken over by staff"


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingHandoff:
    """One row of the list of people who wait for a person."""

    campaign_id: PydanticObjectId
    patient_id: PydanticObjectId
    patient_name: str
    campaign_type: CampaignType
    channel: ChannelType
    status: CampaignStatus
    """HANDOFF_REQUIRED, unless an emergency was written into another state."""
    details: HandoffDetails
    assigned_name: str | None
    is_late: bool
    """Past its due time."""

    @property
    def is_urgent(self) -> bool:
        return self.details.priority is HandoffPriority.URGENT


async def waiting(ctx: Context, *, actor: str | None = None) -> list[WaitingHandoff]:
    """Everybody who waits for a person, at most 500.

    Emergencies first, then whoever nobody answered in time, then who waits longest; who has an answer comes last.

    With `actor` (`user:<id>`) the read is written into the audit log.
    """
    found = [each for each in await _open_campaigns() if is_open(each)]
    names = await User.names_of(each.handoff_details.assigned_to for each in found if each.handoff_details)
    rows = [_row(ctx, campaign, names) for campaign in sorted(found, key=_urgency)[:MOST_SHOWN]]
    if actor and rows:
        people = [row.patient_id for row in rows]
        await audit.record(ctx, actor=actor, action="handoff.listed", document=("handoff", "list"), patients=people)
    return rows


async def how_many(*, most: int) -> int:
    """Of the same people, for the navigation; counted up to `most` of each kind."""
    rows = Campaign.collection()
    parked = {"status": CampaignStatus.HANDOFF_REQUIRED.value}
    urgent = UNSETTLED | {"handoff_details.priority": HandoffPriority.URGENT.value}
    elsewhere = urgent | {"status": {"$ne": CampaignStatus.HANDOFF_REQUIRED.value}}
    return await rows.count_documents(parked, limit=most) + await rows.count_documents(
        elsewhere, limit=most, hint="open_handoffs"
    )


async def _open_campaigns() -> list[Campaign]:
    """Without their histories: the list shows none, and there may be hundreds of them."""
    rows = Campaign.collection()
    urgent = UNSETTLED | {"handoff_details.priority": HandoffPriority.URGENT.value}
    # The bound alone does not tell the planner that the partial index serves: it would read the whole collection.
    both = [
        *await rows.find({"status": CampaignStatus.HANDOFF_REQUIRED.value}, NOT_SHOWN).to_list(),
        *await rows.find(urgent, NOT_SHOWN, hint="open_handoffs").to_list(),
    ]
    return list({row["_id"]: Campaign.from_raw(row) for row in both}.values())


def is_open(campaign: Campaign) -> bool:
    """True while somebody waits for a person here."""
    if campaign.status is CampaignStatus.HANDOFF_REQUIRED:
        return True
    details = campaign.handoff_details
    return details is not None and details.resolved_at is None and details.priority is HandoffPriority.URGENT


def _urgency(campaign: Campaign) -> tuple[bool, bool, bool, datetime]:
    details = details_of(campaign)
    is_urgent = details.priority is HandoffPriority.URGENT
    return not is_urgent, details.escalated_at is None, details.due_at is None, details.created_at


def details_of(campaign: Campaign) -> HandoffDetails:
    """What is known of the handoff; one that was made by hand may know nothing."""
    return campaign.handoff_details or HandoffDetails(reason=BY_HAND, created_at=campaign.updated_at)


def _row(ctx: Context, campaign: Campaign, names: dict[PydanticObjectId, str]) -> WaitingHandoff:
    details = details_of(campaign)
    return WaitingHandoff(
        campaign_id=campaign.id,
        patient_id=campaign.patient_id,
        patient_name=campaign.patient_name,
        campaign_type=campaign.campaign_type,
        channel=campaign.channel.type,
        status=campaign.status,
        details=details,
        assigned_name=names.get(details.assigned_to) if details.assigned_to else None,
        is_late=details.due_at is not None and details.due_at <= ctx.now(),
    )
