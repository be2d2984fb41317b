"""Stopping messages by the patient's own link, for programs; people get the page /unsubscribe (api.md section 2)."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query

from app.api.deps import ContextDep
from app.api.v1.schemas.errors import refusals
from app.api.v1.schemas.unsubscribe import StandingAnswer, StoppedAnswer
from app.services import unsubscribing

router = APIRouter(prefix="/unsubscribe", tags=["booking"])

LinkToken = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,64}$", description="The last part of the link in a message")]


@router.get("/{token}", summary="See what a link would stop", responses=refusals(404))
async def see_subscription(token: LinkToken, ctx: ContextDep) -> StandingAnswer:
    """Anybody who holds the link. It changes nothing: scanners follow links. 404 for a link that is unknown."""
    standing = await unsubscribing.standing(ctx, token)
    return StandingAnswer(
        channel=standing.channel,
        address_hint=standing.address_hint,
        is_stopped=standing.is_stopped,
        everything_is_stopped=standing.everything_is_stopped,
    )


@router.post("/{token}", summary="Stop messages by a link")
async def unsubscribe(
    token: LinkToken,
    ctx: ContextDep,
    reach: Annotated[Literal["channel", "all"], Query(description="`all` stops every channel")] = "channel",
) -> StoppedAnswer:
    """Anybody who holds the link. One click (RFC 8058): whatever the body says, the link's channel is stopped.

    Again changes nothing; an unknown link is answered alike, so that nobody learns which links exist.
    """
    await unsubscribing.stop(ctx, token, everywhere=reach == "all")
    return StoppedAnswer(message="You will get no more messages.")
