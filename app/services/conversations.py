"""Conversations: every change to one is a single transaction - status, message, link, analysis and reason together."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
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
    ConfirmationStatus,
    DecisionOutcome,
    Delivery,
    Direction,
    FunnelStatus,
    MessageKind,
    OutboxState,
)
from app.models.interactions import AiAnalysis, Interaction
from app.models.links import PatientLink
from app.models.outbox import OutboundMessage
from app.services import audit, campaigns, handoff_clocks, outbox, patients, unseen, visit_confirmations
from app.services.campaigns import StaleCampaignError
from app.services.outbox import NewMessage
from app.services.policies import outreach_rules

MOST_REFERENCES = 30
"""Kept of a long thread: enough for every mail program, and far below the longest header line."""

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
    further_links: tuple[PatientLink, ...] = ()
    says_of_visit: tuple[PydanticObjectId, ConfirmationStatus] | None = None
    """What the patient said of a booked visit; the step fails as stale when it is not booked any more."""
    leaves_for_staff: bool = False
    """True when a person should look at the messages although they were answered."""
    is_unanswered: bool = False
    """True when the messages ask what no article answers: the clinic may want to write one."""
    decision: Decided | None = None
    staff_mails: tuple[NewMessage, ...] = ()
    """E-mail to staff about this step."""


async def queue(ctx: Context, step: Step) -> None:
    """Commit a step against the campaign that the agent read. Raises StaleCampaignError when it changed meanwhile."""

    async def write() -> None:
        await _write_campaign(ctx, step)
        handled = not step.leaves_for_staff
        await mark_read(ctx, step.answered, analysis=step.analysis, handled=handled, is_unanswered=step.is_unanswered)
        for link in (step.link, *step.further_links):
            if link:
                await link.insert()
        if step.says_of_visit:
            await _hear_of_visit(ctx, step.campaign, *step.says_of_visit)
        await _freeze_messages(ctx, step)
        if step.decision:
            await _decide(ctx, step.campaign, *step.decision)

    try:
        await ctx.database.transaction(write)
    except DuplicateKeyError as error:
        raise StaleCampaignError("This message was queued before.") from error


async def _freeze_messages(ctx: Context, step: Step) -> None:
    patient_id = step.campaign.patient_id
    if step.message:
        message = replace(step.message, answers=step.answered)
        await outbox.freeze(ctx, patient_id=patient_id, campaign=step.campaign, message=message)
    for mail in step.staff_mails:
        await outbox.freeze(ctx, patient_id=patient_id, campaign=None, message=mail)


async def _hear_of_visit(
    ctx: Context, campaign: Campaign, visit_id: PydanticObjectId, status: ConfirmationStatus
) -> None:
    heard = await visit_confirmations.record(ctx, visit_id, status, actor=f"patient:{campaign.patient_id}")
    if heard is None:
        raise StaleCampaignError("The visit was cancelled meanwhile.")


async def _write_campaign(ctx: Context, step: Step) -> None:
    if step.event:
        await campaigns.move(ctx, step.campaign, step.event, by=audit.AGENT, changes=step.changes)
    else:
        await campaigns.touch(ctx, step.campaign, changes=step.changes)


async def acknowledge(ctx: Context, campaign: Campaign) -> None:
    """A person replied: RE_ENGAGED, where the table has it. Raises StaleCampaignError."""
    changes = {} if campaign.first_reply_at else {"first_reply_at": ctx.now()}
    await queue(ctx, Step(campaign=campaign, event=CampaignEvent.PATIENT_REPLIED, changes=changes))


async def mark_read(
    ctx: Context,
    ids: Iterable[PydanticObjectId],
    *,
    analysis: AiAnalysis | None,
    handled: bool,
    is_unanswered: bool = False,
) -> None:
    """The agent took these messages in; `handled` says that no person needs to look at them.

    `is_unanswered` puts them on the list of questions that no article answers, until staff settle them.
    """
    written: dict[str, Any] = {"read_at": ctx.now()}
    if handled:
        written["handled_at"] = ctx.now()
    if is_unanswered:
        written["is_unanswered"] = True
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
    ctx: Context,
    campaign_id: PydanticObjectId,
    *,
    text: str,
    new_status: CampaignStatus | None,
    actor: str,
    key: str,
    seen: int | None = None,
) -> Delivery:
    """A person answers: the message is frozen, the agent's waiting ones are withdrawn, the status follows if asked.

    `key` names this answer, so that a repeated request sends nothing twice. `seen` is how many messages of the
    conversation its author saw. Raises SuppressedError when the patient stopped this channel, IllegalTransitionError
    for an impossible `new_status`, UnseenMessagesError when something was written that the author did not see.
    """
    campaign = await campaigns.get(campaign_id)
    patient = await patients.get(campaign.patient_id)
    if await patients.is_suppressed(patient, campaign.channel.type):
        raise SuppressedError("This patient asked not to be written to on this channel.")
    message = await _answer_of_staff(campaign, text, key=key, actor=actor)

    async def write() -> None:
        current = await campaigns.get(campaign_id)
        if seen is not None:
            await unseen.refuse(campaign_id, seen=seen, own=derived_id("outbox", message.key))
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


async def _answer_of_staff(campaign: Campaign, text: str, *, key: str, actor: str) -> NewMessage:
    return NewMessage(
        key=f"staff:{campaign.id}:{key}",
        kind=MessageKind.STAFF,
        author=Author.STAFF,
        written_by=campaigns.user_of(actor),
        channel=campaign.channel.type,
        to=campaign.channel.address,
        subject=reply_subject(campaign),
        body=text,
        in_reply_to=await last_external_id(campaign.id),
    )


async def _take_over(ctx: Context, campaign: Campaign, new_status: CampaignStatus | None, *, actor: str) -> None:
    answered = {"staff_answered_at": ctx.now()}
    if new_status and new_status is not campaign.status:
        changes = answered | campaigns.handoff_changes(ctx, campaign, new_status, actor=actor)
        await campaigns.move_by_staff(ctx, campaign, new_status, by=actor, changes=changes)
    else:
        await outbox.cancel_waiting(ctx, campaign.id, kinds=campaigns.ALL_AUTOMATIC, reason="staff_answered")
        changes = answered | await _pause_after_a_person(ctx, campaign) | campaigns.taken_over(campaign)
        changes |= handoff_clocks.stopped(ctx, campaign, by=campaigns.user_of(actor))
        await campaigns.touch(ctx, campaign, changes=changes)
    await mark_all_handled(ctx, campaign.id)


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


def crosses_a_persons_answer(campaign: Campaign, item: Interaction) -> bool:
    """It came in before a person wrote, who sees it now: two answers would be one too many. A risk waits for nobody."""
    wrote_at, came_at = campaign.staff_answered_at, item.received_at
    return item.screened_as is None and came_at is not None and wrote_at is not None and came_at < wrote_at


async def answers_since(campaign_id: PydanticObjectId, since: datetime) -> int:
    """How many answers the agent has given in this conversation since then, of whatever kind; none was withdrawn."""
    kinds = {"$in": [MessageKind.REPLY, MessageKind.HANDOFF, MessageKind.EMERGENCY]}
    stands = {"$ne": OutboxState.CANCELLED}
    query = {"campaign_id": campaign_id, "kind": kinds, "created_at": {"$gte": since}, "state": stands}
    return await OutboundMessage.collection().count_documents(query)


def reply_subject(campaign: Campaign) -> str:
    """The subject that keeps an e-mail in its thread (stack.md 2d)."""
    if campaign.channel.type is not ChannelType.EMAIL:
        return ""
    subject = campaign.channel.subject or "Your message"
    return subject if subject.lower().startswith("re:") else f"Re: {subject}"


async def last_external_id(campaign_id: PydanticObjectId) -> str | None:
    """What an answer replies to: the newest message that has an id; of an e-mail its Message-ID."""
    newest = (
        await Interaction.find({"campaign_id": campaign_id, "external_id": {"$type": "string"}})
        .sort("-timestamp", "-arrival")
        .first_or_none()
    )
    return newest.provider_message_id if newest else None


async def references_of(campaign_id: PydanticObjectId) -> tuple[str, ...]:
    """The Message-IDs of an e-mail conversation, oldest first: the first one and the newest (RFC 5322, 3.6.4)."""
    query = {"campaign_id": campaign_id, "message_id": {"$type": "string"}}
    named = Interaction.collection().find(query, {"message_id": 1}).sort([("timestamp", 1), ("arrival", 1)])
    chain = list(dict.fromkeys([row["message_id"] async for row in named]))
    return tuple(chain if len(chain) <= MOST_REFERENCES else [chain[0], *chain[1 - MOST_REFERENCES :]])


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
        written_by=campaigns.user_of(actor) if outgoing else None,
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
