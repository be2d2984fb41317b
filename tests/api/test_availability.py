"""Free times for everybody (api.md section 2, domain.md section 7)."""

import re
from typing import Any

import httpx2
import pytest

from app.context import Context
from app.models.users import DateOverride, TimeOff, WorkSchedule
from tests.api.conftest import TUESDAY_TEN, House
from tests.api.shapes import DAY, WALL_TIME, refused
from tests.factories import OFFICE_WEEK, make_clinic, make_patient, make_provider, make_service, wall

URL = "/api/v1/availability"
UNKNOWN_ID = "0" * 24


async def free(http: httpx2.AsyncClient, month: int = 11, year: int = 2026, **params: str) -> dict[str, list[str]]:
    """The free times of a month, each date and time checked for its form."""
    query: dict[str, Any] = {"month": month, "year": year, "service_id": "checkup"} | params
    answer = await http.get(URL, params=query)
    assert answer.status_code == 200, answer.text
    days: dict[str, list[str]] = answer.json()
    assert all(re.fullmatch(DAY, day) for day in days)
    assert all(re.fullmatch(WALL_TIME, time) for times in days.values() for time in times)
    return days


class TestDays:
    async def test_only_days_with_a_free_time_are_there(self, house: House) -> None:
        days = await free(house.http)
        assert list(days) == ["2026-11-23", "2026-11-24", "2026-11-25", "2026-11-26", "2026-11-27", "2026-11-30"]

    async def test_times_are_on_the_grid_inside_working_periods(self, house: House) -> None:
        tuesday = (await free(house.http))["2026-11-24"]
        assert tuesday[:3] == ["09:00", "09:15", "09:30"]
        assert "11:30" in tuesday
        assert not {"11:45", "12:00", "12:45"} & set(tuesday)
        assert tuesday[-1] == "16:30"

    async def test_today_begins_after_the_notice(self, house: House) -> None:
        assert (await free(house.http))["2026-11-23"][0] == "13:00"

    async def test_a_month_that_is_over_is_empty(self, house: House) -> None:
        assert await free(house.http, 10) == {}

    async def test_a_month_beyond_the_horizon_is_empty(self, house: House) -> None:
        assert await free(house.http, 11, 2027) == {}

    async def test_holidays_are_closed(self, ctx: Context, client: httpx2.AsyncClient) -> None:
        await make_clinic(holidays=["2026-11-26"])
        await make_service()
        await make_provider(ctx, ["checkup"])
        assert "2026-11-26" not in await free(client)

    async def test_times_are_clinic_local_on_both_sides_of_the_clock_change(self, house: House) -> None:
        march = await free(house.http, 3, 2027)
        assert (march["2027-03-12"][0], march["2027-03-15"][0]) == ("09:00", "09:00")
        answer = await house.book(at="2027-03-15T09:00", email=(await make_patient(house.ctx)).email)
        assert answer.status_code == 200, answer.text
        assert (await free(house.http, 3, 2027))["2027-03-15"][0] == "09:30"


class TestTaken:
    async def test_a_booked_time_is_gone_and_comes_back_when_cancelled(self, house: House) -> None:
        visit = (await house.desk(at=TUESDAY_TEN)).json()
        tuesday = (await free(house.http))["2026-11-24"]
        assert not {"09:45", "10:00", "10:15"} & set(tuesday)
        assert {"09:30", "10:30"} <= set(tuesday)
        await house.post(f"appointments/{visit['appointment_id']}/cancel")
        assert "10:00" in (await free(house.http))["2026-11-24"]

    async def test_the_buffer_of_a_service_is_kept_free(self, house: House) -> None:
        await make_service("whitening", duration_minutes=30, buffer_after_minutes=30)
        await house.provider.set({"services": ["checkup", "whitening"]})
        await house.desk(at=TUESDAY_TEN, service_name="whitening")
        tuesday = (await free(house.http))["2026-11-24"]
        assert not {"10:30", "10:45"} & set(tuesday)
        assert "11:00" in tuesday

    async def test_time_off_and_overrides_count(self, house: House) -> None:
        off = TimeOff(start=wall(house.clinic, "2026-11-24 09:00"), end=wall(house.clinic, "2026-11-24 13:00"))
        saturday = DateOverride.model_validate({"date": "2026-11-28", "periods": [("10:00", "11:00")]})
        schedule = WorkSchedule(weekly=OFFICE_WEEK, overrides=[saturday], time_off=[off])
        await house.provider.set({"schedule": schedule.model_dump()})
        days = await free(house.http)
        assert days["2026-11-24"][0] == "13:00"
        assert days["2026-11-28"] == ["10:00", "10:15", "10:30"]


class TestProviders:
    async def test_all_providers_are_united_without_repeats(self, house: House) -> None:
        await make_provider(house.ctx, ["checkup"])
        await house.desk(at=TUESDAY_TEN)
        tuesday = (await free(house.http))["2026-11-24"]
        assert tuesday.count("10:00") == 1
        assert tuesday == sorted(set(tuesday))

    async def test_one_provider_may_be_asked_for(self, house: House) -> None:
        other = await make_provider(house.ctx, ["checkup"])
        await house.desk(at=TUESDAY_TEN, provider_id=str(other.id))
        assert "10:00" not in (await free(house.http, provider_id=str(other.id)))["2026-11-24"]
        assert "10:00" in (await free(house.http, provider_id=str(house.provider.id)))["2026-11-24"]

    async def test_who_does_not_perform_the_service_offers_nothing(self, house: House) -> None:
        await make_service("whitening")
        assert await free(house.http, service_id="whitening") == {}

    async def test_opening_hours_serve_while_there_is_no_provider(self, client: httpx2.AsyncClient) -> None:
        await make_clinic(opening_hours={"tue": [("10:00", "11:00")]})
        await make_service()
        assert await free(client) == {"2026-11-24": ["10:00", "10:15", "10:30"]}


class TestRefusals:
    @pytest.mark.parametrize("service", ["brain_surgery", "", "checkup2", "../checkup", "x" * 65])
    async def test_an_unknown_service(self, house: House, service: str) -> None:
        query: dict[str, Any] = {"month": 11, "year": 2026, "service_id": service}
        answer = await house.http.get(URL, params=query)
        refused(answer, 422, "VALIDATION_ERROR")

    @pytest.mark.parametrize(
        "query",
        [
            {"year": 2026, "service_id": "checkup"},
            {"month": 11, "service_id": "checkup"},
            {"month": 11, "year": 2026},
            {"month": 0, "year": 2026, "service_id": "checkup"},
            {"month": 13, "year": 2026, "service_id": "checkup"},
            {"month": "1e1", "year": 2026, "service_id": "checkup"},
            {"month": 11, "year": 99_999, "service_id": "checkup"},
            {"month": 11, "year": 2026, "service_id": "checkup", "provider_id": "me"},
        ],
    )
    async def test_a_query_that_is_not_valid(self, house: House, query: dict[str, Any]) -> None:
        refused(await house.http.get(URL, params=query), 422, "VALIDATION_ERROR")

    async def test_an_unknown_provider(self, house: House) -> None:
        query: dict[str, Any] = {"month": 11, "year": 2026, "service_id": "checkup", "provider_id": UNKNOWN_ID}
        refused(await house.http.get(URL, params=query), 404, "NOT_FOUND")

    async def test_an_unknown_query_parameter_is_ignored(self, house: House) -> None:
        assert await free(house.http, utm_source="newsletter") == await free(house.http)
