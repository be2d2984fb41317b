"""The campaign list: filters in the address, counts, saved views."""

from typing import Annotated

from beanie import PydanticObjectId
from fastapi import Form, Request, Response

from app.services import campaign_batch_runs, saved_views
from app.web.staff.campaigns_filter import ListWish
from app.web.staff.campaigns_view import ROOM, list_values, panel_of, views_of
from app.web.staff.frame import show
from app.web.staff.routing import ContextDep, SignedIn, staff_router

router = staff_router("/campaigns")

Short = Annotated[str, Form(max_length=100)]
Address = Annotated[str, Form(max_length=1_000)]


@router.get("")
async def list_page(request: Request, user: SignedIn, ctx: ContextDep) -> Response:
    """Every role. The read is written into the audit log. An action that was left unfinished waits above the list."""
    values = await list_values(request, ctx, user, ListWish.of(request.query_params))
    unfinished = await campaign_batch_runs.unfinished_of(user.id)
    panel = await panel_of(unfinished, goes_on=False) if unfinished else None
    return await show(request, ctx, "staff/campaigns/page.html", **(values | {"panel": panel}))


@router.post("/views")
async def save_view(
    request: Request, user: SignedIn, ctx: ContextDep, name: Short = "", view: Address = ""
) -> Response:
    """Every role. Keep the filters under a name of one's own."""
    wish = ListWish.at(view)
    await saved_views.save(ctx, user_id=user.id, room=ROOM, name=name, query=wish.query())
    return await _views(request, ctx, user, wish)


@router.post("/views/{view_id}/rename")
async def rename_view(
    request: Request,
    view_id: PydanticObjectId,
    user: SignedIn,
    ctx: ContextDep,
    name: Short = "",
    view: Address = "",
) -> Response:
    """Every role. One's own views only."""
    await saved_views.rename(ctx, user_id=user.id, view_id=view_id, name=name)
    return await _views(request, ctx, user, ListWish.at(view))


@router.post("/views/{view_id}/remove")
async def remove_view(
    request: Request, view_id: PydanticObjectId, user: SignedIn, ctx: ContextDep, view: Address = ""
) -> Response:
    """Every role. One's own views only."""
    await saved_views.remove(ctx, user_id=user.id, view_id=view_id)
    return await _views(request, ctx, user, ListWish.at(view))


async def _views(request: Request, ctx: ContextDep, user: SignedIn, wish: ListWish) -> Response:
    views = await views_of(user, wish)
    return await show(request, ctx, "staff/campaigns/views.html", wish=wish, views=views)
