"""Whether a patient waits for an answer of a person, and until when (domain.md section 6).

The clock starts with the handoff. A person's answer stops it, and what the patient writes after that starts it anew; an
escalation belongs to one start. A conversation that is taken by hand owes what nobody had answered.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from beanie import PydanticObjectId
from pymongo import ReturnDocument

from app.context import Context
from app.domain.campaign_status import CampaignEvent
from app.domain.plain_text import one_line
from app.domain.risks import RISKS
from app.domain.thanks_words import is_only_thanks
from app.models.campaigns import Campaign
from app.models.clinic import Clinic
from app.models.enums import Direction, OutboxState
from app.models.interactions import Interaction
from app.models.outbox import OutboundMessage
from app.services.handoff_lists import is_open
from app.services.handoff_notices import due_at

LONGEST_QUESTION = 200
GOES_ON = frozenset(
    {
        CampaignEvent.PATIENT_REPLIED,
        CampaignEvent.PATIENT_RECONSIDERED,
        CampaignEvent.HUMAN_NEEDED,
        CampaignEvent.STAFF_RELEASED,
        CampaignEvent.STAFF_KEPT,
    }
)
"""Events within one conversation; any other begins or ends one, and what was said before it is history."""


def stopped(ctx: Context, campaign: Campaign, *, by: PydanticObjectId | None) -> dict[str, Any]:
    """What a person's answer writes while the conversation stays with people; a handoff that nobody has is theirs."""
    details = campaign.handoff_details
    if details is None or not is_open(campaign):
        return {}
    return {
        "handoff_details.due_at": None,
        "handoff_details.escalated_at": None,
        "handoff_details.assigned_to": details.assigned_to or by,
        "handoff_changed_at": ctx.now(),
    }


def started(ctx: Context, clinic: Clinic, campaign: Campaign, waiting: Sequence[Interaction]) -> dict[str, Any]:
    """What the patient's messages write while a person has the conversation.

    Nothing where an answer is due already, or where they only say thank you.
    """
    details = campaign.handoff_details
    asking = [item for item in waiting if not is_only_thanks(item.content)]
    if details is None or details.due_at or not asking:
        return {}
    return {
        "handoff_details.due_at": due_at(clinic, details.priority, ctx.now()),
        "handoff_details.patient_question": one_line(asking[-1].content, LONGEST_QUESTION),
        "handoff_changed_at": ctx.now(),
    }


async def start_where_owed(ctx: Context, campaign: Campaign) -> Campaign:
    """Inside the transaction in which a person took the conversation: what nobody has answered is due from now on."""
    changes = started(ctx, await Clinic.load(), campaign, await unanswered(campaign))
    if not changes:
        return campaign
    raw = await Campaign.collection().find_one_and_update(
        {"_id": campaign.id}, {"$set": changes}, return_document=ReturnDocument.AFTER
    )
    return Campaign.from_raw(raw) if raw else campaign


async def unanswered(campaign: Campaign) -> list[Interaction]:
    """What the patient wrote in this conversation and nobody dealt with, oldest first.

    An emergency or a stop that the rules saw was dealt with when it came.
    """
    query = {
        "campaign_id": campaign.id,
        "direction": Direction.INCOMING,
        "handled_at": None,
        "screened_as": {"$nin": list(RISKS)},
        "timestamp": {"$gte": _began(campaign)},
        "_id": {"$nin": await _answered(campaign)},
    }
    return await Interaction.find(query).sort("timestamp", "arrival").to_list()


def _began(campaign: Campaign) -> datetime:
    """When this conversation began: what was left lying in an earlier one, or beside a visit, is history."""
    turns = [change.at for change in campaign.status_changes if change.event not in GOES_ON]
    return max(turns, default=campaign.created_at)


async def _answered(campaign: Campaign) -> list[PydanticObjectId]:
    """Messages of the patient that one of ours answers, even where a person should look as well."""
    stands = {"campaign_id": campaign.id, "state": {"$nin": [OutboxState.CANCELLED, OutboxState.FAILED]}}
    found: list[PydanticObjectId] = await OutboundMessage.collection().distinct("answers", stands)
    return found
