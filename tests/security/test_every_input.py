"""The rows of trust.md 4.2 that hold for every operation, at every operation: exact answers, and nothing is stored.

Rows that are about one field stand in test_input.py.
"""

import json
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from tests.api.conftest import House
from tests.api.shapes import refused
from tests.security.every_operation import JSON, Asked, Operation, every_operation, fresh_admin, known_ids, variations

OPERATIONS = every_operation()
READING_JSON = {label: each for label, each in OPERATIONS.items() if list(each.fields()) and "/webhooks/" not in label}
"""What parses a JSON body. Webhooks verify the bytes first and park what is malformed (test_webhooks.py)."""
PAGED = {label: each for label, each in OPERATIONS.items() if {"page", "limit"} <= set(each.parameters("query"))}

MARK = "@@"
NEVER = {
    "not a number": "NaN",
    "endless": "Infinity",
    "too large for a float": "1e400",
    "thirty digits": "1" + "0" * 30,
    "minus thirty digits": "-1" + "0" * 30,
    "half a character": '"\\ud800"',
    "half a character inside": '"Ann \\udfff Ames"',
    "a zero byte": '"Ann\\u0000"',
    "a bell": '"Ann\\u0007Ames"',
    "a C1 control": '"Ann\\u0090Ames"',
    "an operator": '{"$gt": ""}',
    "a list of operators": '[{"$ne": null}]',
}
"""JSON values that no field of any body takes."""
FIVE_MEGABYTES = 5 * 1024 * 1024


def written(request: Asked, value: str) -> Asked:
    """The request as text, with the raw value where the mark stands."""
    return replace(request, body=json.dumps(request.body).replace(f'"{MARK}"', value))


@pytest.mark.parametrize("operation", READING_JSON.values(), ids=list(READING_JSON))
class TestBodies:
    async def test_what_no_field_takes(self, house: House, operation: Operation) -> None:
        caller, wrong = await fresh_admin(house), {}
        asked = operation.request(await known_ids(house))
        for request in variations(asked, operation, MARK):
            for name, value in NEVER.items() if request.place.startswith("body.") else ():
                answer = await written(request, value).send(house.http, caller)
                if answer.status_code != 422:
                    wrong[f"{request.place}: {name}"] = answer.status_code
        assert wrong == {}

    async def test_a_field_that_nobody_asked_for(self, house: House, operation: Operation) -> None:
        caller, asked = await fresh_admin(house), operation.request(await known_ids(house))
        for name in ("role_", "$set", "__proto__", ""):
            answer = await replace(asked, body=asked.body | {name: "admin"}).send(house.http, caller)
            refused(answer, 422, "VALIDATION_ERROR")

    async def test_json_that_does_not_call_itself_json(self, house: House, operation: Operation) -> None:
        caller, asked = await fresh_admin(house), operation.request(await known_ids(house))
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
            refused(await replace(asked, kind=kind).send(house.http, caller), 422)

    async def test_json_that_cannot_be_read(self, house: House, operation: Operation) -> None:
        caller, asked = await fresh_admin(house), operation.request(await known_ids(house))
        for text in ("[" * 100_000, '{"a":' * 100_000, '{"a": ' + "1" * 5_000 + "}", "{", "\x00"):
            refused(await replace(asked, body=text).send(house.http, caller), 400, "BAD_REQUEST")

    async def test_five_megabytes(self, house: House, operation: Operation) -> None:
        """With their length said, and in pieces without it."""
        caller, asked = await fresh_admin(house), operation.request(await known_ids(house))
        refused(await replace(asked, body='{"a": "' + "x" * FIVE_MEGABYTES + '"}').send(house.http, caller), 413)

        async def pieces() -> AsyncIterator[bytes]:
            for _ in range(FIVE_MEGABYTES // 65_536):
                yield b" " * 65_536

        answer = await house.http.request(
            asked.method, asked.url, content=pieces(), headers=caller | {"Content-Type": JSON}
        )
        refused(answer, 413, "BODY_TOO_LARGE")


@pytest.mark.parametrize("operation", PAGED.values(), ids=list(PAGED))
async def test_pages(house: House, operation: Operation) -> None:
    caller, asked = await fresh_admin(house), operation.request(await known_ids(house))
    for query in (
        {"page": "0"},
        {"page": "-1"},
        {"page": "1" + "0" * 18},
        {"page": "1.5"},
        {"limit": "0"},
        {"limit": "-1"},
        {"limit": "1000000000"},
        {"limit": ""},
    ):
        answer = await replace(asked, query=asked.query | query).send(house.http, caller)
        refused(answer, 422, "VALIDATION_ERROR")


ODD_WORDS = (
    "\x00",
    "a\x00b",
    "\n",
    "%",
    "\\",
    "(a+)+$",
    "[",
    "$ne",
    "NaN",
    "9" * 40,
    "x" * 5_000,
    "\u2028",
    "\U0001f9b7",
)


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=list(OPERATIONS))
async def test_odd_words_in_an_address(house: House, operation: Operation) -> None:
    """No 5xx, whatever stands in a query parameter or in the path."""
    caller = await fresh_admin(house) if operation.asks_for_token else {}
    asked, broken = operation.request(await known_ids(house)), {}
    for word in ODD_WORDS:
        for request in variations(asked, operation, word):
            if not request.place.startswith("body."):
                answer = await request.send(house.http, caller)
                if answer.status_code >= 500:
                    broken[f"{request.place}={word!r}"] = answer.status_code
    assert broken == {}
