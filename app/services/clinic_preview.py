"""What a change of the clinic would move, before anybody makes it: computed by the rules that the change itself uses.

Bounded: each section looks at so many rows at most and says whether it saw them all.
"""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time
from typing import Any

from beanie import PydanticObjectId

from app.context import Context
from app.domain.outreach import OutreachRules
from app.domain.replanning import earliest_step, replanned
from app.models.base import LONG_AGO
from app.models.clinic import Clinic, Rollout
from app.services import audit, clinic, clinic_rollout, due_dates, waiting_attempts, working_time
from app.services.clinic import Wish
from app.services.clinic_warnings import warnings
from app.services.policies import outreach_rules

Raw = dict[str, Any]
LOOKED_AT = 20_000
EXAMPLES = 20


@dataclass(slots=True)
class Section:
    """How many of one kind would move, the first of them, and whether all were looked at."""

    count: int = 0
    examples: list[Raw] = field(default_factory=list)
    is_complete: bool = True

    def add(self, example: Raw) -> None:
        self.count += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(example)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """The answer to "what would happen?"."""

    effective_at: datetime
    campaigns: Section
    patients_due: Section
    appointments_outside_hours: Section
    warnings: list[str]


@dataclass(frozen=True, slots=True)
class _Change:
    stored: Clinic
    updated: Clinic
    now: datetime
    at: datetime
    """When the change begins: now, or the beginning of its day in the clinic's present zone."""
    old: OutreachRules
    new: OutreachRules

    @property
    def rollout(self) -> Rollout | None:
        """What the change would leave to do; None when nothing that waits depends on it."""
        new = self.updated.rollout
        return None if new == self.stored.rollout else new


async def preview(ctx: Context, wish: Wish, *, actor: str) -> Preview:
    """Say what would move, and change nothing. Raises InvalidInputError as the change itself would."""
    change = await _change(ctx, wish)
    campaigns = await _campaigns(change)
    visits = await _visits(change)
    shown = Preview(
        effective_at=change.at,
        campaigns=campaigns,
        patients_due=await _patients(ctx, change),
        appointments_outside_hours=visits,
        warnings=warnings(change.stored, change.updated, change.at) + _at_once(campaigns, change.at),
    )
    await _record(ctx, wish, [*campaigns.examples, *visits.examples], actor=actor)
    return shown


async def _change(ctx: Context, wish: Wish) -> _Change:
    stored, now = await Clinic.load(), ctx.now()
    clinic.check_day(ctx, stored, wish)
    updated = clinic.changed(stored, wish.changes)
    if wish.drops_pending or clinic.waits(ctx, stored, wish):
        updated.pending = None
    else:
        clinic.refuse_broken_plan(updated)
    return _Change(stored, updated, now, _begins(wish, stored, now), outreach_rules(stored), outreach_rules(updated))


def _begins(wish: Wish, stored: Clinic, now: datetime) -> datetime:
    if wish.effective_from is None:
        return now
    return max(now, datetime.combine(wish.effective_from, time(), stored.zone).astimezone(UTC))


async def _campaigns(change: _Change) -> Section:
    """Campaigns whose next step would be planned, or could happen, at another time; what is over by then stays out."""
    section = Section()
    if change.rollout is None:
        return section
    former = [tuple(spacing) for spacing in change.rollout.former_spacings]
    seen = 0
    async for raw in waiting_attempts.read():
        seen += 1
        if seen > LOOKED_AT:
            section.is_complete = False
            break
        if example := _moved_campaign(raw, change, former):
            section.add(example)
    return section


def _moved_campaign(raw: Raw, change: _Change, former: list[tuple[int, ...]]) -> Raw | None:
    attempt = waiting_attempts.as_attempt(raw)
    before = earliest_step(attempt, change.old, change.now)
    if before is not None and before < change.at:
        return None  # done before the change begins
    planned_at = replanned(attempt, change.new, former)
    after = earliest_step(replace(attempt, planned_at=planned_at, held_until=LONG_AGO), change.new, change.at)
    if (planned_at, after) == (attempt.planned_at, before):
        return None
    return {
        "campaign_id": raw["_id"],
        "patient_id": raw["patient_id"],
        "patient_name": raw["patient_name"],
        "next_step": "close" if attempt.is_closing else "message",
        "next_attempt_at_before": attempt.planned_at,
        "next_attempt_at_after": planned_at,
        "earliest_step_before": before,
        "earliest_step_after": after,
    }


async def _patients(ctx: Context, change: _Change) -> Section:
    """Patients who would become due at another time, or no longer, or at all."""
    section = Section()
    if change.rollout is None or not change.rollout.reaches_patients:
        return section
    after, seen = None, 0
    while page := await due_dates.page_after(after, limit=clinic_rollout.PAGE):
        due = {patient["_id"]: patient.get("outreach_due_at") for patient in page}
        moved = await due_dates.moves(ctx, page, change.new)
        section.count += sum(_still_waits(due[key], change) for key in moved)
        seen, after = seen + len(page), page[-1]["_id"]
        if seen >= LOOKED_AT:
            section.is_complete = not await due_dates.page_after(after, limit=1)
            break
    return section


def _still_waits(due_at: datetime | None, change: _Change) -> bool:
    """False for a patient whom the daily job takes up before the change begins."""
    return due_at is None or due_at >= change.at or change.at == change.now


async def _visits(change: _Change) -> Section:
    """Booked visits that lie in working time now and would not then. They stand; somebody should call."""
    section, stored, updated = Section(), change.stored, change.updated
    if _decides_working_time(stored) == _decides_working_time(updated):
        return section
    visits = await working_time.visits_ahead(change.at, limit=LOOKED_AT + 1)
    section.is_complete = len(visits) <= LOOKED_AT
    today, then = await working_time.timetable_of(stored), await working_time.timetable_of(updated)
    for visit in working_time.outside(then, visits[:LOOKED_AT]):
        if today.holds(visit):
            section.add(visit | {"appointment_id": visit["_id"]})
    return section


def _decides_working_time(clinic_: Clinic) -> tuple[object, ...]:
    return clinic_.time_zone, set(clinic_.holidays), clinic_.opening_hours


def _at_once(campaigns: Section, at: datetime) -> list[str]:
    """A shorter spacing may make many campaigns due together."""
    rushed = sum(
        example["next_attempt_at_before"] > at >= example["next_attempt_at_after"] for example in campaigns.examples
    )
    if not rushed:
        return []
    return ["Some of these campaigns become due at once: their next step follows as soon as the sending hours allow."]


async def _record(ctx: Context, wish: Wish, shown: list[Raw], *, actor: str) -> None:
    """Names of patients were read (trust.md fault 34)."""
    patients: list[PydanticObjectId] = list(dict.fromkeys(row["patient_id"] for row in shown))
    if patients:
        await audit.record(
            ctx,
            actor=actor,
            action="clinic.previewed",
            document=("clinic", "clinic"),
            patients=patients,
            details={"fields": sorted(wish.changes)},
        )
