"""Dialogues played through the real jobs, the real graph and the sandbox channel (domain.md section 6)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from app.context import Context
from app.errors import ChairsideError
from app.evaluation.lines import BookingStep, Dialogue, EndState, PatientStep, StaffStep, Step
from app.evaluation.predictions import Progress
from app.evaluation.stage import SERVICE_ID, Stage, StageClock
from app.jobs import registry
from app.models.campaigns import Campaign
from app.models.enums import CampaignStatus, CampaignType, ChannelType, Direction, OutboxState, PatientType
from app.models.interactions import Interaction
from app.models.outbox import OutboundMessage
from app.models.patients import Patient
from app.services import appointments, audit, availability, campaigns, conversations, patients, sandbox
from app.services.appointments import BookingRequest

OVERDUE = timedelta(days=3)
AFTER_A_BURST = timedelta(minutes=2)
"""What is written within half a minute is read together."""
BETWEEN_STEPS = timedelta(minutes=10)
"""Shorter than anything that the outreach policy waits for."""
LOOK_AHEAD_DAYS = 14
LINK_TOKEN = re.compile(r"/book\?t=([\w-]+)")
PHONE_BEGINS = "+1202555"
INQUIRY = "How much is whitening?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """`as_expected` is the verdict, `end` what was found; None when the play could not be played to its end."""

    id: str
    as_expected: bool
    end: EndState | None


async def play_all(
    ctx: Context, stage: Stage, clock: StageClock, dialogues: Sequence[Dialogue], *, on_each: Progress
) -> list[Ending]:
    """Write to everybody first, then play one dialogue after the other."""
    people = [await _patient_of(ctx, number, dialogue) for number, dialogue in enumerate(dialogues)]
    await registry.run_job(ctx, registry.DAILY)
    await registry.drain(ctx, ignore_window=True)
    endings = []
    for dialogue, patient in zip(dialogues, people, strict=True):
        endings.append(await _play(ctx, stage, clock, dialogue, patient))
        on_each()
    return endings


async def _patient_of(ctx: Context, number: int, dialogue: Dialogue) -> Patient:
    is_lead = dialogue.campaign is CampaignType.RECOVERY
    by_mail = dialogue.channel is ChannelType.EMAIL
    fields = {
        "name": f"Robin Example {dialogue.id}",
        "email": f"{number}.robin@example.com" if by_mail else None,
        "phone": None if by_mail else f"{PHONE_BEGINS}{number + 1000}",
        "preferred_channel": [dialogue.channel],
        "patient_type": PatientType.COLD_LEAD if is_lead else PatientType.EXISTING,
        "next_follow_up_date": None if is_lead else (ctx.now() - OVERDUE).date(),
        "initial_inquiry": INQUIRY if is_lead else None,
    }
    return await patients.create(ctx, actor=audit.SYSTEM, fields=fields)


async def _play(ctx: Context, stage: Stage, clock: StageClock, dialogue: Dialogue, patient: Patient) -> Ending:
    campaign = await Campaign.newest_of(patient.id)
    before = await _sent(campaign) if campaign else []
    if campaign is None or not before:
        return Ending(id=dialogue.id, as_expected=False, end=None)
    try:
        for step in dialogue.steps:
            await _take(ctx, stage, step, campaign)
            clock.forward(AFTER_A_BURST)
            await registry.drain(ctx, ignore_window=True)
            clock.forward(BETWEEN_STEPS)
    except ChairsideError:  # a step that the product refuses: nothing to book with, a status that cannot follow
        return Ending(id=dialogue.id, as_expected=False, end=None)
    end = await _end_of(campaign, len(before))
    return Ending(id=dialogue.id, as_expected=end == dialogue.expected, end=end)


async def _take(ctx: Context, stage: Stage, step: Step, campaign: Campaign) -> None:
    if isinstance(step, PatientStep):
        await _write(ctx, step, campaign)
    elif isinstance(step, StaffStep):
        await _answer(ctx, stage, step, campaign)
    else:
        await _book(ctx, step, campaign)


async def _write(ctx: Context, step: PatientStep, campaign: Campaign) -> None:
    address = campaign.channel.address
    newest = (await sandbox.sent_to(address))[-1]["id"]
    for text in step.patient:
        await sandbox.write_as_patient(
            ctx, sender=address, text=text, channel=campaign.channel.type, in_reply_to=newest, headers={}
        )


async def _answer(ctx: Context, stage: Stage, step: StaffStep, campaign: Campaign) -> None:
    await conversations.respond(
        ctx,
        campaign.id,
        text=step.staff,
        new_status=step.new_status,
        actor=f"user:{stage.staff.id}",
        key=conversations.fresh_key(),
    )


async def _book(ctx: Context, _: BookingStep, campaign: Campaign) -> None:
    """Book the first free time with the newest link. Raises ChairsideError when there is none."""
    received = await sandbox.sent_to(campaign.channel.address)
    token = next((found[1] for mail in reversed(received) if (found := LINK_TOKEN.search(mail["body"]))), None)
    offer = await availability.offer_for(await availability.service_named(SERVICE_ID))
    today = ctx.now().astimezone(offer.rules.zone).date()
    free = await availability.free_slots(ctx, offer, [today + timedelta(days=day) for day in range(1, LOOK_AHEAD_DAYS)])
    request = BookingRequest(
        name="Robin Example", email=None, phone=None, start=free[min(free)][0], service_name=SERVICE_ID, token=token
    )
    await appointments.book(ctx, request)


async def _sent(campaign: Campaign) -> list[OutboundMessage]:
    query = {"patient_id": campaign.patient_id, "state": OutboxState.SENT}
    return await OutboundMessage.find(query).sort("created_at", "_id").to_list()


async def _end_of(campaign: Campaign, sent_before: int) -> EndState:
    now = await campaigns.get(campaign.id)
    waiting = {"campaign_id": campaign.id, "direction": Direction.INCOMING, "handled_at": None}
    waits = now.status is CampaignStatus.HANDOFF_REQUIRED or await Interaction.find(waiting).exists()
    patient = await patients.get(campaign.patient_id)
    return EndState(
        status=now.status,
        sent=tuple(row.kind for row in (await _sent(campaign))[sent_before:]),
        opted_out=await patients.is_suppressed(patient, campaign.channel.type),
        handoff=waits,
    )
