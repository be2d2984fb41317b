"""kill -9 between the durable steps of the loop, then a restart: nothing lost, nothing sent twice (trust.md 5)."""

import contextlib
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest
from bson import ObjectId

from app.bootstrap import REACHED
from tests.e2e.clinic_by_http import ClinicByHttp
from tests.server import PAUSE_FILE, start_server

LEASE_SECONDS = 1
REACHED_WITHIN_SECONDS = 20

DAILY = lambda clinic: clinic.staff.post("/admin/jobs/daily-outreach/run")  # noqa: E731 - rows of the table below
OUTBOX = lambda clinic: clinic.staff.post("/admin/jobs/outbox/run")  # noqa: E731 - as above
INBOX = lambda clinic: clinic.staff.post("/admin/jobs/inbox/run")  # noqa: E731 - as above


@pytest.fixture(scope="module")
def clinic(mongodb_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClinicByHttp]:
    """One server for all: every test ends with a fresh process over the same database."""
    folder = tmp_path_factory.mktemp("server")
    with start_server(mongodb_uri, folder, CHAIRSIDE_LEASE_SECONDS=str(LEASE_SECONDS)) as server:
        by_http = ClinicByHttp(server)
        by_http.set_up()
        yield by_http


def kill_at(clinic: ClinicByHttp, point: str, trigger: Callable[[ClinicByHttp], Any]) -> None:
    """Run into the pause point, kill -9 there, and start again."""
    server = clinic.server
    pause = server.data_dir / PAUSE_FILE
    pause.write_text(point)
    clinic.staff.timeout = httpx2.Timeout(0.5)
    with contextlib.suppress(httpx2.TransportError):  # nobody answers: the server stands still
        trigger(clinic)
    deadline = time.monotonic() + REACHED_WITHIN_SECONDS
    while pause.read_text() != REACHED:
        assert time.monotonic() < deadline, f"{point} was never reached"
        time.sleep(0.02)
    server.kill()
    pause.unlink()
    server.restart()
    clinic.sign_in_again()
    time.sleep(LEASE_SECONDS + 0.1)  # a dead worker's lease runs out in real time


def assert_sound(clinic: ClinicByHttp) -> None:
    """No message reached the provider twice, and every attempt was counted once."""
    with clinic.server.database() as database:
        sent = database["sandbox_messages"].find({"is_sent": True, "outbox_id": {"$ne": None}})
        assert set(Counter(row["outbox_id"] for row in sent).values()) == {1}
        for campaign in database["campaigns"].find():
            attempts = {"campaign_id": campaign["_id"], "kind": "attempt", "state": "SENT"}
            made = campaign["follow_up_details"]["attempts_made"]
            assert made == database["outbound_messages"].count_documents(attempts)
        assert database["outbound_messages"].count_documents({"state": {"$ne": "SENT"}}) == 0


@pytest.mark.parametrize(
    ("point", "trigger"),
    [
        ("launch.page_read", DAILY),
        ("launch.campaigns_inserted", DAILY),
        ("launch.patients_marked", DAILY),
        ("outreach.claimed", DAILY),
        ("outreach.queued", DAILY),
        ("outbox.claimed", OUTBOX),
        ("outbox.drafted", OUTBOX),
        ("outbox.draft_stored", OUTBOX),
        ("outbox.sending", OUTBOX),
        ("outbox.sent", OUTBOX),
        ("outbox.stamped", OUTBOX),
    ],
)
def test_killed_while_writing_first(clinic: ClinicByHttp, point: str, trigger: Callable[[ClinicByHttp], Any]) -> None:
    """Three due patients; whatever moment the server dies at, each gets exactly one first message."""
    emails = [clinic.add_due_patient()[1] for _ in range(3)]
    if trigger is OUTBOX:
        clinic.run("daily-outreach")

    kill_at(clinic, point, trigger)
    clinic.run("daily-outreach")
    clinic.drain()

    assert [len(clinic.inbox(email)) for email in emails] == [1, 1, 1]
    assert_sound(clinic)


@pytest.mark.parametrize(
    ("point", "trigger"),
    [
        ("inbox.claimed", INBOX),
        ("inbox.interaction_stored", INBOX),
        ("agent.acknowledged", INBOX),
        ("inbox.answered", INBOX),
        ("outbox.drafted", OUTBOX),
        ("outbox.sent", OUTBOX),
    ],
)
def test_killed_while_answering(clinic: ClinicByHttp, point: str, trigger: Callable[[ClinicByHttp], Any]) -> None:
    """A patient wants to book; whatever moment the server dies at, the reply is kept and answered exactly once."""
    campaign_id, email = clinic.open_recovery()
    clinic.drain()
    newest = clinic.inbox(email)[-1]["id"]
    reply = {"from": email, "body": "Yes, I would like to book", "in_reply_to": newest}
    clinic.ok(clinic.staff.post("/sandbox/messages", json=reply))
    if trigger is OUTBOX:
        clinic.run("inbox")

    kill_at(clinic, point, trigger)
    clinic.drain()

    assert clinic.details(campaign_id)["status"] == "RE_ENGAGED"
    assert [item["direction"] for item in clinic.history(campaign_id)] == ["outgoing", "incoming", "outgoing"]
    assert len(clinic.inbox(email)) == 2
    assert_sound(clinic)


def test_killed_after_the_event_was_stored(clinic: ClinicByHttp) -> None:
    """The webhook's event is on disk before its 200: the sender hears nothing, repeats, and it counts once."""
    campaign_id, email = clinic.open_recovery()
    clinic.drain()
    newest = clinic.inbox(email)[-1]["id"]
    reply = {"from": email, "body": "Yes, I would like to book", "in_reply_to": newest}

    kill_at(clinic, "inbox.stored", lambda c: c.staff.post("/sandbox/messages", json=reply))
    clinic.drain()

    assert clinic.details(campaign_id)["status"] == "RE_ENGAGED"
    assert len(clinic.inbox(email)) == 2
    assert_sound(clinic)


def test_killed_inside_a_booking(clinic: ClinicByHttp) -> None:
    """The booking is one transaction: after the crash the slot is free again and can be booked."""
    campaign_id, email = clinic.open_recovery()
    clinic.drain()
    message, when = clinic.inbox(email)[-1], clinic.free_time()

    def book(c: ClinicByHttp) -> None:
        with httpx2.Client(base_url=c.server.base_url, timeout=0.5) as patient:
            token = message["body"].split("/book?t=")[1].split()[0]
            body = {"name": "Lea", "email": email, "service_name": "checkup", "appointment_date": when, "token": token}
            patient.post("/api/v1/appointments/book", json=body)

    kill_at(clinic, "booking.stored", book)
    assert clinic.details(campaign_id)["status"] == "ATTEMPTING_RECOVERY"

    clinic.book_by_link(message, when)  # waits until MongoDB has ended the dead client's transaction: 23 s at most
    assert clinic.details(campaign_id)["status"] == "BOOKING_INITIATED"
    clinic.drain()
    assert_sound(clinic)


def test_killed_between_the_change_and_its_answer(clinic: ClinicByHttp) -> None:
    """The retry of a desk booking under its Idempotency-Key is told that it was done, and does not do it again."""
    campaign_id, email = clinic.open_recovery()
    body = {
        "name": "Lena Lead",
        "email": email,
        "preferred_channel": "email",
        "service_name": "checkup",
        "appointment_date": clinic.free_time(),
        "duration_minutes": 30,
        "notes": "",
    }

    def book(c: ClinicByHttp) -> httpx2.Response:
        return c.staff.post("/admin/appointments", json=body, headers={"Idempotency-Key": "once"})

    kill_at(clinic, "idempotency.applied", book)

    again = book(clinic)
    assert (again.status_code, again.json()["error_code"]) == (409, "IDEMPOTENT_ANSWER_LOST")
    with clinic.server.database() as database:
        assert database["appointments"].count_documents({"campaign_id": ObjectId(campaign_id)}) == 1
    clinic.drain()
    assert_sound(clinic)
