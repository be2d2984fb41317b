"""The proactive path's nodes: load, check, compose, queue. The clinic writes first (domain.md sections 4 and 5)."""

from datetime import timedelta
from typing import Any

from langgraph.runtime import Runtime

from app.agent import follow_ups
from app.agent.follow_ups import kind_of
from app.agent.state import AgentState
from app.agent.wording import follow_up_body
from app.context import Context
from app.domain.campaign_status import CampaignEvent
from app.domain.outreach import Verb
from app.models.campaigns import Campaign
from app.models.clinic import Clinic
from app.models.enums import Author, CampaignStatus, ChannelType, DecisionOutcome, FunnelStatus, MessageKind
from app.services import booked_campaigns, campaigns, contact, conversations, fallbacks, links, outbox, patients
from app.services.conversations import Decided, Step
from app.services.outbox import NewMessage

LOOK_AGAIN = timedelta(hours=1)


async def load_campaign(state: AgentState) -> dict[str, Any]:
    """Read the campaign, the patient and the clinic as they are now."""
    campaign = await campaigns.get(state["campaign_id"])
    return {
        "campaign": campaign,
        "patient": await patients.get(campaign.patient_id),
        "clinic": await Clinic.load(),
    }


async def check_attempts(state: AgentState, runtime: Runtime[Context]) -> dict[str, Any]:
    """Ask the rules whether a message may go to this person now."""
    verdict = await contact.judge(
        runtime.context,
        state["campaign"],
        state["patient"],
        state["clinic"],
        kind=kind_of(state["campaign"]),
        ignore_window=state.get("ignore_window", False),
    )
    return {"verdict": verdict}


def attempts_left(campaign: Campaign) -> bool:
    """A nudge is not an attempt: it goes once, to someone who asked for the link."""
    if campaign.status is not CampaignStatus.ATTEMPTING_RECOVERY:
        return campaign.nudged_at is None and campaign.booking_funnel.status is FunnelStatus.FORM_SENT
    return campaign.follow_up_details.attempts_made < campaign.follow_up_details.max_attempts


async def compose_message(state: AgentState, runtime: Runtime[Context]) -> dict[str, Any]:
    """Have the next message written from the patient's own history; what the gate refuses uses no attempt."""
    return {"composed": await follow_ups.compose(runtime.context, state["campaign"], state["patient"], state["clinic"])}


async def queue_message(state: AgentState, runtime: Runtime[Context]) -> dict[str, Any]:
    """Freeze the message with its link and the reason it may go; the outbox sends it."""
    ctx, campaign, composed = runtime.context, state["campaign"], state["composed"]
    link, url = links.new_booking_link(ctx, patient_id=campaign.patient_id, campaign_id=campaign.id)
    kind, attempt = kind_of(campaign), await outbox.next_attempt(campaign.id)
    subject = campaign.channel.subject or composed.draft.subject
    message = NewMessage(
        key=f"{campaign.id}:{kind}:{attempt}:{campaign.version}",
        kind=kind,
        author=Author.AI,
        channel=campaign.channel.type,
        to=campaign.channel.address,
        subject=subject if campaign.channel.type is ChannelType.EMAIL else "",
        body=follow_up_body(composed.draft.body, campaign=campaign, link=url, language=state["patient"].language),
        attempt=attempt if kind is MessageKind.ATTEMPT else None,
        in_reply_to=await conversations.last_external_id(campaign.id),
    )
    changes: dict[str, Any] = {
        "follow_up_details.next_attempt_at": None,
        "booking_funnel.link_url": url,
        "channel.subject": subject,
    }
    if kind is MessageKind.NUDGE:
        changes["nudged_at"] = ctx.now()
    seen: dict[str, Any] = {"kind": kind, "attempt": attempt, "written_by": composed.written_by}
    if composed.refused_by:
        seen["draft_refused_by"] = composed.refused_by
    decision = (DecisionOutcome.QUEUED, state["verdict"].rule, seen)
    await conversations.queue(
        ctx, Step(campaign=campaign, changes=changes, message=message, link=link, decision=decision)
    )
    return {"outcome": f"{kind}_queued"}


async def close_unresponsive(state: AgentState, runtime: Runtime[Context]) -> dict[str, Any]:
    """The attempts are used up and the last spacing has passed: RECOVERY_FAILED, no message (D-02)."""
    campaign, ctx = state["campaign"], runtime.context
    if campaign.status is not CampaignStatus.ATTEMPTING_RECOVERY:
        nothing = (DecisionOutcome.REFUSED, "status_changed", {"status": campaign.status})
        changes = {"follow_up_details.next_attempt_at": None}
        await conversations.queue(ctx, Step(campaign=campaign, changes=changes, decision=nothing))
        return {"outcome": "nothing_to_send"}
    made = campaign.follow_up_details.attempts_made
    decision = (DecisionOutcome.REFUSED, "attempts_used_up", {"attempts_made": made})
    await conversations.queue(ctx, Step(campaign=campaign, event=CampaignEvent.ATTEMPTS_EXHAUSTED, decision=decision))
    return {"outcome": "closed_unresponsive"}


async def hold_back(state: AgentState, runtime: Runtime[Context]) -> dict[str, Any]:
    """Not now: wait for the sending window, or for the day on which a limit allows it."""
    campaign, verdict = state["campaign"], state["verdict"]
    until = verdict.until or runtime.context.now() + timedelta(days=1)
    field = "hold_until" if verdict.verb is Verb.HOLD else "follow_up_details.next_attempt_at"
    decision = (DecisionOutcome.POSTPONED, verdict.rule, {"until": until})
    await conversations.queue(runtime.context, Step(campaign=campaign, changes={field: until}, decision=decision))
    return {"outcome": verdict.rule}


async def withdraw(state: AgentState, runtime: Runtime[Context]) -> dict[str, Any]:
    """Not any more: act on what makes the message wrong, and keep the reason."""
    ctx, campaign, rule = runtime.context, state["campaign"], state["verdict"].rule
    decision: Decided = (DecisionOutcome.REFUSED, rule, {})
    if rule == "opted_out":
        await conversations.queue(ctx, Step(campaign=campaign, event=CampaignEvent.OPTED_OUT, decision=decision))
    elif rule == "no_usable_address" and await fallbacks.leave_spent_address(ctx, campaign):
        return {"outcome": "continued_elsewhere"}
    elif rule == "no_usable_address" and campaign.status is CampaignStatus.ATTEMPTING_RECOVERY:
        await conversations.queue(
            ctx, Step(campaign=campaign, event=CampaignEvent.ATTEMPTS_EXHAUSTED, decision=decision)
        )
    elif rule == "no_usable_address":
        given_up = {"follow_up_details.next_attempt_at": None}
        await conversations.queue(ctx, Step(campaign=campaign, changes=given_up, decision=decision))
    elif rule == "future_visit_booked":
        await booked_campaigns.adopt_visit(ctx, campaign)
    else:
        later = {"follow_up_details.next_attempt_at": ctx.now() + LOOK_AGAIN}
        await conversations.queue(ctx, Step(campaign=campaign, changes=later, decision=decision))
    return {"outcome": rule}
