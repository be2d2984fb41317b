"""`{"$ne": null}` reaches no query from any field, query parameter or path of any operation (trust.md fault 20).

MongoDB itself is the witness: its profiler writes down every command that it was given.
"""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from app.database.connection import Database
from tests.api.conftest import House
from tests.api.shapes import refused
from tests.security.every_operation import Operation, every_operation, fresh_admin, known_ids, variations

WITNESS = "reached-the-database"
OPERATOR = {"$ne": WITNESS}
OPERATIONS = every_operation()
UNSIGNED = {"POST /api/v1/webhooks/incoming-message", "POST /api/v1/webhooks/gmail"}
"""They read nothing before they know who sent it: 401."""


@pytest.fixture
async def profiled(database: Database) -> AsyncIterator[Database]:
    """The database with its profiler on; the profile is gone afterwards."""
    await database.handle.command("profile", 2)
    yield database
    await database.handle.command("profile", 0)
    await database.handle.drop_collection("system.profile")


async def commands_with_an_operator(database: Database) -> list[str]:
    """Every command that held the operator as an operator, wherever in it."""
    found = await database.handle["system.profile"].find({}).to_list()
    return [json.dumps(row, default=str) for row in found if holds_operator(row.get("command"))]


def holds_operator(value: Any) -> bool:
    if isinstance(value, dict):
        return value.get("$ne") == WITNESS or any(holds_operator(item) for item in value.values())
    return isinstance(value, list) and any(holds_operator(item) for item in value)


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=list(OPERATIONS))
async def test_an_operator_in_any_place(house: House, profiled: Database, operation: Operation) -> None:
    """422 in every field of a body; in an address it is a text like any other. `?status[$ne]=x` is only an odd name."""
    caller = await fresh_admin(house) if operation.asks_for_token else {}
    asked, wrong = operation.request(await known_ids(house)), {}
    for request in variations(asked, operation, OPERATOR):
        answer = await request.send(house.http, caller)
        wanted = {401 if operation.label in UNSIGNED else 422} if request.place.startswith("body.") else range(200, 500)
        if answer.status_code not in wanted:
            wrong[request.place] = answer.status_code
        if answer.status_code >= 400:
            refused(answer, answer.status_code)
    for name in operation.parameters("query"):
        odd = replace(asked, query=asked.query | {f"{name}[$ne]": WITNESS})
        if (await odd.send(house.http, caller)).status_code >= 500:
            wrong[f"{name}[$ne]"] = 500
    assert wrong == {}
    assert await commands_with_an_operator(profiled) == []


async def test_the_witness_sees_an_operator_that_arrives(profiled: Database) -> None:
    """Otherwise its silence above would prove nothing."""
    await profiled.handle["patients"].find_one({"email": OPERATOR})
    assert len(await commands_with_an_operator(profiled)) == 1
