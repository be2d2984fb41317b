"""The buffer before a visit, through everything that stores, moves or reads one (domain.md section 7)."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from app.context import Context
from app.errors import SlotTakenError
from app.models.appointments import Appointment
from app.models.clinic import Clinic
from app.models.users import User
from app.services import audit, availability, invariants, managed_visits, merges, visits
from app.services.appointments import BookingRequest, book
from app.services.desk_bookings import StaffBooking
from app.services.desk_bookings import book as book_by_staff
from tests.conftest import MONDAY_MORNING
from tests.factories import make_clinic, make_patient, make_provider, make_service, wall
from tests.services import stage
from tests.services.visit_links import manage_tokens

TEN = "2026-11-24 10:00"


@pytest.fixture
async def clinic(ctx: Context) -> Clinic:
    """A check-up without buffers, and a surgery that wants twenty minutes before and ten after."""
    place = await make_clinic()
    await make_service()
    await make_service("surgery", duration_minutes=60, buffer_before_minutes=20, buffer_after_minutes=10)
    await make_provider(ctx, ["checkup", "surgery"])
    return place


async def asking(ctx: Context, clinic: Clinic, at: str, service: str = "checkup", **fields: Any) -> BookingRequest:
    patient = await make_patient(ctx)
    values = {"name": "x", "email": patient.email, "phone": None, "start": wall(clinic, at), "service_name": service}
    return BookingRequest(**(values | fields))


async def free(ctx: Context, service: str = "checkup") -> list[str]:
    days = await availability.month(ctx, year=2026, month_number=11, service_name=service, provider_id=None)
    return days["2026-11-24"]


async def test_it_keeps_the_provider_and_not_the_patient(ctx: Context, clinic: Clinic) -> None:
    visit = await book(ctx, await asking(ctx, clinic, TEN, "surgery"))
    assert visit.busy_from == wall(clinic, "2026-11-24 09:40")
    assert visit.busy_until == wall(clinic, "2026-11-24 11:10")
    holders = [key.split(":")[0] for key in visit.slot_keys or ()]
    assert (holders.count("P"), holders.count("U")) == (18, 12)


async def test_others_keep_away_from_it_on_both_sides(ctx: Context, clinic: Clinic) -> None:
    await book(ctx, await asking(ctx, clinic, TEN, "surgery"))
    assert [time for time in await free(ctx) if time < "12:00"] == ["09:00", "11:15", "11:30"]
    with pytest.raises(SlotTakenError):
        await book(ctx, await asking(ctx, clinic, "2026-11-24 09:15"))
    await book(ctx, await asking(ctx, clinic, "2026-11-24 09:00"))


async def test_it_keeps_away_from_others(ctx: Context, clinic: Clinic) -> None:
    await book(ctx, await asking(ctx, clinic, "2026-11-24 09:00"))
    assert (await free(ctx, "surgery"))[0] == "10:00"
    with pytest.raises(SlotTakenError):
        await book(ctx, await asking(ctx, clinic, "2026-11-24 09:45", "surgery"))
    await book(ctx, await asking(ctx, clinic, TEN, "surgery"))


async def test_at_opening_it_needs_nobody_to_be_there(ctx: Context, clinic: Clinic) -> None:
    visit = await book(ctx, await asking(ctx, clinic, "2026-11-24 09:00", "surgery"))
    assert visit.busy_from == wall(clinic, "2026-11-24 08:40")


async def test_at_the_desk_a_shorter_visit_has_the_same_buffers(ctx: Context, clinic: Clinic) -> None:
    request = StaffBooking(
        name="Dora",
        email="dora@example.com",
        phone=None,
        start=wall(clinic, TEN),
        duration_minutes=15,
        service_name="surgery",
        preferred_channel=[],
    )
    visit = await book_by_staff(ctx, request, actor="user:x")
    assert visit.appointment_date - visit.busy_from == timedelta(minutes=20)
    assert visit.busy_until - visit.ends_at == timedelta(minutes=10)


async def test_a_visit_that_is_moved_takes_its_buffers_along(ctx: Context, clinic: Clinic) -> None:
    visit = await book(ctx, await asking(ctx, clinic, TEN, "surgery"))
    await make_service("surgery", name="Surgery", duration_minutes=60)  # the service has changed since
    moved = await visits.reschedule(
        ctx, visit.id, start=wall(clinic, "2026-11-24 14:00"), provider_id=None, actor="user:x"
    )
    stored = await visits.get(visit.id)
    assert moved.busy_from == stored.busy_from == wall(clinic, "2026-11-24 13:40")
    assert len(stored.slot_keys or ()) == 30
    assert "10:00" in await free(ctx)
    assert "13:15" not in await free(ctx)
    with pytest.raises(SlotTakenError):
        await visits.reschedule(
            ctx,
            (await book(ctx, await asking(ctx, clinic, TEN))).id,
            start=wall(clinic, "2026-11-24 13:15"),
            provider_id=None,
            actor="user:x",
        )


async def test_it_is_not_in_its_own_way_when_a_patient_moves_it_a_little(ctx: Context, clinic: Clinic) -> None:
    visit = await book(ctx, await asking(ctx, clinic, TEN, "surgery"))
    [token] = await manage_tokens(visit)
    managed = await managed_visits.open_link(ctx, token)
    days = await managed_visits.free_slots(ctx, managed, [wall(clinic, TEN).date()])
    assert wall(clinic, "2026-11-24 10:15") in next(iter(days.values()))
    moved = await managed_visits.reschedule(ctx, token, start=wall(clinic, "2026-11-24 10:15"))
    assert moved.busy_from == wall(clinic, "2026-11-24 09:55")


async def test_a_merge_keeps_the_providers_cells(ctx: Context, clinic: Clinic) -> None:
    visit = await book(ctx, await asking(ctx, clinic, TEN, "surgery"))
    survivor = await make_patient(ctx)
    await merges.merge(ctx, patient_id=survivor.id, merge_patient_id=visit.patient_id, reason="", actor=audit.SYSTEM)
    after = await visits.get(visit.id)
    of_provider = [key for key in visit.slot_keys or () if key.startswith("P:")]
    assert [key for key in after.slot_keys or () if key.startswith("P:")] == of_provider


async def test_overlapping_buffers_are_an_overlap(ctx: Context, clinic: Clinic) -> None:
    await book(ctx, await asking(ctx, clinic, "2026-11-24 09:00"))
    visit = await book(ctx, await asking(ctx, clinic, TEN, "surgery"))
    assert (await invariants.check(ctx))["overlapping_appointments"] == []
    early = {"$set": {"busy_from": wall(clinic, "2026-11-24 09:25")}}
    await Appointment.collection().update_one({"_id": visit.id}, early)
    assert (await invariants.check(ctx))["overlapping_appointments"] == [str(visit.id)]


@pytest.mark.parametrize("round_number", range(3))
async def test_neighbours_who_come_at_once_never_overlap(ctx: Context, clinic: Clinic, round_number: int) -> None:
    """Bare visits fit between 09:30 and 10:00, their buffers do not: one of each pair wins."""
    wishes = [await asking(ctx, clinic, "2026-11-24 09:15") for _ in range(6)]
    wishes += [await asking(ctx, clinic, TEN, "surgery") for _ in range(6)]
    done = await asyncio.gather(*(book(ctx, wish) for wish in wishes), return_exceptions=True)
    assert sum(isinstance(each, Appointment) for each in done) == 1
    assert not any((await invariants.check(ctx)).values())


class TestStoredBefore:
    """Visits of a time when there was no buffer before have no `busy_from`."""

    @pytest.fixture
    async def visit(self, ctx: Context, clinic: Clinic) -> Appointment:
        made = await book(ctx, await asking(ctx, clinic, TEN))
        await Appointment.collection().update_one({"_id": made.id}, {"$unset": {"busy_from": ""}})
        return made

    async def test_they_begin_when_they_begin(self, ctx: Context, visit: Appointment) -> None:
        assert (await visits.get(visit.id)).busy_from == visit.appointment_date
        assert not {"09:45", "10:00", "10:15"} & set(await free(ctx))
        assert {"09:30", "10:30"} <= set(await free(ctx))
        assert (await invariants.check(ctx))["overlapping_appointments"] == []

    async def test_they_move_like_any_other(self, ctx: Context, clinic: Clinic, visit: Appointment) -> None:
        start = wall(clinic, "2026-11-24 14:00")
        moved = await visits.reschedule(ctx, visit.id, start=start, provider_id=None, actor="user:x")
        assert moved.busy_from == start


class TestBusyBetween:
    async def test_it_is_answered_from_the_index_alone(self, ctx: Context, clinic: Clinic) -> None:
        """speed.md, "Availability": a visit's document is never fetched, with or without `busy_from`."""
        for hour in (9, 11, 14):
            await book(ctx, await asking(ctx, clinic, f"2026-11-24 {hour:02}:00"))
        await Appointment.collection().update_one({}, {"$unset": {"busy_from": ""}})
        window = MONDAY_MORNING, MONDAY_MORNING + timedelta(days=30)
        [asked] = await stage.profiled(ctx, lambda: Appointment.busy_between(*window), op="command", ns="appointments")
        assert (asked["keysExamined"] < 10, asked["docsExamined"]) == (True, 0)
        [pairs] = (await Appointment.busy_between(*window)).values()
        visits_held = await Appointment.find_all().to_list()
        assert sorted(start for start, _ in pairs) == sorted(
            int(visit.busy_from.timestamp() * 1_000) for visit in visits_held
        )

    async def test_a_visit_after_the_window_whose_buffer_reaches_in_is_found(
        self, ctx: Context, clinic: Clinic
    ) -> None:
        await User.collection().update_many({}, {"$set": {"schedule.weekly.tue": [["00:00", "24:00"]]}})
        await make_service("surgery", duration_minutes=60, buffer_before_minutes=240)
        await book(ctx, await asking(ctx, clinic, TEN, "surgery"))
        window = wall(clinic, "2026-11-24 06:00"), wall(clinic, "2026-11-24 06:30")
        assert len(await Appointment.busy_between(*window)) == 1
        assert len(await Appointment.busy_between(*(each - timedelta(days=1) for each in window))) == 0
