"""SIGTERM in the middle of work: nothing new is begun, and what is cut off is another replica's at once (fault 28)."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace

import pytest
from apscheduler.schedulers.base import STATE_PAUSED

from app.context import Context
from app.jobs import imports, inbox, outbox, scheduler
from app.jobs.registry import DAILY
from app.jobs.scheduler import LEADS_FOR, lead, timetable
from app.models.base import LONG_AGO
from app.models.campaigns import Campaign
from app.models.enums import CampaignStatus, ImportState, InboxState, MessageKind, OutboxState
from app.models.imports import PatientImport
from app.models.inbox import InboundEvent
from app.models.operations import LEADER, JobLease
from app.services import handoffs
from app.stopping import WORK_SECONDS, Stopping
from tests.factories import force_status, make_clinic, make_due_patient, make_recovery, make_user
from tests.services import patient_files, stage
from tests.services.patient_files import people, text_of

Drain = Callable[[Context], Awaitable[object]]
WITHIN_SECONDS = 20


@pytest.fixture
def ctx(ctx: Context) -> Context:
    return stage.speaking(ctx)


async def cut_off_at(ctx: Context, step: str, work: Drain) -> None:
    """Stand still at the step, as behind a provider that does not answer; be told to stop, and be cut off there."""
    stands, stopping = asyncio.Event(), Stopping()

    async def pause(name: str) -> None:
        if name == step:
            stands.set()
            await asyncio.Event().wait()

    task = asyncio.ensure_future(work(replace(ctx, pause=pause, stopping=stopping)))
    await asyncio.wait_for(stands.wait(), WITHIN_SECONDS)
    await asyncio.sleep(
        0.3
    )  # its colleagues find nothing: a claim that is cut off on the wire waits for its lease's end
    stopping.begin()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await asyncio.wait_for(task, WITHIN_SECONDS)
    assert task.cancelled()


def another(ctx: Context) -> Context:
    """Another replica, at the same moment."""
    return replace(ctx, stopping=Stopping())


class TestStopping:
    def test_everybody_is_told_once(self) -> None:
        told: list[str] = []
        stopping = Stopping()
        stopping.tell(lambda: told.append("before"))
        assert (told, stopping.is_begun) == ([], False)
        stopping.begin()
        stopping.begin()
        assert (told, stopping.is_begun) == (["before"], True)
        stopping.tell(lambda: told.append("late"))
        assert told == ["before", "late"]

    def test_the_time_that_is_left_runs_from_the_signal(self) -> None:
        stopping = Stopping()
        assert stopping.seconds_left() == WORK_SECONDS
        stopping.begin()
        assert stopping._began_at is not None
        stopping._began_at -= WORK_SECONDS - 1
        assert 0 < stopping.seconds_left() <= 1
        stopping._began_at -= 5
        assert stopping.seconds_left() == 0


class TestNothingNewIsBegun:
    async def test_what_waits_in_the_outbox_waits_on(self, ctx: Context) -> None:
        campaign = await stage.running_campaign(ctx)
        for _ in range(12):
            await stage.add_row(ctx, campaign, MessageKind.STAFF)
        stopping = stage.at_step(ctx, "outbox.sending", _begin(ctx))
        sent = (await outbox.drain(stopping))["sent"]
        assert 1 <= sent <= 4  # what the four workers held is finished
        assert len(await stage.rows(state=OutboxState.PENDING, lease_until=LONG_AGO)) == 12 - sent
        assert (await outbox.drain(another(ctx)))["sent"] == 12 - sent

    async def test_what_waits_in_the_inbox_waits_on(self, ctx: Context) -> None:
        campaign = await stage.written_to(ctx)
        await stage.incoming(ctx, campaign, "thank you")
        ctx.stopping.begin()
        assert not any((await inbox.drain(ctx)).values())
        assert (await inbox.drain(another(ctx)))["done"] == 1

    async def test_a_timed_run_does_not_begin(self, ctx: Context) -> None:
        await make_due_patient(ctx)
        ctx.stopping.begin()
        for entry in await timetable():
            await scheduler._guarded(ctx, entry)()
        await scheduler.keep_leading(ctx)
        assert await Campaign.count() == 0
        assert await JobLease.find_all().to_list() == []


def _begin(ctx: Context) -> Callable[[], Awaitable[None]]:
    async def begin() -> None:
        ctx.stopping.begin()

    return begin


class TestCutOff:
    @pytest.mark.parametrize("step", ["inbox.claimed", "inbox.interaction_stored", "agent.acknowledged"])
    async def test_a_message_of_a_patient_is_anothers_at_once(self, ctx: Context, step: str) -> None:
        campaign = await stage.written_to(ctx)
        await stage.incoming(ctx, campaign, "yes, I would like to book")
        await cut_off_at(ctx, step, inbox.drain)
        [event] = await InboundEvent.find_all().to_list()
        assert (event.state, event.lease_until, event.attempts) == (InboxState.RECEIVED, LONG_AGO, 0)
        assert (await inbox.drain(another(ctx)))["done"] == 1
        assert len(await stage.rows(state=OutboxState.PENDING)) == 1

    @pytest.mark.parametrize("step", ["outbox.claimed", "outbox.drafted", "outbox.draft_stored"])
    async def test_a_message_that_has_not_left_is_anothers_at_once(self, ctx: Context, step: str) -> None:
        campaign = await stage.running_campaign(ctx)
        await stage.add_row(ctx, campaign, MessageKind.STAFF)
        await cut_off_at(ctx, step, outbox.drain)
        assert (await outbox.drain(another(ctx)))["sent"] == 1
        assert len(await stage.sent_bodies()) == 1

    async def test_one_that_may_be_on_its_way_keeps_its_lease(self, ctx: Context) -> None:
        """The request may still be in a thread that nobody can cut off: the next worker asks the provider later."""
        campaign = await stage.running_campaign(ctx)
        await stage.add_row(ctx, campaign, MessageKind.STAFF)
        await cut_off_at(ctx, "outbox.sending", outbox.drain)
        row = await stage.only_row()
        assert (row.state, row.lease_until) == (OutboxState.SENDING, ctx.lease_until)
        assert not any((await outbox.drain(another(ctx))).values())

    async def test_a_conversation_that_was_given_back(self, ctx: Context) -> None:
        await make_clinic()
        user = await make_user(ctx)
        lead = await force_status(await make_recovery(ctx), CampaignStatus.RE_ENGAGED)
        await stage.answered_with(ctx, lead, "yes please")
        await handoffs.claim(ctx, lead.id, by=user.id)
        await handoffs.release_to_agent(ctx, lead.id, by=user.id)
        await cut_off_at(ctx, "given_back.held", inbox.drain)
        assert (await inbox.drain(another(ctx)))["done"] == 1

    async def test_a_patient_file(self, ctx: Context) -> None:
        await make_clinic()
        held = await patient_files.upload(ctx, text_of(people(3)))
        await cut_off_at(ctx, "import.claimed", imports.drain)
        stored = await PatientImport.get(held.id)
        assert stored is not None
        assert (stored.state, stored.lease_until) == (ImportState.CHECKING, LONG_AGO)
        assert await imports.drain(another(ctx)) == {"checked": 1}

    async def test_the_daily_job(self, ctx: Context) -> None:
        """Another replica need not wait half an hour for it."""
        await make_due_patient(ctx)
        await cut_off_at(ctx, "launch.page_read", scheduler.run_daily_once)
        name = f"{DAILY}:{ctx.now().date().isoformat()}"
        assert await JobLease.take(name, holder="another", now=ctx.now(), until=ctx.lease_until)
        assert await JobLease.take(f"run:{DAILY}", holder="another", now=ctx.now(), until=ctx.lease_until)


class TestStopScheduler:
    async def test_what_takes_too_long_is_cut_off_and_another_replica_leads(self, ctx: Context) -> None:
        campaign = await stage.written_to(ctx)
        await stage.incoming(ctx, campaign, "yes, I would like to book")
        stands = asyncio.Event()

        async def pause(name: str) -> None:
            if name == "inbox.claimed":
                stands.set()
                await asyncio.Event().wait()

        running = await scheduler.start_scheduler(replace(ctx, pause=pause))
        await asyncio.wait_for(stands.wait(), WITHIN_SECONDS)
        assert await lead(ctx)
        ctx.stopping.begin()
        assert ctx.stopping._began_at is not None
        ctx.stopping._began_at -= WORK_SECONDS
        await asyncio.wait_for(scheduler.stop_scheduler(ctx, running), WITHIN_SECONDS)
        now = ctx.now()
        assert await JobLease.take(LEADER, holder="another", now=now, until=now + LEADS_FOR)
        assert (await inbox.drain(another(ctx)))["done"] == 1

    async def test_the_timetable_stands_still_from_the_signal_on(self, ctx: Context) -> None:
        running = await scheduler.start_scheduler(ctx)
        ctx.stopping.begin()
        assert running.state == STATE_PAUSED
        await scheduler.stop_scheduler(ctx, running)
