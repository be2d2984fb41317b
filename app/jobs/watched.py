"""What `/metrics` reads from the database: a table of gauges and the looks that fill them (trust.md section 5).

All replicas tell the same numbers, but who leads. A look that fails leaves its gauges out: no number is better than an
old one, and the scrape itself never fails.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pymongo.errors import PyMongoError

from app.context import Context
from app.database.patience import within
from app.jobs.scheduler import this_process
from app.logging import get_logger
from app.models.base import LONG_AGO
from app.models.operations import LEADER
from app.services import watched_health, watched_queues
from app.services.watched_queues import Numbers

log = get_logger(__name__)

Look = Callable[[Context], Awaitable[Numbers]]

PATIENCE_SECONDS = 2.0
"""A scrape waits ten seconds at most, and asks every replica."""
KEPT_FOR = timedelta(seconds=5)
"""However often somebody asks, the database is asked this seldom."""

UP = "chairside_database_up"
SAYS_NOTHING: Mapping[str, Mapping[str, float]] = {UP: {"": 0.0}}


@dataclass(frozen=True, slots=True)
class Gauge:
    """One metric that is read when somebody asks; at most one label."""

    help: str
    label: str | None = None


GAUGES: dict[str, Gauge] = {
    UP: Gauge("1 while the database answers this replica"),
    "chairside_inbox_waiting": Gauge("Incoming events that are not finished", "state"),
    "chairside_inbox_oldest_seconds": Gauge("For how long the oldest of them has waited", "state"),
    "chairside_outbox_waiting": Gauge("Messages that could leave now", "channel"),
    "chairside_outbox_oldest_seconds": Gauge("For how long the oldest of them could have left", "channel"),
    "chairside_outbox_held": Gauge("Messages that wait for their hour"),
    "chairside_channel_closed": Gauge("1 while nothing is sent on a channel, by its provider's word", "channel"),
    "chairside_sending_paused": Gauge("1 for the reason for which nothing leaves at all", "reason"),
    "chairside_handoffs_waiting": Gauge("Conversations that wait for a person"),
    "chairside_handoffs_late": Gauge("Those of them that nobody answered in time"),
    "chairside_gmail_synced_timestamp_seconds": Gauge("When the clinic's mailbox was last read to its end"),
    "chairside_gmail_watch_expires_timestamp_seconds": Gauge("Until when Gmail announces new mail"),
    "chairside_gmail_alarm": Gauge("1 while this alarm of the mailbox stands", "alarm"),
    "chairside_scheduler_leads": Gauge("1 on the replica that leads the timetable"),
    "chairside_scheduler_lease_ends_timestamp_seconds": Gauge("When the lease of the leading replica ends"),
    "chairside_job_ran_timestamp_seconds": Gauge("When a job last did something or failed", "job_name"),
    "chairside_job_looked_timestamp_seconds": Gauge("When a job last looked for work", "job_name"),
    "chairside_job_failing": Gauge("1 while the last run of a job is one that failed", "job_name"),
    "chairside_invariants_broken": Gauge("Documents that break a rule, by the last check", "invariant"),
    "chairside_invariants_checked_timestamp_seconds": Gauge("When the rules were last checked"),
    "chairside_llm_spent_today_usd": Gauge("Dollars that language providers cost on this day of the clinic"),
    "chairside_llm_spent_today_tokens": Gauge("Tokens that they charged on this day of the clinic"),
}


async def _leads(ctx: Context) -> Numbers:
    return await watched_health.lease(LEADER, holder=this_process(), now=ctx.now())


LOOKS: tuple[Look, ...] = (
    watched_queues.inbox,
    watched_queues.outbox,
    watched_queues.channels,
    watched_queues.handoffs,
    watched_health.sending,
    watched_health.broken_invariants,
    watched_health.mailbox,
    watched_health.jobs,
    watched_health.language_model,
    _leads,
)


@dataclass(slots=True)
class Watch:
    """What was read last, in this process; who asks while a read is under way waits for that one."""

    read_at: datetime = LONG_AGO
    numbers: Numbers = field(default_factory=dict)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def read(self, ctx: Context) -> Numbers:
        """The numbers of now or of the last few seconds. Never raises."""
        async with self._turn:
            if ctx.now() - self.read_at >= KEPT_FOR:
                self.numbers = await read(ctx)
                self.read_at = ctx.now()
            return self.numbers


async def read(ctx: Context) -> Numbers:
    """Look at everything once, within PATIENCE_SECONDS; what cannot be read is left out."""
    with within(PATIENCE_SECONDS):
        if not await _is_up(ctx):
            return SAYS_NOTHING
        found = await asyncio.gather(*(_told(ctx, look) for look in LOOKS))
    numbers: dict[str, Mapping[str, float]] = {UP: {"": 1.0}}
    for part in found:
        numbers |= part
    return numbers


async def _is_up(ctx: Context) -> bool:
    try:
        await ctx.database.client.admin.command("ping")
    except PyMongoError:
        return False
    return True


async def _told(ctx: Context, look: Look) -> Numbers:
    try:
        return await look(ctx)
    except Exception as error:  # noqa: BLE001 - the boundary of one look: a document that it cannot read hides no other
        log.warning("metrics.look_failed", look=getattr(look, "__name__", ""), error=type(error).__name__)
        return {}
