"""Every role at every door: the routes are walked, so that a new one cannot be forgotten (trust.md 4.1).

`RIGHTS_OF` repeats by hand what each route demands. A route that is missing here fails the first test: decide who may
use it, write it down, and only then is it tested.
"""

import re

import httpx2
import pytest
from fastapi.routing import iter_route_contexts

from app.api.permissions import Right, may
from app.main import create_app
from app.models.enums import Role
from app.settings import Settings
from tests.api.conftest import House
from tests.api.shapes import refused
from tests.factories import make_user, token_for

PREFIX = "/api/v1"
SAMPLES = {"name": "inbox", "service_id": "checkup"}
UNKNOWN_ID = "0" * 24

OPEN = {
    "POST /auth/login",
    "GET /availability",
    "POST /appointments/book",
    "POST /webhooks/incoming-message",
    "POST /webhooks/gmail",
    "GET /sandbox/messages",
    "POST /sandbox/messages",
}
"""Routes that need no access token: each has another guard, or shows nothing about anybody."""

SIGNED_IN = {"GET /users/me"}

RIGHTS_OF = {
    "GET /admin/dashboard-stats": Right.READ,
    "GET /admin/campaigns": Right.READ,
    "POST /admin/campaigns/recovery": Right.WORK_WITH_PATIENTS,
    "GET /admin/campaigns/{campaign_id}": Right.READ,
    "POST /admin/campaigns/{campaign_id}/respond": Right.WORK_WITH_PATIENTS,
    "PATCH /admin/campaigns/{campaign_id}/status": Right.WORK_WITH_PATIENTS,
    "GET /admin/appointments": Right.READ,
    "POST /admin/appointments": Right.WORK_WITH_PATIENTS,
    "POST /admin/appointments/{appointment_id}/complete": Right.COMPLETE_VISITS,
    "POST /admin/appointments/{appointment_id}/cancel": Right.WORK_WITH_PATIENTS,
    "POST /admin/appointments/{appointment_id}/no-show": Right.COMPLETE_VISITS,
    "POST /admin/appointments/{appointment_id}/reschedule": Right.WORK_WITH_PATIENTS,
    "DELETE /admin/appointments/{appointment_id}": Right.WORK_WITH_PATIENTS,
    "GET /admin/interactions/{campaign_id}": Right.READ,
    "POST /admin/interactions": Right.WORK_WITH_PATIENTS,
    "POST /admin/patients": Right.WORK_WITH_PATIENTS,
    "GET /admin/patients/{patient_id}": Right.READ,
    "GET /admin/clinic": Right.READ,
    "PATCH /admin/clinic": Right.CONFIGURE,
    "PUT /admin/services/{service_id}": Right.CONFIGURE,
    "POST /admin/users": Right.MANAGE_USERS,
    "PUT /admin/providers/{user_id}/schedule": Right.CONFIGURE,
    "POST /admin/knowledge": Right.CONFIGURE,
    "POST /admin/knowledge/try": Right.READ,
    "GET /admin/jobs": Right.READ,
    "POST /admin/jobs/drain": Right.CONFIGURE,
    "POST /admin/jobs/{name}/run": Right.CONFIGURE,
}

MAY = {
    Right.READ: {Role.ADMIN, Role.MANAGER, Role.FRONT_DESK, Role.PROVIDER},
    Right.WORK_WITH_PATIENTS: {Role.ADMIN, Role.MANAGER, Role.FRONT_DESK},
    Right.COMPLETE_VISITS: {Role.ADMIN, Role.MANAGER, Role.FRONT_DESK, Role.PROVIDER},
    Right.CONFIGURE: {Role.ADMIN, Role.MANAGER},
    Right.MANAGE_USERS: {Role.ADMIN},
}


def routes(settings: Settings) -> set[str]:
    """`METHOD /path` of everything under /api/v1, as the application really serves it."""
    return {
        f"{method} {route.path.removeprefix(PREFIX)}"
        for route in iter_route_contexts(create_app(settings).routes)
        if route.path and route.path.startswith(PREFIX)
        for method in route.methods or ()
    }


async def knock(http: httpx2.AsyncClient, route: str, headers: dict[str, str] | None = None) -> httpx2.Response:
    """A request with sample ids in the path and an empty body."""
    method, path = route.split(" ")
    filled = re.sub(r"{(\w+)}", lambda match: SAMPLES.get(match[1], UNKNOWN_ID), path)
    body: dict[str, object] | None = None if method in ("GET", "DELETE") else {}
    return await http.request(method, PREFIX + filled, json=body, headers=headers)


def test_every_route_is_written_down_with_who_may_use_it(settings: Settings) -> None:
    assert routes(settings) == OPEN | SIGNED_IN | set(RIGHTS_OF)


def test_permissions_say_the_same_as_the_table_here() -> None:
    assert {right: {role for role in Role if may(role, right)} for right in Right} == MAY


async def test_without_a_token_every_door_is_closed(house: House) -> None:
    for route in sorted(routes(house.ctx.settings) - OPEN):
        answer = await knock(house.http, route)
        refused(answer, 401, "NOT_AUTHENTICATED")
        assert answer.headers["WWW-Authenticate"] == "Bearer", route


@pytest.mark.parametrize("role", list(Role))
async def test_each_role_passes_exactly_where_it_may(house: House, role: Role) -> None:
    headers = token_for(house.ctx, await make_user(house.ctx, role))
    wrong = {}
    for route, right in RIGHTS_OF.items():
        answer = await knock(house.http, route, headers)
        if (answer.status_code == 403) is (role in MAY[right]) or answer.status_code in (401, 500, 503):
            wrong[route] = answer.status_code
        if answer.status_code == 403:
            refused(answer, 403, "PERMISSION_DENIED")
    assert wrong == {}


@pytest.mark.parametrize("role", list(Role))
async def test_everybody_who_is_signed_in_may_ask_who_they_are(house: House, role: Role) -> None:
    headers = token_for(house.ctx, await make_user(house.ctx, role))
    assert (await knock(house.http, "GET /users/me", headers)).status_code == 200
