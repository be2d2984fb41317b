"""Live events for the screens of staff: server-sent events that hold ids only (api.md section 4)."""

from collections.abc import AsyncIterable, AsyncIterator
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request
from fastapi.security import HTTPAuthorizationCredentials
from fastapi.sse import EventSourceResponse, ServerSentEvent

from app.api.deps import ContextDep, Reader, read_bearer
from app.api.v1.schemas.events import STREAM
from app.context import Context
from app.errors import AuthenticationError, ChairsideError
from app.security import read_access_token
from app.services import users
from app.services.live_event_kinds import LiveEvent
from app.services.live_events import LiveEvents, Subscription, hub_of, told

RECONNECT_MS = 3_000

router = APIRouter(prefix="/admin/events", tags=["events"])


class NotAcceptableError(ChairsideError):
    """Only who asks for a stream gets one: whatever reads an answer to its end would wait for ever."""

    status = 406
    code = "NOT_ACCEPTABLE"


def live_events(request: Request, ctx: ContextDep) -> LiveEvents:
    """The fan-out of this process."""
    return hub_of(request.app.state, ctx)


async def subscription(
    user: Reader,
    hub: Annotated[LiveEvents, Depends(live_events)],
    accept: Annotated[str, Header(max_length=1_000)] = "",
    last_event_id: Annotated[str | None, Header(max_length=2_000)] = None,
) -> AsyncIterator[Subscription]:
    """An open stream of this user; it is closed with the response."""
    if "text/event-stream" not in accept:
        raise NotAcceptableError("This is a stream of events. Ask for it with `Accept: text/event-stream`.")
    async with hub.subscribe(user.id, after=last_event_id or None) as opened:
        yield opened


@router.get("", summary="What happens right now", response_class=EventSourceResponse, responses=STREAM)
async def events(
    stream: Annotated[Subscription, Depends(subscription)],
    credentials: Annotated[HTTPAuthorizationCredentials, Depends(read_bearer)],
    ctx: ContextDep,
) -> AsyncIterable[ServerSentEvent]:
    """Every role. New replies, handoffs, bookings and inbox items as they happen, each with its ids and nothing more.

    Send `Accept: text/event-stream`. After a break, `Last-Event-ID` goes on where the stream ended; a `resync` event
    says that the gap is too long: read the lists again. The stream ends when the access token expires or is revoked.
    429 when the user has too many open.
    """
    yield ServerSentEvent(event="ready", data={}, id=stream.position, retry=RECONNECT_MS)
    async for event in told(stream, may_listen=partial(_may_listen, ctx, credentials.credentials)):
        yield _told(event) if event else ServerSentEvent(comment="ping", id=stream.position)


async def _may_listen(ctx: Context, token: str) -> bool:
    try:
        await users.recognise(read_access_token(ctx.settings, token, now=ctx.now()))
    except AuthenticationError:
        return False
    return True


def _told(event: LiveEvent) -> ServerSentEvent:
    return ServerSentEvent(event=event.kind, data=dict(event.ids), id=event.token)
