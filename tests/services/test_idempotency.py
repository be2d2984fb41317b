"""Once per key, whoever repeats it, however often, whatever dies in between (trust.md 1, fault 18)."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from typing import Any

import pytest

from app.context import Context
from app.database.connection import joining_transactions
from app.errors import ConflictError
from app.models.idempotency import IdempotentRequest
from app.models.patients import Patient
from app.services import idempotency
from app.services.idempotency import Answer, AnswerLostError, KeyReusedError, RequestInProgressError
from tests.conftest import Clock
from tests.factories import make_patient


class ProcessDiedError(BaseException):
    """Stands for kill -9: nothing that runs after it may be relied on."""


Work = Callable[[], Awaitable[Answer]]


def once(
    ctx: Context, work: Work, *, key: str = "k", fingerprint: str = "f"
) -> Coroutine[Any, Any, tuple[Answer, bool]]:
    return idempotency.once(ctx, scope="s", key=key, fingerprint=fingerprint, work=work, wait_seconds=5)


def creating(ctx: Context) -> Work:
    async def work() -> Answer:
        return {"id": str((await make_patient(ctx)).id)}

    return work


async def left_by_a_dead_process(ctx: Context, *, is_applied: bool) -> None:
    """What a run leaves in the database when its process ends before or after its commit."""
    request = idempotency._request(ctx, scope="s", key="k", fingerprint="f")
    request.is_applied = is_applied
    await request.insert()


class TestOnce:
    async def test_fifty_at_once_do_it_once_and_hear_the_same(self, ctx: Context) -> None:
        heard = await asyncio.gather(*(once(ctx, creating(ctx)) for _ in range(50)))
        assert len({answer["id"] for answer, _ in heard}) == 1
        assert sorted(replayed for _, replayed in heard) == [False] + [True] * 49
        assert await Patient.find_all().count() == 1

    async def test_another_request_under_the_key_is_refused(self, ctx: Context) -> None:
        await once(ctx, creating(ctx))
        with pytest.raises(KeyReusedError):
            await once(ctx, creating(ctx), fingerprint="other")
        assert await Patient.find_all().count() == 1

    async def test_keys_of_different_askers_have_nothing_in_common(self, ctx: Context) -> None:
        await idempotency.once(ctx, scope="anna", key="k", fingerprint="f", work=creating(ctx))
        _, replayed = await idempotency.once(ctx, scope="ben", key="k", fingerprint="f", work=creating(ctx))
        assert replayed is False
        assert await Patient.find_all().count() == 2

    async def test_a_refusal_frees_the_key(self, ctx: Context) -> None:
        async def refuse() -> Answer:
            raise ConflictError("No.")

        with pytest.raises(ConflictError):
            await once(ctx, refuse)
        assert await IdempotentRequest.find_all().count() == 0
        _, replayed = await once(ctx, creating(ctx))
        assert replayed is False

    async def test_a_change_that_was_rolled_back_is_not_taken_for_done(self, ctx: Context) -> None:
        async def work() -> Answer:
            async def write() -> None:
                raise ConflictError("Somebody was first.")

            await ctx.database.transaction(write)
            return {}

        with pytest.raises(ConflictError, match="Somebody was first"):
            await once(ctx, work)
        assert await IdempotentRequest.find_all().count() == 0


class TestCrashes:
    async def test_before_the_commit_the_next_try_does_it(self, ctx: Context, clock: Clock) -> None:
        await left_by_a_dead_process(ctx, is_applied=False)
        clock.forward(minutes=10)
        _, replayed = await once(ctx, creating(ctx))
        assert replayed is False
        assert await Patient.find_all().count() == 1

    async def test_while_the_lease_runs_nobody_takes_over(self, ctx: Context) -> None:
        await left_by_a_dead_process(ctx, is_applied=False)
        with pytest.raises(RequestInProgressError):
            await idempotency.once(ctx, scope="s", key="k", fingerprint="f", work=creating(ctx), wait_seconds=0.2)
        assert await Patient.find_all().count() == 0

    async def test_after_the_commit_it_is_never_done_again(self, ctx: Context, clock: Clock) -> None:
        async def die(point: str) -> None:
            if point == "idempotency.applied":
                raise ProcessDiedError

        with pytest.raises(ProcessDiedError):
            await once(replace(ctx, pause=die), creating(ctx))
        clock.forward(minutes=10)
        with pytest.raises(AnswerLostError):
            await once(ctx, creating(ctx))
        assert await Patient.find_all().count() == 1

    async def test_a_run_that_stalled_past_its_lease_commits_nothing(self, ctx: Context, clock: Clock) -> None:
        reached, go_on = asyncio.Event(), asyncio.Event()

        async def stall() -> Answer:
            reached.set()
            await go_on.wait()
            return await creating(ctx)()

        stalled = asyncio.create_task(once(ctx, stall))
        await reached.wait()
        clock.forward(minutes=10)
        answer, _ = await once(ctx, creating(ctx))
        go_on.set()
        with pytest.raises(ConflictError):
            await stalled
        assert [str(patient.id) for patient in await Patient.find_all().to_list()] == [answer["id"]]

    async def test_eight_that_find_a_dead_run_do_it_once(self, ctx: Context, clock: Clock) -> None:
        await left_by_a_dead_process(ctx, is_applied=False)
        clock.forward(minutes=10)
        heard = await asyncio.gather(*(once(ctx, creating(ctx)) for _ in range(8)))
        assert len({answer["id"] for answer, _ in heard}) == 1
        assert await Patient.find_all().count() == 1


async def test_a_write_that_joins_inside_a_request_with_a_key_takes_nothing_from_it(ctx: Context) -> None:
    """Staff booking a parked form join the settled event to the visit: the mark of the key must be there as well."""
    joined: list[str] = []

    async def note() -> None:
        joined.append("settled")

    async def work() -> Answer:
        with joining_transactions(note):
            await make_patient(ctx)
        raise ProcessDiedError

    with pytest.raises(ProcessDiedError):
        await once(ctx, work)
    [held] = await IdempotentRequest.find_all().to_list()
    assert (joined, held.is_applied) == (["settled"], True)
