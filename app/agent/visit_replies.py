"""What follows when a patient answers a message about their visit: rules decide, no model (domain.md section 7).

"C" confirms, "running late" and "can't make it" are shown to staff at once. Nothing a patient writes cancels a visit:
whoever cannot come gets the visit's own signed link.
"""

from dataclasses import dataclass, replace
from typing import Any

from langgraph.runtime import Runtime

from app.agent import wording
from app.agent.state import AgentState
from app.agent.visit_reading import VisitReply
from app.context import Context
from app.models.clinic import Clinic
from app.models.enums import (
    Author,
    CampaignStatus,
    ChannelType,
    ConfirmationStatus,
    Intent,
    MessageKind,
    Sentiment,
)
from app.models.interactions import AiAnalysis
from app.models.links import PatientLink
from app.models.patients import Patient
from app.services import conversations, knowledge, links, patients, takeovers
from app.services.confirmations import spoken_time
from app.services.conversations import Step
from app.services.outbox import NewMessage
from app.services.visit_messages import answer_key, is_frozen

MOST_VISITS = 3
INTENTS = {
    ConfirmationStatus.CONFIRMED: Intent.IRRELEVANT,
    ConfirmationStatus.RUNNING_LATE: Intent.IRRELEVANT,
    ConfirmationStatus.CANNOT_COME: Intent.RESCHEDULE,
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What we say to it, and the link that it carries."""

    body: str
    link: PatientLink | None = None
    is_complete: bool = True
    """False when a question is left for a person."""


async def settle_visit_reply(state: AgentState, runtime: Runtime[Context]) -> dict[str, Any]:
    """Write down whether the patient comes, and say one short thing; a person who has the conversation says it."""
    ctx, campaign, reply = runtime.context, state["campaign"], state["visit_reply"]
    assert reply is not None  # noqa: S101 - the router looked; tells the type checker
    channel, address = _where(state, reply)
    is_silent = (
        campaign.status is CampaignStatus.HANDOFF_REQUIRED
        or state["answers_too_often"]
        or await patients.is_suppressed(state["patient"], channel)
    )
    question_key = takeovers.reply_key(state["campaign"], state["incoming"][-1].id)
    key = await unused_key(reply, question_key=question_key)
    answer = None if is_silent or key is None else await compose(ctx, reply, state["patient"], state["text"])
    message = answer and key and _message(state, answer, key=key, channel=channel, address=address)
    return {"step": _step(state, reply, answer, message or None)}


def _where(state: AgentState, reply: VisitReply) -> tuple[ChannelType, str]:
    """Where we wrote of the visit, else where the conversation goes on."""
    if reply.about:
        return reply.about.row.channel, reply.about.row.to
    return state["campaign"].channel.type, state["campaign"].channel.address


async def unused_key(reply: VisitReply, *, question_key: str) -> str | None:
    """The key of the answer; None when the same word of the same visit was answered before. A question has its own."""
    key = question_key if reply.has_question else answer_key(reply.visit, reply.status)
    return None if await is_frozen(key) else key


async def compose(ctx: Context, reply: VisitReply, patient: Patient, text: str) -> Answer:
    """The fixed sentence for what was said, with the visit's link where it helps, and the answer to a question."""
    clinic = await Clinic.load()
    answer = _sentence(ctx, reply, patient, clinic)
    if not reply.has_question:
        return answer
    found = await knowledge.answer(ctx, text)
    if found:
        return replace(answer, body=f"{answer.body}\n\n{found.text}")
    body = wording.fill(wording.PERSON_ANSWERS_TOO, patient=patient, clinic=clinic, said=answer.body)
    return replace(answer, body=body, is_complete=False)


def _sentence(ctx: Context, reply: VisitReply, patient: Patient, clinic: Clinic) -> Answer:
    values = {"when": spoken_time(reply.visit, clinic, patient.language), "phone": clinic.phone}
    if reply.status is ConfirmationStatus.CONFIRMED:
        return Answer(wording.fill(wording.VISIT_CONFIRMED, patient=patient, clinic=clinic, **values))
    if reply.status is ConfirmationStatus.RUNNING_LATE:
        return Answer(wording.fill(wording.VISIT_LATE, patient=patient, clinic=clinic, **values))
    if reply.visit.appointment_date <= ctx.now():  # its link moves nothing any more
        return Answer(wording.fill(wording.VISIT_HAS_BEGUN, patient=patient, clinic=clinic, **values))
    link, url = links.new_manage_link(ctx, reply.visit)
    return Answer(wording.fill(wording.VISIT_ELSEWHEN, patient=patient, clinic=clinic, link=url, **values), link)


def _message(state: AgentState, answer: Answer, *, key: str, channel: ChannelType, address: str) -> NewMessage:
    campaign, reply = state["campaign"], state["visit_reply"]
    return NewMessage(
        key=key,
        kind=MessageKind.REPLY,
        author=Author.AI,
        channel=channel,
        to=address,
        subject=conversations.reply_subject(campaign) if channel is campaign.channel.type else "",
        body=answer.body,
        in_reply_to=state["incoming"][-1].provider_message_id,
        appointment_id=reply.visit.id if reply else None,
    )


def _step(state: AgentState, reply: VisitReply, answer: Answer | None, message: NewMessage | None) -> Step:
    """A mere confirmation needs no person; late, not coming and an open question do."""
    is_settled = reply.status is ConfirmationStatus.CONFIRMED and (answer or not reply.has_question)
    is_held = state["campaign"].status is CampaignStatus.HANDOFF_REQUIRED
    return Step(
        campaign=state["campaign"],
        answered=tuple(item.id for item in state["incoming"]),
        analysis=_analysis(reply),
        message=message,
        link=answer.link if answer and message else None,
        says_of_visit=(reply.visit.id, reply.status),
        leaves_for_staff=is_held or not is_settled or not (answer is None or answer.is_complete),
    )


def _analysis(reply: VisitReply) -> AiAnalysis:
    intents = [INTENTS[reply.status], *([Intent.QUESTION] if reply.has_question else [])]
    mood = Sentiment.POSITIVE if reply.status is ConfirmationStatus.CONFIRMED else Sentiment.NEUTRAL
    return AiAnalysis(intent=intents[0], sentiment=mood, intents=intents)


async def send_manage_link(state: AgentState, runtime: Runtime[Context]) -> dict[str, Any]:
    """Whoever wants to move or cancel a visit gets its own link, one for each visit ahead; staff see the wish."""
    ctx, clinic, patient, campaign = runtime.context, state["clinic"], state["patient"], state["campaign"]
    made = [(visit, *links.new_manage_link(ctx, visit)) for visit in state["movable"][:MOST_VISITS]]
    lines = "\n".join(f"{spoken_time(visit, clinic, patient.language)}: {url}" for visit, _, url in made)
    body = wording.fill(wording.VISITS, patient=patient, clinic=clinic, lines=lines)
    newest = state["incoming"][-1]
    message = NewMessage(
        key=takeovers.reply_key(campaign, newest.id),
        kind=MessageKind.REPLY,
        author=Author.AI,
        channel=campaign.channel.type,
        to=campaign.channel.address,
        subject=conversations.reply_subject(campaign),
        body=body,
        in_reply_to=newest.provider_message_id,
        appointment_id=made[0][0].id if len(made) == 1 else None,
    )
    analysis = state["analysis"]
    step = Step(
        campaign=campaign,
        answered=tuple(item.id for item in state["incoming"]),
        analysis=AiAnalysis(intent=analysis.intent, sentiment=analysis.sentiment, intents=list(analysis.intents)),
        changes={"engagement_summary": "Wants to move or cancel a visit; its link was sent."},
        message=message,
        further_links=tuple(link for _, link, _ in made),
        leaves_for_staff=True,
    )
    return {"step": step}
