"""After a change of policy: let everything that waits follow, a page at a time, from where it stopped.

The clinic keeps what is left to do. A request does the first pages itself; the leading replica does the rest, and
takes up what a crash cut off (trust.md section 5).
"""

from datetime import datetime

from beanie import PydanticObjectId
from pymongo import UpdateMany

from app.context import Context
from app.models.base import Raw
from app.models.clinic import CLINIC_ID, Clinic, Rollout
from app.models.patients import Patient
from app.services import due_dates, waiting_attempts
from app.services.policies import outreach_rules

PAGE = 1_000
PAGES_PER_REQUEST = 5
TRIES = 5


def begin(stored: Clinic, updated: Clinic) -> Rollout | None:
    """What the change leaves to do; a rollout that is not finished yet is taken over."""
    attempts, patients = (decides(stored) != decides(updated) for decides in (_decides_attempts, _decides_due_dates))
    unfinished = stored.rollout
    if not attempts and not patients:
        return unfinished
    former = [*(unfinished.former_spacings if unfinished else []), stored.outreach.spacing_days]
    return Rollout(
        former_spacings=[spacing for index, spacing in enumerate(former) if spacing not in former[:index]],
        reaches_patients=patients or bool(unfinished and unfinished.reaches_patients),
    )


def _decides_attempts(clinic: Clinic) -> tuple[object, ...]:
    """What moves the next step of a campaign that waits."""
    policy = clinic.outreach
    return (
        clinic.time_zone,
        set(clinic.holidays),
        policy.spacing_days,
        policy.send_from,
        policy.send_until,
        set(policy.send_days),
    )


def _decides_due_dates(clinic: Clinic) -> tuple[object, ...]:
    """What moves the instant from which a patient may be written to."""
    return clinic.time_zone, clinic.outreach.cool_down_days, clinic.outreach.max_recovery_campaigns


async def continue_rollout(ctx: Context, *, most_pages: int | None = None) -> bool:
    """Do what is left, at most so many pages of campaigns and of patients; True when nothing is left.

    Safe to stop and repeat.
    """
    clinic = await Clinic.load()
    rollout = clinic.rollout
    if rollout is None:
        return True
    if rollout.patients_after is None:
        former = [tuple(spacing) for spacing in rollout.former_spacings]
        most = None if most_pages is None else most_pages * PAGE
        if not await waiting_attempts.follow(clinic, former, ctx.now(), most=most):
            return False
        await ctx.pause("rollout.attempts_moved")
    if rollout.reaches_patients and not await _move_patients(ctx, rollout.id, most_pages):
        return False
    await _update(rollout.id, {"rollout": None})
    return True


async def _move_patients(ctx: Context, rollout_id: PydanticObjectId, most_pages: int | None) -> bool:
    """True when the last page is done; False when the budget is used up or a newer change has taken over."""
    pages = 0
    while most_pages is None or pages < most_pages:
        clinic = await Clinic.load()
        if clinic.rollout is None or clinic.rollout.id != rollout_id:
            return False
        page = await due_dates.page_after(clinic.rollout.patients_after, limit=PAGE)
        if not page:
            return True
        await _move_page(ctx, clinic, page)
        await ctx.pause("rollout.page_moved")
        await _update(rollout_id, {"rollout.patients_after": page[-1]["_id"]})
        pages += 1
    return False


async def _move_page(ctx: Context, clinic: Clinic, page: list[Raw]) -> None:
    """Write the page against the values that were read; what somebody else changed meanwhile is read again."""
    rules = outreach_rules(clinic)
    for _ in range(TRIES):
        moved = await due_dates.moves(ctx, page, rules)
        if not moved:
            return
        done = await Patient.collection().bulk_write(_writes(page, moved), ordered=False)
        if done.matched_count == len(moved):
            return
        page = await due_dates.again(list(moved))


def _writes(page: list[Raw], moved: dict[PydanticObjectId, datetime | None]) -> list[UpdateMany]:
    """One write for all who move from the same instant to the same instant: most of a page shares a few days."""
    groups: dict[tuple[datetime | None, datetime | None], list[PydanticObjectId]] = {}
    for patient in page:
        if patient["_id"] in moved:
            step = (patient.get("outreach_due_at"), moved[patient["_id"]])
            groups.setdefault(step, []).append(patient["_id"])
    return [
        UpdateMany({"_id": {"$in": ids}, "outreach_due_at": before}, {"$set": {"outreach_due_at": after}}, hint="_id_")
        for (before, after), ids in groups.items()
    ]


async def _update(rollout_id: PydanticObjectId, changes: Raw) -> None:
    """Note progress, unless a newer change has begun its own rollout."""
    await Clinic.get_pymongo_collection().update_one({"_id": CLINIC_ID, "rollout.id": rollout_id}, {"$set": changes})
