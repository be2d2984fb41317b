"""Starts a run of the graph and stands at its boundary: a failing agent hands over, it never stays silent."""

import asyncio
from datetime import timedelta
from typing import Literal

from beanie import PydanticObjectId

from app.agent import handing_over, wording
from app.agent.counted import counted
from app.agent.graph import GRAPH
from app.agent.state import AgentState
from app.context import Context
from app.domain.campaign_status import CampaignEvent, transition
from app.llm.spending import charged_to
from app.logging import get_logger
from app.metrics import HANDOFFS
from app.models.campaigns import Campaign
from app.models.clinic import Clinic
from app.models.enums import Author, DecisionOutcome, MessageKind
from app.models.interactions import Interaction
from app.services import campaigns, conversations, handoff_notices, patients, takeovers
from app.services.campaigns import StaleCampaignError
from app.services.conversations import Step
from app.services.outbox import NewMessage
from app.tracing.spans import trace

log = get_logger(__name__)

RUNS_BEFORE_GIVING_UP = 5
TRY_AGAIN = timedelta(hours=1)
LONGEST_RUN_SECONDS = 45
"""A language provider that hangs ends as a handoff, or as a postponed attempt (trust.md fault 16)."""


async def run_proactive(ctx: Context, campaign: Campaign, *, ignore_window: bool = False) -> str:
    """Work one claimed campaign whose next attempt is due; returns what was done."""
    try:
        return await _run(ctx, "proactive", campaign.id, ignore_window=ignore_window)
    except StaleCampaignError:
        return "changed_meanwhile"
    except Exception as error:  # the boundary of one campaign: the others go on, and no attempt is used
        log.exception("agent.proactive_failed", campaign_id=str(campaign.id))
        await _postpone(ctx, campaign.id, type(error).__name__)
        return "failed"


async def run_reactive(ctx: Context, campaign_id: PydanticObjectId) -> str:
    """Deal with everything that the patient wrote and the agent has not read; returns what was done."""
    for _ in range(RUNS_BEFORE_GIVING_UP):
        try:
            return await _run(ctx, "reactive", campaign_id)
        except StaleCampaignError:
            continue  # somebody wrote first: decide anew on what is true now
        except Exception as error:  # the boundary of one conversation: a person takes over
            log.exception("agent.reactive_failed", campaign_id=str(campaign_id))
            return await _hand_over_failure(ctx, campaign_id, type(error).__name__)
    return await _hand_over_failure(ctx, campaign_id, "campaign_kept_changing")


async def _run(
    ctx: Context, path: Literal["proactive", "reactive"], campaign_id: PydanticObjectId, *, ignore_window: bool = False
) -> str:
    start: AgentState = {"path": path, "campaign_id": campaign_id, "ignore_window": ignore_window}
    with counted(path) as count, charged_to(campaign_id), trace(ctx.tracer, path, campaign_id=str(campaign_id)) as run:
        async with asyncio.timeout(LONGEST_RUN_SECONDS):
            final = await GRAPH.ainvoke(start, context=ctx)
        outcome = str(final.get("outcome", "nothing_to_do"))
        run.note(outcome=outcome)
        count.ended(outcome, final)
    return outcome


async def _postpone(ctx: Context, campaign_id: PydanticObjectId, reason: str) -> None:
    campaign = await campaigns.get(campaign_id)
    later = {"follow_up_details.next_attempt_at": ctx.now() + TRY_AGAIN}
    decision = (DecisionOutcome.POSTPONED, "agent_failed", {"error": reason})
    await conversations.queue(ctx, Step(campaign=campaign, changes=later, decision=decision))


async def _hand_over_failure(ctx: Context, campaign_id: PydanticObjectId, reason: str) -> str:
    campaign = await campaigns.get(campaign_id)
    unread = await Interaction.unread(campaign_id)
    if not unread or transition(campaign.status, CampaignEvent.HUMAN_NEEDED) is None:
        await conversations.mark_read(ctx, [item.id for item in unread], analysis=None, handled=False)
        return "kept_for_staff"
    await conversations.queue(ctx, await _failure_step(ctx, campaign, unread, reason))
    HANDOFFS.labels("agent_failed").inc()
    return CampaignEvent.HUMAN_NEEDED


async def _failure_step(ctx: Context, campaign: Campaign, unread: list[Interaction], reason: str) -> Step:
    patient, clinic = await patients.get(campaign.patient_id), await Clinic.load()
    details = handing_over.unread_details(ctx, clinic, unread, reason=reason)
    message = NewMessage(
        key=takeovers.reply_key(campaign, unread[-1].id),
        kind=MessageKind.HANDOFF,
        author=Author.AI,
        channel=campaign.channel.type,
        to=campaign.channel.address,
        subject=conversations.reply_subject(campaign),
        body=wording.fill(wording.HANDED_OVER, patient=patient, clinic=clinic),
    )
    return Step(
        campaign=campaign,
        event=CampaignEvent.HUMAN_NEEDED,
        changes={"handoff_details": details.model_dump(), "handoff_changed_at": ctx.now()},
        message=message,
        answered=tuple(item.id for item in unread),
        staff_mails=handoff_notices.mails(ctx, campaign, patient, details, clinic=clinic),
    )
