"""What can be done with many campaigns at once: each is judged alone, and one that stays as it is says why."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Any

from beanie import PydanticObjectId

from app.context import Context
from app.domain.campaign_status import ACTIVE
from app.errors import ChairsideError, ConflictError, InvalidInputError
from app.models.campaigns import Campaign
from app.models.clinic import Clinic
from app.models.enums import CampaignStatus, Role
from app.models.users import User
from app.services import audit, campaigns, handoffs, postponements
from app.services.permissions import Right, may

PAUSE_DAYS = (7, 14, 30)
NOTHING_SOONER = "No message is planned before the pause would end."


class BatchAction(StrEnum):
    TAKE_OVER = "take_over"
    ASSIGN = "assign"
    RELEASE = "release"
    PAUSE = "pause"
    FINISH = "finish"
    DECLINE = "decline"
    BOOKED_ELSEWHERE = "booked_elsewhere"


S = CampaignStatus
SOURCES: dict[BatchAction, frozenset[S]] = {
    BatchAction.TAKE_OVER: frozenset({S.RE_ENGAGED, S.HANDOFF_REQUIRED}),
    BatchAction.ASSIGN: frozenset({S.HANDOFF_REQUIRED}),
    BatchAction.RELEASE: frozenset({S.HANDOFF_REQUIRED}),
    BatchAction.PAUSE: frozenset({S.ATTEMPTING_RECOVERY, S.RE_ENGAGED}),
    BatchAction.FINISH: frozenset({S.HANDOFF_REQUIRED}),
    BatchAction.DECLINE: frozenset({S.RE_ENGAGED, S.HANDOFF_REQUIRED}),
    BatchAction.BOOKED_ELSEWHERE: ACTIVE,
}
"""In which states each action is offered: no more than the transition table lets a person do."""
NOT_THERE: dict[BatchAction, str] = {
    BatchAction.TAKE_OVER: "There is no conversation to take over.",
    BatchAction.ASSIGN: "It does not wait for a person.",
    BatchAction.RELEASE: "It does not wait for a person, so there is nothing to give back.",
    BatchAction.PAUSE: "Nothing is planned in it, so there is nothing to pause.",
    BatchAction.FINISH: "It does not wait for a person, so there is nothing to finish.",
    BatchAction.DECLINE: "Nobody has answered yet, or it is over: there is nothing to decline.",
    BatchAction.BOOKED_ELSEWHERE: "It is over already.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """`pause_days` is for PAUSE, `holder` for ASSIGN."""

    action: BatchAction
    pause_days: int = PAUSE_DAYS[0]
    holder: PydanticObjectId | None = None


Act = Callable[[Campaign], Awaitable[Any]]


async def judge(campaign_id: PydanticObjectId, action: BatchAction, act: Act) -> str | None:
    """Do it with one campaign; why not, in a sentence, when it stays as it is."""
    try:
        campaign = await campaigns.get(campaign_id)
        if campaign.status not in SOURCES[action]:
            return NOT_THERE[action]
        await act(campaign)
    except ChairsideError as refusal:
        return refusal.detail
    return None


async def act_of(ctx: Context, batch: Batch, by: PydanticObjectId) -> Act:
    """What is done with each campaign, as this user.

    Raises InvalidInputError for a pause that is not offered and for a person who cannot hold a conversation.
    """
    if batch.action is BatchAction.PAUSE:
        until = await _pause_end(ctx, batch.pause_days)
        return lambda campaign: _pause(ctx, campaign, until, by=by)
    if batch.action is BatchAction.ASSIGN:
        holder = await _holder(batch.holder)
        return lambda campaign: _assign(ctx, campaign, holder, by=by)
    acts: dict[BatchAction, Act] = {
        BatchAction.TAKE_OVER: lambda campaign: handoffs.claim(ctx, campaign.id, by=by),
        BatchAction.RELEASE: lambda campaign: handoffs.release_to_agent(ctx, campaign.id, by=by),
        BatchAction.FINISH: lambda campaign: handoffs.close(ctx, campaign.id, by=by),
        BatchAction.DECLINE: lambda campaign: _move(ctx, campaign, S.RECOVERY_DECLINED, by=by),
        BatchAction.BOOKED_ELSEWHERE: lambda campaign: _move(ctx, campaign, S.BOOKING_COMPLETED, by=by),
    }
    return acts[batch.action]


async def _move(ctx: Context, campaign: Campaign, target: S, *, by: PydanticObjectId) -> None:
    await campaigns.change_status(ctx, campaign.id, target, actor=f"user:{by}", reason=None)


async def _pause_end(ctx: Context, days: int) -> datetime:
    """The clinic's day that begins so many days from now."""
    if days not in PAUSE_DAYS:
        raise InvalidInputError(f"A pause lasts {', '.join(map(str, PAUSE_DAYS))} days.")
    zone = (await Clinic.load()).zone
    return datetime.combine(ctx.now().astimezone(zone).date() + timedelta(days=days), time(), zone)


async def _pause(ctx: Context, campaign: Campaign, until: datetime, *, by: PydanticObjectId) -> None:
    if not await postponements.pause(ctx, campaign.id, until, actor=f"user:{by}"):
        raise ConflictError(NOTHING_SOONER)


async def _holder(user_id: PydanticObjectId | None) -> User:
    user = await User.get(user_id) if user_id else None
    if user is None or not user.is_active or not may(user.role, Right.WORK_WITH_PATIENTS):
        raise InvalidInputError("Choose a person of the front desk who can answer patients.")
    return user


async def _assign(ctx: Context, campaign: Campaign, holder: User, *, by: PydanticObjectId) -> None:
    """Give a waiting conversation to one person, whoever has it now; to the same person again changes nothing."""
    details = campaign.handoff_details
    if details is None or details.assigned_to == holder.id:
        return

    async def write() -> None:
        changes = {"handoff_details.assigned_to": holder.id, "handoff_changed_at": ctx.now()}
        await campaigns.touch(ctx, campaign, changes=changes)
        await audit.record(
            ctx,
            actor=f"user:{by}",
            action="handoff.assigned",
            document=("campaign", campaign.id),
            patients=[campaign.patient_id],
            details={"to": holder.id, "was": details.assigned_to},
        )

    await ctx.database.transaction(write)


async def who_can_hold() -> list[User]:
    """Everybody a conversation can be given to, by name."""
    roles = [role.value for role in Role if may(role, Right.WORK_WITH_PATIENTS)]
    return await User.find({"is_active": True, "role": {"$in": roles}}).sort("name", "_id").to_list()
