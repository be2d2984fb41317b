"""Hostile input, row by row of trust.md 4.2; where they differ, domain.md wins (D-24: a naive time is clinic-local)."""

import json
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from fastapi.routing import iter_route_contexts

from app.main import create_app
from app.web.staff.session import COOKIE, CSRF_HEADER, PATH, csrf_of
from tests.api.conftest import TUESDAY_TEN, House
from tests.api.shapes import accepted, refused
from tests.factories import make_patient
from tests.security.conftest import Census

JSON = {"Content-Type": "application/json"}
LOGIN, BOOK = "/api/v1/auth/login", "/api/v1/appointments/book"
RECOVERY, DESK = "/api/v1/admin/campaigns/recovery", "/api/v1/admin/appointments"
FIVE_MEGABYTES = 5 * 1024 * 1024

INQUIRY = {"patient_name": "Ann", "patient_email": "ann@example.com", "initial_inquiry": "", "estimated_value": 1}
WISH = {"name": "Ann", "email": "ann@example.com", "appointment_date": TUESDAY_TEN, "service_name": "checkup"}
VISIT = WISH | {"duration_minutes": 30, "preferred_channel": "email", "notes": ""}


def raw(body: dict[str, Any], name: str, value: str) -> bytes:
    """The body as JSON text, with `value` written as it stands in place of one field: NaN, huge numbers, escapes."""
    return json.dumps(body | {name: "@@"}).replace('"@@"', value).encode()


class TestSize:
    async def test_five_megabytes_that_say_so(self, house: House) -> None:
        body = b'{"email": "' + b"x" * FIVE_MEGABYTES + b'"}'
        refused(await house.http.post(LOGIN, content=body, headers=JSON), 413, "BODY_TOO_LARGE")

    async def test_five_megabytes_in_pieces(self, house: House) -> None:
        async def pieces() -> AsyncIterator[bytes]:
            yield b'{"email": "'
            for _ in range(FIVE_MEGABYTES // 65_536):
                yield b"x" * 65_536

        refused(await house.http.post(LOGIN, content=pieces(), headers=JSON), 413, "BODY_TOO_LARGE")

    @pytest.mark.parametrize(
        "body", [b"[" * 100_000, b'{"email": ' * 100_000, b'{"email": ' + b"1" * 5_000 + b"}", b'{"a": "\xff"}', b"{"]
    )
    async def test_json_that_cannot_be_read(self, house: House, body: bytes) -> None:
        refused(await house.http.post(LOGIN, content=body, headers=JSON), 400, "BAD_REQUEST")


class TestKind:
    @pytest.mark.parametrize("operator", [{"$ne": None}, {"$gt": ""}, {"$regex": ".*"}, ["a@example.com"], 1, True])
    async def test_an_operator_where_text_belongs(self, house: House, operator: Any) -> None:
        await make_patient(house.ctx, email="ann@example.com")
        requests = {
            LOGIN: [{"email": operator, "password": "x"}, {"email": "a@example.com", "password": operator}],
            BOOK: [WISH | {"email": operator}, WISH | {"service_name": operator}, WISH | {"token": operator}],
            RECOVERY: [INQUIRY | {"patient_email": operator}],
            DESK: [VISIT | {"email": operator}, VISIT | {"service_name": operator}],
            "/api/v1/sandbox/messages": [{"from": operator, "body": "x"}, {"from": "a@b.org", "body": operator}],
        }
        for url, bodies in requests.items():
            for body in bodies:
                refused(await house.http.post(url, json=body, headers=house.staff), 422, "VALIDATION_ERROR")

    @pytest.mark.parametrize(
        ("name", "value"), [("role", "admin"), ("status", "RECOVERED"), ("__proto__", {}), ("", 1)]
    )
    async def test_a_field_that_nobody_asked_for(self, house: House, name: str, value: Any) -> None:
        for url, body in (
            (LOGIN, {"email": "a@b.org", "password": "x"}),
            (BOOK, WISH),
            (RECOVERY, INQUIRY),
            (DESK, VISIT),
        ):
            answer = await house.http.post(url, json=body | {name: value}, headers=house.staff)
            refused(answer, 422, "VALIDATION_ERROR")

    @pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "text/json", None])
    async def test_json_that_does_not_call_itself_json(self, house: House, kind: str | None) -> None:
        headers = house.staff | ({"Content-Type": kind} if kind else {})
        refused(await house.http.post(RECOVERY, content=json.dumps(INQUIRY).encode(), headers=headers), 422)

    async def test_a_form_with_two_hundred_thousand_fields(self, house: House) -> None:
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        refused(await house.http.post(LOGIN, content=b"a=&" * 200_000, headers=kind), 422)

    async def test_an_answer_to_invalid_input_does_not_repeat_it(self, house: House) -> None:
        for body in ({"password": "hunter2-canary"}, {"email": "hunter2-canary", "password": ["hunter2-canary"]}):
            answer = await house.http.post(LOGIN, json=body)
            refused(answer, 422, "VALIDATION_ERROR")
            assert "hunter2" not in answer.text
            assert "input" not in answer.json()["errors"][0]


class TestNumbers:
    @pytest.mark.parametrize(
        "value", ["NaN", "Infinity", "-Infinity", "1e400", "-1e400", "1" + "0" * 30, "-1", '"NaN"']
    )
    async def test_a_value_that_is_no_amount_is_never_stored(self, house: House, census: Census, value: str) -> None:
        before = await census()
        answer = await house.http.post(
            RECOVERY, content=raw(INQUIRY, "estimated_value", value), headers=house.staff | JSON
        )
        refused(answer, 422, "VALIDATION_ERROR")
        assert await census() == before
        accepted(await house.get("campaigns"), 200, {"campaigns": [dict]})

    @pytest.mark.parametrize("value", ["NaN", "1e400", "1" + "0" * 30, "-5", "0.5", "30.5", '"half an hour"', "true"])
    async def test_minutes(self, house: House, value: str) -> None:
        body = raw(VISIT, "duration_minutes", value)
        refused(await house.http.post(DESK, content=body, headers=house.staff | JSON), 422, "VALIDATION_ERROR")

    @pytest.mark.parametrize("price", ["NaN", "Infinity", "1" + "0" * 30])
    async def test_prices(self, house: House, price: str) -> None:
        body = raw({"name": "X", "duration_minutes": 30}, "price", price)
        answer = await house.http.put("/api/v1/admin/services/x", content=body, headers=house.staff | JSON)
        refused(answer, 422, "VALIDATION_ERROR")

    @pytest.mark.parametrize(
        "query", [{"page": "0"}, {"page": "1" + "0" * 18}, {"limit": "-1"}, {"limit": "0"}, {"limit": "1000000000"}]
    )
    async def test_pages(self, house: House, query: dict[str, str]) -> None:
        refused(await house.get("campaigns", **query), 422, "VALIDATION_ERROR")


class TestTimes:
    @pytest.mark.parametrize(
        "written",
        [
            "9999-12-31T23:59:59-12:00",
            "0001-01-01T00:00:00+14:00",
            "0001-01-01T00:00+14:00",
            "2026-11-24",
            "2026-11-24 ",
            "24.11.2026 10:00",
            "1795550400",
            1_795_550_400,
            1_795_550_400.5,
            True,
            "",
            "2026-11-24T25:00",
            "2026-02-30T10:00",
            "2026-11-24T10:00:00+99:00",
            "P1DT1H",
        ],
    )
    async def test_what_is_no_time_or_no_time_of_ours(self, house: House, written: Any) -> None:
        await make_patient(house.ctx, email="ann@example.com")
        for url, body in ((BOOK, WISH), (DESK, VISIT)):
            answer = await house.http.post(url, json=body | {"appointment_date": written}, headers=house.staff)
            refused(answer, 422, "VALIDATION_ERROR")

    async def test_a_naive_time_is_clinic_local(self, house: House) -> None:
        body = accepted(await house.http.post(DESK, json=VISIT, headers=house.staff), 201, {"appointment_date": str})
        assert body["appointment_date"] == "2026-11-24T15:00:00.000Z"


class TestText:
    """Names are one line of what a keyboard types; addresses are one address (trust.md 4.2 and 4.4)."""

    @pytest.mark.parametrize(
        "name",
        [
            '"\\ud800"',
            '"Ann \\udfff"',
            '"Ann\\u0000"',
            '"Ann\\u0007"',
            '"Ann\\u007f"',
            '"Ann\\r\\nBcc: evil@example.com"',
            '"Ann\\nAmes"',
            '"Ann\\tAmes"',
            '"Ann\\u2028Ames"',
            '"Ann\\u2029Ames"',
            '"Ann\\u0085Ames"',
            '"Ann\\u000bAmes"',
            '"Ann\\u000cAmes"',
        ],
    )
    async def test_a_name(self, house: House, census: Census, name: str) -> None:
        patient = {"name": "", "email": "ann@example.com", "patient_type": "EXISTING"}
        doors: dict[str, tuple[dict[str, Any], str]] = {
            BOOK: (WISH, "name"),
            RECOVERY: (INQUIRY, "patient_name"),
            DESK: (VISIT, "name"),
            "/api/v1/admin/patients": (patient, "name"),
            "/api/v1/admin/knowledge": ({"title": "", "body": "x"}, "title"),
        }
        before = await census()
        for url, (body, field) in doors.items():
            answer = await house.http.post(url, content=raw(body, field, name), headers=house.staff | JSON)
            refused(answer, 422, "VALIDATION_ERROR")
        assert await census() == before

    @pytest.mark.parametrize(
        "address",
        [
            "a@example.com, evil@example.com",
            "a@example.com; evil@example.com",
            "a@example.com evil@example.com",
            "a@example.com\r\nBcc: evil@example.com",
            "a@example.com\x00",
            "Ann <a@example.com>",
            "a\u2028@example.com",
            "a@example.com\u0085b",
            "a@localhost",
            "@example.com",
            "a" * 250 + "@example.com",
        ],
    )
    async def test_an_address(self, house: House, census: Census, address: str) -> None:
        doors: dict[str, dict[str, Any]] = {
            LOGIN: {"email": address, "password": "x"},
            BOOK: WISH | {"email": address},
            RECOVERY: INQUIRY | {"patient_email": address},
            DESK: VISIT | {"email": address},
            "/api/v1/admin/patients": {"name": "Ann", "email": address, "patient_type": "EXISTING"},
            "/api/v1/admin/users": {"name": "A", "email": address, "password": "x" * 12, "role": "admin"},
        }
        before = await census()
        for url, body in doors.items():
            refused(await house.http.post(url, json=body, headers=house.staff), 422, "VALIDATION_ERROR")
        assert await census() == before

    @pytest.mark.parametrize("length", [129, 100_000])
    async def test_a_password_longer_than_any(self, house: House, length: int) -> None:
        refused(await house.http.post(LOGIN, json={"email": "a@example.com", "password": "x" * length}), 422)


class TestIds:
    async def test_every_id_in_a_path_is_checked(self, house: House) -> None:
        """422 for what is no id, on every route that takes one; a page for people says the same with its own page."""
        house.http.cookies.set(COOKIE, house.staff["Authorization"].removeprefix("Bearer "), path=PATH)
        wrong: dict[str, int] = {}
        for route in iter_route_contexts(create_app(house.ctx.settings).routes):
            if not route.path or not re.search(r"{\w+_id}", route.path) or "service_id" in route.path:
                continue
            for method in route.methods or ():
                for bad in ("me", "0" * 23, "0" * 25, "g" * 24, "%00", "$ne", "'"):
                    url = re.sub(r"{\w+_id}", bad, route.path)
                    answer = await self._knock(house, method, url)
                    if answer.status_code != 422:
                        wrong[f"{method} {url}"] = answer.status_code
        assert wrong == {}

    async def _knock(self, house: House, method: str, url: str) -> httpx2.Response:
        body: dict[str, Any] | None = None if method in ("GET", "DELETE") else {}
        headers = house.staff | {CSRF_HEADER: csrf_of(house.ctx, house.admin)}
        return await house.http.request(method, url, json=body, headers=headers)
