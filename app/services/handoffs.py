"""Handoffs as staff work them: who waits, who takes it, giving it back, closing it (domain.md sections 3 and 6).

Every act is one transaction around a compare-and-set, with its audit row.
"""

from typing import Any

from beanie import PydanticObjectId

from app.context import Context
from app.errors import ConflictError
from app.models.campaigns import Campaign, HandoffDetails
from app.models.enums import CampaignStatus
from app.models.interactions import Interaction
from app.models.users import User
from app.services import audit, campaigns, conversations, handoff_clocks, outbox
from app.services.handoff_lists import WaitingHandoff, details_of, is_open, waiting

__all__ = [
    "HandoffSettledError",
    "HandoffTakenError",
    "WaitingHandoff",
    "claim",
    "close",
    "release_to_agent",
    "unclaim",
    "waiting",
]


class HandoffTakenError(ConflictError):
    """A colleague has it: `extra["assigned_to"]` and `extra["assigned_name"]` say who."""

    code = "HANDOFF_TAKEN"


class HandoffSettledError(ConflictError):
    """Nobody waits here any more."""

    code = "HANDOFF_SETTLED"


async def claim(ctx: Context, campaign_id: PydanticObjectId, *, by: PydanticObjectId) -> Campaign:
    """`by`, a user, takes it; the same person again changes nothing. A conversation of the agent's is taken from it.

    Raises HandoffTakenError (a colleague was first), HandoffSettledError, IllegalTransitionError, NotFoundError.
    """

    async def write() -> Campaign:
        campaign = await campaigns.get(campaign_id)
        if campaign.status is CampaignStatus.RE_ENGAGED and not is_open(campaign):
            return await _take_from_agent(ctx, campaign, by)
        details = _open_details(campaign)
        if details.assigned_to == by:
            return campaign
        if details.assigned_to:
            raise await _taken_by(details.assigned_to)
        await _assign(ctx, campaign, details, to=by)
        await _audit(ctx, campaign, "handoff.claimed", actor=f"user:{by}")
        return await campaigns.get(campaign_id)

    return await ctx.database.transaction(write)


async def _take_from_agent(ctx: Context, campaign: Campaign, by: PydanticObjectId) -> Campaign:
    actor = f"user:{by}"
    changes = campaigns.handoff_changes(ctx, campaign, CampaignStatus.HANDOFF_REQUIRED, actor=actor)
    moved = await campaigns.move_by_staff(ctx, campaign, CampaignStatus.HANDOFF_REQUIRED, by=actor, changes=changes)
    await _audit(ctx, moved, "handoff.claimed", actor=actor)
    return await handoff_clocks.start_where_owed(ctx, moved)


def _open_details(campaign: Campaign) -> HandoffDetails:
    if not is_open(campaign):
        sentence = f"Nobody waits for a person here any more: the campaign is {campaign.status.value}."
        raise HandoffSettledError(sentence, extra={"status": campaign.status.value})
    return details_of(campaign)


async def _taken_by(user_id: PydanticObjectId) -> HandoffTakenError:
    name = (await User.names_of([user_id])).get(user_id, "A colleague")
    extra = {"assigned_to": str(user_id), "assigned_name": name}
    return HandoffTakenError(f"{name} has taken this conversation.", extra=extra)


async def _assign(ctx: Context, campaign: Campaign, details: HandoffDetails, *, to: PydanticObjectId | None) -> None:
    """The compare-and-set is the campaign's version: two who click at once collide, and one reads the other's name."""
    changes: dict[str, Any] = {
        "handoff_details": details.model_copy(update={"assigned_to": to}).model_dump(),
        "handoff_changed_at": ctx.now(),
    }
    if campaign.status is not CampaignStatus.HANDOFF_REQUIRED:  # there the status itself silences the agent
        kinds = campaigns.ALL_AUTOMATIC
        await outbox.cancel_waiting(ctx, campaign.id, kinds=kinds, reason="handed_over", reopens=True)
        changes |= campaigns.taken_over(campaign)
    await campaigns.touch(ctx, campaign, changes=changes)


async def unclaim(ctx: Context, campaign_id: PydanticObjectId, *, by: PydanticObjectId) -> Campaign:
    """Leave it for somebody else; whoever has it, or any colleague for them. Nobody has it: nothing changes.

    Raises HandoffSettledError, NotFoundError.
    """

    async def write() -> Campaign:
        campaign = await campaigns.get(campaign_id)
        details = _open_details(campaign)
        if details.assigned_to is None:
            return campaign
        await _assign(ctx, campaign, details, to=None)
        was = {"assigned_to": str(details.assigned_to)}
        await _audit(ctx, campaign, "handoff.left", actor=f"user:{by}", details=was)
        return await campaigns.get(campaign_id)

    return await ctx.database.transaction(write)


async def release_to_agent(ctx: Context, campaign_id: PydanticObjectId, *, by: PydanticObjectId) -> Campaign:
    """Give the conversation back: RE_ENGAGED, and the agent reads what came meanwhile and nobody answered.

    Raises IllegalTransitionError with `allowed` unless it is in HANDOFF_REQUIRED, NotFoundError.
    """
    return await _leave(ctx, campaign_id, CampaignStatus.RE_ENGAGED, "handoff.released", by=by)


async def close(
    ctx: Context, campaign_id: PydanticObjectId, *, by: PydanticObjectId, reason: str | None = None
) -> Campaign:
    """It is dealt with: MANUAL_FOLLOWUP_COMPLETE, and what the patient wrote counts as answered.

    An emergency in another state is settled and keeps that state (D-17). Raises HandoffSettledError, NotFoundError.
    """
    campaign = await campaigns.get(campaign_id)
    _open_details(campaign)
    if campaign.status is CampaignStatus.HANDOFF_REQUIRED:
        target = CampaignStatus.MANUAL_FOLLOWUP_COMPLETE
        return await _leave(ctx, campaign_id, target, "handoff.closed", by=by, reason=reason)
    return await _settle_emergency(ctx, campaign_id, by=by, reason=reason)


async def _settle_emergency(
    ctx: Context, campaign_id: PydanticObjectId, *, by: PydanticObjectId, reason: str | None
) -> Campaign:
    actor = f"user:{by}"

    async def write() -> Campaign:
        campaign = await campaigns.get(campaign_id)
        _open_details(campaign)
        changes = campaigns.resolved(ctx, actor) | campaigns.taken_over(campaign)
        await campaigns.touch(ctx, campaign, changes=changes)
        await conversations.mark_all_handled(ctx, campaign_id)
        await _audit(ctx, campaign, "handoff.closed", actor=actor, details={"reason": reason})
        return await campaigns.get(campaign_id)

    return await ctx.database.transaction(write)


async def _leave(
    ctx: Context,
    campaign_id: PydanticObjectId,
    target: CampaignStatus,
    action: str,
    *,
    by: PydanticObjectId,
    reason: str | None = None,
) -> Campaign:
    actor = f"user:{by}"

    async def write() -> Campaign:
        campaign = await campaigns.get(campaign_id)
        if campaign.status is not CampaignStatus.HANDOFF_REQUIRED:
            raise campaigns.illegal(campaign.status, "it is not handed over")
        changes = campaigns.handoff_changes(ctx, campaign, target, actor=actor)
        moved = await campaigns.move_by_staff(ctx, campaign, target, by=actor, changes=changes)
        if target is CampaignStatus.RE_ENGAGED:
            await _give_back_unanswered(ctx, moved)
        else:
            await conversations.mark_all_handled(ctx, campaign_id)
        await _audit(ctx, moved, action, actor=actor, details={"reason": reason})
        return moved

    return await ctx.database.transaction(write)


async def _give_back_unanswered(ctx: Context, campaign: Campaign) -> None:
    """What the patient wrote and nobody dealt with is unread again, and the inbox job runs the agent."""
    waiting = [item.id for item in await handoff_clocks.unanswered(campaign)]
    if waiting:
        await Interaction.collection().update_many({"_id": {"$in": waiting}}, {"$set": {"read_at": None}})
        await Campaign.collection().update_one({"_id": campaign.id}, {"$set": {"agent_wanted_at": ctx.now()}})


async def _audit(
    ctx: Context, campaign: Campaign, action: str, *, actor: str, details: dict[str, Any] | None = None
) -> None:
    await audit.record(
        ctx,
        actor=actor,
        action=action,
        document=("campaign", campaign.id),
        patients=[campaign.patient_id],
        details=details,
    )
