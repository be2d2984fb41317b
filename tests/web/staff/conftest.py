"""The dashboard in this process: a browser's cookie jar signed in as whatever role a test names."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import httpx2
import pytest

from app.context import Context
from app.models.enums import Role
from app.models.users import User
from app.security import issue_access_token
from app.web.staff.session import COOKIE, CSRF_HEADER, PATH, csrf_of
from tests.applications import application
from tests.factories import make_user


@dataclass(frozen=True, slots=True)
class Seat:
    """Somebody at the dashboard. Requests carry the session's cookie; `script` are the headers of the page's script."""

    user: User
    http: httpx2.AsyncClient
    csrf: str

    @property
    def script(self) -> dict[str, str]:
        return {"HX-Request": "true", CSRF_HEADER: self.csrf}

    async def get(self, path: str, **params: str | int) -> httpx2.Response:
        return await self.http.get(f"/staff{path}", params=params)

    async def post(self, path: str, **fields: str | list[str]) -> httpx2.Response:
        """As the page's script does."""
        return await self.http.post(f"/staff{path}", data=fields, headers=self.script)


Seated = Callable[..., Awaitable[Seat]]


@pytest.fixture
async def seat(ctx: Context) -> AsyncIterator[Seated]:
    """`await seat(Role.FRONT_DESK)`: a new account of this role, signed in."""
    opened: list[httpx2.AsyncClient] = []

    async def sit_down(role: Role = Role.ADMIN) -> Seat:
        user = await make_user(ctx, role)
        token = issue_access_token(ctx.settings, user_id=str(user.id), token_version=user.token_version, now=ctx.now())
        transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
        http = httpx2.AsyncClient(transport=transport, base_url="http://testserver")
        http.cookies.set(COOKIE, token, domain="testserver.local", path=PATH)
        opened.append(http)
        return Seat(user, http, csrf_of(ctx, user))

    with application(ctx) as app:
        yield sit_down
        for http in opened:
            await http.aclose()


@pytest.fixture
async def stranger(ctx: Context) -> AsyncIterator[httpx2.AsyncClient]:
    """A browser that is not signed in."""
    with application(ctx) as app:
        transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx2.AsyncClient(transport=transport, base_url="http://testserver") as http:
            yield http
