"""What is new to a user of today's page: everything since the sitting before this one, or since they said "seen"."""

from datetime import datetime, timedelta

from beanie import PydanticObjectId
from pymongo import ReturnDocument

from app.context import Context
from app.models.base import Raw
from app.models.desk import LastLook

SITTING = timedelta(minutes=30)
"""A look that follows another within this time belongs to the same sitting: nothing vanishes by a reload."""
FIRST_LOOK = timedelta(days=1)
"""How far back somebody sees who never looked before."""


async def look(ctx: Context, user_id: PydanticObjectId) -> datetime:
    """Note that the user looks, and since when things are new to them. One atomic write: two tabs agree."""
    now = ctx.now()
    is_new_sitting = {"$lt": ["$latest", now - SITTING]}
    change = [
        {
            "$set": {
                "since": {
                    "$cond": [is_new_sitting, {"$ifNull": ["$latest", now - FIRST_LOOK]}, "$since"],
                },
                "latest": now,
            }
        }
    ]
    raw: Raw | None = await LastLook.get_pymongo_collection().find_one_and_update(
        {"_id": user_id}, change, upsert=True, return_document=ReturnDocument.AFTER
    )
    return raw["since"] if raw else now - FIRST_LOOK  # an upsert always answers


async def since(ctx: Context, user_id: PydanticObjectId) -> datetime:
    """Since when things are new to the user, without counting as a look."""
    known = await LastLook.get(user_id)
    return known.since if known else ctx.now() - FIRST_LOOK


async def mark_seen(ctx: Context, user_id: PydanticObjectId) -> None:
    """Nothing up to now is new to the user any more."""
    seen = {"since": ctx.now(), "latest": ctx.now()}
    await LastLook.get_pymongo_collection().update_one({"_id": user_id}, {"$set": seen}, upsert=True)
