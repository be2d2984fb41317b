"""The dry runs: who would be written to, who would not, and why (domain.md sections 4 and 5). Nothing is written.

Everything up to the write is the real thing: the daily job's own plans, the agent's own check and its own choice of
the next step. Rows are bounded and the rest is counted, so that a large clinic needs no memory.
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

from langgraph.runtime import Runtime
from pymongo import ASCENDING

from app.agent import graph, proactive
from app.agent.state import AgentState
from app.context import Context
from app.domain.outreach import Verb, Verdict
from app.jobs.preview_rows import NOTHING_TO_SEND, OPENED_BEFORE, SAME_INBOX, UNREACHABLE, USED_UP, Preview, row_of
from app.models.base import Raw
from app.models.campaigns import ACTIVE_STATUSES, Campaign
from app.models.clinic import Clinic
from app.models.enums import CampaignStatus
from app.models.patients import Patient
from app.services import launching
from app.services.launching import Plan

AT_ONCE = 8


async def preview_daily(ctx: Context) -> Raw:
    """The daily job: the campaigns that it would open, then those whose next attempt is due."""
    preview, clinic, now = Preview(), await Clinic.load(), ctx.now()
    async for plan in launching.plans(ctx, now):
        await _preview_plan(ctx, preview, clinic, plan)
    await _preview_running(ctx, preview, clinic, now)
    return preview.as_result()


async def preview_due_scan(ctx: Context) -> Raw:
    """The due scan: every campaign whose next attempt is due; `due` counts them."""
    preview = Preview()
    preview.due = await _preview_running(ctx, preview, await Clinic.load(), ctx.now())
    return preview.as_result()


async def _preview_plan(ctx: Context, preview: Preview, clinic: Clinic, plan: Plan) -> None:
    preview.due += len(plan.page)
    preview.refused += len(plan.refused)
    for patient in plan.refused:
        row = {"patient_id": str(patient["_id"]), "patient_name": patient["name"], "campaign_id": None}
        preview.add(row | {"reason": UNREACHABLE}, contacted=False)
    before = await _opened_before(plan.opened)
    fresh = []
    for raw in plan.opened:
        campaign = Campaign.from_raw(raw)
        if raw["_id"] in before:
            preview.repeated += 1
            preview.add(row_of(campaign, OPENED_BEFORE, is_stored=False), contacted=False)
        else:
            fresh.append(campaign)
    for start in range(0, len(fresh), AT_ONCE):
        await _judge(ctx, preview, clinic, fresh[start : start + AT_ONCE], are_stored=False)


async def _opened_before(rows: list[Raw]) -> set[Any]:
    """Which of these the unique indexes would refuse: the same id, a running campaign, or the same due date served."""
    query = {"patient_id": {"$in": [row["patient_id"] for row in rows]}}
    running, served, known = set(), set(), set()
    async for raw in Campaign.collection().find(query, {"patient_id": 1, "status": 1, "due_date": 1}):
        known.add(raw["_id"])
        served.add((raw["patient_id"], raw.get("due_date")))
        if raw["status"] in ACTIVE_STATUSES:
            running.add(raw["patient_id"])
    return {
        row["_id"]
        for row in rows
        if row["_id"] in known
        or row["patient_id"] in running
        or (row["due_date"] and (row["patient_id"], row["due_date"]) in served)
    }


async def _preview_running(ctx: Context, preview: Preview, clinic: Clinic, now: datetime) -> int:
    """Judge every campaign that the due scan would claim, longest overdue first; returns how many there were."""
    count = 0
    async for chunk in _chunks_due(now):
        await _judge(ctx, preview, clinic, chunk, are_stored=True)
        count += len(chunk)
    return count


async def _chunks_due(now: datetime) -> AsyncIterator[list[Campaign]]:
    query = {
        "follow_up_details.next_attempt_at": {"$type": "date", "$lte": now},
        "lease_until": {"$lte": now},
        "hold_until": {"$lte": now},
    }
    rows = Campaign.collection().find(query, batch_size=launching.PAGE // 10)
    chunk: list[Campaign] = []
    async for raw in rows.sort([("follow_up_details.next_attempt_at", ASCENDING)]):
        chunk.append(Campaign.from_raw(raw))
        if len(chunk) == AT_ONCE:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


async def _judge(
    ctx: Context, preview: Preview, clinic: Clinic, campaigns: list[Campaign], *, are_stored: bool
) -> None:
    found = await asyncio.gather(*(_next_step(ctx, clinic, campaign) for campaign in campaigns))
    for campaign, (verdict, step) in zip(campaigns, found, strict=True):
        _tell(preview, campaign, verdict, step, is_stored=are_stored)


async def _next_step(ctx: Context, clinic: Clinic, campaign: Campaign) -> tuple[Verdict, str]:
    """What the agent's rules say of this campaign now, and which step it would take."""
    patient = await Patient.get(campaign.patient_id)
    if patient is None:
        return Verdict(Verb.REFUSE, "status_changed"), "withdraw"
    state: AgentState = {"campaign": campaign, "patient": patient, "clinic": clinic}
    checked = await proactive.check_attempts(state, Runtime(context=ctx))
    state["verdict"] = checked["verdict"]
    return checked["verdict"], graph.after_check(state)


def _tell(preview: Preview, campaign: Campaign, verdict: Verdict, step: str, *, is_stored: bool) -> None:
    if step == "close_unresponsive":
        ends = campaign.status is CampaignStatus.ATTEMPTING_RECOVERY
        row = row_of(campaign, USED_UP if ends else NOTHING_TO_SEND, is_stored=is_stored)
        return preview.add(row, contacted=False)
    row = row_of(campaign, verdict.rule, is_stored=is_stored, until=verdict.until)
    if verdict.verb not in (Verb.SEND, Verb.HOLD):
        return preview.add(row, contacted=False)
    address = hash((campaign.channel.type, campaign.channel.address))
    if address in preview.addresses:
        return preview.add(row | {"reason": SAME_INBOX}, contacted=False)
    preview.addresses.add(address)
    return preview.add(row, contacted=True)
