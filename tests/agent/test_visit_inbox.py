"""Answers about a visit that staff booked: no campaign holds them, and they find their visit all the same."""

from datetime import timedelta

import pytest

from app.context import Context
from app.jobs import inbox, outbox
from app.models.appointments import Appointment
from app.models.campaigns import Campaign
from app.models.enums import (
    AppointmentStatus,
    CampaignStatus,
    ChannelType,
    ConfirmationStatus,
    HandoffPriority,
    InboxState,
    MessageKind,
    OutboxState,
)
from app.models.inbox import InboundEvent
from app.models.interactions import Interaction
from app.services import managed_visits, patients, visits
from tests.conftest import Clock
from tests.factories import make_patient, make_recovery
from tests.services import stage
from tests.services.reminded import PHONE, TWO_DAYS, Scene, book_at_desk, furnish

S = ConfirmationStatus


@pytest.fixture
def ctx(ctx: Context) -> Context:
    return stage.speaking(ctx)


@pytest.fixture
async def scene(ctx: Context, clock: Clock) -> Scene:
    """A visit that staff booked, two days ahead, with its reminder sent by SMS."""
    found = await furnish(ctx, clock)
    await found.remind(TWO_DAYS)
    return found


def ended(event: InboundEvent) -> tuple[InboxState, str | None]:
    return event.state, event.outcome


class TestSettled:
    @pytest.mark.parametrize("text", ["C", "Yes!", "👍", "sí", "oui", "see you then"])
    async def test_c_confirms_and_is_thanked(self, ctx: Context, scene: Scene, text: str) -> None:
        event = await scene.says(text)
        assert ended(event) == (InboxState.DONE, "visit_confirmed")
        assert (await scene.now()).confirmation_status is S.CONFIRMED
        assert (await outbox.drain(ctx))["sent"] == 1
        [thanks] = await scene.answers()
        assert (thanks.to, thanks.channel, thanks.campaign_id) == (PHONE, ChannelType.SMS, None)
        assert thanks.body == "Thank you, Ana. We look forward to seeing you on Thursday 10 December at 14:30."

    async def test_a_second_c_gets_no_second_answer(self, ctx: Context, scene: Scene) -> None:
        for _ in range(3):
            assert ended(await scene.says("C")) == (InboxState.DONE, "visit_confirmed")
            await outbox.drain(ctx)
        assert len(await scene.answers()) == 1

    async def test_cannot_come_gets_the_link_and_waits_for_staff(self, ctx: Context, scene: Scene) -> None:
        event = await scene.says("Sorry, I can't make it")
        assert ended(event) == (InboxState.PARKED, "patient_cannot_come")
        visit = await scene.now()
        assert (visit.status, visit.needs_review) == (AppointmentStatus.BOOKED, "patient_cannot_come")
        [answer] = await scene.answers()
        assert (await managed_visits.open_link(ctx, await scene.links_in(answer))).can_move

    async def test_running_late_waits_for_staff(self, scene: Scene) -> None:
        scene.go_to("2026-12-10 14:00")
        assert ended(await scene.says("15 min late")) == (InboxState.PARKED, "patient_running_late")
        assert (await scene.now()).confirmation_status is S.RUNNING_LATE

    async def test_a_question_waits_for_staff_and_the_yes_counts(self, scene: Scene) -> None:
        assert ended(await scene.says("yes but where do I park?")) == (InboxState.PARKED, "reply_about_a_visit")
        assert (await scene.now()).confirmation_status is S.CONFIRMED
        [answer] = await scene.answers()
        assert "A member of our team will answer" in answer.body

    async def test_what_is_not_plain_waits_for_staff(self, scene: Scene) -> None:
        event = await scene.says("I can't confirm yet")
        assert ended(event) == (InboxState.PARKED, "reply_about_a_visit")
        assert (await scene.now()).confirmation_status is S.UNCONFIRMED
        assert await scene.answers() == []


class TestRisks:
    @pytest.mark.parametrize("text", ["STOP", "cancel", "C but stop texting me"])
    async def test_a_stop_is_heeded_and_confirms_nothing(self, scene: Scene, text: str) -> None:
        await scene.says(text)
        assert await patients.is_suppressed(await patients.get(scene.patient.id), ChannelType.SMS)
        visit = await scene.now()
        assert (visit.status, visit.confirmation_status) == (AppointmentStatus.BOOKED, S.UNCONFIRMED)

    async def test_an_emergency_gets_the_phone_and_comes_first(self, ctx: Context, scene: Scene) -> None:
        event = await scene.says("I can't make it, my face is swollen and I cannot breathe")
        assert ended(event) == (InboxState.PARKED, "emergency_about_a_visit")
        assert event.priority is HandoffPriority.URGENT
        await outbox.drain(ctx)
        row = await stage.only_row(kind=MessageKind.EMERGENCY)
        assert (row.state, row.to) == (OutboxState.SENT, PHONE)
        assert "+12025550199" in row.body
        assert (await scene.now()).confirmation_status is S.UNCONFIRMED

    async def test_a_robot_is_not_answered(self, ctx: Context, clock: Clock) -> None:
        scene = await furnish(ctx, clock, preferred_channel=[ChannelType.EMAIL])
        await scene.remind(TWO_DAYS)
        event = await scene.says("Yes, C", channel=ChannelType.EMAIL, headers={"auto-submitted": "auto-replied"})
        assert event.state is InboxState.DONE
        assert await scene.answers() == []
        assert (await scene.now()).confirmation_status is S.UNCONFIRMED

    async def test_a_sender_who_is_not_verified_settles_nothing(self, ctx: Context, clock: Clock) -> None:
        scene = await furnish(ctx, clock, preferred_channel=[ChannelType.EMAIL])
        await scene.remind(TWO_DAYS)
        await scene.says("C", channel=ChannelType.EMAIL, is_unverified=True)
        assert (await scene.now()).confirmation_status is S.UNCONFIRMED

    async def test_a_stranger_settles_nothing(self, scene: Scene) -> None:
        event = await scene.says("C", sender="+12025550999")
        assert ended(event) == (InboxState.UNMATCHED, "no_campaign_matches")
        assert (await scene.now()).confirmation_status is S.UNCONFIRMED


class TestWhichVisit:
    async def test_two_visits_written_about_together_are_not_guessed(self, ctx: Context, scene: Scene) -> None:
        """A family shares a phone: two reminders went out together, and "C" could mean either."""
        child = await make_patient(ctx, name="Bo", email=None, guardian_id=scene.patient.id, preferred_channel=["sms"])
        other = await book_at_desk(ctx, scene.clinic, await make_patient(ctx), "2026-12-10 15:00")
        await Appointment.collection().update_one({"_id": other.id}, {"$set": {"patient_id": child.id}})
        await scene.remind("2026-12-10 11:30")
        row = await scene.remind("2026-12-10 12:00")
        assert (row.patient_id, row.to) == (child.id, PHONE)
        event = await scene.says("C")
        assert event.state is InboxState.UNMATCHED
        assert (await scene.now()).confirmation_status is S.UNCONFIRMED
        assert ended(await scene.says("C", in_reply_to=row.external_id)) == (InboxState.DONE, "visit_confirmed")
        assert (await visits.get(other.id)).confirmation_status is S.CONFIRMED
        assert (await scene.now()).confirmation_status is S.UNCONFIRMED

    async def test_the_newest_message_is_the_one_that_is_answered(self, ctx: Context, scene: Scene) -> None:
        other = await book_at_desk(ctx, scene.clinic, scene.patient, "2026-12-15 10:00")
        scene.clock.forward(hours=2)
        await outbox.drain(ctx)
        await scene.says("C")
        assert (await visits.get(other.id)).confirmation_status is S.CONFIRMED
        assert (await scene.now()).confirmation_status is S.UNCONFIRMED

    async def test_of_all_the_messages_it_names_the_newest_is_answered(self, ctx: Context, clock: Clock) -> None:
        """A mail program names the whole thread; thanks for the link to another time confirm nothing."""
        scene = await furnish(ctx, clock, preferred_channel=[ChannelType.EMAIL])
        reminder = await scene.remind(TWO_DAYS)
        await scene.says("I can't make it", channel=ChannelType.EMAIL, in_reply_to=reminder.external_id)
        await outbox.drain(ctx)
        [link] = await scene.answers()
        names = [name for name in (reminder.external_id, link.external_id) if name]
        assert len(names) == 2
        for named in ({"in_reply_to": link.external_id}, {}):
            await scene.says("ok thanks", channel=ChannelType.EMAIL, references=tuple(names), **named)
            assert (await scene.now()).confirmation_status is S.CANNOT_COME

    async def test_a_thread_is_followed_however_old(self, ctx: Context, scene: Scene) -> None:
        [row] = await stage.rows(kind=MessageKind.REMINDER)
        await book_at_desk(ctx, scene.clinic, scene.patient, "2026-12-15 10:00")
        scene.clock.forward(hours=2)
        await outbox.drain(ctx)
        await scene.says("C", thread_id=row.thread_id)
        assert (await scene.now()).confirmation_status is S.CONFIRMED

    async def test_a_visit_that_is_over_or_was_moved_is_not_confirmed(self, ctx: Context, scene: Scene) -> None:
        later = scene.wall("2026-12-17 09:00")
        await visits.reschedule(ctx, scene.visit.id, start=later, provider_id=None, actor="system")
        assert (await scene.says("C")).state is InboxState.UNMATCHED
        await outbox.drain(ctx)
        scene.go_to("2026-12-17 10:00")
        assert (await scene.says("C")).state is InboxState.UNMATCHED
        assert (await scene.now()).confirmation_status is S.UNCONFIRMED


class TestBesideCampaigns:
    async def test_an_old_campaign_does_not_swallow_it(self, ctx: Context, scene: Scene) -> None:
        old = await make_recovery(ctx, patient_email=scene.patient.email)
        await stage.set_raw(old, status=CampaignStatus.RECOVERED, patient_id=scene.patient.id)
        assert ended(await scene.says("C")) == (InboxState.DONE, "visit_confirmed")
        assert (await scene.now()).confirmation_status is S.CONFIRMED
        [thanks] = await scene.answers()
        assert thanks.channel is ChannelType.SMS  # where we wrote, not where the old conversation was

    async def test_what_is_not_plain_goes_to_the_old_conversation(self, ctx: Context, scene: Scene) -> None:
        old = await make_recovery(ctx, patient_email=scene.patient.email)
        await stage.set_raw(old, status=CampaignStatus.RECOVERED, patient_id=scene.patient.id)
        event = await scene.says("what?")
        assert event.state is InboxState.DONE
        [kept] = await Interaction.find({"campaign_id": old.id, "direction": "incoming"}).to_list()
        assert kept.handled_at is None

    async def test_a_running_campaign_gets_it(self, ctx: Context, scene: Scene) -> None:
        running = await make_recovery(ctx, patient_email=scene.patient.email)
        await Campaign.collection().update_one({"_id": running.id}, {"$set": {"patient_id": scene.patient.id}})
        event = await scene.says("C")
        assert event.campaign_id == running.id
        assert (await scene.now()).confirmation_status is S.CONFIRMED


class TestSharedPhone:
    @pytest.fixture
    async def child(self, ctx: Context, scene: Scene) -> tuple[Appointment, Campaign]:
        """A child with a visit and a running campaign, whose messages go to the phone of the mother just reminded."""
        person = await make_patient(ctx, name="Bo", email=None, guardian_id=scene.patient.id, preferred_channel=["sms"])
        visit = await book_at_desk(ctx, scene.clinic, await make_patient(ctx), "2026-12-15 10:00")
        await Appointment.collection().update_one({"_id": visit.id}, {"$set": {"patient_id": person.id}})
        running = await make_recovery(ctx, patient_email=scene.patient.email)
        channel = {"channel.type": ChannelType.SMS, "channel.address": PHONE, "channel.thread_id": None}
        await stage.set_raw(running, patient_id=person.id, status=CampaignStatus.RE_ENGAGED, **channel)
        return visit, running

    @pytest.mark.parametrize("text", ["I can't make it", "see you then"])
    async def test_the_mothers_answer_says_nothing_of_the_childs_visit(
        self, scene: Scene, child: tuple[Appointment, Campaign], text: str
    ) -> None:
        visit, running = child
        event = await scene.says(text)
        assert event.campaign_id == running.id
        for each in (visit, scene.visit):
            found = await visits.get(each.id)
            assert (found.confirmation_status, found.needs_review) == (S.UNCONFIRMED, None)
        [heard] = await Interaction.find({"campaign_id": running.id, "direction": "incoming"}).to_list()
        assert heard.handled_at is None
        assert await scene.answers() == []

    async def test_an_emergency_comes_first(
        self, ctx: Context, scene: Scene, child: tuple[Appointment, Campaign]
    ) -> None:
        await scene.says("I can't make it, my face is swollen and I cannot breathe")
        assert (await stage.only_row(kind=MessageKind.EMERGENCY)).to == PHONE
        assert (await visits.get(child[0].id)).confirmation_status is S.UNCONFIRMED

    async def test_an_answer_to_the_childs_own_reminder_does(
        self, scene: Scene, child: tuple[Appointment, Campaign]
    ) -> None:
        visit, _ = child
        row = await scene.remind("2026-12-13 10:00")
        assert (row.to, row.appointment_id) == (PHONE, visit.id)
        await scene.says("I can't make it")
        assert (await visits.get(visit.id)).confirmation_status is S.CANNOT_COME


class TestCrash:
    @pytest.mark.parametrize("step", ["inbox.claimed", "visit_inbox.settled"])
    async def test_a_worker_that_dies_answers_once(self, ctx: Context, clock: Clock, scene: Scene, step: str) -> None:
        dying = Scene(stage.crashing_at(ctx, step), clock, scene.clinic, scene.patient, scene.visit)
        with pytest.raises(stage.Crash):
            await dying.says("I can't make it")
        clock.forward(minutes=10)
        await inbox.drain(ctx)
        await outbox.drain(ctx)
        event = await stage.only_event()
        assert ended(event) == (InboxState.PARKED, "patient_cannot_come")
        assert len(await scene.answers()) == 1
        assert clock.instant - event.received_at >= timedelta(minutes=10)
