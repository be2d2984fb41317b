"""The reactive path's second half: what the agent does about it, each node deciding one step (domain.md section 6)."""

from datetime import timedelta
from typing import Any

from beanie import PydanticObjectId
from langgraph.runtime import Runtime

from app.agent import handing_over, wording
from app.agent.choosing import wants_person
from app.agent.handing_over import Case
from app.agent.reading import read
from app.agent.state import AgentState
from app.agent.voice import voice_of
from app.context import Context
from app.domain.campaign_status import CampaignEvent
from app.llm.base import Analysis, LanguageModelError
from app.models.enums import (
    Author,
    CampaignStatus,
    FunnelStatus,
    Intent,
    MessageKind,
)
from app.models.interactions import AiAnalysis
from app.services import conversations, handoff_clocks, handoff_notices, knowledge, links, opt_outs, takeovers
from app.services.conversations import Step
from app.services.outbox import NewMessage


async def answer_question(state: AgentState, runtime: Runtime[Context]) -> dict[str, Any]:
    """Answer from the clinic's own articles, and only from them; no answer there means a person."""
    voice = voice_of(state["clinic"], state["patient"], runtime.context.now())
    channel = state["campaign"].channel.type
    trial = await knowledge.try_out(runtime.context, state["text"], voice=voice, channel=channel)
    answer = trial.answer
    if answer is None:
        return {"answer": None, "trial": trial}
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
    """Give the conversation to a person, with a summary and one message to the patient (D-18).

    Where answers went out too often already, the message is left out: the other side may be a robot (fault 6).
    """
    ctx, analysis, campaign = runtime.context, state["analysis"], state["campaign"]
    is_silent = state["answers_too_often"]
    await _heed_stop_as_well(state, ctx)
    details = await handing_over.details_of(ctx, _case(state))
    changes = {"handoff_details": details.model_dump()} | _summary(details.summary)
    template, kind, link, url = wording.HANDED_OVER, MessageKind.HANDOFF, None, ""
    if analysis.intent is Intent.EMERGENCY:
        template, kind = wording.EMERGENCY, MessageKind.EMERGENCY
    elif Intent.BOOKING_REQUEST in analysis.intents and not is_silent:
        template = wording.HANDED_OVER_WITH_LINK
        link, url = links.new_booking_link(ctx, patient_id=campaign.patient_id, campaign_id=campaign.id)
        changes["booking_funnel.link_url"] = url
    body = wording.fill(template, patient=state["patient"], clinic=state["clinic"], link=url)
    event = _handoff_event(state)
    step = _step(
        state,
        event=event,
        message=None if is_silent else _reply(state, body, kind=kind),
        link=link,
        changes=changes | {"handoff_changed_at": ctx.now()},
        leaves_for_staff=event is None,
        is_unanswered=handing_over.is_unanswered(_case(state)),
        staff_mails=handoff_notices.mails(ctx, campaign, state["patient"], details, clinic=state["clinic"]),
    )
    return {"step": step}


def _case(state: AgentState) -> Case:
    return Case(
        campaign=state["campaign"],
        patient=state["patient"],
        clinic=state["clinic"],
        incoming=state["incoming"],
        analysis=state["analysis"],
        trial=state.get("trial"),
        answers_too_often=state["answers_too_often"],
    )


def _handoff_event(state: AgentState) -> CampaignEvent | None:
    """Only RE_ENGAGED becomes HANDOFF_REQUIRED; an emergency elsewhere is answered and keeps its status (D-17)."""
    return CampaignEvent.HUMAN_NEEDED if state["campaign"].status is CampaignStatus.RE_ENGAGED else None


async def _heed_stop_as_well(state: AgentState, ctx: Context) -> None:
    """An emergency that refuses messages too: the stop stands before anything leaves, and the case stays open."""
    campaign = state["campaign"]
    if Intent.OPT_OUT in state["analysis"].intents:
        await opt_outs.silence(ctx, campaign, channel=campaign.channel.type, source=_source(state))


def _source(state: AgentState) -> str:
    return f"interaction:{state['incoming'][-1].id}"


async def record_opt_out(state: AgentState, runtime: Runtime[Context]) -> dict[str, Any]:
    """Heed a stop on the channel it came by and on the campaign's own: record it, close, confirm once.

    Only then is read what else was asked: a stop cancels no visit and answers no complaint, so a person looks.
    """
    ctx, campaign, source = runtime.context, state["campaign"], _source(state)
    for channel in sorted({item.channel for item in state["incoming"]} - {campaign.channel.type}):
        await opt_outs.silence(ctx, campaign, channel=channel, source=source)
    address = campaign.channel.address
    await opt_outs.stop_address(
        ctx, channel=campaign.channel.type, address=address, source=source, campaign=campaign, text=state["text"]
    )
    await ctx.pause("agent.stop_recorded")
    analysis = await _what_else(state, ctx)
    is_settled = not wants_person(analysis, "record_opt_out")
    await conversations.mark_read(ctx, _ids(state), analysis=_stored(analysis), handled=is_settled)
    return {"outcome": "opted_out"}


async def _what_else(state: AgentState, ctx: Context) -> Analysis:
    """The stop stands already: a provider that fails takes nothing from it."""
    if not state["is_by_rule"]:
        return state["analysis"]
    try:
        return await read(state, ctx)
    except LanguageModelError:
        return state["analysis"]


async def keep_for_staff(state: AgentState, runtime: Runtime[Context]) -> dict[str, Any]:
    """Store what was said and stay silent: a person has the conversation, or the visit is booked (D-17, D-18)."""
    ctx, analysis = runtime.context, state.get("analysis")
    if analysis and analysis.intent is Intent.EMERGENCY:
        await _press(state, ctx)
    elif state["campaign"].status is CampaignStatus.HANDOFF_REQUIRED:
        await conversations.queue(ctx, _kept(state, ctx))
    else:
        stored = _stored(analysis) if analysis else None
        is_thanks = bool(analysis and analysis.is_thanks)
        await conversations.mark_read(ctx, _ids(state), analysis=stored, handled=is_thanks)
    return {"outcome": "kept_for_staff"}


def _kept(state: AgentState, ctx: Context) -> Step:
    """For the person who has the conversation: if they had answered, an answer is due again."""
    campaign = state["campaign"]
    changes = handoff_clocks.started(ctx, state["clinic"], campaign, state["incoming"])
    return Step(campaign=campaign, answered=_ids(state), changes=changes, leaves_for_staff=True)


async def _press(state: AgentState, ctx: Context) -> None:
    """An emergency where a person has the conversation already: it becomes urgent, and staff are told at once."""
    campaign, clinic = state["campaign"], state["clinic"]
    await _heed_stop_as_well(state, ctx)
    emergency = await handing_over.details_of(ctx, _case(state))
    details = handing_over.made_urgent(campaign.handoff_details, emergency)
    step = _step(
        state,
        changes={"handoff_details": details.model_dump(), "handoff_changed_at": ctx.now()},
        leaves_for_staff=True,
        staff_mails=handoff_notices.mails(ctx, campaign, state["patient"], details, clinic=clinic),
    )
    await conversations.queue(ctx, step)


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
    """One answer per newest incoming message and turn of the agent's: the key makes a second one impossible."""
    campaign, newest = state["campaign"], state["incoming"][-1]
    return NewMessage(
        key=takeovers.reply_key(campaign, newest.id),
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
