"""What the pages of the campaign list show: tabs with counts, rows, the report of an action for many."""

import secrets
from collections import Counter
from dataclasses import dataclass
from typing import Any

from beanie import PydanticObjectId
from fastapi import Request

from app.context import Context
from app.models.base import Raw
from app.models.campaign_batches import CampaignBatch
from app.models.clinic import Clinic
from app.models.users import User
from app.services import audit, campaign_batch_runs, campaign_batches, campaign_lists, counters, saved_views
from app.services.campaign_batch_runs import Refused
from app.services.campaign_batches import BatchAction
from app.services.counters import Figures
from app.web.staff import campaigns_words as words
from app.web.staff.campaigns_filter import ListWish
from app.web.staff.routing import actor_of

ROOM = "campaigns"
ROWS = 25
MOST_NAMED = 100
"""So many that stayed as they were for one reason are named in a report; the others are counted."""


@dataclass(frozen=True, slots=True)
class Tab:
    """One status of the list with how many there are, whatever else is filtered."""

    name: str
    label: str
    count: int
    address: str
    is_here: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """An action for many that is not over; `goes_on` by itself while the page is open, or waits for a click."""

    id: PydanticObjectId
    title: str
    position: int
    total: int
    percent: int
    refused: int
    goes_on: bool


@dataclass(frozen=True, slots=True)
class Reason:
    """Why some stayed as they were: how many, and the first of them by name."""

    why: str
    count: int
    named: list[Refused]


@dataclass(frozen=True, slots=True)
class BatchReport:
    """What became of an action for many; `untouched` were not judged any more."""

    sentence: str
    untouched: int
    reasons: list[Reason]

    @property
    def refused(self) -> int:
        return sum(reason.count for reason in self.reasons)

    @property
    def named(self) -> list[Refused]:
        return [one for reason in self.reasons for one in reason.named]


async def list_values(
    request: Request, ctx: Context, user: User, wish: ListWish, *, report: BatchReport | None = None
) -> dict[str, Any]:
    """Everything that `staff/campaigns/list.html` shows. Who is shown is written into the audit log."""
    clinic = await Clinic.load()
    wanted = wish.filter(me=user.id, now=ctx.now(), zone=clinic.zone)
    found = await campaign_lists.find(wanted, sort=wish.order, skip=0, limit=ROWS, cursor=wish.cursor or None)
    people = [PydanticObjectId(row["patient_id"]) for row in found.rows]
    people += [one.patient_id for one in report.named if one.patient_id] if report else []
    if people:
        document = ("campaign", "list")
        await audit.record(ctx, actor=actor_of(user), action="campaign.listed", document=document, patients=people)
    holders = await campaign_batches.who_can_hold()
    return {
        "clinic": clinic,
        "wish": wish,
        "words": words,
        "tabs": _tabs(wish, await counters.read()),
        "rows": [_row(row, holders) for row in found.rows],
        "next_address": wish.address(cursor=found.next_cursor) if found.next_cursor else "",
        "total": found.total,
        "most": campaign_batch_runs.MOST_CAMPAIGNS,
        "key": secrets.token_hex(8),
        "report": report,
        "panel": None,
        "holders": holders,
        "views": await views_of(user, wish),
    }


def _tabs(wish: ListWish, figures: Figures) -> list[Tab]:
    named = [(name, label, statuses) for name, (label, statuses) in words.GROUPS.items()]
    singles = [(status.value, label, frozenset({status})) for status, (label, _) in words.STATUSES.items()]
    tabs = list[Tab]()
    for name, label, statuses in (named[0], *singles, *named[1:]):
        count = sum(figures[counters.count_of(kind, status)] for kind in wish.kinds for status in statuses)
        tabs.append(Tab(name, label, count, wish.address(status=name), wish.status == name))
    return tabs


def _row(row: Raw, holders: list[User]) -> Raw:
    names = {user.id: user.name for user in holders}
    held = row["assigned_to"]
    return row | {"holder": names.get(held, "a former member of staff") if held else ""}


async def views_of(user: User, wish: ListWish) -> list[dict[str, Any]]:
    """This user's saved views; `is_here` marks the one that is open."""
    here = saved_views.kept_query(wish.query())
    return [
        {"id": view.id, "name": view.name, "address": f"/staff/campaigns?{view.query}", "is_here": view.query == here}
        for view in await saved_views.of_user(user.id, ROOM)
    ]


async def panel_of(held: CampaignBatch, *, goes_on: bool) -> Panel:
    """How far an action is that is not over."""
    return Panel(
        id=held.id,
        title=await _title(held),
        position=held.position,
        total=len(held.campaign_ids),
        percent=held.percent,
        refused=len(held.refused),
        goes_on=goes_on,
    )


async def _title(held: CampaignBatch) -> str:
    action = BatchAction(held.action)
    if action is BatchAction.ASSIGN:
        return f"Give to {await _holder(held)}"
    return words.LABELS[f"{action}:{held.pause_days}" if action is BatchAction.PAUSE else action]


async def _holder(held: CampaignBatch) -> str:
    user = await User.get(held.holder) if held.holder else None
    return user.name if user else "somebody"


async def report_of(held: CampaignBatch) -> BatchReport:
    """What became of an action that is over."""
    said = words.DONE[BatchAction(held.action)].format(holder=await _holder(held))
    untouched = len(held.campaign_ids) - held.position
    refused = await campaign_batch_runs.refused_in(held)
    counts = Counter(one.why for one in refused)
    reasons = [Reason(why, counts[why], [one for one in refused if one.why == why][:MOST_NAMED]) for why in counts]
    return BatchReport(_report_sentence(held.done, said), untouched, reasons)


def _report_sentence(count: int, said: str) -> str:
    """`3 campaigns were paused.`, or that none was."""
    if count == 0:
        return f"No campaign was {said}."
    return f"1 campaign was {said}." if count == 1 else f"{count:,} campaigns were {said}."
