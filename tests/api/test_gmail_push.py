"""Pushes about a mailbox that is connected, from Google's peer with its own tokens (trust.md 4.3; api.md section 3)."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx2
import pytest

from app.database.connection import Database
from app.models.enums import InboxState
from app.models.inbox import InboundEvent
from app.settings import Settings
from tests.api import pushing
from tests.api.apps import RunningApp, serving
from tests.api.pushing import encoded, push
from tests.api.shapes import refused
from tests.applications import application
from tests.conftest import Clock
from tests.mailboxes import connected
from tests.peers.gmail import ADDRESS, GmailPeer, serve_gmail
from tests.peers.google_keys import GoogleKeys, SigningKey, serve_google_keys


@pytest.fixture
def peer() -> Iterator[GmailPeer]:
    with serve_gmail() as running:
        yield running


@pytest.fixture
def keys() -> Iterator[GoogleKeys]:
    with serve_google_keys() as running:
        yield running


@pytest.fixture
async def door(
    settings: Settings, database: Database, clock: Clock, peer: GmailPeer, keys: GoogleKeys, tmp_path: Path
) -> AsyncIterator[RunningApp]:
    """The application with the clinic's mailbox connected and a subscription to it."""
    ctx = connected(pushing.push_settings(settings, keys), database, clock, peer, tmp_path)
    with application(ctx) as app:
        transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx2.AsyncClient(transport=transport, base_url="http://testserver") as http:
            yield RunningApp(ctx, http)


async def receive(door: RunningApp, keys: GoogleKeys, body: Any) -> InboundEvent:
    answer = await door.http.post(pushing.URL, headers=pushing.authorization(keys, door.ctx), json=body)
    assert (answer.status_code, answer.content) == (200, b"")
    [event] = await InboundEvent.find_all().to_list()
    return event


class TestWhichMailbox:
    @pytest.mark.parametrize("address", [ADDRESS, ADDRESS.upper()])
    async def test_ours_waits_for_the_sync(self, door: RunningApp, keys: GoogleKeys, address: str) -> None:
        event = await receive(door, keys, push(data=encoded({"emailAddress": address, "historyId": 1})))
        assert (event.state, event.conversation_key) == (InboxState.RECEIVED, f"gmail:{ADDRESS}")

    async def test_another_is_parked_and_wakes_nothing(
        self, door: RunningApp, keys: GoogleKeys, peer: GmailPeer
    ) -> None:
        body = push(data=encoded({"emailAddress": "other@example.com", "historyId": 1}))
        event = await receive(door, keys, body)
        assert (event.state, event.outcome) == (InboxState.PARKED, "unknown_mailbox")
        assert peer.admin("requests") == {}

    async def test_the_answer_does_not_wait_for_gmail(
        self, door: RunningApp, keys: GoogleKeys, peer: GmailPeer
    ) -> None:
        await receive(door, keys, push(data=encoded({"emailAddress": ADDRESS, "historyId": 1})))
        assert peer.admin("requests") == {}


class TestKeys:
    @pytest.mark.parametrize("answer", [b"<html>sorry</html>", b"[]", b'{"keys": []}', b"{}", None])
    async def test_an_endpoint_that_gives_none_asks_google_to_come_back(
        self, settings: Settings, database: Database, clock: Clock, keys: GoogleKeys, answer: bytes | None
    ) -> None:
        with answering(answer) as url:
            broken = pushing.push_settings(settings, keys).model_copy(update={"pubsub_jwks_url": url})
            async with serving(broken, database, now=clock) as app:
                token = keys.key.sign(pushing.claims(app.ctx))
                for _ in range(3):
                    sent = await app.http.post(pushing.URL, json=push(), headers={"Authorization": f"Bearer {token}"})
                    refused(sent, 503, "UNAVAILABLE")
            assert Answering.asked <= 1
        assert await InboundEvent.count() == 0

    async def test_made_up_key_names_make_us_fetch_nothing(
        self, settings: Settings, database: Database, clock: Clock, keys: GoogleKeys
    ) -> None:
        async with serving(pushing.push_settings(settings, keys), database, now=clock) as app:
            good = pushing.authorization(keys, app.ctx)
            assert (await app.http.post(pushing.URL, json=push(), headers=good)).status_code == 200
            fetched = keys.fetched
            for _ in range(20):
                forged = {"Authorization": f"Bearer {SigningKey().sign(pushing.claims(app.ctx))}"}
                refused(await app.http.post(pushing.URL, json=push("2"), headers=forged), 401, "NOT_AUTHENTICATED")
            assert keys.fetched == fetched

    async def test_times_that_are_no_numbers(self, door: RunningApp, keys: GoogleKeys) -> None:
        for changes in ({"iat": "now"}, {"exp": "later"}, {"exp": [1]}):
            headers = pushing.authorization(keys, door.ctx, **changes)
            refused(await door.http.post(pushing.URL, json=push(), headers=headers), 401, "NOT_AUTHENTICATED")
        assert await InboundEvent.count() == 0

    async def test_without_a_service_account_nobody_may_push(
        self, settings: Settings, database: Database, clock: Clock, keys: GoogleKeys
    ) -> None:
        unfinished = pushing.push_settings(settings, keys).model_copy(update={"pubsub_service_account": ""})
        async with serving(unfinished, database, now=clock) as app:
            headers = pushing.authorization(keys, app.ctx, email="")
            refused(await app.http.post(pushing.URL, json=push(), headers=headers), 403, "PERMISSION_DENIED")


class Answering(BaseHTTPRequestHandler):
    """A server in the place of Google's keys that answers nonsense, or hangs up."""

    content: bytes | None = None
    asked = 0

    def do_GET(self) -> None:
        type(self).asked += 1
        if Answering.content is None:
            self.connection.close()
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(Answering.content)))
        self.end_headers()
        self.wfile.write(Answering.content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        """Silent."""


@contextmanager
def answering(content: bytes | None) -> Iterator[str]:
    """Serve one answer on a free port; gives the URL."""
    Answering.content, Answering.asked = content, 0
    server = HTTPServer(("127.0.0.1", 0), Answering)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/certs"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
