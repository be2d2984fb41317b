"""The services that the clinic offers, for staff and for everybody (api.md sections 2 and 4)."""

import asyncio
from typing import Any

import httpx2
import pytest

from app.models.enums import AppointmentStatus
from app.models.records import AuditEntry
from app.models.services import Service
from app.models.users import User
from tests.api.conftest import House
from tests.api.shapes import NUMBER, Maybe, accepted, refused
from tests.factories import make_provider, make_service

SERVICE = {
    "service_id": str,
    "name": str,
    "duration_minutes": int,
    "price": Maybe(NUMBER),
    "buffer_before_minutes": int,
    "buffer_after_minutes": int,
    "is_public": bool,
}


async def put(house: House, service_id: str, body: Any) -> httpx2.Response:
    return await house.http.put(f"/api/v1/admin/services/{service_id}", json=body, headers=house.staff)


async def delete(house: House, service_id: str) -> httpx2.Response:
    return await house.http.delete(f"/api/v1/admin/services/{service_id}", headers=house.staff)


class TestRead:
    async def test_all_by_name_hidden_ones_too(self, house: House) -> None:
        await make_service("whitening", is_public=False, price=None)
        await make_service("adjustment")
        body = accepted(await house.get("services"), 200, {"services": [SERVICE]})
        assert [row["service_id"] for row in body["services"]] == ["adjustment", "checkup", "whitening"]

    async def test_one(self, house: House) -> None:
        body = accepted(await house.get("services/checkup"), 200, SERVICE)
        assert (body["name"], body["duration_minutes"], body["price"]) == ("Checkup", 30, 90.0)

    async def test_an_unknown_one(self, house: House) -> None:
        refused(await house.get("services/brain_surgery"), 404, "NOT_FOUND")
        refused(await house.get("services/%24where"), 422, "VALIDATION_ERROR")


class TestPublic:
    async def test_only_what_is_public_and_only_what_the_public_needs(self, house: House) -> None:
        await make_service("staff_training", is_public=False, price=1.0)
        body = (await house.http.get("/api/v1/services")).json()
        assert body == {
            "services": [{"service_id": "checkup", "name": "Checkup", "duration_minutes": 30, "price": 90.0}]
        }

    async def test_empty(self, house: House) -> None:
        await Service.find_all().delete()
        assert accepted(await house.http.get("/api/v1/services"), 200, {"services": []}) == {"services": []}


class TestPut:
    async def test_created_then_replaced(self, house: House) -> None:
        full = {
            "name": "Whitening",
            "duration_minutes": 60,
            "price": 400.0,
            "buffer_before_minutes": 10,
            "buffer_after_minutes": 15,
        }
        body = accepted(await put(house, "teeth_whitening", full), 200, SERVICE)
        assert body == full | {"service_id": "teeth_whitening", "is_public": True}
        again = accepted(
            await put(house, "teeth_whitening", {"name": "Bleaching", "duration_minutes": 45}), 200, SERVICE
        )
        assert (again["name"], again["duration_minutes"], again["price"]) == ("Bleaching", 45, None)
        assert await Service.find_all().count() == 2
        rows = await AuditEntry.find({"action": "service.put"}).sort("_id").to_list()
        assert [row.details["created"] for row in rows] == [True, False]

    async def test_a_name_belongs_to_one_service(self, house: House) -> None:
        refused(await put(house, "other", {"name": "CHECKUP", "duration_minutes": 30}), 409, "CONFLICT")
        assert await Service.get("other") is None

    async def test_of_two_who_take_a_name_at_once_one_gets_it(self, house: House) -> None:
        body = {"name": "Bleaching", "duration_minutes": 30}
        answers = await asyncio.gather(*(put(house, f"bleaching_{number}", body) for number in range(6)))
        assert sorted(answer.status_code for answer in answers) == [200] + [409] * 5

    @pytest.mark.parametrize("service_id", ["Teeth", "a b", "-x", "x" * 65, "%24ne"])
    async def test_an_id_that_is_no_slug(self, house: House, service_id: str) -> None:
        answer = await put(house, service_id, {"name": "X", "duration_minutes": 30})
        refused(answer, 422, "VALIDATION_ERROR")

    @pytest.mark.parametrize(
        "fields",
        [
            {"name": ""},
            {"name": {"$ne": None}},
            {"duration_minutes": 0},
            {"duration_minutes": 31},
            {"price": -1},
            {"price": "1e400"},
            {"buffer_after_minutes": 3},
            {"buffer_before_minutes": -5},
            {"buffer_before_minutes": 245},
            {"is_public": None},
            {"_id": "x"},
        ],
    )
    async def test_fields_that_are_not_valid(self, house: House, fields: dict[str, Any]) -> None:
        body = {"name": "Whitening", "duration_minutes": 60} | fields
        refused(await put(house, "whitening", body), 422, "VALIDATION_ERROR")


class TestDelete:
    async def test_nobody_performs_it_any_more(self, house: House) -> None:
        await make_service("whitening")
        both = await make_provider(house.ctx, ["whitening", "checkup"])
        assert (await delete(house, "whitening")).status_code == 204
        assert await Service.get("whitening") is None
        provider = await User.get(both.id)
        assert provider is not None
        assert provider.services == ["checkup"]
        row = await AuditEntry.find_one({"action": "service.deleted"})
        assert row is not None
        assert row.details == {"name": "Whitening", "providers": 1}

    async def test_the_second_click(self, house: House) -> None:
        await make_service("whitening")
        answers = await asyncio.gather(*(delete(house, "whitening") for _ in range(4)))
        assert sorted(answer.status_code for answer in answers) == [204, 404, 404, 404]
        assert await AuditEntry.find({"action": "service.deleted"}).count() == 1

    async def test_not_while_visits_lie_ahead(self, house: House) -> None:
        visit = (await house.desk()).json()
        body = refused(await delete(house, "checkup"), 409, "SERVICE_IN_USE")
        assert body["future_visits"] == 1
        provider = await User.get(house.provider.id)
        assert provider is not None
        assert provider.services == ["checkup"]
        cancelled = await house.post(f"appointments/{visit['appointment_id']}/cancel")
        assert cancelled.json()["status"] == AppointmentStatus.CANCELLED
        assert (await delete(house, "checkup")).status_code == 204

    async def test_a_visit_of_the_past_keeps_the_name(self, house: House) -> None:
        visit = (await house.desk()).json()
        house.ctx.now.forward(days=30)  # type: ignore[attr-defined]  # the tests' clock
        assert (await delete(house, "checkup")).status_code == 204
        found = await house.get("appointments", start_date="2026-11-24", end_date="2026-11-24")
        assert [row["service_name"] for row in found.json()["appointments"]] == [visit["service_name"]]
