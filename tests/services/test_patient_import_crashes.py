"""Imports that die, stall, are cancelled or worked by several at once: everything is taken up, nothing doubles."""

import asyncio
import gc
import tracemalloc
from typing import Any

import pytest

from app.context import Context
from app.errors import ConflictError, NotFoundError
from app.jobs import imports
from app.models.enums import ImportState, PatientType, RowOutcome
from app.models.imports import ImportRow, PatientImport
from app.models.patients import Patient
from app.models.records import AuditEntry
from app.services.imports import files, lifecycle, running
from tests.conftest import Clock
from tests.factories import make_clinic, make_patient
from tests.services.patient_files import (
    STAFF,
    ProcessDied,
    bring_in,
    check,
    counts,
    dying_at,
    people,
    rows_of,
    text_of,
    upload,
)

MB = 1024 * 1024
MIXED = text_of([*people(2_400), "Broken,,,2026-05-04", people(1)[0], "Ann Lee,ann@example.com,,2026-05-04"])
WHOLE = {"rows": 2_403, "create": 2_400, "update": 1, "unchanged": 1, "refuse": 1}


@pytest.fixture(autouse=True)
async def _clinic(ctx: Context) -> None:
    await make_clinic()
    await make_patient(ctx, name="Ann Lee", email="ann@example.com")


async def assert_whole(held: PatientImport) -> None:
    """Every row has had its effect, once."""
    assert (held.state, counts(held), held.has_file) == (ImportState.DONE, WHOLE, False)
    assert await Patient.count() == 2_401
    [ann] = await Patient.find({"email": "ann@example.com"}).to_list()
    assert len(ann.treatment_history) == 1
    assert len(await rows_of(held, RowOutcome.REFUSED)) == 1
    named = [
        patient_id
        for row in await AuditEntry.find({"action": "patients.imported"}).to_list()
        for patient_id in row.patient_ids
    ]
    assert len(named) == len(set(named)) == 2_401


class TestDying:
    @pytest.mark.parametrize(
        ("point", "turn"),
        [
            ("import.claimed", 1),
            ("import.batch_written", 1),  # inside the transaction: it is rolled back
            ("import.batch_written", 2),
            ("import.batch_stored", 1),
            ("import.batch_stored", 3),
            ("import.ended", 1),
        ],
    )
    async def test_the_import_is_taken_up_behind_the_last_batch(
        self, ctx: Context, clock: Clock, point: str, turn: int
    ) -> None:
        held = await check(ctx, MIXED)
        await lifecycle.start(ctx, held.id, actor=STAFF)
        with pytest.raises(ProcessDied):
            await imports.drain(dying_at(ctx, point, turn=turn))
        clock.forward(seconds=ctx.settings.chairside_lease_seconds + 1)
        await imports.drain(ctx)
        await assert_whole(await lifecycle.get(held.id))

    async def test_at_every_batch_in_turn(self, ctx: Context, clock: Clock) -> None:
        """Each life of the worker ends behind its first new batch."""
        held = await check(ctx, MIXED)
        await lifecycle.start(ctx, held.id, actor=STAFF)
        for batch in range(3):
            with pytest.raises(ProcessDied):
                await imports.drain(dying_at(ctx, "import.batch_stored"))
            assert (await lifecycle.get(held.id)).imported.rows == min(1_000 * (batch + 1), 2_403)
            clock.forward(seconds=ctx.settings.chairside_lease_seconds + 1)
        await imports.drain(ctx)
        await assert_whole(await lifecycle.get(held.id))

    @pytest.mark.parametrize("point", ["import.batch_written", "import.batch_stored"])
    async def test_the_check_is_taken_up_too(self, ctx: Context, clock: Clock, point: str) -> None:
        held = await upload(ctx, MIXED)
        with pytest.raises(ProcessDied):
            await imports.drain(dying_at(ctx, point, turn=2))
        clock.forward(seconds=ctx.settings.chairside_lease_seconds + 1)
        assert await imports.drain(ctx) == {"checked": 1}
        after = await lifecycle.get(held.id)
        assert (counts(after), after.rows_total) == (WHOLE, 2_403)
        assert await ImportRow.find({"outcome": "refused"}).count() == 1

    async def test_a_duplicate_of_a_row_before_the_crash_is_still_one(self, ctx: Context, clock: Clock) -> None:
        """The second row names Ann by the phone that the first row, committed before the crash, gave her."""
        text = text_of(
            ["Ann Lee,ann@example.com,+13025550142,2026-05-04", *people(1_100), "Ann Lee,,+13025550142,2026-06-04"]
        )
        held = await check(ctx, text)
        await lifecycle.start(ctx, held.id, actor=STAFF)
        with pytest.raises(ProcessDied):
            await imports.drain(dying_at(ctx, "import.batch_stored"))
        clock.forward(seconds=ctx.settings.chairside_lease_seconds + 1)
        await imports.drain(ctx)
        after = await lifecycle.get(held.id)
        assert after.imported == after.checked
        assert counts(after) == {"rows": 1_102, "create": 1_100, "update": 1, "refuse": 1}

    async def test_an_upload_that_died_is_never_shown_and_swept(self, ctx: Context, clock: Clock) -> None:
        with pytest.raises(ProcessDied):
            await upload(dying_at(ctx, "import.file_stored"), MIXED)
        await files.store(ctx, (lost := await arriving(ctx)).id, pieces())
        assert await lifecycle.page(skip=0, limit=10) == (0, [])
        with pytest.raises(NotFoundError):
            await lifecycle.get(lost.id)
        assert await imports.drain(ctx) == {}
        clock.forward(days=1, seconds=1)
        await imports.drain(ctx)
        assert await PatientImport.count() == 0
        assert await ctx.database.handle[f"{files.BUCKET}.chunks"].count_documents({}) == 0


async def arriving(ctx: Context) -> PatientImport:
    """What a process that was killed during an upload leaves."""
    lost = PatientImport(
        state=ImportState.UPLOADING, created_by=STAFF, created_at=ctx.now(), updated_at=ctx.now(), has_file=True
    )
    await lost.insert()
    return lost


async def pieces() -> Any:
    yield b"x" * MB


class TestSeveralWorkers:
    async def test_four_drain_at_once_and_nothing_doubles(self, ctx: Context) -> None:
        held = await check(ctx, MIXED)
        await lifecycle.start(ctx, held.id, actor=STAFF)
        results = await asyncio.gather(*(imports.drain(ctx) for _ in range(4)))
        assert sorted(map(str, results)) == sorted(["{}", "{}", "{}", "{'imported': 1}"])
        await assert_whole(await lifecycle.get(held.id))

    async def test_a_worker_that_stalled_past_its_lease_writes_nothing_more(self, ctx: Context, clock: Clock) -> None:
        held = await check(ctx, MIXED)
        await lifecycle.start(ctx, held.id, actor=STAFF)
        stalled = await PatientImport.claim(now=ctx.now(), lease_until=ctx.lease_until)
        assert stalled
        clock.forward(seconds=ctx.settings.chairside_lease_seconds + 1)
        with pytest.raises(ProcessDied):  # another worker took over and is half way
            await imports.drain(dying_at(ctx, "import.batch_stored"))
        assert await running.work(ctx, stalled) == "left"
        assert await Patient.count() == 1_001
        clock.forward(seconds=ctx.settings.chairside_lease_seconds + 1)
        await imports.drain(ctx)
        await assert_whole(await lifecycle.get(held.id))

    async def test_two_files_with_the_same_people(self, ctx: Context) -> None:
        """Whoever comes second finds them there."""
        first, second = await check(ctx, MIXED), await check(ctx, MIXED)
        for held in (first, second):
            await lifecycle.start(ctx, held.id, actor=STAFF)
        await asyncio.gather(*(imports.drain(ctx, only=held.id) for held in (first, second)))
        done = [await lifecycle.get(held.id) for held in (first, second)]
        assert [held.state for held in done] == [ImportState.DONE] * 2
        assert sum(held.imported.create for held in done) == 2_400
        assert sum(held.imported.refuse for held in done) == 2
        assert await Patient.count() == 2_401


class TestStartAndCancel:
    async def test_a_second_start_changes_nothing(self, ctx: Context, clock: Clock) -> None:
        held = await check(ctx, MIXED)
        started = await asyncio.gather(*(lifecycle.start(ctx, held.id, actor=STAFF) for _ in range(5)))
        assert {each.state for each in started} == {ImportState.IMPORTING}
        await imports.drain(ctx)
        clock.forward(minutes=1)
        before = await lifecycle.get(held.id)
        assert await lifecycle.start(ctx, held.id, actor="user:somebody-else") == before
        assert await AuditEntry.find({"action": "patient_import.started"}).count() == 1
        assert await imports.drain(ctx) == {}

    async def test_it_cannot_be_started_before_the_check(self, ctx: Context) -> None:
        held = await upload(ctx, MIXED)
        with pytest.raises(ConflictError, match="still running"):
            await lifecycle.start(ctx, held.id, actor=STAFF)
        assert (await lifecycle.get(held.id)).state is ImportState.UPLOADED

    async def test_a_cancel_stops_before_the_next_batch(self, ctx: Context) -> None:
        held = await check(ctx, MIXED)
        await lifecycle.start(ctx, held.id, actor=STAFF)

        async def cancel_after_the_first(name: str) -> None:
            if name == "import.batch_stored":
                await lifecycle.cancel(ctx, held.id, actor=STAFF)

        meddled = Context(**{slot: getattr(ctx, slot) for slot in ctx.__slots__} | {"pause": cancel_after_the_first})
        assert await imports.drain(meddled) == {"left": 1}
        after = await lifecycle.cancel(ctx, held.id, actor=STAFF)
        assert (after.state, counts(after), after.has_file) == (
            ImportState.CANCELLED,
            {"rows": 1_000, "create": 1_000},
            False,
        )
        assert await Patient.count() == 1_001
        assert await AuditEntry.find({"action": "patient_import.cancelled"}).count() == 1
        with pytest.raises(ConflictError, match="over"):
            await lifecycle.start(ctx, held.id, actor=STAFF)
        assert await imports.drain(ctx) == {}

    async def test_what_is_done_cannot_be_cancelled(self, ctx: Context) -> None:
        held = await bring_in(ctx, MIXED)
        with pytest.raises(ConflictError, match="over"):
            await lifecycle.cancel(ctx, held.id, actor=STAFF)
        assert (await lifecycle.get(held.id)).state is ImportState.DONE


class TestFailing:
    async def test_what_fails_is_tried_again_later_and_given_up_in_the_end(self, ctx: Context, clock: Clock) -> None:
        """The stored encoding names none: every try fails."""
        held = await upload(ctx, MIXED)
        await PatientImport.collection().update_one({"_id": held.id}, {"$set": {"encoding": "klingon"}})
        for _ in range(running.MOST_ATTEMPTS - 1):
            assert await imports.drain(ctx) == {"retried": 1}
            assert await imports.drain(ctx) == {}
            clock.forward(minutes=10)
        assert await imports.drain(ctx) == {"failed": 1}
        after = await lifecycle.get(held.id)
        assert (after.state, after.failure) == (ImportState.FAILED, running.FAILED_TOO_OFTEN)


class TestMemory:
    async def test_the_peak_does_not_grow_with_the_file(self, ctx: Context) -> None:
        """6,000 more rows, as documents some 12 MB, cost only the marks of their addresses."""
        peaks = []
        for size in (2_000, 8_000):
            await Patient.collection().delete_many({})
            held = await check(ctx, text_of(people(size)), patient_type=PatientType.EXISTING)
            await lifecycle.start(ctx, held.id, actor=STAFF)
            gc.collect()
            tracemalloc.start()
            await imports.drain(ctx)
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
            assert await Patient.count() == size
        assert peaks[1] - peaks[0] < 4 * MB, [f"{peak / MB:.1f} MB" for peak in peaks]
