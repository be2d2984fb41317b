"""The reactive path's first half: what did the patient write, and what is wanted? (domain.md section 6)."""

from datetime import datetime, timedelta
from typing import Any

from langgraph.runtime import Runtime

from app.agent import offer_replies, visit_reading
from app.agent.state import AgentState
from app.agent.understanding import understand, with_risks
from app.agent.voice import voice_of
from app.context import Context
from app.domain import campaign_status, risks
from app.domain.campaign_status import CampaignEvent
from app.domain.risks import RISKS
from app.llm.base import Analysis, PatientText
from app.models.campaigns import Campaign
from app.models.clinic import Clinic
from app.models.enums import (
    Delivery,
    Direction,
    Intent,
    Sentiment,
)
from app.models.interactions import AiAnalysis, Interaction
from app.services import campaigns, conversations, patients, visit_messages

MOST_ANSWERS = ((timedelta(hours=1), 3), (timedelta(days=1), 8))
AUTOMATIC = (Intent.AUTO_REPLY, Intent.BOUNCE)


async def load_conversation(state: AgentState, runtime: Runtime[Context]) -> dict[str, Any]:
    """Read everything that the patient wrote and nobody has answered: messages close together are answered once."""
    campaign, now = await campaigns.get(state["campaign_id"]), runtime.context.now()
    patient = await patients.get(campaign.patient_id)
    visits = await visit_messages.upcoming(patient.id, now)
    incoming = await Interaction.unread(campaign.id)
    may_concern_another = any(item.may_concern_another for item in incoming)
    return {
        "campaign": campaign,
        "patient": patient,
        "clinic": await Clinic.load(),
        "incoming": incoming,
        "may_concern_another": may_concern_another,
        "is_suppressed": await patients.is_suppressed(patient, campaign.channel.type),
        "answers_too_often": await _answers_too_often(campaign, now),
        "about": await visit_messages.last_to_patient(patient.id, now),
        "visits": visits,
        "movable": [visit for visit in visits if visit.appointment_date > now and not may_concern_another],
    }


async def _answers_too_often(campaign: Campaign, now: datetime) -> bool:
    """Two robots that talk to each other end here: a person looks (trust.md fault 6)."""
    counts = [await conversations.answers_since(campaign.id, now - span) >= most for span, most in MOST_ANSWERS]
    return any(counts)


async def screen_message(state: AgentState, runtime: Runtime[Context]) -> dict[str, Any]:
    """Set aside what no person wrote; rules alone decide on a stop, an emergency, or a plain word about a visit."""
    automatic = [item for item in state["incoming"] if item.screened_as in AUTOMATIC]
    for item in automatic:
        analysis = AiAnalysis(intent=item.screened_as or Intent.AUTO_REPLY, sentiment=Sentiment.NEUTRAL)
        await conversations.mark_read(runtime.context, [item.id], analysis=analysis, handled=True)
    incoming = await _for_the_agent(runtime.context, state)
    text = "\n".join(item.content for item in incoming)
    risk = next((_by_rule(intent, incoming) for intent in RISKS if _shows(intent, incoming)), None)
    found: dict[str, Any] = {"incoming": incoming, "text": text, "visit_reply": None, "offer_reply": None}
    found |= {"is_visit_unclear": False, "is_by_rule": risk is not None}
    if risk:
        return found | {"analysis": risk}
    if offer_reply := await offer_replies.recognise(incoming):
        return found | {"offer_reply": offer_reply}
    if state["may_concern_another"]:
        return found | {"is_visit_unclear": visit_reading.speaks_of_a_visit(incoming, about=state["about"])}
    now = runtime.context.now()
    reply = visit_reading.recognise(incoming, about=state["about"], visits=state["visits"], now=now)
    return found | {"visit_reply": reply}


async def _for_the_agent(ctx: Context, state: AgentState) -> list[Interaction]:
    """Without what crossed a person's answer while it was taken in: the campaign as it was read knows of it."""
    people = [item for item in state["incoming"] if item.screened_as not in AUTOMATIC]
    crossed = [item for item in people if conversations.crosses_a_persons_answer(state["campaign"], item)]
    await conversations.mark_read(ctx, [item.id for item in crossed], analysis=None, handled=False)
    return [item for item in people if item not in crossed]


def _shows(intent: Intent, incoming: list[Interaction]) -> bool:
    stops_too = intent is Intent.OPT_OUT and any(item.also_says_stop for item in incoming)
    return stops_too or any(item.screened_as is intent for item in incoming)


def _by_rule(intent: Intent, incoming: list[Interaction]) -> Analysis:
    return Analysis(
        intent=intent,
        intents=tuple(risk for risk in RISKS if _shows(risk, incoming)),
        sentiment=Sentiment.NEGATIVE,
        confidence=1.0,
        handoff=intent is Intent.EMERGENCY,
        reason="screening",
    )


async def acknowledge_reply(state: AgentState, runtime: Runtime[Context]) -> dict[str, Any]:
    """A person replied: RE_ENGAGED at once, before the intent is known (domain.md section 3)."""
    ctx, campaign = runtime.context, state["campaign"]
    if campaign_status.transition(campaign.status, CampaignEvent.PATIENT_REPLIED):
        await conversations.acknowledge(ctx, campaign)
        await ctx.pause("agent.acknowledged")
        campaign = await campaigns.get(campaign.id)
    return {"campaign": campaign}


async def analyse_message(state: AgentState, runtime: Runtime[Context]) -> dict[str, Any]:
    """Classify what the patient wants, knowing what we asked; a risk that the rules found is not asked again."""
    return {} if "analysis" in state else {"analysis": await read(state, runtime.context)}


async def read(state: AgentState, ctx: Context) -> Analysis:
    """What the messages want, taken together; what the rules saw in any of them as it came is added to it."""
    message = PatientText(
        text=state["text"],
        channel=state["campaign"].channel.type,
        previous_outgoing=await _previous_outgoing(state["campaign"]),
        voice=voice_of(state["clinic"], state["patient"], ctx.now()),
    )
    analysis = await understand(ctx.llm, message)
    found = [intent for intent in RISKS if _shows(intent, state["incoming"])]
    stays = any(risks.concerns_staff(item.screened_by) for item in state["incoming"])
    return with_risks(analysis, found, concerns_staff=stays)


async def _previous_outgoing(campaign: Campaign) -> str | None:
    query = {
        "campaign_id": campaign.id,
        "direction": Direction.OUTGOING,
        "delivery": {"$in": [Delivery.SENT, Delivery.DELIVERED]},
    }
    newest = await Interaction.find(query).sort("-timestamp", "-arrival").first_or_none()
    return newest.content if newest else None
