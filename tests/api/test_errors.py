"""Every refusal has one shape and one correlation id, whoever refuses (api.md, "Errors")."""

from collections.abc import AsyncIterator, Awaitable, Sequence
from datetime import UTC, datetime

import httpx2
import pytest

from app.database.connection import Database, connect
from app.llm.base import PLAIN_VOICE, KnowledgeAnswer, Passage, Voice
from app.llm.offline.provider import OfflineLanguageModel
from app.models.registry import bind_documents
from app.settings import Settings
from tests.api.apps import RunningApp, serving
from tests.api.conftest import House
from tests.api.shapes import refused
from tests.api.signing import signed
from tests.conftest import Clock
from tests.factories import make_article, make_user, token_for

JSON = {"Content-Type": "application/json"}
UNKNOWN_ID = "0" * 24
TOO_LARGE = b"x" * (1024 * 1024 + 1)


class BrokenLanguageModel(OfflineLanguageModel):
    """A provider whose failure quotes what the patient wrote, as failures do."""

    async def answer(
        self, question: str, passages: Sequence[Passage], *, voice: Voice = PLAIN_VOICE
    ) -> KnowledgeAnswer | None:
        raise ZeroDivisionError(f"could not read {question}")


class TestOneShape:
    """Each refusal as a client meets it: status, error code, body, header."""

    async def test_text_that_is_no_json_is_a_bad_request(self, house: House) -> None:
        answer = await house.http.post("/api/v1/auth/login", content=b'{"email":', headers=JSON)
        refused(answer, 400, "BAD_REQUEST")

    async def test_no_token(self, house: House) -> None:
        answer = await house.http.get("/api/v1/users/me")
        refused(answer, 401, "NOT_AUTHENTICATED")
        assert answer.headers["WWW-Authenticate"] == "Bearer"

    async def test_a_role_without_the_right(self, house: House) -> None:
        provider = token_for(house.ctx, house.provider)
        refused(await house.http.patch("/api/v1/admin/clinic", json={}, headers=provider), 403, "PERMISSION_DENIED")

    async def test_an_unknown_id(self, house: House) -> None:
        refused(await house.get(f"campaigns/{UNKNOWN_ID}"), 404, "NOT_FOUND")

    async def test_an_unknown_address(self, house: House) -> None:
        refused(await house.http.get("/api/v1/nothing"), 404, "NOT_FOUND")

    async def test_a_method_that_the_address_does_not_have(self, house: House) -> None:
        answer = await house.http.get("/api/v1/auth/login")
        refused(answer, 405, "METHOD_NOT_ALLOWED")
        assert answer.headers["Allow"] == "POST"

    async def test_a_conflict(self, house: House) -> None:
        assert (await house.desk()).status_code == 201
        refused(await house.desk(email="other@example.com"), 409, "SLOT_TAKEN")

    async def test_a_body_over_one_mebibyte_that_says_its_length(self, house: House) -> None:
        answer = await house.http.post("/api/v1/auth/login", content=TOO_LARGE, headers=JSON)
        refused(answer, 413, "BODY_TOO_LARGE")

    async def test_a_body_over_one_mebibyte_that_comes_in_pieces(self, house: House) -> None:
        async def pieces() -> AsyncIterator[bytes]:
            for start in range(0, len(TOO_LARGE), 65_536):
                yield TOO_LARGE[start : start + 65_536]

        answer = await house.http.post("/api/v1/auth/login", content=pieces(), headers=JSON)
        refused(answer, 413, "BODY_TOO_LARGE")

    async def test_fields_that_are_not_valid(self, house: House) -> None:
        answer = await house.post("campaigns/recovery", {"patient_email": "no address", "surprise": 1})
        body = refused(answer, 422, "VALIDATION_ERROR")
        assert {problem["field"] for problem in body["errors"]} == {
            "body.patient_name",
            "body.patient_email",
            "body.surprise",
        }
        assert all(problem["message"] for problem in body["errors"])

    async def test_a_rule_of_the_domain(self, house: House) -> None:
        body = refused(await house.book(service_name="brain surgery"), 422, "VALIDATION_ERROR")
        assert body["detail"] == "This service is not offered. Choose one from the list."

    async def test_a_foreign_host(self, house: House) -> None:
        answer = await house.http.get("/api/v1/users/me", headers={"Host": "evil.example"})
        refused(answer, 400, "BAD_REQUEST")

    async def test_the_time_of_a_refusal_is_now(self, house: House) -> None:
        body = refused(await house.http.get("/api/v1/nothing"), 404)
        said = datetime.fromisoformat(body["timestamp"])
        assert abs((datetime.now(UTC) - said).total_seconds()) < 60
        assert body["retry_after"] is None


class TestCorrelationId:
    @pytest.mark.parametrize("given", ["order-4711", "a.b_c-D9", "x" * 64, "12345678"])
    async def test_a_sane_incoming_one_is_kept(self, house: House, given: str) -> None:
        answer = await house.http.get("/api/v1/nothing", headers={"X-Request-ID": given})
        assert refused(answer, 404)["correlation_id"] == given

    @pytest.mark.parametrize(
        "given", ["", "short", "x" * 65, "two words", "<script>1</script>", "a;b;c;d;e", "ähnlich-4711"]
    )
    async def test_any_other_is_replaced(self, house: House, given: str) -> None:
        answer = await house.http.get("/api/v1/nothing", headers={b"X-Request-ID": given.encode()})
        assert refused(answer, 404)["correlation_id"] not in ("", given)

    async def test_each_request_gets_its_own(self, house: House) -> None:
        answers = [await house.http.get("/health/live") for _ in range(3)]
        assert len({answer.headers["X-Request-ID"] for answer in answers}) == 3

    async def test_a_success_answers_it_too(self, house: House) -> None:
        answer = await house.http.get("/api/v1/users/me", headers=house.staff | {"X-Request-ID": "kept-on-success"})
        assert (answer.status_code, answer.headers["X-Request-ID"]) == (200, "kept-on-success")

    async def test_the_audit_log_carries_it(self, house: House, database: Database) -> None:
        fields = {"name": "Ann", "email": "ann@example.com", "patient_type": "EXISTING"}
        await house.http.post(
            "/api/v1/admin/patients", json=fields, headers=house.staff | {"X-Request-ID": "who-made-ann"}
        )
        rows = await database.handle["audit_log"].find({"action": "patient.created"}).to_list()
        assert [row["correlation_id"] for row in rows] == ["who-made-ann"]


class TestOurOwnFailure:
    """5xx never shows internals, and can be found again in the log by its correlation id."""

    async def _fail(self, settings: Settings, database: Database, clock: Clock) -> httpx2.Response:
        async with serving(settings, database, now=clock, llm=BrokenLanguageModel()) as app:
            await make_article(app.ctx, "Whitening", "Whitening brightens teeth by several shades.")
            headers = token_for(app.ctx, await make_user(app.ctx)) | {"X-Request-ID": "the-broken-one"}
            question = {"question": "Does whitening brighten my canary tooth?"}
            return await app.http.post("/api/v1/admin/knowledge/try", json=question, headers=headers)

    async def test_it_has_the_one_shape(self, settings: Settings, database: Database, clock: Clock) -> None:
        body = refused(await self._fail(settings, database, clock), 500, "INTERNAL_ERROR")
        assert body["correlation_id"] == "the-broken-one"

    async def test_it_says_nothing_of_the_inside(self, settings: Settings, database: Database, clock: Clock) -> None:
        answer = await self._fail(settings, database, clock)
        assert answer.status_code == 500
        for word in ("ZeroDivisionError", "Traceback", "canary", ".py", "could not read"):
            assert word not in answer.text


class TestDatabaseAway:
    """503 with Retry-After, for people and for webhooks alike: the sender will try again (trust.md fault 29).

    The driver's closed client stands for every way in which it reaches nothing; killed servers are in tests/faults.
    """

    async def test_every_kind_of_request_is_asked_to_come_back(
        self, settings: Settings, database: Database, clock: Clock, mongodb_uri: str
    ) -> None:
        gone = connect(mongodb_uri, "gone")
        await bind_documents(gone.handle, build_indexes=False)
        async with serving(settings, gone, now=clock) as app:
            staff = token_for(app.ctx, await make_user(app.ctx))
            await gone.close()
            answers = [await request for request in self._requests(app, staff)]
            live = await app.http.get("/health/live")
            ready = await app.http.get("/health/ready")
        for answer in answers:
            body = refused(answer, 503, "UNAVAILABLE")
            assert answer.headers["Retry-After"] == str(body["retry_after"])
            assert "Mongo" not in answer.text
        assert live.status_code == 200
        assert (ready.status_code, ready.json()["status"]) == (503, "unavailable")
        assert "127.0.0.1" not in ready.text

    def _requests(self, app: RunningApp, staff: dict[str, str]) -> list[Awaitable[httpx2.Response]]:
        wish = {"name": "x", "email": "a@b.org", "service_name": "checkup", "appointment_date": "2026-11-24T10:00"}
        message = signed(app.ctx, {"channel": "sms", "thread_id": "t", "message_content": "hello"})
        return [
            app.http.get("/api/v1/availability?month=11&year=2026&service_id=checkup"),
            app.http.post("/api/v1/appointments/book", json=wish),
            app.http.get("/api/v1/users/me", headers=staff),
            app.http.post("/api/v1/webhooks/incoming-message", content=message.body, headers=message.headers),
        ]
