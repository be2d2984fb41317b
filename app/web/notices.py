"""Short words on an open page: that something was done, or what stood in the way of a part of it."""

from collections.abc import Mapping

from fastapi import Request, Response

from app.web.rendering import render

TO_THE_NOTICES = {"HX-Retarget": "#notices", "HX-Reswap": "innerHTML"}


def is_part(request: Request) -> bool:
    """True when the page's script asks for a part of it."""
    return "HX-Request" in request.headers


def notice(
    request: Request, text: str, *, kind: str = "good", status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """The words, above everything else on the page, which stays as it is; `kind` is good, bad or plain."""
    where = TO_THE_NOTICES | dict(headers or {})
    return render(request, "staff/notice.html", status=status, headers=where, kind=kind, text=text)
