"""Which visitor of /book this is, and the time that is kept for them while their form is open (ADR 0013).

A visitor is a random word that their form carries, and a cookie of an hour for the pages before and after it: so a
reload, a step back or a second look at the calendar is the same visitor, and nobody is in their own way.
"""

import re
from collections.abc import Mapping
from datetime import datetime

from fastapi import Request, Response

from app.context import Context
from app.errors import RateLimitedError
from app.services import appointments, hold_claims, slot_holds
from app.services.availability import Offer
from app.web.booking_form import new_submission
from app.web.routing import caller_address

COOKIE = "visitor"
COOKIE_SECONDS = 3600
HOLD_MINUTES = int(slot_holds.HOLD_LIFE.total_seconds() // 60)
_TOKEN = re.compile(r"[A-Za-z0-9_-]{22,64}")


def visitor_of(request: Request, fields: Mapping[str, str] | None = None) -> str | None:
    """The visitor whom the form names, else the cookie; None for somebody new."""
    named = (fields or {}).get("submission", "").partition(".")[0]
    found = (named, request.cookies.get(COOKIE, ""))
    return next((token for token in found if _TOKEN.fullmatch(token)), None)


def submission_of(visitor: str) -> str:
    """What tells this form from the visitor's next one; it carries the visitor along, with or without a cookie."""
    return f"{visitor}.{new_submission()}"


def remember(request: Request, response: Response, visitor: str) -> Response:
    """Let the browser say who it is for the next hour; it is not told to any other page."""
    is_https = request.app.state.settings.public_base_url.startswith("https:")
    response.set_cookie(
        COOKIE, visitor, max_age=COOKIE_SECONDS, path="/book", secure=is_https, httponly=True, samesite="lax"
    )
    return response


async def keep_time(request: Request, ctx: Context, offer: Offer, start: datetime, *, visitor: str) -> datetime | None:
    """Until when the time is kept; None when it is free but not kept, because this address keeps too many already.

    A browser that only looks ahead keeps nothing. Raises SlotTakenError and InvalidInputError.
    """
    if not _looks_ahead(request):
        try:
            return (await slot_holds.take(ctx, offer, start, token=visitor, address=caller_address(request))).until
        except RateLimitedError:
            pass
    await appointments.judge(ctx, await hold_claims.offer_to(ctx, offer, token=visitor, start=start), start)
    return None


def _looks_ahead(request: Request) -> bool:
    """True for a page that a browser opens before anybody has asked for it (Fetch standard, Sec-Purpose)."""
    said = (request.headers.get(name, "") for name in ("Sec-Purpose", "Purpose", "X-Moz"))
    return any("prefetch" in value.lower() for value in said)
