"""Lists of campaigns: literal search, raw rows with only the fields shown, a cursor for deep pages (speed.md)."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from beanie import PydanticObjectId
from bson.errors import InvalidId
from pymongo import ASCENDING, DESCENDING

from app.domain.campaign_status import STATUS_ALIASES
from app.errors import InvalidInputError
from app.models.campaigns import Campaign
from app.models.enums import CampaignStatus, CampaignType, ChannelType

SLOWEST_MS = 2_000


class CampaignSort(StrEnum):
    NEWEST_UPDATE = "-last_updated"
    OLDEST_UPDATE = "last_updated"
    NEWEST = "-created_at"
    OLDEST = "created_at"
    PATIENT = "patient_name"


ORDERS: dict[CampaignSort, list[tuple[str, int]]] = {
    CampaignSort.NEWEST_UPDATE: [("updated_at", DESCENDING), ("_id", DESCENDING)],
    CampaignSort.OLDEST_UPDATE: [("updated_at", ASCENDING), ("_id", ASCENDING)],
    CampaignSort.NEWEST: [("created_at", DESCENDING), ("_id", DESCENDING)],
    CampaignSort.OLDEST: [("created_at", ASCENDING), ("_id", ASCENDING)],
    CampaignSort.PATIENT: [("patient_name", ASCENDING), ("_id", ASCENDING)],
}

SHOWN = {
    "patient_id": 1,
    "patient_name": 1,
    "campaign_type": 1,
    "status": 1,
    "channel.type": 1,
    "created_at": 1,
    "updated_at": 1,
    "follow_up_details.attempts_made": 1,
    "estimated_value": 1,
    "close_reason": 1,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignFilter:
    statuses: list[CampaignStatus]
    campaign_type: CampaignType | None
    channel: ChannelType | None
    patient: str | None
    text: str | None

    def query(self) -> dict[str, Any]:
        """Built of typed values only: no operator can come in from outside (trust.md fault 20)."""
        clauses: dict[str, Any] = {}
        if self.statuses:
            clauses["status"] = {"$in": [status.value for status in self.statuses]}
        if self.campaign_type:
            clauses["campaign_type"] = self.campaign_type.value
        if self.channel:
            clauses["channel.type"] = self.channel.value
        if self.patient and PydanticObjectId.is_valid(self.patient):
            clauses["patient_id"] = PydanticObjectId(self.patient)
        names = [text for text in (self.text, self.patient if "patient_id" not in clauses else None) if text]
        if names:
            clauses["$and"] = [{"patient_name": {"$regex": re.escape(name), "$options": "i"}} for name in names]
        return clauses


@dataclass(frozen=True, slots=True)
class FoundCampaigns:
    total: int
    rows: list[dict[str, Any]]
    next_cursor: str | None


def read_statuses(words: list[str]) -> list[CampaignStatus]:
    """Statuses by name or alias (D-02). Raises InvalidInputError for any other word."""
    found = []
    for word in words:
        alias = STATUS_ALIASES.get(word)
        if alias is None and word not in CampaignStatus.__members__:
            raise InvalidInputError(f"There is no such status. Known: {', '.join(CampaignStatus)}.")
        found.append(alias or CampaignStatus(word))
    return found


async def find(
    wanted: CampaignFilter, *, sort: CampaignSort, skip: int, limit: int, cursor: str | None
) -> FoundCampaigns:
    """One page. With a cursor, `skip` is ignored; cursors follow the default order only."""
    query = wanted.query()
    collection = Campaign.collection()
    total = await collection.count_documents(query, maxTimeMS=SLOWEST_MS)
    if cursor:
        query, skip, sort = query | _after(cursor), 0, CampaignSort.NEWEST_UPDATE
    found = collection.find(query, SHOWN).sort(ORDERS[sort]).skip(skip).limit(limit).max_time_ms(SLOWEST_MS)
    rows = await found.to_list()
    follows = sort is CampaignSort.NEWEST_UPDATE and len(rows) == limit
    return FoundCampaigns(total, [_row(raw) for raw in rows], _cursor(rows[-1]) if follows else None)


def _row(raw: dict[str, Any]) -> dict[str, Any]:
    return {
        "campaign_id": str(raw["_id"]),
        "patient_id": str(raw["patient_id"]),
        "patient_name": raw["patient_name"],
        "campaign_type": raw["campaign_type"],
        "status": raw["status"],
        "channel": raw["channel"]["type"],
        "attempts_made": raw["follow_up_details"]["attempts_made"],
        "estimated_value": raw.get("estimated_value") or 0.0,
        "close_reason": raw.get("close_reason"),
        "created_at": raw["created_at"],
        "last_updated": raw["updated_at"],
    }


def _cursor(raw: dict[str, Any]) -> str:
    place = f"{int(raw['updated_at'].timestamp() * 1000)}.{raw['_id']}"
    return urlsafe_b64encode(place.encode()).decode().rstrip("=")


def _after(cursor: str) -> dict[str, Any]:
    """The clause that continues behind a cursor. Raises InvalidInputError for one we did not make."""
    try:
        millis, identifier = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().split(".")
        moment, last = datetime.fromtimestamp(int(millis) / 1000, UTC), PydanticObjectId(identifier)
    except (ValueError, OverflowError, OSError, InvalidId) as error:
        raise InvalidInputError("This cursor is not valid. Start again from the first page.") from error
    return {"$or": [{"updated_at": {"$lt": moment}}, {"updated_at": moment, "_id": {"$lt": last}}]}
