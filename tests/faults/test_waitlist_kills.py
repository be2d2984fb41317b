"""kill -9 between a freed time and the visit that fills it: nobody is asked twice, nobody is lost, one yes wins."""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from tests.e2e.clinic_by_http import ClinicByHttp
from tests.faults.test_kills import LEASE_SECONDS, kill_at
from tests.server import start_server

OFFERED, TAKEN = "an earlier time is free", "has been taken"
BATCH = 3


def zone_where_it_is_day() -> str:
    """A fixed zone in which it is about noon now: the server runs by the wall clock, and nobody is asked at night.

    `Etc/GMT+5` lies five hours behind Greenwich (POSIX signs).
    """
    ahead = 12 - datetime.now(UTC).hour
    return f"Etc/GMT{-ahead:+d}" if ahead else "Etc/UTC"


@pytest.fixture(scope="module")
def clinic(mongodb_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClinicByHttp]:
    """One server for all: every test ends with a fresh process over the same database."""
    folder = tmp_path_factory.mktemp("server")
    with start_server(mongodb_uri, folder, CHAIRSIDE_LEASE_SECONDS=str(LEASE_SECONDS)) as server:
        by_http = ClinicByHttp(server)
        by_http.set_up()
        by_http.ok(by_http.staff.patch("/admin/clinic", json={"time_zone": zone_where_it_is_day()}))
        with server.database() as database:
            database["freed_slots"].delete_many({})  # the provider's first hours are free time too
        yield by_http


@pytest.fixture
def waiting(clinic: ClinicByHttp) -> Iterator[list[str]]:
    """The e-mails of three people on the list, for whom a time has just become free; nobody else waits."""
    emails = []
    for _ in range(BATCH):
        patient_id, email = clinic.add_due_patient()
        clinic.ok(clinic.staff.post("/admin/waitlist", json={"patient_id": patient_id, "service_id": "checkup"}))
        emails.append(email)
    visit = {
        "name": "Carl Cancels",
        "email": "carl@example.com",
        "preferred_channel": "email",
        "service_name": "checkup",
        "appointment_date": clinic.free_time(),
        "duration_minutes": 30,
        "notes": "",
    }
    booked = clinic.ok(clinic.staff.post("/admin/appointments", json=visit))["appointment_id"]
    clinic.run("outbox")
    clinic.ok(clinic.staff.post(f"/admin/appointments/{booked}/cancel"))
    yield emails
    for wish in clinic.ok(clinic.staff.get("/admin/waitlist", params={"limit": 100}))["wishes"]:
        clinic.staff.delete(f"/admin/waitlist/{wish['wish_id']}")
    with clinic.server.database() as database:
        database["freed_slots"].delete_many({})


def received(clinic: ClinicByHttp, email: str, words: str) -> list[dict[str, Any]]:
    return [message for message in clinic.inbox(email) if words in message["body"]]


def work(clinic: ClinicByHttp) -> None:
    clinic.run("waitlist")
    clinic.run("outbox")


def say_yes(clinic: ClinicByHttp, email: str, timeout: float = 90) -> httpx2.Response:
    [message] = received(clinic, email, OFFERED)
    found = re.search(r"/offer/([A-Za-z0-9_-]+)", message["body"])
    assert found
    address = f"{clinic.server.base_url}/api/v1/offers/{found[1]}"
    return httpx2.post(address, json={"answer": "accept"}, timeout=timeout)


def assert_sound(clinic: ClinicByHttp) -> None:
    """Each message reached the provider once, and each batch has its offers."""
    with clinic.server.database() as database:
        sent = database["sandbox_messages"].find({"is_sent": True, "outbox_id": {"$ne": None}})
        assert set(Counter(row["outbox_id"] for row in sent).values()) <= {1}
        asked = database["waitlist_offers"].find()
        assert set(Counter((row["freed_slot_id"], row["wish_id"]) for row in asked).values()) == {1}


@pytest.mark.parametrize("point", ["waitlist.claimed", "waitlist.planned", "waitlist.offered"])
def test_killed_while_asking(clinic: ClinicByHttp, waiting: list[str], point: str) -> None:
    kill_at(clinic, point, lambda c: c.staff.post("/admin/jobs/waitlist/run"))
    work(clinic)
    work(clinic)
    assert [len(received(clinic, email, OFFERED)) for email in waiting] == [1] * BATCH
    assert_sound(clinic)


@pytest.mark.parametrize("point", ["outbox.claimed", "outbox.drafted", "outbox.sending", "outbox.sent"])
def test_killed_between_offer_and_send(clinic: ClinicByHttp, waiting: list[str], point: str) -> None:
    clinic.run("waitlist")
    kill_at(clinic, point, lambda c: c.staff.post("/admin/jobs/outbox/run"))
    clinic.run("outbox")
    assert [len(received(clinic, email, OFFERED)) for email in waiting] == [1] * BATCH
    assert_sound(clinic)


def test_killed_inside_a_yes(clinic: ClinicByHttp, waiting: list[str]) -> None:
    """The visit, the wish and the word to the others are one transaction: after the crash the time is still offered."""
    work(clinic)
    kill_at(clinic, "waitlist.accepted", lambda c: say_yes(c, waiting[0], timeout=0.5))
    answer = say_yes(clinic, waiting[0])  # waits until MongoDB has ended the dead client's transaction: 23 s at most
    assert (answer.status_code, answer.json()["state"]) == (200, "ACCEPTED")
    clinic.run("outbox")
    assert [len(received(clinic, email, TAKEN)) for email in waiting] == [0, 1, 1]
    assert say_yes(clinic, waiting[1]).status_code == 409
    assert_sound(clinic)


def test_killed_between_a_yes_and_the_word_to_the_others(clinic: ClinicByHttp, waiting: list[str]) -> None:
    work(clinic)
    assert say_yes(clinic, waiting[0]).status_code == 200
    kill_at(clinic, "outbox.drafted", lambda c: c.staff.post("/admin/jobs/outbox/run"))
    clinic.run("outbox")
    assert [len(received(clinic, email, TAKEN)) for email in waiting] == [0, 1, 1]
    assert_sound(clinic)
