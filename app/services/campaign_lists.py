"""Lists of campaigns: literal search, raw rows with only the fields shown, every order from an index (speed.md)."""

import asyncio
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from beanie import PydanticObjectId
from pymongo.errors import ExecutionTimeout

from app.domain.campaign_status import STATUS_ALIASES
from app.errors import InvalidInputError
from app.models.base import Raw
from app.models.campaigns import Campaign
from app.models.enums import CampaignStatus, CampaignType, ChannelType
from app.services import counters
from app.services.campaign_cursors import ORDERS, CampaignSort, Range, cursor_between, read_cursor

SLOWEST_MS = 2_000
MOST_COUNTED = 10_001
"""Where no counter answers, nobody counts further than this."""
FEW = 1_000
"""So many found by name are sorted in memory; among more of them the order's own index soon meets a page."""
BY_NAME = ORDERS[CampaignSort.PATIENT].index

SHOWN = {
    "patient_id": 1,
    "patient_name": 1,
    "campaign_type": 1,
    "status": 1,
    "channel.type": 1,
    "created_at": 1,
    "updated_at": 1,
    "follow_up_details.attempts_made": 1,
    "follow_up_details.next_attempt_at": 1,
    "handoff_details.assigned_to": 1,
    "estimated_value": 1,
    "close_reason": 1,
}


HANDED_OVER = (CampaignStatus.HANDOFF_REQUIRED,)
PLANNED = (CampaignStatus.ATTEMPTING_RECOVERY, CampaignStatus.RE_ENGAGED)
"""Where a message of our own accord can be planned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignFilter:
    statuses: list[CampaignStatus]
    campaign_type: CampaignType | None
    channel: ChannelType | None
    patient: str | None
    text: str | None
    holder: PydanticObjectId | None = None
    """Only conversations that this person of the staff has taken over."""
    is_unclaimed: bool = False
    """Only conversations that wait for a person and have none yet."""
    due_by: datetime | None = None
    """Only those whose next message is planned for this instant or sooner."""

    def query(self) -> dict[str, Any]:
        """Built of typed values only: no operator can come in from outside (trust.md fault 20).

        Status, type and channel are always named, so that each is a set of ranges of the list's indexes.
        """
        clauses: dict[str, Any] = {
            "status": _any_of(CampaignStatus, self.statuses),
            "campaign_type": _any_of(CampaignType, [self.campaign_type] if self.campaign_type else []),
            "channel.type": _any_of(ChannelType, [self.channel] if self.channel else []),
        }
        clauses |= self._work_clauses()
        if self.patient_id:
            clauses["patient_id"] = self.patient_id
        if self.names:
            clauses["$and"] = [{"patient_name": {"$regex": re.escape(name), "$options": "i"}} for name in self.names]
        return clauses

    def _work_clauses(self) -> dict[str, Any]:
        """Who holds a handoff, and what is due: looked for among the few campaigns that can be either."""
        clauses: dict[str, Any] = {}
        if self.holder or self.is_unclaimed:
            clauses["status"] = _any_of(CampaignStatus, _within(self.statuses, HANDED_OVER))
            clauses["handoff_details.assigned_to"] = self.holder
        if self.due_by:
            clauses["status"] = _any_of(CampaignStatus, _within(self.statuses, PLANNED))
            clauses["follow_up_details.next_attempt_at"] = {"$type": "date", "$lte": self.due_by}
        return clauses

    @property
    def patient_id(self) -> PydanticObjectId | None:
        return PydanticObjectId(self.patient) if self.patient and PydanticObjectId.is_valid(self.patient) else None

    @property
    def names(self) -> list[str]:
        """The words to find in the patient's name."""
        return [text for text in (self.text, None if self.patient_id else self.patient) if text]

    @property
    def is_counted(self) -> bool:
        """True when the counters know how many there are."""
        is_narrowed = self.holder or self.is_unclaimed or self.due_by
        return not (self.channel or self.patient or self.text or is_narrowed)


@dataclass(frozen=True, slots=True)
class FoundCampaigns:
    """`is_exact` is False when there are at least `total`."""

    total: int
    is_exact: bool
    rows: list[dict[str, Any]]
    next_cursor: str | None


def _any_of(known: type[CampaignStatus | CampaignType | ChannelType], chosen: list[Any]) -> dict[str, list[str]]:
    return {"$in": [word.value for word in chosen or known]}


def _within(chosen: list[CampaignStatus], possible: tuple[CampaignStatus, ...]) -> list[CampaignStatus]:
    """The chosen statuses that are possible; those that are not find nothing, and so all possible ones are meant."""
    return [status for status in possible if status in chosen] or list(possible)


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
    """One page. A cursor goes on in the order in which it was made; `skip` and `sort` are then ignored.

    Raises InvalidInputError for a bad cursor and for a search that takes longer than SLOWEST_MS.
    """
    try:
        total, rows, sort = await _total_and_rows(wanted, sort=sort, skip=skip, limit=limit + 1, cursor=cursor)
    except ExecutionTimeout as error:
        raise InvalidInputError("This search takes too long. Narrow it down: a longer name, a status.") from error
    follows = cursor_between(rows[limit - 1], rows[limit], sort) if len(rows) > limit else None
    is_exact = wanted.is_counted or total < MOST_COUNTED
    return FoundCampaigns(total, is_exact, [_row(raw) for raw in rows[:limit]], follows)


async def _total_and_rows(
    wanted: CampaignFilter, *, sort: CampaignSort, skip: int, limit: int, cursor: str | None
) -> tuple[int, list[Raw], CampaignSort]:
    place = await read_cursor(cursor) if cursor else None
    sort = place.sort if place else sort
    ranges, skip = (place.ranges(), 0) if place else ((Range({}, ORDERS[sort].keys),), skip)
    ids = await _few_ids(wanted) if wanted.names else None
    if ids is not None:
        rows = await _rows({"_id": {"$in": ids}}, ranges, hint="_id_", skip=skip, limit=limit)
        return len(ids), rows, sort
    hint = "by_patient" if wanted.patient_id else ORDERS[sort].index
    reading = _rows(wanted.query(), ranges, hint=hint, skip=skip, limit=limit)
    total, rows = await asyncio.gather(_total(wanted), reading)
    return total, rows, sort


async def _few_ids(wanted: CampaignFilter) -> list[Any] | None:
    """Who is found by name, read from an index that holds the names; None when there are more than a FEW."""
    found = Campaign.collection().find(wanted.query(), {"_id": 1}, hint=BY_NAME if not wanted.patient_id else None)
    rows = await found.limit(FEW + 1).max_time_ms(SLOWEST_MS).to_list()
    return None if len(rows) > FEW else [row["_id"] for row in rows]


async def _rows(query: Raw, ranges: tuple[Range, ...], *, hint: str, skip: int, limit: int) -> list[Raw]:
    """The ranges one behind the other, until the page is full."""
    rows = list[Raw]()
    for part in ranges:
        found = Campaign.collection().find({"$and": [query, part.clause]}, SHOWN).sort(part.keys).hint(hint)
        rows += await found.skip(skip).limit(limit - len(rows)).max_time_ms(SLOWEST_MS).to_list()
        if len(rows) == limit:
            break
    return rows


async def _total(wanted: CampaignFilter) -> int:
    """By the counters where they know it; else counted, up to MOST_COUNTED."""
    if wanted.is_counted:
        kinds = [wanted.campaign_type] if wanted.campaign_type else list(CampaignType)
        return await counters.campaigns_in(kinds, set(wanted.statuses) or set(CampaignStatus))
    hint = "by_patient" if wanted.patient_id else BY_NAME
    return await Campaign.collection().count_documents(
        wanted.query(), limit=MOST_COUNTED, hint=hint, maxTimeMS=SLOWEST_MS
    )


def _row(raw: dict[str, Any]) -> dict[str, Any]:
    return {
        "campaign_id": str(raw["_id"]),
        "patient_id": str(raw["patient_id"]),
        "patient_name": raw["patient_name"],
        "campaign_type": raw["campaign_type"],
        "status": raw["status"],
        "channel": raw["channel"]["type"],
        "attempts_made": raw["follow_up_details"]["attempts_made"],
        "next_attempt_at": raw["follow_up_details"].get("next_attempt_at"),
        "assigned_to": (raw.get("handoff_details") or {}).get("assigned_to"),
        "estimated_value": raw.get("estimated_value") or 0.0,
        "close_reason": raw.get("close_reason"),
        "created_at": raw["created_at"],
        "last_updated": raw["updated_at"],
    }
