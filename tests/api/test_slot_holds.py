"""Keeping a time while a form is open, over HTTP: for anybody, telling nothing (ADR 0013, trust.md 2.7)."""

import re
from typing import Any

import httpx2
import pytest

from app.models.appointments import Appointment
from app.models.slot_holds import SlotHold
from app.settings import Settings
from tests.api.conftest import TUESDAY_TEN, House
from tests.api.shapes import ALTERNATIVE, INSTANT, accepted, differences, refused, without_marks
from tests.conftest import make_settings
from tests.factories import make_patient, make_provider

HOLD = "/api/v1/appointments/hold"
HELD = {"hold": re.compile(r"[A-Za-z0-9_-]{22}"), "held_until": INSTANT}


async def ask(house: House, at: str = TUESDAY_TEN, **fields: Any) -> httpx2.Response:
    body = {"service_name": "checkup", "appointment_date": at} | fields
    return await house.http.post(HOLD, json=body)


async def held(house: House, at: str = TUESDAY_TEN, **fields: Any) -> str:
    token: str = accepted(await ask(house, at, **fields), 200, HELD)["hold"]
    return token


async def free(house: House, **params: Any) -> list[str]:
    query: dict[str, Any] = {"month": 11, "year": 2026, "service_id": "checkup"} | params
    days: dict[str, list[str]] = (await house.http.get("/api/v1/availability", params=query)).json()
    return days["2026-11-24"]


class TestHold:
    async def test_it_answers_a_token_and_until_when(self, house: House) -> None:
        body = accepted(await ask(house), 200, HELD)
        assert body["held_until"] == "2026-11-23T15:05:00.000Z"

    async def test_others_do_not_see_the_time_and_the_holder_does(self, house: House) -> None:
        token = await held(house)
        assert "10:00" not in await free(house)
        assert "10:00" in await free(house, hold=token)
        assert "10:00" not in await free(house, hold="A" * 22)

    async def test_to_others_it_looks_taken_and_nothing_else(self, house: House) -> None:
        """Held or booked: the same status, code, words and alternatives, byte for byte."""
        token = await held(house)
        while_held = [refused(await ask(house), 409, "SLOT_TAKEN"), refused(await house.book(), 409, "SLOT_TAKEN")]
        await house.http.delete(f"{HOLD}/{token}")
        assert (await house.book(email=(await make_patient(house.ctx)).email)).status_code == 200
        when_booked = [refused(await ask(house), 409), refused(await house.book(), 409)]
        assert [without_marks(each) for each in when_booked] == [without_marks(each) for each in while_held]
        assert differences(while_held[0]["alternatives"], [ALTERNATIVE]) == []

    async def test_it_moves_with_its_token(self, house: House) -> None:
        token = await held(house)
        assert await held(house, "2026-11-24T11:00", hold=token) == token
        assert "10:00" in await free(house)
        assert await SlotHold.count() == 1

    async def test_a_named_provider(self, house: House) -> None:
        other = await make_provider(house.ctx, ["checkup"])
        await held(house, provider_id=str(other.id))
        refused(await ask(house, provider_id=str(other.id)), 409, "SLOT_TAKEN")
        await held(house, provider_id=str(house.provider.id))
        refused(await ask(house, provider_id="0" * 24), 404, "NOT_FOUND")

    @pytest.mark.parametrize(
        "fields",
        [
            {"service_name": "massage"},
            {"service_name": None},
            {"appointment_date": "2026-11-24T10:07"},
            {"appointment_date": "2026-11-24T20:00"},
            {"appointment_date": "2026-11-01T10:00"},
            {"appointment_date": "2027-03-14T02:30"},
            {"appointment_date": "tomorrow"},
            {"hold": "short"},
            {"hold": "x" * 65},
            {"hold": {"$ne": None}},
            {"name": "Anna"},
        ],
    )
    async def test_what_cannot_be(self, house: House, fields: dict[str, Any]) -> None:
        refused(await ask(house, **fields), 422, "VALIDATION_ERROR")
        assert await SlotHold.count() == 0

    async def test_a_second_click_under_one_key_is_one_hold(self, house: House) -> None:
        body, key = {"service_name": "checkup", "appointment_date": TUESDAY_TEN}, {"Idempotency-Key": "one"}
        first, again = [await house.http.post(HOLD, json=body, headers=key) for _ in range(2)]
        assert first.json() == again.json()
        assert await SlotHold.count() == 1


class TestBook:
    async def test_with_the_hold(self, house: House) -> None:
        patient = await make_patient(house.ctx)
        token = await held(house)
        refused(await house.book(email=patient.email), 409, "SLOT_TAKEN")
        assert (await house.book(email=patient.email, hold=token)).status_code == 200
        assert await SlotHold.count() == 0

    async def test_with_one_that_is_unknown_over_or_elsewhere(self, house: House) -> None:
        elsewhere = await held(house, "2026-11-25T10:00")
        for at, token in (("10:00", "A" * 22), ("11:00", elsewhere)):
            patient = await make_patient(house.ctx)
            answer = await house.book(at=f"2026-11-24T{at}", email=patient.email, hold=token)
            assert answer.status_code == 200, answer.text

    @pytest.mark.parametrize("hold", ["", "short", "has space has space has", 5, ["A" * 22]])
    async def test_with_what_is_no_token(self, house: House, hold: Any) -> None:
        refused(await house.book(hold=hold), 422, "VALIDATION_ERROR")

    async def test_a_stranger_learns_nothing_through_a_hold(self, house: House) -> None:
        """The time is judged first, hold or not: then the one answer for everybody who is not matched."""
        token = await held(house)
        refused(await house.book(hold=token), 404, "PATIENT_NOT_MATCHED")
        assert await Appointment.count() == 0


class TestRelease:
    async def test_the_time_is_free_at_once_and_the_answer_is_always_the_same(self, house: House) -> None:
        token = await held(house)
        for path in (token, token, "B" * 40):
            answer = await house.http.delete(f"{HOLD}/{path}")
            assert (answer.status_code, answer.content) == (204, b"")
        assert "10:00" in await free(house)

    async def test_what_is_no_token_is_none(self, house: House) -> None:
        refused(await house.http.delete(f"{HOLD}/x"), 422, "VALIDATION_ERROR")


class TestStaff:
    async def test_the_desk_is_told_why(self, house: House) -> None:
        await held(house)
        body = refused(await house.desk(), 409, "SLOT_HELD")
        assert body["held_until"] == "2026-11-23T15:05:00Z"
        assert differences(body["alternatives"], [ALTERNATIVE]) == []
        visit = (await house.desk(at="2026-11-24T11:00")).json()
        moving = await house.post(
            f"appointments/{visit['appointment_id']}/reschedule", {"appointment_date": TUESDAY_TEN}
        )
        refused(moving, 409, "SLOT_HELD")


class TestLimits:
    @pytest.fixture
    def settings(self) -> Settings:
        return make_settings(rate_limits="on")

    async def test_one_address_cannot_keep_a_calendar(self, house: House) -> None:
        for hour in ("09", "10", "11", "13", "14"):
            await held(house, f"2026-11-24T{hour}:00")
        body = refused(await ask(house, "2026-11-24T15:00"), 429, "TOO_MANY_HOLDS")
        assert body["retry_after"] == 300
        assert "15:00" in await free(house)

    async def test_nor_ask_without_end(self, house: House) -> None:
        token = await held(house)
        answers = [await ask(house, hold=token) for _ in range(20)]
        assert [answer.status_code for answer in answers] == [200] * 19 + [429]
        assert answers[-1].headers["Retry-After"] == "60"

    async def test_letting_go_has_a_limit_of_its_own(self, house: House) -> None:
        answers = [await house.http.delete(f"{HOLD}/{'A' * 22}") for _ in range(61)]
        assert [answer.status_code for answer in answers] == [204] * 60 + [429]
