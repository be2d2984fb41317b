"""Patients: adding one, reading one with everything that happened (api.md section 4)."""

from typing import Any

import pytest

from app.models.patients import Patient
from tests.api.conftest import House
from tests.api.shapes import PATIENT, accepted, refused
from tests.factories import make_patient, make_recovery

UNKNOWN_ID = "0" * 24
ANN = {"name": "Ann Ames", "email": "ann@example.com", "patient_type": "EXISTING"}


class TestCreate:
    async def test_the_least_that_is_needed(self, house: House) -> None:
        body = accepted(await house.post("patients", ANN), 201, PATIENT)
        assert (body["name"], body["email"], body["phone"]) == ("Ann Ames", "ann@example.com", None)
        assert (body["preferred_channel"], body["treatment_history"], body["opt_outs"]) == (["email"], [], [])
        assert body["created_at"] == "2026-11-23T15:00:00.000Z"
        [row] = body["timeline"]
        assert (row["kind"], row["summary"], row["by"]) == ("change", "Record created", house.admin.name)

    async def test_every_field_comes_back(self, house: House) -> None:
        treatment = {
            "procedure_name": "Checkup",
            "procedure_date": "2026-05-04",
            "next_recommended_follow_up": "6 months",
            "next_follow_up_date": "2026-11-04",
        }
        fields = {
            "phone": "(202) 555-0177",
            "preferred_channel": ["sms", "email"],
            "next_follow_up_date": "2026-11-04",
            "treatment_history": [treatment],
            "date_of_birth": "1980-02-29",
            "language": "es",
        }
        made = accepted(await house.post("patients", ANN | fields), 201, PATIENT)
        read = accepted(await house.get(f"patients/{made['patient_id']}"), 200, PATIENT)
        for body in (made, read):
            assert {name: body[name] for name in fields} == fields | {"phone": "+12025550177"}

    async def test_an_e_mail_is_stored_trimmed_and_in_lower_case(self, house: House) -> None:
        body = accepted(await house.post("patients", ANN | {"email": "  Ann@Example.COM "}), 201, PATIENT)
        assert body["email"] == "ann@example.com"

    async def test_a_word_is_enough_for_one_channel(self, house: House) -> None:
        fields = {"phone": "+12025550177", "preferred_channel": "whatsapp"}
        assert accepted(await house.post("patients", ANN | fields), 201, PATIENT)["preferred_channel"] == ["whatsapp"]

    @pytest.mark.parametrize("taken", [{"email": "ann@example.com"}, {"phone": "(202) 555-0177"}])
    async def test_an_address_belongs_to_one_patient(self, house: House, taken: dict[str, str]) -> None:
        accepted(await house.post("patients", ANN | {"phone": "+12025550177"}), 201, PATIENT)
        other = {"name": "Ben Boyd", "patient_type": "EXISTING"} | taken
        refused(await house.post("patients", other), 409, "CONFLICT")
        assert await Patient.find_all().count() == 1

    async def test_a_repeated_channel_counts_once(self, house: House) -> None:
        fields = {"preferred_channel": ["sms", "email", "sms"]}
        body = accepted(await house.post("patients", ANN | fields), 201, PATIENT)
        assert body["preferred_channel"] == ["sms", "email"]

    async def test_the_refusal_names_who_has_the_address(self, house: House) -> None:
        made = accepted(await house.post("patients", ANN), 201, PATIENT)
        body = refused(await house.post("patients", ANN | {"name": "Ben Boyd"}), 409, "CONFLICT")
        assert (body["field"], body["patient_id"]) == ("email", made["patient_id"])
        assert "ann@example.com" not in str(body)

    async def test_a_family_may_share_an_inbox(self, house: House) -> None:
        parent = accepted(await house.post("patients", ANN), 201, PATIENT)
        child = ANN | {"name": "Kim Ames", "guardian_id": parent["patient_id"]}
        assert accepted(await house.post("patients", child), 201, PATIENT)["guardian_id"] == parent["patient_id"]

    @pytest.mark.parametrize(
        "fields",
        [
            {"name": ""},
            {"name": "x" * 201},
            {"email": "ann"},
            {"email": "ann@example.com, evil@example.com"},
            {"phone": "12"},
            {"patient_type": "VIP"},
            {"patient_type": None},
            {"preferred_channel": "fax"},
            {"next_follow_up_date": "04.11.2026"},
            {"next_follow_up_date": 1_799_971_200},
            {"next_follow_up_date": "1799971200"},
            {"date_of_birth": "1899-12-31"},
            {"treatment_history": [{"procedure_name": "Checkup"}]},
            {"language": "english"},
            {"guardian_id": "me"},
            {"preferred_channel": []},
            {"preferred_channel": ["email", "fax"]},
            {"preferred_channel": None},
            {"date_of_birth": "2026-11-24"},
            {"notes": "line\x00"},
            {"name": "Ann\nAmes"},
            {"merged_into": UNKNOWN_ID},
            {"opt_outs": []},
            {"created_at": "2020-01-01T00:00:00Z"},
        ],
    )
    async def test_fields_that_are_not_valid(self, house: House, fields: dict[str, Any]) -> None:
        refused(await house.post("patients", ANN | fields), 422, "VALIDATION_ERROR")
        assert await Patient.find_all().count() == 0

    async def test_a_guardian_who_does_not_exist(self, house: House) -> None:
        answer = await house.post("patients", ANN | {"guardian_id": UNKNOWN_ID})
        assert answer.status_code in (404, 422), answer.text
        assert await Patient.find_all().count() == 0


class TestRead:
    async def test_with_everything_that_happened_newest_first(self, house: House) -> None:
        campaign = await make_recovery(house.ctx, patient_email="dora@example.com")
        await house.post(f"campaigns/{campaign.id}/respond", {"message": "Hello"})
        visit = (await house.desk()).json()
        body = accepted(await house.get(f"patients/{visit['patient_id']}"), 200, PATIENT)
        rows = {row["kind"]: row["id"] for row in body["timeline"]}
        assert set(rows) == {"campaign", "message", "appointment", "change"}
        assert (rows["campaign"], rows["appointment"]) == (str(campaign.id), visit["appointment_id"])
        moments = [row["at"] for row in body["timeline"]]
        assert moments == sorted(moments, reverse=True)

    async def test_with_what_was_stopped(self, house: House) -> None:
        patient = await make_patient(house.ctx)
        stop = {"channel": "email", "at": house.ctx.now(), "source": "unsubscribe"}
        await Patient.collection().update_one({"_id": patient.id}, {"$push": {"opt_outs": stop}})
        body = accepted(await house.get(f"patients/{patient.id}"), 200, PATIENT)
        assert [(row["channel"], row["source"]) for row in body["opt_outs"]] == [("email", "unsubscribe")]

    async def test_is_written_into_the_audit_log(self, house: House) -> None:
        patient = await make_patient(house.ctx)
        await house.get(f"patients/{patient.id}")
        row = await house.ctx.database.handle["audit_log"].find_one({"action": "patient.read"})
        assert row is not None
        assert row["document_id"] == str(patient.id)

    async def test_an_unknown_patient(self, house: House) -> None:
        refused(await house.get(f"patients/{UNKNOWN_ID}"), 404, "NOT_FOUND")
