"""What the clinic is made of: facts and policies, services, schedules, articles (api.md section 4)."""

from typing import Any

import httpx2
import pytest

from app.models.services import Service
from app.models.users import User
from tests.api.conftest import House
from tests.api.shapes import DAY, HEX_ID, INSTANT, NUMBER, WALL_TIME, Maybe, accepted, refused
from tests.factories import make_service

UNKNOWN_ID = "0" * 24
CLINIC = {
    "name": str,
    "time_zone": str,
    "phone": str,
    "address": str,
    "emergency_phone": str,
    "holidays": [DAY],
    "opening_hours": {"mon": [[WALL_TIME]]},
    "outreach": {
        "max_attempts": int,
        "spacing_days": [int],
        "send_from": WALL_TIME,
        "send_until": WALL_TIME,
        "send_days": [str],
        "cool_down_days": int,
    },
    "booking": {"min_notice_minutes": int, "max_horizon_days": int, "grid_minutes": int},
}
SERVICE = {
    "service_id": str,
    "name": str,
    "duration_minutes": int,
    "price": Maybe(NUMBER),
    "buffer_after_minutes": int,
    "is_public": bool,
}
SCHEDULE = {
    "user_id": HEX_ID,
    "weekly": dict,
    "overrides": [{"date": DAY, "periods": [[WALL_TIME]]}],
    "time_off": [{"from": INSTANT, "to": INSTANT}],
    "services": [str],
}
WORK = {
    "weekly": {"mon": [["09:00", "12:00"], ["13:00", "17:00"]]},
    "overrides": [{"date": "2026-12-24", "periods": [["10:00", "14:00"]]}],
    "time_off": [{"from": "2026-12-01T09:00:00-05:00", "to": "2026-12-02T09:00:00-05:00"}],
    "services": ["checkup"],
}


async def patch(house: House, body: Any) -> httpx2.Response:
    return await house.http.patch("/api/v1/admin/clinic", json=body, headers=house.staff)


async def put(house: House, path: str, body: Any) -> httpx2.Response:
    return await house.http.put(f"/api/v1/admin/{path}", json=body, headers=house.staff)


class TestClinic:
    async def test_shape(self, house: House) -> None:
        body = accepted(await house.get("clinic"), 200, CLINIC)
        assert (body["name"], body["time_zone"]) == ("Willow Street Dental", "America/New_York")

    async def test_only_what_is_given_changes(self, house: House) -> None:
        before = (await house.get("clinic")).json()
        changes = {
            "name": "Elm Dental",
            "holidays": ["2026-12-25"],
            "outreach": {"max_attempts": 2, "send_until": "18:00"},
            "booking": {"grid_minutes": 30},
        }
        body = accepted(await patch(house, changes), 200, CLINIC)
        assert body == before | {
            "name": "Elm Dental",
            "holidays": ["2026-12-25"],
            "outreach": before["outreach"] | changes["outreach"],
            "booking": before["booking"] | changes["booking"],
        }
        assert (await house.get("clinic")).json() == body

    async def test_an_empty_change_changes_nothing(self, house: House) -> None:
        before = (await house.get("clinic")).json()
        assert accepted(await patch(house, {}), 200, CLINIC) == before

    @pytest.mark.parametrize(
        "body",
        [
            {"time_zone": "Mars/Olympus"},
            {"time_zone": "../../etc/passwd"},
            {"name": ""},
            {"holidays": ["Christmas"]},
            {"opening_hours": {"monday": []}},
            {"opening_hours": {"mon": [["17:00", "09:00"]]}},
            {"opening_hours": {"mon": [["9", "17"]]}},
            {"outreach": {"max_attempts": 0}},
            {"outreach": {"spacing_days": []}},
            {"outreach": {"send_days": ["someday"]}},
            {"booking": {"grid_minutes": 7}},
            {"booking": {"max_horizon_days": 10**9}},
            {"id": "another"},
        ],
    )
    async def test_fields_that_are_not_valid(self, house: House, body: dict[str, Any]) -> None:
        before = (await house.get("clinic")).json()
        refused(await patch(house, body), 422, "VALIDATION_ERROR")
        assert (await house.get("clinic")).json() == before


class TestServices:
    async def test_created_then_replaced(self, house: House) -> None:
        full = {"name": "Whitening", "duration_minutes": 60, "price": 400.0, "buffer_after_minutes": 15}
        body = accepted(await put(house, "services/teeth_whitening", full), 200, SERVICE)
        assert body == full | {"service_id": "teeth_whitening", "is_public": True}
        again = accepted(
            await put(house, "services/teeth_whitening", {"name": "Bleaching", "duration_minutes": 45}), 200, SERVICE
        )
        assert (again["name"], again["duration_minutes"], again["price"]) == ("Bleaching", 45, None)
        assert await Service.find_all().count() == 2

    async def test_a_name_belongs_to_one_service(self, house: House) -> None:
        refused(await put(house, "services/other", {"name": "CHECKUP", "duration_minutes": 30}), 409, "CONFLICT")
        assert await Service.get("other") is None

    @pytest.mark.parametrize("service_id", ["Teeth", "a b", "-x", "x" * 65, "%24ne"])
    async def test_an_id_that_is_no_slug(self, house: House, service_id: str) -> None:
        answer = await put(house, f"services/{service_id}", {"name": "X", "duration_minutes": 30})
        refused(answer, 422, "VALIDATION_ERROR")

    @pytest.mark.parametrize(
        "fields",
        [{"name": ""}, {"duration_minutes": 0}, {"duration_minutes": 31}, {"price": -1}, {"buffer_after_minutes": 3}],
    )
    async def test_fields_that_are_not_valid(self, house: House, fields: dict[str, Any]) -> None:
        body = {"name": "Whitening", "duration_minutes": 60} | fields
        refused(await put(house, "services/whitening", body), 422, "VALIDATION_ERROR")


class TestSchedule:
    async def test_shape_with_instants_in_utc(self, house: House) -> None:
        body = accepted(await put(house, f"providers/{house.provider.id}/schedule", WORK), 200, SCHEDULE)
        assert body["weekly"] == WORK["weekly"]
        assert body["overrides"] == WORK["overrides"]
        assert body["services"] == ["checkup"]

    async def test_is_what_availability_offers(self, house: House) -> None:
        await put(house, f"providers/{house.provider.id}/schedule", WORK)
        query: dict[str, Any] = {"month": 12, "year": 2026, "service_id": "checkup"}
        days = (await house.http.get("/api/v1/availability", params=query)).json()
        assert list(days) == ["2026-12-07", "2026-12-14", "2026-12-21", "2026-12-24", "2026-12-28"]
        assert (days["2026-12-24"][0], days["2026-12-24"][-1]) == ("10:00", "13:30")

    async def test_an_unknown_provider(self, house: House) -> None:
        refused(await put(house, f"providers/{UNKNOWN_ID}/schedule", WORK), 404, "NOT_FOUND")

    async def test_an_unknown_service(self, house: House) -> None:
        body = WORK | {"services": ["brain_surgery"]}
        refused(await put(house, f"providers/{house.provider.id}/schedule", body), 422, "VALIDATION_ERROR")

    @pytest.mark.parametrize(
        "fields",
        [
            {"weekly": {"funday": []}},
            {"weekly": {"mon": [["12:00", "09:00"]]}},
            {"weekly": {"mon": [["12:00", "12:00"]]}},
            {"overrides": [{"date": "soon", "periods": []}]},
            {"time_off": [{"from": "2026-12-02T09:00:00Z", "to": "2026-12-01T09:00:00Z"}]},
            {"time_off": [{"from": "2026-12-01T09:00:00", "to": "2026-12-02T09:00:00"}]},
            {"services": ["Not A Slug"]},
        ],
    )
    async def test_fields_that_are_not_valid(self, house: House, fields: dict[str, Any]) -> None:
        await make_service("whitening")
        before = await User.get(house.provider.id)
        answer = await put(house, f"providers/{house.provider.id}/schedule", WORK | fields)
        refused(answer, 422, "VALIDATION_ERROR")
        assert await User.get(house.provider.id) == before
