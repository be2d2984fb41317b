"""`chairside migrate`, `check-invariants` and `recovery ...` as an operator meets them: words and exit codes."""

import asyncio
import json
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from pymongo import MongoClient
from typer.testing import CliRunner, Result

from app.cli import app
from app.database.connection import connect
from app.models.registry import bind_documents

Chairside = Callable[..., Result]


@pytest.fixture
def name(mongodb_uri: str) -> Iterator[str]:
    """A migrated database of the test's own."""
    chosen = f"cli_{uuid.uuid4().hex[:8]}"

    async def prepare() -> None:
        database = connect(mongodb_uri, chosen)
        await bind_documents(database.handle, build_indexes=True)
        await database.close()

    asyncio.run(prepare())
    yield chosen
    with MongoClient[dict[str, Any]](mongodb_uri) as client:
        client.drop_database(chosen)


@pytest.fixture
def stored(mongodb_uri: str, name: str) -> Iterator[Any]:
    with MongoClient[dict[str, Any]](mongodb_uri, tz_aware=True) as client:
        yield client[name]


@pytest.fixture
def chairside(mongodb_uri: str, name: str, monkeypatch: pytest.MonkeyPatch) -> Chairside:
    settings = {
        "CHAIRSIDE_ENV": "test",
        "MONGODB_URI": mongodb_uri,
        "MONGODB_DATABASE": name,
        "LOG_LEVEL": "ERROR",
        "COLUMNS": "300",
    }
    for key, value in settings.items():
        monkeypatch.setenv(key, value)
    return lambda *words: CliRunner().invoke(app, list(words))


class TestMigrate:
    def test_a_dry_run_says_what_would_be_done_and_writes_nothing(self, chairside: Chairside, stored: Any) -> None:
        stored["migrations"].delete_many({})
        stored["audit_log"].insert_one({"action": "patient.read"})
        stored["campaigns"].drop_index("by_thread")
        told = chairside("migrate", "--dry-run")
        assert told.exit_code == 0
        assert "0002 audit_rows_tell_reads: 1 documents to change" in told.output
        assert "index campaigns.by_thread: to be built" in told.output
        assert stored["audit_log"].find_one({})["action"] == "patient.read"
        assert "is_read" not in stored["audit_log"].find_one({})
        done = chairside("migrate")
        assert done.exit_code == 0
        assert "audit_rows_tell_reads: 1 documents changed" in done.output
        assert "Every index is in place." in done.output
        assert "Nothing is to be done." in chairside("migrate", "--dry-run").output


class TestCheckInvariants:
    def test_all_hold(self, chairside: Chairside) -> None:
        told = chairside("check-invariants")
        assert told.exit_code == 0
        assert "I1 overlapping_appointments: holds" in told.output
        assert "I8 cursor_ahead_of_messages: holds" in told.output

    def test_one_is_broken(self, chairside: Chairside, stored: Any) -> None:
        stored["listing_cursors"].insert_one({"_id": "twilio:sms", "read_until": datetime(2999, 1, 1, tzinfo=UTC)})
        told = chairside("check-invariants")
        assert told.exit_code == 1
        assert "I8 cursor_ahead_of_messages: 1 broken" in told.output
        assert "chairside recovery reread" in told.output
        assert "twilio:sms" in told.output
        as_json = json.loads(chairside("check-invariants", "--json").output)
        assert as_json["cursor_ahead_of_messages"] == ["twilio:sms"]
        assert chairside("recovery", "reread").exit_code == 0
        assert chairside("check-invariants").exit_code == 0, "what the advice says mends it"


class TestRecovery:
    def test_from_the_beginning_to_the_end(self, chairside: Chairside, stored: Any) -> None:
        assert json.loads(chairside("recovery", "status", "--json").output)["paused"] == "no"
        assert "Sending is not paused." in chairside("recovery", "resume").output
        begun = chairside("recovery", "begin", "--since", datetime.now(UTC).strftime("%Y-%m-%dT%H:%M"))
        assert begun.exit_code == 0
        assert "Sending is paused." in begun.output
        refused = chairside("recovery", "resume")
        assert refused.exit_code == 1
        assert "What the channels sent has not been read yet." in refused.output
        told = json.loads(chairside("recovery", "status", "--json").output)
        assert told["paused"] == "operator"
        assert len(told["to be done"]) == 2
        assert chairside("recovery", "reconcile").exit_code == 0
        assert "chairside recovery resume" in chairside("recovery", "status").output
        assert chairside("recovery", "resume").exit_code == 0
        assert stored["audit_log"].count_documents({"action": {"$in": ["sending.paused", "sending.resumed"]}}) == 2

    def test_a_moment_that_is_none(self, chairside: Chairside) -> None:
        assert chairside("recovery", "begin", "--since", "yesterday").exit_code == 2

    def test_so_long_ago_that_nothing_would_be_known(self, chairside: Chairside, stored: Any) -> None:
        """A listing of years would be read for days: three months are the most."""
        chairside("recovery", "begin", "--since", "2020-01-01T00:00")
        since = stored["sending_state"].find_one({})["lost_since"]
        assert (datetime.now(UTC) - since).days == 90

    def test_anyway(self, chairside: Chairside) -> None:
        chairside("recovery", "begin")
        assert chairside("recovery", "resume", "--anyway").exit_code == 0
