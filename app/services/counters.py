"""Counters that are always true: what is counted plus what is not counted yet, read in one snapshot (decision 0011).

A write of something counted flags its document in the same update and touches no counter. `fold` moves the counters
and clears the flags; until then a reading adds the flagged documents up itself, over an index that holds all it needs.
"""

from collections import Counter
from collections.abc import Iterable
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from pymongo.read_concern import ReadConcern

from app.context import Context
from app.models.appointments import Appointment
from app.models.base import Raw
from app.models.clinic import Clinic
from app.models.counters import CAMPAIGNS, COUNTED, COUNTERS_ID, Counted, Counters
from app.models.enums import CampaignStatus, CampaignType

BATCH = 250
"""A batch is one transaction: a change of one of its documents waits for it, some ten milliseconds."""
FLAGGED = {"uncounted": True}
SNAPSHOT = ReadConcern("snapshot")
STEPS = ("contacted", "replied", "booked")

Figures = Counter[str]
"""Whole numbers by the names of `app.models.counters.Counters.figures`; a figure that is missing is 0."""


def count_of(kind: CampaignType, status: CampaignStatus) -> str:
    """The figure that counts the campaigns of one type in one status."""
    return f"count:{kind.value}:{status.value}"


def cents_of(kind: CampaignType, status: CampaignStatus) -> str:
    """The figure that adds up the estimated value of these campaigns, in cents."""
    return f"cents:{kind.value}:{status.value}"


async def read(zone: ZoneInfo | None = None, *, counted: tuple[Counted, ...] = COUNTED) -> Figures:
    """The figures as they are at this moment, with the months of `zone`; None when no month is looked at.

    Counters of another zone, or none at all, are not read: then the documents are counted, until `fold` has run.
    """
    parts = [{"$unionWith": part} for each in counted for part in _rest(each)]
    rows = await _snapshot([{"$match": {"_id": COUNTERS_ID}}, *parts])
    stored = next((row for row in rows if "side" not in row), None)
    if stored is None or stored.get("zone") is None or (zone and stored["zone"] != zone.key):
        return await recount(zone, counted=counted)
    return _total(stored, rows)


async def recount(zone: ZoneInfo | None, *, counted: tuple[Counted, ...] = COUNTED) -> Figures:
    """The figures counted from every document: the slow truth, seconds at 1,000,000 campaigns."""
    rows = await _snapshot([{"$match": {"_id": None}}, *({"$unionWith": _everything(each)} for each in counted)])
    return _sum(rows, zone or ZoneInfo("UTC"))


async def differences() -> list[str]:
    """The figures whose counter and rest are not what the documents say, both read in one snapshot."""
    parts = [part for each in COUNTED for part in (*_rest(each), _everything(each))]
    rows = await _snapshot([{"$match": {"_id": COUNTERS_ID}}, *({"$unionWith": part} for part in parts)])
    stored = next((row for row in rows if "side" not in row), None)
    if stored is None or stored.get("zone") is None:
        return []
    truth = _sum((row for row in rows if row.get("side") == "all"), ZoneInfo(stored["zone"]))
    told = _total(stored, [row for row in rows if row.get("side") != "all"])
    return [f"{name}: {told[name]} for {truth[name]}" for name in sorted({*told, *truth}) if told[name] != truth[name]]


async def fold(ctx: Context) -> dict[str, int]:
    """Move the counters by all that is not counted yet; returns how many documents were counted. Safe beside itself."""
    stored = await Counters.get(COUNTERS_ID)
    if stored is None or stored.zone is None:
        return await rebuild(ctx)
    if stored.zone != (await Clinic.load()).time_zone:
        return await rezone(ctx)
    return await _fold_all(ctx)


async def rebuild(ctx: Context) -> dict[str, int]:
    """Make the counters anew in the clinic's present time zone; safe while others write, and to repeat when cut off.

    Documents that say something else than was counted of them are flagged first, so it also mends what was changed
    behind the product's back, and counts what an older version stored.
    """
    for counted in COUNTED:
        await _flag_miscounted(counted)
    await ctx.pause("counters.flagged")
    return await rezone(ctx)


async def rezone(ctx: Context) -> dict[str, int]:
    """Make the counters anew from what they hold, in the clinic's present time zone: its months have other borders."""
    await ctx.database.transaction(partial(_sum_up_held, (await Clinic.load()).zone))
    await ctx.pause("counters.rebuilt")
    return await _fold_all(ctx)


async def forget(visit: Appointment) -> None:
    """Take a visit out of the counters, inside the transaction that deletes it."""
    made_at = visit.counted_as.made_at if visit.counted_as else None
    if made_at is None:
        return
    stored = await Counters.get(COUNTERS_ID)
    if stored and stored.zone:
        await Counters.add({_month("visits", made_at, ZoneInfo(stored.zone)): -1})


async def _fold_all(ctx: Context) -> dict[str, int]:
    done = {counted.collection_name: 0 for counted in COUNTED}
    for counted in COUNTED:
        while folded := await ctx.database.transaction(partial(_fold_batch, ctx, counted)):
            done[counted.collection_name] += folded
    return done


async def _fold_batch(ctx: Context, counted: Counted) -> int:
    """Count one batch: what it says now, less what the counters hold of it. A document written meanwhile repeats it."""
    collection = counted.document.collection()
    found = collection.find(FLAGGED, {"_id": 1}, hint="uncounted").limit(BATCH)
    ids = {"_id": {"$in": [row["_id"] async for row in found]}}
    if not ids["_id"]["$in"]:
        return 0
    zone = ZoneInfo((await Counters.take()).zone or "UTC")  # before the long part: of several folders one goes on
    figures = _sum(await _rows(counted, counted.says(ids)), zone)
    figures.subtract(_sum(await _rows(counted, counted.held(ids)), zone))
    await ctx.pause("counters.summed_up")
    await collection.update_many(ids, [{"$set": {"counted_as": counted.facts, "uncounted": False}}], hint="_id_")
    await ctx.pause("counters.flags_cleared")
    await Counters.add(figures)
    await ctx.pause("counters.moved")
    return len(ids["_id"]["$in"])


async def _flag_miscounted(counted: Counted) -> None:
    wrong = {"uncounted": {"$ne": True}, "$expr": {"$ne": [counted.facts, "$counted_as"]}}
    await counted.document.collection().update_many(wrong, {"$set": FLAGGED})


async def _sum_up_held(zone: ZoneInfo) -> None:
    """The counters hold what the documents say that they hold: one transaction, so that nobody folds in between."""
    await Counters.take()
    figures: Figures = Counter()
    for counted in COUNTED:
        figures.update(_sum(await _rows(counted, counted.held({})), zone))
    await Counters.get_pymongo_collection().update_one(
        {"_id": COUNTERS_ID}, {"$set": {"zone": zone.key, "figures": dict(figures)}}
    )


async def _rows(counted: Counted, pipeline: list[Raw]) -> list[Raw]:
    return await (await counted.document.collection().aggregate(pipeline)).to_list()


async def _snapshot(pipeline: list[Raw]) -> list[Raw]:
    """One command, one moment: no fold is ever seen half."""
    collection = Counters.get_pymongo_collection().with_options(read_concern=SNAPSHOT)
    return await (await collection.aggregate(pipeline)).to_list()


def _rest(counted: Counted) -> tuple[Raw, Raw]:
    """What flagged documents say now, and what the counters hold of them."""
    return (
        _marked("now", counted, counted.says(FLAGGED)),
        _marked("held", counted, counted.held(FLAGGED)),
    )


def _everything(counted: Counted) -> Raw:
    return _marked("all", counted, counted.says({}))


def _marked(side: str, counted: Counted, pipeline: list[Raw]) -> Raw:
    return {"coll": counted.collection_name, "pipeline": [*pipeline, {"$set": {"side": side}}]}


def _total(stored: Raw, rows: list[Raw]) -> Figures:
    zone = ZoneInfo(stored["zone"])
    figures: Figures = Counter(stored["figures"])
    figures.update(_sum((row for row in rows if row.get("side") == "now"), zone))
    figures.subtract(_sum((row for row in rows if row.get("side") == "held"), zone))
    return figures


def _sum(rows: Iterable[Raw], zone: ZoneInfo) -> Figures:
    """The figures of groups of facts, as the pipelines of `Counted` return them."""
    figures: Figures = Counter()
    for row in rows:
        _add(figures, row, zone)
    return figures


def _add(figures: Figures, row: dict[str, Any], zone: ZoneInfo) -> None:
    facts, count = row["_id"], row["count"]
    if "status" in facts:
        kind, status = CampaignType(facts["campaign_type"]), CampaignStatus(facts["status"])
        figures[count_of(kind, status)] += count
        figures[cents_of(kind, status)] += row["cents"]
        figures.update({step: count for step in STEPS if facts[step]})
    for name, field in (("recovered", "recovered_at"), ("visits", "made_at")):
        if instant := facts.get(field):
            figures[_month(name, instant, zone)] += count


def _month(name: str, instant: Any, zone: ZoneInfo) -> str:
    return f"{name}:{instant.astimezone(zone):%Y-%m}"


async def campaigns_in(kinds: Iterable[CampaignType], statuses: Iterable[CampaignStatus]) -> int:
    """How many campaigns of these types are in these statuses."""
    figures = await read(counted=(CAMPAIGNS,))
    chosen = list(statuses)
    return sum(figures[count_of(kind, status)] for kind in kinds for status in chosen)
