"""What happens right now, for an open page of the dashboard: server-sent events that hold ids only, and a count."""

import secrets
from collections.abc import AsyncIterable, AsyncIterator
from functools import partial
from typing import Annotated

from fastapi import Depends, Header, Request, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent

from app.context import Context
from app.errors import AuthenticationError, NotFoundError
from app.services import handoff_lists
from app.services.live_events import Subscription, hub_of, told
from app.web.rendering import render
from app.web.staff.routing import ContextDep, SignedIn, staff_router
from app.web.staff.session import recognised

router = staff_router()

RECONNECT_MS, SPREAD_MS = 2_000, 1_000
"""Pages that lost the same server come back one after the other."""
MOST_COUNTED = 100


async def subscription(
    request: Request,
    user: SignedIn,
    ctx: ContextDep,
    last_event_id: Annotated[str | None, Header(max_length=2_000)] = None,
) -> AsyncIterator[Subscription]:
    """An open stream of this user; it is closed with the response."""
    async with hub_of(request.app.state, ctx).subscribe(user.id, after=last_event_id or None, is_page=True) as opened:
        yield opened


@router.get("/live", response_class=EventSourceResponse)
async def live(
    request: Request, stream: Annotated[Subscription, Depends(subscription)], ctx: ContextDep
) -> AsyncIterable[ServerSentEvent]:
    """Every role. The same events as `/api/v1/admin/events`, for as long as the session lives."""
    yield ServerSentEvent(event="ready", data={}, id=stream.position, retry=RECONNECT_MS + secrets.randbelow(SPREAD_MS))
    async for event in told(stream, may_listen=partial(_may_listen, request, ctx)):
        if event:
            yield ServerSentEvent(event=event.kind, data=dict(event.ids), id=event.token)
        else:
            yield ServerSentEvent(comment="ping", id=stream.position)


async def _may_listen(request: Request, ctx: Context) -> bool:
    """The cookie that the stream was opened with, or the account, may have ended meanwhile: the page comes back."""
    try:
        await recognised(request, ctx)
    except AuthenticationError:
        return False
    return True


@router.get("/badges/{name}")
async def badge(request: Request, name: str, user: SignedIn) -> Response:
    """Every role. How many wait, as the navigation shows it; nothing when none does."""
    if name != "handoffs":
        raise NotFoundError("There is no such count.")
    count = await handoff_lists.how_many(most=MOST_COUNTED)
    return render(request, "staff/badge.html", count=count, most=MOST_COUNTED)
