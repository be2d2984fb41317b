"""/unsubscribe/{token}: a patient stops our messages by the link that every mail carries (RFC 8058, trust.md 4.5).

Opening the page changes nothing: scanners follow every link. The POST that a mail program sends for its own button
needs no page, no cookie and no sign-in, and is answered with 200 whatever the link.
"""

from fastapi import APIRouter, Request, Response

from app.context import Context
from app.errors import NotFoundError
from app.models.clinic import Clinic
from app.services import unsubscribing
from app.services.unsubscribing import LINK_UNKNOWN, Standing
from app.web.rendering import render
from app.web.routing import ContextDep, PageRoute, text_fields

router = APIRouter(prefix="/unsubscribe", route_class=PageRoute, include_in_schema=False)


@router.get("/{token}")
async def show(request: Request, ctx: ContextDep, token: str) -> Response:
    """How things stand, with the buttons that change it."""
    standing = await _standing(ctx, token)
    return await _page(request, token, standing, status=200 if standing else 404)


@router.post("/{token}")
async def change(request: Request, ctx: ContextDep, token: str) -> Response:
    """Stop the channel; `action=stop_all` stops everything, `action=take_back` undoes it."""
    action = (await text_fields(request)).get("action", "stop")
    standing = await _standing(ctx, token)
    if standing and action == "take_back":
        await unsubscribing.take_back(ctx, token)
    else:
        await unsubscribing.stop(ctx, token, everywhere=action == "stop_all")
    return await _page(request, token, await _standing(ctx, token), is_news=True)


async def _standing(ctx: Context, token: str) -> Standing | None:
    try:
        return await unsubscribing.standing(ctx, token)
    except NotFoundError:
        return None


async def _page(
    request: Request, token: str, standing: Standing | None, *, status: int = 200, is_news: bool = False
) -> Response:
    return render(
        request,
        "unsubscribe/standing.html",
        status=status,
        clinic=await Clinic.load(),
        token=token,
        standing=standing,
        is_news=is_news,
        unknown=LINK_UNKNOWN,
    )
