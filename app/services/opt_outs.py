"""Opt-outs: one transaction that records the stop, closes what writes to the address and withdraws what waits."""

from typing import Any, Literal

from beanie import PydanticObjectId

from app.context import Context
from app.domain.campaign_status import CampaignEvent
from app.domain.stop_words import stops_everything
from app.models.campaigns import ACTIVE_STATUSES, Campaign
from app.models.enums import Author, ChannelType, DecisionOutcome, MessageKind
from app.models.patients import EVERY_CHANNEL, Patient
from app.services import audit, campaigns, outbox, patients
from app.services.outbox import NewMessage

Reach = ChannelType | Literal["all"]
"""What a stop stops: one channel, or everything."""
CONFIRMATION = "You will get no more messages from us here. If you change your mind, just write to us or call."


async def stop_address(
    ctx: Context,
    *,
    channel: ChannelType,
    address: str,
    source: str,
    campaign: Campaign | None = None,
    text: str = "",
) -> None:
    """Never again write to this address on this channel, or anywhere when `text`, the patient's own, says so.

    A repeated stop changes nothing and confirms nothing.
    """
    reach: Reach = EVERY_CHANNEL if stops_everything(text) else channel

    async def write() -> None:
        people = await _concerned(channel, address, campaign)
        is_new = not await _is_stopped(people, channel)
        await _stop(ctx, people, reach, address=address, channel=channel, source=source)
        if campaign and is_new:
            await _confirm_once(ctx, campaign, source=source)

    await ctx.database.transaction(write)


async def stop_by_provider(ctx: Context, *, channel: ChannelType, address: str, source: str) -> None:
    """Inside a transaction: the provider keeps a stop of whoever holds this address; nothing is confirmed."""
    people = await reached_by(channel, address)
    await _stop(ctx, people, channel, address=address, channel=channel, source=source)


async def stop_patient(
    ctx: Context, patient_id: PydanticObjectId, *, channel: ChannelType, reach: Reach, source: str
) -> None:
    """The patient's own link says stop: the address behind it, for everybody whom it reaches."""

    async def write() -> None:
        patient = await patients.get(patient_id)
        address = (await patients.guardian_of(patient) or patient).address_on(channel) or ""
        people = dict.fromkeys([*await reached_by(channel, address), patient_id]) if address else [patient_id]
        await _stop(ctx, list(people), reach, address=address, channel=channel, source=source)

    await ctx.database.transaction(write)


async def _stop(
    ctx: Context, people: list[PydanticObjectId], reach: Reach, *, address: str, channel: ChannelType, source: str
) -> None:
    await patients.record_opt_out(ctx, patient_ids=people, channel=reach, source=source)
    await _close_campaigns(ctx, reach, address, people)
    if reach == EVERY_CHANNEL:
        await outbox.cancel_patients(ctx, people, reason="opted_out")
    await outbox.cancel_address(ctx, address, channel=channel, reason="opted_out")
    for patient_id in people:
        await patients.refresh_due(ctx, patient_id)


async def _is_stopped(people: list[PydanticObjectId], channel: ChannelType) -> bool:
    """True when every one of them had stopped this channel before."""
    return all([await patients.is_suppressed(await patients.get(each), channel) for each in people])


async def silence(ctx: Context, campaign: Campaign, *, channel: ChannelType, source: str) -> None:
    """Record a stop of one channel without closing the conversation: another channel, or a person, goes on with it."""

    async def write() -> None:
        people = await _concerned(campaign.channel.type, campaign.channel.address, campaign)
        await patients.record_opt_out(ctx, patient_ids=people, channel=channel, source=source)
        await outbox.cancel_address(ctx, campaign.channel.address, channel=channel, reason="opted_out")
        for patient_id in people:
            await patients.refresh_due(ctx, patient_id)

    await ctx.database.transaction(write)


async def reached_by(channel: ChannelType, address: str) -> list[PydanticObjectId]:
    """The holders of the address and those whose guardian holds it."""
    holders = [patient.id for patient in await Patient.holding_address(channel, address)]
    return list(dict.fromkeys([*holders, *await patients.dependants_of(holders)]))


async def _concerned(channel: ChannelType, address: str, campaign: Campaign | None) -> list[PydanticObjectId]:
    """Whom the address reaches, and whose campaign writes to it."""
    people = dict.fromkeys(await reached_by(channel, address))
    if campaign:
        people[campaign.patient_id] = None
    return list(people)


async def _close_campaigns(ctx: Context, reach: Reach, address: str, people: list[PydanticObjectId]) -> None:
    query: dict[str, Any] = {"patient_id": {"$in": people}, "status": {"$in": list(ACTIVE_STATUSES)}}
    if reach != EVERY_CHANNEL:
        query |= {"channel.type": reach, "channel.address": address}
    for campaign in await Campaign.find(query).to_list():
        await campaigns.move(ctx, campaign, CampaignEvent.OPTED_OUT, by=audit.SYSTEM)
        await audit.decide(
            ctx,
            patient_id=campaign.patient_id,
            campaign_id=campaign.id,
            outcome=DecisionOutcome.REFUSED,
            rule="opted_out",
            inputs={"channel": reach},
        )


async def _confirm_once(ctx: Context, campaign: Campaign, *, source: str) -> None:
    """One confirming message for each stop, as the law allows (47 CFR 64.1200(a)(12))."""
    message = NewMessage(
        key=f"opt-out:{campaign.channel.type}:{campaign.channel.address}:{source}",
        kind=MessageKind.OPT_OUT_CONFIRMATION,
        author=Author.SYSTEM,
        channel=campaign.channel.type,
        to=campaign.channel.address,
        subject="You are off our list" if campaign.channel.type is ChannelType.EMAIL else "",
        body=CONFIRMATION,
    )
    await outbox.freeze(ctx, patient_id=campaign.patient_id, campaign=campaign, message=message)
