"""Every role at every door: the routes are walked, so that a new one cannot be forgotten (trust.md 4.1).

`RIGHTS_OF` repeats by hand what each route demands. A route that is missing here fails the first test: decide who may
use it, write it down, and only then is it tested.
"""

import re
from collections.abc import Awaitable, Callable

import httpx2
import pytest
from fastapi.routing import iter_route_contexts

from app.main import create_app
from app.models.enums import Role
from app.models.users import User
from app.services.permissions import Right, may
from app.settings import Settings
from tests.api.passwords import CHEAP_HASH, PASSWORD
from tests.api.shapes import refused
from tests.factories import make_user, token_for
from tests.security.conftest import Census, House
from tests.security.forging import claims, forge, tampered, turned_away, unsigned

Headers = dict[str, str]

PREFIX = "/api/v1"
SAMPLES = {"name": "inbox", "service_id": "checkup"}
UNKNOWN_ID = "0" * 24

OPEN = {
    "POST /auth/login",
    "GET /availability",
    "GET /services",
    "GET /clinic",
    "POST /appointments/book",
    "POST /appointments/hold",
    "DELETE /appointments/hold/{hold}",
    "GET /manage/{token}",
    "POST /manage/{token}",
    "GET /waitlist/{token}",
    "POST /waitlist/{token}",
    "DELETE /waitlist/{token}",
    "GET /offers/{token}",
    "POST /offers/{token}",
    "GET /unsubscribe/{token}",
    "POST /unsubscribe/{token}",
    "POST /webhooks/incoming-message",
    "POST /webhooks/gmail",
    "POST /webhooks/twilio/message",
    "POST /webhooks/twilio/status",
    "GET /sandbox/messages",
    "POST /sandbox/messages",
}
"""Routes that need no access token: each has another guard, or shows nothing about anybody."""

SIGNED_IN = {"GET /users/me", "POST /auth/logout", "POST /auth/password"}

RIGHTS_OF = {
    "GET /admin/dashboard-stats": Right.READ,
    "GET /admin/channels": Right.READ,
    "GET /admin/campaigns": Right.READ,
    "POST /admin/campaigns/recovery": Right.WORK_WITH_PATIENTS,
    "GET /admin/campaigns/{campaign_id}": Right.READ,
    "POST /admin/campaigns/{campaign_id}/respond": Right.WORK_WITH_PATIENTS,
    "POST /admin/campaigns/{campaign_id}/respond/preview": Right.WORK_WITH_PATIENTS,
    "GET /admin/campaigns/{campaign_id}/preview": Right.WORK_WITH_PATIENTS,
    "PATCH /admin/campaigns/{campaign_id}/status": Right.WORK_WITH_PATIENTS,
    "GET /admin/handoffs": Right.READ,
    "POST /admin/campaigns/{campaign_id}/claim": Right.WORK_WITH_PATIENTS,
    "DELETE /admin/campaigns/{campaign_id}/claim": Right.WORK_WITH_PATIENTS,
    "POST /admin/campaigns/{campaign_id}/release": Right.WORK_WITH_PATIENTS,
    "POST /admin/campaigns/{campaign_id}/close": Right.WORK_WITH_PATIENTS,
    "GET /admin/appointments": Right.READ,
    "GET /admin/schedule": Right.READ,
    "POST /admin/appointments": Right.WORK_WITH_PATIENTS,
    "POST /admin/appointments/{appointment_id}/complete": Right.COMPLETE_VISITS,
    "POST /admin/appointments/{appointment_id}/cancel": Right.WORK_WITH_PATIENTS,
    "POST /admin/appointments/{appointment_id}/confirm": Right.WORK_WITH_PATIENTS,
    "POST /admin/appointments/{appointment_id}/no-show": Right.COMPLETE_VISITS,
    "POST /admin/appointments/{appointment_id}/reschedule": Right.WORK_WITH_PATIENTS,
    "DELETE /admin/appointments/{appointment_id}": Right.WORK_WITH_PATIENTS,
    "GET /admin/waitlist": Right.READ,
    "POST /admin/waitlist": Right.WORK_WITH_PATIENTS,
    "GET /admin/waitlist/offers": Right.READ,
    "DELETE /admin/waitlist/{wish_id}": Right.WORK_WITH_PATIENTS,
    "GET /admin/interactions/{campaign_id}": Right.READ,
    "POST /admin/interactions": Right.WORK_WITH_PATIENTS,
    "GET /admin/patients": Right.READ,
    "POST /admin/patients": Right.WORK_WITH_PATIENTS,
    "GET /admin/patients/{patient_id}": Right.READ,
    "PATCH /admin/patients/{patient_id}": Right.WORK_WITH_PATIENTS,
    "GET /admin/patients/{patient_id}/timeline": Right.READ,
    "GET /admin/patients/{patient_id}/why": Right.READ,
    "GET /admin/patients/{patient_id}/export": Right.MANAGE_RECORDS,
    "POST /admin/patients/{patient_id}/merge": Right.MANAGE_RECORDS,
    "POST /admin/patients/{patient_id}/erase": Right.ERASE_PATIENTS,
    "GET /admin/merges": Right.MANAGE_RECORDS,
    "POST /admin/merges/{merge_id}/undo": Right.MANAGE_RECORDS,
    "GET /admin/patient-imports": Right.MANAGE_RECORDS,
    "POST /admin/patient-imports": Right.MANAGE_RECORDS,
    "GET /admin/patient-imports/{import_id}": Right.MANAGE_RECORDS,
    "GET /admin/patient-imports/{import_id}/rows": Right.MANAGE_RECORDS,
    "POST /admin/patient-imports/{import_id}/start": Right.MANAGE_RECORDS,
    "POST /admin/patient-imports/{import_id}/cancel": Right.MANAGE_RECORDS,
    "GET /admin/clinic": Right.READ,
    "PATCH /admin/clinic": Right.CONFIGURE,
    "POST /admin/clinic/preview": Right.CONFIGURE,
    "GET /admin/services": Right.READ,
    "GET /admin/services/{service_id}": Right.READ,
    "PUT /admin/services/{service_id}": Right.CONFIGURE,
    "DELETE /admin/services/{service_id}": Right.CONFIGURE,
    "GET /admin/providers": Right.READ,
    "GET /admin/providers/{user_id}/schedule": Right.READ,
    "PUT /admin/providers/{user_id}/schedule": Right.CONFIGURE,
    "GET /admin/users": Right.MANAGE_USERS,
    "POST /admin/users": Right.MANAGE_USERS,
    "GET /admin/users/{user_id}": Right.MANAGE_USERS,
    "PATCH /admin/users/{user_id}": Right.MANAGE_USERS,
    "DELETE /admin/users/{user_id}": Right.MANAGE_USERS,
    "POST /admin/users/{user_id}/password": Right.MANAGE_USERS,
    "GET /admin/knowledge": Right.READ,
    "POST /admin/knowledge": Right.CONFIGURE,
    "GET /admin/knowledge/{article_id}": Right.READ,
    "PATCH /admin/knowledge/{article_id}": Right.CONFIGURE,
    "DELETE /admin/knowledge/{article_id}": Right.CONFIGURE,
    "GET /admin/knowledge/{article_id}/versions": Right.READ,
    "POST /admin/knowledge/{article_id}/restore": Right.CONFIGURE,
    "POST /admin/knowledge/try": Right.READ,
    "GET /admin/jobs": Right.READ,
    "GET /admin/jobs/{name}/runs": Right.READ,
    "POST /admin/jobs/drain": Right.CONFIGURE,
    "POST /admin/jobs/{name}/run": Right.CONFIGURE,
    "GET /admin/inbox": Right.READ,
    "GET /admin/inbox/{event_id}": Right.READ,
    "POST /admin/inbox/{event_id}/assign": Right.WORK_WITH_PATIENTS,
    "POST /admin/inbox/{event_id}/retry": Right.WORK_WITH_PATIENTS,
    "POST /admin/inbox/{event_id}/dismiss": Right.WORK_WITH_PATIENTS,
    "GET /admin/audit": Right.READ_AUDIT,
    "GET /admin/events": Right.READ,
}

MAY = {
    Right.READ: {Role.ADMIN, Role.MANAGER, Role.FRONT_DESK, Role.PROVIDER},
    Right.WORK_WITH_PATIENTS: {Role.ADMIN, Role.MANAGER, Role.FRONT_DESK},
    Right.COMPLETE_VISITS: {Role.ADMIN, Role.MANAGER, Role.FRONT_DESK, Role.PROVIDER},
    Right.CONFIGURE: {Role.ADMIN, Role.MANAGER},
    Right.MANAGE_RECORDS: {Role.ADMIN, Role.MANAGER},
    Right.READ_AUDIT: {Role.ADMIN, Role.MANAGER},
    Right.MANAGE_USERS: {Role.ADMIN},
    Right.ERASE_PATIENTS: {Role.ADMIN},
}


def routes(settings: Settings) -> set[str]:
    """`METHOD /path` of everything under /api/v1, as the application really serves it."""
    return {
        f"{method} {route.path.removeprefix(PREFIX)}"
        for route in iter_route_contexts(create_app(settings).routes)
        if route.path and route.path.startswith(PREFIX)
        for method in route.methods or ()
    }


async def knock(http: httpx2.AsyncClient, route: str, headers: Headers) -> httpx2.Response:
    """A request with sample ids in the path and an empty body."""
    method, path = route.split(" ")
    filled = re.sub(r"{(\w+)}", lambda match: SAMPLES.get(match[1], UNKNOWN_ID), path)
    body: dict[str, object] | None = None if method in ("GET", "DELETE") else {}
    return await http.request(method, PREFIX + filled, json=body, headers=headers)


def test_every_route_is_written_down_with_who_may_use_it(settings: Settings) -> None:
    assert routes(settings) == OPEN | SIGNED_IN | set(RIGHTS_OF)


def test_permissions_say_the_same_as_the_table_here() -> None:
    assert {right: {role for role in Role if may(role, right)} for right in Right} == MAY


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
    assert (await house.http.get(f"{PREFIX}/users/me", headers=headers)).status_code == 200


def bearer(token: str) -> Headers:
    return {"Authorization": f"Bearer {token}"}


async def aged(house: House, user: User, **seconds: int) -> Headers:
    """Claims moved to so many seconds from now."""
    now = int(house.ctx.now().timestamp())
    moved = {claim: now + offset for claim, offset in seconds.items()}
    return bearer(forge(house.ctx, claims(house.ctx, user, **moved)))


async def ended(house: House, user: User, end: Callable[[Headers], Awaitable[httpx2.Response]]) -> Headers:
    """The headers of a token that was good until `end` was called with them."""
    headers = token_for(house.ctx, user)
    assert (await house.http.get(f"{PREFIX}/users/me", headers=headers)).status_code == 200
    answer = await end(headers)
    assert answer.is_success, answer.text
    return headers


async def no_token(_: House, __: User) -> Headers:
    return {}


async def basic(house: House, user: User) -> Headers:
    return {"Authorization": "Basic " + token_for(house.ctx, user)["Authorization"].split(" ")[1]}


async def expired(house: House, user: User) -> Headers:
    return await aged(house, user, iat=-1_801, exp=-1)


async def not_yet_valid(house: House, user: User) -> Headers:
    return await aged(house, user, nbf=60)


async def tampered_payload(house: House, user: User) -> Headers:
    return bearer(tampered(forge(house.ctx, claims(house.ctx, user))))


async def wrong_signature(house: House, user: User) -> Headers:
    return bearer(forge(house.ctx, claims(house.ctx, user), secret="another secret of thirty-two byte"))


async def no_algorithm(house: House, user: User) -> Headers:
    return bearer(unsigned(house.ctx, claims(house.ctx, user)))


async def signed_out(house: House, user: User) -> Headers:
    return await ended(house, user, lambda headers: house.http.post(f"{PREFIX}/auth/logout", headers=headers))


async def password_changed(house: House, user: User) -> Headers:
    body = {"current_password": PASSWORD, "new_password": "another-long-passphrase"}
    return await ended(
        house, user, lambda headers: house.http.post(f"{PREFIX}/auth/password", json=body, headers=headers)
    )


async def password_reset(house: House, user: User) -> Headers:
    body = {"new_password": "another-long-passphrase"}
    return await ended(house, user, lambda _: house.post(f"users/{user.id}/password", body))


async def role_changed(house: House, user: User) -> Headers:
    """By an admin, to another role and back."""

    async def there_and_back(_: Headers) -> httpx2.Response:
        path, other = f"{PREFIX}/admin/users/{user.id}", next(role for role in Role if role is not user.role)
        there = await house.http.patch(path, json={"role": other}, headers=house.staff)
        assert there.json()["role"] == other
        return await house.http.patch(path, json={"role": user.role}, headers=house.staff)

    return await ended(house, user, there_and_back)


async def deactivated(house: House, user: User) -> Headers:
    return await ended(house, user, lambda _: house.http.delete(f"{PREFIX}/admin/users/{user.id}", headers=house.staff))


async def deactivated_and_back(house: House, user: User) -> Headers:
    """An account that works again does not revive the tokens of before."""
    headers = await deactivated(house, user)
    path = f"{PREFIX}/admin/users/{user.id}"
    assert (await house.http.patch(path, json={"is_active": True}, headers=house.staff)).status_code == 200
    return headers


async def deleted(house: House, user: User) -> Headers:
    headers = token_for(house.ctx, user)
    await user.delete()
    return headers


BAD_TOKENS = (
    no_token,
    basic,
    expired,
    not_yet_valid,
    tampered_payload,
    wrong_signature,
    no_algorithm,
    signed_out,
    password_changed,
    password_reset,
    role_changed,
    deactivated,
    deactivated_and_back,
    deleted,
)


@pytest.mark.parametrize("bad_token", BAD_TOKENS, ids=lambda each: each.__name__)
async def test_a_bad_token_opens_no_door_whatever_the_role(
    house: House, census: Census, bad_token: Callable[[House, User], Awaitable[Headers]]
) -> None:
    closed = sorted(routes(house.ctx.settings) - OPEN)
    users = [await make_user(house.ctx, role, hashed_password=CHEAP_HASH) for role in Role]
    everybody = [await bad_token(house, user) for user in users]
    before = await census()
    for route in closed:
        for headers in everybody:
            answer = await knock(house.http, route, headers)
            assert answer.status_code == 401, f"{route}: {answer.status_code}"
            turned_away(answer)
    assert await census() == before
