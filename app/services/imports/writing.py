"""The decisions of a batch as bulk operations: patients as Beanie stores them, due dates by the one pure rule."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from typing import Any

from beanie import PydanticObjectId
from beanie.odm.utils.dump import get_dict
from pymongo import InsertOne, UpdateOne

from app.context import Context
from app.domain.outreach import OutreachRules, PatientFacts, outreach_due_at
from app.models.base import Raw
from app.models.enums import PatientType, RowOutcome
from app.models.patients import Patient
from app.services import due_dates
from app.services.imports.planning import Decision, treatment_of

Operation = InsertOne[Raw] | UpdateOne
NOT_KNOWN_YET = "not known yet"
"""Stands for the stored due date of a patient about to change, so that it is computed whatever it was."""


@dataclass(frozen=True, slots=True)
class Changes:
    """A batch ready to be written: `lines` and `patient_ids` go with the operations, one by one."""

    operations: list[Operation]
    lines: list[int]
    patient_ids: list[PydanticObjectId]

    def add(self, operation: Operation, *, line: int, patient_id: PydanticObjectId) -> None:
        self.operations.append(operation)
        self.lines.append(line)
        self.patient_ids.append(patient_id)


async def changes_of(
    ctx: Context, decisions: Sequence[Decision], rules: OutreachRules, *, source: str, blank: Raw
) -> Changes:
    """What to write for the created and updated rows; `source` marks new opt-outs, `blank` is a patient's defaults."""
    updated = [decision for decision in decisions if decision.outcome is RowOutcome.UPDATED]
    due_at = await _due_dates(ctx, updated, rules)
    first_due_at = cache(partial(_first_due_at, ctx.now(), rules))  # a batch repeats the same few days
    changes = Changes([], [], [])
    for decision in decisions:
        if decision.outcome is RowOutcome.CREATED:
            patient = _new_patient(ctx, decision, source=source, blank=blank)
            patient["outreach_due_at"] = first_due_at(decision.accepted.type_if_new, patient["next_follow_up_date"])
            changes.add(InsertOne(patient), line=decision.line, patient_id=patient["_id"])
    for decision in updated:
        patient_id = decision.patient["_id"]
        update = _update(ctx, decision, due_at[patient_id], source=source)
        changes.add(UpdateOne({"_id": patient_id}, update), line=decision.line, patient_id=patient_id)
    return changes


def blank_patient(now: datetime) -> Raw:
    """A patient with nothing but the defaults, exactly as an insert through Beanie stores it."""
    nobody = Patient(name="", patient_type=PatientType.EXISTING, created_at=now, updated_at=now)
    raw: Raw = get_dict(nobody, to_db=True, keep_nulls=nobody.get_settings().keep_nulls)
    return raw


def _new_patient(ctx: Context, decision: Decision, *, source: str, blank: Raw) -> Raw:
    row, now = decision.accepted, ctx.now()
    treatment, stop = treatment_of(row), _stop(ctx, row.stop, source)
    patient = blank | row.fields
    patient |= {"_id": PydanticObjectId(), "name": row.name, "patient_type": row.type_if_new.value}
    patient |= {"treatment_history": [treatment] if treatment else [], "opt_outs": [stop] if stop else []}
    return patient | {"created_at": now, "updated_at": now}


def _first_due_at(
    now: datetime, rules: OutreachRules, patient_type: PatientType, follow_up: datetime | None
) -> datetime | None:
    """Of somebody who has neither campaigns nor visits yet."""
    facts = PatientFacts(
        patient_type=patient_type,
        next_follow_up_on=follow_up.date() if follow_up else None,
        created_at=now,
        has_active_campaign=False,
        next_visit_at=None,
        served_due_dates=(),
        recovery_closures=(),
    )
    return outreach_due_at(facts, rules)


def _stop(ctx: Context, stop: str | None, source: str) -> Raw | None:
    return {"channel": stop, "at": ctx.now(), "source": source} if stop else None


async def _due_dates(
    ctx: Context, updated: Sequence[Decision], rules: OutreachRules
) -> dict[PydanticObjectId, datetime | None]:
    """When outreach to the changed patients may begin: two reads for the batch."""
    page = [decision.patient | decision.changes | {"outreach_due_at": NOT_KNOWN_YET} for decision in updated]
    return await due_dates.moves(ctx, page, rules) if page else {}


def _update(ctx: Context, decision: Decision, due_at: datetime | None, *, source: str) -> Raw:
    pushed: dict[str, Any] = {
        "treatment_history": decision.treatment,
        "opt_outs": _stop(ctx, decision.stop, source),
    }
    added = {name: part for name, part in pushed.items() if part}
    changed = decision.changes | {"updated_at": ctx.now(), "outreach_due_at": due_at}
    return {"$set": changed, "$inc": {"due_version": 1}} | ({"$push": added} if added else {})
