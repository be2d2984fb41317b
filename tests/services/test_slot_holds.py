"""Keeping a time while a form is open: for one visitor, five minutes, and never against a booking (ADR 0013)."""

import asyncio
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from app.bootstrap import build_context
from app.context import Context
from app.database.connection import Database
from app.errors import InvalidInputError, RateLimitedError, SlotTakenError
from app.models.appointments import Appointment
from app.models.clinic import Clinic
from app.models.slot_holds import SlotHold
from app.models.users import User
from app.services import availability, hold_claims, managed_visits, slot_holds, visits
from app.services.appointments import BookingRequest, book
from app.services.desk_bookings import StaffBooking
from app.services.desk_bookings import book as book_by_staff
from app.services.hold_claims import SlotHeldError
from app.services.slot_holds import SEATS_PER_ADDRESS, Held, TooManyHoldsError
from app.settings import Settings, Switch
from tests.conftest import Clock
from tests.factories import make_clinic, make_patient, make_provider, make_service, wall
from tests.services import stage
from tests.services.visit_links import manage_tokens

TUESDAY_TEN = "2026-11-24 10:00"
TUESDAY = date(2026, 11, 24)


@pytest.fixture
async def clinic(ctx: Context) -> Clinic:
    """A clinic with one provider."""
    place = await make_clinic()
    await make_service()
    await make_provider(ctx, ["checkup"])
    return place


@pytest.fixture
def limited(settings: Settings, database: Database, clock: Clock) -> Context:
    """The Context with rate limits on."""
    return build_context(settings.model_copy(update={"rate_limits": Switch.ON}), database, now=clock)


async def hold(
    ctx: Context, start: datetime, *, token: str | None = None, address: str = "192.0.2.1", service: str = "checkup"
) -> Held:
    offer = await availability.offer_for(await availability.service_named(service))
    return await slot_holds.take(ctx, offer, start, token=token or slot_holds.new_token(), address=address)


async def free_times(ctx: Context, token: str | None = None, service: str = "checkup") -> set[str]:
    """The wall times of Tuesday that this visitor is offered."""
    days = await availability.month(
        ctx,
        year=2026,
        month_number=11,
        service_name=service,
        provider_id=None,
        holder=hold_claims.holder_of(token),
    )
    return set(days.get("2026-11-24", []))


async def asking(ctx: Context, start: datetime, **fields: Any) -> BookingRequest:
    """A request of a patient made for it."""
    patient = await make_patient(ctx)
    values = {"name": patient.name, "email": patient.email, "phone": None, "start": start, "service_name": "checkup"}
    return BookingRequest(**(values | fields))


def at_the_desk(start: datetime, **fields: Any) -> StaffBooking:
    values: dict[str, Any] = {
        "name": "Dora Desk",
        "email": "dora@example.com",
        "phone": None,
        "start": start,
        "duration_minutes": 30,
        "service_name": "checkup",
        "preferred_channel": [],
    }
    return StaffBooking(**(values | fields))


async def live(ctx: Context) -> list[SlotHold]:
    return await SlotHold.find({"expires_at": {"$gt": ctx.now()}}).to_list()


class TestTaking:
    async def test_it_is_kept_for_five_minutes_and_for_nobody_else(self, ctx: Context, clinic: Clinic) -> None:
        mine = await hold(ctx, wall(clinic, TUESDAY_TEN))
        assert mine.until == ctx.now() + timedelta(minutes=5)
        assert "10:00" in await free_times(ctx, mine.token)
        assert not {"09:45", "10:00", "10:15"} & await free_times(ctx)
        assert {"09:30", "10:30"} <= await free_times(ctx)

    async def test_a_held_time_and_a_taken_one_are_answered_alike(self, ctx: Context, clinic: Clinic) -> None:
        """To whoever looks, holds or books: nobody learns that a form is open, or whose."""
        start = wall(clinic, TUESDAY_TEN)

        async def answers() -> list[tuple[Any, ...]]:
            found: list[tuple[Any, ...]] = [tuple(sorted(await free_times(ctx)))]
            for attempt in (hold(ctx, start), book(ctx, await asking(ctx, start))):
                with pytest.raises(SlotTakenError) as refused:
                    await attempt
                found.append((type(refused.value), refused.value.code, refused.value.detail, refused.value.extra))
            return found

        kept = await hold(ctx, start)
        while_held = await answers()
        await slot_holds.release(kept.token)
        await book(ctx, await asking(ctx, start))
        assert await answers() == while_held

    async def test_the_same_visitor_may_ask_again_and_again(self, ctx: Context, clinic: Clinic, clock: Clock) -> None:
        """A reload, a prefetch, a second tab: one hold, with a new five minutes."""
        first = await hold(ctx, wall(clinic, TUESDAY_TEN))
        clock.forward(minutes=4)
        again = await asyncio.gather(*(hold(ctx, wall(clinic, TUESDAY_TEN), token=first.token) for _ in range(8)))
        assert {each.until for each in again} == {ctx.now() + timedelta(minutes=5)}
        assert await SlotHold.count() == 1

    async def test_asking_for_another_time_lets_go_of_the_former(self, ctx: Context, clinic: Clinic) -> None:
        first = await hold(ctx, wall(clinic, TUESDAY_TEN))
        await hold(ctx, wall(clinic, "2026-11-24 11:00"), token=first.token)
        assert "10:00" in await free_times(ctx)
        assert "11:00" not in await free_times(ctx)
        assert await SlotHold.count() == 1

    async def test_a_refusal_leaves_the_former_as_it_was(self, ctx: Context, clinic: Clinic) -> None:
        first = await hold(ctx, wall(clinic, TUESDAY_TEN))
        await hold(ctx, wall(clinic, "2026-11-24 11:00"))
        with pytest.raises(SlotTakenError):
            await hold(ctx, wall(clinic, "2026-11-24 11:00"), token=first.token)
        with pytest.raises(InvalidInputError, match="does not work"):
            await hold(ctx, wall(clinic, "2026-11-24 20:00"), token=first.token)
        assert await slot_holds.until_of(ctx, first.token, wall(clinic, TUESDAY_TEN)) == first.until

    async def test_a_move_to_a_time_that_overlaps_the_former_is_not_in_its_own_way(
        self, ctx: Context, clinic: Clinic
    ) -> None:
        first = await hold(ctx, wall(clinic, TUESDAY_TEN))
        moved = await hold(ctx, wall(clinic, "2026-11-24 10:15"), token=first.token)
        assert moved.token == first.token
        assert not {"10:00", "10:30"} & await free_times(ctx)
        assert {"09:45", "10:45"} <= await free_times(ctx)

    @pytest.mark.parametrize(
        ("wish", "reason"),
        [("2026-11-23 09:00", "past"), ("2026-11-23 11:00", "too soon"), ("2026-11-24 10:07", "this minute")],
    )
    async def test_what_cannot_be_booked_cannot_be_held(
        self, ctx: Context, clinic: Clinic, wish: str, reason: str
    ) -> None:
        with pytest.raises(InvalidInputError, match=reason):
            await hold(ctx, wall(clinic, wish))
        assert await SlotHold.count() == 0

    async def test_buffers_are_held_with_the_time(self, ctx: Context, clinic: Clinic) -> None:
        await make_service("surgery", duration_minutes=30, buffer_before_minutes=15, buffer_after_minutes=30)
        await User.collection().update_many({"services": "checkup"}, {"$push": {"services": "surgery"}})
        await hold(ctx, wall(clinic, TUESDAY_TEN), service="surgery")
        assert not {"09:30", "10:30", "10:45"} & await free_times(ctx)
        assert {"09:15", "11:00"} <= await free_times(ctx)

    async def test_nothing_that_is_stored_names_a_visitor(self, limited: Context, clinic: Clinic) -> None:
        mine = await hold(limited, wall(clinic, TUESDAY_TEN), address="203.0.113.77")
        stored = str(await SlotHold.get_pymongo_collection().find_one({}))
        assert mine.token not in stored
        assert "203.0.113.77" not in stored


class TestItIsOver:
    async def test_by_itself_after_five_minutes_before_the_database_removes_it(
        self, ctx: Context, clinic: Clinic, clock: Clock
    ) -> None:
        start = wall(clinic, TUESDAY_TEN)
        late = await hold(ctx, start)
        clock.forward(minutes=4, seconds=59)
        assert "10:00" not in await free_times(ctx)
        clock.forward(seconds=1)
        assert await SlotHold.count() == 1, "still stored"
        assert "10:00" in await free_times(ctx)
        assert await slot_holds.until_of(ctx, late.token, start) is None
        other = await hold(ctx, start)
        with pytest.raises(SlotTakenError):
            await book(ctx, await asking(ctx, start, hold=late.token))
        await book(ctx, await asking(ctx, start, hold=other.token))

    @pytest.mark.parametrize("who", ["patient", "staff", "mover"])
    async def test_it_is_in_nobodys_way_then(self, ctx: Context, clinic: Clinic, clock: Clock, who: str) -> None:
        start = wall(clinic, TUESDAY_TEN)
        visit = await book(ctx, await asking(ctx, wall(clinic, "2026-11-25 10:00")))
        await hold(ctx, start)
        clock.forward(minutes=5)
        if who == "patient":
            await book(ctx, await asking(ctx, start))
        elif who == "staff":
            await book_by_staff(ctx, at_the_desk(start), actor="user:x")
        else:
            await visits.reschedule(ctx, visit.id, start=start, provider_id=None, actor="user:x")
        assert await Appointment.find({"appointment_date": start}).count() == 1
        assert await SlotHold.count() == 0

    async def test_when_it_is_let_go_of_and_a_second_time_nothing_happens(self, ctx: Context, clinic: Clinic) -> None:
        mine = await hold(ctx, wall(clinic, TUESDAY_TEN))
        await slot_holds.release(mine.token)
        await slot_holds.release(mine.token)
        assert "10:00" in await free_times(ctx)

    async def test_a_process_that_dies_after_the_write_holds_for_no_longer(
        self, ctx: Context, clinic: Clinic, clock: Clock
    ) -> None:
        start = wall(clinic, TUESDAY_TEN)
        with pytest.raises(stage.Crash):
            await hold(stage.crashing_at(ctx, "hold.written"), start)
        with pytest.raises(SlotTakenError):
            await book(ctx, await asking(ctx, start))
        clock.forward(minutes=5)
        await book(ctx, await asking(ctx, start))


class TestBooking:
    async def test_ones_own_time_is_booked_and_the_hold_is_spent(self, ctx: Context, clinic: Clinic) -> None:
        start = wall(clinic, TUESDAY_TEN)
        mine = await hold(ctx, start)
        visit = await book(ctx, await asking(ctx, start, hold=mine.token))
        assert visit.appointment_date == start
        assert await SlotHold.count() == 0

    async def test_another_time_than_the_held_one_spends_it_too(self, ctx: Context, clinic: Clinic) -> None:
        mine = await hold(ctx, wall(clinic, TUESDAY_TEN))
        await book(ctx, await asking(ctx, wall(clinic, "2026-11-24 11:00"), hold=mine.token))
        assert await SlotHold.count() == 0
        assert "10:00" in await free_times(ctx)

    async def test_a_longer_visit_than_was_held_must_still_be_free(self, ctx: Context, clinic: Clinic) -> None:
        """The hold covers half an hour of the hour: the rest is somebody else's."""
        await make_service("cleaning", duration_minutes=60)
        await User.collection().update_many({"services": "checkup"}, {"$push": {"services": "cleaning"}})
        mine = await hold(ctx, wall(clinic, TUESDAY_TEN))
        await hold(ctx, wall(clinic, "2026-11-24 10:30"))
        with pytest.raises(SlotTakenError):
            await book(ctx, await asking(ctx, wall(clinic, TUESDAY_TEN), service_name="cleaning", hold=mine.token))
        assert await slot_holds.until_of(ctx, mine.token, wall(clinic, TUESDAY_TEN)) == mine.until

    async def test_a_token_that_holds_nothing_is_as_good_as_none(self, ctx: Context, clinic: Clinic) -> None:
        await book(ctx, await asking(ctx, wall(clinic, TUESDAY_TEN), hold=slot_holds.new_token()))

    async def test_a_refused_form_keeps_the_hold_for_the_correction(self, ctx: Context, clinic: Clinic) -> None:
        start = wall(clinic, TUESDAY_TEN)
        mine = await hold(ctx, start)
        wrong = await asking(ctx, start, hold=mine.token)
        with pytest.raises(Exception, match="could not match"):
            await book(ctx, replace(wrong, email="nobody@example.com"))
        assert await slot_holds.until_of(ctx, mine.token, start) == mine.until
        await book(ctx, wrong)

    async def test_a_time_that_was_far_enough_when_it_was_held_still_is(
        self, ctx: Context, clinic: Clinic, clock: Clock
    ) -> None:
        """Two hours' notice: 13:00 is held at 10:58 and booked at 11:02."""
        clock.forward(minutes=58)
        start = wall(clinic, "2026-11-23 13:00")
        mine = await hold(ctx, start)
        clock.forward(minutes=4)
        with pytest.raises(InvalidInputError, match="too soon"):
            await book(ctx, await asking(ctx, start))
        await book(ctx, await asking(ctx, start, hold=mine.token))

    async def test_a_reload_does_not_make_a_kept_time_too_soon(
        self, ctx: Context, clinic: Clinic, clock: Clock
    ) -> None:
        """Two hours' notice: 13:00 is held at 11:00, again at 11:03, and booked at 11:04; elsewhere it counts anew."""
        clock.forward(hours=1)
        start = wall(clinic, "2026-11-23 13:00")
        mine = await hold(ctx, start)
        clock.forward(minutes=3)
        again = await hold(ctx, start, token=mine.token)
        assert again.until == ctx.now() + timedelta(minutes=5)
        clock.forward(minutes=1)
        await book(ctx, await asking(ctx, start, hold=mine.token))
        other = await hold(ctx, wall(clinic, TUESDAY_TEN), token=mine.token)
        [kept] = await live(ctx)
        assert (kept.held_at, other.until) == (ctx.now(), kept.expires_at)

    async def test_what_is_past_is_past_for_a_holder_too(self, ctx: Context, clinic: Clinic, clock: Clock) -> None:
        await make_clinic(booking={"min_notice_minutes": 0})
        clock.forward(hours=2, minutes=59)
        start = wall(clinic, "2026-11-23 13:00")
        mine = await hold(ctx, start)
        clock.forward(minutes=2)
        with pytest.raises(InvalidInputError, match="past"):
            await book(ctx, await asking(ctx, start, hold=mine.token))


class TestAnyProvider:
    async def test_two_visitors_hold_one_time_with_two_providers(self, ctx: Context, clinic: Clinic) -> None:
        await make_provider(ctx, ["checkup"])
        start = wall(clinic, TUESDAY_TEN)
        first, second = await asyncio.gather(hold(ctx, start), hold(ctx, start))
        assert first.provider_id != second.provider_id
        with pytest.raises(SlotTakenError):
            await hold(ctx, start)
        assert "10:00" in await free_times(ctx, first.token)

    async def test_the_booking_is_with_whom_it_was_held(self, ctx: Context, clinic: Clinic) -> None:
        """Even when another one is less busy by now: else two would be kept from everybody."""
        await make_provider(ctx, ["checkup"])
        start = wall(clinic, TUESDAY_TEN)
        mine = await hold(ctx, start)
        await book(ctx, await asking(ctx, wall(clinic, "2026-11-24 14:00"), provider_id=mine.provider_id))
        visit = await book(ctx, await asking(ctx, start, hold=mine.token))
        assert visit.provider_id == mine.provider_id

    async def test_the_least_busy_is_asked_first_and_a_lost_race_goes_on_to_the_next(
        self, ctx: Context, clinic: Clinic
    ) -> None:
        """Somebody takes the least busy one in the moment between looking and storing."""
        idle = await make_provider(ctx, ["checkup"])
        start = wall(clinic, TUESDAY_TEN)
        [busy] = [each for each in await User.providers_of() if each.id != idle.id]
        await book(ctx, await asking(ctx, wall(clinic, "2026-11-24 14:00"), provider_id=busy.id))
        offer = await availability.offer_for(await availability.service_named("checkup"))
        chairs, _ = await availability.free_chairs(ctx, offer, start)
        assert [chair.provider_id for chair in chairs] == [idle.id, busy.id]
        wish, faster = await asking(ctx, start), await asking(ctx, start, provider_id=idle.id)
        first = await book(stage.at_step(ctx, "booking.judged", lambda: book(ctx, faster)), wish)
        assert first.provider_id == busy.id
        assert await Appointment.find({"appointment_date": start}).count() == 2

    @pytest.mark.parametrize("chairs", [1, 2, 3])
    async def test_as_many_win_as_there_are_providers(self, ctx: Context, clinic: Clinic, chairs: int) -> None:
        for _ in range(chairs - 1):
            await make_provider(ctx, ["checkup"])
        start = wall(clinic, TUESDAY_TEN)
        wishes = [await asking(ctx, start) for _ in range(8)]
        done = await asyncio.gather(*(book(ctx, wish) for wish in wishes), return_exceptions=True)
        won = [visit for visit in done if isinstance(visit, Appointment)]
        assert len({visit.provider_id for visit in won}) == len(won) == chairs


class TestRaces:
    async def test_a_booking_that_is_being_stored_wins_over_a_hold(self, ctx: Context, clinic: Clinic) -> None:
        """The hold's write waits for the commit, and its look afterwards finds the visit."""
        for number in range(10):
            start = wall(clinic, TUESDAY_TEN) + timedelta(days=7 * number)
            inside = asyncio.Event()

            async def storing(name: str, inside: asyncio.Event = inside) -> None:
                if name == "booking.stored":
                    inside.set()

            async def holding(start: datetime = start, inside: asyncio.Event = inside) -> Held:
                await inside.wait()
                return await hold(ctx, start)

            task = asyncio.create_task(holding())
            wish = await asking(ctx, start)
            await book(replace(ctx, pause=storing), wish)
            with pytest.raises(SlotTakenError):
                await task
        assert await live(ctx) == []

    async def test_a_hold_that_is_written_wins_over_a_booking(self, ctx: Context, clinic: Clinic) -> None:
        start = wall(clinic, TUESDAY_TEN)
        refusals: list[BaseException] = []
        wish = await asking(ctx, start)

        async def rival() -> None:
            with pytest.raises(SlotTakenError) as refused:
                await book(ctx, wish)
            refusals.append(refused.value)

        mine = await hold(stage.at_step(ctx, "hold.written", rival), start)
        assert len(refusals) == 1
        await book(ctx, await asking(ctx, start, hold=mine.token))

    async def test_a_hold_whose_time_was_booked_between_looking_and_writing_is_let_go_of(
        self, ctx: Context, clinic: Clinic
    ) -> None:
        """The visit is committed before the hold is written: nothing conflicts, only the second look tells."""
        start = wall(clinic, TUESDAY_TEN)
        offer = await availability.offer_for(await availability.service_named("checkup"))
        chairs, _ = await availability.free_chairs(ctx, offer, start)
        await book(ctx, await asking(ctx, start))
        wish = slot_holds._wish(ctx, offer, chairs[0], start)
        assert await slot_holds._write(ctx, wish, holder="me", address="192.0.2.1")
        assert not await slot_holds._is_kept(wish, "me")
        assert await SlotHold.count() == 0

    async def test_a_transaction_that_fails_gives_the_hold_back(self, ctx: Context, clinic: Clinic) -> None:
        start = wall(clinic, TUESDAY_TEN)
        mine = await hold(ctx, start)
        wish = await asking(ctx, start, hold=mine.token)
        with pytest.raises(stage.Crash):
            await book(stage.crashing_at(ctx, "booking.stored"), wish)
        assert await slot_holds.until_of(ctx, mine.token, start) == mine.until
        await book(ctx, wish)


class TestStaffAndLinks:
    async def test_staff_are_told_that_a_form_is_open_and_until_when(self, ctx: Context, clinic: Clinic) -> None:
        start = wall(clinic, TUESDAY_TEN)
        await hold(ctx, start)
        with pytest.raises(SlotHeldError, match="form open") as refused:
            await book_by_staff(ctx, at_the_desk(start), actor="user:x")
        assert refused.value.extra["held_until"] == "2026-11-23T15:05:00Z"
        assert refused.value.extra["alternatives"]
        assert (refused.value.status, refused.value.code) == (409, "SLOT_HELD")
        assert await Appointment.count() == 0

    async def test_staff_who_name_nobody_get_the_provider_who_is_not_held(self, ctx: Context, clinic: Clinic) -> None:
        other = await make_provider(ctx, ["checkup"])
        start = wall(clinic, TUESDAY_TEN)
        held = [(await hold(ctx, start)).provider_id]
        visit = await book_by_staff(ctx, at_the_desk(start), actor="user:x")
        assert {visit.provider_id, *held} == {other.id, *(each.id for each in await User.providers_of())}

    async def test_a_taken_time_is_not_called_held(self, ctx: Context, clinic: Clinic) -> None:
        await book(ctx, await asking(ctx, wall(clinic, TUESDAY_TEN)))
        with pytest.raises(SlotTakenError) as refused:
            await book_by_staff(ctx, at_the_desk(wall(clinic, TUESDAY_TEN)), actor="user:x")
        assert not isinstance(refused.value, SlotHeldError)

    async def test_a_visit_is_not_moved_onto_a_held_time(self, ctx: Context, clinic: Clinic) -> None:
        visit = await book(ctx, await asking(ctx, wall(clinic, "2026-11-25 10:00")))
        await hold(ctx, wall(clinic, TUESDAY_TEN))
        with pytest.raises(SlotHeldError):
            await visits.reschedule(ctx, visit.id, start=wall(clinic, TUESDAY_TEN), provider_id=None, actor="user:x")
        unmoved = await visits.get(visit.id)
        assert (unmoved.appointment_date, unmoved.slot_keys) == (visit.appointment_date, visit.slot_keys)

    async def test_a_patient_with_a_link_hears_only_that_it_is_taken(self, ctx: Context, clinic: Clinic) -> None:
        start = wall(clinic, TUESDAY_TEN)
        visit = await book(ctx, await asking(ctx, wall(clinic, "2026-11-25 10:00")))
        [token] = await manage_tokens(visit)
        await hold(ctx, start)
        managed = await managed_visits.open_link(ctx, token)
        assert start not in (await managed_visits.free_slots(ctx, managed, [TUESDAY]))[TUESDAY]
        with pytest.raises(SlotTakenError) as refused:
            await managed_visits.reschedule(ctx, token, start=start)
        assert type(refused.value) is SlotTakenError
        assert "held_until" not in refused.value.extra


class TestLimits:
    async def test_an_address_keeps_a_few_times_at_most_however_fast_it_asks(
        self, limited: Context, clinic: Clinic, clock: Clock
    ) -> None:
        starts = [wall(clinic, f"2026-11-{day} {hour:02}:00") for day in (24, 25, 26, 27) for hour in (10, 11, 14, 15)]
        wishes = (hold(limited, start, address="198.51.100.7") for start in starts)
        done = await asyncio.gather(*wishes, return_exceptions=True)
        assert sum(isinstance(each, Held) for each in done) == SEATS_PER_ADDRESS
        assert sum(isinstance(each, TooManyHoldsError) for each in done) == len(starts) - SEATS_PER_ADDRESS
        assert len(await live(limited)) == SEATS_PER_ADDRESS
        await hold(limited, wall(clinic, "2026-11-30 10:00"), address="198.51.100.8")
        clock.forward(minutes=5)
        await hold(limited, wall(clinic, "2026-11-30 11:00"), address="198.51.100.7")

    async def test_whoever_has_one_may_move_it_when_every_seat_is_taken(self, limited: Context, clinic: Clinic) -> None:
        held = [await hold(limited, wall(clinic, f"2026-11-24 {hour:02}:00")) for hour in (9, 10, 11, 14, 15)]
        with pytest.raises(TooManyHoldsError):
            await hold(limited, wall(clinic, "2026-11-24 16:00"))
        await hold(limited, wall(clinic, "2026-11-24 16:00"), token=held[2].token)
        assert len(await live(limited)) == SEATS_PER_ADDRESS

    async def test_a_whole_network_of_ipv6_is_one_caller(self, limited: Context, clinic: Clinic) -> None:
        for number, hour in enumerate((9, 10, 11, 14, 15)):
            await hold(limited, wall(clinic, f"2026-11-24 {hour:02}:00"), address=f"2001:db8::{number + 1}")
        with pytest.raises(TooManyHoldsError):
            await hold(limited, wall(clinic, "2026-11-24 16:00"), address="2001:db8::99")

    async def test_asking_again_and_again_is_refused_too(self, limited: Context, clinic: Clinic) -> None:
        mine = await hold(limited, wall(clinic, TUESDAY_TEN))
        for _ in range(19):
            await hold(limited, wall(clinic, TUESDAY_TEN), token=mine.token)
        with pytest.raises(RateLimitedError) as refused:
            await hold(limited, wall(clinic, TUESDAY_TEN), token=mine.token)
        assert refused.value.retry_after == 60
