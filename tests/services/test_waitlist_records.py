"""The waiting list in the life of a record: merged, erased, handed out (api.md section 4)."""

import json
from typing import Any

import pytest

from app.context import Context
from app.errors import NotFoundError
from app.jobs import outbox, waitlist
from app.models.appointments import Appointment
from app.models.clinic import Clinic
from app.models.enums import MessageKind, OfferState, WishState
from app.models.outbox import OutboundMessage
from app.models.patients import Patient
from app.models.waitlist import WaitlistWish
from app.services import erasure, exports, merge_undo, merges, waitlist_offers
from tests.factories import make_clinic, make_patient, make_provider, make_service
from tests.services import waiting
from tests.services.visit_links import book_visit

ACTOR = "user:0123456789abcdef01234567"


@pytest.fixture
async def clinic(ctx: Context) -> Clinic:
    await make_service()
    await make_provider(ctx, ["checkup"])
    return await make_clinic()


async def offered(ctx: Context, clinic: Clinic) -> tuple[Patient, str]:
    """Somebody without a visit who is offered Tuesday at ten."""
    patient = await make_patient(ctx, name="Olga Offered")
    await waiting.wish_of(ctx, patient)
    await waiting.freed_visit(ctx, clinic)
    await waiting.run(ctx)
    [offer] = await waiting.offers(patient_id=patient.id)
    return patient, await waiting.token_of(offer)


async def merge(ctx: Context, survivor: Patient, other: Patient) -> Any:
    return await merges.merge(ctx, patient_id=survivor.id, merge_patient_id=other.id, reason="", actor=ACTOR)


class TestMerging:
    async def test_a_wish_and_its_offer_follow_and_a_yes_is_the_survivors(self, ctx: Context, clinic: Clinic) -> None:
        other, token = await offered(ctx, clinic)
        survivor = await make_patient(ctx)
        await merge(ctx, survivor, other)
        visit = await waitlist_offers.accept(ctx, token)
        assert visit.patient_id == survivor.id

    async def test_when_both_wait_the_survivors_wish_stays(self, ctx: Context, clinic: Clinic) -> None:
        survivor, other = await make_patient(ctx), await make_patient(ctx)
        kept, given = await waiting.wish_of(ctx, survivor), await waiting.wish_of(ctx, other)
        done = await merge(ctx, survivor, other)
        states = {wish.id: wish.state for wish in await WaitlistWish.find({"patient_id": survivor.id}).to_list()}
        assert states == {kept.id: WishState.WAITING, given.id: WishState.WITHDRAWN}
        await merge_undo.undo(ctx, done.id, actor=ACTOR)
        assert await WaitlistWish.find({"patient_id": other.id}).count() == 1

    async def test_the_offer_of_a_wish_that_yields_is_taken_back_without_a_word(
        self, ctx: Context, clinic: Clinic
    ) -> None:
        other, _ = await offered(ctx, clinic)
        survivor = await make_patient(ctx)
        await waiting.wish_of(ctx, survivor)
        await merge(ctx, survivor, other)
        [offer] = await waiting.offers()
        assert (offer.state, offer.state_reason) == ("DECLINED", "merged")

    async def test_an_undo_gives_the_wish_back(self, ctx: Context, clinic: Clinic) -> None:
        survivor, other = await make_patient(ctx), await make_patient(ctx)
        wish = await waiting.wish_of(ctx, other)
        done = await merge(ctx, survivor, other)
        await merge_undo.undo(ctx, done.id, actor=ACTOR)
        again = await WaitlistWish.get(wish.id)
        assert again is not None
        assert (again.patient_id, again.state) == (other.id, WishState.WAITING)

    async def test_a_wish_cannot_be_stated_for_a_merged_record(self, ctx: Context, clinic: Clinic) -> None:
        survivor, other = await make_patient(ctx), await make_patient(ctx)
        await merge(ctx, survivor, other)
        with pytest.raises(Exception, match="merged into another one"):
            await waiting.wish_of(ctx, other)


class TestErasing:
    async def test_nobody_erased_waits_or_is_asked_and_the_link_is_dead(self, ctx: Context, clinic: Clinic) -> None:
        patient, token = await offered(ctx, clinic)
        await erasure.erase(ctx, patient.id, confirm_name="Olga Offered", reason="", close_open=True, actor=ACTOR)
        [wish] = await WaitlistWish.find({"patient_id": patient.id}).to_list()
        assert (wish.state, wish.state_reason) == (WishState.WITHDRAWN, "erased")
        assert [offer.state for offer in await waiting.offers(patient_id=patient.id)] == [OfferState.EXPIRED]
        with pytest.raises(NotFoundError):
            await waitlist_offers.accept(ctx, token)
        assert await Appointment.find({"patient_id": patient.id}).count() == 0

    async def test_the_visit_of_an_erased_patient_is_offered_to_those_who_wait(
        self, ctx: Context, clinic: Clinic
    ) -> None:
        [waits] = await waiting.waiting_patients(ctx, clinic, 1)
        leaves = await make_patient(ctx, name="Lea Leaves")
        await book_visit(ctx, clinic, leaves)
        await erasure.erase(ctx, leaves.id, confirm_name="Lea Leaves", reason="", close_open=True, actor=ACTOR)
        await waiting.run(ctx)
        assert [offer.patient_id for offer in await waiting.offers()] == [waits.id]

    async def test_an_offer_that_had_not_left_never_does(self, ctx: Context, clinic: Clinic) -> None:
        patient = await make_patient(ctx, name="Olga Offered")
        await waiting.wish_of(ctx, patient)
        await outbox.drain(ctx)
        await waiting.freed_visit(ctx, clinic)
        await waitlist.offer_freed_slots(ctx)
        await erasure.erase(ctx, patient.id, confirm_name="Olga Offered", reason="", close_open=True, actor=ACTOR)
        await outbox.drain(ctx)
        [row] = await OutboundMessage.find({"kind": MessageKind.WAITLIST_OFFER}).to_list()
        assert (row.state, row.body) == ("CANCELLED", "")


async def test_the_export_holds_wishes_and_offers(ctx: Context, clinic: Clinic) -> None:
    patient, _ = await offered(ctx, clinic)
    pieces = [piece async for piece in await exports.begin(ctx, patient.id, actor=ACTOR)]
    document = json.loads("".join(pieces))
    [wish], [offer] = document["waitlist_wishes"], document["waitlist_offers"]
    assert (wish["state"], wish["service_id"]) == ("WAITING", "checkup")
    assert (offer["state"], offer["start"]) == ("OFFERED", "2026-11-24T15:00:00.000Z")
