"""Telling a copy of a database from the database: by the server's own id of one collection (decision 0031).

`mongorestore` makes its collections anew, and each gets another id. The stored id then names a collection that this
server does not have. A file snapshot takes the id over; what a process remembers of its own writes tells that one.
"""

from dataclasses import dataclass
from datetime import datetime

from pymongo.asynchronous.database import AsyncDatabase

from app.database.connection import Raw


@dataclass(slots=True)
class Remembered:
    """When this process last looked at its database, and the stamp that it found there; None before its first look."""

    looked_at: datetime | None = None
    seen_at: datetime | None = None
    is_mail_unjudged: bool = False
    """What the mailbox sent could not be read yet: whether this is a restored copy is not known."""


async def uuid_of(database: AsyncDatabase[Raw], collection: str) -> str | None:
    """The server's id of this collection; None when there is no such collection, or the server does not tell."""
    async for found in await database.list_collections(filter={"name": collection}):
        identifier = found.get("info", {}).get("uuid")
        return identifier.hex() if isinstance(identifier, bytes) else str(identifier) if identifier else None
    return None
