"""One batch of rows, in one transaction: the patients, the outcome of each row, the audit row and how far we are.

Either all of it is committed or nothing is, so that a crash anywhere is taken up behind the last committed row. Every
commit is fenced: a worker that stalled past its lease, or whose import was cancelled, writes nothing more.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from pymongo.errors import BulkWriteError

from app.context import Context
from app.domain.outreach import OutreachRules
from app.models.base import Raw, derived_id
from app.models.clinic import Clinic
from app.models.enums import RowOutcome
from app.models.imports import ImportRow, PatientImport, Tally
from app.models.patients import Patient
from app.services import audit
from app.services.imports.consequences import RowRefusedError, end_what_was_stopped, follow_new_addresses
from app.services.imports.planning import Decision, plan
from app.services.imports.rows import Reason, Refused, Row
from app.services.imports.seen import Seen
from app.services.imports.writing import Changes, blank_patient, changes_of
from app.services.policies import outreach_rules

ROWS_IN_A_BATCH = 1_000
MOST_KEPT = 1_000
"""Rows of each outcome that are kept to be looked at; the others are only counted."""
TALLIED = {
    RowOutcome.CREATED: "create",
    RowOutcome.UPDATED: "update",
    RowOutcome.UNCHANGED: "unchanged",
    RowOutcome.REFUSED: "refuse",
}
DUPLICATE_KEY = 11_000
TAKEN = "Another patient already has this e-mail or phone."


class LeaseLostError(Exception):
    """The import was cancelled, or another worker goes on with it."""


@dataclass(slots=True)
class Pass:
    """One way through the file: the dry run, or the import. `seen` is what the batches so far have seen."""

    ctx: Context
    patient_import: PatientImport
    rules: OutreachRules
    blank: Raw
    tally: Tally
    """Of everything that is committed, before a crash too."""
    seen: Seen = field(default_factory=Seen)
    rows_passed: int = 0

    @classmethod
    def of(cls, ctx: Context, patient_import: PatientImport, clinic: Clinic) -> "Pass":
        blank = blank_patient(ctx.now())
        return cls(ctx, patient_import, outreach_rules(clinic), blank, patient_import.tally)

    @property
    def is_dry_run(self) -> bool:
        return not self.patient_import.is_started

    @property
    def source(self) -> str:
        return f"import:{self.patient_import.id}"

    @property
    def actor(self) -> str:
        return self.patient_import.started_by or self.patient_import.created_by

    async def work(self, rows: Sequence[Row | Refused]) -> None:
        """Take one batch to its end; one that was committed before a crash is only looked at, for what it has seen.

        Raises LeaseLostError.
        """
        is_committed = self.rows_passed < self.tally.rows
        self.rows_passed += len(rows)
        if is_committed:
            await self._look_again(rows)
            return
        seen, self.tally = await self._commit(rows)
        seen.commit()
        self.patient_import.attempts = 0  # it gets on: an error behind this batch is the first again
        await self.ctx.pause("import.batch_stored")

    async def _look_again(self, rows: Sequence[Row | Refused]) -> None:
        seen = Seen(self.seen)
        await plan(rows, seen)
        seen.commit()
        if not await self.patient_import.write({"lease_until": self.ctx.lease_until}):
            raise LeaseLostError

    async def _commit(self, rows: Sequence[Row | Refused]) -> tuple[Seen, Tally]:
        """One transaction; done again without the row that the database refuses, and so for each of them."""
        standing_against: dict[int, Reason] = {}
        while True:
            try:
                return await self.ctx.database.transaction(lambda: self._write(rows, standing_against))
            except RowRefusedError as refusal:
                standing_against[refusal.line] = Reason(refusal.field, refusal.message)

    async def _write(self, rows: Sequence[Row | Refused], standing_against: dict[int, Reason]) -> tuple[Seen, Tally]:
        seen = Seen(self.seen)
        readable = [
            Refused(row.line, (standing_against[row.line],)) if row.line in standing_against else row for row in rows
        ]
        decisions = await plan(readable, seen)
        written = Changes([], [], []) if self.is_dry_run else await self._write_patients(decisions)
        tally = _added(self.tally, decisions)
        await self._keep_rows(decisions, written)
        await self._mark(tally)
        await self.ctx.pause("import.batch_written")
        return seen, tally

    async def _write_patients(self, decisions: Sequence[Decision]) -> Changes:
        updated = [decision for decision in decisions if decision.outcome is RowOutcome.UPDATED]
        await end_what_was_stopped(self.ctx, updated, source=self.source, actor=self.actor)
        changes = await changes_of(self.ctx, decisions, self.rules, source=self.source, blank=self.blank)
        if not changes.operations:
            return changes
        await _send(changes)
        await follow_new_addresses(self.ctx, updated, actor=self.actor)
        await self._audit(decisions, changes)
        return changes

    async def _audit(self, decisions: Sequence[Decision], changes: Changes) -> None:
        """One row for the batch: it names every patient of it, a thousand at most."""
        counts = Counter(decision.outcome for decision in decisions)
        lines = [decisions[0].line, decisions[-1].line]
        await audit.record(
            self.ctx,
            actor=self.actor,
            action="patients.imported",
            document=("patient_import", self.patient_import.id),
            patients=changes.patient_ids,
            details={"lines": lines, "created": counts[RowOutcome.CREATED], "updated": counts[RowOutcome.UPDATED]},
        )

    async def _keep_rows(self, decisions: Sequence[Decision], written: Changes) -> None:
        """The first thousand of each outcome, unchanged ones left out."""
        patients = dict(zip(written.lines, written.patient_ids, strict=True))
        room = {outcome: MOST_KEPT - getattr(self.tally, name) for outcome, name in TALLIED.items()}
        room[RowOutcome.UNCHANGED] = 0
        kept = []
        for decision in decisions:
            if room[decision.outcome] > 0:
                room[decision.outcome] -= 1
                kept.append(self._row(decision) | {"patient_id": patients.get(decision.line, decision.patient_id)})
        if kept:
            await ImportRow.collection().insert_many(kept)

    def _row(self, decision: Decision) -> Raw:
        return {
            "_id": derived_id(self.patient_import.id, self.is_dry_run, decision.line),
            "import_id": self.patient_import.id,
            "is_dry_run": self.is_dry_run,
            "line": decision.line,
            "outcome": decision.outcome.value,
            "changed": decision.changed if decision.outcome is RowOutcome.UPDATED else [],
            "reasons": [reason._asdict() for reason in decision.reasons],
        }

    async def _mark(self, tally: Tally) -> None:
        """How far we are, in the same transaction as what was done. Raises LeaseLostError."""
        now = self.ctx.now()
        name = "checked" if self.is_dry_run else "imported"
        marks = {name: tally.model_dump(), "updated_at": now, "lease_until": self.ctx.lease_until, "attempts": 0}
        if not await self.patient_import.write(marks):
            raise LeaseLostError


def _added(tally: Tally, decisions: Sequence[Decision]) -> Tally:
    counts = Counter(TALLIED[decision.outcome] for decision in decisions)
    summed = {name: value + counts[name] for name, value in tally.model_dump().items() if name != "rows"}
    return Tally(rows=tally.rows + len(decisions), **summed)


async def _send(changes: Changes) -> None:
    """Raises RowRefusedError for a row whose address another record holds all the same."""
    try:
        await Patient.collection().bulk_write(changes.operations, ordered=False)
    except BulkWriteError as error:
        first = error.details["writeErrors"][0]
        if first["code"] != DUPLICATE_KEY:
            raise
        raise RowRefusedError(changes.lines[first["index"]], "email", TAKEN) from error
