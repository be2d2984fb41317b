"""A clinic group: three app processes over a three-member set, with a mixed load on them."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.bootstrap import build_context
from app.database.connection import connect
from app.models.registry import bind_documents
from app.services import invariants
from tests.conftest import make_settings
from tests.faults.callers import Callers
from tests.faults.load_truth import Rooms, differences, settle
from tests.faults.mixed_load import MixedLoad, open_clinic
from tests.refused import forget_refused_connections
from tests.replica_set import ReplicaSet
from tests.server import RunningServer, start_replicas

REPLICAS = 3
LEASE_SECONDS = 15
"""Instead of two minutes: what a worker held when the database left it is taken up sooner."""
SETTINGS = {
    "SCHEDULER": "on",
    "CHAIRSIDE_LEASE_SECONDS": str(LEASE_SECONDS),
    "ACCESS_TOKEN_MINUTES": "240",
    "LOG_LEVEL": "ERROR",
}


@dataclass
class Group:
    """The set, the app processes, a load that has not begun, and the database to look into."""

    members: ReplicaSet
    servers: list[RunningServer]
    load: MixedLoad
    rooms: Rooms

    @property
    def callers(self) -> Callers:
        return self.load.callers

    async def violations(self) -> dict[str, list[str]]:
        """Once the queues are empty: what clients were told and is not so, and every invariant that is broken.

        Queues that do not become empty are one themselves.
        """
        unsettled: list[str] = []
        try:
            await settle(self.rooms)
        except TimeoutError as error:
            unsettled.append(str(error))
        first = self.servers[0]
        settings = make_settings(**{name.lower(): value for name, value in first.environment.items()})
        database = connect(self.members.uri, first.environment["MONGODB_DATABASE"])
        try:
            await bind_documents(database.handle, build_indexes=False)
            broken = await invariants.check(build_context(settings, database))
        finally:
            await database.close()
        found = {"queues": unsettled} | await differences(self.rooms, self.load.ledger) | broken
        return {name: violations for name, violations in found.items() if violations}


def _folders(folder: Path) -> list[Path]:
    """One for each app process: where a test moves clocks or sets pauses, it does so one by one."""
    folders = [folder / f"app-{number}" for number in range(REPLICAS)]
    for each in folders:
        each.mkdir(parents=True)
    return folders


@contextmanager
def _running(folder: Path, **changes: str) -> Iterator[tuple[ReplicaSet, list[RunningServer]]]:
    with (
        ReplicaSet(folder / "mongo") as members,
        start_replicas(members.uri, _folders(folder), **(SETTINGS | changes)) as servers,
    ):
        yield members, servers


@asynccontextmanager
async def open_group(folder: Path, *, pause: float, **changes: str) -> AsyncIterator[Group]:
    """Start everything and set the clinic up; `pause` is a client's, in seconds. Leaves no process behind."""
    running = _running(folder, **changes)
    members, servers = await asyncio.to_thread(running.__enter__)
    try:
        staff, people = await asyncio.to_thread(open_clinic, servers[0])
        callers = Callers([server.base_url for server in servers], staff)
        database = connect(members.uri, servers[0].environment["MONGODB_DATABASE"])
        try:
            yield Group(members, servers, MixedLoad(callers, people, pause), database.handle)
        finally:
            await callers.close()
            await database.close()
            forget_refused_connections()
    finally:
        await asyncio.to_thread(running.__exit__, None, None, None)
