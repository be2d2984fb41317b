"""A replied yes or no to an offer of the waiting list: with a conversation and without, first yes wins."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from beanie import PydanticObjectId

from app.context import Context
from app.jobs import inbox, outbox
from app.models.appointments import Appointment
from app.models.campaigns import Campaign
from app.models.clinic import Clinic
from app.models.enums import (
    AppointmentStatus,
    CampaignStatus,
    ChannelType,
    ConfirmationStatus,
    InboundSource,
    InboxState,
    Intent,
    MessageKind,
    OfferState,
    OutboxState,
    WishState,
)
from app.models.inbox import InboundEvent
from app.models.outbox import OutboundMessage
from app.models.patients import Patient
from app.models.waitlist import WaitlistOffer, WaitlistWish
from app.services import inbound, patients, waitlist_links, waitlist_offers
from app.services.inbound import InboundMessage
from app.services.visit_messages import reminder_key
from tests.agent.provider import FixedProvider, reading
from tests.conftest import Clock
from tests.factories import force_status, make_clinic, make_patient, make_provider, make_service
from tests.services import stage, waiting

NUMBERS = iter(range(1_000_000))


@pytest.fixture
def ctx(ctx: Context) -> Context:
    return stage.speaking(ctx)


@pytest.fixture
async def clinic(ctx: Context) -> Clinic:
    await make_service()
    await make_provider(ctx, ["checkup"])
    return await make_clinic()


async def offered(ctx: Context, clinic: Clinic, count: int = 1) -> list[tuple[Patient, WaitlistOffer]]:
    """People with a later visit each who were just offered the freed time."""
    people = await waiting.waiting_patients(ctx, clinic, count)
    await outbox.drain(ctx)
    if isinstance(ctx.now, Clock):
        ctx.now.forward(hours=2)
    await waiting.freed_visit(ctx, clinic)
    await waiting.run(ctx)
    return [(person, await offer_to(person)) for person in people]


async def offer_to(patient: Patient) -> WaitlistOffer:
    [offer] = await waiting.offers(patient_id=patient.id)
    return offer


async def store(ctx: Context, patient: Patient, text: str, **fields: Any) -> InboundEvent:
    values: dict[str, Any] = {
        "source": InboundSource.GENERIC,
        "external_id": f"offer-{next(NUMBERS)}",
        "channel": ChannelType.EMAIL,
        "sender": patient.email,
        "text": text,
    }
    event = await InboundEvent.get(await inbound.store(ctx, InboundMessage(**(values | fields))))
    assert event is not None
    return event


async def says(ctx: Context, patient: Patient, text: str, **fields: Any) -> InboundEvent:
    """The patient answers and the inbox is worked; how the event ended."""
    if isinstance(ctx.now, Clock):
        ctx.now.forward(minutes=1)
    event = await store(ctx, patient, text, **fields)
    await inbox.drain(ctx)
    ended = await InboundEvent.get(event.id)
    assert ended is not None
    return ended


async def visits_of(patient: Patient) -> list[Appointment]:
    return await Appointment.find({"patient_id": patient.id, "status": AppointmentStatus.BOOKED}).to_list()


async def answers() -> list[OutboundMessage]:
    return await stage.rows(kind=MessageKind.REPLY)


class TestWithoutAConversation:
    @pytest.mark.parametrize("text", ["yes", "Yes please, I'll take it!", "sí", "👍"])
    async def test_a_yes_moves_the_visit_and_the_confirmation_is_the_answer(
        self, ctx: Context, clinic: Clinic, text: str
    ) -> None:
        [(patient, offer)] = await offered(ctx, clinic)
        event = await says(ctx, patient, text)
        assert (event.state, event.outcome) == (InboxState.DONE, "offer_answered")
        [visit] = await visits_of(patient)
        assert visit.appointment_date == offer.start
        assert (await offer_to(patient)).state is OfferState.ACCEPTED
        wish = await WaitlistWish.get(offer.wish_id)
        assert wish is not None
        assert wish.state is WishState.BOOKED
        await outbox.drain(ctx)
        assert await waiting.delivered(patient, "has moved to") == 1
        assert await answers() == []

    async def test_a_yes_after_a_reminder_confirms_nothing_while_an_offer_is_open(
        self, ctx: Context, clock: Clock, clinic: Clinic
    ) -> None:
        [(patient, offer)] = await offered(ctx, clinic)
        [visit] = await visits_of(patient)
        clock.forward(hours=2)
        carrier = await OutboundMessage.get(offer.message_id)
        assert carrier is not None
        reminder = {"kind": MessageKind.REMINDER, "key": reminder_key(visit, "P2D"), "appointment_id": visit.id}
        fresh = {"id": PydanticObjectId(), "sent_at": clock.instant, "message_id": None, "external_id": None}
        await carrier.model_copy(update=reminder | fresh).insert()
        event = await says(ctx, patient, "yes")
        assert event.state is not InboxState.DONE
        [found] = await visits_of(patient)
        assert (found.confirmation_status, found.ics_sequence) == (ConfirmationStatus.UNCONFIRMED, 0)
        assert (await offer_to(patient)).state is OfferState.OFFERED

    async def test_a_second_yes_changes_nothing(self, ctx: Context, clinic: Clinic) -> None:
        [(patient, offer)] = await offered(ctx, clinic)
        for _ in range(2):
            assert (await says(ctx, patient, "yes")).state is InboxState.DONE
        [visit] = await visits_of(patient)
        assert (visit.appointment_date, visit.ics_sequence) == (offer.start, 1)

    async def test_of_two_yes_at_once_one_wins_and_the_other_is_told_with_a_link(
        self, ctx: Context, clinic: Clinic
    ) -> None:
        people = await offered(ctx, clinic, 2)
        for patient, _ in people:
            await store(ctx, patient, "yes")
        await asyncio.gather(inbox.drain(ctx), inbox.drain(ctx))
        assert await waiting.states() == {OfferState.ACCEPTED: 1, OfferState.LOST: 1}
        [loser] = [offer for _, offer in people if (await fresh(offer)).state is OfferState.LOST]
        [answer] = await answers()
        assert answer.patient_id == loser.patient_id
        assert "Somebody else was faster" in answer.body
        token = answer.body.split("/offer/")[1].split()[0]
        link = await waitlist_links.read_offer_link(ctx, token)
        assert link is not None
        assert link.offer_id == loser.id
        assert {event.state for event in await InboundEvent.find_all().to_list()} == {InboxState.DONE}

    async def test_a_yes_after_its_minutes_is_told_once(self, ctx: Context, clinic: Clinic, clock: Clock) -> None:
        [(patient, offer)] = await offered(ctx, clinic)
        clock.instant = offer.expires_at + timedelta(minutes=1)
        await says(ctx, patient, "yes")
        await says(ctx, patient, "YES")
        [answer] = await answers()
        assert "The time to answer has passed" in answer.body
        assert (answer.to, answer.subject) == (patient.email, f"Re: An earlier time at {clinic.name}")

    async def test_a_no_lets_it_go(self, ctx: Context, clinic: Clinic) -> None:
        [(patient, offer)] = await offered(ctx, clinic)
        assert (await says(ctx, patient, "No thanks")).outcome == "offer_answered"
        assert (await fresh(offer)).state is OfferState.DECLINED
        [answer] = await answers()
        assert answer.body.startswith("Thank you for telling us, Wanda0. We let this time go")
        [visit] = await visits_of(patient)
        assert visit.appointment_date != offer.start

    @pytest.mark.parametrize("text", ["is it with Dr Ray?", "yes but only after 3", "yes if it is short"])
    async def test_what_is_not_plain_waits_for_staff(self, ctx: Context, clinic: Clinic, text: str) -> None:
        [(patient, offer)] = await offered(ctx, clinic)
        assert (await says(ctx, patient, text)).state is InboxState.UNMATCHED
        assert (await fresh(offer)).state is OfferState.OFFERED

    async def test_a_yes_from_a_forged_sender_settles_nothing(self, ctx: Context, clinic: Clinic) -> None:
        [(patient, offer)] = await offered(ctx, clinic)
        await says(ctx, patient, "yes", is_unverified=True)
        await says(ctx, await make_patient(ctx), "yes")
        assert (await fresh(offer)).state is OfferState.OFFERED

    async def test_a_yes_that_two_messages_ask_for_is_not_guessed(self, ctx: Context, clinic: Clinic) -> None:
        """A family shares an inbox: both were asked, and a bare yes names neither; naming the message does."""
        (mother, hers), (_, theirs) = await offered(ctx, clinic, 2)
        await OutboundMessage.collection().update_one({"_id": theirs.message_id}, {"$set": {"to": mother.email}})
        assert (await says(ctx, mother, "yes")).state is InboxState.UNMATCHED
        assert await waiting.states() == {OfferState.OFFERED: 2}
        asked = await OutboundMessage.get(theirs.message_id)
        assert asked is not None
        await says(ctx, mother, "yes", in_reply_to=asked.external_id)
        assert (await fresh(theirs)).state is OfferState.ACCEPTED
        assert (await fresh(hers)).state is OfferState.LOST

    async def test_a_yes_to_something_later_is_no_yes_to_the_offer(self, ctx: Context, clinic: Clinic) -> None:
        [(patient, offer)] = await offered(ctx, clinic)
        later = {"to": patient.email, "state": OutboxState.SENT, "sent_at": ctx.now() + timedelta(seconds=5)}
        other = await stage.rows(patient_id=patient.id, kind=MessageKind.CONFIRMATION)
        await OutboundMessage.collection().update_one({"_id": other[0].id}, {"$set": later})
        await says(ctx, patient, "yes")
        assert (await fresh(offer)).state is OfferState.OFFERED

    async def test_a_stop_is_a_stop(self, ctx: Context, clinic: Clinic) -> None:
        [(patient, offer)] = await offered(ctx, clinic)
        await says(ctx, patient, "STOP")
        assert (await fresh(offer)).state is not OfferState.ACCEPTED
        assert await patients.is_suppressed(await patients.get(patient.id), ChannelType.EMAIL)

    async def test_a_worker_that_dies_after_the_yes_books_once(
        self, ctx: Context, clinic: Clinic, clock: Clock
    ) -> None:
        [(patient, offer)] = await offered(ctx, clinic)
        with pytest.raises(stage.Crash):
            await says(stage.crashing_at(ctx, "offer_inbox.settled"), patient, "yes")
        clock.forward(minutes=10)
        await inbox.drain(ctx)
        [visit] = await visits_of(patient)
        assert (visit.appointment_date, visit.ics_sequence) == (offer.start, 1)
        assert (await stage.rows(kind=MessageKind.REPLY)) == []


async def fresh(offer: WaitlistOffer) -> WaitlistOffer:
    found = await WaitlistOffer.get(offer.id)
    assert found is not None
    return found


class TestInAConversation:
    @pytest.fixture
    async def running(self, ctx: Context, clinic: Clinic) -> tuple[Campaign, Patient, WaitlistOffer]:
        """A patient whom a campaign wrote to, and who was offered a freed time since."""
        campaign = await stage.written_to(ctx, name="Ana Lopez")
        patient = await patients.get(campaign.patient_id)
        await waiting.wish_of(ctx, patient)
        await outbox.drain(ctx)
        if isinstance(ctx.now, Clock):
            ctx.now.forward(hours=2)
        await waiting.freed_visit(ctx, clinic)
        await waiting.run(ctx)
        return await stage.campaign_of(patient.id), patient, await offer_to(patient)

    async def test_a_yes_books_and_the_campaign_follows(
        self, ctx: Context, running: tuple[Campaign, Patient, WaitlistOffer]
    ) -> None:
        campaign, patient, offer = running
        await says(ctx, patient, "Yes please")
        [visit] = await visits_of(patient)
        assert (visit.appointment_date, visit.campaign_id) == (offer.start, campaign.id)
        after = await stage.campaign_of(patient.id)
        assert after.status is CampaignStatus.BOOKING_INITIATED
        [heard] = await stage.received(after)
        assert (heard.answers_offer, heard.handled_at is not None) == (offer.id, True)
        await outbox.drain(ctx)
        assert await waiting.delivered(patient, "is booked for") == 1
        assert await answers() == []

    async def test_a_yes_too_late_is_told_and_the_conversation_goes_on(
        self, ctx: Context, clock: Clock, running: tuple[Campaign, Patient, WaitlistOffer]
    ) -> None:
        _, patient, offer = running
        clock.instant = offer.expires_at + timedelta(minutes=1)
        await says(ctx, patient, "yes")
        [answer] = await answers()
        assert "The time to answer has passed" in answer.body
        assert "/offer/" in answer.body
        assert (await stage.campaign_of(patient.id)).status is CampaignStatus.RE_ENGAGED

    async def test_a_no_declines_the_offer_and_not_the_campaign(
        self, ctx: Context, running: tuple[Campaign, Patient, WaitlistOffer]
    ) -> None:
        _, patient, offer = running
        await says(ctx, patient, "no thank you")
        assert (await fresh(offer)).state is OfferState.DECLINED
        assert (await stage.campaign_of(patient.id)).status is CampaignStatus.RE_ENGAGED
        [answer] = await answers()
        assert "We let this time go" in answer.body

    async def test_what_is_not_plain_is_read_by_the_model(
        self, ctx: Context, running: tuple[Campaign, Patient, WaitlistOffer]
    ) -> None:
        _, patient, offer = running
        asking = stage.speaking(ctx, FixedProvider({"yes but only after 3": reading(Intent.CONFUSED)}))
        await says(asking, patient, "yes but only after 3")
        assert (await fresh(offer)).state is OfferState.OFFERED
        assert (await stage.campaign_of(patient.id)).status is CampaignStatus.HANDOFF_REQUIRED

    async def test_while_a_person_has_it_the_yes_counts_and_nothing_else_is_said(
        self, ctx: Context, running: tuple[Campaign, Patient, WaitlistOffer]
    ) -> None:
        campaign, patient, offer = running
        await force_status(campaign, CampaignStatus.HANDOFF_REQUIRED)
        await says(ctx, patient, "yes")
        assert (await fresh(offer)).state is OfferState.ACCEPTED
        assert await answers() == []
        [heard] = await stage.received(campaign)
        assert heard.handled_at is None

    async def test_a_worker_that_dies_after_the_yes_books_once(
        self, ctx: Context, clock: Clock, running: tuple[Campaign, Patient, WaitlistOffer]
    ) -> None:
        campaign, patient, offer = running
        with pytest.raises(stage.Crash):
            await says(stage.crashing_at(ctx, "agent.offer_answered"), patient, "yes")
        clock.forward(minutes=10)
        await inbox.drain(ctx)
        assert len(await visits_of(patient)) == 1
        assert (await fresh(offer)).state is OfferState.ACCEPTED
        [heard] = await stage.received(campaign)
        assert heard.read_at is not None
        assert await answers() == []


async def test_the_page_and_the_message_share_one_yes(ctx: Context, clinic: Clinic) -> None:
    [(patient, offer)] = await offered(ctx, clinic)
    visit = await waitlist_offers.accept(ctx, await waiting.token_of(offer))
    await says(ctx, patient, "yes")
    assert [each.id for each in await visits_of(patient)] == [visit.id]
