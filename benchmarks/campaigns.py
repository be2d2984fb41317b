"""A clinic's life of campaigns as stored documents, tens of thousands a second; the counters know all of them."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from random import Random

from beanie import PydanticObjectId

from app.context import Context
from app.models.campaigns import ACTIVE_STATUSES, Campaign, CampaignChannel, StatusChange
from app.models.enums import CampaignStatus, CampaignType, ChannelType
from app.services import counters
from benchmarks.clinic import MORNING, Raw, stored
from benchmarks.patients import FIRST_NAMES, LAST_NAMES

BATCH = 10_000
STATUSES = {
    CampaignStatus.ATTEMPTING_RECOVERY: 60,
    CampaignStatus.RE_ENGAGED: 10,
    CampaignStatus.HANDOFF_REQUIRED: 5,
    CampaignStatus.BOOKING_INITIATED: 15,
    CampaignStatus.RECOVERED: 400,
    CampaignStatus.RECOVERY_FAILED: 350,
    CampaignStatus.RECOVERY_DECLINED: 80,
    CampaignStatus.MANUAL_FOLLOWUP_COMPLETE: 40,
    CampaignStatus.BOOKING_COMPLETED: 40,
}
"""How many of 1,000 stand where, after some years."""
CHANNELS = (ChannelType.EMAIL, ChannelType.EMAIL, ChannelType.SMS, ChannelType.WHATSAPP)
YEARS = 4


async def store_campaigns(ctx: Context, size: int) -> None:
    """Store `size` campaigns that were counted long ago, and the counters of them."""
    rows = campaign_documents(size)
    while batch := list(islice(rows, BATCH)):
        await Campaign.collection().insert_many(batch, ordered=False)
    await counters.rebuild(ctx)


def campaign_documents(size: int) -> Iterator[Raw]:
    """Campaigns opened over the last years, the same for each call but for their ids; each says what was counted."""
    dice, pattern = Random(size), stored(_pattern(MORNING))
    statuses, shares = list(STATUSES), list(STATUSES.values())
    for number in range(size):
        opened = MORNING - timedelta(minutes=dice.randint(60, YEARS * 365 * 24 * 60))
        row = pattern | _fields(number, dice, opened, dice.choices(statuses, shares)[0])
        yield row | {"uncounted": False, "counted_as": facts_of(row)}


def _fields(number: int, dice: Random, opened: datetime, status: CampaignStatus) -> Raw:
    changed = min(opened + timedelta(minutes=dice.randint(1, 30_000)), MORNING)
    channel = dice.choice(CHANNELS).value
    return {
        "_id": PydanticObjectId(),
        "patient_id": PydanticObjectId(),
        "patient_name": f"{dice.choice(FIRST_NAMES)} {dice.choice(LAST_NAMES)} {number % 5_000}",
        "campaign_type": dice.choice(list(CampaignType)).value,
        "status": status.value,
        "channel": {"type": channel, "address": f"{number}@example.com", "thread_id": f"t{number}", "subject": None},
        "created_at": opened,
        "updated_at": changed,
        "estimated_value": dice.choice((0.0, 90.0, 120.5, 3_200.0)),
        "closed_at": None if status in ACTIVE_STATUSES else changed,
        "first_sent_at": opened,
        "first_reply_at": changed if dice.random() < 0.4 else None,
    }


def facts_of(row: Raw) -> Raw:
    """What the counters hold of this campaign (`counted_as`)."""
    won = row["status"] == CampaignStatus.RECOVERED
    return {
        "campaign_type": row["campaign_type"],
        "status": row["status"],
        "cents": round(row["estimated_value"] * 100),
        "contacted": True,
        "replied": row["first_reply_at"] is not None,
        "booked": False,
        "recovered_at": row["closed_at"] if won else None,
    }


def _pattern(now: datetime) -> Campaign:
    """The campaign of which every other is a variation: opened, and moved three times."""
    moves = [
        StatusChange(event="attempt_sent", source=status, target=status, at=now, by="agent")
        for status in (CampaignStatus.ATTEMPTING_RECOVERY,) * 4
    ]
    return Campaign(
        patient_id=PydanticObjectId(),
        patient_name="",
        campaign_type=CampaignType.RECALL,
        status=CampaignStatus.ATTEMPTING_RECOVERY,
        channel=CampaignChannel(type=ChannelType.EMAIL, address=""),
        created_at=now,
        updated_at=now,
        status_changes=moves,
    )
