"""kill -9 of the primary, again and again, under a mixed load on three replicas (trust.md fault 9)."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import monotonic

from tests.faults.group import Group, open_group

PAUSE = 0.15
SECONDS_BETWEEN_KILLS = 4.0


@dataclass(frozen=True, slots=True)
class Kills:
    """What came of it. `outages`: seconds without an acknowledged write, one figure for each kill."""

    outages: list[float]
    tries: int
    errors: int
    slowest: float
    acknowledged: dict[str, int]
    sent: int
    violations: dict[str, list[str]]

    def lines(self) -> list[str]:
        """The figures, for whoever reads the run's output."""
        told = ", ".join(f"{count} {what}" for what, count in self.acknowledged.items())
        return [
            f"primary killed {len(self.outages)} times; acknowledged: {told}; messages sent: {self.sent}",
            f"requests: {self.tries}, of which failed: {self.errors} ({100 * self.errors / self.tries:.2f} %); "
            f"slowest answer: {self.slowest:.1f} s",
            f"time without an acknowledged write: median {median(self.outages):.1f} s, "
            f"longest {max(self.outages):.1f} s",
            f"violations: {self.violations or 'none'}",
        ]


async def kill_primaries(folder: Path, *, kills: int) -> Kills:
    """Kill the primary so often, let everything that waits be worked, and compare."""
    async with open_group(folder, pause=PAUSE) as group:
        group.load.start()
        moments = []
        for _ in range(kills):
            await asyncio.sleep(SECONDS_BETWEEN_KILLS)
            moments.append(monotonic())
            await asyncio.to_thread(group.members.kill_primary)
        await asyncio.sleep(SECONDS_BETWEEN_KILLS)
        ends = [*moments[1:], monotonic()]
        await group.load.stop()
        return await _found(group, moments, ends)


async def _found(group: Group, moments: list[float], ends: list[float]) -> Kills:
    tries, ledger = group.callers.tries, group.load.ledger
    violations = await group.violations()
    return Kills(
        outages=[group.callers.outage_after(begin, until=end) for begin, end in zip(moments, ends, strict=True)],
        tries=len(tries),
        errors=len(group.callers.errors),
        slowest=max(each.seconds for each in tries),
        acknowledged={
            "messages": len(ledger.messages),
            "campaigns": len(ledger.campaigns),
            "visits": len(ledger.visits),
            "records": sum(each.kind == "record" and each.is_acknowledged for each in tries),
        },
        sent=await group.rooms["sandbox_messages"].count_documents({"is_sent": True, "outbox_id": {"$ne": None}}),
        violations=violations,
    )
