"""The nightly check, stored for the dashboard's banner, which is gone when the next check passes (trust.md 5)."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from app.context import Context
from app.logging import get_logger
from app.models.invariant_reports import REPORT_ID, BrokenInvariant, InvariantReport
from app.services import invariants
from app.services.invariants import BY_NAME, INVARIANTS, Invariant, Violations

log = get_logger(__name__)

FIRST_IDS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One rule as the last check left it; `broken` is None where it holds."""

    rule: Invariant
    broken: BrokenInvariant | None


async def refresh(ctx: Context) -> dict[str, Any]:
    """The job: check everything and store what was found. Counts the rules, and what broke by the rule's name."""
    started_at = ctx.now()
    found = await invariants.check(ctx)
    await _store(ctx, found, took_ms=(ctx.now() - started_at) // timedelta(milliseconds=1))
    broken = {name: len(ids) for name, ids in found.items() if ids}
    if broken:
        log.error("invariants.broken", **broken)
    return {"rules": len(found)} | broken


async def _store(ctx: Context, found: Violations, *, took_ms: int) -> None:
    broken = [
        BrokenInvariant(name=name, count=len(ids), first=ids[:FIRST_IDS]).model_dump()
        for name, ids in found.items()
        if ids
    ]
    report = {"checked_at": ctx.now(), "took_ms": took_ms, "broken": broken}
    await InvariantReport.get_pymongo_collection().update_one({"_id": REPORT_ID}, {"$set": report}, upsert=True)


async def latest() -> InvariantReport | None:
    """What the last check found; None while nothing was ever checked."""
    return await InvariantReport.get(REPORT_ID)


def results(report: InvariantReport | None) -> list[Result]:
    """Every rule in its order, with what the report says of it."""
    broken = {each.name: each for each in report.broken} if report else {}
    return [Result(rule=rule, broken=broken.get(rule.name)) for rule in INVARIANTS]


def rules_broken(report: InvariantReport | None) -> list[Invariant]:
    """The rules that the report says are broken; a name that this version does not know any more is left out."""
    return [BY_NAME[each.name] for each in report.broken if each.name in BY_NAME] if report else []
