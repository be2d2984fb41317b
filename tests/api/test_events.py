"""`/admin/events` over a real server: the wire format, who may listen and for how long, resumption, the end."""

import json
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest
from bson import ObjectId

from app.services.live_events import CHECK_SECONDS, MOST_STREAMS
from tests.api.conftest import House
from tests.api.shapes import refused
from tests.server import RunningServer, start_server

STREAM = {"Accept": "text/event-stream"}
SECONDS = 60
STOPS_WITHIN_SECONDS = 15
PASSWORD = "a-long-enough-passphrase"
Block = dict[str, str]


class Listener:
    """One open stream, read block by block."""

    def __init__(self, answer: httpx2.Response) -> None:
        self.answer = answer
        self._lines = answer.iter_lines()

    def block(self) -> Block | None:
        """The next block with its fields (a comment under ``comment``), or None when the server ended the stream."""
        fields: Block = {}
        for line in self._lines:
            if not line and fields:
                return fields
            name, _, value = line.partition(": ")
            if line:
                fields[name or "comment"] = value
        return None

    def event(self) -> Block:
        """The next event, pings left out."""
        while block := self.block():
            if "event" in block:
                return block
        raise AssertionError("the stream ended")

    def ends(self) -> bool:
        """True once the server has ended the stream; pytest's own limit says when that is too late."""
        while self.block():
            pass
        return True


@contextmanager
def listening(http: httpx2.Client, **headers: str) -> Iterator[Listener]:
    with http.stream("GET", "/admin/events", headers=STREAM | headers, timeout=SECONDS) as answer:
        assert answer.status_code == 200, answer.read()
        yield Listener(answer)


def add_lead(http: httpx2.Client, number: int) -> str:
    """A recovery campaign whose patient can write back."""
    body = {
        "patient_name": "Canary Bird",
        "patient_email": f"canary{number}@example.com",
        "initial_inquiry": "How much is whitening?",
        "estimated_value": 400,
    }
    answer = http.post("/admin/campaigns/recovery", json=body)
    answer.raise_for_status()
    return str(answer.json()["campaign_id"])


def patient_writes(http: httpx2.Client, number: int) -> None:
    message = {"from": f"canary{number}@example.com", "body": "canary: what does it cost?"}
    http.post("/sandbox/messages", json=message).raise_for_status()
    http.post("/admin/jobs/inbox/run").raise_for_status()


def replied(stream: Listener) -> str:
    """The campaign of the next reply; a question that nobody can answer is a handoff besides."""
    while (told := stream.event())["event"] != "reply":
        pass
    return str(json.loads(told["data"])["campaign_id"])


def new_colleague(server: RunningServer, http: httpx2.Client) -> tuple[str, httpx2.Client]:
    """A front desk user and a client that is signed in as them."""
    email = f"{secrets.token_hex(4)}@example.com"
    body = {"name": "Frida Front", "email": email, "password": PASSWORD, "role": "front_desk"}
    user = http.post("/admin/users", json=body)
    user.raise_for_status()
    colleague = httpx2.Client(base_url=f"{server.base_url}/api/v1", timeout=SECONDS)
    server.clients.append(colleague)
    answer = colleague.post("/auth/login", json={"email": email, "password": PASSWORD})
    answer.raise_for_status()
    colleague.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
    return str(user.json()["user_id"]), colleague


@pytest.fixture(scope="module")
def standing(mongodb_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """One server for the tests that leave it as they found it: starting one takes longer than most of them."""
    with start_server(mongodb_uri, tmp_path_factory.mktemp("events")) as running:
        yield running


@pytest.fixture
def http(standing: RunningServer) -> httpx2.Client:
    return standing.sign_in()


class TestStream:
    def test_it_begins_with_where_it_stands(self, http: httpx2.Client) -> None:
        with listening(http) as stream:
            assert stream.answer.headers["Content-Type"].startswith("text/event-stream")
            assert stream.answer.headers["Cache-Control"] in ("no-cache", "no-store")
            ready = stream.event()
            assert (ready["event"], ready["data"], ready["retry"]) == ("ready", "{}", "3000")
            assert ready["id"]

    def test_a_reply_is_told_with_ids_and_nothing_more(self, http: httpx2.Client) -> None:
        campaign_id = add_lead(http, 1)
        with listening(http) as stream:
            stream.event()
            patient_writes(http, 1)
            told = stream.event()
            assert told["event"] == "reply"
            assert set(json.loads(told["data"])) == {"interaction_id", "campaign_id", "patient_id"}
            assert json.loads(told["data"])["campaign_id"] == campaign_id
            assert "canary" not in str(told).lower()

    def test_last_event_id_goes_on_where_it_ended(self, http: httpx2.Client) -> None:
        ids = [add_lead(http, number) for number in (2, 3)]
        with listening(http) as stream:
            stream.event()
            patient_writes(http, 2)
            seen = stream.event()["id"]
        patient_writes(http, 3)
        with listening(http, **{"Last-Event-ID": seen}) as stream:
            assert stream.event()["event"] == "ready"
            assert replied(stream) == ids[1]

    @pytest.mark.parametrize("token", ["nonsense", "82" + "0" * 60, "%7B%7D", "x" * 1_500])
    def test_a_foreign_last_event_id_means_reading_anew(self, http: httpx2.Client, token: str) -> None:
        with listening(http, **{"Last-Event-ID": token}) as stream:
            assert [stream.event()["event"] for _ in range(2)] == ["ready", "resync"]

    def test_an_idle_stream_pings_with_its_place(self, http: httpx2.Client) -> None:
        with listening(http) as stream:
            stream.event()
            ping = stream.block()
            assert ping is not None
            assert ping["comment"] == "ping"


class TestWhoMayListen:
    async def test_without_a_token(self, house: House) -> None:
        refused(await house.http.get("/api/v1/admin/events", headers=STREAM), 401, "NOT_AUTHENTICATED")

    async def test_who_asks_for_no_stream_gets_none(self, house: House) -> None:
        refused(await house.get("events"), 406, "NOT_ACCEPTABLE")

    async def test_a_last_event_id_of_any_length_is_refused(self, house: House) -> None:
        headers = house.staff | STREAM | {"Last-Event-ID": "8" * 2_001}
        refused(await house.http.get("/api/v1/admin/events", headers=headers), 422, "VALIDATION_ERROR")

    def test_a_user_has_so_many_streams_and_gets_a_place_back(self, http: httpx2.Client) -> None:
        streams = [listening(http) for _ in range(MOST_STREAMS)]
        for one in streams:
            one.__enter__()
        answer = http.get("/admin/events", headers=STREAM)
        refused(answer, 429, "RATE_LIMITED")
        assert answer.headers["Retry-After"]
        for one in streams:
            one.__exit__(None, None, None)
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            with http.stream("GET", "/admin/events", headers=STREAM, timeout=SECONDS) as answer:
                if answer.status_code == 200:
                    return
        raise AssertionError("no place came back")

    def test_it_ends_when_the_token_expires(self, standing: RunningServer, http: httpx2.Client) -> None:
        with listening(http) as stream:
            stream.event()
            standing.forward(minutes=31)
            assert stream.ends()

    @pytest.mark.parametrize("change", [{"is_active": False}, {"token_version": 7}])
    def test_it_ends_at_once_when_the_user_is_shut_out(
        self, standing: RunningServer, http: httpx2.Client, change: dict[str, Any]
    ) -> None:
        user_id, colleague = new_colleague(standing, http)
        with standing.database() as database, listening(http) as others, listening(colleague) as stream:
            others.event()
            stream.event()
            began = time.monotonic()
            database["users"].update_one({"_id": ObjectId(user_id)}, {"$set": change})
            assert stream.ends()
            assert time.monotonic() - began < CHECK_SECONDS, "it waited for the next look"
            assert others.block() is not None


def test_a_crash_is_resumed_and_a_stop_does_not_wait_for_listeners(server: RunningServer) -> None:
    http = server.sign_in()
    ids = [add_lead(http, number) for number in (1, 2)]
    with listening(http) as stream:
        seen = stream.event()["id"]
    server.kill()
    server.restart()
    http = server.sign_in()
    patient_writes(http, 2)
    with listening(http, **{"Last-Event-ID": seen}) as stream, listening(http) as another:
        assert stream.event()["event"] == "ready"
        assert replied(stream) == ids[1]
        another.event()
        began = time.monotonic()
        server.process.terminate()
        server.process.wait(timeout=30)
        assert time.monotonic() - began < STOPS_WITHIN_SECONDS
