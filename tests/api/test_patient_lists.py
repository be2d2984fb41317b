"""The list of patients: literal search, phones as people write them, order, pages (api.md 4, trust.md 4.2)."""

from typing import Any

import pytest

from app.models.patients import Patient
from app.models.records import AuditEntry
from tests.api.conftest import House
from tests.api.shapes import DAY, HEX_ID, PAGINATION, Maybe, accepted, refused
from tests.factories import make_patient, make_recovery
from tests.services import stage

ROW = {
    "patient_id": HEX_ID,
    "name": str,
    "email": Maybe(str),
    "phone": Maybe(str),
    "patient_type": str,
    "next_follow_up_date": Maybe(DAY),
    "is_opted_out": bool,
    "has_active_campaign": bool,
}
LIST = {"pagination": PAGINATION, "patients": [ROW]}


async def page_of(house: House, **query: Any) -> dict[str, Any]:
    body: dict[str, Any] = accepted(await house.get("patients", **query), 200, LIST)
    return body


async def names(house: House, **query: Any) -> list[str]:
    return [row["name"] for row in (await page_of(house, **query))["patients"]]


async def gone(patient: Patient, **mark: Any) -> None:
    await Patient.collection().update_one({"_id": patient.id}, {"$set": mark})


class TestShape:
    async def test_an_empty_clinic(self, house: House) -> None:
        body = await page_of(house)
        assert body["patients"] == []
        assert body["pagination"] == {"total_items": 0, "total_pages": 0, "current_page": 1, "next_cursor": None}

    async def test_a_row(self, house: House) -> None:
        campaign = await make_recovery(house.ctx, patient_name="Ann Ames", patient_email="ann@example.com")
        [row] = (await page_of(house))["patients"]
        assert row["patient_id"] == str(campaign.patient_id)
        assert (row["name"], row["email"], row["phone"]) == ("Ann Ames", "ann@example.com", None)
        assert (row["patient_type"], row["has_active_campaign"], row["is_opted_out"]) == ("COLD_LEAD", True, False)

    async def test_a_closed_campaign_is_not_active(self, house: House) -> None:
        campaign = await make_recovery(house.ctx)
        await stage.set_raw(campaign, status="RECOVERED")
        [row] = (await page_of(house))["patients"]
        assert row["has_active_campaign"] is False

    @pytest.mark.parametrize(
        ("stops", "expected"),
        [([], False), (["sms"], False), (["email"], True), (["all"], True), (["sms", "whatsapp"], False)],
    )
    async def test_opted_out_means_that_no_preferred_channel_is_left(
        self, house: House, stops: list[str], expected: bool
    ) -> None:
        patient = await make_patient(house.ctx)
        rows = [{"channel": stop, "at": house.ctx.now(), "source": "test"} for stop in stops]
        await Patient.collection().update_one({"_id": patient.id}, {"$set": {"opt_outs": rows}})
        [row] = (await page_of(house))["patients"]
        assert (row["is_opted_out"], row["opted_out_of"]) == (expected, sorted(stops))

    async def test_a_guardians_stop_holds_for_the_child(self, house: House) -> None:
        parent = await make_patient(house.ctx, name="Zoe")
        await make_patient(house.ctx, name="Kim", email=None, guardian_id=parent.id)
        stop = {"channel": "all", "at": house.ctx.now(), "source": "test"}
        await Patient.collection().update_one({"_id": parent.id}, {"$push": {"opt_outs": stop}})
        rows = (await page_of(house))["patients"]
        assert [(row["name"], row["is_opted_out"]) for row in rows] == [("Kim", True), ("Zoe", True)]

    async def test_merged_and_erased_records_are_nobody(self, house: House) -> None:
        ann, ben, _ = [await make_patient(house.ctx, name=name) for name in ("Ann", "Ben", "Cid")]
        await gone(ann, merged_into=ben.id)
        await gone(ben, erased_at=house.ctx.now())
        assert await names(house) == ["Cid"]
        assert await names(house, q="Ann") == []
        assert (await page_of(house))["pagination"]["total_items"] == 1

    async def test_three_reads_serve_a_page_of_any_length(self, house: House) -> None:
        parent = await make_patient(house.ctx)
        for _ in range(12):
            await make_patient(house.ctx, email=None, guardian_id=parent.id)
        found = await stage.profiled(house.ctx, lambda: house.get("patients"), op="query", ns="patients")
        assert len(found) == 2  # the page and the guardians; the count is a command


class TestSearch:
    @pytest.mark.parametrize("text", ["(a+)+$", ".*", "^Ann", "Ann|Ben", "\\w", "[A-Z]", "$ne", "A.n", "{$ne: null}"])
    async def test_a_pattern_finds_only_itself(self, house: House, text: str) -> None:
        await make_patient(house.ctx, name="Ann Aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!")
        await make_patient(house.ctx, name=f"Odd {text} Name")
        assert await names(house, q=text) == [f"Odd {text} Name"]

    @pytest.mark.parametrize("text", ["aMeS", "  Ann Ames ", "ames@EXAMPLE", "202", "(202) 555-01"])
    async def test_by_part_of_the_name_the_e_mail_or_the_phone(self, house: House, text: str) -> None:
        await make_patient(house.ctx, name="Ann Ames", email="ann.ames@example.com", phone="+12025550171")
        await make_patient(house.ctx, name="Ben Boyd", email="ben@example.org")
        assert await names(house, q=text) == ["Ann Ames"]

    @pytest.mark.parametrize(
        "written",
        [
            "+12025550171",
            "(202) 555-0171",
            "202.555.0171",
            "1 202 555 0171",
            "001 202 555 0171",
            "5550171",
            "555 01 71",
        ],
    )
    async def test_a_phone_as_people_write_it(self, house: House, written: str) -> None:
        await make_patient(house.ctx, name="Ann Ames", phone="+12025550171")
        await make_patient(house.ctx, name="Ben Boyd", phone="+12025550188")
        assert await names(house, q=written) == ["Ann Ames"]

    async def test_the_trunk_zero_of_the_clinics_country(self, house: House) -> None:
        house.clinic.region = "GB"
        await house.clinic.save()
        await make_patient(house.ctx, name="Ann Ames", phone="+442079460018")
        for written in ("020 7946 0018", "+44 (0)20 7946 0018", "7946 00"):
            assert await names(house, q=written) == ["Ann Ames"], written

    @pytest.mark.parametrize("text", ["00", "12", "0000", "+", "()", "- -"])
    async def test_what_is_no_number_finds_no_phone(self, house: House, text: str) -> None:
        await make_patient(house.ctx, name="Ann", email="ann@example.com", phone="+12025550171")
        assert await names(house, q=text) == []

    @pytest.mark.parametrize("text", ["", "   "])
    async def test_nothing_to_search_for_is_everybody(self, house: House, text: str) -> None:
        await make_patient(house.ctx, name="Ann")
        assert await names(house, q=text) == ["Ann"]

    async def test_at_most_64_characters(self, house: House) -> None:
        assert await names(house, q="x" * 64) == []
        refused(await house.get("patients", q="x" * 65), 422, "VALIDATION_ERROR")

    @pytest.mark.parametrize("text", ["Ann\x00", "Ann\n", "a\x1b[0m"])
    async def test_control_characters_are_an_invalid_search(self, house: House, text: str) -> None:
        refused(await house.get("patients", q=text), 422, "VALIDATION_ERROR")

    async def test_by_type(self, house: House) -> None:
        await make_patient(house.ctx, name="Ann")
        await make_patient(house.ctx, name="Ben", patient_type="COLD_LEAD")
        assert await names(house, patient_type="COLD_LEAD") == ["Ben"]
        refused(await house.get("patients", patient_type="VIP"), 422, "VALIDATION_ERROR")


class TestOrderAndPages:
    async def test_as_people_sort_names(self, house: House) -> None:
        for name in ("Zoe", "de la Cruz", "Diaz", "dean"):
            await make_patient(house.ctx, name=name)
        assert await names(house) == ["de la Cruz", "dean", "Diaz", "Zoe"]

    async def test_the_index_gives_the_order(self, house: House) -> None:
        await make_patient(house.ctx)
        [plan] = await stage.profiled(house.ctx, lambda: house.get("patients"), op="query", ns="patients")
        assert "by_name_any_case" in str(plan["planSummary"]) or "name: 1, _id: 1" in str(plan["planSummary"])
        assert not plan.get("hasSortStage")

    async def test_pages_by_number_and_by_cursor_hold_everybody_once(self, house: House) -> None:
        made = [name for _ in range(3) for name in ("Zoe", "ann", "Ben", "Ann", "Émile", "ANN", "Cid")]
        for name in made:
            await make_patient(house.ctx, name=name)
        by_number = [
            row["patient_id"] for n in range(1, 7) for row in (await page_of(house, page=n, limit=4))["patients"]
        ]
        by_cursor, cursor = [], None
        while True:
            body = await page_of(house, limit=4, **({"cursor": cursor} if cursor else {}))
            by_cursor += [row["patient_id"] for row in body["patients"]]
            cursor = body["pagination"]["next_cursor"]
            if cursor is None:
                break
        assert by_cursor == by_number
        assert len(set(by_cursor)) == len(made) == body["pagination"]["total_items"]

    async def test_a_cursor_goes_on_within_the_search(self, house: House) -> None:
        for name in ("Ann One", "Ann Two", "Ben"):
            await make_patient(house.ctx, name=name)
        first = await page_of(house, q="ann", limit=1)
        second = await page_of(house, q="ann", limit=1, cursor=first["pagination"]["next_cursor"])
        assert [row["name"] for row in second["patients"]] == ["Ann Two"]
        assert second["pagination"]["next_cursor"] is None

    @pytest.mark.parametrize(
        "cursor",
        [
            "x",
            "e30",
            "bnVsbA",
            "WzEsMl0",
            "WyJBbm4iLCJ4Il0",
            "W3siJGd0IjoiIn0sIjY1NjVmMWEyYjNjNGQ1ZTZmN2E4YjljMCJd",
            "WyJcdWQ4MDAiLCI2NTY1ZjFhMmIzYzRkNWU2ZjdhOGI5YzAiXQ",
            "é",
            "=" * 10,
        ],
    )
    async def test_a_cursor_we_did_not_make(self, house: House, cursor: str) -> None:
        refused(await house.get("patients", cursor=cursor), 422, "VALIDATION_ERROR")

    @pytest.mark.parametrize(
        "query", [{"page": 0}, {"page": 10_001}, {"page": 10**18}, {"limit": 0}, {"limit": 101}, {"limit": "all"}]
    )
    async def test_pages_that_do_not_exist(self, house: House, query: dict[str, Any]) -> None:
        refused(await house.get("patients", **query), 422, "VALIDATION_ERROR")


class TestAudit:
    async def test_everybody_who_was_shown_is_named_and_nobody_else(self, house: House) -> None:
        ann, _ = await make_patient(house.ctx, name="Ann"), await make_patient(house.ctx, name="Ben")
        await page_of(house, q="ann")
        [row] = await AuditEntry.find({"action": "patient.listed"}).to_list()
        assert (row.patient_ids, row.actor) == ([ann.id], f"user:{house.admin.id}")
        assert "ann" not in str(row.details).lower()

    async def test_an_empty_page_names_nobody(self, house: House) -> None:
        await page_of(house)
        assert await AuditEntry.find({"action": "patient.listed"}).count() == 0
