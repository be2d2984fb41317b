"""Claim: importing 50,000 patients from a CSV file costs at most 4 times one raw bulk_write of the same documents, and
the process grows by less than 100 MB.

Measured is the import itself: from the start of a checked file until its last row is committed, reading, validating and
matching included; the dry run before it is told for information. Floor, raw PyMongo: one unordered bulk_write that
inserts the very documents that the product stored, into the same empty collection with the same indexes. Memory is the
growth of the resident set during upload, dry run and import of the first round, before the floor's documents exist.
"""

import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from statistics import median

from beanie import PydanticObjectId
from pymongo import InsertOne

from app.context import Context
from app.jobs import imports
from app.models.enums import PatientType
from app.models.patients import Patient
from app.services import audit
from app.services.imports import lifecycle, uploads
from app.services.imports.uploads import Choices
from benchmarks.clinic import Raw, open_clinic
from benchmarks.measure import Finding, Pairs, Report, timed
from benchmarks.patients import FIRST_NAMES, LAST_NAMES, PROCEDURES
from tests.factories import make_clinic

GOAL, MOST_MEGABYTES = 4.0, 100
ROWS_IN_A_CHUNK = 1_000
PAGE_KILOBYTES = 4
HEADING = "LName,FName,Email,WirelessPhone,Birthdate,Last Visit,Procedure,Recall Due,Notes\r\n"


async def patient_file(size: int) -> AsyncIterator[bytes]:
    """A file as a practice system exports it, in pieces; the same call makes the same file."""
    dice = Random(size)
    yield HEADING.encode()
    for start in range(0, size, ROWS_IN_A_CHUNK):
        yield "".join(_row(number, dice) for number in range(start, min(start + ROWS_IN_A_CHUNK, size))).encode()


def _row(number: int, dice: Random) -> str:
    first, last = dice.choice(FIRST_NAMES), dice.choice(LAST_NAMES)
    born, seen, due = (
        f"{dice.randint(1940, 2015)}-05-17",
        f"2026-0{dice.randint(1, 9)}-14",
        f"2027-0{dice.randint(1, 9)}-01",
    )
    email = f"{first}.{last}.{number}@example.com"
    phone = f"(202) {number // 10_000:03d}-{number % 10_000:04d}"
    return (
        f'{last},{first},{email},{phone},{born},{seen},{dice.choice(PROCEDURES)},{due},"Prefers mornings, please"\r\n'
    )


@dataclass(slots=True)
class Memory:
    """The resident set of this process, in megabytes."""

    before: float = 0.0
    peak: float = 0.0

    @property
    def growth(self) -> float:
        return self.peak - self.before

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Look every 10 ms, from a thread of its own."""
        self.before = self.peak = resident_megabytes()
        over = threading.Event()

        def look() -> None:
            while not over.wait(0.01):
                self.peak = max(self.peak, resident_megabytes())

        thread = threading.Thread(target=look)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()


def resident_megabytes() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_KILOBYTES / 1_024


@dataclass(slots=True)
class Clinic:
    """An empty clinic, and what one round of it costs."""

    ctx: Context
    size: int
    memory: Memory = field(default_factory=Memory)
    documents: list[Raw] = field(default_factory=list)
    import_id: PydanticObjectId | None = None
    imported: Pairs = field(default_factory=Pairs)
    checked: Pairs = field(default_factory=Pairs)

    async def reset(self) -> None:
        for name in ("patients", "audit_log", "patient_imports", "patient_import_rows"):
            await self.ctx.database.handle[name].delete_many({})
        await self.ctx.database.client.admin.command("fsync")

    async def check(self) -> None:
        await imports.drain(self.ctx)

    async def bring_in(self) -> None:
        await imports.drain(self.ctx)
        assert await Patient.collection().estimated_document_count() == self.size

    async def floor(self) -> None:
        done = await Patient.collection().bulk_write(list(map(InsertOne, self.documents)), ordered=False)
        assert done.inserted_count == self.size

    async def take_product(self) -> tuple[float, float]:
        """Milliseconds of the dry run and of the import."""
        await self.reset()
        choices = Choices(patient_type=PatientType.EXISTING)
        held = await uploads.upload(self.ctx, patient_file(self.size), choices, actor=audit.SYSTEM)
        checked = await timed(self.check)
        await lifecycle.start(self.ctx, held.id, actor=audit.SYSTEM)
        return checked, await timed(self.bring_in)

    async def take_floor(self) -> float:
        await self.reset()
        return await timed(self.floor)

    async def take_pair(self, *, product_first: bool) -> None:
        if product_first:
            checked, imported = await self.take_product()
            floor = await self.take_floor()
        else:
            floor = await self.take_floor()
            checked, imported = await self.take_product()
        self.checked.add(product=checked, floor=floor)
        self.imported.add(product=imported, floor=floor)


async def measure(mongodb_uri: str, *, quick: bool) -> Report:
    size, rounds = (10_000, 3) if quick else (50_000, 7)
    async with open_clinic(mongodb_uri, "bench_import") as ctx:
        await make_clinic()
        clinic = Clinic(ctx, size)
        with clinic.memory.watched():
            await clinic.take_product()  # warms up as well
        clinic.documents = await Patient.collection().find().to_list()
        for number in range(rounds):
            await clinic.take_pair(product_first=number % 2 == 0)
    return Report(
        findings=[
            Finding(name=f"import of {size:,} rows", pairs=clinic.imported, goal=GOAL),
            Finding(name=f"dry run of {size:,} rows", pairs=clinic.checked),
        ],
        remarks=[_remark(clinic)],
    )


def _remark(clinic: Clinic) -> str:
    product, floor = median(clinic.imported.product), median(clinic.imported.floor)
    grown = clinic.memory.growth
    verdict = "goal met" if grown < MOST_MEGABYTES else "GOAL NOT MET"
    return (
        f"{1_000 * clinic.size / product:,.0f} rows/s imported, {1_000 * clinic.size / floor:,.0f} rows/s raw. "
        f"The process grew by {grown:.0f} MB, from {clinic.memory.before:.0f} MB "
        f"(goal < {MOST_MEGABYTES} MB: {verdict})."
    )
