"""The agent's box for a plain yes or no to an offer of the waiting list, inside a conversation."""

from typing import Any

from langgraph.runtime import Runtime

from app.agent import offer_replies
from app.agent.offer_replies import OfferReply, Outcome
from app.agent.state import AgentState
from app.context import Context
from app.models.enums import Author, CampaignStatus, ChannelType, Intent, MessageKind, Sentiment
from app.models.interactions import AiAnalysis
from app.models.outbox import OutboundMessage
from app.services import campaigns, patients
from app.services.conversations import Step
from app.services.outbox import NewMessage


async def settle_offer_reply(state: AgentState, runtime: Runtime[Context]) -> dict[str, Any]:
    """Accept or decline the offer, and say one short thing; a person who has the conversation says it."""
    ctx, reply = runtime.context, state["offer_reply"]
    assert reply is not None  # noqa: S101 - the router looked; tells the type checker
    outcome = await offer_replies.carry_out(ctx, reply)
    await ctx.pause("agent.offer_answered")
    campaign = await campaigns.get(state["campaign"].id)  # a booking has moved it
    is_held = CampaignStatus.HANDOFF_REQUIRED in (state["campaign"].status, campaign.status)
    row = await _row_that_asked(reply, state["incoming"][-1].channel)
    is_silent = is_held or state["answers_too_often"]
    is_told = row and outcome.body and not is_silent and not await patients.is_suppressed(state["patient"], row.channel)
    message = _message(state, outcome, row) if row and is_told else None
    step = Step(
        campaign=campaign,
        answered=tuple(item.id for item in state["incoming"]),
        analysis=_analysis(reply),
        message=message,
        link=outcome.link if message else None,
        leaves_for_staff=is_held or not outcome.is_settled or (bool(outcome.body) and message is None),
    )
    return {"step": step}


async def _row_that_asked(reply: OfferReply, channel: ChannelType) -> OutboundMessage | None:
    """The offer's message on the channel of the answer: its first one, or the fallback of that."""
    asked = reply.offer.message_id
    return await OutboundMessage.find_one({"$or": [{"_id": asked}, {"fallback_of": asked}], "channel": channel})


def _message(state: AgentState, outcome: Outcome, row: OutboundMessage) -> NewMessage:
    """To where the offer was sent to: the patient wrote from there."""
    return NewMessage(
        key=outcome.key,
        kind=MessageKind.REPLY,
        author=Author.AI,
        channel=row.channel,
        to=row.to,
        subject=f"Re: {row.subject}" if row.subject else "",
        body=outcome.body,
        in_reply_to=state["incoming"][-1].provider_message_id,
    )


def _analysis(reply: OfferReply) -> AiAnalysis:
    if reply.is_yes:
        return AiAnalysis(intent=Intent.BOOKING_REQUEST, sentiment=Sentiment.POSITIVE, intents=[Intent.BOOKING_REQUEST])
    return AiAnalysis(intent=Intent.IRRELEVANT, sentiment=Sentiment.NEUTRAL, intents=[Intent.IRRELEVANT])
