"""Running the migrations: one process at a time, page by page, taken up behind the last page (decision 0031).

The collection `migrations` holds one document for each, with how far it is, and the lease of the process at work. The
lease is judged by the database's clock, so that the machines' own do not matter.
"""

import asyncio
import os
import socket
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pymongo import ASCENDING
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

from app.database.migrations.steps import MIGRATIONS, Migration, Raw
from app.logging import get_logger

log = get_logger(__name__)

COLLECTION, LEASE = "migrations", "lease"
PAGE = 1_000
LEASE_SECONDS, LOOKS_EVERY_SECONDS = 10.0, 0.2
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)

OnPage = Callable[[Migration, int], Awaitable[None]]


class LeaseLostError(Exception):
    """This process stood still so long that another one took over; what it had written stays."""


async def _nothing(_: Migration, __: int) -> None:
    """What is done after each page unless somebody watches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    database: AsyncDatabase[Raw]
    holder: str
    lease_seconds: float
    on_page: OnPage

    @property
    def log(self) -> AsyncCollection[Raw]:
        return self.database[COLLECTION]


async def run(
    database: AsyncDatabase[Raw],
    *,
    migrations: Sequence[Migration] = MIGRATIONS,
    lease_seconds: float = LEASE_SECONDS,
    on_page: OnPage = _nothing,
) -> dict[str, int]:
    """Do what is not done yet; how many documents each changed, by name. A second process waits for the first one.

    Raises LeaseLostError.
    """
    if not await _undone(database, migrations):
        return {}
    holder = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:6]}"
    work = _Run(database=database, holder=holder, lease_seconds=lease_seconds, on_page=on_page)
    async with _alone(work):
        return {each.name: await _migrate(work, each) for each in await _undone(database, migrations)}


async def _undone(database: AsyncDatabase[Raw], migrations: Sequence[Migration]) -> list[Migration]:
    done = database[COLLECTION].find({"done_at": {"$type": "date"}}, {"_id": 1})
    names = {row["_id"] async for row in done}
    return sorted((each for each in migrations if _id(each) not in names), key=lambda each: each.number)


async def pending(
    database: AsyncDatabase[Raw], *, migrations: Sequence[Migration] = MIGRATIONS
) -> list[tuple[Migration, int]]:
    """What is not done and has documents to change, with how many; an empty database wants nothing."""
    counted = [
        (each, await database[each.collection].count_documents(each.wanting))
        for each in await _undone(database, migrations)
    ]
    return [(each, count) for each, count in counted if count]


async def problems(database: AsyncDatabase[Raw], *, migrations: Sequence[Migration] = MIGRATIONS) -> list[str]:
    """A sentence for each migration that must run before this version may serve."""
    wanted = [
        each
        for each in await _undone(database, migrations)
        if await database[each.collection].find_one(each.wanting, {"_id": 1})
    ]
    return [f"migration {each.number:04d} {each.name} is pending: run `chairside migrate`" for each in wanted]


@asynccontextmanager
async def _alone(work: _Run) -> AsyncIterator[None]:
    """Hold the lease, or wait for whoever holds it; a process that died frees it when the lease ends."""
    await _wait_for_turn(work)
    try:
        yield
    finally:
        await work.log.update_one({"_id": LEASE, "holder": work.holder}, {"$set": {"until": LONG_AGO}})


async def _wait_for_turn(work: _Run) -> None:
    while not await _take(work):  # noqa: ASYNC110 - the other one is another process: no event of ours tells
        await asyncio.sleep(LOOKS_EVERY_SECONDS)


async def _take(work: _Run) -> bool:
    """Become or stay the one that migrates."""
    await _make_lease(work)
    is_free = {"$or": [{"$lte": ["$until", "$$NOW"]}, {"$eq": ["$holder", {"$literal": work.holder}]}]}
    until = {"$add": ["$$NOW", int(work.lease_seconds * 1_000)]}
    taken = await work.log.update_one(
        {"_id": LEASE, "$expr": is_free}, [{"$set": {"holder": {"$literal": work.holder}, "until": until}}]
    )
    return taken.matched_count == 1


async def _make_lease(work: _Run) -> None:
    """An upsert may not ask for the database's clock: the lease is there, run out, before anybody takes it."""
    with suppress(DuplicateKeyError):
        await work.log.update_one({"_id": LEASE}, {"$setOnInsert": {"holder": "", "until": LONG_AGO}}, upsert=True)


async def _migrate(work: _Run, migration: Migration) -> int:
    """Page by page from where it was left; each page is written down behind itself."""
    state = await work.log.find_one({"_id": _id(migration)}) or {}
    changed, after = int(state.get("changed", 0)), state.get("after")
    while ids := await _page(work, migration, after):
        if not await _take(work):
            raise LeaseLostError(f"another process took migration {migration.number:04d} over")
        done = await work.database[migration.collection].update_many(
            {"_id": {"$in": ids}} | migration.wanting, migration.change
        )
        changed, after = changed + done.modified_count, ids[-1]
        await _note(work, migration, {"after": after, "changed": changed})
        await work.on_page(migration, changed)
    await _note(work, migration, {"changed": changed, "done_at": "$$NOW"})
    log.info("migration.done", number=migration.number, migration=migration.name, changed=changed)
    return changed


async def _page(work: _Run, migration: Migration, after: Any) -> list[Any]:
    behind = {"_id": {"$gt": after}} if after is not None else {}
    rows = work.database[migration.collection].find({"$and": [migration.wanting, behind]}, {"_id": 1})
    return [row["_id"] async for row in rows.sort("_id", ASCENDING).limit(PAGE)]


async def _note(work: _Run, migration: Migration, facts: Raw) -> None:
    update = [{"$set": {"name": {"$literal": migration.name}} | facts}]
    await work.log.update_one({"_id": _id(migration)}, update, upsert=True)


def _id(migration: Migration) -> str:
    return f"{migration.number:04d}"
