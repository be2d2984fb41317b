"""Forged webhooks, row by row of trust.md 4.3: refused, and nothing is written anywhere."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any

import httpx2
import jwt
import pytest

from app.database.connection import Database
from app.settings import Settings
from tests.api import pushing
from tests.api.apps import RunningApp, serving
from tests.api.conftest import House
from tests.api.pushing import claims, push
from tests.api.shapes import refused
from tests.api.signing import Signed, signature, signed
from tests.conftest import Clock
from tests.peers.google_keys import GoogleKeys, SigningKey, serve_google_keys
from tests.security.conftest import Census
from tests.server import INCOMING_SECRET, free_port

INCOMING = "/api/v1/webhooks/incoming-message"
MESSAGE = {"channel": "sms", "thread_id": "thread-1", "message_content": "Hello", "external_id": "SM1"}
TOO_LARGE = b'{"channel": "sms", "thread_id": "t", "message_content": "' + b"x" * 65_536 + b'"}'


@pytest.fixture(scope="module")
def keys() -> Iterator[GoogleKeys]:
    with serve_google_keys() as running:
        yield running


@pytest.fixture
async def mailbox(settings: Settings, database: Database, clock: Clock, keys: GoogleKeys) -> AsyncIterator[RunningApp]:
    """The application with a Pub/Sub subscription to the clinic's mailbox."""
    async with serving(pushing.push_settings(settings, keys), database, now=clock) as app:
        yield app


async def send(app: RunningApp, token: str | None, body: Any = None) -> httpx2.Response:
    headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
    return await app.http.post(pushing.URL, json=push() if body is None else body, headers=headers)


class TestGmailToken:
    """401: we cannot say who sent this."""

    async def test_none(self, mailbox: RunningApp, census: Census) -> None:
        before = await census()
        for headers in ({}, {"Authorization": ""}, {"Authorization": "Bearer "}, {"Authorization": "Basic eDp5"}):
            refused(await mailbox.http.post(pushing.URL, json=push(), headers=headers), 401, "NOT_AUTHENTICATED")
        assert await census() == before

    async def test_a_signature_that_is_not_googles(self, mailbox: RunningApp, keys: GoogleKeys, census: Census) -> None:
        before, good = await census(), claims(mailbox.ctx)
        mallory, genuine = SigningKey(), keys.key.sign(good)
        secret = mailbox.ctx.settings.jwt_secret.get_secret_value()
        tokens = {
            "another key under Google's name": mallory.sign(good, kid=keys.key.name),
            "another key under its own name": mallory.sign(good),
            "another of Google's keys under this name": keys.next_key.sign(good, kid=keys.key.name),
            "a changed signature": genuine[:-8] + "AAAAAAAA",
            "no signature": genuine.rsplit(".", 1)[0] + ".",
            "the algorithm none": jwt.encode(good, "", algorithm="none", headers={"kid": keys.key.name}),
            "our own secret": jwt.encode(good, secret, algorithm="HS256", headers={"kid": keys.key.name}),
            "a staff member's token": jwt.encode(good, secret, algorithm="HS256"),
            "no key's name": jwt.encode(good, keys.key.private, algorithm="RS256"),
            "another algorithm": jwt.encode(good, keys.key.private, algorithm="PS256", headers={"kid": keys.key.name}),
            "garbage": "a.b.c",
        }
        for token in tokens.values():
            refused(await send(mailbox, token), 401, "NOT_AUTHENTICATED")
        assert await census() == before

    @pytest.mark.parametrize("name", ["exp", "iat", "aud", "iss"])
    async def test_a_claim_that_is_missing(
        self, mailbox: RunningApp, keys: GoogleKeys, census: Census, name: str
    ) -> None:
        before = await census()
        refused(await send(mailbox, keys.key.sign(claims(mailbox.ctx, **{name: None}))), 401, "NOT_AUTHENTICATED")
        assert await census() == before

    @pytest.mark.parametrize(
        "issuer", ["https://evil.example", "https://accounts.google.com.evil.example", "google", ""]
    )
    async def test_another_issuer(self, mailbox: RunningApp, keys: GoogleKeys, census: Census, issuer: str) -> None:
        before = await census()
        refused(await send(mailbox, keys.key.sign(claims(mailbox.ctx, iss=issuer))), 401, "NOT_AUTHENTICATED")
        assert await census() == before

    async def test_expired(self, mailbox: RunningApp, keys: GoogleKeys, census: Census) -> None:
        before, long_ago = await census(), 1_700_000_000
        token = keys.key.sign(claims(mailbox.ctx, iat=long_ago, exp=long_ago + 3_600))
        refused(await send(mailbox, token), 401, "NOT_AUTHENTICATED")
        assert await census() == before

    async def test_expired_by_the_clock_that_everything_else_goes_by(
        self, mailbox: RunningApp, keys: GoogleKeys, clock: Clock
    ) -> None:
        token = keys.key.sign(claims(mailbox.ctx))
        clock.forward(days=30)
        refused(await send(mailbox, token), 401, "NOT_AUTHENTICATED")

    async def test_keys_that_cannot_be_read_ask_google_to_come_back(
        self, settings: Settings, database: Database, clock: Clock, keys: GoogleKeys, census: Census
    ) -> None:
        nowhere = pushing.push_settings(settings, keys).model_copy(
            update={"pubsub_jwks_url": f"http://127.0.0.1:{free_port()}/certs"}
        )
        before = await census()
        async with serving(nowhere, database, now=clock) as app:
            refused(await send(app, keys.key.sign(claims(app.ctx))), 503, "UNAVAILABLE")
        assert await census() == before


class TestGmailSender:
    """403: Google vouches for this token, but it is not for us."""

    @pytest.mark.parametrize(
        "changes",
        [
            {"aud": "https://other.example.com/api/v1/webhooks/gmail"},
            {"aud": [pushing.AUDIENCE, "https://other.example.com"]},
            {"email": "push@another-project.iam.gserviceaccount.com"},
            {"email": None},
            {"email_verified": False},
            {"email_verified": "true"},
            {"email_verified": None},
        ],
    )
    async def test_another_audience_or_account(
        self, mailbox: RunningApp, keys: GoogleKeys, census: Census, changes: dict[str, Any]
    ) -> None:
        before = await census()
        refused(await send(mailbox, keys.key.sign(claims(mailbox.ctx, **changes))), 403, "PERMISSION_DENIED")
        assert await census() == before

    @pytest.mark.parametrize(
        "body",
        [
            push(subscription="projects/another/subscriptions/gmail"),
            push(subscription=None),
            push(subscription=[pushing.SUBSCRIPTION]),
            push(subscription="projects/another/subscriptions/gmail", data="%%%"),
            {"subscription": "projects/another/subscriptions/gmail"},
        ],
    )
    async def test_another_subscription(
        self, mailbox: RunningApp, keys: GoogleKeys, census: Census, body: dict[str, Any]
    ) -> None:
        before = await census()
        refused(await send(mailbox, keys.key.sign(claims(mailbox.ctx)), body), 403, "PERMISSION_DENIED")
        assert await census() == before

    async def test_a_clinic_without_a_subscription_takes_no_push(
        self, settings: Settings, database: Database, clock: Clock, keys: GoogleKeys, census: Census
    ) -> None:
        unconfigured = settings.model_copy(update={"pubsub_jwks_url": keys.url})
        before = await census()
        async with serving(unconfigured, database, now=clock) as app:
            for changes in ({}, {"aud": "", "email": ""}):
                refused(await send(app, keys.key.sign(claims(app.ctx, **changes))), 403, "PERMISSION_DENIED")
        assert await census() == before


class TestIncomingSignature:
    async def _deliver(self, house: House, message: Signed, **headers: str) -> httpx2.Response:
        return await house.http.post(INCOMING, content=message.body, headers=message.headers | headers)

    async def test_forged_ones_write_nothing(self, house: House, census: Census) -> None:
        good = signed(house.ctx, MESSAGE)
        stamp = good.headers["X-Chairside-Signature"].split(",")[0]
        value = good.headers["X-Chairside-Signature"].split("v1=")[1]
        headers = {
            "no header": {},
            "empty": {"X-Chairside-Signature": ""},
            "no time": {"X-Chairside-Signature": f"v1={value}"},
            "no value": {"X-Chairside-Signature": stamp},
            "an empty value": {"X-Chairside-Signature": f"{stamp},v1="},
            "another time": {"X-Chairside-Signature": f"t={int(stamp[2:]) + 1},v1={value}"},
            "a time that is no number": {"X-Chairside-Signature": f"t=now,v1={value}"},
            "a very large time": {"X-Chairside-Signature": f"t={'9' * 400},v1={value}"},
            "another version": {"X-Chairside-Signature": f"{stamp},v0={value}"},
            "a shortened value": {"X-Chairside-Signature": f"{stamp},v1={value[:-1]}"},
            "upper case": {"X-Chairside-Signature": f"{stamp},v1={value.upper()}"},
            "another secret": signature(good.body, at=house.ctx.now(), secret="guessed"),
            "an empty secret": signature(good.body, at=house.ctx.now(), secret=""),
            "over another body": signature(good.body + b" ", at=house.ctx.now()),
            "five minutes and a second old": signature(good.body, at=house.ctx.now() - timedelta(seconds=301)),
            "five minutes and a second ahead": signature(good.body, at=house.ctx.now() + timedelta(seconds=301)),
        }
        before = await census()
        for given in headers.values():
            answer = await house.http.post(INCOMING, content=good.body, headers=given)
            refused(answer, 401, "NOT_AUTHENTICATED")
        assert await census() == before

    async def test_a_header_that_is_not_ascii(self, house: House, census: Census) -> None:
        good, before = signed(house.ctx, MESSAGE), await census()
        for raw in (b"t=\xb2\xb2,v1=\xff", "t=\u0661,v1=\u0661".encode()):
            answer = await house.http.post(INCOMING, content=good.body, headers={b"X-Chairside-Signature": raw})
            refused(answer, 401, "NOT_AUTHENTICATED")
        assert await census() == before

    @pytest.mark.parametrize("age", [timedelta(), timedelta(minutes=5), timedelta(minutes=-5)])
    async def test_five_minutes_of_tolerance(self, house: House, age: timedelta) -> None:
        assert (await self._deliver(house, signed(house.ctx, MESSAGE, age=age))).status_code == 200

    @pytest.mark.parametrize(("secret", "status"), [("the-new-secret", 200), (INCOMING_SECRET, 200), ("the-next", 401)])
    async def test_two_secrets_are_good_during_a_rotation(
        self, settings: Settings, database: Database, clock: Clock, secret: str, status: int
    ) -> None:
        both = settings.model_copy(
            update={"incoming_message_secret": type(settings.jwt_secret)(f"the-new-secret, {INCOMING_SECRET}")}
        )
        async with serving(both, database, now=clock) as app:
            message = signed(app.ctx, MESSAGE, secret=secret)
            answer = await app.http.post(INCOMING, content=message.body, headers=message.headers)
        assert answer.status_code == status

    async def test_without_a_secret_nothing_is_taken(
        self, settings: Settings, database: Database, clock: Clock, census: Census
    ) -> None:
        none = settings.model_copy(update={"incoming_message_secret": type(settings.jwt_secret)(" , ")})
        before = await census()
        async with serving(none, database, now=clock) as app:
            message = signed(app.ctx, MESSAGE, secret="")
            refused(await app.http.post(INCOMING, content=message.body, headers=message.headers), 401)
        assert await census() == before


class TestBothDoors:
    async def test_only_post(self, house: House, census: Census) -> None:
        before = await census()
        for url in (INCOMING, pushing.URL):
            for method in ("GET", "PUT", "DELETE", "PATCH"):
                refused(await house.http.request(method, url), 405, "METHOD_NOT_ALLOWED")
        assert await census() == before

    async def test_a_body_over_64_kibibytes(self, house: House, census: Census) -> None:
        good, before = signed(house.ctx, TOO_LARGE), await census()
        refused(await house.http.post(INCOMING, content=good.body, headers=good.headers), 413, "BODY_TOO_LARGE")
        assert await census() == before

    async def test_a_body_over_64_kibibytes_in_pieces(
        self, house: House, mailbox: RunningApp, keys: GoogleKeys, census: Census
    ) -> None:
        async def pieces() -> AsyncIterator[bytes]:
            yield TOO_LARGE[:40_000]
            yield TOO_LARGE[40_000:]

        good, before = signed(house.ctx, TOO_LARGE), await census()
        refused(await house.http.post(INCOMING, content=pieces(), headers=good.headers), 413, "BODY_TOO_LARGE")
        headers = pushing.authorization(keys, mailbox.ctx)
        refused(await mailbox.http.post(pushing.URL, content=pieces(), headers=headers), 413, "BODY_TOO_LARGE")
        assert await census() == before
