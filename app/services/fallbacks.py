"""Carrying a message on: over the patient's next preferred channel, once, or once more over the same one.

domain.md section 5 (channel), trust.md faults 25 and 27. Every function runs inside the caller's transaction.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any

from app.context import Context
from app.models.campaigns import Campaign
from app.models.clinic import Clinic
from app.models.enums import PROACTIVE_KINDS, Author, CampaignStatus, ChannelType, MessageKind
from app.models.interactions import Interaction
from app.models.outbox import OutboundMessage
from app.services import audit, campaigns, outbox, patients
from app.services.outbox import NewMessage
from app.services.patients import Route

NEVER_REPEATED = frozenset({MessageKind.OPT_OUT_CONFIRMATION})


async def go_on_elsewhere(ctx: Context, row: OutboundMessage, *, reason: str) -> bool:
    """Carry the message over the next channel that reaches the patient. False when none is left, or one took over
    before.

    An attempt is written anew for that channel by the agent; everything else goes as it stands.
    """
    route = await _next_route(ctx, row)
    if route is None:
        return False
    is_proactive = row.kind in PROACTIVE_KINDS
    campaign = await _moved_campaign(ctx, row, route)
    if is_proactive and campaign is None:
        return False
    if not is_proactive:
        await _freeze_on(ctx, row, route, campaign)
    await audit.record(
        ctx,
        actor=audit.SYSTEM,
        action="message.continued_elsewhere",
        document=("message", row.id),
        patients=[row.patient_id],
        details={"channel": f"{row.channel} -> {route.channel}", "reason": reason},
    )
    return True


async def leave_spent_address(ctx: Context, campaign: Campaign) -> bool:
    """Another message spent the address that this campaign writes to: on over the next channel, once. False without."""
    patient = await patients.get(campaign.patient_id)
    route = patients.route_of(patient, await patients.guardian_of(patient))
    if route is None or campaign.channel.former or route.channel not in ctx.channels:
        return False
    await campaigns.touch(ctx, campaign, changes=_to(route, campaign.channel.type) | _planned_now(ctx))
    return True


async def _next_route(ctx: Context, row: OutboundMessage) -> Route | None:
    if row.fallback_of or row.kind in NEVER_REPEATED:
        return None
    patient = await patients.get(row.patient_id)
    others = [channel for channel in patient.preferred_channel if channel != row.channel and channel in ctx.channels]
    elsewhere = patient.model_copy(update={"preferred_channel": others})
    return patients.route_of(elsewhere, await patients.guardian_of(patient))


async def _moved_campaign(ctx: Context, row: OutboundMessage, route: Route) -> Campaign | None:
    """The running campaign, which talks over the new channel from now on if it talked over the failed one."""
    campaign = await Campaign.get(row.campaign_id) if row.campaign_id else None
    if campaign is None or not campaign.is_active:
        return None
    is_elsewhere = (campaign.channel.type, campaign.channel.address) != (row.channel, row.to)
    if is_elsewhere or campaign.channel.former:
        return None if row.kind in PROACTIVE_KINDS else campaign
    await outbox.cancel_waiting(ctx, campaign.id, kinds=PROACTIVE_KINDS, reason="plan_was_moved")
    await campaigns.touch(ctx, campaign, changes=_changes(ctx, campaign, row, route))
    return await campaigns.get(campaign.id)


def _changes(ctx: Context, campaign: Campaign, row: OutboundMessage, route: Route) -> dict[str, Any]:
    """The new channel; the campaign's plan begins anew there, because what was written for the old one is withdrawn."""
    changes = _to(route, row.channel)
    attempts_wait = campaign.status is CampaignStatus.ATTEMPTING_RECOVERY
    if row.kind in PROACTIVE_KINDS or (attempts_wait and campaign.follow_up_details.next_attempt_at is None):
        changes |= _planned_now(ctx)
    if row.kind is MessageKind.NUDGE:
        changes["nudged_at"] = None
    return changes


def _to(route: Route, former: ChannelType) -> dict[str, Any]:
    """A new address has not seen the thread so far: it gets one of its own."""
    return {
        "channel.type": route.channel,
        "channel.address": route.address,
        "channel.thread_id": None,
        "channel.subject": None,
        "channel.former": former,
    }


def _planned_now(ctx: Context) -> dict[str, Any]:
    return {"follow_up_details.next_attempt_at": ctx.now()}


async def _freeze_on(ctx: Context, row: OutboundMessage, route: Route, campaign: Campaign | None) -> None:
    is_mail = route.channel is ChannelType.EMAIL
    await _freeze(
        ctx,
        row,
        campaign,
        key=f"{row.key}~{route.channel}",
        channel=route.channel,
        to=route.address,
        subject=(row.subject or f"A message from {(await Clinic.load()).name}") if is_mail else "",
        attachments=row.attachments if is_mail else [],
        in_reply_to=None,
    )


async def send_once_more(ctx: Context, row: OutboundMessage, *, key: str, at: datetime) -> None:
    """The same message to the same address, later: a mailbox was full, or a server away."""
    campaign = await Campaign.get(row.campaign_id) if row.campaign_id else None
    await _freeze(ctx, row, campaign, key=key, not_before=at, fallback_of=row.fallback_of)


async def _freeze(ctx: Context, row: OutboundMessage, campaign: Campaign | None, **changed: Any) -> None:
    shown = await Interaction.get(row.id)
    same = NewMessage(
        key=row.key,
        kind=row.kind,
        author=shown.author if shown else _author_of(row),
        written_by=shown.written_by if shown else None,
        channel=row.channel,
        to=row.to,
        subject=row.subject,
        body=row.body,
        in_reply_to=row.in_reply_to,
        appointment_id=row.appointment_id,
        campaign_version=row.campaign_version,
        attachments=row.attachments,
        fallback_of=row.id,
    )
    await outbox.freeze(ctx, patient_id=row.patient_id, campaign=campaign, message=replace(same, **changed))


def _author_of(row: OutboundMessage) -> Author:
    return Author.SYSTEM if row.is_automatic else Author.STAFF
