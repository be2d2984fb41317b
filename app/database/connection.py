"""The connection: majority writes, aware datetimes, and transactions that every call inside joins by itself."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC
from typing import Any, TypeVar

from pymongo import AsyncMongoClient
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import OperationFailure
from pymongo.write_concern import WriteConcern

Result = TypeVar("Result")
Raw = dict[str, Any]

# An election took 29 s at worst (trust.md 2.2): workers and webhooks outlive it, then answer 503.
SERVER_SELECTION_MS = 30_000
COMMIT_MS = 30_000
MAJORITY = WriteConcern("majority")

_joining: ContextVar[Callable[[], Awaitable[None]] | None] = ContextVar("joining", default=None)


@contextmanager
def joining_transactions(write: Callable[[], Awaitable[None]]) -> Iterator[None]:
    """Every transaction that this task runs inside also does `write`, last: both are committed, or neither."""
    token = _joining.set(write)
    try:
        yield
    finally:
        _joining.reset(token)


@dataclass(frozen=True, slots=True)
class Database:
    """One MongoDB database; `client` belongs to the event loop that made it."""

    client: AsyncMongoClient[Raw]
    handle: AsyncDatabase[Raw]

    async def transaction(self, work: Callable[[], Awaitable[Result]]) -> Result:
        """Run `work` in one transaction. It may run several times: no side effects but database writes inside."""

        async def callback(session: AsyncClientSession) -> Result:
            async with session.bind(end_session=False):
                result = await work()
                if joined := _joining.get():
                    await joined()
                return result

        async with self.client.start_session() as session:
            return await session.with_transaction(callback, write_concern=MAJORITY, max_commit_time_ms=COMMIT_MS)

    async def close(self) -> None:
        await self.client.close()


def connect(uri: str, name: str, *, server_selection_ms: int = SERVER_SELECTION_MS) -> Database:
    """Open a lazy connection to a replica set or sharded cluster (trust.md 2.2 states the options)."""
    client: AsyncMongoClient[Raw] = AsyncMongoClient(
        uri,
        tz_aware=True,
        tzinfo=UTC,  # PyMongo's own UTC object makes the availability sweep 3-5 times slower
        readConcernLevel="majority",
        retryWrites=True,
        retryReads=True,
        serverSelectionTimeoutMS=server_selection_ms,
        socketTimeoutMS=60_000,
        appname="chairside",
    )
    # A bound session keeps PyMongo from seeing the transaction when it picks a write concern: an explicit one, even
    # the URI's own, would be sent inside and refused. The server's default is majority; readiness asserts it.
    return Database(client=client, handle=client.get_database(name, write_concern=WriteConcern()))


async def default_write_concern(database: Database) -> object:
    """The `w` of writes that name none: `majority` on every sound replica set; None when we may not ask."""
    try:
        answer = await database.client.admin.command("getDefaultRWConcern")
    except OperationFailure:
        return None
    return answer.get("defaultWriteConcern", {}).get("w", 1)
