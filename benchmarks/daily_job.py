"""Claim: opening the day's campaigns costs at most 1.5 times the bare writes, and no more for each due patient at
100,000 patients than 1.3 times what it costs at 10,000.

Measured is `launch_due`: it selects and writes, no message is made; 3 % of the patients are due, every eighth of them
is a child whose guardian's address is used. Floor, raw PyMongo: read the due index (the same fields), one insert_many
of the very campaigns that the product wrote, one ranged update of the patients. Both start from the same data, with no
campaign in it.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from app.context import Context
from app.models.campaigns import Campaign
from app.models.patients import DUE_FIELDS, DUE_INDEX, Patient
from app.models.registry import bind_documents
from app.services.launching import launch_due
from benchmarks.clinic import MORNING, Raw, open_clinic
from benchmarks.measure import Finding, Pairs, Report
from benchmarks.patients import patient_documents
from tests.factories import make_clinic

SEED_BATCH = 5_000
GOAL, GROWTH_GOAL = 1.5, 1.3
IS_DUE = {"outreach_due_at": {"$lte": MORNING, "$type": "date"}}
"""The type keeps the floor inside the bounds of the partial index; without it the planner may scan all of the index."""


@dataclass(slots=True)
class Population:
    """A clinic of one size in a database of its own, and how to put it back to the morning."""

    ctx: Context
    size: int
    due_at: defaultdict[datetime, list[object]] = field(default_factory=lambda: defaultdict(list))
    campaigns: list[Raw] = field(default_factory=list)
    pairs: Pairs = field(default_factory=Pairs)

    @property
    def due(self) -> int:
        return sum(map(len, self.due_at.values()))

    async def seed(self) -> None:
        """Insert the patients, then let the product write the campaigns that the floor will repeat (and warm up)."""
        await self.bind()
        await make_clinic()
        people = patient_documents(self.size, now=MORNING)
        while batch := list(islice(people, SEED_BATCH)):
            await Patient.collection().insert_many(batch, ordered=False)
        async for patient in Patient.collection().find(IS_DUE, {"outreach_due_at": 1}):
            self.due_at[patient["outreach_due_at"]].append(patient["_id"])
        await self.product()
        self.campaigns = await Campaign.collection().find().to_list()

    async def bind(self) -> None:
        await bind_documents(self.ctx.database.handle, build_indexes=False)

    async def reset(self) -> None:
        await Campaign.collection().delete_many({})
        for due_at, ids in self.due_at.items():
            await Patient.collection().update_many({"_id": {"$in": ids}}, {"$set": {"outreach_due_at": due_at}})
        await self.ctx.database.client.admin.command(
            "fsync"
        )  # else a checkpoint of the reset falls into the measurement

    async def product(self) -> None:
        counts = await launch_due(self.ctx)
        assert counts.created == counts.due == self.due

    async def floor(self) -> None:
        patients = await Patient.collection().find(IS_DUE, DUE_FIELDS, hint=DUE_INDEX).to_list()
        await Campaign.collection().insert_many(self.campaigns, ordered=False)
        marked = await Patient.collection().update_many(IS_DUE, {"$set": {"outreach_due_at": None}}, hint=DUE_INDEX)
        assert len(patients) == marked.modified_count == self.due

    async def take_pair(self) -> None:
        await self.bind()
        await self.pairs.take(self.product, self.floor, reset=self.reset)


async def measure(mongodb_uri: str, *, quick: bool) -> Report:
    """Both sizes in turns, so that a busy minute of the machine meets them alike."""
    sizes, rounds = ((2_000, 20_000), 5) if quick else ((10_000, 100_000), 11)
    async with (
        open_clinic(mongodb_uri, "bench_daily_small") as small_ctx,
        open_clinic(mongodb_uri, "bench_daily_large") as large_ctx,
    ):
        small, large = Population(small_ctx, sizes[0]), Population(large_ctx, sizes[1])
        for population in (small, large):
            await population.seed()
        for _ in range(rounds):
            await small.take_pair()
            await large.take_pair()
    return Report(findings=[_against_floor(small), _against_floor(large), _growth(small, large)])


def _against_floor(population: Population) -> Finding:
    name = f"daily job, {population.size:,} patients ({population.due:,} due)"
    return Finding(name=name, pairs=population.pairs, goal=GOAL)


def _growth(small: Population, large: Population) -> Finding:
    """The product at both sizes: the small one takes the place of the floor."""
    return Finding(
        name=f"cost of a due patient, {large.size:,} against {small.size:,} patients",
        pairs=Pairs(_microseconds_each(large), _microseconds_each(small)),
        unit="us",
        goal=GROWTH_GOAL,
    )


def _microseconds_each(population: Population) -> list[float]:
    return [1_000 * sample / population.due for sample in population.pairs.product]
