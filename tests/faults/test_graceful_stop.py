"""SIGTERM to a real process: open pages, work that hangs, a provider that says nothing; gone in time with code 0."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from app.bootstrap import REACHED
from app.stopping import GONE_WITHIN_SECONDS, SIGNALS, WORK_SECONDS
from app.web.staff.session import COOKIE
from tests.cluster import stop
from tests.e2e.clinic_by_http import ClinicByHttp
from tests.mailboxes import gmail_environment
from tests.peers.gmail import GmailPeer, spawn_gmail
from tests.server import ADMIN_EMAIL, ADMIN_PASSWORD, PAUSE_FILE, RunningServer, free_port, start_server

pytestmark = pytest.mark.timeout(600)  # processes that start and waits that are the point, on a busy machine
WORKING = {"LOG_LEVEL": "INFO", "SCHEDULER": "on"}
HAPPENS_WITHIN_SECONDS = 90
SLOW_SECONDS = 2 * GONE_WITHIN_SECONDS


@pytest.fixture
def gmail() -> Iterator[GmailPeer]:
    with spawn_gmail(free_port()) as peer:
        yield peer


def until(happened: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + HAPPENS_WITHIN_SECONDS
    while not happened():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def complaints(capfd: pytest.CaptureFixture[str]) -> list[str]:
    """What an operator would take for a failure in what the server printed: a stream that had to be cut off is one."""
    lines = capfd.readouterr().err.splitlines()
    assert any("Finished server process" in line for line in lines)
    return [line for line in lines if any(word in line for word in ("Traceback", "[error", "Error"))]


@contextmanager
def streams(server: RunningServer) -> Iterator[list[str]]:
    """A script and two pages that listen; how each stream ended is in the list, once it did."""
    staff, page = server.sign_in(), httpx2.Client(base_url=server.base_url, timeout=HAPPENS_WITHIN_SECONDS)
    server.clients.append(page)
    page.post("/staff/sign-in", data={"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD})
    assert COOKIE in page.cookies
    ends: list[str] = []
    opened = threading.Semaphore(0)

    def listen(client: httpx2.Client, path: str) -> None:
        try:
            with client.stream("GET", path, headers={"Accept": "text/event-stream"}) as answer:
                for line in answer.iter_lines():
                    if line == "event: ready":
                        opened.release()
            ends.append("ended")
        except httpx2.HTTPError as error:
            ends.append(type(error).__name__)

    listeners = [(staff, "/admin/events"), (page, "/staff/live"), (page, "/staff/live")]
    threads = [threading.Thread(target=listen, args=listener) for listener in listeners]
    for thread in threads:
        thread.start()
    for _ in threads:
        assert opened.acquire(timeout=HAPPENS_WITHIN_SECONDS)
    yield ends
    for thread in threads:
        thread.join(HAPPENS_WITHIN_SECONDS)


@pytest.mark.parametrize("told_by", SIGNALS)
def test_open_streams_end_with_the_process(
    mongodb_uri: str, tmp_path: Path, capfd: pytest.CaptureFixture[str], told_by: signal.Signals
) -> None:
    with start_server(mongodb_uri, tmp_path, **WORKING) as server, streams(server) as ends:
        ended = stop(server, told_by=told_by)
    assert ends == ["ended"] * 3
    assert (ended.code, complaints(capfd)) == (0, [])
    assert ended.seconds < GONE_WITHIN_SECONDS


def test_work_that_hangs_is_given_back(mongodb_uri: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """The agent waits for ever; whoever comes next goes on at once, though the lease would be two minutes."""
    pause = tmp_path / PAUSE_FILE
    with start_server(mongodb_uri, tmp_path, **WORKING) as server:
        clinic = ClinicByHttp(server)
        clinic.set_up()
        campaign_id, email = clinic.open_recovery()
        clinic.drain()
        until(lambda: len(clinic.inbox(email)) == 1, "the first message did not leave")
        pause.write_text("inbox.interaction_stored")
        reply = {"from": email, "body": "Yes, I would like to book", "in_reply_to": clinic.inbox(email)[-1]["id"]}
        clinic.ok(clinic.staff.post("/sandbox/messages", json=reply))
        until(lambda: pause.read_text() == REACHED, "the message was never worked")

        ended = stop(server)

        assert (ended.code, complaints(capfd)) == (0, [])
        assert WORK_SECONDS <= ended.seconds < GONE_WITHIN_SECONDS
        pause.unlink()
        server.restart()
        clinic.sign_in_again()
        until(lambda: len(clinic.inbox(email)) == 2, "nobody took the message over")
        assert clinic.details(campaign_id)["status"] == "RE_ENGAGED"
        assert [item["direction"] for item in clinic.history(campaign_id)] == ["outgoing", "incoming", "outgoing"]


def test_a_provider_that_says_nothing_cannot_keep_the_process(
    mongodb_uri: str, tmp_path: Path, gmail: GmailPeer
) -> None:
    """A thread waits for Gmail's answer and cannot be cut off. The message is sent once, by whoever comes next."""
    lease = {"CHAIRSIDE_LEASE_SECONDS": "15"}
    with start_server(mongodb_uri, tmp_path, **WORKING, **gmail_environment(gmail, tmp_path), **lease) as server:
        clinic = ClinicByHttp(server)
        clinic.set_up()
        gmail.fail({"kind": "latency", "operation": "drafts.send", "seconds": SLOW_SECONDS, "times": 1})
        clinic.open_recovery()
        clinic.run("due-scan")
        until(lambda: gmail.admin("requests").get("drafts.send"), "nothing was sent")

        ended = stop(server)

        assert ended.code == 0
        assert ended.seconds < GONE_WITHIN_SECONDS + 1
        server.restart()
        with server.database() as database:
            sent = database["outbound_messages"]
            until(lambda: sent.count_documents({"state": "SENT"}) == 1, "nobody took it over")
        assert len(gmail.effects("drafts.send")) == 1
