"""Opt-outs: one transaction that records the stop, closes what writes to the address and withdraws what waits."""

from beanie import PydanticObjectId

from app.context import Context
from app.domain.campaign_status import CampaignEvent
from app.models.campaigns import ACTIVE_STATUSES, Campaign
from app.models.enums import Author, ChannelType, DecisionOutcome, MessageKind
from app.models.interactions import AiAnalysis
from app.models.outbox import OutboundMessage
from app.models.patients import Patient
from app.services import audit, campaigns, conversations, outbox, patients
from app.services.outbox import NewMessage

CONFIRMATION = "You will get no more messages from us here. If you change your mind, just write to us or call."


async def stop_address(
    ctx: Context,
    *,
    channel: ChannelType,
    address: str,
    source: str,
    campaign: Campaign | None = None,
    said_in: tuple[PydanticObjectId, ...] = (),
    analysis: AiAnalysis | None = None,
) -> None:
    """Never again write to this address on this channel. A repeated stop changes nothing and confirms nothing."""

    async def write() -> None:
        people = await _reached_by(channel, address, campaign)
        await patients.record_opt_out(ctx, patient_ids=people, channel=channel, source=source)
        await _close_campaigns(ctx, channel, address, people)
        await outbox.cancel_address(ctx, address, channel=channel, reason="opted_out")
        await conversations.mark_read(ctx, said_in, analysis=analysis, handled=True)
        if campaign:
            await _confirm_once(ctx, campaign)
        for patient_id in people:
            await patients.refresh_due(ctx, patient_id)

    await ctx.database.transaction(write)


async def silence(ctx: Context, campaign: Campaign, *, channel: ChannelType, source: str) -> None:
    """Record a stop of one channel without closing the conversation: another channel, or a person, goes on with it."""

    async def write() -> None:
        people = await _reached_by(campaign.channel.type, campaign.channel.address, campaign)
        await patients.record_opt_out(ctx, patient_ids=people, channel=channel, source=source)
        await outbox.cancel_address(ctx, campaign.channel.address, channel=channel, reason="opted_out")
        for patient_id in people:
            await patients.refresh_due(ctx, patient_id)

    await ctx.database.transaction(write)


async def _reached_by(channel: ChannelType, address: str, campaign: Campaign | None) -> list[PydanticObjectId]:
    """The holders of the address and those whose guardian holds it."""
    holders = [patient.id for patient in await Patient.holding_address(channel, address)]
    people = dict.fromkeys([*holders, *await patients.dependants_of(holders)])
    if campaign:
        people[campaign.patient_id] = None
    return list(people)


async def _close_campaigns(ctx: Context, channel: ChannelType, address: str, people: list[PydanticObjectId]) -> None:
    query = {
        "patient_id": {"$in": people},
        "channel.type": channel,
        "channel.address": address,
        "status": {"$in": list(ACTIVE_STATUSES)},
    }
    for campaign in await Campaign.find(query).to_list():
        await campaigns.move(ctx, campaign, CampaignEvent.OPTED_OUT, by=audit.SYSTEM)
        await audit.decide(
            ctx,
            patient_id=campaign.patient_id,
            campaign_id=campaign.id,
            outcome=DecisionOutcome.REFUSED,
            rule="opted_out",
            inputs={"channel": channel},
        )


async def _confirm_once(ctx: Context, campaign: Campaign) -> None:
    """One confirming message, as the law allows (47 CFR 64.1200(a)(12)); its key makes a second one impossible."""
    key = f"opt-out:{campaign.channel.type}:{campaign.channel.address}"
    if await OutboundMessage.find_one({"key": key}):
        return
    message = NewMessage(
        key=key,
        kind=MessageKind.OPT_OUT_CONFIRMATION,
        author=Author.SYSTEM,
        channel=campaign.channel.type,
        to=campaign.channel.address,
        subject="You are off our list" if campaign.channel.type is ChannelType.EMAIL else "",
        body=CONFIRMATION,
    )
    await outbox.freeze(ctx, patient_id=campaign.patient_id, campaign=campaign, message=message)
