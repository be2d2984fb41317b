"""Nothing happens to a patient's record unseen: every admin route leaves its row (trust.md fault 34, HIPAA 164.312(b)).

The routes are walked, so that a new one cannot be forgotten: decide in tests/security/audited.py what it does.
"""

import ast
import re
from collections.abc import Awaitable, Callable, Collection
from pathlib import Path
from typing import Any

import httpx2
import pytest

from app.database.connection import Database, joining_transactions
from app.models.records import AuditEntry
from tests.api.conftest import House
from tests.api.shapes import refused
from tests.security.audited import (
    MANY_STEPS,
    NO_RECORD_OF_ANYBODY,
    READS,
    WRITES,
    Act,
    Prepare,
    Scene,
    set_the_scene,
)
from tests.security.test_roles import RIGHTS_OF, SIGNED_IN

APP = Path(__file__).parents[2] / "app"
UNKNOWN_ID = "0" * 24
NOT_STATE = {"rate_counters", "idempotent_requests"}
"""Collections that count requests rather than hold the clinic's state."""
CHANGES_ROWS = {"update_one", "update_many", "replace_one", "find_one_and_update", "find_one_and_replace"}
REMOVES_ROWS = {"delete_one", "delete_many", "find_one_and_delete", "delete_all", "drop", "delete"}
REWRITES = (
    CHANGES_ROWS | REMOVES_ROWS | {"bulk_write", "set", "save", "update", "update_all", "replace", "upsert", "inc"}
)

Snapshot = dict[str, list[Any]]


@pytest.fixture
async def scene(house: House) -> Scene:
    return await set_the_scene(house)


@pytest.fixture
def stored(database: Database) -> Callable[[], Awaitable[Snapshot]]:
    """Every document of the clinic as it is now."""

    async def read() -> Snapshot:
        names = sorted(set(await database.handle.list_collection_names()) - NOT_STATE)
        return {name: await database.handle[name].find({}).sort("_id").to_list() for name in names}

    return read


async def send(scene: Scene, route: str, act: Act, **changes: Any) -> httpx2.Response:
    path = f"/api/v1{act.path}" if act.path.startswith("/") else f"/api/v1/admin/{act.path}"
    arguments: dict[str, Any] = {"headers": scene.house.staff}
    if isinstance(act.body, str):
        arguments |= {"content": act.body, "headers": scene.house.staff | {"Content-Type": "text/csv"}}
    elif act.body is not None:
        arguments["json"] = act.body
    return await scene.house.http.request(route.split(" ", maxsplit=1)[0], path, **(arguments | changes))


async def rows_of(answer: httpx2.Response) -> list[AuditEntry]:
    """What the log says of one request."""
    return await AuditEntry.find({"correlation_id": answer.headers["X-Request-ID"]}).to_list()


async def die() -> None:
    raise RuntimeError("the process is gone")


def assert_kept(before: Snapshot, after: Snapshot, *, but: Collection[str] = ()) -> None:
    """Every row of the audit log that was there is there, unchanged."""
    rows = {row["_id"]: row for row in after["audit_log"]}
    for row in before["audit_log"]:
        kept = rows[row["_id"]]
        assert {name: value for name, value in kept.items() if name not in but} == {
            name: value for name, value in row.items() if name not in but
        }


def everybody_in(rows: list[AuditEntry]) -> set[Any]:
    return {patient for row in rows for patient in row.patient_ids}


def each(table: dict[str, Prepare]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(("route", "prepare"), table.items(), ids=table)


def test_every_route_is_written_down_with_what_it_does() -> None:
    tables = [set(WRITES), set(MANY_STEPS), set(READS), NO_RECORD_OF_ANYBODY]
    assert set().union(*tables) == set(RIGHTS_OF) | SIGNED_IN
    assert sum(map(len, tables)) == len(set().union(*tables))


class TestWrites:
    @each(WRITES | MANY_STEPS)
    async def test_one_leaves_who_did_it_and_to_whom(
        self, scene: Scene, stored: Callable[[], Awaitable[Snapshot]], route: str, prepare: Prepare
    ) -> None:
        act = await prepare(scene)
        before = await stored()
        answer = await send(scene, route, act)
        assert answer.is_success, answer.text
        rows = await rows_of(answer)
        assert f"user:{scene.house.admin.id}" in {row.actor for row in rows}
        assert set(act.names) <= everybody_in(rows)
        after = await stored()
        assert after != before
        # An erasure may blank the words of details; who, what, whom and when stay even then.
        assert_kept(before, after, but=["details"] if route.endswith("/erase") else [])

    @each(WRITES)
    async def test_one_that_is_refused_or_dies_leaves_nothing(
        self, scene: Scene, stored: Callable[[], Awaitable[Snapshot]], route: str, prepare: Prepare
    ) -> None:
        """The row and the change are committed together, or not at all."""
        act = await prepare(scene)
        before = await stored()
        nobody = re.sub(r"[0-9a-f]{24}", UNKNOWN_ID, act.path)
        if nobody != act.path:
            refused(await send(scene, route, Act(path=nobody, body=act.body)), 404, "NOT_FOUND")
        if act.body is not None:
            refused(await send(scene, route, Act(path=act.path, body=act.body | {"surprise": 1})), 422)
        refused(await send(scene, route, act, headers={}), 401, "NOT_AUTHENTICATED")
        assert await stored() == before

        with joining_transactions(die):
            refused(await send(scene, route, act), 500, "INTERNAL_ERROR")
        assert await stored() == before

    async def test_a_patient_who_books_by_their_link_is_the_actor(self, scene: Scene) -> None:
        house, patient = scene.house, scene.patient
        answer = await house.book(at="2026-11-24T14:00", token=await house.link_token(patient))
        assert answer.status_code == 200, answer.text
        [row] = await rows_of(answer)
        assert (row.actor, row.action, row.patient_ids) == (f"patient:{patient.id}", "appointment.booked", [patient.id])


class TestReads:
    @each(READS)
    async def test_one_leaves_one_row_that_names_who_was_shown(
        self, scene: Scene, stored: Callable[[], Awaitable[Snapshot]], route: str, prepare: Prepare
    ) -> None:
        act = await prepare(scene)
        before = await stored()
        answer = await send(scene, route, act)
        assert answer.status_code == 200, answer.text
        [row] = await rows_of(answer)
        assert row.actor == f"user:{scene.house.admin.id}"
        assert set(act.names) <= set(row.patient_ids)
        assert len(row.patient_ids) == len(set(row.patient_ids))
        after = await stored()
        assert_kept(before, after)
        assert {name for name in before if before[name] != after[name]} == {"audit_log"}

    @each({route: prepare for route, prepare in READS.items() if "{" in route})
    async def test_one_of_nobody_leaves_no_row(
        self, scene: Scene, stored: Callable[[], Awaitable[Snapshot]], route: str, prepare: Prepare
    ) -> None:
        act = await prepare(scene)
        before = await stored()
        refused(await send(scene, route, Act(path=re.sub(r"[0-9a-f]{24}", UNKNOWN_ID, act.path), body=act.body)), 404)
        assert await stored() == before


class TestAppendOnly:
    def test_the_code_holds_one_write_to_rows_that_are_there(self) -> None:
        found = {
            f"{file.relative_to(APP)}: {call}"
            for file in sorted(APP.rglob("*.py"))
            for call in rewrites_of_the_log(ast.parse(file.read_text()))
        }
        assert found == {"services/erasure_blanks.py: AuditEntry.collection().update_one"}

    @pytest.mark.parametrize(
        "code",
        [
            "AuditEntry.collection().delete_many({})",
            "AuditEntry.find_all().delete()",
            "AuditEntry.find({}).update({'$set': {}})",
            "database.handle['audit_log'].drop()",
            "AuditEntry.find_one({}).set({})",
        ],
    )
    def test_and_would_be_caught_with_another(self, code: str) -> None:
        assert rewrites_of_the_log(ast.parse(code))


def rewrites_of_the_log(tree: ast.AST) -> list[str]:
    """Calls that change or remove documents and hang on AuditEntry, or on the collection by its name."""
    calls = [
        node.func for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    ]
    texts = [(call.attr, ast.unparse(call)) for call in calls]
    return [text for name, text in texts if name in REWRITES and ("AuditEntry" in text or "audit_log" in text)]
