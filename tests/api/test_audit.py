"""Looking things up in the audit log (trust.md fault 34)."""

from datetime import timedelta
from typing import Any

import pytest
from beanie import PydanticObjectId

from app.models.enums import Role
from app.models.records import AuditEntry
from app.services import audit, audit_log, cursors
from app.services.audit_log import AuditFilter
from tests.api.conftest import House
from tests.api.shapes import HEX_ID, INSTANT, PAGINATION, Maybe, accepted, refused
from tests.conftest import Clock
from tests.factories import make_patient, make_user, token_for

ENTRY = {
    "entry_id": HEX_ID,
    "at": INSTANT,
    "actor": str,
    "actor_name": Maybe(str),
    "action": str,
    "document_type": str,
    "document_id": str,
    "patient_ids": [HEX_ID],
    "correlation_id": str,
    "details": dict,
}
LIST = {"pagination": PAGINATION | {"total_is_exact": bool}, "entries": [ENTRY]}


async def listed(house: House, **params: Any) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = accepted(await house.get("audit", **params), 200, LIST)["entries"]
    return entries


async def note(house: House, action: str, **fields: Any) -> None:
    values: dict[str, Any] = {"actor": audit.SYSTEM, "document": ("campaign", "1"), "patients": []}
    await audit.record(house.ctx, action=action, **(values | fields))


async def walk(house: House, **params: Any) -> list[dict[str, Any]]:
    """Every page by cursor."""
    found: list[dict[str, Any]] = []
    cursor: dict[str, Any] = {}
    while True:
        body = accepted(await house.get("audit", **(params | cursor)), 200, LIST)
        found += body["entries"]
        if body["pagination"]["next_cursor"] is None:
            return found
        cursor = {"cursor": body["pagination"]["next_cursor"]}


async def bulk(house: House, count: int, *, per_moment: int = 1, **fields: Any) -> None:
    """So many rows, going back in time from now."""
    now = house.ctx.now()
    values: dict[str, Any] = {"actor": "system", "action": "test", "document_type": "thing", "document_id": "1"}
    rows = [
        values
        | {"_id": PydanticObjectId(), "patient_ids": [], "correlation_id": "", "details": {}}
        | {"at": now - timedelta(milliseconds=number // per_moment)}
        | fields
        for number in range(count)
    ]
    await AuditEntry.collection().insert_many(rows)


class TestList:
    async def test_newest_first_with_the_name_of_who_did_it(self, house: House, clock: Clock) -> None:
        patient = await make_patient(house.ctx, name="Ann Ames")
        clock.forward(seconds=1)
        await house.get(f"patients/{patient.id}")
        clock.forward(seconds=1)
        read, created = await listed(house)
        assert (read["action"], created["action"]) == ("patient.read", "patient.created")
        assert (read["actor"], read["actor_name"]) == (f"user:{house.admin.id}", house.admin.name)
        assert (created["actor"], created["actor_name"]) == ("system", None)
        assert read["patient_ids"] == [str(patient.id)] == created["patient_ids"]

    async def test_an_empty_log(self, house: House) -> None:
        body = accepted(await house.get("audit"), 200, LIST)
        assert body["entries"] == []
        assert body["pagination"] == {
            "total_items": 0,
            "total_pages": 0,
            "current_page": 1,
            "next_cursor": None,
            "total_is_exact": True,
        }

    async def test_ids_and_instants_in_details_are_text(self, house: House) -> None:
        visit = (await house.desk(notes="=cmd() <script>")).json()
        path = f"/api/v1/admin/appointments/{visit['appointment_id']}"
        assert (await house.http.delete(path, headers=house.staff)).status_code == 204
        [entry] = await listed(house, action="appointment.deleted")
        assert entry["details"]["patient_id"] == visit["patient_id"]
        assert entry["details"]["appointment_date"] == visit["appointment_date"]
        assert entry["details"]["notes"] == "=cmd() <script>"

    async def test_the_read_is_itself_in_the_log_and_names_whose_rows_were_shown(self, house: House) -> None:
        ann, ben = await make_patient(house.ctx), await make_patient(house.ctx)
        await listed(house, document_type="patient", document_id=str(ann.id))
        [row] = await AuditEntry.find({"action": "audit.read"}).to_list()
        assert (row.actor, row.patient_ids) == (f"user:{house.admin.id}", [ann.id])
        await listed(house, patient_id=str(ben.id), action="nothing")
        rows = await AuditEntry.find({"action": "audit.read"}).sort("_id").to_list()
        assert rows[-1].patient_ids == [ben.id]

    async def test_a_row_of_a_list_does_not_make_the_log_grow_by_a_list(self, house: House) -> None:
        await note(house, "patient.listed", patients=[PydanticObjectId() for _ in range(100)])
        await listed(house)
        [row] = await AuditEntry.find({"action": "audit.read"}).to_list()
        assert row.patient_ids == []

    async def test_somebody_who_is_gone_has_no_name(self, house: House) -> None:
        for actor in (f"user:{PydanticObjectId()}", "user:nonsense", "user:", "patient:" + str(house.admin.id)):
            await note(house, "test", actor=actor)
        assert [entry["actor_name"] for entry in await listed(house)] == [None] * 4

    @pytest.mark.parametrize("role", [Role.FRONT_DESK, Role.PROVIDER])
    async def test_not_for_everybody(self, house: House, role: Role) -> None:
        headers = token_for(house.ctx, await make_user(house.ctx, role))
        refused(await house.http.get("/api/v1/admin/audit", headers=headers), 403, "PERMISSION_DENIED")
        assert await AuditEntry.count() == 0


class TestFilters:
    @pytest.fixture
    async def ann(self, house: House, clock: Clock) -> PydanticObjectId:
        """Five rows, a minute apart; Ann is in the first and in the last."""
        ann = PydanticObjectId()
        await note(house, "campaign.created", patients=[ann])
        clock.forward(minutes=1)
        await note(house, "campaign.created", document=("campaign", "2"))
        clock.forward(minutes=1)
        await note(house, "service.put", document=("service", "2"), actor=f"user:{house.admin.id}")
        clock.forward(minutes=1)
        await note(house, "service.put", document=("service", "1"))
        clock.forward(minutes=1)
        await note(house, "campaign.read", actor=f"user:{house.admin.id}", patients=[PydanticObjectId(), ann])
        clock.forward(minutes=1)
        return ann

    @pytest.mark.parametrize(
        ("params", "expected"),
        [
            ({}, [4, 3, 2, 1, 0]),
            ({"patient_id": "{ann}"}, [4, 0]),
            ({"patient_id": "0" * 24}, []),
            ({"actor": "{admin}"}, [4, 2]),
            ({"actor": "system"}, [3, 1, 0]),
            ({"action": "service.put"}, [3, 2]),
            ({"document_type": "campaign"}, [4, 1, 0]),
            ({"document_type": "service", "document_id": "2"}, [2]),
            ({"document_type": "service", "actor": "{admin}"}, [2]),
            ({"patient_id": "{ann}", "action": "campaign.read"}, [4]),
            ({"since": "2026-11-23T15:01:00Z"}, [4, 3, 2, 1]),
            ({"until": "2026-11-23T15:01:00Z"}, [0]),
            ({"since": "2026-11-23T10:01:00-05:00", "until": "2026-11-23T15:03:00Z"}, [2, 1]),
            ({"since": "2026-11-24T00:00:00Z"}, []),
        ],
    )
    async def test_all_that_is_given_must_fit(
        self, house: House, ann: PydanticObjectId, params: dict[str, str], expected: list[int]
    ) -> None:
        filled = {name: value.format(ann=ann, admin=f"user:{house.admin.id}") for name, value in params.items()}
        rows = [str(row.id) for row in await AuditEntry.find_all().sort("at").to_list()]
        assert [rows.index(entry["entry_id"]) for entry in await listed(house, **filled)] == expected

    @pytest.mark.parametrize("name", ["actor", "action", "document_type"])
    @pytest.mark.parametrize("value", [".*", "$ne", '{"$ne": null}', "SYSTEM", "syste", "campaign.create", "*"])
    async def test_texts_are_whole_and_literal(
        self, house: House, ann: PydanticObjectId, name: str, value: str
    ) -> None:
        assert await listed(house, **{name: value}) == []

    async def test_an_operator_in_the_name_of_a_parameter_is_an_unknown_parameter(
        self, house: House, ann: PydanticObjectId
    ) -> None:
        answer = await house.http.get("/api/v1/admin/audit?actor[$ne]=system&patient_id[$gt]=", headers=house.staff)
        assert len(accepted(answer, 200, LIST)["entries"]) == 5

    @pytest.mark.parametrize(
        "params",
        [
            {"patient_id": "ann"},
            {"patient_id": '{"$ne": null}'},
            {"actor": "x" * 65},
            {"actor": "a\x00b"},
            {"action": "a\nb"},
            {"document_id": "2"},
            {"since": "yesterday"},
            {"since": "2026-11-23"},
            {"since": "2026-11-23T10:01:00"},
            {"until": "9999-12-31T23:59:59-12:00"},
            {"limit": 101},
            {"page": 0},
            {"cursor": "x"},
            {"cursor": "x" * 65},
            {"cursor": "MTIzLmFiYw"},
            {"cursor": "\u00e9\u00e9"},
            {"cursor": "OTk5OTk5OTk5OTk5OTk5OTk5OTkuNjcyMGMxZjBhM2I0"},
        ],
    )
    async def test_parameters_that_are_not_valid(self, house: House, params: dict[str, Any]) -> None:
        refused(await house.get("audit", **params), 422, "VALIDATION_ERROR")
        assert await AuditEntry.count() == 0


class TestPages:
    async def test_by_number(self, house: House) -> None:
        await bulk(house, 5)
        pages = [await house.get("audit", limit=2, page=page, action="test") for page in (1, 2, 3, 4)]
        bodies = [accepted(page, 200, LIST) for page in pages]
        assert [len(body["entries"]) for body in bodies] == [2, 2, 1, 0]
        assert {body["pagination"]["total_items"] for body in bodies} == {5}
        assert {body["pagination"]["total_pages"] for body in bodies} == {3}
        assert len({entry["entry_id"] for body in bodies for entry in body["entries"]}) == 5

    @pytest.mark.parametrize("per_moment", [1, 7, 50])
    async def test_by_cursor_none_is_left_out_and_none_comes_twice(self, house: House, per_moment: int) -> None:
        """Also when many rows have the same instant, and while the log grows under the reader."""
        await bulk(house, 50, per_moment=per_moment)
        rows = await AuditEntry.find({"action": "test"}).sort("-at", "-_id").to_list()
        seen = [entry["entry_id"] for entry in await walk(house, limit=8) if entry["action"] == "test"]
        assert seen == [str(row.id) for row in rows]

    async def test_a_cursor_keeps_within_the_filters(self, house: House) -> None:
        ann = PydanticObjectId()
        await bulk(house, 20, patient_ids=[ann])
        await bulk(house, 20)
        since = (house.ctx.now() - timedelta(milliseconds=9)).isoformat().replace("+00:00", "Z")
        found = await walk(house, limit=3, patient_id=str(ann), since=since, action="test")
        assert len(found) == 10
        assert {tuple(entry["patient_ids"]) for entry in found} == {(str(ann),)}

    async def test_the_count_ends_at_ten_thousand(self, house: House) -> None:
        await bulk(house, 10_001)
        pagination = accepted(await house.get("audit"), 200, LIST)["pagination"]
        assert (pagination["total_items"], pagination["total_is_exact"]) == (10_000, False)

    @pytest.mark.parametrize(
        ("wanted", "index"),
        [
            (AuditFilter(), "by_time"),
            (AuditFilter(actor="system"), "by_actor"),
            (AuditFilter(patient_id=PydanticObjectId("6720c1f0a3b4c5d6e7f80902")), "by_patient"),
            (AuditFilter(document_type="thing", document_id="1"), "by_document"),
        ],
        ids=lambda value: value if isinstance(value, str) else "",
    )
    async def test_a_deep_page_costs_what_the_first_one_costs(
        self, house: House, wanted: AuditFilter, index: str
    ) -> None:
        """By what the server looked at, which no busy machine can change."""
        await bulk(house, 5_000, patient_ids=[PydanticObjectId("6720c1f0a3b4c5d6e7f80902")])
        if index != "by_time":
            await bulk(house, 5_000, actor="agent", document_id="2")
        deep = await AuditEntry.find({"actor": "system"}).sort("-at", "-_id").skip(4_900).limit(1).to_list()
        for cursor in (None, cursors.newest_first(deep[0].at, deep[0].id)):
            plan = await audit_log.rows_of(wanted.query(), skip=0, limit=25, cursor=cursor).explain()
            stats = plan["executionStats"]
            assert stats["nReturned"] == 25
            assert stats["totalKeysExamined"] <= 27
            assert stats["totalDocsExamined"] <= 27
            assert f"'indexName': '{index}'" in str(plan["queryPlanner"]["winningPlan"])
