"""Signing in and who is signed in (api.md section 1)."""

from datetime import timedelta

import httpx2
import pytest

from app.context import Context
from app.models.enums import Role
from app.models.users import User
from tests.api.shapes import HEX_ID, accepted, refused, without_marks
from tests.conftest import Clock
from tests.factories import make_user, token_for

LOGIN, ME = "/api/v1/auth/login", "/api/v1/users/me"
PASSWORD = "a-long-enough-passphrase"
TOKEN = {"access_token": str, "token_type": "bearer", "expires_in": int}


@pytest.fixture
async def sofia(ctx: Context) -> User:
    """An admin with a password."""
    hashed = await ctx.passwords.hash(PASSWORD)
    return await make_user(ctx, name="Sofia Stern", email="sofia@example.com", hashed_password=hashed)


class TestLogin:
    async def test_the_right_pair_answers_a_token_that_works(self, client: httpx2.AsyncClient, sofia: User) -> None:
        answer = await client.post(LOGIN, json={"email": "sofia@example.com", "password": PASSWORD})
        body = accepted(answer, 200, TOKEN)
        assert body["expires_in"] == 30 * 60
        me = await client.get(ME, headers={"Authorization": f"Bearer {body['access_token']}"})
        assert me.json()["user_id"] == str(sofia.id)

    async def test_the_e_mail_may_be_written_in_any_case_with_spaces_around(
        self, client: httpx2.AsyncClient, sofia: User
    ) -> None:
        answer = await client.post(LOGIN, json={"email": "  Sofia@Example.COM ", "password": PASSWORD})
        accepted(answer, 200, TOKEN)

    async def test_spaces_belong_to_a_password(self, client: httpx2.AsyncClient, sofia: User) -> None:
        answer = await client.post(LOGIN, json={"email": "sofia@example.com", "password": f" {PASSWORD} "})
        refused(answer, 401, "NOT_AUTHENTICATED")

    async def test_wrong_e_mail_and_wrong_password_answer_the_same(
        self, client: httpx2.AsyncClient, sofia: User
    ) -> None:
        wrong = await client.post(LOGIN, json={"email": "sofia@example.com", "password": "not-the-password"})
        unknown = await client.post(LOGIN, json={"email": "nobody@example.com", "password": PASSWORD})
        bodies = [without_marks(refused(answer, 401, "NOT_AUTHENTICATED")) for answer in (wrong, unknown)]
        assert bodies[0] == bodies[1]

    async def test_signing_in_is_in_the_audit_log(self, client: httpx2.AsyncClient, ctx: Context, sofia: User) -> None:
        await client.post(LOGIN, json={"email": "sofia@example.com", "password": PASSWORD})
        row = await ctx.database.handle["audit_log"].find_one({"action": "user.signed_in"})
        assert row is not None
        assert row["actor"] == f"user:{sofia.id}"

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"email": "sofia@example.com"},
            {"password": PASSWORD},
            {"email": "sofia", "password": PASSWORD},
            {"email": "sofia@example.com", "password": ""},
            {"email": "sofia@example.com", "password": PASSWORD, "remember": True},
        ],
    )
    async def test_anything_but_the_two_fields_is_invalid(
        self, client: httpx2.AsyncClient, sofia: User, body: dict[str, object]
    ) -> None:
        refused(await client.post(LOGIN, json=body), 422, "VALIDATION_ERROR")


class TestMe:
    async def test_says_who_is_signed_in(self, client: httpx2.AsyncClient, ctx: Context, sofia: User) -> None:
        answer = await client.get(ME, headers=token_for(ctx, sofia))
        body = accepted(answer, 200, {"user_id": HEX_ID, "name": str, "email": str, "role": str, "access_role": str})
        assert body == {
            "user_id": str(sofia.id),
            "name": "Sofia Stern",
            "email": "sofia@example.com",
            "role": "admin",
            "access_role": "admin",
        }

    async def test_a_title_is_shown_as_the_role(self, client: httpx2.AsyncClient, ctx: Context) -> None:
        manager = await make_user(ctx, Role.MANAGER, title="Office Manager")
        body = (await client.get(ME, headers=token_for(ctx, manager))).json()
        assert (body["role"], body["access_role"]) == ("Office Manager", "manager")

    async def test_never_shows_the_password_hash(self, client: httpx2.AsyncClient, ctx: Context, sofia: User) -> None:
        answer = await client.get(ME, headers=token_for(ctx, sofia))
        assert "argon2" not in answer.text
        assert "hashed_password" not in answer.text


class TestTokenLife:
    async def test_a_token_ends_after_the_minutes_it_promised(
        self, client: httpx2.AsyncClient, ctx: Context, clock: Clock, sofia: User
    ) -> None:
        headers = token_for(ctx, sofia)
        clock.forward(minutes=29, seconds=59)
        assert (await client.get(ME, headers=headers)).status_code == 200
        clock.instant += timedelta(seconds=1)
        refused(await client.get(ME, headers=headers), 401, "NOT_AUTHENTICATED")
