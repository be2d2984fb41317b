"""Doing once what a caller asks several times under one key (trust.md 1, fault 18; IETF draft on Idempotency-Key).

The change and the mark that it happened are one transaction, so that a crash at any line never does it twice. Only
the answer can be lost then, and the caller is told so.
"""

import asyncio
import hashlib
import secrets
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from app.context import Context
from app.database.connection import joining_transactions
from app.database.patience import tidy_up
from app.errors import ConflictError, InvalidInputError
from app.models.idempotency import IdempotentRequest

KEPT_FOR = timedelta(hours=24)
WAIT_SECONDS = 10.0
LOOK_EVERY_SECONDS = 0.05

Answer = dict[str, Any]


class KeyReusedError(InvalidInputError):
    code = "IDEMPOTENCY_KEY_REUSED"


class RequestInProgressError(ConflictError):
    code = "REQUEST_IN_PROGRESS"


class AnswerLostError(ConflictError):
    code = "IDEMPOTENT_ANSWER_LOST"


async def once(
    ctx: Context,
    *,
    scope: str,
    key: str,
    fingerprint: str,
    work: Callable[[], Awaitable[Answer]],
    wait_seconds: float = WAIT_SECONDS,
) -> tuple[Answer, bool]:
    """Run `work` once for this key of `scope`; everybody else gets its stored answer (True: it was replayed).

    `fingerprint` tells one request from another. A refusal (any exception) changes nothing and frees the key. Raises
    KeyReusedError (422), RequestInProgressError (409, the first is still running after `wait_seconds`) and
    AnswerLostError (409, it was done, but its answer died with the process).
    """
    request = _request(ctx, scope=scope, key=key, fingerprint=fingerprint)
    for _ in range(int(wait_seconds / LOOK_EVERY_SECONDS)):
        if await request.claim():
            return await _run(ctx, request, work), False
        held = await IdempotentRequest.get(request.id)
        if held is None:
            continue  # the one before us was refused and left no trace
        _refuse_other_use(ctx, held, fingerprint)
        if held.answer is not None:
            return held.answer, True
        if taken := await held.take_over(holder=request.holder, now=ctx.now(), until=ctx.lease_until):
            return await _run(ctx, taken, work), False
        await asyncio.sleep(LOOK_EVERY_SECONDS)
    raise _in_progress()


def _in_progress() -> RequestInProgressError:
    return RequestInProgressError("The same request is still being worked on. Try again in a moment.", retry_after=2)


def _request(ctx: Context, *, scope: str, key: str, fingerprint: str) -> IdempotentRequest:
    return IdempotentRequest(
        id=hashlib.sha256(f"{scope}\x1f{key}".encode()).hexdigest(),
        fingerprint=fingerprint,
        holder=secrets.token_hex(8),
        until=ctx.lease_until,
        expires_at=ctx.now() + KEPT_FOR,
    )


def _refuse_other_use(ctx: Context, held: IdempotentRequest, fingerprint: str) -> None:
    if held.fingerprint != fingerprint:
        raise KeyReusedError("This Idempotency-Key belongs to another request. Use a new one.")
    if held.is_applied and held.answer is None and held.until <= ctx.now():
        raise AnswerLostError(
            "This was done, but its answer was lost. Look whether it is there before you send it with a new key."
        )


async def _run(ctx: Context, request: IdempotentRequest, work: Callable[[], Awaitable[Answer]]) -> Answer:
    async def mark() -> None:
        if not await request.mark_applied():
            raise _in_progress()  # this run stalled past its lease, and another does the work: nothing is committed

    try:
        with joining_transactions(mark):
            answer = await work()
        await ctx.pause("idempotency.applied")
    except BaseException:
        await tidy_up(request.release)
        raise
    await request.store_answer(answer)
    return answer
