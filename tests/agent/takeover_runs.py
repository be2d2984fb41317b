"""One conversation in which a person takes over at some step, with faults around it; what the agent sent is counted."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from random import Random

from app.channels.base import OutgoingMessage, Receipt, ThrottledError
from app.channels.sandbox import SandboxChannel
from app.context import Context
from app.errors import ConflictError
from app.jobs import inbox, outbox
from app.models.campaigns import Campaign
from app.models.enums import CampaignStatus, ChannelType, MessageKind, OutboxState
from app.models.outbox import OutboundMessage
from app.models.users import User
from app.services import campaigns, conversations, handoffs
from tests.agent.provider import FixedProvider
from tests.conftest import Clock
from tests.factories import force_status, make_recovery
from tests.services import stage
from tests.services.stage import Crash

S = CampaignStatus
AGENTS = frozenset({MessageKind.ATTEMPT, MessageKind.NUDGE, MessageKind.REPLY})
PAST_EVERY_LEASE = 150
LAST_PAUSE = 14
TEXTS = ("yes please", "what?", "do you have parking?", "no thank you")
FAULTS = (None, None, "throttled", "dies_sending", "dies_drafted")
DIES_AT = {"dies_sending": "outbox.sending", "dies_drafted": "outbox.draft_stored"}

Takeover = Callable[[Context, Campaign, User], Awaitable[object]]


async def _answer(ctx: Context, campaign: Campaign, user: User) -> object:
    return await conversations.respond(
        ctx, campaign.id, text="It is me.", new_status=None, actor=f"user:{user.id}", key=conversations.fresh_key()
    )


async def _set_status(ctx: Context, campaign: Campaign, user: User) -> object:
    actor = f"user:{user.id}"
    return await campaigns.change_status(ctx, campaign.id, S.HANDOFF_REQUIRED, actor=actor, reason=None)


async def _claim(ctx: Context, campaign: Campaign, user: User) -> object:
    return await handoffs.claim(ctx, campaign.id, by=user.id)


TAKEOVERS: dict[str, Takeover] = {"answer": _answer, "status": _set_status, "claim": _claim}


@dataclass
class Watched:
    """The sandbox provider, noting for each send whether it began after the takeover was acknowledged."""

    inner: SandboxChannel
    run: "Run"
    throttles: int = 0
    name: str = "watched"

    async def draft(self, message: OutgoingMessage) -> str | None:
        return await self.inner.draft(message)

    async def send(self, message: OutgoingMessage, *, handle: str | None) -> Receipt:
        self.run.sends.append((message.outbox_id, self.run.began_late[asyncio.current_task()]))
        if self.throttles:
            self.throttles -= 1
            raise ThrottledError("slowly", retry_after=timedelta(seconds=5))
        return await self.inner.send(message, handle=handle)

    async def find_sent(self, message: OutgoingMessage) -> Receipt | None:
        return await self.inner.find_sent(message)


@dataclass
class Run:
    """What a seed chose, and what happened. `wipes` switches the check at the moment of sending off."""

    clock: Clock
    user: User
    text: str
    takeover: str
    fault: str | None
    at_pause: int
    is_beside: bool
    """The person acts at the same time as the outbox works, instead of at a named step."""
    wipes: bool = False
    is_acknowledged: bool = False
    pauses: int = 0
    is_dead: bool = False
    began_late: dict[object, bool] = field(default_factory=dict)
    sends: list[tuple[str, bool]] = field(default_factory=list)
    late_handoff: bool = False
    campaign: Campaign | None = None
    ctx: Context | None = None

    async def pause(self, name: str) -> None:
        """Between two durable steps: the send is counted, then the person acts, then the process dies."""
        if name == "outbox.sending":
            self.began_late[asyncio.current_task()] = self.is_acknowledged
        self.pauses += 1
        if self.pauses == self.at_pause and not self.is_beside:
            await self.take_over()
        if self.fault in DIES_AT and name == DIES_AT[self.fault] and not self.is_dead:
            self.is_dead = True
            raise Crash(name)

    async def take_over(self) -> None:
        """The person acts; whoever is refused, because the conversation is over by then, answers the patient."""
        if self.is_acknowledged or self.campaign is None or self.ctx is None:
            return
        self.clock.forward(seconds=1)
        quiet = replace(self.ctx, pause=_quietly)
        try:
            await TAKEOVERS[self.takeover](quiet, self.campaign, self.user)
        except ConflictError:
            self.takeover = "answer"
            await TAKEOVERS[self.takeover](quiet, self.campaign, self.user)
        if self.wipes:
            await stage.set_raw(self.campaign, taken_over_version=0)
        self.is_acknowledged = True


async def _quietly(_: str) -> None:
    """Another process pauses nowhere."""


def plan(seed: int, *, clock: Clock, user: User, wipes: bool = False) -> Run:
    """Everything random of one run."""
    rng = Random(seed)
    return Run(
        clock=clock,
        user=user,
        text=rng.choice(TEXTS),
        takeover=rng.choice(list(TAKEOVERS)),
        fault=rng.choice(FAULTS),
        at_pause=rng.randint(1, LAST_PAUSE),
        is_beside=rng.random() < 0.25,
        wipes=wipes,
    )


async def play(base: Context, run: Run) -> None:
    """A patient writes; the inbox and the outbox work until nothing is left, through every fault."""
    channel = Watched(SandboxChannel(now=base.now), run, throttles=run.fault == "throttled")

    async def thinking() -> None:
        await run.pause("llm.thinking")

    ctx = replace(
        stage.speaking(base, FixedProvider(while_thinking=thinking)),
        channels=dict(base.channels) | {ChannelType.EMAIL: channel},
        pause=run.pause,
    )
    lead = await make_recovery(base)
    run.campaign, run.ctx = await force_status(lead, S.RE_ENGAGED), ctx
    await stage.incoming(base, run.campaign, run.text)
    await _survive(lambda: inbox.drain(ctx))
    await _drain_outbox(ctx, run)
    await run.take_over()
    for _ in range(3):
        run.clock.forward(seconds=PAST_EVERY_LEASE)
        await _survive(lambda: inbox.drain(ctx))
        await _survive(lambda: outbox.drain(ctx))


async def _drain_outbox(ctx: Context, run: Run) -> None:
    if run.is_beside:
        await asyncio.gather(_survive(lambda: outbox.drain(ctx)), run.take_over())
    else:
        await _survive(lambda: outbox.drain(ctx))


async def _survive(work: Callable[[], Awaitable[object]]) -> None:
    """A worker that dies is replaced by the next one."""
    try:
        await work()
    except Crash:
        return


async def begun_late(run: Run, kinds: frozenset[MessageKind]) -> list[MessageKind]:
    """The kinds of the messages that began to leave after the person was told that the conversation is theirs."""
    rows = {str(row.id): row.kind for row in await OutboundMessage.find(_of(run)).to_list()}
    return [rows[identifier] for identifier, is_late in run.sends if is_late and rows.get(identifier) in kinds]


async def handoff_messages(run: Run) -> list[OutboxState]:
    """What became of each handoff message of the conversation."""
    return [row.state for row in await OutboundMessage.find(_of(run) | {"kind": MessageKind.HANDOFF}).to_list()]


def _of(run: Run) -> dict[str, object]:
    assert run.campaign is not None
    return {"campaign_id": run.campaign.id}
