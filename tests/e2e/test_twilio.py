"""A text to a patient and back, through a running server and a Twilio over sockets; kills lose and repeat nothing."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from app.bootstrap import REACHED
from tests.peers.twilio import TwilioPeer, serve_twilio
from tests.peers.twilio_clinic import OURS, PATIENT
from tests.server import CLOCK_FILE, PAUSE_FILE, RunningServer, start_server


@dataclass
class Town:
    """A clinic's server and the Twilio it uses, which go by one clock."""

    server: RunningServer
    peer: TwilioPeer

    def admin(self, path: str, body: Any = None, *, patience: float = 60) -> Any:
        http = self.server.sign_in()
        method = "GET" if body is None else "POST"
        answer = http.request(method, f"/admin/{path}", json=body, timeout=patience)
        answer.raise_for_status()
        return answer.json()

    def kill_at(self, step: str) -> None:
        """Let the outbox run into this step, kill -9 there, and start again."""
        pause = self.server.data_dir / PAUSE_FILE
        pause.write_text(step)
        with contextlib.suppress(httpx2.TransportError):  # nobody answers: the server stands still
            self.admin("jobs/drain", {"ignore_window": True}, patience=5)
        assert pause.read_text() == REACHED
        self.server.kill()
        pause.unlink()
        self.server.restart()

    def run(self, job: str) -> Any:
        return self.admin(f"jobs/{job}/run", {})

    def recovery(self) -> str:
        """A lead who prefers SMS, whose first message has left."""
        lead = {
            "patient_name": "Ann Ames",
            "patient_phone": PATIENT,
            "preferred_channel": ["sms"],
            "initial_inquiry": "How much is whitening?",
        }
        campaign = str(self.admin("campaigns/recovery", lead)["campaign_id"])
        self.admin("jobs/drain", {"ignore_window": True})
        return campaign

    def conversation(self, campaign: str) -> list[tuple[str, str | None]]:
        """Direction and delivery of each message, oldest first."""
        history = self.admin(f"campaigns/{campaign}")["conversation_history"]
        return [(row["direction"], row["delivery"]) for row in history]


@pytest.fixture
def town(mongodb_uri: str, tmp_path: Path) -> Iterator[Town]:
    def now() -> datetime:
        file = tmp_path / CLOCK_FILE
        return datetime.now(UTC) + timedelta(seconds=float(file.read_text() or 0) if file.exists() else 0)

    with serve_twilio(now=now) as peer:
        settings = {
            "CHANNEL_SMS": "twilio",
            "TWILIO_ACCOUNT_SID": peer.account.sid,
            "TWILIO_AUTH_TOKEN": peer.account.token,
            "TWILIO_SMS_FROM": OURS,
            "TWILIO_API_URL": peer.url,
        }
        with start_server(mongodb_uri, tmp_path, **settings) as server:
            peer.webhooks = server.base_url
            yield Town(server, peer)


def test_there_and_back(town: Town) -> None:
    campaign = town.recovery()
    [sent] = town.peer.account.effects
    assert (sent.to, "STOP" in sent.body) == (PATIENT, True)
    for status in ("sent", "delivered", "sent"):
        assert town.peer.report(sent, status) == 200
    assert town.conversation(campaign) == [("outgoing", "delivered")]
    assert town.peer.write(sender=PATIENT, to=OURS, body="Yes, please send me a link") == 200
    town.admin("jobs/drain", {"ignore_window": True})
    assert [direction for direction, _ in town.conversation(campaign)] == ["outgoing", "incoming", "outgoing"]
    assert f"{town.server.base_url}/" in town.peer.account.effects[-1].body
    assert town.peer.write(sender=PATIENT, to=OURS, body="STOP") == 200
    town.admin("jobs/drain", {"ignore_window": True})
    details = town.admin(f"campaigns/{campaign}")["campaign_details"]
    assert (details["status"], details["close_reason"]) == ("RECOVERY_DECLINED", "opted_out")


def test_what_is_written_while_the_server_is_down_is_found_afterwards(town: Town) -> None:
    campaign = town.recovery()
    town.server.kill()
    with pytest.raises(httpx2.TransportError):
        town.peer.write(sender=PATIENT, to=OURS, body="Is anybody there?")
    with pytest.raises(httpx2.TransportError):
        town.peer.report(town.peer.account.effects[0], "delivered")
    town.server.restart()
    counts = town.run("twilio-sync")
    assert (counts["stored"], counts["reported"]) == (1, 1)
    town.run("inbox")
    assert town.conversation(campaign)[:2] == [("outgoing", "delivered"), ("incoming", None)]


@pytest.mark.parametrize(("step", "left"), [("outbox.sending", 0), ("outbox.sent", 1)])
def test_a_killed_sender_never_sends_twice(town: Town, step: str, left: int) -> None:
    """kill -9 on both sides of the request: the one message that may have left is never sent again."""
    lead = {"patient_name": "Ann Ames", "patient_phone": PATIENT, "preferred_channel": ["sms"]}
    campaign = town.admin("campaigns/recovery", lead)["campaign_id"]
    town.kill_at(step)
    for _ in range(2):
        town.server.forward(minutes=15)
        town.admin("jobs/drain", {"ignore_window": True})
    assert len(town.peer.account.effects) == left
    assert town.conversation(campaign)[0] == ("outgoing", "sent" if left else "unknown")
