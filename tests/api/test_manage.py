"""GET and POST /manage/{token}: one visit, by its link alone (api.md section 2, domain.md section 7)."""

import asyncio
from datetime import date, timedelta
from typing import Any

import httpx2
import pytest

from app.models.appointments import Appointment
from app.models.enums import AppointmentStatus, CampaignStatus, MessageKind
from app.models.links import PatientLink
from app.models.outbox import OutboundMessage
from app.services import appointments, campaigns, listed_wishes, managed_visits, visits
from app.services.appointments import BookingRequest
from tests.api.conftest import House
from tests.api.shapes import HEX_ID, INSTANT, accepted, refused
from tests.conftest import Clock
from tests.factories import make_patient, make_provider, make_recovery, wall
from tests.services.visit_links import book_visit, manage_tokens

VISIT = {
    "appointment_id": HEX_ID,
    "appointment_date": INSTANT,
    "ends_at": INSTANT,
    "duration_minutes": int,
    "service_name": str,
    "status": str,
    "can_move": bool,
    "can_cancel": bool,
}
WEDNESDAY_NINE = "2026-11-25T09:00"


async def booked(house: House, **fields: Any) -> tuple[Appointment, str]:
    """A visit on Tuesday at ten and its manage token."""
    visit = await book_visit(house.ctx, house.clinic, await make_patient(house.ctx, **fields))
    [token] = await manage_tokens(visit)
    return visit, token


async def see(house: House, token: str) -> httpx2.Response:
    return await house.http.get(f"/api/v1/manage/{token}")


async def change(house: House, token: str, action: str, at: str | None = None) -> httpx2.Response:
    body = {"action": action} | ({"appointment_date": at} if at else {})
    return await house.http.post(f"/api/v1/manage/{token}", json=body)


class TestSeeing:
    async def test_it_shows_the_visit_and_nothing_of_the_patient(self, house: House) -> None:
        visit, token = await booked(house, name="Maria Alvarez")
        body = accepted(await see(house, token), 200, VISIT)
        assert (body["appointment_id"], body["status"], body["can_move"]) == (str(visit.id), "booked", True)
        assert "Maria" not in str(body)

    @pytest.mark.parametrize("token", ["x", "A" * 22])
    async def test_a_token_of_nobody_is_404(self, house: House, token: str) -> None:
        refused(await see(house, token), 404, "NOT_FOUND")

    async def test_a_booking_link_is_not_a_manage_link(self, house: House) -> None:
        token = await house.link_token(await make_patient(house.ctx))
        refused(await see(house, token), 404, "NOT_FOUND")
        refused(await change(house, token, "cancel"), 404, "NOT_FOUND")

    async def test_a_manage_link_books_nothing(self, house: House) -> None:
        _, token = await booked(house)
        refused(await house.book(token=token, at=WEDNESDAY_NINE), 404, "PATIENT_NOT_MATCHED")

    async def test_it_ends_a_day_after_the_visit(self, house: House, clock: Clock) -> None:
        _, token = await booked(house)
        clock.forward(days=3)
        refused(await see(house, token), 404, "NOT_FOUND")

    async def test_a_revoked_link_is_404(self, house: House) -> None:
        _, token = await booked(house)
        await PatientLink.collection().update_many({}, {"$set": {"revoked_at": house.ctx.now()}})
        refused(await see(house, token), 404, "NOT_FOUND")

    async def test_the_token_is_stored_only_as_a_hash(self, house: House) -> None:
        _, token = await booked(house)
        assert token not in str(await PatientLink.collection().find().to_list())


class TestCancelling:
    async def test_it_frees_the_slot_reopens_the_campaign_and_tells_the_patient(self, house: House) -> None:
        campaign = await make_recovery(house.ctx, patient_email="lena@example.com")
        answer = await house.book(email="lena@example.com")
        visit = await Appointment.get(answer.json()["appointment_id"])
        assert visit is not None
        [token] = await manage_tokens(visit)
        body = accepted(await change(house, token, "cancel"), 200, VISIT)
        assert (body["status"], body["can_move"], body["can_cancel"]) == ("cancelled", False, False)
        assert (await campaigns.get(campaign.id)).status is CampaignStatus.RE_ENGAGED
        assert await Appointment.find({"slot_keys": {"$exists": True}}).count() == 0
        assert await OutboundMessage.find({"kind": MessageKind.CONFIRMATION}).count() == 2

    async def test_a_second_cancel_changes_nothing(self, house: House) -> None:
        visit, token = await booked(house)
        for _ in range(2):
            accepted(await change(house, token, "cancel"), 200, VISIT)
        stored = await Appointment.get(visit.id)
        assert stored is not None
        assert stored.ics_sequence == 1

    async def test_a_visit_that_has_begun_stays(self, house: House, clock: Clock) -> None:
        visit, token = await booked(house)
        clock.forward(days=1, hours=4)
        refused(await change(house, token, "cancel"), 409, "CONFLICT")
        refused(await change(house, token, "reschedule", WEDNESDAY_NINE), 409, "CONFLICT")
        assert (await visits.get(visit.id)).status is AppointmentStatus.BOOKED


class TestMoving:
    async def test_it_moves_with_one_write_and_sends_a_new_link(self, house: House) -> None:
        visit, token = await booked(house)
        body = accepted(await change(house, token, "reschedule", WEDNESDAY_NINE), 200, VISIT)
        assert body["appointment_date"] == "2026-11-25T14:00:00.000Z"
        assert body["appointment_id"] == str(visit.id)
        assert len(await manage_tokens(visit)) == 2

    async def test_to_where_it_is_changes_nothing(self, house: House) -> None:
        visit, token = await booked(house)
        accepted(await change(house, token, "reschedule", "2026-11-24T10:00"), 200, VISIT)
        assert (await visits.get(visit.id)).ics_sequence == 0

    async def test_it_is_not_in_its_own_way(self, house: House) -> None:
        _, token = await booked(house)  # 10:00 to 10:30
        body = accepted(await change(house, token, "reschedule", "2026-11-24T10:15"), 200, VISIT)
        assert body["appointment_date"] == "2026-11-24T15:15:00.000Z"

    @pytest.mark.parametrize("at", ["2026-11-25T03:00", "2026-11-25T09:07", "2026-11-22T10:00", "2027-11-25T09:00"])
    async def test_an_impossible_time_is_422_and_leaves_it(self, house: House, at: str) -> None:
        visit, token = await booked(house)
        refused(await change(house, token, "reschedule", at), 422, "VALIDATION_ERROR")
        assert (await visits.get(visit.id)).appointment_date == visit.appointment_date

    async def test_a_visit_longer_than_its_service_moves_only_where_it_fits(self, house: House, clock: Clock) -> None:
        """Staff booked 90 minutes; the day ends at 17:00. The list's page judges by the same length."""
        visit, token = await booked(house)
        ends = visit.appointment_date + timedelta(minutes=90)
        longer = {"duration_minutes": 90, "ends_at": ends, "busy_until": ends}
        await Appointment.collection().update_one({"_id": visit.id}, {"$set": longer})
        managed = await managed_visits.open_link(house.ctx, token)
        day = date(2026, 11, 25)
        free = (await managed_visits.free_slots(house.ctx, managed, [day]))[day]
        assert free[-1] == wall(house.clinic, "2026-11-25 15:30")
        clock.forward(hours=3)
        soon = await listed_wishes.free_now(house.ctx, await listed_wishes.open_link(house.ctx, token))
        assert max(start for start in soon if start.day == 23) == wall(house.clinic, "2026-11-23 15:30")
        refused(await change(house, token, "reschedule", "2026-11-25T16:30"), 422, "VALIDATION_ERROR")
        body = accepted(await change(house, token, "reschedule", "2026-11-25T15:30"), 200, VISIT)
        assert body["duration_minutes"] == 90

    async def test_a_taken_time_is_409_with_others_and_leaves_it(self, house: House) -> None:
        visit, token = await booked(house)
        await book_visit(house.ctx, house.clinic, await make_patient(house.ctx), "2026-11-25 09:00")
        body = refused(await change(house, token, "reschedule", WEDNESDAY_NINE), 409, "SLOT_TAKEN")
        assert len(body["alternatives"]) == 5
        assert (await visits.get(visit.id)).appointment_date == visit.appointment_date

    async def test_another_provider_takes_it_when_ones_own_is_busy(self, house: House) -> None:
        visit, token = await booked(house)
        other = await make_provider(house.ctx, ["checkup"])
        request = BookingRequest(
            name="x",
            email=(await make_patient(house.ctx, email="busy@example.com")).email,
            phone=None,
            start=wall(house.clinic, "2026-11-25 09:00"),
            service_name="checkup",
            provider_id=visit.provider_id,
        )
        await appointments.book(house.ctx, request)
        accepted(await change(house, token, "reschedule", WEDNESDAY_NINE), 200, VISIT)
        assert (await visits.get(visit.id)).provider_id == other.id

    async def test_ten_patients_who_want_one_time_get_one_of_it(self, house: House) -> None:
        pairs = []
        for quarter in range(10):
            hour, minute = divmod(quarter * 30, 60)
            at = f"2026-11-24 {9 + hour if hour < 3 else 10 + hour:02d}:{minute:02d}"
            visit = await book_visit(house.ctx, house.clinic, await make_patient(house.ctx), at)
            pairs.append((visit, (await manage_tokens(visit))[0]))
        answers = await asyncio.gather(*(change(house, token, "reschedule", WEDNESDAY_NINE) for _, token in pairs))
        assert sorted(answer.status_code for answer in answers) == [200] + [409] * 9
        moved = {(await visits.get(visit.id)).appointment_date for visit, _ in pairs}
        assert len(moved) == 10

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"action": "reschedule"},
            {"action": "cancel", "appointment_date": WEDNESDAY_NINE},
            {"action": "delete"},
            {"action": "cancel", "patient_id": "0" * 24},
            {"action": {"$ne": None}},
        ],
    )
    async def test_a_body_that_makes_no_sense_is_422(self, house: House, body: dict[str, Any]) -> None:
        visit, token = await booked(house)
        refused(await house.http.post(f"/api/v1/manage/{token}", json=body), 422, "VALIDATION_ERROR")
        assert (await visits.get(visit.id)).status is AppointmentStatus.BOOKED
