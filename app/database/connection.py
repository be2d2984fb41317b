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

from app.database.patience import tidy_up, within

Result = TypeVar("Result")
Raw = dict[str, Any]

# An election took 29 s at worst (trust.md 2.2): workers and webhooks outlive it, then answer 503.
SERVER_SELECTION_MS = 30_000
# A transaction outlives one election and its second run; by itself the driver would begin again for two minutes.
TRANSACTION_SECONDS = 40
# A member that stands still without closing its connections is given up after 20 s (this and one heartbeat), not 30.
CONNECT_MS = 10_000
MAJORITY = WriteConcern("majority")

_joining: ContextVar[Callable[[], Awaitable[None]] | None] = ContextVar("joining", default=None)


@contextmanager
def joining_transactions(write: Callable[[], Awaitable[None]]) -> Iterator[None]:
    """Every transaction that this task runs inside also does `write`, last: both are committed, or neither.

    One inside another joins it: both writes are done.
    """
    outer = _joining.get()

    async def both() -> None:
        await write()
        if outer:
            await outer()

    token = _joining.set(both)
    try:
        yield
    finally:
        _joining.reset(token)


@contextmanager
def joining_nothing() -> Iterator[None]:
    """Transactions inside stand alone: what was to join the caller's has joined the one that is committed."""
    token = _joining.set(None)
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
        """Run `work` in one transaction. It may run several times: no side effects but database writes inside.

        Raises a PyMongoError when that took longer than TRANSACTION_SECONDS, or than the caller's own patience.
        """

        async def callback(session: AsyncClientSession) -> Result:
            try:
                async with session.bind(end_session=False):
                    result = await work()
                    if joined := _joining.get():
                        await joined()
                    return result
            except BaseException:  # the driver's own abort would be under a patience that is over: locks would stay
                if session.in_transaction:
                    await tidy_up(session.abort_transaction)
                raise

        with within(TRANSACTION_SECONDS):
            return await self._run(callback)

    async def _run(self, callback: Callable[[AsyncClientSession], Awaitable[Result]]) -> Result:
        async with self.client.start_session() as session:
            return await session.with_transaction(callback, write_concern=MAJORITY)

    @property
    def has_primary(self) -> bool:
        """Whether the driver knows of a server that takes writes, as it last heard. Asks nobody."""
        return self.client.topology_description.has_writable_server()

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
        connectTimeoutMS=CONNECT_MS,
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
