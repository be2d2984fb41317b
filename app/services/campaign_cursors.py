"""Where a page of the campaign list ends and the next one begins: a cursor that names no patient (speed.md)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from beanie import PydanticObjectId
from pymongo import ASCENDING, DESCENDING

from app.models.base import Raw
from app.models.campaigns import Campaign
from app.services import cursors


class CampaignSort(StrEnum):
    NEWEST_UPDATE = "-last_updated"
    OLDEST_UPDATE = "last_updated"
    NEWEST = "-created_at"
    OLDEST = "created_at"
    PATIENT = "patient_name"


@dataclass(frozen=True, slots=True)
class Order:
    """How a sort is stored: the field, its direction (the id breaks ties in the same one), the index that has it."""

    field: str
    direction: int
    index: str

    @property
    def keys(self) -> list[tuple[str, int]]:
        return [(self.field, self.direction), ("_id", self.direction)]

    @property
    def beyond(self) -> str:
        """The operator for what comes later in this order."""
        return "$gt" if self.direction == ASCENDING else "$lt"


ORDERS: dict[CampaignSort, Order] = {
    CampaignSort.NEWEST_UPDATE: Order("updated_at", DESCENDING, "list_by_update"),
    CampaignSort.OLDEST_UPDATE: Order("updated_at", ASCENDING, "list_by_update"),
    CampaignSort.NEWEST: Order("created_at", DESCENDING, "list_by_creation"),
    CampaignSort.OLDEST: Order("created_at", ASCENDING, "list_by_creation"),
    CampaignSort.PATIENT: Order("patient_name", ASCENDING, "list_by_name"),
}


@dataclass(frozen=True, slots=True)
class Range:
    """A condition on the list's index and the order in which it is read."""

    clause: Raw
    keys: list[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Place:
    """Behind which campaign a page begins, and whether more of the same instant or name follow it."""

    sort: CampaignSort
    value: Any
    campaign_id: PydanticObjectId
    has_ties: bool

    def ranges(self) -> tuple[Range, ...]:
        """The rest of those that tie with it, then all beyond: each is one exact range of the index.

        A whole morning's campaigns carry the same instant; a single condition would walk through all of them.
        """
        order = ORDERS[self.sort]
        ties = {order.field: self.value, "_id": {order.beyond: self.campaign_id}}
        beyond = Range({order.field: {order.beyond: self.value}}, order.keys)
        # With the field given, the planner merges ranges by the id alone, and sorts in memory when it is told both.
        return (Range(ties, order.keys[1:]), beyond) if self.has_ties else (beyond,)


def cursor_between(last: Raw, following: Raw, sort: CampaignSort) -> str:
    """The cursor of the page behind `last`. A patient's name is left out: an address ends up in logs."""
    field = ORDERS[sort].field
    moment = cursors.millis_of(last[field]) if isinstance(last[field], datetime) else ""
    ties = "t" if last[field] == following[field] else ""
    return cursors.pack(sort.value, moment, last["_id"], ties)


async def read_cursor(cursor: str) -> Place:
    """The place that a cursor names. Raises InvalidInputError for one that we did not make or that is gone."""
    with cursors.only_ours():
        name, moment, identifier, ties = cursors.unpack(cursor)
        sort, campaign_id = CampaignSort(name), PydanticObjectId(identifier)
        value = await _name_of(campaign_id) if sort is CampaignSort.PATIENT else cursors.instant_of(moment)
    return Place(sort, value, campaign_id, has_ties=bool(ties))


async def _name_of(campaign_id: PydanticObjectId) -> str:
    raw = await Campaign.collection().find_one({"_id": campaign_id}, {"patient_name": 1})
    if raw is None:
        raise ValueError("there is no such campaign")
    return str(raw["patient_name"])
