"""The waiting list from a freed time to a booked visit: batches, answers, ends, races (domain.md section 7)."""

import asyncio
from datetime import date, timedelta
from typing import Any

import pytest
from beanie import PydanticObjectId

from app.context import Context
from app.errors import ConflictError, InvalidInputError, NotFoundError
from app.jobs import outbox, waitlist
from app.models.appointments import Appointment
from app.models.clinic import Clinic
from app.models.enums import (
    AppointmentStatus,
    ChannelType,
    DayPart,
    FreedSlotState,
    MessageKind,
    OfferState,
    OutboxState,
    WishState,
)
from app.models.outbox import OutboundMessage
from app.models.records import AuditEntry
from app.models.waitlist import FreedSlot, WaitlistOffer, WaitlistWish
from app.services import invariants, opt_outs, visits, waitlist_alternatives, waitlist_offers, waitlist_wishes
from app.services.appointments import BookingRequest, book
from app.services.waitlist_offers import OfferOverError
from tests.conftest import Clock
from tests.factories import make_clinic, make_patient, make_provider, make_service, wall
from tests.services import stage, waiting
from tests.services.visit_links import book_visit

WAITS, TAKEN = "an earlier time is free", "has been taken"


@pytest.fixture
async def clinic(ctx: Context) -> Clinic:
    await make_service()
    await make_provider(ctx, ["checkup"])
    return await make_clinic()


async def only_slot() -> FreedSlot:
    [slot] = await FreedSlot.find_all().to_list()
    return slot


class TestFreeing:
    async def test_a_cancellation_is_written_down_with_its_change_or_not_at_all(
        self, ctx: Context, clinic: Clinic
    ) -> None:
        visit = await waiting.freed_visit(ctx, clinic)
        slot = await only_slot()
        assert (slot.start, slot.end, slot.visit_id) == (visit.appointment_date, visit.busy_until, visit.id)
        with pytest.raises(ConflictError):
            await visits.complete(ctx, visit.id, next_follow_up_on=None, actor="system")
        await visits.cancel(ctx, visit.id, actor="system")
        assert await FreedSlot.count() == 1

    async def test_a_move_frees_the_time_it_leaves(self, ctx: Context, clinic: Clinic) -> None:
        visit = await book_visit(ctx, clinic, await make_patient(ctx))
        later = wall(clinic, "2026-11-25 09:00")
        await visits.reschedule(ctx, visit.id, start=later, provider_id=None, actor="system")
        slot = await only_slot()
        assert (slot.start, slot.cause) == (visit.appointment_date, "moved")

    async def test_a_move_that_is_refused_frees_nothing(self, ctx: Context, clinic: Clinic) -> None:
        visit = await book_visit(ctx, clinic, await make_patient(ctx))
        await book_visit(ctx, clinic, await make_patient(ctx), "2026-11-25 09:00")
        with pytest.raises(ConflictError):
            await visits.reschedule(
                ctx, visit.id, start=wall(clinic, "2026-11-25 09:00"), provider_id=visit.provider_id, actor="system"
            )
        assert await FreedSlot.count() == 0

    async def test_deleting_a_booked_visit_frees_it_deleting_a_cancelled_one_does_not(
        self, ctx: Context, clinic: Clinic
    ) -> None:
        visit = await book_visit(ctx, clinic, await make_patient(ctx))
        await visits.delete(ctx, visit.id, actor="system")
        assert (await only_slot()).cause == "deleted"
        cancelled = await waiting.freed_visit(ctx, clinic, "2026-11-25 10:00")
        await visits.delete(ctx, cancelled.id, actor="system")
        assert await FreedSlot.find({"start": cancelled.appointment_date}).count() == 1

    async def test_what_is_over_frees_nothing_and_what_has_begun_only_its_rest(
        self, ctx: Context, clinic: Clinic, clock: Clock
    ) -> None:
        visit = await book_visit(ctx, clinic, await make_patient(ctx))
        clock.instant = visit.appointment_date + timedelta(minutes=10)
        await visits.mark_no_show(ctx, visit.id, actor="system")
        assert (await only_slot()).start == clock.instant
        other = await book_visit(ctx, clinic, await make_patient(ctx), "2026-11-25 10:00")
        clock.instant = other.busy_until
        await visits.mark_no_show(ctx, other.id, actor="system")
        assert await FreedSlot.count() == 1


class TestBatches:
    async def test_the_first_three_in_line_are_asked_and_nobody_twice(self, ctx: Context, clinic: Clinic) -> None:
        people = await waiting.waiting_patients(ctx, clinic, 5)
        await waiting.freed_visit(ctx, clinic)
        assert await waiting.run(ctx) == {"people_asked": 3, "offered": 1}
        for _ in range(3):
            assert "people_asked" not in await waiting.run(ctx)
        asked = {offer.patient_id for offer in await waiting.offers()}
        assert asked == {person.id for person in people[:3]}
        assert [await waiting.delivered(person, WAITS) for person in people] == [1, 1, 1, 0, 0]

    async def test_a_clock_walks_through_two_batches_to_the_end(
        self, ctx: Context, clinic: Clinic, clock: Clock
    ) -> None:
        people = await waiting.waiting_patients(ctx, clinic, 4)
        await waiting.freed_visit(ctx, clinic)
        await waiting.run(ctx)
        clock.forward(minutes=29)
        assert await waiting.run(ctx) == {}
        clock.forward(minutes=1)
        assert await waiting.run(ctx) == {"people_asked": 1, "offered": 1}
        assert await waiting.states() == {OfferState.EXPIRED: 3, OfferState.OFFERED: 1}
        clock.forward(minutes=30)
        assert await waiting.run(ctx) == {"nobody_fits": 1}
        assert (await only_slot()).state is FreedSlotState.NOBODY
        assert [await waiting.delivered(person, WAITS) for person in people] == [1] * 4
        assert await WaitlistWish.find({"state": WishState.WAITING}).count() == 4

    async def test_the_next_are_asked_at_once_when_all_said_no(self, ctx: Context, clinic: Clinic) -> None:
        await waiting.waiting_patients(ctx, clinic, 4)
        await waiting.freed_visit(ctx, clinic)
        await waiting.run(ctx)
        for offer in await waiting.offers():
            await waitlist_offers.decline(ctx, await waiting.token_of(offer))
        assert await waiting.run(ctx) == {"people_asked": 1, "offered": 1}
        assert await waiting.states() == {OfferState.DECLINED: 3, OfferState.OFFERED: 1}

    async def test_it_ends_when_the_time_is_nearer_than_the_notice(
        self, ctx: Context, clinic: Clinic, clock: Clock
    ) -> None:
        await waiting.waiting_patients(ctx, clinic, 4)
        await waiting.freed_visit(ctx, clinic)
        clock.instant = wall(clinic, "2026-11-24 08:30")
        assert await waiting.run(ctx) == {"too_late": 1}
        assert await waiting.offers() == []

    async def test_nobody_is_asked_at_night(self, ctx: Context, clinic: Clinic, clock: Clock) -> None:
        people = await waiting.waiting_patients(ctx, clinic, 1)
        clock.instant = wall(clinic, "2026-11-23 21:00")
        await waiting.freed_visit(ctx, clinic, "2026-11-25 10:00")
        assert await waiting.run(ctx) == {"held_until_morning": 1}
        clock.instant = wall(clinic, "2026-11-24 07:59")
        assert await waiting.run(ctx) == {}
        clock.forward(minutes=1)
        assert await waiting.run(ctx) == {"people_asked": 1, "offered": 1}
        assert await waiting.delivered(people[0], WAITS) == 1

    async def test_a_message_that_comes_late_in_the_evening_does_not_leave(
        self, ctx: Context, clinic: Clinic, clock: Clock
    ) -> None:
        people = await waiting.waiting_patients(ctx, clinic, 1)
        await outbox.drain(ctx)
        clock.instant = wall(clinic, "2026-11-23 20:59")
        await waiting.freed_visit(ctx, clinic, "2026-11-25 10:00")
        await waitlist.offer_freed_slots(ctx)
        clock.forward(minutes=1)
        await outbox.drain(ctx)
        assert await waiting.delivered(people[0], WAITS) == 0
        clock.instant = wall(clinic, "2026-11-24 08:00")
        await outbox.drain(ctx)
        assert await waiting.delivered(people[0], WAITS) == 0
        row = await stage.only_row(kind=MessageKind.WAITLIST_OFFER)
        assert (row.state, row.state_reason) == (OutboxState.CANCELLED, "offer_over")

    async def test_two_replicas_at_once_ask_one_batch(self, ctx: Context, clinic: Clinic) -> None:
        await waiting.waiting_patients(ctx, clinic, 6)
        await waiting.freed_visit(ctx, clinic)
        await asyncio.gather(*(waitlist.offer_freed_slots(ctx) for _ in range(4)))
        assert len(await waiting.offers()) == 3
        assert await OutboundMessage.find({"kind": MessageKind.WAITLIST_OFFER}).count() == 3

    async def test_the_same_time_freed_twice_is_offered_once(self, ctx: Context, clinic: Clinic) -> None:
        await waiting.waiting_patients(ctx, clinic, 6)
        for _ in range(2):
            await waiting.freed_visit(ctx, clinic)
        await waiting.run(ctx)
        assert len(await waiting.offers()) == 3

    async def test_a_freed_afternoon_is_offered_in_parts_that_all_may_win(self, ctx: Context, clinic: Clinic) -> None:
        await make_service("long", name="Long", duration_minutes=180)
        await make_provider(ctx, ["long", "checkup"])
        people = [await make_patient(ctx) for _ in range(3)]
        for person in people:
            await waiting.wish_of(ctx, person)
        await waiting.freed_visit(ctx, clinic)  # the chair of one provider
        long = await book_visit(ctx, clinic, await make_patient(ctx), "2026-11-25 09:00", "long")
        await FreedSlot.delete_all()
        await visits.cancel(ctx, long.id, actor="system")
        await waiting.run(ctx)
        offered = await waiting.offers()
        assert len({offer.start for offer in offered}) == 3
        tokens = [await waiting.token_of(offer) for offer in offered]
        await asyncio.gather(*(waitlist_offers.accept(ctx, token) for token in tokens))
        assert await waiting.states() == {OfferState.ACCEPTED: 3}


class TestFitting:
    @pytest.mark.parametrize(
        "fields",
        [
            {"weekdays": ["mon", "wed"]},
            {"day_part": DayPart.AFTERNOON},
            {"earliest": date(2026, 11, 25)},
            {"latest": date(2026, 11, 23)},
        ],
    )
    async def test_a_time_that_was_not_wished_for_is_not_offered(
        self, ctx: Context, clinic: Clinic, fields: dict[str, Any]
    ) -> None:
        await waiting.wish_of(ctx, await make_patient(ctx), **fields)
        await waiting.freed_visit(ctx, clinic)
        assert await waiting.run(ctx) == {"nobody_fits": 1}

    async def test_only_a_later_visit_is_moved(self, ctx: Context, clinic: Clinic) -> None:
        patient = await make_patient(ctx)
        await book_visit(ctx, clinic, patient, "2026-11-24 09:00")
        await waiting.wish_of(ctx, patient)
        await waiting.freed_visit(ctx, clinic)
        assert await waiting.run(ctx) == {"nobody_fits": 1}

    async def test_a_longer_service_fits_only_where_there_is_room(self, ctx: Context, clinic: Clinic) -> None:
        await make_service("long", name="Long", duration_minutes=60)
        provider = await make_provider(ctx, ["checkup", "long"])
        patient = await make_patient(ctx)
        await waiting.wish_of(ctx, patient, service="long", provider_id=provider.id)
        visit = await _book_with(ctx, clinic, provider.id, "2026-11-24 10:00")
        await _book_with(ctx, clinic, provider.id, "2026-11-24 09:30")
        after = await _book_with(ctx, clinic, provider.id, "2026-11-24 10:30")
        await visits.cancel(ctx, visit.id, actor="system")
        assert await waiting.run(ctx) == {"nobody_fits": 1}
        await visits.cancel(ctx, after.id, actor="system")
        assert await waiting.run(ctx) == {"people_asked": 1, "offered": 1}
        [offer] = await waiting.offers()
        assert offer.start == wall(clinic, "2026-11-24 10:00")

    async def test_whoever_left_the_time_is_not_offered_it_back(self, ctx: Context, clinic: Clinic) -> None:
        patient = await make_patient(ctx)
        visit = await book_visit(ctx, clinic, patient)
        await waiting.wish_of(ctx, patient, appointment_id=visit.id)
        await visits.reschedule(
            ctx, visit.id, start=wall(clinic, "2026-12-01 09:00"), provider_id=visit.provider_id, actor="system"
        )
        assert await waiting.run(ctx) == {"nobody_fits": 1}

    async def test_nobody_is_asked_into_two_chairs_at_once(self, ctx: Context, clinic: Clinic) -> None:
        await make_service("cleaning", name="Cleaning")
        await make_provider(ctx, ["cleaning"])
        patient = await make_patient(ctx)
        await book_visit(ctx, clinic, patient, waiting.TUESDAY_TEN, "cleaning")
        await waiting.wish_of(ctx, patient)
        await waiting.freed_visit(ctx, clinic)
        assert await waiting.run(ctx) == {"nobody_fits": 1}

    async def test_a_dependants_guardian_is_asked(self, ctx: Context, clinic: Clinic) -> None:
        guardian = await make_patient(ctx)
        child = await make_patient(ctx, email=None, guardian_id=guardian.id)
        await waiting.wish_of(ctx, child)
        await waiting.freed_visit(ctx, clinic)
        await waiting.run(ctx)
        assert await waiting.delivered(guardian, WAITS) == 1
        [offer] = await waiting.offers()
        visit = await waitlist_offers.accept(ctx, await waiting.token_of(offer))
        assert visit.patient_id == child.id


async def _book_with(ctx: Context, clinic: Clinic, provider_id: PydanticObjectId, at: str) -> Appointment:
    patient = await make_patient(ctx)
    request = BookingRequest(
        name="x",
        email=patient.email,
        phone=None,
        start=wall(clinic, at),
        service_name="checkup",
        provider_id=provider_id,
    )
    return await book(ctx, request)


class TestAccepting:
    async def test_the_later_visit_moves_in_one_write(self, ctx: Context, clinic: Clinic) -> None:
        [patient] = await waiting.waiting_patients(ctx, clinic, 1)
        freed = await waiting.freed_visit(ctx, clinic)
        await waiting.run(ctx)
        [offer] = await waiting.offers()
        token = await waiting.token_of(offer)
        moved = await waitlist_offers.accept(ctx, token)
        again = await waitlist_offers.accept(ctx, token)
        assert (moved.id, moved.appointment_date) == (again.id, freed.appointment_date)
        assert again.ics_sequence == 1
        assert await Appointment.find({"patient_id": patient.id}).count() == 1
        wish = await waitlist_wishes.get(offer.wish_id)
        assert (wish.state, wish.booked_visit_id) == (WishState.BOOKED, moved.id)
        assert await FreedSlot.find({"cause": "moved", "visit_id": moved.id}).count() == 1
        row = await AuditEntry.find_one({"action": "waitlist.offer_accepted"})
        assert row is not None
        assert (row.actor, row.patient_ids) == (f"patient:{patient.id}", [patient.id])

    async def test_who_holds_no_visit_gets_a_new_one(self, ctx: Context, clinic: Clinic) -> None:
        patient = await make_patient(ctx)
        await waiting.wish_of(ctx, patient)
        freed = await waiting.freed_visit(ctx, clinic)
        await waiting.run(ctx)
        [offer] = await waiting.offers()
        visit = await waitlist_offers.accept(ctx, await waiting.token_of(offer))
        assert (visit.patient_id, visit.appointment_date) == (patient.id, freed.appointment_date)
        assert visit.busy_until == freed.busy_until
        assert await OutboundMessage.find({"patient_id": patient.id, "kind": MessageKind.CONFIRMATION}).count() == 1

    async def test_twenty_say_yes_at_once_and_one_wins(self, ctx: Context, clinic: Clinic) -> None:
        clinic.booking.waitlist_batch = 20
        await clinic.save()
        people = await waiting.waiting_patients(ctx, clinic, 20)
        freed = await waiting.freed_visit(ctx, clinic)
        await waiting.run(ctx)
        offered = await waiting.offers()
        assert len(offered) == 20
        tokens = [await waiting.token_of(offer) for offer in offered]
        answers = await asyncio.gather(
            *(waitlist_offers.accept(ctx, token) for token in tokens), return_exceptions=True
        )
        won = [answer for answer in answers if isinstance(answer, Appointment)]
        lost = [answer for answer in answers if isinstance(answer, OfferOverError)]
        assert (len(won), len(lost)) == (1, 19)
        assert won[0].appointment_date == freed.appointment_date
        assert all(each.extra["alternatives"] for each in lost)
        assert await waiting.states() == {OfferState.ACCEPTED: 1, OfferState.LOST: 19}
        await outbox.drain(ctx)
        told = [await waiting.delivered(person, TAKEN) for person in people]
        assert sorted(told) == [0] + [1] * 19
        assert people[told.index(0)].id == won[0].patient_id
        assert (await invariants.check(ctx))["overlapping_appointments"] == []
        assert await WaitlistWish.find({"state": WishState.WAITING}).count() == 19
        assert await Appointment.find({"status": AppointmentStatus.BOOKED}).count() == 20

    async def test_one_person_who_clicks_ten_times_wins_once(self, ctx: Context, clinic: Clinic) -> None:
        await waiting.wish_of(ctx, await make_patient(ctx))
        await waiting.freed_visit(ctx, clinic)
        await waiting.run(ctx)
        [offer] = await waiting.offers()
        token = await waiting.token_of(offer)
        answers = await asyncio.gather(*(waitlist_offers.accept(ctx, token) for _ in range(10)), return_exceptions=True)
        assert sum(isinstance(answer, Appointment) for answer in answers) >= 1
        assert await Appointment.find({"status": AppointmentStatus.BOOKED}).count() == 1
        assert (await waitlist_offers.open_link(ctx, token)).state is OfferState.ACCEPTED

    async def test_a_visitor_of_the_site_may_be_faster(self, ctx: Context, clinic: Clinic) -> None:
        [patient] = await waiting.waiting_patients(ctx, clinic, 1)
        await waiting.freed_visit(ctx, clinic)
        await waiting.run(ctx)
        await book_visit(ctx, clinic, await make_patient(ctx))
        [offer] = await waiting.offers()
        with pytest.raises(OfferOverError):
            await waitlist_offers.accept(ctx, await waiting.token_of(offer))
        held = await Appointment.future_of(patient.id, ctx.now())
        assert held is not None
        assert held.ics_sequence == 0

    async def test_a_time_that_went_otherwise_is_told_by_the_next_turn(
        self, ctx: Context, clinic: Clinic, clock: Clock
    ) -> None:
        [patient] = await waiting.waiting_patients(ctx, clinic, 1)
        await waiting.freed_visit(ctx, clinic)
        await waiting.run(ctx)
        await book_visit(ctx, clinic, await make_patient(ctx))
        clock.forward(minutes=1)
        assert await waiting.run(ctx) == {"taken": 1}
        assert await waiting.delivered(patient, TAKEN) == 1
        assert await waiting.states() == {OfferState.LOST: 1}

    @pytest.mark.parametrize("minutes", [30, 600])
    async def test_a_yes_that_comes_too_late_moves_nothing(
        self, ctx: Context, clinic: Clinic, clock: Clock, minutes: int
    ) -> None:
        [patient] = await waiting.waiting_patients(ctx, clinic, 1)
        await waiting.freed_visit(ctx, clinic)
        await waiting.run(ctx)
        [offer] = await waiting.offers()
        clock.forward(minutes=minutes)
        with pytest.raises(OfferOverError) as refused:
            await waitlist_offers.accept(ctx, await waiting.token_of(offer))
        assert refused.value.extra["state"] is OfferState.EXPIRED
        held = await Appointment.future_of(patient.id, ctx.now())
        assert held is not None
        assert held.ics_sequence == 0

    async def test_the_notice_counts_when_it_is_offered_not_when_it_is_answered(
        self, ctx: Context, clinic: Clinic, clock: Clock
    ) -> None:
        await waiting.waiting_patients(ctx, clinic, 1)
        await waiting.freed_visit(ctx, clinic)
        clock.instant = wall(clinic, "2026-11-24 08:00")
        await waiting.run(ctx)
        clock.forward(minutes=29)
        [offer] = await waiting.offers()
        assert (await waitlist_offers.accept(ctx, await waiting.token_of(offer))).appointment_date == offer.start

    async def test_a_withdrawn_wish_cannot_say_yes(self, ctx: Context, clinic: Clinic) -> None:
        await waiting.waiting_patients(ctx, clinic, 1)
        await waiting.freed_visit(ctx, clinic)
        await waiting.run(ctx)
        [offer] = await waiting.offers()
        await waitlist_wishes.withdraw(ctx, offer.wish_id, actor="system")
        with pytest.raises(OfferOverError):
            await waitlist_offers.accept(ctx, await waiting.token_of(offer))
        assert await waiting.run(ctx) == {"nobody_fits": 1}

    async def test_leaving_the_list_with_a_no(self, ctx: Context, clinic: Clinic) -> None:
        await waiting.waiting_patients(ctx, clinic, 1)
        await waiting.freed_visit(ctx, clinic)
        await waiting.run(ctx)
        [offer] = await waiting.offers()
        token = await waiting.token_of(offer)
        for _ in range(2):
            assert (await waitlist_offers.decline(ctx, token, leaves_list=True)).state is OfferState.DECLINED
        assert (await waitlist_wishes.get(offer.wish_id)).state is WishState.WITHDRAWN

    async def test_a_yes_is_not_taken_back_by_a_no(self, ctx: Context, clinic: Clinic) -> None:
        await waiting.waiting_patients(ctx, clinic, 1)
        await waiting.freed_visit(ctx, clinic)
        await waiting.run(ctx)
        [offer] = await waiting.offers()
        token = await waiting.token_of(offer)
        await waitlist_offers.accept(ctx, token)
        with pytest.raises(ConflictError):
            await waitlist_offers.decline(ctx, token)

    async def test_the_link_of_nobody(self, ctx: Context, clinic: Clinic) -> None:
        for token in ("", "x", "A" * 22):
            with pytest.raises(NotFoundError):
                await waitlist_offers.open_link(ctx, token)


class TestInstead:
    """Another free time for whoever was too late."""

    async def late(self, ctx: Context, clinic: Clinic, clock: Clock) -> tuple[Appointment, str]:
        """The later visit and the token of an offer that has ended; a second provider with an empty book came since."""
        [patient] = await waiting.waiting_patients(ctx, clinic, 1)
        await waiting.freed_visit(ctx, clinic)
        await waiting.run(ctx)
        [offer] = await waiting.offers()
        clock.forward(minutes=31)
        visit = await Appointment.future_of(patient.id, ctx.now())
        assert visit is not None
        await make_provider(ctx, ["checkup"])
        return visit, await waiting.token_of(offer)

    async def test_a_form_that_is_sent_twice_moves_it_once_to_the_same_provider(
        self, ctx: Context, clinic: Clinic, clock: Clock
    ) -> None:
        visit, token = await self.late(ctx, clinic, clock)
        # Ours is the busier one that day: the other would be asked first.
        busy = await book_visit(ctx, clinic, await make_patient(ctx), "2026-11-25 15:00")
        await Appointment.collection().update_one({"_id": busy.id}, {"$set": {"provider_id": visit.provider_id}})
        start = wall(clinic, "2026-11-25 09:00")
        for _ in range(2):
            moved = await waitlist_alternatives.take(ctx, token, start=start)
            assert (moved.id, moved.appointment_date, moved.ics_sequence) == (visit.id, start, 1)
            assert moved.provider_id == visit.provider_id

    async def test_who_holds_no_visit_books_one_however_often_it_is_sent(
        self, ctx: Context, clinic: Clinic, clock: Clock
    ) -> None:
        patient = await make_patient(ctx)
        await waiting.wish_of(ctx, patient)
        await waiting.freed_visit(ctx, clinic)
        await waiting.run(ctx)
        [offer] = await waiting.offers()
        clock.forward(minutes=31)
        token, start = await waiting.token_of(offer), wall(clinic, "2026-11-25 09:00")
        found = [await waitlist_alternatives.take(ctx, token, start=start) for _ in range(2)]
        assert {(visit.id, visit.ics_sequence) for visit in found} == {(found[0].id, 0)}

    async def test_a_later_time_is_refused(self, ctx: Context, clinic: Clinic, clock: Clock) -> None:
        visit, token = await self.late(ctx, clinic, clock)
        with pytest.raises(InvalidInputError, match="is earlier"):
            await waitlist_alternatives.take(ctx, token, start=visit.appointment_date + timedelta(hours=1))
        assert (await visits.get(visit.id)).ics_sequence == 0

    async def test_a_visit_that_staff_made_longer_moves_only_where_it_fits(
        self, ctx: Context, clinic: Clinic, clock: Clock
    ) -> None:
        visit, token = await self.late(ctx, clinic, clock)
        longer = {"duration_minutes": 90, "ends_at": visit.appointment_date + timedelta(minutes=90)}
        longer["busy_until"] = longer["ends_at"]
        await Appointment.collection().update_one({"_id": visit.id}, {"$set": longer})
        with pytest.raises(InvalidInputError, match="does not work"):
            await waitlist_alternatives.take(ctx, token, start=wall(clinic, "2026-11-25 16:30"))
        moved = await waitlist_alternatives.take(ctx, token, start=wall(clinic, "2026-11-25 15:30"))
        assert moved.ends_at == wall(clinic, "2026-11-25 17:00")


class TestEndedWishes:
    async def test_a_cancelled_visit_takes_its_offer_back_without_a_word(
        self, ctx: Context, clinic: Clinic, clock: Clock
    ) -> None:
        [patient] = await waiting.waiting_patients(ctx, clinic, 1)
        await waiting.freed_visit(ctx, clinic)
        await waiting.run(ctx)
        visit = await Appointment.future_of(patient.id, ctx.now())
        assert visit is not None
        await visits.cancel(ctx, visit.id, actor="system")
        assert await waiting.states() == {OfferState.DECLINED: 1}
        clock.forward(minutes=1)
        await waiting.run(ctx)
        assert await waiting.delivered(patient, TAKEN) == 0


class TestStops:
    async def test_a_stop_between_offer_and_send_keeps_it_back_and_the_next_is_asked(
        self, ctx: Context, clinic: Clinic, clock: Clock
    ) -> None:
        clinic.booking.waitlist_batch = 1
        await clinic.save()
        first, second = await waiting.waiting_patients(ctx, clinic, 2)
        await outbox.drain(ctx)
        await waiting.freed_visit(ctx, clinic)
        await waitlist.offer_freed_slots(ctx)
        assert first.email is not None
        await opt_outs.stop_address(ctx, channel=ChannelType.EMAIL, address=first.email, source="test")
        await outbox.drain(ctx)
        clock.forward(minutes=1)
        await waiting.run(ctx)
        assert [await waiting.delivered(each, WAITS) for each in (first, second)] == [0, 1]
        assert await waiting.states() == {OfferState.EXPIRED: 1, OfferState.OFFERED: 1}

    async def test_somebody_who_may_not_be_written_to_is_passed_over(self, ctx: Context, clinic: Clinic) -> None:
        [patient] = await waiting.waiting_patients(ctx, clinic, 1)
        assert patient.email is not None
        await opt_outs.stop_address(ctx, channel=ChannelType.EMAIL, address=patient.email, source="test")
        await waiting.freed_visit(ctx, clinic)
        assert await waiting.run(ctx) == {"nobody_fits": 1}

    async def test_a_taken_time_is_not_announced_any_more(self, ctx: Context, clinic: Clinic) -> None:
        [patient] = await waiting.waiting_patients(ctx, clinic, 1)
        await outbox.drain(ctx)
        await waiting.freed_visit(ctx, clinic)
        await waitlist.offer_freed_slots(ctx)
        await book_visit(ctx, clinic, await make_patient(ctx))
        await outbox.drain(ctx)
        assert await waiting.delivered(patient, WAITS) == 0
        row = await stage.only_row(kind=MessageKind.WAITLIST_OFFER)
        assert row.state_reason == "earlier_time_taken"


class TestCrashes:
    @pytest.mark.parametrize("step", ["waitlist.claimed", "waitlist.planned", "waitlist.offered"])
    async def test_a_job_that_dies_asks_everybody_once(
        self, ctx: Context, clinic: Clinic, clock: Clock, step: str
    ) -> None:
        people = await waiting.waiting_patients(ctx, clinic, 3)
        await waiting.freed_visit(ctx, clinic)
        with pytest.raises(stage.Crash):
            await waitlist.offer_freed_slots(stage.crashing_at(ctx, step))
        clock.instant = ctx.lease_until + timedelta(seconds=1)
        await waiting.run(ctx)
        await waiting.run(ctx)
        assert [await waiting.delivered(person, WAITS) for person in people] == [1, 1, 1]
        assert await WaitlistOffer.count() == 3

    async def test_a_yes_that_dies_half_way_is_none_and_can_be_said_again(self, ctx: Context, clinic: Clinic) -> None:
        people = await waiting.waiting_patients(ctx, clinic, 2)
        await waiting.freed_visit(ctx, clinic)
        await waiting.run(ctx)
        tokens = [await waiting.token_of(offer) for offer in await waiting.offers()]
        with pytest.raises(stage.Crash):
            await waitlist_offers.accept(stage.crashing_at(ctx, "waitlist.accepted"), tokens[0])
        assert await waiting.states() == {OfferState.OFFERED: 2}
        assert await OutboundMessage.find({"key": {"$regex": "^waitlist:lost"}}).count() == 0
        await waitlist_offers.accept(ctx, tokens[0])
        await outbox.drain(ctx)
        assert sorted([await waiting.delivered(person, TAKEN) for person in people]) == [0, 1]


class TestDaylightSaving:
    async def test_the_day_the_clocks_go_back(self, ctx: Context, clock: Clock) -> None:
        clinic = await make_clinic(opening_hours={"sun": [("09:00", "12:00")]})
        await make_service()
        clock.instant = wall(clinic, "2026-10-31 20:50")
        patient = await make_patient(ctx)
        await waiting.wish_of(ctx, patient, weekdays=["sun"], day_part=DayPart.MORNING, latest=date(2026, 11, 1))
        freed = await waiting.freed_visit(ctx, clinic, "2026-11-01 11:30")
        clock.instant = wall(clinic, "2026-10-31 21:30")
        assert await waiting.run(ctx) == {"held_until_morning": 1}
        clock.instant = wall(clinic, "2026-11-01 08:00")
        assert await waiting.run(ctx) == {"people_asked": 1, "offered": 1}
        [offer] = await waiting.offers()
        visit = await waitlist_offers.accept(ctx, await waiting.token_of(offer))
        assert visit.appointment_date == freed.appointment_date
