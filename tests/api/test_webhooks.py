"""Webhooks that are authentic: stored once, answered with an empty 200, parked when unreadable (api.md section 3).

What is refused is in tests/security/test_webhooks.py.
"""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx2
import pytest

from app.context import Context
from app.database.connection import Database
from app.models.enums import InboxState
from app.models.inbox import InboundEvent
from app.models.interactions import Interaction
from app.settings import Settings
from tests.api import pushing
from tests.api.apps import RunningApp, serving
from tests.api.conftest import House
from tests.api.pushing import encoded, push
from tests.api.signing import signed
from tests.conftest import Clock
from tests.factories import make_recovery
from tests.peers.google_keys import GoogleKeys, serve_google_keys

INCOMING = "/api/v1/webhooks/incoming-message"
SMS = {"channel": "sms", "thread_id": "thread-1", "message_content": "Hello", "from": "(202) 555-0177"}


async def deliver(http: httpx2.AsyncClient, ctx: Context, message: Any) -> None:
    """Deliver a signed message; the answer must be an empty 200."""
    made = signed(ctx, message)
    answer = await http.post(INCOMING, content=made.body, headers=made.headers)
    assert (answer.status_code, answer.content) == (200, b""), answer.text


async def events() -> list[InboundEvent]:
    return await InboundEvent.find_all().sort("_id").to_list()


class TestIncomingMessage:
    async def test_is_stored_before_it_is_answered(self, house: House) -> None:
        await deliver(house.http, house.ctx, SMS | {"external_id": "SM1"})
        [event] = await events()
        assert (event.source, event.event_id, event.state) == ("incoming-message", "SM1", InboxState.RECEIVED)
        assert (event.payload["sender"], event.payload["text"]) == ("+12025550177", "Hello")
        assert event.conversation_key == "thread-1"

    @pytest.mark.parametrize("channel", ["sms", "whatsapp", "email"])
    async def test_every_channel_is_taken(self, house: House, channel: str) -> None:
        await deliver(house.http, house.ctx, {"channel": channel, "thread_id": "t", "message_content": "Hello"})
        assert [event.payload["channel"] for event in await events()] == [channel]

    async def test_a_redelivery_by_its_id_does_nothing_more(self, house: House) -> None:
        for text in ("Hello", "Hello again"):
            await deliver(house.http, house.ctx, SMS | {"external_id": "SM1", "message_content": text})
        assert [event.payload["text"] for event in await events()] == ["Hello"]

    async def test_a_redelivery_without_an_id_is_known_by_its_bytes(self, house: House, clock: Clock) -> None:
        await deliver(house.http, house.ctx, SMS)
        clock.forward(seconds=30)
        await deliver(house.http, house.ctx, SMS)
        assert len(await events()) == 1

    async def test_a_redelivery_after_the_message_was_worked_is_not_worked_again(self, house: House) -> None:
        campaign = await make_recovery(house.ctx)
        message = {"channel": "email", "thread_id": "t", "from": campaign.channel.address, "external_id": "m1"}
        for _ in range(2):
            await deliver(house.http, house.ctx, message | {"message_content": "How much is it?"})
            await house.post("jobs/inbox/run")
        incoming = [item for item in await Interaction.of_campaign(campaign.id) if item.direction == "incoming"]
        assert [item.content for item in incoming] == ["How much is it?"]

    @pytest.mark.parametrize(
        "unreadable",
        [
            b"",
            b"not json",
            b"[]",
            b"\xff\xfe\x00",
            b"[" * 50_000,
            {"channel": "sms"},
            {"channel": "pigeon", "thread_id": "t", "message_content": "Hello"},
            {"channel": "sms", "thread_id": "t", "message_content": ""},
            {"channel": "sms", "thread_id": "t", "message_content": "x" * 4_001},
            {"channel": "sms", "thread_id": "t", "message_content": "bell \x07"},
            {"channel": "sms", "thread_id": "t", "message_content": "Hello", "surprise": 1},
            {"channel": "sms", "thread_id": "t", "message_content": "Hello", "from": "not a number"},
            {"channel": "sms", "thread_id": "t", "message_content": {"$ne": None}},
            b'{"channel":"sms","thread_id":"t","message_content":"\\ud800"}',
        ],
    )
    async def test_what_is_authentic_but_unreadable_is_parked_for_staff(self, house: House, unreadable: Any) -> None:
        for _ in range(2):
            await deliver(house.http, house.ctx, unreadable)
        [event] = await events()
        assert (event.state, event.outcome) == (InboxState.PARKED, "malformed_message")
        await house.post("jobs/drain")
        assert (await events())[0].state is InboxState.PARKED


@pytest.fixture(scope="module")
def keys() -> Iterator[GoogleKeys]:
    with serve_google_keys() as running:
        yield running


@pytest.fixture
async def mailbox(settings: Settings, database: Database, clock: Clock, keys: GoogleKeys) -> AsyncIterator[RunningApp]:
    """The application with a Pub/Sub subscription to the clinic's mailbox."""
    async with serving(pushing.push_settings(settings, keys), database, now=clock) as app:
        yield app


async def receive(app: RunningApp, keys: GoogleKeys, body: Any) -> None:
    """Push with a good token; the answer must be an empty 200."""
    headers = pushing.authorization(keys, app.ctx)
    content = {"content": body} if isinstance(body, bytes) else {"json": body}
    answer = await app.http.post(pushing.URL, headers=headers, **content)
    assert (answer.status_code, answer.content) == (200, b""), answer.text


class TestGmailPush:
    async def test_is_stored_before_it_is_answered(self, mailbox: RunningApp, keys: GoogleKeys) -> None:
        await receive(mailbox, keys, push("m-1"))
        [event] = await events()
        assert (event.source, event.event_id, event.state) == ("gmail", "m-1", InboxState.RECEIVED)
        assert event.payload == {"emailAddress": "clinic@example.com", "historyId": "9876543210"}

    async def test_the_same_message_id_again_does_nothing_more(self, mailbox: RunningApp, keys: GoogleKeys) -> None:
        for _ in range(2):
            await receive(mailbox, keys, push("m-1"))
        await receive(mailbox, keys, push("m-2"))
        assert [event.event_id for event in await events()] == ["m-1", "m-2"]

    async def test_data_without_padding_is_read(self, mailbox: RunningApp, keys: GoogleKeys) -> None:
        await receive(mailbox, keys, push(data=encoded({"emailAddress": "c@x.org", "historyId": 1}).rstrip("=")))
        assert [event.state for event in await events()] == [InboxState.RECEIVED]

    async def test_both_keys_around_a_rotation_are_good(self, mailbox: RunningApp, keys: GoogleKeys) -> None:
        await receive(mailbox, keys, push("m-1"))
        rotated = {"Authorization": f"Bearer {keys.next_key.sign(pushing.claims(mailbox.ctx))}"}
        answer = await mailbox.http.post(pushing.URL, headers=rotated, json=push("m-2"))
        assert (answer.status_code, len(await events())) == (200, 2)

    @pytest.mark.parametrize("issuer", ["https://accounts.google.com", "accounts.google.com"])
    async def test_both_names_of_google_are_good(self, mailbox: RunningApp, keys: GoogleKeys, issuer: str) -> None:
        headers = pushing.authorization(keys, mailbox.ctx, iss=issuer)
        assert (await mailbox.http.post(pushing.URL, headers=headers, json=push())).status_code == 200

    async def test_keys_are_kept_between_pushes(self, mailbox: RunningApp, keys: GoogleKeys) -> None:
        await receive(mailbox, keys, push("m-1"))
        fetched = keys.fetched
        await receive(mailbox, keys, push("m-2"))
        assert keys.fetched == fetched

    @pytest.mark.parametrize(
        "unreadable",
        [
            push(data="%%%"),
            push(data=encoded("no json")),
            push(data=encoded([])),
            push(data=encoded({"emailAddress": "clinic@example.com"})),
            push(data=17),
            push(data=encoded("[" * 30_000)),
            push(data=encoded('{"emailAddress": "\\ud800", "historyId": 1}')),
            {"subscription": pushing.SUBSCRIPTION},
            {"message": None, "subscription": pushing.SUBSCRIPTION},
        ],
    )
    async def test_what_is_authentic_but_unreadable_is_parked_for_staff(
        self, mailbox: RunningApp, keys: GoogleKeys, unreadable: Any
    ) -> None:
        for _ in range(2):
            await receive(mailbox, keys, unreadable)
        assert [(event.state, event.outcome) for event in await events()] == [(InboxState.PARKED, "malformed_push")]

    @pytest.mark.parametrize("body", [b"", b"no json", b"[]", b"\xff", b"[" * 60_000])
    async def test_a_body_that_is_no_push_is_parked_for_staff(
        self, mailbox: RunningApp, keys: GoogleKeys, body: bytes
    ) -> None:
        for _ in range(2):
            await receive(mailbox, keys, body)
        assert [(event.state, event.outcome) for event in await events()] == [(InboxState.PARKED, "malformed_push")]
