"""kill -9 while reminders are written and answered, then a restart: each leaves once, each word counts (trust.md 5)."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import uuid4

import pytest
from bson import ObjectId

from tests.e2e.clinic_by_http import ClinicByHttp
from tests.faults.test_kills import INBOX, LEASE_SECONDS, kill_at
from tests.server import start_server

_numbers = count()
REMINDERS = lambda clinic: clinic.staff.post("/admin/jobs/reminders/run")  # noqa: E731 - a row of the table below


def zone_at_noon() -> str:
    """A zone in which it is about noon now: reminders go out by day only, whenever the tests run."""
    ahead = 12 - datetime.now(UTC).hour
    return "Etc/UTC" if ahead == 0 else f"Etc/GMT{-ahead:+d}"  # POSIX counts westward


@pytest.fixture(scope="module")
def clinic(mongodb_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClinicByHttp]:
    """One server for all: every test ends with a fresh process over the same database."""
    folder = tmp_path_factory.mktemp("server")
    with start_server(mongodb_uri, folder, CHAIRSIDE_LEASE_SECONDS=str(LEASE_SECONDS)) as server:
        by_http = ClinicByHttp(server)
        by_http.set_up()
        by_http.ok(by_http.staff.patch("/admin/clinic", json={"time_zone": zone_at_noon()}))
        yield by_http


def visit_in_two_days(clinic: ClinicByHttp) -> tuple[str, str]:
    """A visit whose reminder of two days was due this morning, booked long ago; its id and the patient's e-mail."""
    email = f"pat-{uuid4().hex[:8]}@example.com"
    ahead = timedelta(hours=44, minutes=10 + 36 * next(_numbers))
    start = (datetime.now(UTC) + ahead).replace(second=0, microsecond=0)
    body: dict[str, Any] = {
        "name": "Ana Ames",
        "email": email,
        "service_name": "Check-up",
        "appointment_date": start.isoformat(),
        "duration_minutes": 30,
    }
    visit = clinic.ok(clinic.staff.post("/admin/appointments", json=body))["appointment_id"]
    long_ago = datetime.now(UTC) - timedelta(days=20)
    with clinic.server.database() as database:
        written = {"$set": {"created_at": long_ago, "updated_at": long_ago}}
        database["appointments"].update_one({"_id": ObjectId(visit)}, written)
    clinic.drain()
    return visit, email


def reminders_in(clinic: ClinicByHttp, email: str) -> list[dict[str, Any]]:
    return [message for message in clinic.inbox(email) if "reminder of your visit" in message["body"]]


def status_of(clinic: ClinicByHttp, visit: str) -> str:
    with clinic.server.database() as database:
        stored = database["appointments"].find_one({"_id": ObjectId(visit)})
    assert stored is not None
    return str(stored["confirmation_status"])


@pytest.mark.parametrize("point", ["reminders.found", "reminders.queued"])
def test_killed_while_writing_reminders(clinic: ClinicByHttp, point: str) -> None:
    made = [visit_in_two_days(clinic) for _ in range(2)]

    kill_at(clinic, point, REMINDERS)
    clinic.run("reminders")
    clinic.drain()

    for _, email in made:
        assert len(reminders_in(clinic, email)) == 1


@pytest.mark.parametrize("point", ["inbox.claimed", "visit_inbox.settled"])
def test_killed_while_hearing_the_answer(clinic: ClinicByHttp, point: str) -> None:
    visit, email = visit_in_two_days(clinic)
    clinic.run("reminders")
    clinic.drain()
    newest = reminders_in(clinic, email)[0]["id"]
    clinic.ok(clinic.staff.post("/sandbox/messages", json={"from": email, "body": "C", "in_reply_to": newest}))

    kill_at(clinic, point, INBOX)
    clinic.drain()

    assert status_of(clinic, visit) == "confirmed"
    assert len([message for message in clinic.inbox(email) if "look forward" in message["body"]]) == 1
