"""Somebody who waits for a person, made through the clinic's own front door, and a colleague at the desk."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from bson import ObjectId
from playwright.async_api import Page

from tests.e2e.clinic_by_http import ClinicByHttp
from tests.server import RunningServer, start_server

PASSWORD = "a-passphrase-of-their-own"
QUESTION = "Do you take Delta Dental insurance?"
PROMISED_MS = 2_000
"""Within this a claim shows on a colleague's screen."""
STREAM = "**/staff/live"
"""The address of the stream of events, as Playwright intercepts it."""


def handed_over(desk: ClinicByHttp, question: str = QUESTION) -> tuple[str, str]:
    """A lead who asked what no article answers: (campaign_id, e-mail)."""
    campaign_id, email = desk.open_recovery()
    desk.run("due-scan")
    desk.drain()
    desk.answer(email, question)
    assert desk.details(campaign_id)["status"] == "HANDOFF_REQUIRED"
    return campaign_id, email


def colleague(desk: ClinicByHttp, name: str) -> dict[str, str]:
    """Somebody of the front desk; what `at_the_desk` needs to sign them in."""
    email = f"{uuid.uuid4().hex[:8]}@example.com"
    body = {"name": name, "email": email, "password": PASSWORD, "role": "front_desk"}
    desk.ok(desk.staff.post("/admin/users", json=body))
    return {"email": email, "password": PASSWORD}


def answers_to(desk: ClinicByHttp, email: str, text: str) -> int:
    """How often the patient got this answer."""
    desk.drain()
    return sum(message["body"].startswith(text) for message in desk.inbox(email))


@contextmanager
def replica_of(desk: ClinicByHttp, mongodb_uri: str) -> Iterator[RunningServer]:
    """A second process over the same database and the same clock."""
    server = desk.server
    database = server.environment["MONGODB_DATABASE"]
    with start_server(mongodb_uri, server.data_dir, MONGODB_DATABASE=database) as another:
        yield another


async def without_a_stream(page: Page) -> Page:
    """From the next page on, the server refuses the stream as it does when too many are open."""
    await page.route(STREAM, lambda route: route.fulfill(status=429))
    return page


def lengthen(desk: ClinicByHttp, campaign_id: str, messages: int) -> None:
    """Older messages before the first one of a conversation: `Long ago 0.` is the oldest."""
    with desk.server.database() as database:
        rows = database["interactions"]
        first = rows.find_one({"campaign_id": ObjectId(campaign_id)}, sort=[("timestamp", 1)])
        assert first is not None
        first.pop("external_id", None)
        for number in range(messages):
            at = first["timestamp"] - timedelta(minutes=messages - number)
            copy = {"_id": ObjectId(), "arrival": ObjectId(), "timestamp": at, "content": f"Long ago {number}."}
            rows.insert_one(first | copy)


def escalate(desk: ClinicByHttp, campaign_id: str) -> None:
    """Nobody answered in time, as the job `handoffs` marks it."""
    with desk.server.database() as database:
        rows = database["campaigns"]
        created = {"$set": {"handoff_details.due_at": "$handoff_details.created_at"}}
        rows.update_one({"_id": ObjectId(campaign_id)}, [created])
    desk.server.forward(minutes=1)
    desk.run("handoffs")
