"""Realistic patients as stored documents, thousands a second; the same call makes the same people but for their ids."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from beanie import PydanticObjectId

from app.models.base import stored_date
from app.models.enums import ChannelType, PatientType
from app.models.patients import OptOut, Patient, Treatment
from benchmarks.clinic import Raw, stored

FIRST_NAMES = "Olivia Liam Emma Noah Amelia Mateo Sofia Ethan Chloe Lucas Mei Ravi Fatima Jamal Ingrid Tomas".split()
LAST_NAMES = "Smith Garcia Chen Okafor Novak Patel Johansson Kowalski Haddad Rossi Nguyen Muller Silva Cohen".split()
PROCEDURES = ("Cleaning", "Exam and X-rays", "Filling", "Root canal", "Crown", "Whitening")
ZONE = ZoneInfo("America/New_York")
DUE_EACH = 33
"""Every 33rd patient is due: 3 %."""
CHILD_EACH, LEAD_EACH = 8, 5
"""Every 8th patient is a child of the one before; every 5th of the due ones asked once and never came."""
BACKLOG_DAYS = 3
"""The due ones became due on these last days, as on a Monday."""


def patient_documents(size: int, *, now: datetime) -> Iterator[Raw]:
    """`size` patients, evenly mixed: 3 % due, most others due in the coming half year, the rest never."""
    dice = Random(size)
    pattern, previous = stored(_pattern(now)), None
    for number in range(size):
        person = pattern | _identity(number, dice)
        due_number, is_later = divmod(number, DUE_EACH)
        if is_later:
            person |= _due_on(now.date() + timedelta(days=dice.randint(1, 180))) if dice.random() < 0.9 else {}
        elif due_number % LEAD_EACH == 0:
            person |= _lead(now)
        else:
            person |= _due_on(now.date() - timedelta(days=due_number % BACKLOG_DAYS))
        if previous and number % CHILD_EACH == 1:
            person |= {"guardian_id": previous, "email": None, "phone": None}
        previous = person["_id"]
        yield person


def _pattern(now: datetime) -> Patient:
    """The patient of whom every other is a variation: three visits, one channel stopped."""
    visits = [Treatment(procedure_name=name, procedure_date=date(2025, 3, 4)) for name in PROCEDURES[:3]]
    return Patient(
        name="",
        patient_type=PatientType.EXISTING,
        treatment_history=visits,
        opt_outs=[OptOut(channel=ChannelType.WHATSAPP, at=now, source="front desk")],
        date_of_birth=date(1984, 5, 17),
        notes="Prefers mornings. Anxious about injections; please explain each step beforehand.",
        created_at=now - timedelta(days=700),
        updated_at=now - timedelta(days=200),
    )


def _identity(number: int, dice: Random) -> dict[str, Any]:
    first, last = dice.choice(FIRST_NAMES), dice.choice(LAST_NAMES)
    return {
        "_id": PydanticObjectId(),
        "name": f"{first} {last}",
        "email": f"{first}.{last}.{number}@example.com".lower(),
        "phone": f"+1202{number:07d}",
        "preferred_channel": [channel.value for channel in dice.choice(PREFERENCES)],
    }


PREFERENCES = (
    (ChannelType.EMAIL,),
    (ChannelType.EMAIL, ChannelType.SMS),
    (ChannelType.SMS, ChannelType.EMAIL),
    (ChannelType.WHATSAPP, ChannelType.EMAIL),
)


def _due_on(day: date) -> dict[str, Any]:
    opens = datetime.combine(day, time(), ZONE).astimezone(UTC)
    return {"next_follow_up_date": stored_date(day), "outreach_due_at": opens}


def _lead(now: datetime) -> dict[str, Any]:
    return {
        "patient_type": PatientType.COLD_LEAD.value,
        "treatment_history": [],
        "initial_inquiry": "How much is an implant, and do you offer a payment plan?",
        "estimated_value": 3_200.0,
        "outreach_due_at": now - timedelta(days=2),
    }
