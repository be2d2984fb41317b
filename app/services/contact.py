"""Gathers what the outreach rules must know about one person at the moment of sending (domain.md section 5)."""

from datetime import datetime, time
from typing import Any

from beanie import PydanticObjectId

from app.context import Context
from app.domain.outreach import WEEK, ContactFacts, Verdict, is_usable, may_contact
from app.models.appointments import Appointment
from app.models.campaigns import Campaign
from app.models.clinic import Clinic
from app.models.enums import PROACTIVE_KINDS, CampaignStatus, MessageKind, OutboxState
from app.models.interactions import Interaction
from app.models.outbox import OutboundMessage
from app.models.patients import Patient
from app.services import patients
from app.services.policies import outreach_rules

EXPECTED_STATUS = {
    MessageKind.ATTEMPT: CampaignStatus.ATTEMPTING_RECOVERY,
    MessageKind.NUDGE: CampaignStatus.RE_ENGAGED,
}


async def judge(
    ctx: Context, campaign: Campaign, patient: Patient, clinic: Clinic, *, kind: MessageKind, ignore_window: bool
) -> Verdict:
    """May this proactive message go to this person now, and if not, by which rule and until when?"""
    now = ctx.now()
    facts = ContactFacts(
        status=campaign.status,
        expected_status=EXPECTED_STATUS[kind],
        has_address=is_usable(campaign.channel.type, campaign.channel.address, await patients.unusable_of(patient)),
        is_suppressed=await patients.is_suppressed(patient, campaign.channel.type),
        has_future_visit=await Appointment.future_of(patient.id, now) is not None,
        has_unread_reply=bool(await Interaction.unread(campaign.id)),
        sent_to_patient=await _recently_sent(patient.id, now),
        inbox_written_today=await _inbox_written_today(campaign, clinic, now),
    )
    return may_contact(facts, outreach_rules(clinic), now, ignore_window=ignore_window)


async def _recently_sent(patient_id: PydanticObjectId, now: datetime) -> tuple[datetime, ...]:
    query = {
        "patient_id": patient_id,
        "kind": {"$in": list(PROACTIVE_KINDS)},
        "sent_at": {"$gt": now - WEEK},
        "state": {"$ne": OutboxState.FAILED},  # it bounced: nobody read it
    }
    rows = OutboundMessage.collection().find(query, {"sent_at": 1})
    return tuple([row["sent_at"] async for row in rows])


async def sent_today(patient_id: PydanticObjectId, clinic: Clinic, now: datetime) -> int:
    """How many proactive messages left for this patient on this clinic-local day."""
    return sum(sent >= _midnight(clinic, now) for sent in await _recently_sent(patient_id, now))


def _midnight(clinic: Clinic, now: datetime) -> datetime:
    return datetime.combine(now.astimezone(clinic.zone).date(), time(), clinic.zone)


async def _inbox_written_today(campaign: Campaign, clinic: Clinic, now: datetime) -> bool:
    query: dict[str, Any] = {
        "to": campaign.channel.address,
        "state": OutboxState.SENT,
        "kind": {"$in": list(PROACTIVE_KINDS)},
        "sent_at": {"$gte": _midnight(clinic, now)},
        "campaign_id": {"$ne": campaign.id},
    }
    return await OutboundMessage.collection().find_one(query, {"_id": 1}) is not None
