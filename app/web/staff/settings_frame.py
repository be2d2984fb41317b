"""The rooms of /staff/settings and who sees which."""

from typing import Any

from fastapi import Request, Response

from app.context import Context
from app.services.permissions import Right
from app.web.staff.forms import Filled
from app.web.staff.frame import Door, show

TABS = (
    Door("Clinic", "/staff/settings"),
    Door("Hours", "/staff/settings/hours"),
    Door("Outreach", "/staff/settings/outreach"),
    Door("Booking", "/staff/settings/booking"),
    Door("Services", "/staff/settings/services"),
    Door("Providers", "/staff/settings/providers"),
    Door("Channels", "/staff/settings/channels"),
    Door("Users", "/staff/settings/users", right=Right.MANAGE_USERS),
    Door("Audit log", "/staff/settings/audit", right=Right.READ_AUDIT),
)


async def show_tab(
    request: Request, ctx: Context, name: str, *, filled: Filled[Any] | None = None, status: int = 200, **values: Any
) -> Response:
    """A room of the settings. With `filled`, its form shows what was typed and what is wrong with it (422)."""
    problems = filled.problems if filled else {}
    return await show(
        request,
        ctx,
        f"staff/settings/{name}.html",
        status=422 if problems else status,
        tabs=TABS,
        problems=problems,
        right_of=lambda door: door.right.value,
        saved=bool(request.query_params.get("saved")),
        **values,
    )
