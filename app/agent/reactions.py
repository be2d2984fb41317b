"""The reactive path's second half: what the agent does about it, each node deciding one step (domain.md section 6)."""

from datetime import timedelta
from typing import Any

from beanie import PydanticObjectId
from langgraph.runtime import Runtime

from app.agent import wording
from app.agent.state import AgentState
from app.context import Context
from app.domain.campaign_status import CampaignEvent
from app.llm.base import Analysis, Summary, Turn
from app.models.campaigns import HandoffDetails
from app.models.enums import (
    Author,
    CampaignStatus,
    FunnelStatus,
    HandoffPriority,
    Intent,
    MessageKind,
)
from app.models.interactions import AiAnalysis, Interaction
from app.services import campaigns, conversations, knowledge, links, opt_outs
from app.services.conversations import Step
from app.services.outbox import NewMessage

ANSWER_WITHIN = {HandoffPriority.NORMAL: timedelta(hours=4), HandoffPriority.URGENT: timedelta(minutes=15)}


async def answer_question(state: AgentState, runtime: Runtime[Context]) -> dict[str, Any]:
    """Answer from the clinic's own articles, and only from them; no answer there means a person."""
    answer = await knowledge.answer(runtime.context, state["text"])
    if answer is None:
        return {"answer": None}
    ctx, campaign = runtime.context, state["campaign"]
    link, url = links.new_booking_link(ctx, patient_id=campaign.patient_id, campaign_id=campaign.id)
    body = wording.fill(wording.ANSWER, patient=state["patient"], clinic=state["clinic"], answer=answer.text, link=url)
    message = _reply(state, body, sources=[answer.article_id], confidence=answer.confidence)
    step = _step(
        state,
        message=message,
        link=link,
        changes=_form_sent(ctx, state, url) | _summary("Asked a question; answered from our articles."),
    )
    return {"answer": answer, "step": step}


async def send_booking_link(state: AgentState, runtime: Runtime[Context]) -> dict[str, Any]:
    """Send the patient's own booking link: booking_funnel FORM_SENT; a decline that is taken back opens again."""
    ctx, campaign = runtime.context, state["campaign"]
    link, url = links.new_booking_link(ctx, patient_id=campaign.patient_id, campaign_id=campaign.id)
    body = wording.fill(wording.BOOKING_LINK, patient=state["patient"], clinic=state["clinic"], link=url)
    reopened = CampaignEvent.PATIENT_RECONSIDERED if campaign.status is CampaignStatus.RECOVERY_DECLINED else None
    changes = _form_sent(ctx, state, url) | _summary("Wants to come in; the booking link was sent.")
    return {"step": _step(state, event=reopened, message=_reply(state, body), link=link, changes=changes)}


async def accept_decline(state: AgentState) -> dict[str, Any]:
    """Close politely: RECOVERY_DECLINED."""
    body = wording.fill(wording.DECLINED, patient=state["patient"], clinic=state["clinic"])
    changes = _summary("Declined politely.")
    return {"step": _step(state, event=CampaignEvent.PATIENT_DECLINED, message=_reply(state, body), changes=changes)}


async def hand_off(state: AgentState, runtime: Runtime[Context]) -> dict[str, Any]:
    """Give the conversation to a person, with a summary and one message to the patient (D-18)."""
    ctx, analysis = runtime.context, state["analysis"]
    await _heed_stop_as_well(state, ctx)
    details = await _handoff_details(state, ctx)
    changes = {"handoff_details": details.model_dump()} | _summary(details.summary)
    template, kind, link, url = wording.HANDED_OVER, MessageKind.HANDOFF, None, ""
    if analysis.intent is Intent.EMERGENCY:
        template, kind = wording.EMERGENCY, MessageKind.EMERGENCY
    elif Intent.BOOKING_REQUEST in analysis.intents:
        template = wording.HANDED_OVER_WITH_LINK
        campaign = state["campaign"]
        link, url = links.new_booking_link(ctx, patient_id=campaign.patient_id, campaign_id=campaign.id)
        changes["booking_funnel.link_url"] = url
    body = wording.fill(template, patient=state["patient"], clinic=state["clinic"], link=url)
    event = _handoff_event(state)
    step = _step(
        state,
        event=event,
        message=_reply(state, body, kind=kind),
        link=link,
        changes=changes,
        leaves_for_staff=event is None,
    )
    return {"step": step}


def _handoff_event(state: AgentState) -> CampaignEvent | None:
    """Only RE_ENGAGED becomes HANDOFF_REQUIRED; an emergency elsewhere is answered and keeps its status (D-17)."""
    return CampaignEvent.HUMAN_NEEDED if state["campaign"].status is CampaignStatus.RE_ENGAGED else None


async def _handoff_details(state: AgentState, ctx: Context) -> HandoffDetails:
    """What the person needs to know; an emergency waits for no provider."""
    urgent = state["analysis"].intent is Intent.EMERGENCY
    priority = HandoffPriority.URGENT if urgent else HandoffPriority.NORMAL
    summary = _plain_summary(state) if urgent else await _summarise(state, ctx)
    return HandoffDetails(
        reason=f"{state['analysis'].intent}: {state['analysis'].reason}",
        priority=priority,
        summary=summary.summary,
        patient_question=summary.patient_question,
        suggested_reply=summary.suggested_reply,
        created_at=ctx.now(),
        due_at=ctx.now() + ANSWER_WITHIN[priority],
    )


def _plain_summary(state: AgentState) -> Summary:
    newest = state["incoming"][-1].content
    return Summary(summary="This may be an emergency.", patient_question=newest[:200], suggested_reply=None)


async def _summarise(state: AgentState, ctx: Context) -> Summary:
    history = await Interaction.of_campaign(state["campaign"].id)
    return await ctx.llm.summarise([Turn(author=item.author.value, text=item.content) for item in history])


async def _heed_stop_as_well(state: AgentState, ctx: Context) -> None:
    """An emergency that refuses messages too: the stop stands before anything leaves, and the case stays open."""
    campaign = state["campaign"]
    if Intent.OPT_OUT in state["analysis"].intents:
        await opt_outs.silence(ctx, campaign, channel=campaign.channel.type, source=_source(state))


def _source(state: AgentState) -> str:
    return f"interaction:{state['incoming'][-1].id}"


async def record_opt_out(state: AgentState, runtime: Runtime[Context]) -> dict[str, Any]:
    """Heed a stop on the channel it came by and on the campaign's own: record it, close, confirm once."""
    campaign, source = state["campaign"], _source(state)
    for channel in sorted({item.channel for item in state["incoming"]} - {campaign.channel.type}):
        await opt_outs.silence(runtime.context, campaign, channel=channel, source=source)
    await opt_outs.stop_address(
        runtime.context,
        channel=campaign.channel.type,
        address=campaign.channel.address,
        source=source,
        campaign=campaign,
        said_in=_ids(state),
        analysis=_stored(state["analysis"]),
    )
    return {"outcome": "opted_out"}


async def keep_for_staff(state: AgentState, runtime: Runtime[Context]) -> dict[str, Any]:
    """Store what was said and stay silent: a person has the conversation, or the visit is booked (D-17, D-18)."""
    ctx, analysis = runtime.context, state.get("analysis")
    if analysis and analysis.intent is Intent.EMERGENCY:
        await _heed_stop_as_well(state, ctx)
        details = state["campaign"].handoff_details or await _handoff_details(state, ctx)
        urgent = details.model_copy(update={"priority": HandoffPriority.URGENT})
        await campaigns.touch(ctx, state["campaign"], changes={"handoff_details": urgent.model_dump()})
    await conversations.mark_read(
        ctx,
        _ids(state),
        analysis=_stored(analysis) if analysis else None,
        handled=bool(analysis and analysis.is_thanks),
    )
    return {"outcome": "kept_for_staff"}


async def queue_reply(state: AgentState, runtime: Runtime[Context]) -> dict[str, Any]:
    """Write the decided step in one transaction; it is dropped when a person took over meanwhile (fault 14)."""
    await conversations.queue(runtime.context, state["step"])
    return {"outcome": state["step"].event or "replied"}


def _ids(state: AgentState) -> tuple[PydanticObjectId, ...]:
    return tuple(item.id for item in state["incoming"])


def _stored(analysis: Analysis) -> AiAnalysis:
    return AiAnalysis(intent=analysis.intent, sentiment=analysis.sentiment, intents=list(analysis.intents))


def _summary(text: str) -> dict[str, Any]:
    return {"engagement_summary": text}


def _form_sent(ctx: Context, state: AgentState, url: str) -> dict[str, Any]:
    """The funnel, and when to remind once of an unused link (domain.md section 5)."""
    nudge_at = ctx.now() + timedelta(days=state["clinic"].outreach.nudge_after_days)
    return {
        "booking_funnel.status": FunnelStatus.FORM_SENT.value,
        "booking_funnel.link_url": url,
        "follow_up_details.next_attempt_at": None if state["campaign"].nudged_at else nudge_at,
    }


def _reply(
    state: AgentState,
    body: str,
    *,
    kind: MessageKind = MessageKind.REPLY,
    sources: list[str] | None = None,
    confidence: float | None = None,
) -> NewMessage:
    """One answer per newest incoming message: the key makes a second one impossible."""
    campaign, newest = state["campaign"], state["incoming"][-1]
    return NewMessage(
        key=f"reply:{newest.id}",
        kind=kind,
        author=Author.AI,
        channel=campaign.channel.type,
        to=campaign.channel.address,
        subject=conversations.reply_subject(campaign),
        body=body,
        in_reply_to=newest.provider_message_id,
        sources=sources or [],
        confidence=confidence,
    )


def _step(state: AgentState, **fields: Any) -> Step:
    return Step(campaign=state["campaign"], answered=_ids(state), analysis=_stored(state["analysis"]), **fields)
