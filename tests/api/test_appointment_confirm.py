"""`POST /admin/appointments/{id}/confirm` and the clinic's `reminders` setting (domain.md section 7)."""

from typing import Any

import pytest

from app.models.enums import Role
from app.models.records import AuditEntry
from tests.api.conftest import House
from tests.api.shapes import APPOINTMENT, accepted, refused
from tests.factories import make_user, token_for

NOBODY = "0" * 24


async def booked(house: House) -> str:
    return str((await house.desk()).json()["appointment_id"])


async def confirm(house: House, visit: str, status: Any) -> Any:
    return await house.post(f"appointments/{visit}/confirm", {"status": status})


class TestConfirm:
    @pytest.mark.parametrize(
        ("status", "review"),
        [
            ("confirmed", None),
            ("running_late", "patient_running_late"),
            ("cannot_come", "patient_cannot_come"),
            ("unconfirmed", None),
        ],
    )
    async def test_staff_write_down_what_the_patient_said(self, house: House, status: str, review: str | None) -> None:
        body = accepted(await confirm(house, await booked(house), status), 200, APPOINTMENT)
        assert (body["confirmation_status"], body["needs_review"], body["status"]) == (status, review, "booked")

    async def test_a_second_click_changes_nothing(self, house: House) -> None:
        visit = await booked(house)
        first = (await confirm(house, visit, "confirmed")).json()
        assert (await confirm(house, visit, "confirmed")).json() == first
        assert await AuditEntry.find({"action": "appointment.confirmation_changed"}).count() == 1

    async def test_a_change_of_mind_takes_the_mark_away(self, house: House) -> None:
        visit = await booked(house)
        await confirm(house, visit, "cannot_come")
        body = (await confirm(house, visit, "confirmed")).json()
        assert (body["confirmation_status"], body["needs_review"]) == ("confirmed", None)

    async def test_moving_the_visit_asks_anew(self, house: House) -> None:
        visit = await booked(house)
        await confirm(house, visit, "cannot_come")
        moved = await house.post(f"appointments/{visit}/reschedule", {"appointment_date": "2026-11-25T10:00"})
        body = accepted(moved, 200, APPOINTMENT)
        assert (body["confirmation_status"], body["needs_review"]) == ("unconfirmed", None)

    @pytest.mark.parametrize("end", ["cancel", "no-show", "complete"])
    async def test_a_visit_that_is_not_booked_any_more(self, house: House, end: str) -> None:
        visit = await booked(house)
        await house.post(f"appointments/{visit}/{end}")
        refused(await confirm(house, visit, "confirmed"), 409, "CONFLICT")

    async def test_an_unknown_visit(self, house: House) -> None:
        refused(await confirm(house, NOBODY, "confirmed"), 404, "NOT_FOUND")

    @pytest.mark.parametrize("status", ["CONFIRMED", "", "yes", None, 1, ["confirmed"], {"$ne": "x"}])
    async def test_what_is_no_status(self, house: House, status: Any) -> None:
        refused(await confirm(house, await booked(house), status), 422, "VALIDATION_ERROR")

    async def test_a_provider_may_not(self, house: House) -> None:
        visit = await booked(house)
        headers = token_for(house.ctx, await make_user(house.ctx, Role.PROVIDER))
        path = f"/api/v1/admin/appointments/{visit}/confirm"
        refused(await house.http.post(path, json={"status": "confirmed"}, headers=headers), 403, "PERMISSION_DENIED")


class TestSetting:
    async def patch(self, house: House, reminders: Any) -> Any:
        body = {"booking": {"reminders": reminders}}
        return await house.http.patch("/api/v1/admin/clinic", json=body, headers=house.staff)

    async def test_the_defaults(self, house: House) -> None:
        assert (await house.get("clinic")).json()["booking"]["reminders"] == ["7d", "2d", "3h"]

    @pytest.mark.parametrize("reminders", [[], ["1d"], ["30d", "23h", "1h"], ["1d", "1d"]])
    async def test_a_clinics_own(self, house: House, reminders: list[str]) -> None:
        body = (await self.patch(house, reminders)).json()
        assert body["booking"]["reminders"] == list(dict.fromkeys(reminders))

    @pytest.mark.parametrize("reminders", [None, "7d", ["31d"], ["0d"], ["24h"], ["7"], ["d7"], ["1d"] * 6, [7]])
    async def test_what_is_none(self, house: House, reminders: Any) -> None:
        refused(await self.patch(house, reminders), 422, "VALIDATION_ERROR")

    async def test_the_job_can_be_run_and_asked(self, house: House) -> None:
        await booked(house)
        assert (await house.post("jobs/reminders/run", {"dry_run": True})).json()["due"] == 0
        assert (await house.post("jobs/reminders/run")).json() == {}
