"""A front desk in a real Chromium: a clinic on a server of its own, and pages that are signed in."""

from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from playwright.async_api import Page

from app.web.staff.session import COOKIE, PATH
from tests.browser.conftest import OpenPage
from tests.e2e.clinic_by_http import ClinicByHttp
from tests.server import ADMIN_EMAIL, ADMIN_PASSWORD, RunningServer, start_server

AtTheDesk = Callable[..., Awaitable[Page]]


@pytest.fixture(scope="module")
def desk(mongodb_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClinicByHttp]:
    """A clinic with one service, one provider and one article, for one file of tests."""
    with start_server(mongodb_uri, Path(tmp_path_factory.mktemp("desk"))) as server:
        by_http = ClinicByHttp(server)
        by_http.set_up()
        yield by_http
        by_http.staff.close()


def session_of(server: RunningServer, email: str = ADMIN_EMAIL, password: str = ADMIN_PASSWORD) -> str:
    """The session cookie of this account."""
    with httpx2.Client(base_url=server.base_url) as http:
        answer = http.post("/staff/sign-in", data={"email": email, "password": password})
        assert answer.status_code == 303, answer.text
        return str(answer.cookies[COOKIE])


async def sit_down(page: Page, server: RunningServer, email: str, password: str) -> Page:
    """Signed in: the cookie stands where the server would put it, so that a renewed one takes its place."""
    session = session_of(server, email, password)
    await page.context.add_cookies([{"name": COOKIE, "value": session, "domain": "127.0.0.1", "path": PATH}])
    return page


@pytest.fixture
async def at_the_desk(desk: ClinicByHttp, open_page: OpenPage) -> AtTheDesk:
    """`await at_the_desk("/handoffs", email=..., viewport=..., color_scheme="dark")`: signed in as admin."""

    async def open_one(
        path: str = "", *, email: str = ADMIN_EMAIL, password: str = ADMIN_PASSWORD, **options: Any
    ) -> Page:
        base = desk.server.base_url
        page = await sit_down(await open_page(base, **options), desk.server, email, password)
        await page.goto(f"/staff{path}")
        return page

    return open_one
