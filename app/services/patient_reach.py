"""What follows when a patient's name or address changes: the running campaign, what waits, the visits to come."""

from typing import Any

from beanie import PydanticObjectId

from app.context import Context
from app.domain.campaign_status import CampaignEvent
from app.domain.outreach import is_usable, mark_of_unusable
from app.errors import ConflictError
from app.models.appointments import Appointment
from app.models.base import LONG_AGO, Raw
from app.models.campaigns import ACTIVE_STATUSES, Campaign
from app.models.enums import AppointmentStatus, CampaignStatus, ChannelType, DecisionOutcome, Delivery, OutboxState
from app.models.outbox import CANCELLABLE_STATES, OutboundMessage
from app.models.patients import Patient
from app.services import audit, campaigns, outbox, patients
from app.services.patients import Route

ADDRESS_REMOVED = "no_usable_address"


async def rename(ctx: Context, patient_id: PydanticObjectId, name: str) -> None:
    """The running campaign and the visits to come show the new name; what is over keeps the name of its day."""
    running = {"patient_id": patient_id, "status": {"$in": list(ACTIVE_STATUSES)}}
    await Campaign.collection().update_many(running, {"$set": {"patient_name": name}, "$inc": {"version": 1}})
    to_come = {
        "patient_id": patient_id,
        "status": AppointmentStatus.BOOKED,
        "appointment_date": {"$gt": ctx.now()},
    }
    await Appointment.collection().update_many(to_come, {"$set": {"patient_name": name}})


async def follow_addresses(ctx: Context, before: Patient, after: Patient, *, actor: str) -> None:
    """Write to the new address from now on, for the patient and for those who depend on them.

    Raises ConflictError when a conversation would be left without any address.
    """
    people = [after.id, *await patients.dependants_of([after.id])]
    entered_anew = [address for address in (after.email, after.phone) if address not in (before.email, before.phone)]
    entered_anew += [mark_of_unusable(ChannelType.WHATSAPP, address) for address in entered_anew if address]
    await Patient.collection().update_many(
        {"_id": {"$in": people}, "unusable_addresses": {"$in": entered_anew}},
        {"$pull": {"unusable_addresses": {"$in": entered_anew}}},
    )
    former = await patients.guardian_of(before) or before
    for person_id in people:
        person = await patients.get(person_id)
        holder = await patients.guardian_of(person) or person
        await _reroute(ctx, person, holder, actor=actor)
        await _redirect_waiting(person, former=former, holder=holder)


async def _reroute(ctx: Context, person: Patient, holder: Patient, *, actor: str) -> None:
    campaign = await Campaign.active_of(person.id)
    if campaign is None:
        return
    address = holder.address_on(campaign.channel.type)
    if address == campaign.channel.address:
        return
    if address and is_usable(campaign.channel.type, address, holder.unusable_addresses):
        await _write_to(ctx, campaign, Route(campaign.channel.type, address))
    elif campaign.status is not CampaignStatus.ATTEMPTING_RECOVERY:
        await _leave_unaddressed(campaign)
    elif route := patients.route_of(person, holder):
        await _write_to(ctx, campaign, route)
    else:
        await _give_up(ctx, campaign, actor=actor)


async def _write_to(ctx: Context, campaign: Campaign, route: Route) -> None:
    """A new address has not seen the thread so far: it gets one of its own."""
    changes: Raw = {
        "channel.type": route.channel,
        "channel.address": route.address,
        "channel.thread_id": None,
        "channel.subject": None,
    }
    planned = campaign.follow_up_details.next_attempt_at
    if route.channel is not campaign.channel.type and planned is None:
        changes["follow_up_details.next_attempt_at"] = ctx.now()  # its attempt was written for the other channel
    await campaigns.touch(ctx, campaign, changes=changes)


async def _leave_unaddressed(campaign: Campaign) -> None:
    """A visit waits without messages; a conversation is a person's to finish first."""
    if campaign.status is not CampaignStatus.BOOKING_INITIATED:
        raise ConflictError(
            "A conversation with this patient runs over this address. Give another address, or finish it first.",
            extra={"campaign_id": str(campaign.id)},
        )
    await Patient.collection().update_one(
        {"_id": campaign.patient_id}, {"$addToSet": {"unusable_addresses": campaign.channel.address}}
    )


async def _give_up(ctx: Context, campaign: Campaign, *, actor: str) -> None:
    """Nobody can be written to any more: the attempts end as they do when an address bounces."""
    await campaigns.move(ctx, campaign, CampaignEvent.ATTEMPTS_EXHAUSTED, by=actor)
    await audit.decide(
        ctx,
        patient_id=campaign.patient_id,
        campaign_id=campaign.id,
        outcome=DecisionOutcome.REFUSED,
        rule=ADDRESS_REMOVED,
        inputs={"channel": campaign.channel.type, "source": "staff"},
    )


async def _redirect_waiting(person: Patient, *, former: Patient, holder: Patient) -> None:
    """What waits for the former address goes to the new one, or nowhere."""
    waiting = {
        "patient_id": person.id,
        "state": {"$in": list(CANCELLABLE_STATES)},
        "to": {"$in": [address for address in (former.email, former.phone) if address]},
    }
    for row in await OutboundMessage.find(waiting).to_list():
        address = holder.address_on(row.channel)
        if address != row.to:
            await _readdress(row, address)


async def _readdress(row: OutboundMessage, address: str | None) -> None:
    """A draft at the provider names the old address: it is left behind, and the next generation drafts anew."""
    changes: dict[str, Any] = {"state": OutboxState.PENDING, "to": address, "lease_until": LONG_AGO}
    if address is None:
        changes = {"state": OutboxState.CANCELLED, "state_reason": ADDRESS_REMOVED}
        await outbox.set_delivery(row.id, Delivery.FAILED)
    await OutboundMessage.collection().update_one(
        {"_id": row.id},
        {
            "$set": changes,
            "$unset": {"handle": "", "thread_id": "", "in_reply_to": ""},
            "$inc": {"lease_generation": 1},
        },
    )
