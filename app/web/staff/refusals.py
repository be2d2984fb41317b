"""What stood in the way, told where the reader is: a notice on the open page, or a page of its own.

A part of a page that is refused leaves everything else as it is: what was typed stays in its fields.
"""

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from pymongo.errors import PyMongoError

from app.errors import AuthenticationError, ChairsideError, InvalidInputError, UnavailableError
from app.logging import get_logger
from app.web.error_pages import DATABASE_AWAY, RETRY_AFTER_SECONDS, UNREADABLE, PageProblem, retry_headers, text_fields
from app.web.notices import is_part, notice
from app.web.rendering import render

log = get_logger(__name__)

TO_NOTHING = {"HX-Reswap": "none"}
TITLES = {403: "This is not yours to open", 404: "There is nothing here"}
SECRET_FIELDS = frozenset({"password", "current_password", "new_password", "csrf"})


async def refused(request: Request, error: PageProblem) -> Response:
    """The refusal with its own status, as a notice for a part and as a page for a page."""
    refusal = _as_refusal(error)
    headers = retry_headers(refusal)
    if is_part(request):
        nowhere = TO_NOTHING if isinstance(refusal, AuthenticationError) else {}
        return notice(request, refusal.detail, kind="bad", status=refusal.status, headers=headers | nowhere)
    typed = await text_fields(request) if request.method == "POST" else {}
    return render(
        request,
        "staff/refused.html",
        status=refusal.status,
        headers=headers,
        title=TITLES.get(refusal.status, "That did not work"),
        text=refusal.detail,
        clinic=getattr(request.app.state, "clinic_last_seen", None),
        is_known=hasattr(request.state, "staff"),
        typed={name: value for name, value in typed.items() if name not in SECRET_FIELDS and value},
    )


def _as_refusal(error: PageProblem) -> ChairsideError:
    if isinstance(error, PyMongoError):
        log.error("database.unavailable", error=type(error).__name__)
        return UnavailableError(DATABASE_AWAY, retry_after=RETRY_AFTER_SECONDS)
    return InvalidInputError(UNREADABLE) if isinstance(error, RequestValidationError) else error
