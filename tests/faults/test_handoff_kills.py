"""kill -9 while a patient is handed over, told of twice, and given back: one message each, nobody forgotten (5)."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from bson import ObjectId

from tests.e2e.clinic_by_http import ClinicByHttp
from tests.faults.test_kills import INBOX, LEASE_SECONDS, OUTBOX, kill_at
from tests.server import start_server

pytestmark = pytest.mark.timeout(600)  # each kill costs a lease and a start

DESK = "desk@example.com"
WORD = "A member of our team will read your message"
LATE = "Not answered yet: "
HANDOFFS = lambda clinic: clinic.staff.post("/admin/jobs/handoffs/run")  # noqa: E731 - a row of the tables below


@pytest.fixture(scope="module")
def clinic(mongodb_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClinicByHttp]:
    """One server for all: every test ends with a fresh process over the same database."""
    folder = tmp_path_factory.mktemp("server")
    settings = {"CHAIRSIDE_LEASE_SECONDS": str(LEASE_SECONDS), "HANDOFF_EMAILS": DESK}
    with start_server(mongodb_uri, folder, **settings) as server:
        by_http = ClinicByHttp(server)
        by_http.set_up()
        yield by_http


def written_to(clinic: ClinicByHttp) -> tuple[str, str]:
    campaign_id, email = clinic.open_recovery()
    clinic.drain()
    return campaign_id, email


def say(clinic: ClinicByHttp, email: str, text: str) -> None:
    newest = clinic.inbox(email)[-1]["id"]
    clinic.ok(clinic.staff.post("/sandbox/messages", json={"from": email, "body": text, "in_reply_to": newest}))


def handed_over(clinic: ClinicByHttp) -> tuple[str, str]:
    campaign_id, email = written_to(clinic)
    clinic.answer(email, "I want to speak to a human, this is about my invoice")
    assert clinic.details(campaign_id)["status"] == "HANDOFF_REQUIRED"
    return campaign_id, email


def is_due(clinic: ClinicByHttp, campaign_id: str) -> None:
    """The time is up: a minute ago, by the server's own clock."""
    with clinic.server.database() as database:
        past = [{"$set": {"handoff_details.due_at": {"$subtract": ["$$NOW", 60_000]}}}]
        database["campaigns"].update_one({"_id": ObjectId(campaign_id)}, past)


def words(clinic: ClinicByHttp, email: str) -> int:
    return len([message for message in clinic.inbox(email) if WORD in message["body"]])


def mails(clinic: ClinicByHttp, campaign_id: str, beginning: str) -> list[dict[str, Any]]:
    """What staff were sent about one campaign."""
    with clinic.server.database() as database:
        told = {"kind": "staff_notice", "key": {"$regex": f"^handoff-(mail|late):{campaign_id}:"}}
        return [row for row in database["outbound_messages"].find(told) if row["subject"].startswith(beginning)]


def entries(clinic: ClinicByHttp, campaign_id: str, action: str) -> int:
    with clinic.server.database() as database:
        return database["audit_log"].count_documents({"action": action, "document_id": campaign_id})


def assert_sound(clinic: ClinicByHttp) -> None:
    """No message reached the provider twice, and none is stuck."""
    with clinic.server.database() as database:
        sent = database["sandbox_messages"].find({"is_sent": True, "outbox_id": {"$ne": None}})
        assert set(Counter(row["outbox_id"] for row in sent).values()) == {1}
        assert database["outbound_messages"].count_documents({"state": {"$nin": ["SENT", "CANCELLED"]}}) == 0
        assert database["inbound_events"].count_documents({"state": "RECEIVED"}) == 0


@pytest.mark.parametrize(
    ("point", "trigger"),
    [
        ("inbox.claimed", INBOX),
        ("inbox.interaction_stored", INBOX),
        ("agent.acknowledged", INBOX),
        ("inbox.answered", INBOX),
        ("outbox.claimed", OUTBOX),
        ("outbox.drafted", OUTBOX),
        ("outbox.draft_stored", OUTBOX),
        ("outbox.sending", OUTBOX),
        ("outbox.sent", OUTBOX),
        ("outbox.stamped", OUTBOX),
    ],
)
def test_killed_while_handing_over(clinic: ClinicByHttp, point: str, trigger: Any) -> None:
    campaign_id, email = written_to(clinic)
    say(clinic, email, "I want to speak to a human, this is about my invoice")
    if trigger is OUTBOX:
        clinic.run("inbox")

    kill_at(clinic, point, trigger)
    clinic.drain()

    details = clinic.details(campaign_id)
    assert (details["status"], words(clinic, email)) == ("HANDOFF_REQUIRED", 1)
    assert details["handoff_details"]["due_at"]
    assert [row["state"] for row in mails(clinic, campaign_id, "A patient waits")] == ["SENT"]
    assert_sound(clinic)


@pytest.mark.parametrize("point", ["handoffs.found", "handoffs.escalated"])
def test_killed_while_telling_staff_again(clinic: ClinicByHttp, point: str) -> None:
    made = [handed_over(clinic)[0] for _ in range(2)]
    for campaign_id in made:
        is_due(clinic, campaign_id)

    kill_at(clinic, point, HANDOFFS)
    clinic.run("handoffs")
    clinic.run("handoffs")
    clinic.drain()

    for campaign_id in made:
        assert clinic.details(campaign_id)["handoff_details"]["escalated_at"]
        assert [row["state"] for row in mails(clinic, campaign_id, LATE)] == ["SENT"]
        assert entries(clinic, campaign_id, "handoff.escalated") == 1
    assert_sound(clinic)


@pytest.mark.parametrize(
    ("point", "trigger"),
    [
        ("given_back.held", INBOX),
        ("given_back.read", INBOX),
        ("outbox.draft_stored", OUTBOX),
        ("outbox.sending", OUTBOX),
        ("outbox.sent", OUTBOX),
    ],
)
def test_killed_while_reading_on(clinic: ClinicByHttp, point: str, trigger: Any) -> None:
    """The patient wrote while a person had it; given back, the agent answers once, whenever the server dies."""
    campaign_id, email = handed_over(clinic)
    clinic.answer(email, "Yes, I would like to book")
    assert len(clinic.inbox(email)) == 2
    clinic.ok(clinic.staff.post(f"/admin/campaigns/{campaign_id}/release"))
    if trigger is OUTBOX:
        clinic.run("inbox")

    kill_at(clinic, point, trigger)
    clinic.drain()

    assert clinic.details(campaign_id)["status"] == "RE_ENGAGED"
    assert len(clinic.inbox(email)) == 3
    assert_sound(clinic)


@pytest.mark.parametrize("verb", ["claim", "release", "close"])
def test_killed_behind_a_click(clinic: ClinicByHttp, verb: str) -> None:
    """The click took effect and its answer is lost; the same click again does nothing twice."""
    campaign_id, _ = handed_over(clinic)
    address = f"/admin/campaigns/{campaign_id}/{verb}"
    body: dict[str, str] | None = {} if verb == "close" else None

    def click(each: ClinicByHttp) -> httpx2.Response:
        return each.staff.post(address, json=body, headers={"Idempotency-Key": f"{verb}-{campaign_id}"})

    kill_at(clinic, "idempotency.applied", click)

    again = clinic.staff.post(address, json=body)
    assert again.status_code == (200 if verb == "claim" else 409), again.text
    done = {"claim": "handoff.claimed", "release": "handoff.released", "close": "handoff.closed"}
    assert entries(clinic, campaign_id, done[verb]) == 1
    clinic.drain()
    assert_sound(clinic)
