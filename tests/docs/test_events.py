"""docs/reference/events.md says what the code tells and takes: every kind, every change, every webhook, each figure."""

import re
from pathlib import Path

from app.api.v1.schemas.events import STREAM
from app.main import create_app
from app.models.enums import AppointmentStatus, ConfirmationStatus
from app.services import live_events
from app.services.live_event_kinds import HANDOFF, KINDS, PAGES_ONLY, REPLY, USER_CHANGED
from tests.conftest import make_settings

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "events.md").read_text(encoding="utf-8")
FIRST, SECOND, WEBHOOKS = re.findall(r"^\|---.*\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
CODE = re.compile(r"`([^`]+)`")


def rows(table: str) -> dict[str, list[str]]:
    """The first cell of each row, and the words in code of the last one."""
    cells = [line.strip("|").split("|") for line in table.splitlines()]
    return {CODE.findall(row[0])[0]: CODE.findall(row[-1]) for row in cells}


class TestLiveEvents:
    def test_every_kind_and_no_other(self) -> None:
        told = {kind for kind, _ in KINDS.values()} - PAGES_ONLY - {USER_CHANGED}
        assert set(rows(FIRST)) == told | {"ready", live_events.RESYNC.kind}

    def test_each_kind_has_the_id_of_its_own_document(self) -> None:
        for kind, own in KINDS.values():
            if kind in rows(FIRST):
                assert own in rows(FIRST)[kind], kind

    def test_what_only_pages_hear_is_named_as_such(self) -> None:
        sentence = PAGE[PAGE.index("The dashboard's own pages") : PAGE.index("- After a break")]
        assert set(CODE.findall(sentence)) == PAGES_ONLY

    def test_every_change(self) -> None:
        changes = rows(SECOND)
        statuses = {status.value for status in AppointmentStatus} | {status.value for status in ConfirmationStatus}
        assert set(changes["booking"]) - {"rescheduled"} <= statuses
        assert {status.value for status in AppointmentStatus} <= set(changes["booking"])
        described = STREAM[200]["description"]
        for kind, named in changes.items():
            assert set(named) <= set(re.findall(r"[a-z_]+", described)), kind
        assert set(changes) == set(rows(FIRST)) - {REPLY, HANDOFF, "ready", "resync"}

    def test_the_figures(self) -> None:
        assert f"Every {live_events.CHECK_SECONDS} seconds" in PAGE
        assert f"hold {live_events.MOST_STREAMS} streams" in PAGE
        assert f"after {live_events.MOST_WAITING} events" in PAGE


class TestWebhooks:
    def test_every_address_and_no_other(self) -> None:
        paths = create_app(make_settings()).openapi()["paths"]
        served = {f"POST {path}" for path in paths if "/webhooks/" in path}
        assert set(rows(WEBHOOKS)) == served
