"""How a database is known to be a copy, and that a pause costs nothing (trust.md fault 23, decision 0031)."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from app.context import Context
from app.database.identity import Remembered
from app.errors import ConflictError
from app.jobs import outbox
from app.jobs.workers import WORKERS
from app.models.enums import OutboxState, PauseReason
from app.models.recovery import DatabaseIdentity, SendingState
from app.services import audit, sending_pause
from tests.conftest import Clock
from tests.services import stage


def another_process(ctx: Context) -> Context:
    return replace(ctx, remembered=Remembered())


async def identity() -> DatabaseIdentity:
    found = await DatabaseIdentity.get("database")
    assert found is not None
    return found


class TestLook:
    async def test_a_new_database_is_stamped_and_sends(self, ctx: Context) -> None:
        assert not (await sending_pause.look(ctx)).is_paused
        stored = await identity()
        assert stored.seen_at == ctx.now()
        assert stored.collection_uuid

    async def test_many_processes_at_once(self, ctx: Context, clock: Clock) -> None:
        for _ in range(3):
            states = await asyncio.gather(*(sending_pause.look(another_process(ctx)) for _ in range(8)))
            assert not any(state.is_paused for state in states)
            clock.forward(seconds=7)

    async def test_many_workers_of_one_process_while_time_passes(self, ctx: Context, clock: Clock) -> None:
        """One that read the database before another stamped it must not take that for a copy."""

        def passing() -> datetime:
            return clock.forward(seconds=6)

        ctx = replace(ctx, now=passing)
        await sending_pause.look(ctx)
        states = await asyncio.gather(*(sending_pause.look(ctx) for _ in range(300)))
        assert not any(state.is_paused for state in states)

    async def test_a_process_that_runs_on_for_days_sees_no_sign(self, ctx: Context, clock: Clock) -> None:
        for _ in range(5):
            assert not (await sending_pause.look(ctx)).is_paused
            clock.forward(days=1)

    async def test_it_looks_every_few_seconds_and_not_at_each_call(self, ctx: Context, clock: Clock) -> None:
        for _ in range(4):
            await sending_pause.look(ctx)
        assert (await identity()).seen_at == ctx.now()
        before = (await identity()).looks
        clock.forward(seconds=4)
        await sending_pause.look(ctx)
        assert (await identity()).looks == before
        clock.forward(seconds=1)
        await sending_pause.look(ctx)
        assert (await identity()).looks == before + 2, "once to judge, once to stamp"

    async def test_another_servers_collection(self, ctx: Context) -> None:
        await sending_pause.look(ctx)
        await (await identity()).set({"collection_uuid": "0" * 32})
        state = await sending_pause.look(another_process(ctx))
        assert state.paused_because is PauseReason.RESTORED_COPY
        assert (await identity()).collection_uuid != "0" * 32, "it is this server's from now on"

    async def test_a_stamp_from_a_clock_that_is_ahead(self, ctx: Context, clock: Clock) -> None:
        """One machine's clock is a year ahead: the others look on, and a copy is read back from today."""
        await sending_pause.look(ctx)
        await (await identity()).set({"seen_at": ctx.now() + timedelta(days=365)})
        clock.forward(seconds=10)
        assert not (await sending_pause.look(ctx)).is_paused
        await (await identity()).set({"collection_uuid": "0" * 32})
        clock.forward(seconds=10)
        state = await sending_pause.look(ctx)
        assert state.is_paused
        assert state.lost_since is not None
        assert state.lost_since < ctx.now()

    async def test_a_stamp_that_went_back(self, ctx: Context, clock: Clock) -> None:
        await sending_pause.look(ctx)
        await (await identity()).set({"seen_at": ctx.now() - timedelta(hours=8)})
        clock.forward(seconds=10)
        state = await sending_pause.look(ctx)
        assert state.paused_because is PauseReason.WENT_BACK
        assert state.lost_since == ctx.now() - timedelta(hours=8, minutes=10, seconds=10)

    async def test_a_stamp_that_is_gone_under_a_running_process(self, ctx: Context, clock: Clock) -> None:
        await sending_pause.look(ctx)
        await DatabaseIdentity.get_pymongo_collection().delete_many({})
        clock.forward(seconds=10)
        assert (await sending_pause.look(ctx)).paused_because is PauseReason.WENT_BACK


class TestPause:
    async def test_it_uses_no_try_and_loses_nothing(self, ctx: Context) -> None:
        await stage.running_campaign(ctx)
        await stage.queue_due(ctx)
        await sending_pause.pause(ctx, PauseReason.OPERATOR, since=ctx.now(), by=audit.SYSTEM)
        for _ in range(3):
            assert not any((await outbox.drain(ctx, ignore_window=True)).values())
        row = await stage.only_row()
        assert (row.state, row.failures, row.lease_generation) == (OutboxState.PENDING, 0, 0)
        await sending_pause.resume(ctx, by="user:x", anyway=True)
        assert (await outbox.drain(ctx))["sent"] == 1

    async def test_it_ends_a_drain_that_runs(self, ctx: Context) -> None:
        for _ in range(3 * WORKERS):
            await stage.running_campaign(ctx)
        await stage.queue_due(ctx)

        async def paused_at(point: str) -> None:
            if point == "outbox.claimed":
                await sending_pause.pause(ctx, PauseReason.OPERATOR, since=ctx.now(), by=audit.SYSTEM)

        sent = (await outbox.drain(replace(ctx, pause=paused_at), ignore_window=True))["sent"]
        assert 1 <= sent <= WORKERS, "only what was claimed before"
        assert len(await stage.rows(state=OutboxState.PENDING)) == 3 * WORKERS - sent

    async def test_paused_twice_the_earlier_moment_counts(self, ctx: Context) -> None:
        for hours in (5, 9, 2):
            since = ctx.now() - timedelta(hours=hours)
            await sending_pause.pause(ctx, PauseReason.OPERATOR, since=since, by=audit.SYSTEM)
        assert (await SendingState.now()).lost_since == ctx.now() - timedelta(hours=9, minutes=10)

    async def test_paused_again_everything_is_read_again(self, ctx: Context) -> None:
        await sending_pause.pause(ctx, PauseReason.OPERATOR, since=ctx.now(), by=audit.SYSTEM)
        await SendingState.note(sent_mail_read_at=ctx.now(), answers_read_at=ctx.now())
        await sending_pause.pause(ctx, PauseReason.OPERATOR, since=ctx.now(), by=audit.SYSTEM)
        assert len(await sending_pause.obstacles(await SendingState.now())) == 2

    async def test_what_is_not_paused_cannot_be_resumed(self, ctx: Context) -> None:
        with pytest.raises(ConflictError, match="not paused"):
            await sending_pause.resume(ctx, by="user:x")
