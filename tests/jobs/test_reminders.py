"""The job `reminders`: each reminder once, whoever runs it and however often it dies (domain.md section 7)."""

import asyncio
from functools import partial

import pytest

from app.context import Context
from app.jobs import outbox, registry
from app.models.enums import (
    AppointmentStatus,
    CampaignStatus,
    ChannelType,
    ConfirmationStatus,
    DecisionOutcome,
    OutboxState,
)
from app.models.links import PatientLink
from app.models.outbox import OutboundMessage
from app.models.patients import Patient
from app.models.records import Decision
from app.services import campaigns, clinic, managed_visits, opt_outs, visit_confirmations, visits
from app.services.clinic import Wish
from tests.conftest import Clock
from tests.factories import make_patient
from tests.services import stage
from tests.services.reminded import (
    PHONE,
    SEVEN_DAYS,
    THREE_HOURS,
    TWO_DAYS,
    VISIT_AT,
    Scene,
    book_at_desk,
    furnish,
    furnish_with_campaign,
    reminders,
)
from tests.services.stage import Crash, crashing_at

S = ConfirmationStatus


@pytest.fixture
def ctx(ctx: Context) -> Context:
    return stage.speaking(ctx)


@pytest.fixture
async def scene(ctx: Context, clock: Clock) -> Scene:
    return await furnish(ctx, clock)


class TestWalk:
    async def test_from_the_booking_to_three_reminders_to_c_to_the_visit(self, ctx: Context, clock: Clock) -> None:
        scene, campaign = await furnish_with_campaign(ctx, clock)
        assert campaign.status is CampaignStatus.BOOKING_INITIATED
        sent = [await scene.remind(at) for at in (SEVEN_DAYS, TWO_DAYS, THREE_HOURS)]
        assert [row.state for row in sent] == [OutboxState.SENT] * 3
        assert len({row.id for row in sent}) == 3
        for row in sent:
            assert "Thursday 10 December at 14:30" in row.body
            assert "root" not in (row.body + row.subject).lower()
        heard = await stage.answered_with(ctx, campaign, "C")
        await outbox.drain(ctx)
        assert heard.status is CampaignStatus.BOOKING_INITIATED
        assert (await scene.now()).confirmation_status is S.CONFIRMED
        assert "look forward to seeing you on Thursday 10 December at 14:30" in (await stage.sent_bodies())[-1]
        scene.go_to("2026-12-10 15:10")
        await visits.complete(ctx, scene.visit.id, next_follow_up_on=None, actor="system")
        assert (await campaigns.get(campaign.id)).status is CampaignStatus.RECOVERED
        assert await scene.sweep("2026-12-11 10:00") == {}
        assert len(await reminders()) == 3

    async def test_every_five_minutes_of_eighteen_days_three_leave_by_day(self, ctx: Context, clock: Clock) -> None:
        scene = await furnish(ctx, clock, at="2026-11-30 08:30")
        while clock.instant < scene.visit.ends_at:
            await scene.sweep()
            clock.forward(minutes=30)
        await outbox.drain(ctx)
        moments = [f"{row.created_at.astimezone(scene.clinic.zone):%m-%d %H:%M}" for row in await reminders()]
        assert moments == ["11-28 08:30", "11-29 19:00"]  # booked less than eight days ahead


class TestMessage:
    async def test_it_goes_to_the_preferred_channel_with_a_link_that_works(self, ctx: Context, scene: Scene) -> None:
        row = await scene.remind(SEVEN_DAYS)
        assert (row.channel, row.to, row.subject) == (ChannelType.SMS, PHONE, "")
        assert (row.appointment_id, row.campaign_id) == (scene.visit.id, None)
        assert "your visit is on Thu 10 Dec 14:30, 1 Willow Street." in row.body
        managed = await managed_visits.open_link(ctx, await scene.links_in(row))
        assert managed.visit.id == scene.visit.id

    async def test_it_speaks_the_patients_language(self, ctx: Context, clock: Clock) -> None:
        scene = await furnish(ctx, clock, language="es", preferred_channel=[ChannelType.EMAIL])
        row = await scene.remind(SEVEN_DAYS)
        assert "el jueves 10 de diciembre a las 14:30" in row.body
        assert row.subject == "Su visita en Willow Street Dental"

    async def test_who_confirmed_is_not_asked_again(self, scene: Scene) -> None:
        await scene.remind(SEVEN_DAYS)
        await scene.says("C")
        assert "Answer C" not in (await scene.remind(TWO_DAYS)).body

    async def test_a_childs_visit_is_told_to_the_guardian(self, ctx: Context, clock: Clock) -> None:
        scene = await furnish(ctx, clock)
        child = await make_patient(ctx, name="Bo Lopez", guardian_id=scene.patient.id, preferred_channel=["sms"])
        await book_at_desk(ctx, scene.clinic, child, "2026-12-10 16:00")
        await scene.sweep("2026-12-03 16:00")
        assert [row.to for row in await reminders()] == [PHONE, PHONE]

    async def test_a_stopped_channel_gives_way_to_the_next(self, ctx: Context, clock: Clock) -> None:
        scene = await furnish(ctx, clock, preferred_channel=[ChannelType.SMS, ChannelType.EMAIL])
        await opt_outs.stop_address(ctx, channel=ChannelType.SMS, address=PHONE, source="test")
        row = await scene.remind(SEVEN_DAYS)
        assert (row.channel, row.to, row.state) == (ChannelType.EMAIL, scene.patient.email, OutboxState.SENT)

    async def test_nobody_reachable_leaves_the_reason_once(self, ctx: Context, scene: Scene) -> None:
        await opt_outs.stop_address(ctx, channel=ChannelType.SMS, address=PHONE, source="test")
        assert await scene.sweep(SEVEN_DAYS) == {"unreachable": 1}
        assert await scene.sweep() == {}
        [kept] = await Decision.find({"rule": "no_usable_channel"}).to_list()
        assert (kept.patient_id, kept.outcome) == (scene.patient.id, DecisionOutcome.REFUSED)
        assert kept.inputs["reminder"] == "7d"

    async def test_it_does_not_count_as_the_days_one_message(self, ctx: Context, clock: Clock) -> None:
        scene, campaign = await furnish_with_campaign(ctx, clock)
        await stage.set_raw(campaign, status=CampaignStatus.RECOVERED)
        await scene.remind(SEVEN_DAYS)
        [row] = await reminders()
        assert row.day_keys is None


class TestOnce:
    async def test_run_twice(self, scene: Scene) -> None:
        assert await scene.sweep(SEVEN_DAYS) == {"queued": 1}
        assert await scene.sweep() == {}
        assert len(await reminders()) == 1

    async def test_run_by_eight_at_once(self, ctx: Context, scene: Scene) -> None:
        for number in range(5):
            await book_at_desk(ctx, scene.clinic, await make_patient(ctx), f"2026-12-10 1{number}:00")
        scene.go_to("2026-12-03 14:30")
        runs = await asyncio.gather(*(registry.run_job(ctx, registry.REMINDERS) for _ in range(8)))
        assert sum(run.get("queued", 0) for run in runs) == 6
        assert len(await reminders()) == 6
        links = await PatientLink.find({"appointment_id": scene.visit.id}).to_list()
        assert len(links) == 2  # the confirmation's and the reminder's: no losing run left one behind

    @pytest.mark.parametrize("step", ["reminders.found", "reminders.queued"])
    async def test_a_run_that_dies_is_taken_up(self, ctx: Context, scene: Scene, step: str) -> None:
        await book_at_desk(ctx, scene.clinic, await make_patient(ctx), "2026-12-10 14:00")
        scene.go_to(SEVEN_DAYS)
        with pytest.raises(Crash):
            await registry.run_job(crashing_at(ctx, step), registry.REMINDERS)
        await scene.sweep()
        await outbox.drain(ctx)
        assert len(await stage.sent_bodies(body={"$regex": "Answer C"})) == 2

    @pytest.mark.parametrize("step", ["outbox.drafted", "outbox.draft_stored", "outbox.sending", "outbox.sent"])
    async def test_a_sender_that_dies_sends_it_once(self, ctx: Context, clock: Clock, scene: Scene, step: str) -> None:
        await scene.sweep(SEVEN_DAYS)
        with pytest.raises(Crash):
            await outbox.drain(crashing_at(ctx, step))
        clock.forward(minutes=10)
        await scene.sweep()
        await outbox.drain(ctx)
        assert len(await stage.sent_bodies(body={"$regex": "Answer C"})) == 1

    async def test_a_whole_day_of_downtime_leaves_nothing_late(self, scene: Scene) -> None:
        assert await scene.sweep("2026-12-04 14:31") == {}
        assert await scene.sweep("2026-12-09 08:00") == {}
        assert await scene.sweep("2026-12-10 12:16") == {}

    async def test_what_was_missed_for_an_hour_is_made_up(self, scene: Scene) -> None:
        assert await scene.sweep("2026-12-08 15:30") == {"queued": 1}


class TestMovedAndCancelled:
    async def test_a_moved_visit_gets_new_reminders_and_an_old_one_never_leaves(
        self, ctx: Context, scene: Scene
    ) -> None:
        await scene.sweep(SEVEN_DAYS)
        later = scene.wall("2026-12-17 09:00")
        await visits.reschedule(ctx, scene.visit.id, start=later, provider_id=None, actor="system")
        await outbox.drain(ctx)
        [old] = await reminders()
        assert (old.state, old.state_reason) == (OutboxState.CANCELLED, "visit_was_moved")
        row = await scene.remind("2026-12-10 09:00")
        assert row.state is OutboxState.SENT
        assert "Thu 17 Dec 09:00" in row.body

    async def test_moving_it_back_sends_neither_twice_nor_the_old_one(self, ctx: Context, scene: Scene) -> None:
        await scene.remind(SEVEN_DAYS)
        for at in ("2026-12-17 09:00", VISIT_AT):
            await visits.reschedule(ctx, scene.visit.id, start=scene.wall(at), provider_id=None, actor="system")
        assert await scene.sweep() == {}  # told of the time a moment ago
        assert (await scene.remind(TWO_DAYS)).state is OutboxState.SENT

    async def test_a_visit_cancelled_when_a_sender_holds_its_reminder(self, ctx: Context, scene: Scene) -> None:
        await scene.sweep(SEVEN_DAYS)
        cancel = partial(visits.cancel, ctx, scene.visit.id, actor="system")
        await outbox.drain(stage.at_step(ctx, "outbox.claimed", cancel))
        [row] = await reminders()
        assert (row.state, row.state_reason) == (OutboxState.CANCELLED, "visit_not_booked")

    @pytest.mark.parametrize("status", ["cancelled", "no_show", "completed", "deleted"])
    async def test_a_visit_that_is_no_more(self, ctx: Context, scene: Scene, status: str) -> None:
        await scene.sweep(SEVEN_DAYS)
        if status == "deleted":
            await visits.delete(ctx, scene.visit.id, actor="system")
        else:
            ended = AppointmentStatus(status)
            await visits.end(ctx, await scene.now(), ended, keeps_slot=ended is AppointmentStatus.COMPLETED)
        await outbox.drain(ctx)
        [row] = await reminders()
        assert (row.state, row.state_reason) == (OutboxState.CANCELLED, "visit_not_booked")
        assert await scene.sweep(TWO_DAYS) == {}

    async def test_who_cannot_come_is_left_alone(self, ctx: Context, scene: Scene) -> None:
        await scene.sweep(SEVEN_DAYS)
        await visit_confirmations.set_by_staff(ctx, scene.visit.id, S.CANNOT_COME, actor="user:1")
        await outbox.drain(ctx)
        [row] = await reminders()
        assert row.state_reason == "patient_cannot_come"
        assert await scene.sweep(TWO_DAYS) == {}

    async def test_a_stop_before_it_leaves_is_heeded(self, ctx: Context, scene: Scene) -> None:
        await scene.sweep(SEVEN_DAYS)
        await opt_outs.stop_address(ctx, channel=ChannelType.SMS, address=PHONE, source="test")
        await outbox.drain(ctx)
        [row] = await reminders()
        assert (row.state, row.state_reason) == (OutboxState.CANCELLED, "opted_out")


class TestNight:
    @pytest.mark.parametrize("hour", ["00:00", "03:30", "07:59", "21:00", "23:59"])
    async def test_nothing_is_written_at_night(self, scene: Scene, hour: str) -> None:
        assert await scene.sweep(f"2026-12-04 {hour}") == {}

    @pytest.mark.parametrize("ignore_window", [False, True])
    async def test_one_that_could_not_leave_in_time_waits_for_the_morning(
        self, ctx: Context, scene: Scene, ignore_window: bool
    ) -> None:
        await scene.sweep("2026-12-03 20:30")
        scene.go_to("2026-12-03 21:00")
        assert (await outbox.drain(ctx, ignore_window=ignore_window))["sent"] == 0
        scene.go_to("2026-12-04 07:59")
        assert (await outbox.drain(ctx, ignore_window=ignore_window))["sent"] == 0
        scene.go_to("2026-12-04 08:00")
        assert (await outbox.drain(ctx))["sent"] == 1

    async def test_one_that_would_be_too_late_in_the_morning_is_withdrawn(self, ctx: Context, scene: Scene) -> None:
        await scene.sweep("2026-12-08 20:55")
        scene.go_to("2026-12-08 21:05")
        await outbox.drain(ctx)
        [row] = await reminders()
        assert (row.state, row.state_reason) == (OutboxState.CANCELLED, "reminder_too_late")

    async def test_a_provider_that_was_down_for_a_day_sends_nothing_late(self, ctx: Context, scene: Scene) -> None:
        await scene.sweep(THREE_HOURS)
        scene.go_to("2026-12-10 12:30")
        await outbox.drain(ctx)
        [row] = await reminders()
        assert row.state_reason == "reminder_too_late"


class TestSetting:
    async def test_switched_off(self, ctx: Context, scene: Scene) -> None:
        await scene.sweep(SEVEN_DAYS)
        await clinic.update(ctx, Wish(changes={"booking": {"reminders": []}}), actor="system")
        await outbox.drain(ctx)
        [row] = await reminders()
        assert row.state is OutboxState.CANCELLED
        assert await scene.sweep(TWO_DAYS) == {}

    async def test_a_clinics_own_leads_count_at_once(self, ctx: Context, scene: Scene) -> None:
        await clinic.update(ctx, Wish(changes={"booking": {"reminders": ["1d"]}}), actor="system")
        assert await scene.sweep(SEVEN_DAYS) == {}
        assert await scene.sweep("2026-12-09 14:30") == {"queued": 1}


class TestDryRun:
    async def test_it_says_who_and_writes_nothing(self, ctx: Context, scene: Scene) -> None:
        scene.go_to(SEVEN_DAYS)
        before = await OutboundMessage.count(), await PatientLink.count(), await Decision.count()
        shown = await registry.run_job(ctx, registry.REMINDERS, dry_run=True)
        assert shown["due"] == 1
        [row] = shown["would_contact"]
        assert (row["appointment_id"], row["reminder"], row["channel"]) == (str(scene.visit.id), "7d", "sms")
        assert row["sentence"]
        assert (await OutboundMessage.count(), await PatientLink.count(), await Decision.count()) == before
        await scene.sweep()
        assert (await registry.run_job(ctx, registry.REMINDERS, dry_run=True))["due"] == 0


class TestPlan:
    async def test_the_sweep_reads_the_days_around_the_moments_by_their_index(self, ctx: Context, scene: Scene) -> None:
        for month in range(1, 9):
            await book_at_desk(ctx, scene.clinic, await make_patient(ctx), f"2027-0{month}-05 10:00")
        scene.go_to(SEVEN_DAYS)
        reads = await stage.profiled(ctx, scene.sweep, op="query", ns="appointments")
        assert len(reads) == 3
        for read in reads:
            assert read["planSummary"].startswith("IXSCAN { appointment_date: 1")
            assert read["docsExamined"] <= 1

    async def test_an_empty_clinic(self, ctx: Context) -> None:
        assert await registry.run_job(ctx, registry.REMINDERS) == {}


class TestBoundary:
    """One visit that cannot be told of keeps no other's reminder back."""

    async def two(self, ctx: Context, clock: Clock) -> tuple[Scene, Patient]:
        scene = await furnish(ctx, clock)
        other = await make_patient(ctx, name="Nora Next")
        await book_at_desk(ctx, scene.clinic, other, "2026-12-10 15:30")
        await outbox.drain(ctx)
        return scene, other

    async def test_a_visit_that_cannot_be_read(self, ctx: Context, clock: Clock) -> None:
        scene, other = await self.two(ctx, clock)
        await Patient.collection().delete_one({"_id": scene.patient.id})
        assert await scene.sweep("2026-12-03 15:30") == {"queued": 1}
        assert [row.patient_id for row in await reminders()] == [other.id]

    async def test_a_reminder_that_cannot_be_written(self, ctx: Context, clock: Clock) -> None:
        async def fail() -> None:
            raise RuntimeError("no")

        scene, other = await self.two(ctx, clock)
        scene.ctx = stage.at_step(ctx, "reminders.queued", fail)
        assert await scene.sweep("2026-12-03 15:30") == {"failed": 1, "queued": 1}
        assert {row.patient_id for row in await reminders()} == {scene.patient.id, other.id}
