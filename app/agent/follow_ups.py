"""Writes one proactive message from the patient's own history, by a provider within limits or by template.

What a provider wrote and code refuses is never sent: the template of this attempt is, and the decision says why
(domain.md section 5, trust.md section 3).
"""

from dataclasses import dataclass

from app.agent.voice import voice_of
from app.context import Context
from app.domain import reply_gate
from app.domain.clinic_words import treatments_in
from app.domain.repetition import repeats
from app.domain.reply_gate import LONGEST, LONGEST_CHARS, Use
from app.llm.base import Draft, FollowUpBrief, LanguageModelError
from app.logging import get_logger
from app.models.campaigns import Campaign
from app.models.clinic import Clinic
from app.models.enums import PROACTIVE_KINDS, CampaignStatus, ChannelType, MessageKind, OutboxState
from app.models.outbox import OutboundMessage
from app.models.patients import Patient

log = get_logger(__name__)

TEMPLATE = "template"
LONGEST_SUBJECT = 100
NAMED_IN_SUBJECTS = frozenset({"checkup"})
"""A subject shows on a locked phone: of treatments it names the check-up at most (trust.md 4.4)."""


@dataclass(frozen=True, slots=True)
class Composed:
    """A message, who worded it, and the rule that refused the provider's own wording, if one did."""

    draft: Draft
    written_by: str
    refused_by: str | None = None


def kind_of(campaign: Campaign) -> MessageKind:
    """What the campaign's next proactive message is: an attempt, or the nudge for an unused link."""
    return MessageKind.ATTEMPT if campaign.status is CampaignStatus.ATTEMPTING_RECOVERY else MessageKind.NUDGE


async def compose(ctx: Context, campaign: Campaign, patient: Patient, clinic: Clinic) -> Composed:
    """The next message. Raises LanguageModelError when no provider answers, or when even the template is refused."""
    brief = await brief_of(ctx, campaign, patient, clinic)
    draft = await ctx.llm.write_follow_up(brief)
    refused_by = why_not(draft, brief)
    if refused_by is None:
        return Composed(draft, ctx.llm.name)
    log.warning("follow_up.refused", campaign_id=str(campaign.id), provider=ctx.llm.name, rule=refused_by)
    template = ctx.write_template(brief)
    if rule := _by_gate(template, brief):
        raise LanguageModelError(rule)
    return Composed(template, TEMPLATE, refused_by)


async def brief_of(ctx: Context, campaign: Campaign, patient: Patient, clinic: Clinic) -> FollowUpBrief:
    """All that the writer may know of the patient (minimum necessary)."""
    visits = [treatment.procedure_date for treatment in patient.treatment_history]
    channel = campaign.channel.type
    return FollowUpBrief(
        clinic_name=clinic.name,
        patient_first_name=patient.first_name,
        campaign_type=campaign.campaign_type,
        attempt=campaign.follow_up_details.attempts_made + 1,
        max_attempts=campaign.follow_up_details.max_attempts,
        channel=channel,
        is_nudge=kind_of(campaign) is MessageKind.NUDGE,
        last_visit_on=max(visits, default=None),
        due_on=campaign.due_date,
        initial_inquiry=campaign.initial_inquiry,
        language=patient.language,
        former_texts=await _former_texts(campaign),
        longest_chars=LONGEST.get((Use.FOLLOW_UP, channel), LONGEST_CHARS),
        voice=voice_of(clinic, patient, ctx.now()),
    )


async def _former_texts(campaign: Campaign) -> tuple[str, ...]:
    query = {
        "campaign_id": campaign.id,
        "kind": {"$in": list(PROACTIVE_KINDS)},
        "state": {"$ne": OutboxState.CANCELLED},  # nobody read it
    }
    rows = OutboundMessage.collection().find(query, {"body": 1}).sort([("created_at", 1), ("_id", 1)])
    return tuple([row["body"] async for row in rows])


def why_not(draft: Draft, brief: FollowUpBrief) -> str | None:
    """The rule by which a provider's draft may not leave, or None."""
    if len(draft.subject) > LONGEST_SUBJECT or "\n" in draft.subject:
        return "subject_too_long"
    if treatments_in(draft.subject) - NAMED_IN_SUBJECTS:
        return "treatment_in_subject"
    if repeats(draft.body, brief.former_texts, names=(brief.clinic_name, brief.patient_first_name)):
        return "repeats_itself"
    return _by_gate(draft, brief)


def _by_gate(draft: Draft, brief: FollowUpBrief) -> str | None:
    known = f"{brief.clinic_name} {brief.patient_first_name} {brief.last_visit_on} {brief.due_on}"
    texts = [draft.body]
    if brief.channel is ChannelType.EMAIL:
        texts.append(draft.subject)
    refusals = (
        reply_gate.refusal(
            text,
            sources=known,
            patients_words=brief.initial_inquiry or "",
            use=Use.FOLLOW_UP,
            channel=brief.channel,
        )
        for text in texts
    )
    return next((rule for rule in refusals if rule), None)
