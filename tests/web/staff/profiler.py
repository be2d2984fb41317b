"""What MongoDB's profiler wrote down of an operation, and what is wrong with it: scans and sorts of what grows.

A plan does not depend on how many documents there are, but on whether an index serves: a scan that a small clinic does
not feel is the one that a large clinic waits for (speed.md).
"""

import re
from collections.abc import Iterator
from typing import Any

from app.context import Context
from app.models.base import Raw

STAYS_SMALL = {
    "clinic": "one document",
    "counters": "one document",
    "insight_reports": "one document",
    "users": "the staff",
    "services": "what the clinic offers",
    "knowledge_articles": "what the staff have written; it does not grow with the patients",
    "channel_states": "one document for each channel",
    "mailbox_states": "one document for each mailbox",
    "job_leases": "one document for each job",
    "job_runs": "one document for each job",
    "sending_paces": "one document for each mailbox",
    "presences": "who has a conversation open at this moment",
    "slot_holds": "forms that are open at this moment",
}
"""Collections that do not grow with the patients or the years: reading all of them is the cheapest way."""

MAY_SORT = {
    ("patients", "_id"): "at most 1,000 people found by their words (patient_directory.FEW)",
    ("campaigns", "_id"): "at most 1,000 campaigns found by their words (campaign_lists.FEW)",
    ("delivery_reports", "_id"): "those of one patient's messages",
    ("interactions", "campaign_id"): "the messages of one patient",
    (None, "patient_id"): "what there is of one patient",
    (None, "patient_ids"): "what there is of one patient",
}
"""Sorts in memory of something that is bounded: the collection (None: any) and the first key that bounds it."""

MAY_READ_AN_INDEX = {
    "name_parts": "part of a name",
    "by_email": "part of an e-mail address",
    "by_phone": "part of a phone number",
}
"""Indexes of which all keys may be looked through, up to patient_directory.FEW finds: no index knows parts of words."""

LEADING_KEY = re.compile(r"IXSCAN \{ ([\w.]+):")
ALWAYS_FINE = 100
"""Documents that are looked at for a page, whatever the page shows."""


def stages(plan: Any) -> Iterator[Raw]:
    """Every stage of a plan, wherever it stands in it."""
    if isinstance(plan, dict):
        if "stage" in plan:
            yield plan
        for part in plan.values():
            yield from stages(part)
    elif isinstance(plan, list):
        for part in plan:
            yield from stages(part)


def offences(operation: Raw) -> Iterator[str]:
    """What is wrong with one operation that the profiler wrote down."""
    collection = operation["ns"].partition(".")[2]
    if collection in STAYS_SMALL or collection.startswith(("system.", "$cmd")):
        return
    plan = list(stages(operation.get("execStats", {})))
    summary = operation.get("planSummary", "")
    if "COLLSCAN" in summary:
        yield f"{collection}: reads the whole collection"
    keys = LEADING_KEY.findall(summary)
    if operation.get("hasSortStage") and not (keys and all(_may_sort(collection, key) for key in keys)):
        yield f"{collection}: sorts in memory behind {summary}"
    for stage in plan:
        if reads_a_whole_index(stage) and operation.get("keysExamined") and not _stops(operation):
            yield f"{collection}: reads the whole index {stage['indexName']}"


def _may_sort(collection: str, key: str) -> bool:
    return (collection, key) in MAY_SORT or (None, key) in MAY_SORT


def reads_a_whole_index(stage: Raw) -> bool:
    """A scan whose first key has no bound; a partial index is bounded by what it holds, a list by its page."""
    if stage["stage"] not in ("IXSCAN", "COUNT_SCAN") or stage.get("isPartial"):
        return False
    if stage["indexName"] in MAY_READ_AN_INDEX:
        return False
    leading: list[str] = next(iter(stage.get("indexBounds", {}).values()), [])
    return any("MinKey" in each and "MaxKey" in each for each in leading)


def _stops(operation: Raw) -> bool:
    """It has a limit, and met it before it had looked at much more than it answers."""
    command = operation.get("command", {})
    has_limit = "limit" in command or any("$limit" in stage for stage in command.get("pipeline", ()))
    return has_limit and operation.get("docsExamined", 0) <= 2 * operation.get("nreturned", 0) + ALWAYS_FINE


async def witnessed(ctx: Context) -> list[Raw]:
    """What the profiler wrote down since it was last asked."""
    handle = ctx.database.handle
    await handle.command("profile", 0)
    kept = await handle["system.profile"].find({"command.find": {"$ne": "system.profile"}}).to_list()
    await handle.drop_collection("system.profile")
    return kept
