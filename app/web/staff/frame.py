"""The frame of the dashboard: navigation, who is signed in, the mark against forgery; each page is shown in it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import Request, Response

from app.context import Context
from app.models.clinic import Clinic
from app.models.users import User
from app.services import alarms
from app.services.permissions import Right, may
from app.web.notices import is_part
from app.web.rendering import render
from app.web.staff.session import CSRF_HEADER, csrf_of


@dataclass(frozen=True, slots=True)
class Door:
    """One entry of the navigation; `counts` names the badge beside it."""

    title: str
    address: str
    right: Right = Right.READ
    counts: str = ""

    def is_here(self, path: str) -> bool:
        return path == self.address or (self.address != "/staff" and path.startswith(f"{self.address}/"))


DOORS = (
    Door("Today", "/staff"),
    Door("Handoffs", "/staff/handoffs", counts="handoffs"),
    Door("Campaigns", "/staff/campaigns"),
    Door("Schedule", "/staff/schedule"),
    Door("Patients", "/staff/patients"),
    Door("Knowledge", "/staff/knowledge"),
    Door("Insight", "/staff/insight"),
    Door("Settings", "/staff/settings"),
)


async def show(
    request: Request,
    ctx: Context,
    name: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **values: Any,
) -> Response:
    """A page of the dashboard, or a part of one, for the signed-in user of this request.

    The template gets `clinic`, `me` (the User), `may(right)` (rights by their value, e.g. `may("configure")`), `csrf`,
    `now` (aware UTC) and what `values` holds.
    """
    user: User = request.state.staff
    csrf = csrf_of(ctx, user)
    frame = {
        "clinic": values.pop("clinic", None) or await Clinic.load(),
        "me": user,
        "may": lambda right: may(user.role, Right(right)),
        "csrf": csrf,
        "script_headers": json.dumps({CSRF_HEADER: csrf}),
        "now": ctx.now(),
        "alarms": [] if is_part(request) else await alarms.standing(user.role),
        "doors": [door for door in DOORS if may(user.role, door.right)],
    }
    return render(request, name, status=status, headers=headers, **(frame | values))
