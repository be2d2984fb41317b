"""Conversations: every change to one is a single transaction - status, message, link, analysis and reason together."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from beanie import PydanticObjectId
from pymongo.errors import DuplicateKeyError

from app.context import Context
from app.domain import outreach
from app.domain.campaign_status import CampaignEvent
from app.errors import SuppressedError
from app.models.base import derived_id
from app.models.campaigns import Campaign
from app.models.clinic import Clinic
from app.models.enums import (
    Author,
    CampaignStatus,
    ChannelType,
    DecisionOutcome,
    Delivery,
    Direction,
    FunnelStatus,
    MessageKind,
)
from app.models.interactions import AiAnalysis, Interaction
from app.models.links import PatientLink
from app.models.outbox import OutboundMessage
from app.services import audit, campaigns, outbox, patients
from app.services.campaigns import StaleCampaignError
from app.services.outbox import NewMessage
from app.services.policies import outreach_rules

Decided = tuple[DecisionOutcome, str, dict[str, Any]]
"""An outcome, the rule that gave it, and the facts it saw: why a proactive message was or was not sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a conversation, decided by the agent and written all together or not at all."""

    campaign: Campaign
    event: CampaignEvent | None = None
    changes: dict[str, Any] = field(default_factory=dict)
    message: NewMessage | None = None
    link: PatientLink | None = None
    answered: tuple[PydanticObjectId, ...] = ()
    """Incoming interactions that this step deals with; `analysis` is what they meant."""
    analysis: AiAnalysis | None = None
    leaves_for_staff: bool = False
    """True when a person should look at the messages although they were answered."""
    decision: Decided | None = None


async def queue(ctx: Context, step: Step) -> None:
    """Commit a step against the campaign that the agent read. Raises StaleCampaignError when it changed meanwhile."""

    async def write() -> None:
        await _write_campaign(ctx, step)
        await mark_read(ctx, step.answered, analysis=step.analysis, handled=not step.leaves_for_staff)
        if step.link:
            await step.link.insert()
        if step.message:
            await outbox.freeze(ctx, patient_id=step.campaign.patient_id, campaign=step.campaign, message=step.message)
        if step.decision:
            await _decide(ctx, step.campaign, *step.decision)

    try:
        await ctx.database.transaction(write)
    except DuplicateKeyError as error:
        raise StaleCampaignError("This message was queued before.") from error


async def _write_campaign(ctx: Context, step: Step) -> None:
    if step.event:
        await campaigns.move(ctx, step.campaign, step.event, by=audit.AGENT, changes=step.changes)
    else:
        await campaigns.touch(ctx, step.campaign, changes=step.changes)


async def mark_read(
    ctx: Context, ids: Iterable[PydanticObjectId], *, analysis: AiAnalysis | None, handled: bool
) -> None:
    """The agent took these messages in; `handled` says that no person needs to look at them."""
    written: dict[str, Any] = {"read_at": ctx.now()}
    if handled:
        written["handled_at"] = ctx.now()
    if analysis:
        written["ai_analysis"] = analysis.model_dump()
    for identifier in ids:
        await Interaction.collection().update_one({"_id": identifier}, {"$set": written})


async def _decide(
    ctx: Context, campaign: Campaign, outcome: DecisionOutcome, rule: str, inputs: dict[str, Any]
) -> None:
    await audit.decide(
        ctx, patient_id=campaign.patient_id, campaign_id=campaign.id, outcome=outcome, rule=rule, inputs=inputs
    )


async def respond(
    ctx: Context, campaign_id: PydanticObjectId, *, text: str, new_status: CampaignStatus | None, actor: str, key: str
) -> Delivery:
    """A person answers: the message is frozen, the agent's waiting ones are withdrawn, the status follows if asked.

    `key` names this answer, so that a repeated request sends nothing twice. Raises SuppressedError when the patient
    stopped this channel, IllegalTransitionError for an impossible `new_status`.
    """
    campaign = await campaigns.get(campaign_id)
    patient = await patients.get(campaign.patient_id)
    if await patients.is_suppressed(patient, campaign.channel.type):
        raise SuppressedError("This patient asked not to be written to on this channel.")
    message = NewMessage(
        key=f"staff:{campaign.id}:{key}",
        kind=MessageKind.STAFF,
        author=Author.STAFF,
        channel=campaign.channel.type,
        to=campaign.channel.address,
        subject=reply_subject(campaign),
        body=text,
        in_reply_to=await last_external_id(campaign.id),
    )

    async def write() -> None:
        current = await campaigns.get(campaign_id)
        await _take_over(ctx, current, new_status, actor=actor)
        await outbox.freeze(ctx, patient_id=current.patient_id, campaign=current, message=message)
        document = ("campaign", campaign_id)
        await audit.record(
            ctx, actor=actor, action="campaign.answered", document=document, patients=[current.patient_id]
        )

    try:
        await ctx.database.transaction(write)
    except DuplicateKeyError:
        return await outbox.delivery_of(message.key)  # the same request again: the first answer stands
    return Delivery.QUEUED


async def _take_over(ctx: Context, campaign: Campaign, new_status: CampaignStatus | None, *, actor: str) -> None:
    await mark_all_handled(ctx, campaign.id)
    if new_status and new_status is not campaign.status:
        changes = campaigns.handoff_changes(ctx, campaign, new_status, actor=actor)
        await campaigns.move_by_staff(ctx, campaign, new_status, by=actor, changes=changes)
        return
    await outbox.cancel_waiting(ctx, campaign.id, kinds=campaigns.ALL_AUTOMATIC, reason="staff_answered")
    await campaigns.touch(ctx, campaign, changes=await _pause_after_a_person(ctx, campaign))


async def _pause_after_a_person(ctx: Context, campaign: Campaign) -> dict[str, Any]:
    """The agent's own plan goes on one spacing after the person's answer, not on top of it."""
    rules = outreach_rules(await Clinic.load())
    if campaign.status is CampaignStatus.ATTEMPTING_RECOVERY:
        made = max(1, campaign.follow_up_details.attempts_made)
        later = outreach.next_attempt_at(rules, attempts_made=made, sent_at=ctx.now())
    elif campaign.status is CampaignStatus.RE_ENGAGED and campaign.booking_funnel.status is FunnelStatus.FORM_SENT:
        later = ctx.now() + timedelta(days=rules.nudge_after_days)
    else:
        return {}
    return {"follow_up_details.next_attempt_at": later}


async def mark_all_handled(ctx: Context, campaign_id: PydanticObjectId) -> None:
    """A person dealt with everything that the patient wrote so far."""
    waiting = {"campaign_id": campaign_id, "direction": Direction.INCOMING, "handled_at": None}
    ids = [row["_id"] async for row in Interaction.collection().find(waiting, {"_id": 1})]
    await mark_read(ctx, ids, analysis=None, handled=True)


async def answers_since(campaign_id: PydanticObjectId, since: datetime) -> int:
    """How many answers the agent has written in this conversation since then."""
    query = {"campaign_id": campaign_id, "kind": MessageKind.REPLY, "created_at": {"$gte": since}}
    return await OutboundMessage.collection().count_documents(query)


def reply_subject(campaign: Campaign) -> str:
    """The subject that keeps an e-mail in its thread (stack.md 2d)."""
    if campaign.channel.type is not ChannelType.EMAIL:
        return ""
    subject = campaign.channel.subject or "Your message"
    return subject if subject.lower().startswith("re:") else f"Re: {subject}"


async def last_external_id(campaign_id: PydanticObjectId) -> str | None:
    """The provider's id of the newest message that has one: what an answer replies to."""
    newest = (
        await Interaction.find({"campaign_id": campaign_id, "external_id": {"$type": "string"}})
        .sort("-timestamp", "-arrival")
        .first_or_none()
    )
    return newest.provider_message_id if newest else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ManualEntry:
    """A message that happened elsewhere (a phone call, a letter) and that staff write down; nothing is sent."""

    campaign_id: PydanticObjectId
    direction: Direction
    content: str
    analysis: AiAnalysis | None
    channel: ChannelType | None


async def record_manually(ctx: Context, entry: ManualEntry, *, actor: str) -> PydanticObjectId:
    """Store a hand-written interaction with its audit row."""
    campaign = await campaigns.get(entry.campaign_id)
    outgoing = entry.direction is Direction.OUTGOING
    interaction = Interaction(
        campaign_id=campaign.id,
        patient_id=campaign.patient_id,
        direction=entry.direction,
        content=entry.content,
        ai_analysis=entry.analysis,
        timestamp=ctx.now(),
        channel=entry.channel or campaign.channel.type,
        author=Author.STAFF if outgoing else Author.PATIENT,
        delivery=Delivery.SENT if outgoing else None,
        read_at=ctx.now(),
        handled_at=ctx.now(),
    )

    async def write() -> None:
        await interaction.insert()
        document = ("interaction", interaction.id)
        await audit.record(
            ctx, actor=actor, action="interaction.recorded", document=document, patients=[campaign.patient_id]
        )

    await ctx.database.transaction(write)
    return interaction.id


def incoming_id(source: str, external_id: str) -> PydanticObjectId:
    """The id of an incoming interaction, the same for every delivery of one message."""
    return derived_id("incoming", source, external_id)


def fresh_key() -> str:
    """The key of an answer whose sender named none: each one is its own message."""
    return uuid4().hex
