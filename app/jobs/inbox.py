"""Drains the inbox: each event once, each conversation in order, poison put before staff (trust.md 2.5)."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import structlog
from beanie import PydanticObjectId

from app.agent.runner import run_reactive
from app.context import Context
from app.jobs.workers import work_until_empty
from app.logging import get_logger
from app.models.campaigns import Campaign
from app.models.enums import InboundSource, InboxState, Intent
from app.models.inbox import FOR_STAFF, InboundEvent
from app.services import inbound, opt_outs
from app.services.inbound import InboundMessage

log = get_logger(__name__)

MOST_ATTEMPTS = 6
FIRST_RETRY = timedelta(seconds=5)
LOOKS_AT_A_BUSY_CONVERSATION = 100
SECONDS_BETWEEN_LOOKS = 0.05


class ConversationBusyError(Exception):
    """Another worker runs the agent for this campaign, or died doing so a moment ago."""


async def drain(ctx: Context) -> dict[str, int]:
    """Work every event that waits; returns how many were finished, and how many parked or unmatched."""
    counts = {"done": 0, "unmatched": 0, "parked": 0, "retried": 0}

    async def work_one() -> bool:
        event = await InboundEvent.claim(now=ctx.now(), lease_until=ctx.lease_until)
        if event is None:
            return False
        await ctx.pause("inbox.claimed")
        with structlog.contextvars.bound_contextvars(correlation_id=event.correlation_id):
            result = await _work(ctx, event)
        if result:
            counts[result] += 1
        return True

    await work_until_empty(work_one)
    return counts


async def _work(ctx: Context, event: InboundEvent) -> str | None:
    if not await _wait_for(lambda: _is_oldest(event)):
        await _come_back(ctx, event)
        return None
    try:
        return await _finish(ctx, event)
    except ConversationBusyError:
        await _come_back(ctx, event)
        return None
    except Exception as error:  # the boundary of one event: the others go on
        log.exception("inbox.event_failed", event_id=str(event.id), attempts=event.attempts + 1)
        return await _retry_or_park(ctx, event, type(error).__name__)


async def _is_oldest(event: InboundEvent) -> bool:
    return not await event.has_older_sibling()


async def _wait_for(ready: Callable[[], Awaitable[Any]]) -> Any:
    """Look a few seconds long whether the conversation is free; the last answer counts."""
    for _ in range(LOOKS_AT_A_BUSY_CONVERSATION):
        if answer := await ready():
            return answer
        await asyncio.sleep(SECONDS_BETWEEN_LOOKS)
    return None


async def _come_back(ctx: Context, event: InboundEvent) -> None:
    later = ctx.now() + FIRST_RETRY
    await event.write({"not_before": later, "lease_until": later})


async def _finish(ctx: Context, event: InboundEvent) -> str:
    if event.source is InboundSource.GMAIL:
        return await _close(ctx, event, InboxState.PARKED, "no_gmail_mailbox_connected")
    try:
        message = inbound.message_of(event)
    except (KeyError, TypeError, ValueError):
        return await _close(ctx, event, InboxState.PARKED, "not_a_message")
    campaign = await inbound.belongs_to(event, message)
    if campaign is None:
        return await _leave_to_staff(ctx, event, message)
    await inbound.take_in(ctx, message, campaign)
    await _take_in_what_followed(ctx, event, campaign)
    await ctx.pause("inbox.interaction_stored")
    outcome = await _run_agent(ctx, campaign.id)
    await ctx.pause("inbox.answered")
    return await _close(ctx, event, InboxState.DONE, outcome, campaign_id=campaign.id)


async def _take_in_what_followed(ctx: Context, event: InboundEvent, campaign: Campaign) -> None:
    """Messages that arrived meanwhile are read together and answered once; their own turn finds nothing left to do."""
    for sibling in await event.younger_siblings():
        with contextlib.suppress(KeyError, TypeError, ValueError):  # a malformed one is parked in its own turn
            message = inbound.message_of(sibling)
            belongs_to = await inbound.belongs_to(sibling, message)
            if belongs_to and belongs_to.id == campaign.id:  # a family shares an inbox, not a campaign
                await inbound.take_in(ctx, message, campaign)


async def _run_agent(ctx: Context, campaign_id: PydanticObjectId) -> str:
    """One run at a time for each campaign. Raises ConversationBusyError while another worker keeps it."""
    held = await _wait_for(lambda: Campaign.lease_for_run(campaign_id, now=ctx.now(), lease_until=ctx.lease_until))
    if held is None:
        raise ConversationBusyError
    try:
        return await run_reactive(ctx, campaign_id)
    finally:
        await held.release()


async def _leave_to_staff(ctx: Context, event: InboundEvent, message: InboundMessage) -> str:
    """Nobody knows whose message this is; a stop is heeded all the same, and an emergency is shown first."""
    if message.sender and inbound.says_stop(message):
        await opt_outs.stop_address(ctx, channel=message.channel, address=message.sender, source=f"event:{event.id}")
        if inbound.screening_of(message).kind is Intent.OPT_OUT:
            return await _close(ctx, event, InboxState.DONE, "opted_out")
    return await _close(ctx, event, InboxState.UNMATCHED, "no_campaign_matches")


async def _close(
    ctx: Context, event: InboundEvent, state: InboxState, outcome: str, *, campaign_id: PydanticObjectId | None = None
) -> str:
    changes = {"state": state, "outcome": outcome, "campaign_id": campaign_id, "finished_at": ctx.now()}
    if state in FOR_STAFF:
        changes["priority"] = inbound.priority_of(event)
    await event.write(changes)
    return state.value.lower()


async def _retry_or_park(ctx: Context, event: InboundEvent, reason: str) -> str:
    attempts = event.attempts + 1
    if attempts >= MOST_ATTEMPTS:
        await event.write({"attempts": attempts, "last_error": reason})
        return await _close(ctx, event, InboxState.PARKED, "failed_too_often")
    later = ctx.now() + FIRST_RETRY * 2**event.attempts
    await event.write({"attempts": attempts, "last_error": reason, "not_before": later, "lease_until": later})
    return "retried"
