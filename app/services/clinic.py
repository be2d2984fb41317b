"""The clinic document: changing it now or from a day on, and letting what waits follow (domain.md section 5)."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from app.context import Context
from app.errors import ConflictError, InvalidInputError
from app.logging import get_logger
from app.models.clinic import Clinic, PendingChange
from app.services import audit, clinic_rollout
from app.services.clinic_checks import check, read_phone, refuse

log = get_logger(__name__)

Raw = dict[str, Any]
POLICIES = ("outreach", "booking", "branding")
PHONES = ("phone", "emergency_phone")
FARTHEST_PLAN = timedelta(days=366)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A change that somebody asks for, as JSON has it: at once, or from the beginning of a clinic-local day."""

    changes: Raw
    effective_from: date | None = None
    drops_pending: bool = False
    """The change that waits for its day is taken back."""


class PendingConflictError(ConflictError):
    """The change that waits for its day would be impossible after this one."""

    code = "PENDING_CHANGE_CONFLICT"


def today(ctx: Context, clinic: Clinic) -> date:
    """The clinic-local date."""
    return ctx.now().astimezone(clinic.zone).date()


def changed(stored: Clinic, changes: Raw) -> Clinic:
    """The clinic with some facts replaced, and what is left to roll out. Raises InvalidInputError, naming the field."""
    fields = stored.model_dump()
    merged = fields | changes | {policy: fields[policy] | changes.get(policy, {}) for policy in POLICIES}
    updated: Clinic = Clinic.model_validate(merged)
    updated.holidays = sorted(set(updated.holidays))
    check(updated)
    for field in PHONES:
        if changes.get(field):
            setattr(updated, field, read_phone(updated, field, changes[field]))
    updated.rollout = clinic_rollout.begin(stored, updated)
    return updated


def check_day(ctx: Context, stored: Clinic, wish: Wish) -> None:
    """Raises InvalidInputError unless the day is one from which this change can begin."""
    day = wish.effective_from
    if day is None:
        return
    if day < today(ctx, stored):
        raise refuse("effective_from", "This day is past. Choose today or a later one.")
    if day > today(ctx, stored) + FARTHEST_PLAN:
        raise refuse("effective_from", "This day is more than a year ahead. Choose an earlier one.")
    if not wish.changes:
        raise refuse("effective_from", "Say what is to change on this day.")


def waits(ctx: Context, stored: Clinic, wish: Wish) -> bool:
    """True when the change begins on a later day."""
    return wish.effective_from is not None and wish.effective_from > today(ctx, stored)


async def update(ctx: Context, wish: Wish, *, actor: str) -> Clinic:
    """Change the clinic, or plan the change; a new policy is applied to everything that waits.

    Raises InvalidInputError, or PendingConflictError when the planned change would no longer be possible.
    """
    await apply_pending(ctx)

    async def write() -> None:
        stored = await Clinic.load()
        check_day(ctx, stored, wish)
        kept = stored.model_copy(update={"pending": None}) if wish.drops_pending else stored
        updated = _planned(ctx, kept, wish, actor) if waits(ctx, stored, wish) else changed(kept, wish.changes)
        if updated.model_dump() == stored.model_dump():
            return
        refuse_broken_plan(updated)
        await updated.save()
        await _record(ctx, stored, updated, wish, actor=actor)

    await ctx.database.transaction(write)
    await clinic_rollout.continue_rollout(ctx, most_pages=clinic_rollout.PAGES_PER_REQUEST)
    return await Clinic.load()


def _planned(ctx: Context, stored: Clinic, wish: Wish, actor: str) -> Clinic:
    """The clinic as it is, with the change written down for its day in place of an earlier plan."""
    assert wish.effective_from is not None  # noqa: S101 - `waits` said so; tells the type checker
    changed(stored, wish.changes)
    plan = PendingChange(
        effective_from=wish.effective_from, changes=wish.changes, requested_by=actor, requested_at=ctx.now()
    )
    planned: Clinic = stored.model_copy(update={"pending": plan})
    return planned


def refuse_broken_plan(updated: Clinic) -> None:
    """Raises PendingConflictError when what waits for its day does not fit the clinic as it would be now."""
    if updated.pending is None:
        return
    try:
        changed(updated, updated.pending.changes)
    except InvalidInputError as error:
        day = updated.pending.effective_from.isoformat()
        sentence = (
            f"The change planned for {day} would no longer be possible: {error.detail} Replace it or take it back."
        )
        raise PendingConflictError(sentence, extra={"pending_from": day}) from error


async def _record(ctx: Context, stored: Clinic, updated: Clinic, wish: Wish, *, actor: str) -> None:
    """One audit row for each thing that was done: planned, taken back, changed."""
    day = wish.effective_from.isoformat() if wish.effective_from else None
    done: list[tuple[str, Raw]] = []
    if stored.pending and updated.pending is None:
        done.append(("clinic.change_cancelled", {"effective_from": stored.pending.effective_from.isoformat()}))
    if waits(ctx, stored, wish):
        done.append(("clinic.change_planned", _details(wish.changes) | {"effective_from": day}))
    elif wish.changes:
        done.append(("clinic.updated", _details(wish.changes)))
    for action, details in done:
        await audit.record(ctx, actor=actor, action=action, document=("clinic", updated.id), details=details)


def _details(changes: Raw) -> Raw:
    return {"fields": sorted(changes), "changes": changes}


async def apply_pending(ctx: Context) -> bool:
    """Make the planned change true when its day has come; True when that happened. Any number of replicas may ask."""
    if not _is_due(ctx, await Clinic.load()):
        return False

    async def write() -> bool:
        stored = await Clinic.load()
        if not _is_due(ctx, stored) or stored.pending is None:
            return False
        plan = stored.pending
        updated = changed(stored, plan.changes)
        updated.pending = None
        await updated.save()
        details = _details(plan.changes) | {
            "effective_from": plan.effective_from.isoformat(),
            "requested_by": plan.requested_by,
        }
        await audit.record(
            ctx, actor=audit.SYSTEM, action="clinic.updated", document=("clinic", updated.id), details=details
        )
        return True

    return await ctx.database.transaction(write)


def _is_due(ctx: Context, clinic: Clinic) -> bool:
    return clinic.pending is not None and clinic.pending.effective_from <= today(ctx, clinic)


async def keep_current(ctx: Context) -> None:
    """The leading replica's part: begin what was planned for today, and finish what a change left to do."""
    await apply_pending(ctx)
    try:
        await clinic_rollout.continue_rollout(ctx)
    except Exception:  # the boundary of the rollout: a row that cannot follow must not keep the day's messages back
        log.exception("clinic.rollout_failed")
