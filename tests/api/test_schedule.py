"""The front desk's day and week: what is booked, kept and free, in UTC and on the wall (issue 4, item 8)."""

from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any

import pytest
from beanie import PydanticObjectId

from app.context import Context
from app.models.appointments import Appointment
from app.models.enums import AppointmentSource, AppointmentStatus, Role
from app.models.records import AuditEntry
from app.models.users import DateOverride, TimeOff, User, WorkSchedule
from app.services import availability, reservations, slot_holds
from tests.api.conftest import House
from tests.api.shapes import DAY, HEX_ID, INSTANT, WALL_TIME, Maybe, accepted, refused
from tests.conftest import Clock
from tests.factories import (
    OFFICE_WEEK,
    make_clinic,
    make_patient,
    make_provider,
    make_service,
    make_user,
    token_for,
    wall,
)

SPAN = {"start": INSTANT, "end": INSTANT, "start_time": WALL_TIME, "end_time": WALL_TIME}
VISIT = SPAN | {
    "busy_from": INSTANT,
    "busy_until": INSTANT,
    "appointment_id": HEX_ID,
    "patient_id": HEX_ID,
    "patient_name": str,
    "service_id": Maybe(str),
    "service_name": str,
    "status": str,
    "confirmation_status": str,
    "needs_review": Maybe(str),
}
HOLD = SPAN | {"busy_from": INSTANT, "busy_until": INSTANT, "service_id": str, "held_until": INSTANT}
PROVIDER = {
    "provider_id": Maybe(HEX_ID),
    "name": str,
    "is_active": bool,
    "working": [SPAN],
    "time_off": [SPAN],
    "visits": [VISIT],
    "holds": [HOLD],
    "gaps": [SPAN | {"minutes": int, "services": [str]}],
}
ANSWER = {
    "time_zone": str,
    "days": [
        {
            "date": DAY,
            "start": INSTANT,
            "end": INSTANT,
            "length_minutes": int,
            "is_holiday": bool,
            "providers": [PROVIDER],
        }
    ],
}
TUESDAY = "2026-11-24"


async def days(house: House, first: str = TUESDAY, count: int = 1, **params: Any) -> list[dict[str, Any]]:
    answer = await house.get("schedule", date=first, days=count, **params)
    found: list[dict[str, Any]] = accepted(answer, 200, ANSWER)["days"]
    return found


async def only_provider(house: House, first: str = TUESDAY, **params: Any) -> dict[str, Any]:
    [day] = await days(house, first, **params)
    [provider] = day["providers"]
    found: dict[str, Any] = provider
    return found


def clock_times(spans: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(span["start_time"], span["end_time"]) for span in spans]


async def keep(house: House, at: str, *, service: str = "checkup") -> None:
    offer = await availability.offer_for(await availability.service_named(service))
    start = wall(house.clinic, at)
    await slot_holds.take(house.ctx, offer, start, token=slot_holds.new_token(), address="192.0.2.1")


class TestADay:
    async def test_an_empty_one_is_all_gaps(self, house: House) -> None:
        provider = await only_provider(house)
        assert (provider["provider_id"], provider["name"]) == (str(house.provider.id), house.provider.name)
        assert clock_times(provider["working"]) == [("09:00", "12:00"), ("13:00", "17:00")]
        assert clock_times(provider["gaps"]) == [("09:00", "12:00"), ("13:00", "17:00")]
        assert [gap["minutes"] for gap in provider["gaps"]] == [180, 240]
        assert provider["gaps"][0]["start"] == "2026-11-24T14:00:00.000Z"
        assert (provider["visits"], provider["holds"], provider["time_off"]) == ([], [], [])

    async def test_today_unless_named_and_only_what_is_still_ahead(self, house: House) -> None:
        body = accepted(await house.get("schedule"), 200, ANSWER)
        [day] = body["days"]
        assert (body["time_zone"], day["date"]) == ("America/New_York", "2026-11-23")
        assert clock_times(day["providers"][0]["working"])[0] == ("09:00", "12:00")
        assert clock_times(day["providers"][0]["gaps"])[0] == ("10:00", "12:00")

    async def test_a_visit_with_its_buffers(self, house: House) -> None:
        await make_service("surgery", duration_minutes=60, buffer_before_minutes=10, buffer_after_minutes=20)
        await house.provider.set({"services": ["checkup", "surgery"]})
        visit = (await house.desk(at=f"{TUESDAY}T10:00", service_name="surgery", duration_minutes=60)).json()
        provider = await only_provider(house)
        [shown] = provider["visits"]
        assert shown["appointment_id"] == visit["appointment_id"]
        assert (shown["patient_name"], shown["status"], shown["service_id"]) == ("Dora Desk", "booked", "surgery")
        assert (shown["start_time"], shown["end_time"]) == ("10:00", "11:00")
        assert (shown["busy_from"], shown["busy_until"]) == ("2026-11-24T14:50:00.000Z", "2026-11-24T16:20:00.000Z")
        assert clock_times(provider["gaps"]) == [("09:00", "09:50"), ("11:20", "12:00"), ("13:00", "17:00")]
        assert [gap["services"] for gap in provider["gaps"]] == [["checkup"], ["checkup"], ["checkup", "surgery"]]

    async def test_a_service_that_fits_only_without_its_buffers_is_not_named(self, house: House) -> None:
        await make_service("tight", duration_minutes=30, buffer_before_minutes=5)
        await house.provider.set({"services": ["checkup", "tight"]})
        await house.desk(at=f"{TUESDAY}T09:00", email="a@example.com")
        await house.desk(at=f"{TUESDAY}T10:00", email="b@example.com")
        gaps = (await only_provider(house))["gaps"]
        assert (clock_times(gaps)[0], gaps[0]["services"]) == (("09:30", "10:00"), ["checkup"])

    async def test_what_a_form_keeps_is_shown_without_a_name_until_it_is_over(self, house: House, clock: Clock) -> None:
        await keep(house, f"{TUESDAY} 10:00")
        provider = await only_provider(house)
        [kept] = provider["holds"]
        assert set(kept) == set(HOLD), "no token, no address"
        assert (kept["start_time"], kept["held_until"]) == ("10:00", "2026-11-23T15:05:00.000Z")
        assert clock_times(provider["gaps"])[:2] == [("09:00", "10:00"), ("10:30", "12:00")]
        clock.forward(minutes=5)
        provider = await only_provider(house)
        assert (provider["holds"], clock_times(provider["gaps"])[0]) == ([], ("09:00", "12:00"))

    @pytest.mark.parametrize(("ending", "takes_time"), [("cancel", False), ("no-show", False), ("complete", True)])
    async def test_a_visit_that_ended_is_shown_and_takes_time_only_if_it_took_place(
        self, house: House, ending: str, takes_time: bool
    ) -> None:
        visit = (await house.desk(at=f"{TUESDAY}T10:00")).json()
        assert (await house.post(f"appointments/{visit['appointment_id']}/{ending}")).status_code == 200
        provider = await only_provider(house)
        assert len(provider["visits"]) == 1
        assert (("09:00", "12:00") not in clock_times(provider["gaps"])) is takes_time

    async def test_a_visit_outside_working_hours_is_there_and_no_gap_suffers(self, house: House) -> None:
        await house.desk(at=f"{TUESDAY}T19:00")
        provider = await only_provider(house)
        assert clock_times(provider["visits"]) == [("19:00", "19:30")]
        assert len(provider["gaps"]) == 2

    async def test_a_holiday_and_time_off(self, house: House) -> None:
        await make_clinic(holidays=["2026-11-26"])
        off = TimeOff(start=wall(house.clinic, "2026-11-23 15:00"), end=wall(house.clinic, "2026-11-24 10:30"))
        schedule = WorkSchedule(weekly=OFFICE_WEEK, time_off=[off])
        await house.provider.set({"schedule": schedule.model_dump()})
        monday, tuesday, wednesday, thursday = await days(house, "2026-11-23", 4)
        assert clock_times(monday["providers"][0]["time_off"]) == [("15:00", "24:00")]
        assert clock_times(tuesday["providers"][0]["time_off"]) == [("00:00", "10:30")]
        assert clock_times(tuesday["providers"][0]["working"])[0] == ("10:30", "12:00")
        assert wednesday["providers"][0]["time_off"] == []
        assert (thursday["is_holiday"], thursday["providers"][0]["working"]) == (True, [])
        assert (tuesday["is_holiday"], thursday["providers"][0]["gaps"]) == (False, [])

    async def test_what_staff_must_look_at_is_marked(self, house: House) -> None:
        patient = await make_patient(house.ctx)
        for at in ("10:00", "11:00"):
            assert (await house.book(at=f"{TUESDAY}T{at}", email=patient.email)).status_code == 200
        shown = (await only_provider(house))["visits"]
        assert [visit["needs_review"] for visit in shown] == [None, "second_future_visit"]
        assert [visit["confirmation_status"] for visit in shown] == ["unconfirmed"] * 2


class TestAWeek:
    async def test_seven_days_in_order_with_closed_ones(self, house: House) -> None:
        week = await days(house, "2026-11-23", 7)
        assert [day["date"] for day in week] == [f"2026-11-{number}" for number in range(23, 30)]
        assert [bool(day["providers"][0]["working"]) for day in week] == [True] * 5 + [False] * 2

    async def test_each_visit_on_its_own_day(self, house: House) -> None:
        for at in ("2026-11-24T10:00", "2026-11-24T23:30", "2026-11-25T00:00", "2026-11-27T16:30"):
            answer = await house.desk(at=at, email=f"v{at[8:10]}{at[11:13]}@example.com")
            assert answer.status_code == 201, answer.text
        week = await days(house, "2026-11-24", 4)
        assert [clock_times(day["providers"][0]["visits"]) for day in week] == [
            [("10:00", "10:30"), ("23:30", "24:00")],
            [("00:00", "00:30")],
            [],
            [("16:30", "17:00")],
        ]

    async def test_a_visit_that_runs_past_midnight_takes_the_next_mornings_time(self, house: House) -> None:
        await house.provider.set({"schedule": WorkSchedule(weekly={"wed": [("00:00", "02:00")]}).model_dump()})
        await house.desk(at="2026-11-24T23:30", duration_minutes=60)
        tuesday, wednesday = await days(house, "2026-11-24", 2)
        assert clock_times(tuesday["providers"][0]["visits"]) == [("23:30", "00:30")]
        assert clock_times(wednesday["providers"][0]["gaps"]) == [("00:30", "02:00")]
        [alone] = await days(house, "2026-11-25")
        assert clock_times(alone["providers"][0]["gaps"]) == [("00:30", "02:00")]
        assert alone["providers"][0]["visits"] == []

    @pytest.mark.parametrize(
        ("first", "hours", "night"), [("2027-03-14", 23, 60), ("2027-11-07", 25, 180), ("2027-03-21", 24, 120)]
    )
    async def test_days_of_23_and_of_25_hours(self, house: House, first: str, hours: int, night: int) -> None:
        """From half past midnight to half past two: the skipped hour is no time, the repeated one is two."""
        await house.provider.set({"schedule": WorkSchedule(weekly={"sun": [("00:30", "02:30")]}).model_dump()})
        await house.desk(at=f"{first}T00:30")
        await house.desk(at=f"{first}T03:00", email="three@example.com")
        [day] = await days(house, first)
        [provider] = day["providers"]
        assert day["length_minutes"] == hours * 60
        assert clock_times(provider["visits"]) == [("00:30", "01:00"), ("03:00", "03:30")]
        assert sum(gap["minutes"] for gap in provider["gaps"]) == night + (30 if hours == 23 else 0) - 30

    async def test_the_hours_of_one_date(self, house: House) -> None:
        schedule = WorkSchedule(
            weekly=OFFICE_WEEK, overrides=[DateOverride(date=date(2026, 11, 24), periods=[("18:00", "20:00")])]
        )
        await house.provider.set({"schedule": schedule.model_dump()})
        assert clock_times((await only_provider(house))["gaps"]) == [("18:00", "20:00")]

    async def test_a_half_hour_zone(self, house: House) -> None:
        await make_clinic(time_zone="Asia/Kathmandu")
        [day] = await days(house)
        assert day["start"] == "2026-11-23T18:15:00.000Z"
        assert day["providers"][0]["working"][0]["start"] == "2026-11-24T03:15:00.000Z"


class TestWhoIsShown:
    async def test_every_provider_by_name_and_nobody_from_the_desk(self, house: House) -> None:
        await make_provider(house.ctx, ["checkup"], name="Zoe")
        await make_provider(house.ctx, [], name="Abe")
        await make_user(house.ctx, Role.FRONT_DESK, name="Fay")
        [day] = await days(house)
        names = [provider["name"] for provider in day["providers"]]
        assert names == sorted(names) == ["Abe", house.provider.name, "Zoe"]

    async def test_one_of_them(self, house: House) -> None:
        other = await make_provider(house.ctx, ["checkup"], name="Zoe")
        await house.desk(at=f"{TUESDAY}T10:00", provider_id=str(other.id))
        await house.desk(at=f"{TUESDAY}T11:00", provider_id=str(house.provider.id), email="b@example.com")
        provider = await only_provider(house, provider_id=str(other.id))
        assert (provider["name"], clock_times(provider["visits"])) == ("Zoe", [("10:00", "10:30")])

    async def test_whoever_left_is_shown_with_the_visits_that_remain_and_without_free_time(self, house: House) -> None:
        await house.desk(at=f"{TUESDAY}T10:00")
        await make_provider(house.ctx, ["checkup"], name="Zoe")
        await User.collection().update_one({"_id": house.provider.id}, {"$set": {"is_active": False}})
        [day] = await days(house)
        [gone] = [each for each in day["providers"] if each["provider_id"] == str(house.provider.id)]
        assert (gone["is_active"], len(gone["visits"]), gone["gaps"], gone["working"]) == (False, 1, [], [])
        [next_day] = await days(house, "2026-11-25")
        assert [each["name"] for each in next_day["providers"]] == ["Zoe"]

    async def test_the_visit_of_an_account_that_is_no_more(self, house: House) -> None:
        await house.desk(at=f"{TUESDAY}T10:00")
        await User.find({"_id": house.provider.id}).delete()
        [day] = await days(house)
        shown = {each["provider_id"]: len(each["visits"]) for each in day["providers"]}
        assert shown == {str(house.provider.id): 1, None: 0}

    async def test_the_clinic_itself_while_nobody_treats(self, house: House) -> None:
        await User.find({"_id": house.provider.id}).delete()
        await house.desk(at=f"{TUESDAY}T10:00")
        provider = await only_provider(house)
        assert (provider["provider_id"], provider["name"]) == (None, house.clinic.name)
        assert clock_times(provider["gaps"]) == [("09:00", "10:00"), ("10:30", "17:00")]
        assert provider["gaps"][0]["services"] == ["checkup"]

    async def test_nobody(self, house: House) -> None:
        refused(await house.get("schedule", provider_id="0" * 24), 404, "NOT_FOUND")


class TestRequest:
    @pytest.mark.parametrize(
        "params",
        [
            {"days": 0},
            {"days": 15},
            {"days": "x"},
            {"date": "24.11.2026"},
            {"date": "2026-02-30"},
            {"date": "9999-12-31"},
            {"provider_id": "me"},
        ],
    )
    async def test_what_cannot_be_read(self, house: House, params: dict[str, Any]) -> None:
        refused(await house.get("schedule", **params), 422, "VALIDATION_ERROR")

    @pytest.mark.parametrize("first", ["1900-01-01", "2199-12-31"])
    async def test_the_ends_of_the_calendar(self, house: House, first: str) -> None:
        assert len(await days(house, first, 14)) == 14

    async def test_a_provider_may_look(self, house: House) -> None:
        headers = token_for(house.ctx, house.provider)
        assert (await house.http.get("/api/v1/admin/schedule", headers=headers)).status_code == 200

    async def test_the_audit_log_names_everybody_who_is_shown_once(self, house: House) -> None:
        patient = await make_patient(house.ctx)
        for at in ("10:00", "11:00"):
            await house.book(at=f"{TUESDAY}T{at}", email=patient.email)
        other = (await house.desk(at=f"{TUESDAY}T14:00")).json()
        await house.desk(at="2026-11-25T14:00", email="elsewhere@example.com")
        await days(house)
        [row] = await AuditEntry.find({"action": "appointment.listed"}).to_list()
        assert sorted(row.patient_ids) == sorted([patient.id, PydanticObjectId(other["patient_id"])])
        assert row.details == {"first": TUESDAY, "days": 1}


class TestCost:
    async def test_as_many_queries_for_three_hundred_visits_as_for_one(self, house: House) -> None:
        others = [await make_provider(house.ctx, ["checkup"]) for _ in range(4)]
        chairs = [house.provider, *others]
        await fill(house, chairs, count=1)
        few = await operations(house.ctx, lambda: days(house, TUESDAY, 14))
        await Appointment.find_all().delete()
        await fill(house, chairs, count=60)
        many = await operations(house.ctx, lambda: days(house, TUESDAY, 14))
        assert sum(len(p["visits"]) for day in await days(house, TUESDAY, 14) for p in day["providers"]) == 300
        assert few == many
        assert few < 10


async def fill(house: House, chairs: list[User], *, count: int) -> None:
    """So many visits of one patient with each provider, ten minutes each, one after another."""
    patient = await make_patient(house.ctx)
    visits = []
    for chair in chairs:
        for number in range(count):
            visit = reservations.new_appointment(
                house.ctx,
                patient=patient,
                campaign=None,
                start=wall(house.clinic, f"{TUESDAY} 09:00") + timedelta(days=number % 14, minutes=10 * (number // 14)),
                minutes=10,
                source=AppointmentSource.MANUAL_ADMIN,
            )
            visits.append(visit.model_copy(update={"provider_id": chair.id, "status": AppointmentStatus.BOOKED}))
    await Appointment.insert_many(visits)


async def operations(ctx: Context, work: Callable[[], Awaitable[Any]]) -> int:
    """How many operations the database counts."""
    handle = ctx.database.handle
    await handle.command("profile", 2)
    try:
        await work()
    finally:
        await handle.command("profile", 0)
    own = {"ns": {"$nin": [f"{handle.name}.system.profile", f"{handle.name}.$cmd"]}}
    counted = await handle["system.profile"].count_documents(own)
    await handle.drop_collection("system.profile")
    return counted
