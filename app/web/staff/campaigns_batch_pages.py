"""Actions for many campaigns: begun with the ticked ones or with all that match, gone on with, stopped, told."""

from typing import Annotated

from beanie import PydanticObjectId
from fastapi import Form, Request, Response

from app.context import Context
from app.errors import InvalidInputError
from app.models.campaign_batches import CampaignBatch
from app.models.clinic import Clinic
from app.models.users import User
from app.services import campaign_batch_runs
from app.services.campaign_batches import PAUSE_DAYS, Batch, BatchAction
from app.web.staff.campaigns_filter import ListWish
from app.web.staff.campaigns_view import Panel, list_values, panel_of, report_of
from app.web.staff.frame import show
from app.web.staff.routing import ContextDep, Desk, staff_router

router = staff_router("/campaigns")

MOST_TICKED = 100
"""More than a page has."""
Ticked = Annotated[list[str], Form(default_factory=list, max_length=MOST_TICKED)]
Short = Annotated[str, Form(max_length=100)]
Address = Annotated[str, Form(max_length=1_000)]
WHOLE_LIST = {"HX-Retarget": "#campaign-list", "HX-Reswap": "outerHTML"}


@router.post("/batch")
async def begin(
    request: Request,
    user: Desk,
    ctx: ContextDep,
    campaign: Ticked,
    action: Short = "",
    view: Address = "",
    every: Short = "",
    key: Short = "",
) -> Response:
    """Admin, manager, front desk. Judges the first of them; the list comes again with a report, or with how far it is.

    `every` means all that the list's filters find; the same `key` again is the second click of the same form.
    """
    wish, batch = ListWish.at(view), read_batch(action)
    ids = await _matching(ctx, user, wish) if every else [PydanticObjectId(one) for one in campaign if _is_id(one)]
    begun = await campaign_batch_runs.begin(ctx, ids, batch, by=user.id, key=key)
    held = await campaign_batch_runs.go_on(ctx, begun.id, by=user.id)
    return await _list(request, ctx, user, held, wish)


@router.post("/batches/{batch_id}/step")
async def go_on(
    request: Request, batch_id: PydanticObjectId, user: Desk, ctx: ContextDep, view: Address = ""
) -> Response:
    """Admin, manager, front desk. The next few of one's own; at the end the whole list comes with the report."""
    held = await campaign_batch_runs.go_on(ctx, batch_id, by=user.id)
    wish = ListWish.at(view)
    if not held.is_running:
        return await _list(request, ctx, user, held, wish)
    panel = await panel_of(held, goes_on=True)
    return await show(request, ctx, "staff/campaigns/batch_panel.html", panel=panel, wish=wish)


@router.post("/batches/{batch_id}/stop")
async def stop(
    request: Request, batch_id: PydanticObjectId, user: Desk, ctx: ContextDep, view: Address = ""
) -> Response:
    """Admin, manager, front desk. The rest of one's own stays as it is; the list comes with the report."""
    held = await campaign_batch_runs.stop(ctx, batch_id, by=user.id)
    return await _list(request, ctx, user, held, ListWish.at(view))


def read_batch(action: str) -> Batch:
    """`pause:7`, `assign:<user>` or the bare name of an action. Raises InvalidInputError for any other."""
    name, _, argument = action.partition(":")
    if not name:
        raise InvalidInputError("Choose what to do with the ticked campaigns.")
    if name not in tuple(BatchAction):
        raise InvalidInputError("There is no such action.")
    kind = BatchAction(name)
    if kind is BatchAction.PAUSE:
        return Batch(action=kind, pause_days=int(argument) if argument in map(str, PAUSE_DAYS) else 0)
    return Batch(action=kind, holder=PydanticObjectId(argument) if _is_id(argument) else None)


def _is_id(text: str) -> bool:
    return PydanticObjectId.is_valid(text)


async def _matching(ctx: Context, user: User, wish: ListWish) -> list[PydanticObjectId]:
    zone = (await Clinic.load()).zone
    return await campaign_batch_runs.matching(wish.filter(me=user.id, now=ctx.now(), zone=zone))


async def _list(request: Request, ctx: Context, user: User, held: CampaignBatch, wish: ListWish) -> Response:
    """The list as it is now, below what became of this action so far."""
    panel: Panel | None = await panel_of(held, goes_on=True) if held.is_running else None
    report = None if held.is_running else await report_of(held)
    values = await list_values(request, ctx, user, wish, report=report)
    frame = values | {"panel": panel}
    return await show(request, ctx, "staff/campaigns/list.html", headers=WHOLE_LIST, **frame)
