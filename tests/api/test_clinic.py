"""The clinic's facts and policies: reading, changing, planning and previewing a change (api.md section 4)."""

import json
from typing import Any

import httpx2
import pytest

from app.models.clinic import Clinic
from app.models.enums import Role
from app.models.records import AuditEntry
from tests.api.conftest import House
from tests.api.shapes import DAY, HEX_ID, INSTANT, WALL_TIME, Maybe, accepted, refused
from tests.factories import make_recovery, make_user, token_for
from tests.services import stage

CLINIC = {
    "name": str,
    "time_zone": str,
    "region": str,
    "phone": str,
    "address": str,
    "emergency_phone": str,
    "tone": str,
    "holidays": [DAY],
    "opening_hours": {"mon": [[WALL_TIME]]},
    "languages": [str],
    "branding": {"accent": str},
    "outreach": {
        "max_attempts": int,
        "spacing_days": [int],
        "send_from": WALL_TIME,
        "send_until": WALL_TIME,
        "send_days": [str],
        "cool_down_days": int,
        "max_recovery_campaigns": int,
        "max_per_day": int,
        "max_per_week": int,
        "nudge_after_days": int,
        "daily_run_at": WALL_TIME,
    },
    "booking": {"min_notice_minutes": int, "max_horizon_days": int, "grid_minutes": int},
    "pending": Maybe({"effective_from": DAY, "changes": dict, "requested_by": str, "requested_at": INSTANT}),
    "is_rolling_out": bool,
}
MOVED = {
    "campaign_id": HEX_ID,
    "patient_name": str,
    "next_step": str,
    "next_attempt_at_before": INSTANT,
    "next_attempt_at_after": INSTANT,
    "earliest_step_before": Maybe(INSTANT),
    "earliest_step_after": Maybe(INSTANT),
}
PREVIEW = {
    "effective_at": INSTANT,
    "campaigns": {"count": int, "is_complete": bool, "examples": [MOVED]},
    "patients_due": {"count": int, "is_complete": bool},
    "appointments_outside_hours": {"count": int, "is_complete": bool, "examples": [{"appointment_id": HEX_ID}]},
    "warnings": [str],
}
TODAY, TOMORROW = "2026-11-23", "2026-11-24"

REFUSED = [
    ({"time_zone": "Mars/Olympus"}, "body.time_zone"),
    ({"time_zone": "../../etc/passwd"}, "body.time_zone"),
    ({"time_zone": ""}, "body.time_zone"),
    ({"time_zone": None}, "body.time_zone"),
    ({"name": ""}, "body.name"),
    ({"name": None}, "body.name"),
    ({"region": "XX"}, "body.region"),
    ({"region": "us"}, "body.region"),
    ({"phone": "call us"}, "body.phone"),
    ({"phone": {"$gt": ""}}, "body.phone"),
    ({"emergency_phone": "12"}, "body.emergency_phone"),
    ({"emergency_phone": "not 911"}, "body.emergency_phone"),
    ({"holidays": ["Christmas"]}, "body.holidays.0"),
    ({"holidays": ["2026-02-30"]}, "body.holidays.0"),
    ({"opening_hours": {"monday": []}}, "body.opening_hours.monday"),
    ({"opening_hours": {"mon": [["17:00", "09:00"]]}}, "body.opening_hours.mon.0"),
    ({"opening_hours": {"mon": [["9", "17"]]}}, "body.opening_hours.mon.0"),
    ({"opening_hours": {"mon": [["09:00", "13:00"], ["12:00", "17:00"]]}}, "body.opening_hours.mon"),
    ({"opening_hours": {"mon": [["13:00", "17:00"], ["09:00", "12:00"]]}}, "body.opening_hours.mon"),
    ({"opening_hours": None}, "body.opening_hours"),
    ({"branding": None}, "body.branding"),
    ({"branding": {"accent": None}}, "body.branding.accent"),
    ({"branding": {"accent": "teal"}}, "body.branding.accent"),
    ({"branding": {"accent": "#0b6b75;}body{display:none"}}, "body.branding.accent"),
    ({"branding": {"logo": "x"}}, "body.branding.logo"),
    ({"languages": []}, "body.languages"),
    ({"languages": ["english"]}, "body.languages.0"),
    ({"outreach": None}, "body.outreach"),
    ({"outreach": {"max_attempts": 0}}, "body.outreach.max_attempts"),
    ({"outreach": {"max_attempts": 10**30}}, "body.outreach.max_attempts"),
    ({"outreach": {"max_attempts": None}}, "body.outreach.max_attempts"),
    ({"outreach": {"spacing_days": []}}, "body.outreach.spacing_days"),
    ({"outreach": {"spacing_days": [-1]}}, "body.outreach.spacing_days.0"),
    ({"outreach": {"spacing_days": [1] * 11}}, "body.outreach.spacing_days"),
    ({"outreach": {"send_days": []}}, "body.outreach.send_days"),
    ({"outreach": {"send_days": ["someday"]}}, "body.outreach.send_days.0"),
    ({"outreach": {"send_from": "24:00"}}, "body.outreach.send_from"),
    ({"outreach": {"send_from": "20:00"}}, "body.outreach.send_until"),
    ({"outreach": {"send_until": "09:00"}}, "body.outreach.send_until"),
    ({"outreach": {"send_from": "12:00", "send_until": "11:00"}}, "body.outreach.send_until"),
    ({"outreach": {"daily_run_at": "24:00"}}, "body.outreach.daily_run_at"),
    ({"outreach": {"hack": 1}}, "body.outreach.hack"),
    ({"booking": {"grid_minutes": 7}}, "body.booking.grid_minutes"),
    ({"booking": {"max_horizon_days": 10**9}}, "body.booking.max_horizon_days"),
    ({"booking": {"max_horizon_days": 1, "min_notice_minutes": 1_440}}, "body.booking.min_notice_minutes"),
    ({"name": "X", "effective_from": "2026-11-22"}, "body.effective_from"),
    ({"name": "X", "effective_from": "tomorrow"}, "body.effective_from"),
    ({"effective_from": TOMORROW}, "body.effective_from"),
    ({"outreach": {"send_from": "20:00"}, "effective_from": TOMORROW}, "body.outreach.send_until"),
    ({"id": "another"}, "body.id"),
    ({"pending": None}, "body.pending"),
    ({"rollout": None}, "body.rollout"),
]


async def patch(house: House, body: Any) -> httpx2.Response:
    return await house.http.patch("/api/v1/admin/clinic", json=body, headers=house.staff)


async def clinic_of(house: House) -> dict[str, Any]:
    body: dict[str, Any] = accepted(await house.get("clinic"), 200, CLINIC)
    return body


class TestRead:
    async def test_shape(self, house: House) -> None:
        body = await clinic_of(house)
        assert (body["name"], body["time_zone"], body["pending"]) == ("Willow Street Dental", "America/New_York", None)

    async def test_before_anybody_has_described_it(self, house: House) -> None:
        await Clinic.find_all().delete()
        assert (await clinic_of(house))["name"] == "Our clinic"


class TestPublic:
    async def test_facts_and_no_policy(self, house: House) -> None:
        body = (await house.http.get("/api/v1/clinic")).json()
        assert set(body) == {
            "name",
            "phone",
            "address",
            "time_zone",
            "opening_hours",
            "holidays",
            "languages",
            "branding",
        }
        assert body["phone"] == "+12025550142"


class TestChange:
    async def test_only_what_is_given_changes(self, house: House) -> None:
        before = await clinic_of(house)
        changes: dict[str, Any] = {
            "name": "Elm Dental",
            "holidays": ["2026-12-25"],
            "languages": ["en", "es"],
            "branding": {"accent": "#7A2E8E"},
            "outreach": {"max_attempts": 2, "send_until": "18:00"},
            "booking": {"grid_minutes": 30},
        }
        body = accepted(await patch(house, changes), 200, CLINIC)
        assert body == before | {
            "name": "Elm Dental",
            "holidays": ["2026-12-25"],
            "languages": ["en", "es"],
            "branding": {"accent": "#7a2e8e"},
            "outreach": before["outreach"] | changes["outreach"],
            "booking": before["booking"] | changes["booking"],
        }
        assert await clinic_of(house) == body

    async def test_what_was_read_can_be_written_back(self, house: House) -> None:
        before = await clinic_of(house)
        body = {name: value for name, value in before.items() if name not in ("pending", "is_rolling_out")}
        assert accepted(await patch(house, body), 200, CLINIC) == before

    async def test_an_empty_change_changes_nothing(self, house: House) -> None:
        before = await clinic_of(house)
        bodies: list[dict[str, Any]] = [{}, {"effective_from": None}, {"outreach": {}}, {"name": before["name"]}]
        for body in bodies:
            assert accepted(await patch(house, body), 200, CLINIC) == before
        assert await AuditEntry.find({"document_type": "clinic"}).count() == 0

    async def test_null_empties_what_may_be_empty(self, house: House) -> None:
        await patch(house, {"holidays": [TODAY], "tone": "Warm and brief."})
        nothing = {"phone": None, "emergency_phone": None, "address": None, "holidays": None, "tone": None}
        body = accepted(await patch(house, nothing), 200, CLINIC)
        assert {name: body[name] for name in nothing} == {
            "phone": "",
            "emergency_phone": "",
            "address": "",
            "holidays": [],
            "tone": "",
        }

    async def test_holidays_are_kept_sorted_and_once(self, house: House) -> None:
        body = accepted(await patch(house, {"holidays": ["2026-12-25", "2026-12-24", "2026-12-25"]}), 200, CLINIC)
        assert body["holidays"] == ["2026-12-24", "2026-12-25"]

    @pytest.mark.parametrize(
        ("body", "phones"),
        [
            ({"phone": "(202) 555-0142"}, ("+12025550142", "+12025550199")),
            ({"phone": "020 7946 0018", "region": "GB"}, ("+442079460018", "+12025550199")),
            ({"emergency_phone": "911"}, ("+12025550142", "911")),
        ],
    )
    async def test_phones_are_read_in_the_clinics_region(
        self, house: House, body: dict[str, Any], phones: tuple[str, str]
    ) -> None:
        answer = accepted(await patch(house, body), 200, CLINIC)
        assert (answer["phone"], answer["emergency_phone"]) == phones

    @pytest.mark.parametrize(("body", "field"), REFUSED, ids=[json.dumps(body)[:60] for body, _ in REFUSED])
    async def test_every_refusal_names_its_field(self, house: House, body: dict[str, Any], field: str) -> None:
        before = await clinic_of(house)
        for ask in (patch(house, body), house.post("clinic/preview", body)):
            problems = refused(await ask, 422, "VALIDATION_ERROR")["errors"]
            assert any(problem["field"].startswith(field) for problem in problems), problems
        assert await clinic_of(house) == before

    async def test_is_audited_with_who_and_what(self, house: House) -> None:
        await patch(house, {"name": "Elm Dental", "outreach": {"max_attempts": 2}})
        [row] = await AuditEntry.find({"document_type": "clinic"}).to_list()
        assert (row.actor, row.action) == (f"user:{house.admin.id}", "clinic.updated")
        assert row.details["fields"] == ["name", "outreach"]
        assert row.details["changes"] == {"name": "Elm Dental", "outreach": {"max_attempts": 2}}

    async def test_the_front_desk_may_not(self, house: House) -> None:
        desk = token_for(house.ctx, await make_user(house.ctx, Role.FRONT_DESK))
        path = "/api/v1/admin/clinic"
        refused(await house.http.patch(path, json={"name": "X"}, headers=desk), 403, "PERMISSION_DENIED")
        refused(await house.http.post(f"{path}/preview", json={}, headers=desk), 403, "PERMISSION_DENIED")


class TestPlan:
    async def test_waits_for_its_day_and_is_shown(self, house: House) -> None:
        body = accepted(await patch(house, {"name": "Elm Dental", "effective_from": TOMORROW}), 200, CLINIC)
        assert body["name"] == "Willow Street Dental"
        assert body["pending"]["effective_from"] == TOMORROW
        assert body["pending"]["changes"] == {"name": "Elm Dental"}
        assert body["pending"]["requested_by"] == f"user:{house.admin.id}"

    async def test_null_takes_it_back(self, house: House) -> None:
        await patch(house, {"name": "Elm Dental", "effective_from": TOMORROW})
        body = accepted(await patch(house, {"effective_from": None}), 200, CLINIC)
        assert (body["pending"], body["name"]) == (None, "Willow Street Dental")

    async def test_today_is_now(self, house: House) -> None:
        body = accepted(await patch(house, {"name": "Elm Dental", "effective_from": TODAY}), 200, CLINIC)
        assert (body["pending"], body["name"]) == (None, "Elm Dental")

    async def test_what_would_break_it_is_refused(self, house: House) -> None:
        await patch(house, {"outreach": {"send_from": "12:00"}, "effective_from": TOMORROW})
        body = refused(await patch(house, {"outreach": {"send_until": "11:00"}}), 409, "PENDING_CHANGE_CONFLICT")
        assert body["pending_from"] == TOMORROW


class TestPreview:
    async def test_says_what_would_move_and_moves_nothing(self, house: House) -> None:
        speaking = stage.speaking(house.ctx)
        campaign = await make_recovery(speaking)
        await stage.scan(speaking)
        before = (await house.get(f"campaigns/{campaign.id}")).json()
        body = accepted(await house.post("clinic/preview", {"outreach": {"spacing_days": [5, 7, 14]}}), 200, PREVIEW)
        [example] = body["campaigns"]["examples"]
        assert (example["campaign_id"], example["patient_name"]) == (str(campaign.id), campaign.patient_name)
        assert example["next_attempt_at_before"] == "2026-11-26T15:00:00.000Z"
        assert example["next_attempt_at_after"] == "2026-11-28T15:00:00.000Z"
        assert example["earliest_step_after"] == "2026-11-30T14:00:00.000Z"
        assert (await house.get(f"campaigns/{campaign.id}")).json() == before
        row = await AuditEntry.find_one({"action": "clinic.previewed"})
        assert row is not None
        assert row.patient_ids == [campaign.patient_id]

    async def test_the_change_then_does_it(self, house: House) -> None:
        speaking = stage.speaking(house.ctx)
        campaign = await make_recovery(speaking)
        await stage.scan(speaking)
        change: dict[str, Any] = {"outreach": {"spacing_days": [5]}}
        [example] = (await house.post("clinic/preview", change)).json()["campaigns"]["examples"]
        accepted(await patch(house, change), 200, CLINIC)
        after = (await house.get(f"campaigns/{campaign.id}")).json()["campaign_details"]
        assert after["follow_up_details"]["next_attempt_at"] == example["next_attempt_at_after"]

    async def test_from_a_day_on(self, house: House) -> None:
        body = accepted(await house.post("clinic/preview", {"holidays": [], "effective_from": TOMORROW}), 200, PREVIEW)
        assert body["effective_at"] == "2026-11-24T05:00:00.000Z"

    async def test_an_empty_clinic_and_an_empty_change(self, house: House) -> None:
        body = accepted(await house.post("clinic/preview", {}), 200, PREVIEW)
        assert (body["campaigns"]["count"], body["patients_due"]["count"], body["warnings"]) == (0, 0, [])
        assert await AuditEntry.find({"action": "clinic.previewed"}).count() == 0

    async def test_many_are_counted_and_twenty_shown(self, house: House) -> None:
        speaking = stage.speaking(house.ctx)
        for _ in range(23):
            await make_recovery(speaking)
        await stage.scan(speaking)
        campaigns = (await house.post("clinic/preview", {"outreach": {"spacing_days": [5]}})).json()["campaigns"]
        assert (campaigns["count"], len(campaigns["examples"]), campaigns["is_complete"]) == (23, 20, True)
