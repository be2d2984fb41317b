"""Forged Twilio webhooks, row by row of trust.md 4.3: 403, 405, 413 or 503, and nothing is written anywhere."""

import hashlib
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any

import pytest
from pydantic import SecretStr

from app.database.connection import Database, connect
from app.domain.twilio_signature import signature
from app.models.registry import bind_documents
from app.settings import Settings
from tests.api.apps import RunningApp, serving
from tests.api.shapes import refused
from tests.api.twilio_posting import FORM, MESSAGE, STATUS, TOKEN, TWIML, Posted, posted, sid, written
from tests.conftest import Clock
from tests.factories import make_clinic
from tests.peers.twilio import TwilioPeer, serve_twilio
from tests.peers.twilio_clinic import PUBLIC, twilio_settings
from tests.security.conftest import Census

DOORS = (MESSAGE, STATUS)
REPORT = {"MessageSid": sid(1), "MessageStatus": "delivered"}
FORMS = {MESSAGE: written(), STATUS: REPORT}


@pytest.fixture
def peer(clock: Clock) -> Iterator[TwilioPeer]:
    with serve_twilio(now=clock) as running:
        yield running


@pytest.fixture
async def app(settings: Settings, database: Database, clock: Clock, peer: TwilioPeer) -> AsyncIterator[RunningApp]:
    await make_clinic()
    async with serving(twilio_settings(settings, peer), database, now=clock) as running:
        yield running


async def turned_away(app: RunningApp, census: Census, requests: dict[str, Posted], status: int = 403) -> None:
    """Each is refused in our one shape and leaves nothing behind, not even a parked event."""
    before = await census()
    for name, request in requests.items():
        answer = await request.send(app)
        assert answer.status_code == status, f"{name}: {answer.status_code}"
        refused(answer, status)
    assert await census() == before


@pytest.mark.parametrize("door", DOORS)
class TestForged:
    async def test_the_good_one_is_good(self, app: RunningApp, door: str) -> None:
        """What follows differs from this in one thing each."""
        answer = await posted(FORMS[door], path=door).send(app)
        assert (answer.status_code, answer.text) == (200, TWIML)

    async def test_no_signature(self, app: RunningApp, census: Census, door: str) -> None:
        good = posted(FORMS[door], path=door)
        mark = good.headers["X-Twilio-Signature"]
        headers: dict[str, dict[str, str]] = {
            "none": {},
            "empty": {"X-Twilio-Signature": ""},
            "under another name": {"X-Signature": mark},
            "as a token": {"Authorization": f"Bearer {mark}"},
            "shortened": {"X-Twilio-Signature": mark[:-1]},
            "two in one": {"X-Twilio-Signature": f"{mark}, {mark}"},
            "very long": {"X-Twilio-Signature": mark * 400},
        }
        made = {name: replace(good, headers={"Content-Type": FORM} | each) for name, each in headers.items()}
        await turned_away(app, census, made)

    async def test_a_header_that_is_not_ascii(self, app: RunningApp, census: Census, door: str) -> None:
        before, good = await census(), posted(FORMS[door], path=door)
        for raw in (b"\xff\xfe", "ünlesbar".encode()):
            headers = {b"Content-Type": FORM.encode(), b"X-Twilio-Signature": raw}
            refused(await app.http.post(door, content=good.body, headers=headers), 403, "PERMISSION_DENIED")
        assert await census() == before

    async def test_a_signature_over_something_else(self, app: RunningApp, census: Census, door: str) -> None:
        form, other = FORMS[door], DOORS[door == MESSAGE]
        await turned_away(
            app,
            census,
            {
                "another token": posted(form, path=door, token="guessed"),
                "an empty token": posted(form, path=door, token=""),
                "another host": posted(form, path=door, base="https://evil.example.com"),
                "http in place of https": posted(form, path=door, base="http://crm.example.com"),
                "the address behind the proxy": posted(form, path=door, base="http://testserver"),
                "the other door": posted(form, path=door, url=PUBLIC + other),
                "a query that was not signed": posted(form, path=f"{door}?o={'0' * 24}", url=PUBLIC + door),
                "a query that was cut off": posted(form, path=door, url=f"{PUBLIC}{door}?o={'0' * 24}"),
                "another query": posted(form, path=f"{door}?o=1", url=f"{PUBLIC}{door}?o=2"),
                "a slash more": posted(form, path=door, url=f"{PUBLIC}{door}/"),
                "no parameter": posted(form, path=door, signed={}),
            },
        )

    async def test_a_changed_parameter(self, app: RunningApp, census: Census, door: str) -> None:
        form = FORMS[door]
        name, value = next(iter(form.items()))
        changed: dict[str, Any] = {
            "another value": form | {name: value[:-1] + "0"},
            "one more": form | {"Extra": "1"},
            "an empty one more": form | {"Extra": ""},
            "one less": dict(list(form.items())[:-1]),
            "none": {},
            "the same name again": [*form.items(), (name, "SM" + "f" * 32)],
            "the same name before": [(name, "SM" + "f" * 32), *form.items()],
            "another case of the name": {name.lower(): value} | dict(list(form.items())[1:]),
        }
        made = {what: posted(each, path=door, signed=form) for what, each in changed.items()}
        await turned_away(app, census, made)

    async def test_a_body_that_is_no_form(self, app: RunningApp, census: Census, door: str) -> None:
        good = posted({}, path=door)
        bodies = {"not ascii": b"\xff\xfe\x00", "too many fields": b"&".join([b"a=1"] * 5_000)}
        await turned_away(app, census, {what: replace(good, body=body) for what, body in bodies.items()})

    async def test_json_without_its_digest(self, app: RunningApp, census: Census, door: str) -> None:
        body = json.dumps(FORMS[door]).encode()
        digest, other = hashlib.sha256(body).hexdigest(), hashlib.sha256(b"{}").hexdigest()

        def as_json(path: str, *, url: str | None = None, kind: str = "application/json") -> Posted:
            mark = signature(TOKEN, url or PUBLIC + path, [])
            return Posted(path, body, {"Content-Type": kind, "X-Twilio-Signature": mark})

        await turned_away(
            app,
            census,
            {
                "none": as_json(door),
                "an empty one": as_json(f"{door}?bodySHA256="),
                "of another body": as_json(f"{door}?bodySHA256={other}"),
                "that was not signed": as_json(f"{door}?bodySHA256={digest}", url=PUBLIC + door),
                "as plain text": as_json(door, kind="text/plain"),
                "without a type": as_json(door, kind=""),
            },
        )

    async def test_an_account_that_is_not_set_up_takes_nothing(
        self, settings: Settings, database: Database, clock: Clock, peer: TwilioPeer, census: Census, door: str
    ) -> None:
        without = twilio_settings(settings, peer, twilio_auth_token=SecretStr(" , "))
        async with serving(without, database, now=clock) as app:
            await turned_away(app, census, {"empty": posted(FORMS[door], path=door, token="")})

    async def test_only_post(self, app: RunningApp, census: Census, door: str) -> None:
        before = await census()
        for method in ("GET", "PUT", "DELETE", "PATCH"):
            refused(await app.http.request(method, door), 405, "METHOD_NOT_ALLOWED")
        assert await census() == before

    async def test_a_body_over_64_kibibytes(self, app: RunningApp, census: Census, door: str) -> None:
        too_large = posted(FORMS[door] | {"Body": "x" * 65_536}, path=door)
        await turned_away(app, census, {"at once": too_large}, 413)
        before = await census()

        async def pieces() -> AsyncIterator[bytes]:
            yield too_large.body[:40_000]
            yield too_large.body[40_000:]

        refused(await app.http.post(door, content=pieces(), headers=too_large.headers), 413, "BODY_TOO_LARGE")
        assert await census() == before

    async def test_a_database_that_is_away(
        self, settings: Settings, clock: Clock, peer: TwilioPeer, mongodb_uri: str, door: str
    ) -> None:
        """503: nothing was stored, and reconciliation will find it."""
        gone = connect(mongodb_uri, "gone")
        await bind_documents(gone.handle, build_indexes=False)
        async with serving(twilio_settings(settings, peer), gone, now=clock) as app:
            await gone.close()
            answer = await posted(FORMS[door], path=door).send(app)
        assert refused(answer, 503, "UNAVAILABLE")["retry_after"]


class TestRotation:
    @pytest.mark.parametrize(("token", "status"), [("the-new-token", 200), (TOKEN, 200), ("the-next", 403)])
    async def test_two_tokens_are_good_while_one_is_changed(
        self, settings: Settings, database: Database, clock: Clock, peer: TwilioPeer, token: str, status: int
    ) -> None:
        both = twilio_settings(settings, peer, twilio_auth_token=SecretStr(f"the-new-token, {TOKEN}"))
        async with serving(both, database, now=clock) as app:
            assert (await posted(written(), token=token).send(app)).status_code == status


class TestBehindAProxy:
    @pytest.mark.parametrize("public", [PUBLIC, f"{PUBLIC}:443", "https://crm.example.com:8443"])
    async def test_the_signature_is_checked_over_the_public_address(
        self, settings: Settings, database: Database, clock: Clock, peer: TwilioPeer, public: str
    ) -> None:
        outside = twilio_settings(settings, peer, public_base_url=public)
        async with serving(outside, database, now=clock) as app:
            assert (await posted(written(), base=public).send(app)).status_code == 200
