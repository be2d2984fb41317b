"""Signing in and out, one's own password, and who is signed in (api.md section 1)."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from app.context import Context
from app.database.connection import Database
from app.models.enums import Role
from app.models.records import AuditEntry
from app.models.users import User
from app.settings import Settings, Switch
from tests.api.apps import serving
from tests.api.passwords import CHEAP_HASH, PASSWORD
from tests.api.shapes import HEX_ID, accepted, refused, without_marks
from tests.conftest import Clock
from tests.factories import make_user, token_for

LOGIN, LOGOUT, CHANGE = (f"/api/v1/auth/{act}" for act in ("login", "logout", "password"))
ME = "/api/v1/users/me"
NEW_PASSWORD = "a-lamp-under-the-old-bridge"
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


class TestLogout:
    async def test_ends_every_token_of_the_account(self, client: httpx2.AsyncClient, ctx: Context, sofia: User) -> None:
        here, there = token_for(ctx, sofia), token_for(ctx, sofia)
        answer = await client.post(LOGOUT, headers=here)
        assert (answer.status_code, answer.content) == (204, b"")
        for headers in (here, there):
            refused(await client.get(ME, headers=headers), 401, "NOT_AUTHENTICATED")

    async def test_a_second_time_needs_a_new_sign_in(
        self, client: httpx2.AsyncClient, ctx: Context, sofia: User
    ) -> None:
        headers = token_for(ctx, sofia)
        await client.post(LOGOUT, headers=headers)
        refused(await client.post(LOGOUT, headers=headers), 401, "NOT_AUTHENTICATED")
        answer = await client.post(LOGIN, json={"email": "sofia@example.com", "password": PASSWORD})
        again = {"Authorization": f"Bearer {accepted(answer, 200, TOKEN)['access_token']}"}
        assert (await client.get(ME, headers=again)).status_code == 200

    async def test_leaves_others_signed_in(self, client: httpx2.AsyncClient, ctx: Context, sofia: User) -> None:
        other = await make_user(ctx)
        await client.post(LOGOUT, headers=token_for(ctx, sofia))
        assert (await client.get(ME, headers=token_for(ctx, other))).status_code == 200

    async def test_ten_at_once_are_one(self, client: httpx2.AsyncClient, ctx: Context, sofia: User) -> None:
        headers = token_for(ctx, sofia)
        answers = await asyncio.gather(*(client.post(LOGOUT, headers=headers) for _ in range(10)))
        assert {answer.status_code for answer in answers} <= {204, 401}
        after = await User.get(sofia.id)
        assert after is not None
        assert after.token_version == sofia.token_version + 1
        assert await AuditEntry.find({"action": "user.signed_out"}).count() == 1

    async def test_is_in_the_audit_log(self, client: httpx2.AsyncClient, ctx: Context, sofia: User) -> None:
        await client.post(LOGOUT, headers=token_for(ctx, sofia))
        [entry] = await AuditEntry.find_all().to_list()
        assert (entry.actor, entry.action, entry.document_id) == (f"user:{sofia.id}", "user.signed_out", str(sofia.id))


class TestPassword:
    @staticmethod
    async def change(
        client: httpx2.AsyncClient, headers: dict[str, str], current: str = PASSWORD, new: Any = NEW_PASSWORD
    ) -> httpx2.Response:
        return await client.post(CHANGE, json={"current_password": current, "new_password": new}, headers=headers)

    async def test_the_new_one_works_the_old_one_and_every_token_do_not(
        self, client: httpx2.AsyncClient, ctx: Context, sofia: User
    ) -> None:
        headers = token_for(ctx, sofia)
        answer = await self.change(client, headers)
        assert (answer.status_code, answer.content) == (204, b"")
        refused(await client.get(ME, headers=headers), 401, "NOT_AUTHENTICATED")
        tried = [await client.post(LOGIN, json={"email": sofia.email, "password": p}) for p in (PASSWORD, NEW_PASSWORD)]
        assert [answer.status_code for answer in tried] == [401, 200]

    async def test_is_in_the_audit_log_without_either_password(
        self, client: httpx2.AsyncClient, ctx: Context, sofia: User
    ) -> None:
        await self.change(client, token_for(ctx, sofia))
        [entry] = await AuditEntry.find_all().to_list()
        assert (entry.actor, entry.action) == (f"user:{sofia.id}", "user.password_changed")
        assert PASSWORD not in (text := entry.model_dump_json())
        assert NEW_PASSWORD not in text

    async def test_a_wrong_current_one_is_refused_and_kept_in_the_audit_log(
        self, client: httpx2.AsyncClient, ctx: Context, sofia: User
    ) -> None:
        headers = token_for(ctx, sofia)
        refused(await self.change(client, headers, current="not-the-password"), 403, "WRONG_PASSWORD")
        assert (await client.get(ME, headers=headers)).status_code == 200
        assert await User.get(sofia.id) == sofia
        [entry] = await AuditEntry.find_all().to_list()
        assert (entry.actor, entry.action) == (f"user:{sofia.id}", "user.password_change_failed")

    @pytest.mark.parametrize(
        "new",
        [
            "x" * 11,
            "x" * 129,
            PASSWORD,
            "sofia@example.com",
            "SOFIA@example.COM",
            "tab\tin-the-middle",
            None,
            123_456_789_012,
            {"$ne": None},
        ],
    )
    async def test_what_the_new_one_may_not_be(
        self, client: httpx2.AsyncClient, ctx: Context, sofia: User, new: Any
    ) -> None:
        answer = await self.change(client, token_for(ctx, sofia), new=new)
        refused(answer, 422, "VALIDATION_ERROR")
        assert str(new) not in answer.text
        assert await User.get(sofia.id) == sofia

    async def test_guessing_here_is_throttled_as_at_the_door_and_counts_there_too(
        self, settings: Settings, database: Database, clock: Clock
    ) -> None:
        """A stolen token must not be a way to try passwords without end."""
        limited = settings.model_copy(update={"rate_limits": Switch.ON})
        async with serving(limited, database, now=clock) as app:
            user = await make_user(app.ctx, email="sofia@example.com", hashed_password=CHEAP_HASH)
            headers = token_for(app.ctx, user)
            for _ in range(5):
                refused(await self.change(app.http, headers, current="wrong"), 403, "WRONG_PASSWORD")
            answer = await self.change(app.http, headers)
            assert refused(answer, 429)["retry_after"] == int(answer.headers["Retry-After"]) == 15 * 60
            refused(await app.http.post(LOGIN, json={"email": user.email, "password": PASSWORD}), 429)
            rows = [entry.action for entry in await AuditEntry.find_all().sort("_id").to_list()]
        assert rows == ["user.password_change_failed"] * 5 + ["user.password_change_throttled"]

    async def test_two_at_once_change_it_once(self, client: httpx2.AsyncClient, ctx: Context) -> None:
        user = await make_user(ctx, hashed_password=CHEAP_HASH)
        headers = token_for(ctx, user)
        answers = await asyncio.gather(
            *(self.change(client, headers, new=f"{NEW_PASSWORD}-{number}") for number in range(2))
        )
        assert sorted(answer.status_code for answer in answers) == [204, 401]
        after = await User.get(user.id)
        assert after is not None
        won = next(number for number, answer in enumerate(answers) if answer.status_code == 204)
        assert await ctx.passwords.verify(f"{NEW_PASSWORD}-{won}", after.hashed_password)
        assert after.token_version == user.token_version + 1
