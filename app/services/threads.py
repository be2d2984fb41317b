"""A conversation as people read it: the newest messages, earlier ones page by page, and what became of each.

Also the titles of the articles that answers came from.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from beanie import PydanticObjectId
from pymongo import DESCENDING

from app.errors import NotFoundError
from app.models.base import Raw
from app.models.enums import Delivery, OutboxState
from app.models.interactions import Interaction
from app.models.knowledge import KnowledgeArticle, KnowledgeVersion
from app.models.outbox import OutboundMessage

NEWEST = 100
"""Messages of one page."""
MOST = 2_000
"""Messages that are read at once at all, however long a page stays open."""
NEWEST_FIRST = [("timestamp", DESCENDING), ("arrival", DESCENDING)]


@dataclass(frozen=True, slots=True)
class Thread:
    """Messages, oldest first. `has_earlier`: there are more before them."""

    messages: list[Interaction]
    has_earlier: bool


@dataclass(frozen=True, slots=True)
class Fate:
    """What is known of a message that did not simply leave: `rule` names the reason (services/decision_rules.py)."""

    is_withdrawn: bool
    rule: str


async def newest(campaign_id: PydanticObjectId, *, limit: int = NEWEST) -> Thread:
    """The last `limit` messages of a conversation."""
    return await _page({"campaign_id": campaign_id}, limit)


async def since(campaign_id: PydanticObjectId, message_id: PydanticObjectId) -> Thread:
    """This message and all after it, at most the last MOST. Raises NotFoundError."""
    first = await _message(campaign_id, message_id)
    at = first.timestamp
    later: Raw = {"timestamp": {"$gte": at}, "$nor": [{"timestamp": at, "arrival": {"$lt": first.arrival}}]}
    found = await _page({"campaign_id": campaign_id} | later, MOST)
    has_earlier = found.has_earlier or await _has_before(campaign_id, first)
    return Thread(found.messages, has_earlier)


async def before(campaign_id: PydanticObjectId, message_id: PydanticObjectId, *, limit: int = NEWEST) -> Thread:
    """The `limit` messages before this one. Raises NotFoundError."""
    return await _page(_earlier_than(campaign_id, await _message(campaign_id, message_id)), limit)


async def _page(query: Raw, limit: int) -> Thread:
    rows = await Interaction.collection().find(query).sort(NEWEST_FIRST).limit(limit + 1).to_list()
    return Thread([Interaction.from_raw(raw) for raw in reversed(rows[:limit])], len(rows) > limit)


async def _message(campaign_id: PydanticObjectId, message_id: PydanticObjectId) -> Interaction:
    found = await Interaction.get(message_id)
    if found is None or found.campaign_id != campaign_id:
        raise NotFoundError("This conversation has no such message.")
    return found


async def instant_of(campaign_id: PydanticObjectId, message_id: PydanticObjectId) -> datetime:
    """When this message of the conversation was written. Raises NotFoundError."""
    return (await _message(campaign_id, message_id)).timestamp


def _earlier_than(campaign_id: PydanticObjectId, message: Interaction) -> Raw:
    at = message.timestamp
    is_earlier = [{"timestamp": {"$lt": at}}, {"timestamp": at, "arrival": {"$lt": message.arrival}}]
    return {"campaign_id": campaign_id, "timestamp": {"$lte": at}, "$or": is_earlier}


async def _has_before(campaign_id: PydanticObjectId, message: Interaction) -> bool:
    return await Interaction.collection().find_one(_earlier_than(campaign_id, message), {"_id": 1}) is not None


async def count(campaign_id: PydanticObjectId) -> int:
    """How many messages a conversation has, of whomever."""
    return await Interaction.collection().count_documents({"campaign_id": campaign_id})


async def fates_of(messages: Iterable[Interaction]) -> dict[PydanticObjectId, Fate]:
    """By message, why it waits, was withdrawn or did not arrive; nothing for what simply left."""
    left = (None, Delivery.SENT, Delivery.DELIVERED)
    query: dict[str, Any] = {"_id": {"$in": [each.id for each in messages if each.delivery not in left]}}
    if not query["_id"]["$in"]:
        return {}
    rows = OutboundMessage.collection().find(query, {"state": 1, "state_reason": 1})
    return {row["_id"]: _fate(row) async for row in rows}


def _fate(row: Raw) -> Fate:
    return Fate(OutboxState(row["state"]) is OutboxState.CANCELLED, row.get("state_reason") or "")


async def titles_of(sources: Iterable[str]) -> dict[str, str]:
    """The titles of these articles, by id; a deleted article is still known by its last version."""
    ids = [PydanticObjectId(source) for source in set(sources) if PydanticObjectId.is_valid(source)]
    if not ids:
        return {}
    former = KnowledgeVersion.collection().find({"article_id": {"$in": ids}}, {"article_id": 1, "title": 1})
    titles = {str(row["article_id"]): str(row["title"]) async for row in former.sort("version")}
    present = KnowledgeArticle.collection().find({"_id": {"$in": ids}}, {"title": 1})
    return titles | {str(row["_id"]): str(row["title"]) async for row in present}
