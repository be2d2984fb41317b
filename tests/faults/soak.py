"""A mixed load for a given time, while the memory of each app process and what waits in the database are sampled."""

import asyncio
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from resource import getpagesize
from statistics import median
from time import monotonic

from tests.faults.group import Group, open_group
from tests.faults.live_listeners import Listeners
from tests.faults.load_truth import queued
from tests.faults.probes import Probes, settings_for
from tests.peers.google_keys import serve_google_keys

PAUSE = 2.0
PROBE_PAUSE = 10.0
"""Some eight requests a second in all, and the work that they cause: other tests want the processors too."""
SAMPLE_EVERY_SECONDS = 5.0
WARM_UP_SHARE = 0.3
WINDOW_SHARE = 0.15
"""Samples are compared by the median of a window: right after the warm-up, and at the end."""
MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Sample:
    """`after` in seconds; for each app process its resident memory in MiB and its open files; and what waits."""

    after: float
    memory: tuple[float, ...]
    files: tuple[int, ...]
    waiting: int


@dataclass
class Soak:
    """What came of it."""

    samples: list[Sample] = field(default_factory=list)
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    violations: dict[str, list[str]] = field(default_factory=dict)

    @property
    def windows(self) -> tuple[list[Sample], list[Sample]]:
        size = max(1, int(len(self.samples) * WINDOW_SHARE))
        warm = int(len(self.samples) * WARM_UP_SHARE)
        return self.samples[warm : warm + size], self.samples[-size:]

    @property
    def memory(self) -> list[tuple[float, float]]:
        """For each app process: MiB after the warm-up and at the end."""
        first, last = self.windows
        return [
            (median(sample.memory[number] for sample in first), median(sample.memory[number] for sample in last))
            for number in range(len(self.samples[0].memory))
        ]

    @property
    def growth(self) -> float:
        """Of the process that grew most, as a share."""
        return max(after / before - 1 for before, after in self.memory)

    @property
    def waiting(self) -> tuple[float, float]:
        """What waited after the warm-up and at the end."""
        first, last = self.windows
        return median(sample.waiting for sample in first), median(sample.waiting for sample in last)

    @property
    def failures(self) -> dict[str, int]:
        """Requests that met no answer or a server error, by kind and status."""
        failed = {key: count for key, count in self.statuses.items() if key[1] == 0 or key[1] >= 500}
        return {f"{kind} {status}": count for (kind, status), count in failed.items()}

    @property
    def failed(self) -> int:
        return sum(self.failures.values())

    def lines(self) -> list[str]:
        """The figures, for whoever reads the run's output."""
        seconds, asked = self.samples[-1].after, sum(self.statuses.values())
        memory = ", ".join(f"{before:.0f} -> {after:.0f}" for before, after in self.memory)
        first, last = self.windows
        return [
            f"{seconds:.0f} s, {asked} requests ({asked / seconds:.1f} a second), failed: {self.failures or 'none'}",
            f"memory of each app process after the warm-up and at the end (MiB): {memory}; most: {self.growth:+.1%}",
            f"open files: {first[0].files} -> {last[-1].files}",
            f"waiting in inbox and outbox: {self.waiting[0]:.0f} -> {self.waiting[1]:.0f}, "
            f"at most {max(sample.waiting for sample in self.samples)}",
            f"violations: {self.violations or 'none'}",
        ]


async def soak(folder: Path, *, seconds: float) -> Soak:
    """Run for so long, let everything that waits be worked, and compare."""
    with ExitStack() as stack:
        keys = await asyncio.to_thread(stack.enter_context, serve_google_keys())
        async with open_group(folder, pause=PAUSE, **settings_for(keys)) as group:
            urls, staff = group.callers.base_urls, group.callers.staff
            probes, listeners = Probes(urls, staff, keys, pause=PROBE_PAUSE), Listeners(urls, staff)
            for start in (group.load.start, probes.start, listeners.start):
                start()
            found = Soak()
            await _sample(group, found, until=monotonic() + seconds)
            await probes.stop()
            await group.load.stop()
            await listeners.stop()
            found.statuses = group.callers.answers + Counter((each.kind, each.status) for each in probes.heard)
            group.load.ledger.strangers.update(probes.handed_over)
            found.violations = await group.violations()
            return found


async def _sample(group: Group, found: Soak, *, until: float) -> None:
    began = monotonic()
    pids = [server.process.pid for server in group.servers]
    while monotonic() < until:
        await asyncio.sleep(SAMPLE_EVERY_SECONDS)
        memory = tuple(_resident(pid) for pid in pids)
        files = tuple(_open_files(pid) for pid in pids)
        found.samples.append(Sample(monotonic() - began, memory, files, await queued(group.rooms)))


def _resident(pid: int) -> float:
    """Resident memory in MiB, from the kernel's own books."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * getpagesize() / MEBIBYTE


def _open_files(pid: int) -> int:
    return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
