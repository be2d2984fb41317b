"""The two programs of docs/how-to/connect-another-provider.md do what the page says, against a running server."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.server import INCOMING_SECRET, RunningServer, start_server

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "connect-another-provider.md"
COMMANDS = {"bash": ["bash"], "python": [sys.executable]}
IDS = {"bash": "message-1", "python": "message-2"}


def program(language: str) -> str:
    """The only block of this language on the page."""
    [block] = re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    return str(block)


@pytest.fixture(scope="module")
def server(mongodb_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with start_server(mongodb_uri, tmp_path_factory.mktemp("server")) as running:
        yield running


def run(language: str, server: RunningServer, folder: Path, **changes: str) -> str:
    """Run the program as a reader would, and return what it printed."""
    file = folder / f"send.{language}"
    file.write_text(program(language), encoding="utf-8")
    settings = {"PUBLIC_BASE_URL": server.base_url, "INCOMING_MESSAGE_SECRET": INCOMING_SECRET} | changes
    done = subprocess.run(
        [*COMMANDS[language], str(file)],
        env=os.environ | settings,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout.strip()


def stored(server: RunningServer, external_id: str) -> list[dict[str, Any]]:
    with server.database() as database:
        return list(database["inbound_events"].find({"event_id": external_id}))


@pytest.mark.parametrize("language", list(COMMANDS))
class TestPrograms:
    def test_a_forged_one_is_refused_and_leaves_nothing(
        self, server: RunningServer, tmp_path: Path, language: str
    ) -> None:
        with server.database() as database:
            before = database["inbound_events"].count_documents({})
            assert run(language, server, tmp_path, INCOMING_MESSAGE_SECRET="guessed") == "401"
            assert database["inbound_events"].count_documents({}) == before

    def test_a_message_is_stored_once_however_often_it_runs(
        self, server: RunningServer, tmp_path: Path, language: str
    ) -> None:
        assert [run(language, server, tmp_path) for _ in range(2)] == ["200", "200"]
        [event] = stored(server, IDS[language])
        assert (event["payload"]["text"], event["payload"]["sender"]) == ("Yes please", "+15185550123")
        assert (event["state"], event["source"]) == ("RECEIVED", "incoming-message")
