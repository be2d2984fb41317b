"""`/metrics` while the database is away: a number of its own, and never a failure (trust.md fault 29)."""

import gc
import time
from collections.abc import AsyncIterator, Iterator

import pytest

from app.database.connection import Database, connect
from app.jobs.watched import PATIENCE_SECONDS
from app.settings import Settings
from tests.api.apps import serving
from tests.api.test_metrics import scrape, value_of
from tests.conftest import Clock
from tests.server import free_port

SLACK_SECONDS = 6.0
"""For a machine that does other things as well."""

# The driver leaves a connection that it is about to open to the collector when it is told to stop.
pytestmark = pytest.mark.filterwarnings(
    "ignore:unclosed <socket:ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    """What the driver left behind is collected before another test may stumble over it."""
    yield
    gc.collect()


@pytest.fixture
async def nowhere() -> AsyncIterator[Database]:
    """A database that nobody serves."""
    database = connect(f"mongodb://127.0.0.1:{free_port()}/?replicaSet=none", "nowhere")
    yield database
    await database.close()


async def test_it_answers_soon_with_what_this_process_counted(
    settings: Settings, nowhere: Database, clock: Clock
) -> None:
    async with serving(settings, nowhere, now=clock) as app:
        await app.http.get("/api/v1/nothing")
        began = time.monotonic()
        text = await scrape(app.http)
        took = time.monotonic() - began
    assert value_of(text, "chairside_database_up") == 0
    assert "chairside_inbox_waiting" not in text
    assert value_of(text, 'http_requests_total{handler="none",method="GET",status="4xx"}')
    assert took < PATIENCE_SECONDS + SLACK_SECONDS


async def test_an_absent_database_is_not_asked_anew_at_once(
    settings: Settings, nowhere: Database, clock: Clock
) -> None:
    async with serving(settings, nowhere, now=clock) as app:
        await scrape(app.http)
        began = time.monotonic()
        assert value_of(await scrape(app.http), "chairside_database_up") == 0
        assert time.monotonic() - began < PATIENCE_SECONDS
