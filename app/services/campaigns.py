"""Campaigns: `move` is the only writer of a campaign's status; opening, reading and listing them stand beside it."""

from typing import Any

from beanie import PydanticObjectId
from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from app.context import Context
from app.domain import campaign_status
from app.domain.campaign_status import CampaignEvent, Transition
from app.errors import ActiveCampaignError, ConflictError, IllegalTransitionError, NotFoundError
from app.models.base import derived_id
from app.models.campaigns import (
    COUNTED_FIELDS,
    Campaign,
    CampaignChannel,
    FollowUpDetails,
    HandoffDetails,
    StatusChange,
)
from app.models.clinic import Clinic
from app.models.enums import EXEMPT_FROM_STOP, PROACTIVE_KINDS, CampaignStatus, CampaignType, MessageKind
from app.models.patients import Patient
from app.services import audit, handoff_clocks, outbox, patients

ALL_AUTOMATIC = PROACTIVE_KINDS | {MessageKind.REPLY, MessageKind.HANDOFF}

WITHDRAWS: dict[CampaignEvent, frozenset[MessageKind]] = {
    CampaignEvent.ATTEMPT_SENT: frozenset(),
    CampaignEvent.OPTED_OUT: frozenset(MessageKind) - EXEMPT_FROM_STOP,
    CampaignEvent.PATIENT_REPLIED: PROACTIVE_KINDS,
    CampaignEvent.PATIENT_RECONSIDERED: PROACTIVE_KINDS,
    CampaignEvent.PATIENT_BOOKED: PROACTIVE_KINDS,
    CampaignEvent.APPOINTMENT_WITHDRAWN: PROACTIVE_KINDS,
}
"""Which waiting messages an event takes back; every event not listed takes back all that the agent wrote (fault 14)."""

LEAVES_UNANSWERED = frozenset({CampaignEvent.HUMAN_NEEDED, CampaignEvent.STAFF_RELEASED})
"""Where the conversation goes on after it: what a withdrawn message would have answered waits for somebody again."""


class StaleCampaignError(ConflictError):
    """Somebody else changed the campaign first: load it again and decide anew."""

    code = "CAMPAIGN_CHANGED"


async def get(campaign_id: PydanticObjectId) -> Campaign:
    campaign = await Campaign.get(campaign_id)
    if campaign is None:
        raise NotFoundError("There is no campaign with this id.")
    return campaign


async def read(ctx: Context, campaign_id: PydanticObjectId, *, actor: str) -> Campaign:
    """One campaign for a person's eyes, as a rule with its messages: the read is audited (trust.md fault 34)."""
    campaign = await get(campaign_id)
    document = ("campaign", campaign_id)
    await audit.record(ctx, actor=actor, action="campaign.read", document=document, patients=[campaign.patient_id])
    return campaign


async def move(
    ctx: Context, campaign: Campaign, event: CampaignEvent, *, by: str, changes: dict[str, Any] | None = None
) -> Campaign:
    """Apply one event, inside the caller's transaction, against the state and version that the caller saw.

    `changes` joins the same write. Raises IllegalTransitionError (the table has no such move) or StaleCampaignError.
    """
    row = campaign_status.transition(campaign.status, event)
    if row is None:
        raise illegal(campaign.status, f"{event.value} is not possible")
    return await _apply(ctx, campaign, row, by=by, changes=changes or {})


async def move_by_staff(
    ctx: Context, campaign: Campaign, target: CampaignStatus, *, by: str, changes: dict[str, Any] | None = None
) -> Campaign:
    """Take a campaign to the status that a person named. Raises as `move` does."""
    row = campaign_status.staff_transition(campaign.status, target)
    if row is None:
        raise illegal(campaign.status, f"staff cannot set {target.value}")
    return await _apply(ctx, campaign, row, by=by, changes=(changes or {}) | taken_over(campaign))


def taken_over(campaign: Campaign) -> dict[str, Any]:
    """What a person's act writes with it: nothing that the agent wrote before may begin to leave (takeovers.py)."""
    return {"taken_over_version": campaign.version + 1}


def illegal(source: CampaignStatus, what: str) -> IllegalTransitionError:
    allowed = [status.value for status in campaign_status.staff_targets(source)]
    return IllegalTransitionError(f"A campaign in {source.value} stays: {what}.", extra={"allowed": allowed})


async def _apply(ctx: Context, campaign: Campaign, row: Transition, *, by: str, changes: dict[str, Any]) -> Campaign:
    raw = await _write_status(ctx, campaign, row, by=by, changes=changes)
    moved = Campaign.from_raw(raw)
    withdrawn = WITHDRAWS.get(row.event, ALL_AUTOMATIC)
    if withdrawn:
        await outbox.cancel_waiting(
            ctx, campaign.id, kinds=withdrawn, reason=row.event.value, reopens=row.event in LEAVES_UNANSWERED
        )
    if campaign.is_active != moved.is_active:
        await patients.refresh_due(ctx, campaign.patient_id)
    return moved


async def _write_status(
    ctx: Context, campaign: Campaign, row: Transition, *, by: str, changes: dict[str, Any]
) -> dict[str, Any]:
    now = ctx.now()
    closes = row.target in campaign_status.CLOSED
    written: dict[str, Any] = {
        "status": row.target.value,
        "updated_at": now,
        "close_reason": row.close_reason.value if row.close_reason else None,
        "closed_at": now if closes else None,
    }
    if closes or row.target is not campaign.status:
        written["uncounted"] = True
    if row.target is not CampaignStatus.ATTEMPTING_RECOVERY:
        written["follow_up_details.next_attempt_at"] = None
    change = StatusChange(event=row.event.value, source=campaign.status, target=row.target, at=now, by=by)
    try:
        raw = await Campaign.collection().find_one_and_update(
            {"_id": campaign.id, "status": campaign.status.value, "version": campaign.version},
            {
                "$set": written | _flagged(changes),
                "$inc": {"version": 1},
                "$push": {"status_changes": change.model_dump()},
            },
            return_document=ReturnDocument.AFTER,
        )
    except DuplicateKeyError as error:
        raise ActiveCampaignError("This patient already has another active campaign.") from error
    if raw is None:
        raise StaleCampaignError("This campaign was changed by someone else. Load it again.")
    return raw


def _flagged(changes: dict[str, Any]) -> dict[str, Any]:
    """A change of something counted is counted later: the counters are not touched here (decision 0011)."""
    return changes | {"uncounted": True} if COUNTED_FIELDS & changes.keys() else changes


async def change_status(
    ctx: Context, campaign_id: PydanticObjectId, target: CampaignStatus, *, actor: str, reason: str | None
) -> Campaign:
    """A person sets the status; the audit row is written with it. Raises as `move_by_staff` does."""
    campaign = await get(campaign_id)
    changes = handoff_changes(ctx, campaign, target, actor=actor)

    async def write() -> Campaign:
        moved = await move_by_staff(ctx, campaign, target, by=actor, changes=changes)
        if target is CampaignStatus.HANDOFF_REQUIRED:
            moved = await handoff_clocks.start_where_owed(ctx, moved)
        await audit.record(
            ctx,
            actor=actor,
            action="campaign.status_changed",
            document=("campaign", campaign.id),
            patients=[campaign.patient_id],
            details={"from": campaign.status.value, "to": target.value, "reason": reason},
        )
        return moved

    return await ctx.database.transaction(write)


async def touch(ctx: Context, campaign: Campaign, *, changes: dict[str, Any]) -> None:
    """Write into a campaign without moving it, still against the version that the caller saw (StaleCampaignError)."""
    done = await Campaign.collection().update_one(
        {"_id": campaign.id, "status": campaign.status.value, "version": campaign.version},
        {"$set": {"updated_at": ctx.now()} | _flagged(changes), "$inc": {"version": 1}},
    )
    if done.matched_count == 0:
        raise StaleCampaignError("This campaign was changed by someone else. Load it again.")


def handoff_changes(ctx: Context, campaign: Campaign, target: CampaignStatus, *, actor: str) -> dict[str, Any]:
    """What entering HANDOFF_REQUIRED by hand, or leaving it, writes into handoff_details: when, and by whom.

    Whoever takes a conversation over has it; nobody else need be told.
    """
    is_there, will_be = (status is CampaignStatus.HANDOFF_REQUIRED for status in (campaign.status, target))
    if will_be and not is_there:
        taken = HandoffDetails(reason="taken over by staff", created_at=ctx.now(), assigned_to=user_of(actor))
        return {"handoff_details": taken.model_dump(), "handoff_changed_at": ctx.now()}
    if not is_there or will_be or campaign.handoff_details is None:
        return {}
    return resolved(ctx, actor)


def resolved(ctx: Context, actor: str) -> dict[str, Any]:
    """What settles a handoff."""
    return {
        "handoff_details.resolved_at": ctx.now(),
        "handoff_details.resolved_by": user_of(actor),
        "handoff_changed_at": ctx.now(),
    }


def user_of(actor: str) -> PydanticObjectId | None:
    """The user behind an actor of the audit log (`user:<id>`), or None."""
    identifier = actor.removeprefix("user:")
    return PydanticObjectId(identifier) if PydanticObjectId.is_valid(identifier) else None


def new_campaign(
    clinic: Clinic,
    patient: Patient,
    campaign_type: CampaignType,
    *,
    route: patients.Route,
    now: Any,
    identifier: PydanticObjectId,
    inquiry: str | None,
    value: float,
) -> Campaign:
    """A campaign whose first attempt is due now."""
    opened = StatusChange(
        event="created", source=None, target=CampaignStatus.ATTEMPTING_RECOVERY, at=now, by=audit.SYSTEM
    )
    return Campaign(
        id=identifier,
        patient_id=patient.id,
        patient_name=patient.name,
        campaign_type=campaign_type,
        status=CampaignStatus.ATTEMPTING_RECOVERY,
        channel=CampaignChannel(type=route.channel, address=route.address),
        follow_up_details=FollowUpDetails(max_attempts=clinic.outreach.max_attempts, next_attempt_at=now),
        created_at=now,
        updated_at=now,
        estimated_value=value,
        initial_inquiry=inquiry,
        due_date=patient.next_follow_up_date if campaign_type is CampaignType.RECALL else None,
        status_changes=[opened],
    )


def daily_campaign_id(patient_id: object, campaign_type: CampaignType, due_at: Any) -> PydanticObjectId:
    """The id of the campaign that this due instant opens: a second run of the job meets the same id."""
    return derived_id("campaign", patient_id, campaign_type.value, due_at.isoformat())
