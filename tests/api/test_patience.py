"""How long each kind of request waits for a database without a primary, and what it hears then (trust.md 2.2)."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.api.health import PRIMARY_SECONDS
from app.api.patience import (
    READ_SECONDS,
    READ_SECONDS_WITHOUT_PRIMARY,
    STAFF_READ_SECONDS,
    WRITE_SECONDS,
    patience_of,
)
from app.database.connection import Database, connect
from app.database.embedded import start_embedded
from app.models.registry import bind_documents
from app.settings import Settings
from tests.api.apps import RunningApp, serving
from tests.conftest import Clock
from tests.refused import forget_refused_connections

SLACK = 6.0
WEBHOOK = "/api/v1/webhooks/gmail"


@pytest.mark.parametrize(
    ("method", "path", "well", "away"),
    [
        ("GET", "/health/ready", READ_SECONDS, READ_SECONDS_WITHOUT_PRIMARY),
        ("GET", "/book", READ_SECONDS, READ_SECONDS_WITHOUT_PRIMARY),
        ("HEAD", "/", READ_SECONDS, READ_SECONDS_WITHOUT_PRIMARY),
        ("GET", "/api/v1/availability", READ_SECONDS, READ_SECONDS_WITHOUT_PRIMARY),
        ("GET", "/staff/today", STAFF_READ_SECONDS, READ_SECONDS_WITHOUT_PRIMARY),
        ("GET", "/api/v1/admin/campaigns", STAFF_READ_SECONDS, READ_SECONDS_WITHOUT_PRIMARY),
        ("GET", "/api/v1/admin/patients/65a1b2c3d4e5f60718293a4b/export", None, None),
        ("POST", WEBHOOK, WRITE_SECONDS, WRITE_SECONDS),
        ("POST", "/api/v1/appointments/book", WRITE_SECONDS, WRITE_SECONDS),
        ("POST", "/manage/a-token", WRITE_SECONDS, WRITE_SECONDS),
        ("POST", "/api/v1/admin/jobs/inbox/run", None, None),
        ("POST", "/staff/patients", None, None),
    ],
)
def test_who_waits_how_long(method: str, path: str, well: float | None, away: float | None) -> None:
    assert patience_of(method, path, has_primary=True) == well
    assert patience_of(method, path, has_primary=False) == away


@pytest.mark.parametrize("has_primary", [True, False])
def test_an_open_screen_outlives_every_patience(has_primary: bool) -> None:
    assert patience_of("GET", "/staff/live", has_primary=has_primary) is None


@pytest.fixture
async def app(settings: Settings, tmp_path: Path, clock: Clock) -> AsyncIterator[RunningApp]:
    """The application over a database of its own, which has just been stopped."""
    mongod = await asyncio.to_thread(start_embedded, tmp_path / "db")
    database = connect(mongod.uri, "patience")
    try:
        await bind_documents(database.handle, build_indexes=False)
        async with serving(settings, database, now=clock) as running:
            await asyncio.to_thread(mongod.stop)
            yield running
    finally:
        await asyncio.to_thread(mongod.stop)
        await database.close()
        forget_refused_connections()


async def test_a_read_is_told_soon(app: RunningApp) -> None:
    """503 at the end of the reader's patience, not of the driver's thirty seconds."""
    for path, most in (
        ("/book", READ_SECONDS),  # the driver may not have heard yet
        ("/health/ready", PRIMARY_SECONDS),
        ("/api/v1/services", READ_SECONDS_WITHOUT_PRIMARY),
        ("/book", READ_SECONDS_WITHOUT_PRIMARY),
    ):
        began = time.monotonic()
        answer = await app.http.get(path)
        assert answer.status_code == 503
        assert time.monotonic() - began < most + SLACK
        assert path == "/health/ready" or answer.headers["Retry-After"] == "5"
    assert (await app.http.get("/health/live")).status_code == 200


async def test_a_sound_schema_is_not_asked_for_at_every_probe(
    settings: Settings, database: Database, clock: Clock
) -> None:
    """A probe costs a few questions, not one for each collection; a process that starts looks for itself."""
    async with serving(settings, database, now=clock) as first, serving(settings, database, now=clock) as second:
        assert (await first.http.get("/health/ready")).status_code == 200
        await database.handle["appointments"].drop_index("no_double_booking")
        try:
            assert (await first.http.get("/health/ready")).status_code == 200
            assert (await second.http.get("/health/ready")).status_code == 503
        finally:
            await bind_documents(database.handle, build_indexes=True)
        assert (await second.http.get("/health/ready")).status_code == 200
