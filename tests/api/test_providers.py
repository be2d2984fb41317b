"""Who treats patients, when, and what a new schedule leaves behind (api.md section 4)."""

import asyncio
from typing import Any

import httpx2
import pytest

from app.models.appointments import Appointment
from app.models.enums import Role
from app.models.records import AuditEntry
from app.models.users import User
from tests.api.conftest import House
from tests.api.shapes import DAY, HEX_ID, INSTANT, WALL_TIME, Maybe, accepted, refused
from tests.factories import make_provider, make_service, make_user

UNKNOWN_ID = "0" * 24
SCHEDULE = {
    "user_id": HEX_ID,
    "weekly": dict,
    "overrides": [{"date": DAY, "periods": [[WALL_TIME]]}],
    "time_off": [{"from": INSTANT, "to": INSTANT}],
    "services": [str],
}
CONFLICT = {
    "appointment_id": HEX_ID,
    "patient_name": str,
    "appointment_date": INSTANT,
    "ends_at": INSTANT,
    "service_name": str,
}
NEW_SCHEDULE = SCHEDULE | {"conflicts": [CONFLICT], "conflict_count": int}
PROVIDER = {
    "user_id": HEX_ID,
    "name": str,
    "title": Maybe(str),
    "role": str,
    "services": [str],
    "is_active": bool,
}
WORK: dict[str, Any] = {
    "weekly": {"mon": [["09:00", "12:00"], ["13:00", "17:00"]]},
    "overrides": [{"date": "2026-12-24", "periods": [["10:00", "14:00"]]}],
    "time_off": [{"from": "2026-12-01T09:00:00-05:00", "to": "2026-12-02T09:00:00-05:00"}],
    "services": ["checkup"],
}
TIME_OFF = [{"from": "2026-11-24T05:00:00Z", "to": "2026-11-25T05:00:00Z"}]
EVERY_DAY = {day: [["08:00", "20:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}


async def put(house: House, body: Any, *, user_id: Any = None) -> httpx2.Response:
    path = f"/api/v1/admin/providers/{user_id or house.provider.id}/schedule"
    return await house.http.put(path, json=body, headers=house.staff)


async def free(house: House, **query: Any) -> dict[str, list[str]]:
    wanted: dict[str, Any] = {"month": 12, "year": 2026, "service_id": "checkup"} | query
    days: dict[str, list[str]] = (await house.http.get("/api/v1/availability", params=wanted)).json()
    return days


class TestList:
    async def test_whoever_treats_by_name(self, house: House) -> None:
        manager = await make_user(
            house.ctx, Role.MANAGER, name="Aaron Able", title="Office Manager", services=["checkup"]
        )
        idle = await make_user(house.ctx, Role.PROVIDER, name="Zoe Zen")
        await make_user(house.ctx, Role.FRONT_DESK)
        gone = await make_provider(house.ctx, ["checkup"], name="Gone", is_active=False)
        body = accepted(await house.get("providers"), 200, {"providers": [PROVIDER]})
        assert [row["user_id"] for row in body["providers"]] == [str(manager.id), str(house.provider.id), str(idle.id)]
        assert body["providers"][0]["title"] == "Office Manager"
        body = (await house.get("providers", include_inactive="true")).json()
        assert {row["user_id"]: row["is_active"] for row in body["providers"]}[str(gone.id)] is False

    async def test_no_secret_of_an_account_is_shown(self, house: House) -> None:
        text = (await house.get("providers")).text
        assert "hashed_password" not in text
        assert house.provider.email not in text


class TestRead:
    async def test_what_was_put(self, house: House) -> None:
        written = accepted(await put(house, WORK), 200, NEW_SCHEDULE)
        read = accepted(await house.get(f"providers/{house.provider.id}/schedule"), 200, SCHEDULE)
        assert read == {name: written[name] for name in SCHEDULE}
        assert read["weekly"] == WORK["weekly"]
        assert read["overrides"] == WORK["overrides"]
        assert read["time_off"] == [{"from": "2026-12-01T14:00:00.000Z", "to": "2026-12-02T14:00:00.000Z"}]

    async def test_an_account_without_a_schedule(self, house: House) -> None:
        body = accepted(await house.get(f"providers/{house.admin.id}/schedule"), 200, SCHEDULE)
        assert (body["weekly"], body["overrides"], body["time_off"], body["services"]) == ({}, [], [], [])

    async def test_an_unknown_account(self, house: House) -> None:
        refused(await house.get(f"providers/{UNKNOWN_ID}/schedule"), 404, "NOT_FOUND")
        refused(await house.get("providers/nobody/schedule"), 422, "VALIDATION_ERROR")


class TestPut:
    async def test_is_what_availability_offers(self, house: House) -> None:
        await put(house, WORK)
        days = await free(house)
        assert list(days) == ["2026-12-07", "2026-12-14", "2026-12-21", "2026-12-24", "2026-12-28"]
        assert (days["2026-12-24"][0], days["2026-12-24"][-1]) == ("10:00", "13:30")
        assert "12:00" not in days["2026-12-07"]
        assert {"11:30", "13:00"} <= set(days["2026-12-07"])

    async def test_an_override_without_periods_closes_the_day(self, house: House) -> None:
        await put(house, WORK | {"overrides": [{"date": "2026-12-07", "periods": []}]})
        assert "2026-12-07" not in await free(house)

    async def test_any_staff_account_may_treat(self, house: House) -> None:
        accepted(await put(house, WORK, user_id=house.admin.id), 200, NEW_SCHEDULE)
        assert await free(house, provider_id=str(house.admin.id))

    async def test_what_is_left_out_is_emptied(self, house: House) -> None:
        await put(house, WORK)
        body = accepted(await put(house, {"services": ["checkup", "checkup"]}), 200, NEW_SCHEDULE)
        assert (body["weekly"], body["overrides"], body["time_off"], body["services"]) == ({}, [], [], ["checkup"])

    async def test_is_audited(self, house: House) -> None:
        await put(house, WORK)
        row = await AuditEntry.find_one({"action": "provider.schedule_set"})
        assert row is not None
        assert (row.actor, row.document_id) == (f"user:{house.admin.id}", str(house.provider.id))

    async def test_an_unknown_account(self, house: House) -> None:
        refused(await put(house, WORK, user_id=UNKNOWN_ID), 404, "NOT_FOUND")

    async def test_an_unknown_service_is_named(self, house: House) -> None:
        body = refused(await put(house, WORK | {"services": ["checkup", "brain_surgery"]}), 422, "VALIDATION_ERROR")
        assert body["errors"][0]["field"] == "body.services"
        assert "brain_surgery" in body["detail"]

    @pytest.mark.parametrize(
        ("fields", "field"),
        [
            ({"weekly": {"funday": []}}, "body.weekly.funday"),
            ({"weekly": {"mon": [["12:00", "09:00"]]}}, "body.weekly.mon.0"),
            ({"weekly": {"mon": [["12:00", "12:00"]]}}, "body.weekly.mon.0"),
            ({"weekly": {"mon": [["09:00", "13:00"], ["12:00", "17:00"]]}}, "body.weekly.mon"),
            ({"weekly": {"mon": [["13:00", "17:00"], ["09:00", "12:00"]]}}, "body.weekly.mon"),
            ({"weekly": {"mon": [["09:00", "12:00"]] * 2}}, "body.weekly.mon"),
            ({"weekly": {"mon": [["24:00", "24:00"]]}}, "body.weekly.mon.0"),
            ({"weekly": {"mon": [["9:00", "12:00"]]}}, "body.weekly.mon.0"),
            ({"weekly": None}, "body.weekly"),
            ({"overrides": [{"date": "soon", "periods": []}]}, "body.overrides.0.date"),
            ({"overrides": [{"date": "2026-12-24", "periods": []}] * 2}, "body.overrides"),
            (
                {"overrides": [{"date": "2026-12-24", "periods": [["10:00", "14:00"], ["13:00", "15:00"]]}]},
                "body.overrides.0.periods",
            ),
            ({"time_off": [{"from": "2026-12-02T09:00:00Z", "to": "2026-12-01T09:00:00Z"}]}, "body.time_off.0"),
            ({"time_off": [{"from": "2026-12-01T09:00:00", "to": "2026-12-02T09:00:00"}]}, "body.time_off.0.from"),
            ({"services": ["Not A Slug"]}, "body.services.0"),
            ({"services": [{"$ne": ""}]}, "body.services.0"),
            ({"role": "admin"}, "body.role"),
        ],
    )
    async def test_fields_that_are_not_valid(self, house: House, fields: dict[str, Any], field: str) -> None:
        await make_service("whitening")
        before = await User.get(house.provider.id)
        body = refused(await put(house, WORK | fields), 422, "VALIDATION_ERROR")
        assert any(problem["field"].startswith(field) for problem in body["errors"]), body["errors"]
        assert await User.get(house.provider.id) == before


class TestConflicts:
    """A visit that is booked stands; staff are told that somebody should call."""

    async def test_time_off_over_a_booked_visit(self, house: House) -> None:
        visit = (await house.desk()).json()
        answer = await put(house, {"weekly": EVERY_DAY, "time_off": TIME_OFF, "services": ["checkup"]})
        body = accepted(answer, 200, NEW_SCHEDULE)
        assert body["conflict_count"] == 1
        [conflict] = body["conflicts"]
        assert conflict["appointment_id"] == visit["appointment_id"]
        assert (conflict["patient_name"], conflict["appointment_date"]) == ("Dora Desk", visit["appointment_date"])
        stored = await Appointment.get(visit["appointment_id"])
        assert stored is not None
        assert stored.status == "booked"
        row = await AuditEntry.find_one({"action": "provider.schedule_set"})
        assert row is not None
        assert (row.patient_ids, row.details["conflicts"]) == ([stored.patient_id], 1)

    async def test_a_visit_that_still_fits_is_none(self, house: House) -> None:
        await house.desk()
        body = accepted(await put(house, {"weekly": EVERY_DAY, "services": ["checkup"]}), 200, NEW_SCHEDULE)
        assert (body["conflicts"], body["conflict_count"]) == ([], 0)

    async def test_one_that_runs_over_the_end_is(self, house: House) -> None:
        await house.desk()
        weekly = {"tue": [["09:00", "10:15"]]}  # the visit is at ten, for half an hour
        assert (await put(house, {"weekly": weekly, "services": ["checkup"]})).json()["conflict_count"] == 1

    async def test_neither_the_past_nor_a_cancelled_visit_nor_a_colleagues(self, house: House) -> None:
        visit = (await house.desk()).json()
        colleague = await make_provider(house.ctx, ["checkup"])
        assert (await put(house, {}, user_id=colleague.id)).json()["conflicts"] == []
        await house.post(f"appointments/{visit['appointment_id']}/cancel")
        assert (await put(house, {"services": ["checkup"]})).json()["conflicts"] == []

    async def test_two_at_once_leave_one_whole_schedule(self, house: House) -> None:
        bodies = [WORK | {"weekly": {day: [["09:00", "12:00"]]}} for day in ("mon", "tue", "wed")]
        answers = await asyncio.gather(*(put(house, body) for body in bodies))
        assert [answer.status_code for answer in answers] == [200, 200, 200]
        stored = (await house.get(f"providers/{house.provider.id}/schedule")).json()
        assert stored["weekly"] in [body["weekly"] for body in bodies]
