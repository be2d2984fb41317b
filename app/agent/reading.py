"""The reactive path's first half: what did the patient write, and what is wanted? (domain.md section 6)."""

from datetime import datetime, timedelta
from typing import Any

from langgraph.runtime import Runtime

from app.agent.state import AgentState
from app.context import Context
from app.domain import campaign_status
from app.domain.campaign_status import CampaignEvent
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
from app.services import campaigns, conversations, patients
from app.services.conversations import Step

MOST_ANSWERS = ((timedelta(hours=1), 3), (timedelta(days=1), 8))
AUTOMATIC = (Intent.AUTO_REPLY, Intent.BOUNCE)
RISKS = (Intent.EMERGENCY, Intent.OPT_OUT)


async def load_conversation(state: AgentState, runtime: Runtime[Context]) -> dict[str, Any]:
    """Read everything that the patient wrote and nobody has answered: messages close together are answered once."""
    campaign = await campaigns.get(state["campaign_id"])
    patient = await patients.get(campaign.patient_id)
    return {
        "campaign": campaign,
        "patient": patient,
        "clinic": await Clinic.load(),
        "incoming": await Interaction.unread(campaign.id),
        "is_suppressed": await patients.is_suppressed(patient, campaign.channel.type),
        "answers_too_often": await _answers_too_often(campaign, runtime.context.now()),
    }


async def _answers_too_often(campaign: Campaign, now: datetime) -> bool:
    """Two robots that talk to each other end here: a person looks (trust.md fault 6)."""
    counts = [await conversations.answers_since(campaign.id, now - span) >= most for span, most in MOST_ANSWERS]
    return any(counts)


async def screen_message(state: AgentState, runtime: Runtime[Context]) -> dict[str, Any]:
    """Set aside what no person wrote, and let the rules alone decide on a stop or an emergency."""
    automatic = [item for item in state["incoming"] if item.screened_as in AUTOMATIC]
    for item in automatic:
        analysis = AiAnalysis(intent=item.screened_as or Intent.AUTO_REPLY, sentiment=Sentiment.NEUTRAL)
        await conversations.mark_read(runtime.context, [item.id], analysis=analysis, handled=True)
    incoming = [item for item in state["incoming"] if item.screened_as not in AUTOMATIC]
    text = "\n".join(item.content for item in incoming)
    risk = next((_by_rule(intent, incoming) for intent in RISKS if _shows(intent, incoming)), None)
    return {"incoming": incoming, "text": text} | ({"analysis": risk} if risk else {})


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
        changes = {} if campaign.first_reply_at else {"first_reply_at": ctx.now()}
        await conversations.queue(ctx, Step(campaign=campaign, event=CampaignEvent.PATIENT_REPLIED, changes=changes))
        await ctx.pause("agent.acknowledged")
        campaign = await campaigns.get(campaign.id)
    return {"campaign": campaign}


async def analyse_message(state: AgentState, runtime: Runtime[Context]) -> dict[str, Any]:
    """Classify what the patient wants, knowing what we asked; a risk that the rules found is not asked again."""
    if "analysis" in state:
        return {}
    message = PatientText(
        text=state["text"],
        channel=state["campaign"].channel.type,
        previous_outgoing=await _previous_outgoing(state["campaign"]),
    )
    return {"analysis": await runtime.context.llm.analyse(message)}


async def _previous_outgoing(campaign: Campaign) -> str | None:
    query = {"campaign_id": campaign.id, "direction": Direction.OUTGOING, "delivery": Delivery.SENT}
    newest = await Interaction.find(query).sort("-timestamp", "-arrival").first_or_none()
    return newest.content if newest else None
