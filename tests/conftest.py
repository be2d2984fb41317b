"""Shared fixtures: a real MongoDB once per session, the Context over it, the app in process, and a real server."""

import os
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from app.bootstrap import build_context
from app.context import Context
from app.database.connection import Database, connect
from app.database.embedded import start_embedded
from app.models.registry import bind_documents
from app.settings import Settings
from tests.applications import application
from tests.server import RunningServer, start_server

MONDAY_MORNING = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
"""10:00 in New York on a working day: inside the default sending window of the test clinic."""


class Clock:
    """A clock that stands still until a test moves it."""

    def __init__(self, now: datetime = MONDAY_MORNING) -> None:
        self.instant = now

    def __call__(self) -> datetime:
        return self.instant

    def forward(self, **span: float) -> datetime:
        self.instant += timedelta(**span)
        return self.instant


@pytest.fixture(scope="session", autouse=True)
def _plain_environment() -> None:
    """A developer's own settings must not reach the tests."""
    for name in list(os.environ):
        if name.startswith("CHAIRSIDE_") or name.lower() in Settings.model_fields:
            del os.environ[name]


@pytest.fixture(scope="session")
def mongodb_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A mongod of this test session's own."""
    with start_embedded(tmp_path_factory.mktemp("db")) as mongod:
        yield mongod.uri


def make_settings(**changes: Any) -> Settings:
    """Test settings, untouched by any `.env` file."""
    values: dict[str, Any] = {
        "chairside_env": "test",
        "rate_limits": "off",
        "scheduler": "off",
        "log_level": "WARNING",
        "reply_after_seconds": 0,
    }
    return Settings(_env_file=None, **(values | changes))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_settings(chairside_data_dir=tmp_path, incoming_message_secret="a-secret-that-only-tests-know-32b")


@pytest.fixture(scope="session")
async def migrated(mongodb_uri: str) -> str:
    """The name of the session's database, with every index."""
    database = connect(mongodb_uri, "tests")
    await bind_documents(database.handle, build_indexes=True)
    await database.close()
    return "tests"


async def collections_with_documents(database: Database) -> list[str]:
    """Asked in one go: emptying each of thirty collections is most of a small test's time."""
    names = sorted(await database.handle.list_collection_names())
    one: dict[str, list[dict[str, object]]] = {
        name: [{"$limit": 1}, {"$project": {"_id": {"$literal": name}}}] for name in names
    }
    others = [{"$unionWith": {"coll": name, "pipeline": one[name]}} for name in names[1:]]
    cursor = await database.handle[names[0]].aggregate([*one[names[0]], *others])
    return [row["_id"] async for row in cursor]


@pytest.fixture
async def database(mongodb_uri: str, migrated: str) -> AsyncIterator[Database]:
    """The session's database with empty collections; the indexes stay.

    The client is the test's own: while a long test without a loop runs, a shared client's heartbeat would stand still,
    and the driver would then cancel the next test's first operation.
    """
    database = connect(mongodb_uri, migrated)
    await bind_documents(database.handle, build_indexes=False)
    for name in await collections_with_documents(database):
        await database.handle[name].delete_many({})
    yield database
    await database.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ctx(settings: Settings, database: Database, clock: Clock) -> Context:
    """The Context under a virtual clock, on empty collections, with sandbox channels and the offline provider."""
    return build_context(settings, database, now=clock)


@pytest.fixture
async def client(ctx: Context) -> AsyncIterator[httpx2.AsyncClient]:
    """The application in this process, over the test's own Context (its lifespan does not run)."""
    with application(ctx) as app:
        transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx2.AsyncClient(transport=transport, base_url="http://testserver") as http:
            yield http


@pytest.fixture
def server(mongodb_uri: str, tmp_path: Path) -> Iterator[RunningServer]:
    """A real uvicorn process on a database of its own."""
    with start_server(mongodb_uri, tmp_path) as running:
        yield running
