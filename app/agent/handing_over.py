"""What the person who takes over needs to know: a summary, the question, an answer to start from (domain.md section 6).

The provider only proposes. A suggestion that the reply gate would not let leave is not shown either, so that nobody
sends a made-up price by a click.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from beanie import PydanticObjectId

from app.agent.voice import voice_of
from app.context import Context
from app.domain import reply_gate
from app.domain.plain_text import one_line
from app.domain.reply_gate import Use
from app.llm.base import Analysis, LanguageModelError, Passage, Summary, Turn
from app.logging import get_logger
from app.models.campaigns import Campaign, HandoffDetails
from app.models.clinic import Clinic
from app.models.enums import HandoffPriority, Intent
from app.models.interactions import Interaction
from app.models.patients import Patient
from app.services import handoff_notices, knowledge
from app.services.knowledge import Trial

log = get_logger(__name__)

LONGEST_QUESTION, LONGEST_SUMMARY = 200, 600
EMERGENCY_SUMMARY = "This may be an emergency."
EMERGENCY_SUGGESTION = "We are very sorry to hear this. Please call us right away: {phone}"
NOT_READ = "The agent could not read this message."


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A conversation that a person has to take."""

    campaign: Campaign
    patient: Patient
    clinic: Clinic
    incoming: list[Interaction]
    analysis: Analysis
    trial: Trial | None = None
    """What the clinic's articles said to the question, when they were asked before."""
    answers_too_often: bool = False


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An answer to start from, and the article it was taken from; without one, the article that comes nearest."""

    text: str | None = None
    source: Passage | None = None


async def details_of(ctx: Context, case: Case) -> HandoffDetails:
    """Everything that staff see first. An emergency waits for no provider, and a failing one stops no handoff."""
    if case.analysis.intent is Intent.EMERGENCY:
        return _emergency(ctx, case)
    summary = await _summarise(ctx, case)
    suggestion = await _suggest(ctx, case, summary)
    return HandoffDetails(
        reason=_reason(case),
        summary=one_line(summary.summary, LONGEST_SUMMARY),
        patient_question=one_line(summary.patient_question, LONGEST_QUESTION) or _question(case.incoming),
        suggested_reply=suggestion.text,
        suggested_source_id=_id_of(suggestion.source),
        suggested_source_title=suggestion.source.title if suggestion.source else None,
        created_at=ctx.now(),
        due_at=handoff_notices.due_at(case.clinic, HandoffPriority.NORMAL, ctx.now()),
    )


def is_unanswered(case: Case) -> bool:
    """Whether the articles were asked and hold no answer: what the clinic could write next.

    A question about somebody's own account or body is none of those: no article ever answers it.
    """
    return case.trial is not None and case.trial.answer is None and case.trial.refused_by != knowledge.FOR_A_PERSON


def _reason(case: Case) -> str:
    """Why a person is needed, which is not always why the message was read so."""
    intent = case.analysis.intent
    if case.answers_too_often:
        return f"{intent}: the agent has answered too often here"
    if case.trial and not case.trial.answer:
        return f"{intent}: no article holds the answer"
    return f"{intent}: {case.analysis.reason}"


def _emergency(ctx: Context, case: Case) -> HandoffDetails:
    phone = case.clinic.emergency_phone or case.clinic.phone or "our practice"
    return HandoffDetails(
        reason=f"{case.analysis.intent}: {case.analysis.reason}",
        priority=HandoffPriority.URGENT,
        summary=EMERGENCY_SUMMARY,
        patient_question=_question(case.incoming),
        suggested_reply=EMERGENCY_SUGGESTION.format(phone=phone),
        created_at=ctx.now(),
        due_at=handoff_notices.due_at(case.clinic, HandoffPriority.URGENT, ctx.now()),
    )


def unread_details(ctx: Context, clinic: Clinic, unread: list[Interaction], *, reason: str) -> HandoffDetails:
    """A run that failed: the person reads the message itself."""
    return HandoffDetails(
        reason=f"agent_failed: {reason}",
        summary=NOT_READ,
        patient_question=_question(unread),
        created_at=ctx.now(),
        due_at=handoff_notices.due_at(clinic, HandoffPriority.NORMAL, ctx.now()),
    )


def made_urgent(known: HandoffDetails | None, emergency: HandoffDetails) -> HandoffDetails:
    """An emergency in a conversation that waits already: whoever has it keeps it, and its time is short now."""
    if known is None or known.resolved_at is not None:
        return emergency
    kept = {"created_at": known.created_at, "assigned_to": known.assigned_to}
    if known.priority is HandoffPriority.URGENT and known.due_at:  # one emergency, however often it is written
        kept |= {"due_at": known.due_at, "escalated_at": known.escalated_at}
    return emergency.model_copy(update=kept)


def _question(incoming: list[Interaction]) -> str:
    return one_line(incoming[-1].content, LONGEST_QUESTION) if incoming else ""


async def _summarise(ctx: Context, case: Case) -> Summary:
    history = await Interaction.of_campaign(case.campaign.id)
    turns = [Turn(author=item.author.value, text=item.content) for item in history]
    voice = voice_of(case.clinic, case.patient, ctx.now())
    try:
        return await ctx.llm.summarise(turns, voice=voice)
    except LanguageModelError as error:
        log.warning("agent.summary_failed", campaign_id=str(case.campaign.id), error=type(error).__name__)
        return Summary(summary=case.campaign.engagement_summary, patient_question="", suggested_reply=None)


async def _suggest(ctx: Context, case: Case, summary: Summary) -> Suggestion:
    """The clinic's own article first, even one that is not sure enough for the patient; else the provider's draft."""
    trial = case.trial or await _ask_articles(ctx, case)
    passages = {passage.article_id: passage for passage in trial.passages} if trial else {}
    if trial and trial.answer:
        return Suggestion(trial.answer.text, passages.get(trial.answer.article_id))
    nearest = next(iter(passages.values()), None)
    draft = (summary.suggested_reply or "").strip()
    return Suggestion(draft if draft and not _refusal(case, draft, passages.values()) else None, nearest)


async def _ask_articles(ctx: Context, case: Case) -> Trial | None:
    """Questions about somebody's own account or body never reach the articles (agent.md section 3)."""
    if case.analysis.handoff or Intent.QUESTION not in case.analysis.intents:
        return None
    try:
        voice, channel = voice_of(case.clinic, case.patient, ctx.now()), case.campaign.channel.type
        words = "\n".join(item.content for item in case.incoming)
        return await knowledge.try_out(ctx, words, voice=voice, channel=channel)
    except LanguageModelError as error:
        log.warning("agent.suggestion_failed", campaign_id=str(case.campaign.id), error=type(error).__name__)
        return None


def _id_of(source: Passage | None) -> PydanticObjectId | None:
    is_ours = source is not None and PydanticObjectId.is_valid(source.article_id)
    return PydanticObjectId(source.article_id) if source and is_ours else None


def _refusal(case: Case, text: str, passages: Iterable[Passage]) -> str | None:
    known = [case.clinic.name, case.clinic.phone, case.clinic.emergency_phone, case.patient.first_name]
    known += [f"{each.title}\n{each.body}" for each in passages]
    words = "\n".join(item.content for item in case.incoming)
    return reply_gate.refusal(text, sources="\n".join(known), patients_words=words, use=Use.SUGGESTION)
