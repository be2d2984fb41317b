"""Every member of the set is gone for a while, or stands still: what callers hear, and when all is as before.

trust.md faults 3 and 29: never a false 2xx, liveness stays, readiness goes, and nobody restarts anything.
"""

import asyncio
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

from tests.faults.group import Group, open_group
from tests.faults.live_listeners import Listeners
from tests.faults.probes import Heard, Probes, settings_for
from tests.peers.google_keys import serve_google_keys
from tests.server import RunningServer

PAUSE = 0.5
CALM_SECONDS = 4.0
WATCHED_SECONDS = 120.0
"""After the primary's return at most: much longer than the promise, so that a broken one is seen and measured."""


@dataclass
class Away:
    """One outage: when the members went, when they were told to come back, when a primary was seen to take writes.

    Between the last two nobody can say of one answer whether there was a database.
    """

    frozen: bool
    down: float
    returning: float
    up: float
    heard: list[Heard]
    back: dict[str, float | None] = field(default_factory=dict)
    """Seconds after the primary's return until each kind of caller was served by every replica."""

    @property
    def during(self) -> list[Heard]:
        """What was answered while there was no database; a success that was on its way when it went counts not."""
        answered = [each for each in self.heard if self.down < each.ended < self.returning]
        return [each for each in answered if each.began > self.down or not 0 < each.status < 500]

    def statuses(self, kind: str) -> set[int]:
        return {each.status for each in self.during if each.kind == kind}

    def slowest(self, kind: str) -> float:
        """Seconds that the slowest of these callers waited while there was no database."""
        waited = [
            min(each.ended, self.up) - max(each.began, self.down)
            for each in self.heard
            if each.kind == kind and each.ended > self.down and each.began < self.up
        ]
        return max(waited, default=0.0)

    def lines(self) -> list[str]:
        """The figures, for whoever reads the run's output."""
        how = "stood still" if self.frozen else "were killed"
        told = [f"all members {how} for {self.up - self.down:.0f} s (until a primary took writes again)"]
        for kind in dict.fromkeys(each.kind for each in self.heard):
            statuses = sorted(self.statuses(kind))
            back = self.back.get(kind)
            told.append(f"  {kind}: {statuses}, slowest {self.slowest(kind):.1f} s, back after {_seconds(back)}")
        others = {kind: back for kind, back in self.back.items() if kind not in {each.kind for each in self.heard}}
        return [*told, *(f"  {kind}: back after {_seconds(back)}" for kind, back in others.items())]


@dataclass
class Outages:
    """Several outages of one group, one after the other."""

    outages: list[Away] = field(default_factory=list)
    ends: list[int | None] = field(default_factory=list)
    """How each app process ended, None for one that runs on."""
    acknowledged_and_lost: list[str] = field(default_factory=list)
    violations: dict[str, list[str]] = field(default_factory=dict)

    def lines(self) -> list[str]:
        """The figures, for whoever reads the run's output."""
        told = [line for away in self.outages for line in away.lines()]
        lost = self.acknowledged_and_lost or "none"
        return [*told, f"acknowledged and lost: {lost}; violations: {self.violations or 'none'}"]


async def take_away(folder: Path, *, seconds: float, ways: tuple[bool, ...]) -> Outages:
    """Take the database away for so long, once for each way (True: it stands still instead of being killed)."""
    with ExitStack() as stack:
        keys = await asyncio.to_thread(stack.enter_context, serve_google_keys())
        async with open_group(folder, pause=PAUSE, **settings_for(keys)) as group:
            probes = Probes(group.callers.base_urls, group.callers.staff, keys)
            listeners = Listeners(group.callers.base_urls, group.callers.staff)
            return await _run(group, probes, listeners, seconds=seconds, ways=ways)


async def _run(
    group: Group, probes: Probes, listeners: Listeners, *, seconds: float, ways: tuple[bool, ...]
) -> Outages:
    found = Outages()
    for start in (group.load.start, probes.start, listeners.start):
        start()
    for frozen in ways:
        await asyncio.sleep(CALM_SECONDS)
        found.outages.append(await _one(group, probes, listeners, seconds=seconds, frozen=frozen))
    await probes.stop()
    await group.load.stop()
    await listeners.stop()
    found.ends = [_end_of(server) for server in group.servers]
    found.acknowledged_and_lost = await _lost(group, probes.acknowledged)
    group.load.ledger.strangers.update(probes.handed_over)
    found.violations = await group.violations()
    return found


async def _one(group: Group, probes: Probes, listeners: Listeners, *, seconds: float, frozen: bool) -> Away:
    members = group.members
    going = monotonic()
    await asyncio.to_thread(members.freeze if frozen else members.kill_all)
    down = monotonic()
    await asyncio.sleep(seconds)
    returning = monotonic()
    await asyncio.to_thread(members.thaw if frozen else members.start_all)
    await asyncio.to_thread(members.wait_for_primary)
    away, since = Away(frozen, down, returning, monotonic(), []), datetime.now(UTC)
    while monotonic() - away.up < WATCHED_SECONDS and (not away.back or None in away.back.values()):
        await asyncio.sleep(1)
        away.heard = [each for each in probes.heard if each.ended > going]
        away.back = _back(away) | {"live events": listeners.back_after(away.up)} | await _worked_after(group, since)
    return away


def _back(away: Away) -> dict[str, float | None]:
    """For each kind: when the last replica served the first caller who was served after the primary's return."""
    firsts: dict[tuple[str, int], float] = {}
    for each in sorted(away.heard, key=lambda each: each.ended):
        if each.ended > away.up and 0 < each.status < 500:
            firsts.setdefault((each.kind, each.replica), each.ended)
    replicas = {each.replica for each in away.heard}
    found: dict[str, float | None] = {}
    for kind in {each.kind for each in away.heard}:
        known = [firsts[kind, replica] for replica in replicas if (kind, replica) in firsts]
        found[kind] = max(known) - away.up if len(known) == len(replicas) else None
    return found


async def _worked_after(group: Group, since: datetime) -> dict[str, float | None]:
    """Seconds until a message that came later was worked, and until one that was written later had left."""
    rooms = group.rooms
    worked = {"received_at": {"$gte": since}, "finished_at": {"$ne": None}}
    event = await rooms["inbound_events"].find_one(worked, sort=[("finished_at", 1)])
    left = {"created_at": {"$gte": since}, "sent_at": {"$ne": None}}
    message = await rooms["outbound_messages"].find_one(left, sort=[("sent_at", 1)])
    return {
        "work of the inbox": (event["finished_at"] - since).total_seconds() if event else None,
        "work of the outbox": (message["sent_at"] - since).total_seconds() if message else None,
    }


async def _lost(group: Group, acknowledged: list[str]) -> list[str]:
    """What a webhook answered 2xx for and is not in the inbox exactly once."""
    rows = group.rooms["inbound_events"].find({"event_id": {"$in": acknowledged}}, {"event_id": 1})
    stored = Counter([row["event_id"] async for row in rows])
    return [each for each in acknowledged if stored[each] != 1]


def _end_of(server: RunningServer) -> int | None:
    return server.process.poll()


def _seconds(value: float | None) -> str:
    return "more than was watched" if value is None else f"{value:.1f} s"
