"""Who has a conversation open right now: written by the page's heartbeat, told to every replica by the database.

A page that closes says so; one that dies is forgotten after STAYS.
"""

from collections.abc import Iterable
from datetime import timedelta

from beanie import PydanticObjectId

from app.context import Context
from app.models.desk import Presence
from app.models.users import User
from app.services import campaigns

STAYS = timedelta(seconds=45)
"""How long somebody counts as looking after a heartbeat; pages send one every 15 seconds."""

Lookers = dict[PydanticObjectId, list[str]]
"""By conversation, the names of those who look at it."""


async def beat(ctx: Context, campaign_id: PydanticObjectId, user: User) -> None:
    """This user looks at this conversation, for another STAYS. Raises NotFoundError."""
    await campaigns.get(campaign_id)
    written = {
        "campaign_id": campaign_id,
        "user_id": user.id,
        "user_name": user.name,
        "expires_at": ctx.now() + STAYS,
    }
    place = {"_id": _place(campaign_id, user)}
    await Presence.get_pymongo_collection().update_one(place, {"$set": written}, upsert=True)


async def leave(campaign_id: PydanticObjectId, user: User) -> None:
    """This user looks elsewhere; saying it twice changes nothing."""
    await Presence.get_pymongo_collection().delete_one({"_id": _place(campaign_id, user)})


async def others_at(ctx: Context, campaign_ids: Iterable[PydanticObjectId], user: User) -> Lookers:
    """Who but this user looks at these conversations, by name."""
    query = {"campaign_id": {"$in": list(campaign_ids)}, "expires_at": {"$gt": ctx.now()}, "user_id": {"$ne": user.id}}
    found: Lookers = {}
    async for row in Presence.get_pymongo_collection().find(query).sort("user_name"):
        found.setdefault(row["campaign_id"], []).append(row["user_name"])
    return found


def _place(campaign_id: PydanticObjectId, user: User) -> str:
    return f"{campaign_id}:{user.id}"
