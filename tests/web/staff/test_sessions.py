"""Signing in to the dashboard, staying, being logged off, and forms that come from elsewhere."""

from collections.abc import AsyncIterator

import httpx2
import pytest

from app.context import Context
from app.models.enums import Role
from app.models.records import AuditEntry
from app.models.users import User
from app.web.staff.session import COOKIE
from tests.conftest import Clock
from tests.factories import make_user
from tests.web.staff.conftest import Seated

pytestmark = pytest.mark.usefixtures("open_clinic")

PASSWORD = "a-passphrase-of-their-own"


async def member(ctx: Context) -> User:
    """Somebody of the front desk who can sign in."""
    return await make_user(ctx, Role.FRONT_DESK, hashed_password=await ctx.passwords.hash(PASSWORD))


async def signing_in(http: httpx2.AsyncClient, email: str, password: str = PASSWORD, **fields: str) -> httpx2.Response:
    return await http.post("/staff/sign-in", data={"email": email, "password": password, **fields})


class TestSignIn:
    async def test_the_right_pair_opens_the_page_that_was_asked_for(
        self, ctx: Context, stranger: httpx2.AsyncClient
    ) -> None:
        user = await member(ctx)
        sent = await stranger.get("/staff/password?a=1")
        assert (sent.status_code, sent.headers["location"]) == (303, "/staff/sign-in?then=/staff/password%3Fa%3D1")
        opened = await signing_in(stranger, user.email, then="/staff/password?a=1")
        assert (opened.status_code, opened.headers["location"]) == (303, "/staff/password?a=1")
        cookie = opened.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        assert "Path=/staff" in cookie
        assert user.name in (await stranger.get("/staff/password")).text

    async def test_a_wrong_password_says_so_and_keeps_the_address(
        self, ctx: Context, stranger: httpx2.AsyncClient
    ) -> None:
        user = await member(ctx)
        refused = await signing_in(stranger, user.email, "not the password")
        assert refused.status_code == 401
        assert user.email in refused.text
        assert "not the password" not in refused.text
        assert COOKIE not in stranger.cookies

    @pytest.mark.parametrize(
        "then",
        ["https://evil.example/staff", "//evil.example/staff", "/\\evil.example", "/staffed", "javascript:alert(1)"],
    )
    async def test_nobody_is_led_elsewhere(self, ctx: Context, stranger: httpx2.AsyncClient, then: str) -> None:
        user = await member(ctx)
        assert (await signing_in(stranger, user.email, then=then)).headers["location"] == "/staff"

    async def test_a_form_on_another_site_signs_nobody_in(self, ctx: Context, stranger: httpx2.AsyncClient) -> None:
        user = await member(ctx)
        elsewhere = {"Sec-Fetch-Site": "cross-site"}
        form = {"email": user.email, "password": PASSWORD}
        assert (await stranger.post("/staff/sign-in", data=form, headers=elsewhere)).status_code == 403
        assert COOKIE not in stranger.cookies

    async def test_a_dialog_hears_204_or_a_sentence(self, ctx: Context, stranger: httpx2.AsyncClient) -> None:
        user = await member(ctx)
        stranger.headers["X-Dialog"] = "1"
        assert (await signing_in(stranger, user.email, "wrong")).text == "The e-mail or the password is wrong."
        assert (await signing_in(stranger, user.email)).status_code == 204
        assert COOKIE in stranger.cookies


class TestStaying:
    async def test_an_idle_session_ends_and_a_used_one_does_not(self, seat: Seated, clock: Clock) -> None:
        somebody = await seat()
        for _ in range(3):
            clock.forward(minutes=20)
            assert (await somebody.get("/password")).status_code == 200
        clock.forward(minutes=31)
        assert (await somebody.get("/password")).status_code == 303

    async def test_what_a_page_does_by_itself_keeps_nobody_signed_in(self, seat: Seated, clock: Clock) -> None:
        somebody = await seat()
        by_itself = {"X-By-Itself": "1", "HX-Request": "true"}
        clock.forward(minutes=20)
        assert (await somebody.http.get("/staff/badges/handoffs", headers=by_itself)).status_code == 200
        clock.forward(minutes=20)
        refused = await somebody.http.get("/staff/badges/handoffs", headers=by_itself)
        assert (refused.status_code, refused.headers["hx-reswap"]) == (401, "none")

    async def test_a_slow_answer_gives_no_time_of_its_own(self, seat: Seated, clock: Clock) -> None:
        somebody = await seat()

        async def slowly() -> AsyncIterator[bytes]:
            yield f"csrf={somebody.csrf}".encode()
            clock.forward(minutes=20)

        form = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = await somebody.http.post("/staff/today/seen", content=slowly(), headers=form)
        assert COOKIE in answer.cookies
        clock.forward(minutes=11)
        assert (await somebody.get("/password")).status_code == 303

    async def test_a_page_without_a_session_leads_to_the_sign_in(self, stranger: httpx2.AsyncClient) -> None:
        answer = await stranger.get("/staff/password")
        assert (answer.status_code, answer.headers["location"]) == (303, "/staff/sign-in?then=/staff/password")

    async def test_what_was_typed_without_a_session_is_shown_and_secrets_are_not(
        self, stranger: httpx2.AsyncClient
    ) -> None:
        answer = await stranger.post("/staff/password", data={"note": "<script>", "current_password": "hunter2hunter2"})
        assert answer.status_code == 401
        assert "&lt;script&gt;" in answer.text
        assert "hunter2" not in answer.text

    async def test_the_streams_need_a_session(self, stranger: httpx2.AsyncClient) -> None:
        answer = await stranger.get("/staff/live", headers={"HX-Request": "true"})
        assert answer.status_code == 401


class TestForgery:
    @pytest.mark.parametrize("csrf", ["", "x", "0" * 64, "ü"])
    async def test_a_form_without_our_mark_changes_nothing(self, seat: Seated, csrf: str) -> None:
        somebody = await seat()
        answer = await somebody.http.post("/staff/sign-out", data={"csrf": csrf})
        assert answer.status_code == 403
        assert await AuditEntry.find({"action": "user.signed_out"}).count() == 0

    async def test_another_users_mark_is_none(self, seat: Seated) -> None:
        somebody, other = await seat(), await seat()
        assert (await somebody.http.post("/staff/sign-out", data={"csrf": other.csrf})).status_code == 403

    async def test_a_right_mark_from_another_site_is_refused(self, seat: Seated) -> None:
        somebody = await seat()
        headers = somebody.script | {"Sec-Fetch-Site": "cross-site"}
        assert (await somebody.http.post("/staff/sign-out", headers=headers)).status_code == 403


class TestLeaving:
    async def test_signing_out_ends_every_session_and_the_old_cookie(self, seat: Seated) -> None:
        somebody = await seat()
        old = somebody.http.cookies[COOKIE]
        gone = await somebody.http.post("/staff/sign-out", data={"csrf": somebody.csrf})
        assert (gone.status_code, gone.headers["location"]) == (303, "/staff/sign-in")
        assert "Max-Age=0" in gone.headers["set-cookie"]
        somebody.http.cookies.set(COOKIE, old)
        assert (await somebody.get("/password")).status_code == 303

    async def test_a_new_password_keeps_this_session_and_ends_the_others(self, ctx: Context, seat: Seated) -> None:
        somebody = await seat(Role.FRONT_DESK)
        await somebody.user.set({"hashed_password": await ctx.passwords.hash(PASSWORD)})
        new = "quite-another-passphrase"
        form = {"csrf": somebody.csrf, "current_password": PASSWORD, "new_password": new}
        changed = await somebody.http.post("/staff/password", data=form)
        assert (changed.status_code, changed.headers["location"]) == (303, "/staff")
        assert (await somebody.get("/password")).status_code == 200

    @pytest.mark.parametrize(
        ("fields", "status"),
        [
            ({"current_password": "wrong", "new_password": "quite-another-passphrase"}, 403),
            ({"current_password": PASSWORD, "new_password": ""}, 422),
            ({"current_password": PASSWORD, "new_password": PASSWORD}, 422),
            ({"current_password": PASSWORD, "new_password": "too-short"}, 422),
        ],
    )
    async def test_a_password_that_cannot_be(
        self, ctx: Context, seat: Seated, fields: dict[str, str], status: int
    ) -> None:
        somebody = await seat()
        await somebody.user.set({"hashed_password": await ctx.passwords.hash(PASSWORD)})
        answer = await somebody.http.post("/staff/password", data=fields | {"csrf": somebody.csrf})
        assert answer.status_code == status
        assert 'role="alert"' in answer.text


async def test_a_name_is_text_and_never_markup(seat: Seated) -> None:
    somebody = await seat()
    await somebody.user.set({"name": "<script>alert(1)</script>"})
    page = (await somebody.get("/password")).text
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page
