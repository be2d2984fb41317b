"""How long each kind of request waits for a database without a primary, before its 503 (trust.md 2.2).

Whoever only reads is told soon and comes again. What a patient or a provider sends outlives an election: a refused
message may never be sent again, and a refused booking is a patient lost.
"""

from starlette.types import ASGIApp, Receive, Scope, Send

from app.context import Context
from app.database.patience import within

READ_SECONDS_WITHOUT_PRIMARY = 5.0
READ_SECONDS = 10.0
"""A public read while all seems well: it may meet a member that has just fallen silent."""
WRITE_SECONDS = 30.0
"""An election took 29 s at worst. Google's push waits 60 s, Twilio 15: what it sends again is stored once."""
STAFF_READ_SECONDS = 20.0

OF_STAFF = ("/staff", "/api/v1/admin/")
"""A job that is run by hand may take its time: only the driver's own limits end what staff write."""
EXPORT = "/export"
STREAMS = frozenset({"/staff/live", "/api/v1/admin/events"})
READS = frozenset({"GET", "HEAD"})


def patience_of(method: str, path: str, *, has_primary: bool) -> float | None:
    """Seconds for everything that this request asks of the database; None for the driver's own limits."""
    if path in STREAMS or path.endswith(EXPORT):  # an open screen of staff lasts for hours, a whole record is long
        return None
    if method in READS and not has_primary:
        return READ_SECONDS_WITHOUT_PRIMARY
    if path.startswith(OF_STAFF):
        return STAFF_READ_SECONDS if method in READS else None
    return READ_SECONDS if method in READS else WRITE_SECONDS


class Patience:
    """Gives every request its patience; the database's error at the end of it becomes the 503."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        with within(patience_of(scope["method"], scope["path"], has_primary=_has_primary(scope))):
            await self.app(scope, receive, send)


def _has_primary(scope: Scope) -> bool:
    ctx: Context | None = getattr(scope["app"].state, "context", None)
    return ctx is None or ctx.database.has_primary
