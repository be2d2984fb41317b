"""Patients whose first message waits in the outbox, and patients who were written to and answer; many at a time."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from beanie import PydanticObjectId
from beanie.odm.utils.dump import get_dict

from app.models.base import Record
from app.models.campaigns import Campaign, CampaignChannel, StatusChange
from app.models.enums import (
    Author,
    CampaignStatus,
    CampaignType,
    ChannelType,
    Delivery,
    Direction,
    MessageKind,
    PatientType,
)
from app.models.interactions import Interaction
from app.models.outbox import OutboundMessage
from app.models.patients import Patient

ALWAYS_OPEN = {
    "send_from": "00:00",
    "send_until": "24:00",
    "send_days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
}


async def write_messages(numbers: Iterable[int]) -> None:
    """For each number a patient with a campaign whose first attempt waits in the outbox."""
    rows: list[Record] = []
    for number in numbers:
        patient = _patient(number)
        campaign = _campaign(patient)
        rows += [patient, campaign, *_attempt(number, campaign)]
    await _insert(rows)


async def write_conversations(numbers: Iterable[int]) -> list[str]:
    """For each number a patient with a running campaign; their addresses, where their answers come from."""
    people = [_patient(number) for number in numbers]
    await _insert([*people, *(_campaign(patient) for patient in people)])
    return [str(patient.email) for patient in people]


def _now() -> datetime:
    return datetime.now(UTC) - timedelta(minutes=1)


def _patient(number: int) -> Patient:
    return Patient(
        name=f"Pat {number}",
        email=f"pat{number}@example.net",
        patient_type=PatientType.EXISTING,
        created_at=_now(),
        updated_at=_now(),
    )


def _campaign(patient: Patient) -> Campaign:
    running = CampaignStatus.ATTEMPTING_RECOVERY
    return Campaign(
        patient_id=patient.id,
        patient_name=patient.name,
        campaign_type=CampaignType.RECALL,
        status=running,
        channel=CampaignChannel(type=ChannelType.EMAIL, address=str(patient.email)),
        created_at=_now(),
        updated_at=_now(),
        status_changes=[StatusChange(event="created", source=None, target=running, at=_now(), by="system")],
    )


def _attempt(number: int, campaign: Campaign) -> list[Record]:
    row_id = PydanticObjectId()
    shown: dict[str, Any] = {
        "id": row_id,
        "channel": ChannelType.EMAIL,
        "subject": "Your visit",
        "campaign_id": campaign.id,
        "patient_id": campaign.patient_id,
    }
    said = Interaction(
        direction=Direction.OUTGOING,
        content="Hello",
        timestamp=_now(),
        author=Author.AI,
        delivery=Delivery.QUEUED,
        **shown,
    )
    waiting = OutboundMessage(
        key=f"test:{number}",
        kind=MessageKind.ATTEMPT,
        attempt=1,
        to=campaign.channel.address,
        body="Hello",
        created_at=_now(),
        not_before=_now(),
        **shown,
    )
    return [said, waiting]


async def _insert(rows: list[Record]) -> None:
    """One bulk insert for each kind, the outbox last: a worker must find the rest of its message."""
    for kind in (Patient, Campaign, Interaction, OutboundMessage):
        documents = [_stored(row) for row in rows if isinstance(row, kind)]
        if documents:
            await kind.collection().insert_many(documents)


def _stored(row: Record) -> dict[str, Any]:
    stored: dict[str, Any] = get_dict(row, to_db=True, keep_nulls=row.get_settings().keep_nulls)
    return stored
