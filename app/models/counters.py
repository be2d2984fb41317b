"""The dashboard's counters, and what of a campaign or a visit they count, written as MongoDB expressions.

Decision 0011: a write that changes something counted only flags its document; folding moves the counters later.
"""

from dataclasses import dataclass
from typing import Any, Self

from beanie import Document
from pydantic import Field
from pymongo import ReturnDocument

from app.models.appointments import Appointment
from app.models.base import Raw, Record
from app.models.campaigns import Campaign
from app.models.enums import AppointmentStatus, CampaignStatus

COUNTERS_ID = "clinic"

Expression = dict[str, Any]


class Counters(Document):
    """All counters in one document: whoever changes them conflicts with everybody else who does, and with no one else.

    `figures` maps a figure's name (`count:RECALL:RECOVERED`, `visits:2026-11`, ...) to a whole number; money is in
    cents. `zone` is the time zone of its months; None while nothing was counted yet.
    """

    id: str = Field(default=COUNTERS_ID)  # type: ignore[assignment]  # Beanie types the id as optional; there is one
    zone: str | None = None
    figures: dict[str, int] = Field(default_factory=dict)
    turn: int = 0
    """Goes up with each change, so that two folders meet at their first write and not at their last."""

    class Settings:
        name = "counters"

    @classmethod
    async def take(cls) -> Self:
        """Hold the counters for the rest of the caller's transaction; they are created when they are missing."""
        raw = await cls.get_pymongo_collection().find_one_and_update(
            {"_id": COUNTERS_ID}, {"$inc": {"turn": 1}}, upsert=True, return_document=ReturnDocument.AFTER
        )
        taken: Self = cls.model_validate(raw)
        return taken

    @classmethod
    async def add(cls, changes: dict[str, int]) -> None:
        """Add whole numbers to the figures; what does not change is not written."""
        moved = {f"figures.{name}": change for name, change in changes.items() if change}
        if moved:
            await cls.get_pymongo_collection().update_one({"_id": COUNTERS_ID}, {"$inc": moved})


def _happened(field: str) -> Expression:
    """True for a stored instant; null and a missing field sort below every date."""
    return {"$gt": [field, None]}


def _in_month(instant: str) -> Expression:
    """An instant of the same clinic-local month, whatever the zone; null stays null.

    Away from the ends of a month, one instant for all of it; near them the quarter of an hour, on which every zone's
    midnight falls. The server need not know the zone, and a million instants become a few thousand groups.
    """
    day = {"$dayOfMonth": instant}
    middle = {"$dateFromParts": {"year": {"$year": instant}, "month": {"$month": instant}, "day": 15}}
    quarter = {"$dateTrunc": {"date": instant, "unit": "minute", "binSize": 15}}
    return {"$cond": [{"$and": [{"$gte": [day, 2]}, {"$lte": [day, 27]}]}, middle, quarter]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """One kind of document that is counted.

    `facts` is what the counters hold of a document, stored in it as `counted_as`; `group` adds facts up; `was_counted`
    finds the documents of which the counters hold something.
    """

    document: type[Record]
    facts: Expression
    group: Expression
    was_counted: Raw

    @property
    def collection_name(self) -> str:
        return self.document.collection().name

    def says(self, match: Raw) -> list[Raw]:
        """A pipeline that adds up what the documents themselves say now."""
        return [{"$match": match}, {"$project": {"_id": 0} | self.facts}, {"$group": self.group}]

    def held(self, match: Raw) -> list[Raw]:
        """A pipeline that adds up what the counters hold of these documents."""
        return [{"$match": match | self.was_counted}, {"$replaceWith": "$counted_as"}, {"$group": self.group}]


CAMPAIGNS = Counted(
    document=Campaign,
    facts={
        "campaign_type": "$campaign_type",
        "status": "$status",
        "cents": {
            "$convert": {
                "input": {"$round": [{"$multiply": ["$estimated_value", 100]}]},
                "to": "long",
                "onError": 0,
                "onNull": 0,
            }
        },
        "contacted": _happened("$first_sent_at"),
        "replied": _happened("$first_reply_at"),
        "booked": _happened("$booked_at"),
        "recovered_at": {"$cond": [{"$eq": ["$status", CampaignStatus.RECOVERED.value]}, "$closed_at", None]},
    },
    group={
        "_id": {
            "campaign_type": "$campaign_type",
            "status": "$status",
            "contacted": "$contacted",
            "replied": "$replied",
            "booked": "$booked",
            "recovered_at": _in_month("$recovered_at"),
        },
        "count": {"$sum": 1},
        "cents": {"$sum": "$cents"},
    },
    was_counted={"counted_as.status": {"$type": "string"}},
)
VISITS = Counted(
    document=Appointment,
    facts={"made_at": {"$cond": [{"$eq": ["$status", AppointmentStatus.CANCELLED.value]}, None, "$created_at"]}},
    group={"_id": {"made_at": _in_month("$made_at")}, "count": {"$sum": 1}},
    was_counted={"counted_as.made_at": {"$type": "date"}},
)
COUNTED = (CAMPAIGNS, VISITS)
