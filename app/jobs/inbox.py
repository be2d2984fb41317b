"""Drains the inbox: each event once, each conversation in order, poison put before staff (trust.md 2.5)."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from beanie import PydanticObjectId

from app.agent import calendar_inbox, offer_inbox, visit_inbox
from app.agent.runner import run_reactive
from app.context import Context
from app.jobs import bursts, given_back, mailbox
from app.jobs.followed import followed, worked
from app.jobs.workers import given_back_when_cut_off, work_until_empty
from app.logging import get_logger
from app.models.base import LONG_AGO
from app.models.campaigns import Campaign
from app.models.enums import InboundSource, InboxState, Intent
from app.models.inbox import FOR_STAFF, InboundEvent
from app.models.interactions import Interaction
from app.services import (
    campaigns,
    carrier_opt_outs,
    conversations,
    inbound,
    mailbox_pushes,
    matching,
    opt_ins,
    opt_outs,
)
from app.services.inbound import InboundMessage
from app.services.matching import Belonging

log = get_logger(__name__)

MOST_ATTEMPTS = 6
FIRST_RETRY = timedelta(seconds=5)
LOOKS_AT_A_BUSY_CONVERSATION = 100
SECONDS_BETWEEN_LOOKS = 0.05


class ConversationBusyError(Exception):
    """Another worker runs the agent for this campaign, or died doing so a moment ago."""


async def drain(ctx: Context, *, at_once: bool = False) -> dict[str, int]:
    """Work every event that waits; returns how many were finished, and how many parked or unmatched.

    `at_once` waits for no further message of the same sender: somebody wants everything done now.
    """
    counts = {"done": 0, "unmatched": 0, "parked": 0, "retried": 0}

    async def work_one() -> bool:
        event = await InboundEvent.claim(now=ctx.now(), lease_until=ctx.lease_until, at_once=at_once)
        if event is None:
            return False
        give_back = partial(event.write, {"lease_until": LONG_AGO})
        if ctx.stopping.is_begun:  # as in the outbox
            await give_back()
            return False
        async with given_back_when_cut_off(give_back):
            await ctx.pause("inbox.claimed")
            result = await worked(event, partial(_work, ctx, event, at_once=at_once))
        if result:
            counts[result] += 1
        return True

    await work_until_empty(ctx, work_one)
    counts["done"] += await given_back.read_on(ctx)
    return counts


async def _work(ctx: Context, event: InboundEvent, *, at_once: bool) -> str | None:
    if mailbox_pushes.is_push(event):
        return await _work_push(ctx, event)
    if not await _wait_for(lambda: _is_oldest(ctx, event, at_once=at_once)):
        await _come_back(ctx, event)
        return None
    if not at_once and await bursts.join(ctx, event):
        return None
    try:
        return await _finish(ctx, event, at_once=at_once)
    except ConversationBusyError:
        await _come_back(ctx, event)
        return None
    except Exception as error:  # the boundary of one event: the others go on
        log.exception("inbox.event_failed", event_id=str(event.id), attempts=event.attempts + 1)
        return await _retry_or_park(ctx, event, type(error).__name__)


async def _work_push(ctx: Context, event: InboundEvent) -> str | None:
    """A push holds no message: it only wakes the sync, whose messages are events of their own (trust.md 2.5)."""
    if ctx.mailbox is None:
        return await _close(ctx, event, InboxState.PARKED, "no_gmail_mailbox_connected")
    try:
        return await mailbox.follow_push(ctx, event)
    except Exception as error:  # the boundary of one event: the others go on
        log.exception("inbox.push_failed", event_id=str(event.id), attempts=event.attempts + 1)
        return await _retry_or_park(ctx, event, type(error).__name__)


async def _is_oldest(ctx: Context, event: InboundEvent, *, at_once: bool) -> bool:
    return not await event.has_older_sibling(awake_at=None if at_once else ctx.now())


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


async def _finish(ctx: Context, event: InboundEvent, *, at_once: bool) -> str | None:
    try:
        message = inbound.message_of(event)
    except (KeyError, TypeError, ValueError):
        return await _close(ctx, event, InboxState.PARKED, "not_a_message")
    found = await matching.belongs_to(event, message)
    settled = await calendar_inbox.settle(ctx, message) or await offer_inbox.settle(ctx, event, message, found)
    if settled := settled or await visit_inbox.settle(ctx, event, message, found):
        return await _close(ctx, event, settled.state, settled.outcome)
    campaign = found.trusted
    if campaign is None:
        return await _leave_to_staff(ctx, event, message, found)
    stored = await inbound.take_in(ctx, message, campaign, received_at=_received(event))
    if heeded := await _heeded(ctx, event, message, stored):
        return await _close(ctx, event, InboxState.DONE, heeded, campaign_id=campaign.id)
    if not at_once and await bursts.rest(ctx, event, stored, campaign):
        return None
    await _take_in_what_followed(ctx, event, campaign)
    await ctx.pause("inbox.interaction_stored")
    outcome = await _run_agent(ctx, campaign.id)
    await ctx.pause("inbox.answered")
    return await _close(ctx, event, InboxState.DONE, outcome, campaign_id=campaign.id)


async def _heeded(ctx: Context, event: InboundEvent, message: InboundMessage, stored: Interaction) -> str | None:
    """What became of a message that needs no agent: a carrier's word, a plain rule, or a person who just wrote."""
    if answered := carrier_opt_outs.outcome_of(message):
        await conversations.mark_read(ctx, (stored.id,), analysis=None, handled=True)
        return answered
    if await opt_ins.heed(ctx, message, source=f"event:{event.id}", said_in=(stored.id,)):
        return "opted_in"
    if not conversations.crosses_a_persons_answer(await campaigns.get(stored.campaign_id), stored):
        return None
    await conversations.mark_read(ctx, (stored.id,), analysis=None, handled=False)
    return "kept_for_staff"


def _received(event: InboundEvent) -> datetime | None:
    """None for what a person gave to a conversation: whoever did that wants it answered there."""
    return None if event.assigned_to else event.received_at


async def _take_in_what_followed(ctx: Context, event: InboundEvent, campaign: Campaign) -> None:
    """Messages that arrived meanwhile are read together and answered once; their own turn finds nothing left to do."""
    for sibling in await event.younger_siblings():
        with contextlib.suppress(KeyError, TypeError, ValueError):  # a malformed one is parked in its own turn
            message = inbound.message_of(sibling)
            belongs_to = await matching.belongs_to(sibling, message)
            if belongs_to.trusted and belongs_to.trusted.id == campaign.id:  # a family shares an inbox, not a campaign
                with followed(sibling.correlation_id):
                    await inbound.take_in(ctx, message, campaign, received_at=_received(sibling))


async def _run_agent(ctx: Context, campaign_id: PydanticObjectId) -> str:
    """One run at a time for each campaign. Raises ConversationBusyError while another worker keeps it."""
    held = await _wait_for(lambda: Campaign.lease_for_run(campaign_id, now=ctx.now(), lease_until=ctx.lease_until))
    if held is None:
        raise ConversationBusyError
    try:
        return await run_reactive(ctx, campaign_id)
    finally:
        await held.release()


async def _leave_to_staff(ctx: Context, event: InboundEvent, message: InboundMessage, found: Belonging) -> str:
    """Nobody may say whose message this is; a stop is heeded all the same, and an emergency is shown first.

    What a robot sent to nobody in particular, such as a newsletter, waits for no person (domain.md section 6).
    """
    if answered := carrier_opt_outs.outcome_of(message):
        return await _close(ctx, event, InboxState.DONE, answered)
    if found.campaign is None and await opt_ins.heed(ctx, message, source=f"event:{event.id}"):
        return await _close(ctx, event, InboxState.DONE, "opted_in")
    seen = inbound.screening_of(message).kind
    if message.sender and inbound.says_stop(message):
        await opt_outs.stop_address(ctx, channel=message.channel, address=message.sender, source=f"event:{event.id}")
        if seen is Intent.OPT_OUT:
            return await _close(ctx, event, InboxState.DONE, "opted_out")
    if seen is Intent.AUTO_REPLY and event.source is InboundSource.GMAIL:
        return await _close(ctx, event, InboxState.DONE, "automatic_mail")
    doubted = found.campaign.id if found.campaign else None
    return await _close(ctx, event, InboxState.UNMATCHED, found.doubt or "no_campaign_matches", campaign_id=doubted)


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
