"""Merging, undoing, exporting and erasing over HTTP (api.md section 4): shapes, refusals, roles, repeats."""

import asyncio
import re
from typing import Any

import pytest

from app.models.enums import Role
from app.models.merges import PatientMerge
from app.models.records import AuditEntry
from app.services import patients
from tests.api.conftest import TUESDAY_TEN, House
from tests.api.shapes import HEX_ID, INSTANT, PAGINATION, Maybe, accepted, refused
from tests.conftest import Clock
from tests.factories import make_patient, make_recovery, make_user, token_for

COUNTS = {
    "campaigns": int,
    "interactions": int,
    "appointments": int,
    "outbound_messages": int,
    "decisions": int,
    "patient_links": int,
    "dependants": int,
}
MERGE = {
    "merge_id": HEX_ID,
    "patient_id": HEX_ID,
    "merged_patient_id": HEX_ID,
    "moved": COUNTS,
    "reason": str,
    "merged_at": INSTANT,
    "merged_by": re.compile("user:[0-9a-f]{24}"),
    "undo_until": INSTANT,
    "undone_at": Maybe(INSTANT),
    "undone_by": Maybe(str),
}
ROW = MERGE | {"patient_name": str, "merged_patient_name": str, "can_be_undone": bool}


async def merge(house: House, survivor: Any, other: Any, **fields: Any) -> Any:
    body = {"merge_patient_id": str(other.id)} | fields
    return await house.post(f"patients/{survivor.id}/merge", body)


class TestMerging:
    async def test_the_answer_counts_what_followed(self, house: House) -> None:
        campaign = await make_recovery(house.ctx)
        survivor, other = await make_patient(house.ctx), await patients.get(campaign.patient_id)
        body = accepted(await merge(house, survivor, other, reason="Entered twice"), 200, MERGE)
        assert (body["patient_id"], body["merged_patient_id"]) == (str(survivor.id), str(other.id))
        assert (body["moved"]["campaigns"], body["moved"]["appointments"]) == (1, 0)
        assert body["undo_until"] == "2026-12-23T15:00:00.000Z"
        assert body["reason"] == "Entered twice"

    async def test_a_second_click_is_refused_and_a_repeated_key_is_not(self, house: House) -> None:
        survivor, other = await make_patient(house.ctx), await make_patient(house.ctx)
        headers = house.staff | {"Idempotency-Key": "merge-1"}
        path, body = f"/api/v1/admin/patients/{survivor.id}/merge", {"merge_patient_id": str(other.id)}
        answers = await asyncio.gather(*(house.http.post(path, json=body, headers=headers) for _ in range(5)))
        assert {answer.status_code for answer in answers} == {200}
        assert len({answer.json()["merge_id"] for answer in answers}) == 1
        refusal = refused(await merge(house, survivor, other), 409, "PATIENTS_NOT_MERGEABLE")
        assert refusal["merged_into"] == str(survivor.id)
        assert await PatientMerge.count() == 1

    async def test_two_active_campaigns_are_named(self, house: House) -> None:
        one, two = await make_recovery(house.ctx), await make_recovery(house.ctx)
        survivor, other = [await patients.get(each.patient_id) for each in (one, two)]
        refusal = refused(await merge(house, survivor, other), 409, "ACTIVE_CAMPAIGN_EXISTS")
        assert refusal["campaigns"] == [str(one.id), str(two.id)]

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"merge_patient_id": "x"},
            {"merge_patient_id": {"$ne": None}},
            {"merge_patient_id": "0" * 24, "reason": "x" * 1_001},
            {"merge_patient_id": "0" * 24, "reason": "a\u0000b"},
            {"merge_patient_id": "0" * 24, "patient_id": "0" * 24},
        ],
    )
    async def test_what_is_no_request(self, house: House, body: dict[str, Any]) -> None:
        patient = await make_patient(house.ctx)
        refused(await house.post(f"patients/{patient.id}/merge", body), 422, "VALIDATION_ERROR")

    async def test_itself_and_nobody(self, house: House) -> None:
        patient = await make_patient(house.ctx)
        refused(await merge(house, patient, patient), 422, "VALIDATION_ERROR")
        unknown = {"merge_patient_id": "0" * 24}
        refused(await house.post(f"patients/{patient.id}/merge", unknown), 404, "NOT_FOUND")
        refused(await house.post(f"patients/{'0' * 24}/merge", {"merge_patient_id": str(patient.id)}), 404, "NOT_FOUND")

    async def test_the_merged_record_says_where_it_went_and_is_in_no_list(self, house: House) -> None:
        survivor = await make_patient(house.ctx)
        other = await make_patient(house.ctx, name="Xaver Unfindable")
        await merge(house, survivor, other)
        found = (await house.get("patients", q="Xaver")).json()
        assert "Xaver" not in str(found.get("patients", found))


class TestList:
    async def test_newest_first_with_names_and_what_is_still_possible(self, house: House, clock: Clock) -> None:
        first = await merge(house, await make_patient(house.ctx), await make_patient(house.ctx, name="First Other"))
        clock.forward(minutes=1)
        second = await merge(house, await make_patient(house.ctx), await make_patient(house.ctx, name="Second Other"))
        body = accepted(await house.get("merges"), 200, {"pagination": PAGINATION, "merges": [ROW]})
        assert [row["merge_id"] for row in body["merges"]] == [second.json()["merge_id"], first.json()["merge_id"]]
        assert [row["merged_patient_name"] for row in body["merges"]] == ["Second Other", "First Other"]
        assert [row["can_be_undone"] for row in body["merges"]] == [True, True]
        clock.forward(days=30)
        assert [row["can_be_undone"] for row in (await house.get("merges")).json()["merges"]] == [True, False]

    async def test_pages(self, house: House) -> None:
        survivor = await make_patient(house.ctx)
        for _ in range(3):
            await merge(house, survivor, await make_patient(house.ctx))
        body = (await house.get("merges", page=2, limit=2)).json()
        assert (body["pagination"]["total_items"], body["pagination"]["total_pages"]) == (3, 2)
        assert len(body["merges"]) == 1
        for wrong in ({"page": 0}, {"limit": 101}, {"page": 10**18}):
            refused(await house.get("merges", **wrong), 422)

    async def test_empty(self, house: House) -> None:
        assert (await house.get("merges")).json()["merges"] == []

    async def test_the_read_is_audited_with_everybody_in_it(self, house: House) -> None:
        survivor, other = await make_patient(house.ctx), await make_patient(house.ctx)
        await merge(house, survivor, other)
        await house.get("merges")
        row = await AuditEntry.find_one({"action": "merge.listed"})
        assert row
        assert set(row.patient_ids) == {survivor.id, other.id}


class TestUndoing:
    async def test_twice_is_once(self, house: House) -> None:
        survivor, other = await make_patient(house.ctx), await make_patient(house.ctx)
        merge_id = (await merge(house, survivor, other)).json()["merge_id"]
        first = accepted(await house.post(f"merges/{merge_id}/undo"), 200, MERGE)
        assert first["undone_at"] == "2026-11-23T15:00:00.000Z"
        assert accepted(await house.post(f"merges/{merge_id}/undo"), 200, MERGE) == first
        assert (await house.get(f"patients/{other.id}")).json()["email"] == other.email

    async def test_an_unknown_one(self, house: House) -> None:
        refused(await house.post(f"merges/{'0' * 24}/undo"), 404, "NOT_FOUND")
        refused(await house.post("merges/x/undo"), 422, "VALIDATION_ERROR")

    async def test_too_late(self, house: House, clock: Clock) -> None:
        merge_id = (await merge(house, await make_patient(house.ctx), await make_patient(house.ctx))).json()["merge_id"]
        clock.forward(days=31)
        refused(await house.post(f"merges/{merge_id}/undo"), 409, "MERGE_NOT_UNDOABLE")


class TestExport:
    async def test_a_file_of_json(self, house: House) -> None:
        patient = await make_patient(house.ctx)
        answer = await house.get(f"patients/{patient.id}/export")
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.headers["Content-Disposition"] == f'attachment; filename="patient-{patient.id}.json"'
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.json()["patient"]["email"] == patient.email

    async def test_an_unknown_patient(self, house: House) -> None:
        refused(await house.get(f"patients/{'0' * 24}/export"), 404, "NOT_FOUND")


class TestErasing:
    async def test_the_answer_and_the_second_click(self, house: House, clock: Clock) -> None:
        patient = await make_patient(house.ctx, name="Anna Ames")
        body = {"confirm_name": "Anna Ames", "reason": "Asked in writing"}
        first = accepted(
            await house.post(f"patients/{patient.id}/erase", body),
            200,
            {"patient_id": HEX_ID, "erased_at": INSTANT, "blanked": dict},
        )
        clock.forward(minutes=1)
        again = (await house.post(f"patients/{patient.id}/erase", body)).json()
        assert again == first | {"blanked": {}}

    async def test_a_key_repeats_the_answer_and_keeps_no_name(self, house: House) -> None:
        patient = await make_patient(house.ctx, name="Anna Ames")
        headers = house.staff | {"Idempotency-Key": "erase-1"}
        body = {"confirm_name": "Anna Ames", "reason": "Asked"}
        path = f"/api/v1/admin/patients/{patient.id}/erase"
        answers = [await house.http.post(path, json=body, headers=headers) for _ in range(2)]
        assert answers[0].json() == answers[1].json()
        kept = await house.ctx.database.handle["idempotent_requests"].find().to_list()
        assert len(kept) == 1
        assert "Ames" not in str(kept)

    async def test_the_wrong_name_is_not_repeated(self, house: House) -> None:
        patient = await make_patient(house.ctx, name="Anna Ames")
        answer = await house.post(f"patients/{patient.id}/erase", {"confirm_name": "Bob Secret", "reason": "x"})
        refused(answer, 422, "VALIDATION_ERROR")
        assert "Ames" not in answer.text
        assert "Secret" not in answer.text

    async def test_a_visit_to_come_is_named_and_closed_on_request(self, house: House) -> None:
        patient = await make_patient(house.ctx, name="Anna Ames")
        visit = (await house.book(at=TUESDAY_TEN, email=patient.email)).json()["appointment_id"]
        body: dict[str, Any] = {"confirm_name": "Anna Ames", "reason": "x"}
        refusal = refused(await house.post(f"patients/{patient.id}/erase", body), 409, "PATIENT_NOT_ERASABLE")
        assert refusal["appointments"] == [visit]
        body["close_open"] = True
        assert (await house.post(f"patients/{patient.id}/erase", body)).status_code == 200

    @pytest.mark.parametrize("body", [{}, {"confirm_name": "x"}, {"confirm_name": "x", "reason": ""},
                                      {"confirm_name": {"$gt": ""}, "reason": "x"},
                                      {"confirm_name": "x", "reason": "x", "close_open": "perhaps"}])  # fmt: skip
    async def test_what_is_no_request(self, house: House, body: dict[str, Any]) -> None:
        patient = await make_patient(house.ctx)
        refused(await house.post(f"patients/{patient.id}/erase", body), 422, "VALIDATION_ERROR")


@pytest.mark.parametrize(
    ("role", "passes"),
    [
        (Role.ADMIN, {"merge", "undo", "export", "list", "erase"}),
        (Role.MANAGER, {"merge", "undo", "export", "list"}),
        (Role.FRONT_DESK, set()),
        (Role.PROVIDER, set()),
    ],
)
async def test_who_may(house: House, role: Role, passes: set[str]) -> None:
    headers = token_for(house.ctx, await make_user(house.ctx, role))
    nobody = "0" * 24
    http, base = house.http, "/api/v1/admin"
    answers = {
        "merge": await http.post(
            f"{base}/patients/{nobody}/merge", json={"merge_patient_id": "1" * 24}, headers=headers
        ),
        "undo": await http.post(f"{base}/merges/{nobody}/undo", headers=headers),
        "export": await http.get(f"{base}/patients/{nobody}/export", headers=headers),
        "list": await http.get(f"{base}/merges", headers=headers),
        "erase": await http.post(
            f"{base}/patients/{nobody}/erase", json={"confirm_name": "x", "reason": "x"}, headers=headers
        ),
    }
    assert {name for name, answer in answers.items() if answer.status_code != 403} == passes
    assert all(answer.status_code in (200, 403, 404) for answer in answers.values())
