"""Access tokens, row by row of trust.md 4.1: whatever is not exactly ours is 401 with `WWW-Authenticate: Bearer`.

Tokens are put together by hand (tests/security/forging.py), so that no library can soften a forgery.
"""

from typing import Any

import httpx2
import pytest
from beanie import PydanticObjectId

from app.context import Context
from app.models.enums import Role
from app.models.users import User
from tests.api.shapes import refused
from tests.factories import make_user, token_for
from tests.security.forging import claims, forge, turned_away

ME = "/api/v1/users/me"


@pytest.fixture
async def admin(ctx: Context) -> User:
    return await make_user(ctx, Role.ADMIN)


async def ask(client: httpx2.AsyncClient, authorization: str | bytes) -> httpx2.Response:
    raw = authorization if isinstance(authorization, bytes) else authorization.encode()
    return await client.get(ME, headers={b"Authorization": raw})


async def test_the_hand_made_good_token_is_good(client: httpx2.AsyncClient, ctx: Context, admin: User) -> None:
    """Otherwise every refusal below would prove nothing."""
    answer = await ask(client, f"Bearer {forge(ctx, claims(ctx, admin))}")
    assert answer.status_code == 200, answer.text


class TestNoToken:
    async def test_no_header(self, client: httpx2.AsyncClient) -> None:
        turned_away(await client.get(ME))

    @pytest.mark.parametrize(
        "authorization",
        [
            "",
            "Bearer",
            "Bearer ",
            "Basic YWRtaW46YWRtaW4=",
            "Bearer garbage",
            "Bearer a.b.c",
            "Bearer ....",
            "Bearer " + "x" * 5_000,
            "Bearer null",
            b"Bearer \xff\xfe",
            "Digest username=admin",
        ],
    )
    async def test_a_header_that_holds_none(self, client: httpx2.AsyncClient, authorization: str | bytes) -> None:
        turned_away(await ask(client, authorization))

    async def test_a_good_token_under_another_scheme(
        self, client: httpx2.AsyncClient, ctx: Context, admin: User
    ) -> None:
        turned_away(await ask(client, f"Basic {forge(ctx, claims(ctx, admin))}"))

    async def test_a_good_token_in_the_query_or_in_a_cookie(
        self, client: httpx2.AsyncClient, ctx: Context, admin: User
    ) -> None:
        token = forge(ctx, claims(ctx, admin))
        turned_away(await client.get(ME, params={"access_token": token, "token": token}))
        turned_away(await client.get(ME, headers={"Cookie": f"access_token={token}"}))


class TestAlgorithm:
    @pytest.mark.parametrize("alg", ["none", "None", "NONE", "nOnE", ""])
    async def test_none(self, client: httpx2.AsyncClient, ctx: Context, admin: User, alg: str) -> None:
        signed = forge(ctx, claims(ctx, admin), alg=alg)
        turned_away(await ask(client, f"Bearer {signed}"))
        turned_away(await ask(client, f"Bearer {signed.rsplit('.', 1)[0]}."))

    @pytest.mark.parametrize("mac", ["HS384", "HS512"])
    async def test_another_hash_with_the_right_secret(
        self, client: httpx2.AsyncClient, ctx: Context, admin: User, mac: str
    ) -> None:
        turned_away(await ask(client, f"Bearer {forge(ctx, claims(ctx, admin), mac=mac)}"))

    @pytest.mark.parametrize("alg", ["RS256", "ES256", "EdDSA", "hs256", 256, None, ["HS256"]])
    async def test_another_name_over_the_right_secret(
        self, client: httpx2.AsyncClient, ctx: Context, admin: User, alg: Any
    ) -> None:
        turned_away(await ask(client, f"Bearer {forge(ctx, claims(ctx, admin), alg=alg)}"))

    async def test_a_critical_extension_that_nobody_knows(
        self, client: httpx2.AsyncClient, ctx: Context, admin: User
    ) -> None:
        extension: dict[str, Any] = {"crit": ["https://example.com/unknown"], "https://example.com/unknown": 1}
        token = forge(ctx, claims(ctx, admin), **extension)
        turned_away(await ask(client, f"Bearer {token}"))

    @pytest.mark.parametrize("secret", ["", "secret", "development-only-secret", "chairside"])
    async def test_another_secret(self, client: httpx2.AsyncClient, ctx: Context, admin: User, secret: str) -> None:
        turned_away(await ask(client, f"Bearer {forge(ctx, claims(ctx, admin), secret=secret)}"))


class TestClaims:
    @pytest.mark.parametrize("name", ["exp", "iat", "sub", "jti", "aud", "iss", "ver"])
    async def test_none_may_be_missing(self, client: httpx2.AsyncClient, ctx: Context, admin: User, name: str) -> None:
        turned_away(await ask(client, f"Bearer {forge(ctx, claims(ctx, admin, **{name: None}))}"))

    @pytest.mark.parametrize(
        ("name", "seconds"), [("exp", 0), ("exp", -1), ("exp", -86_400), ("nbf", 60), ("nbf", 86_400), ("iat", 3_600)]
    )
    async def test_its_time_is_now(
        self, client: httpx2.AsyncClient, ctx: Context, admin: User, name: str, seconds: int
    ) -> None:
        moment = int(ctx.now().timestamp()) + seconds
        turned_away(await ask(client, f"Bearer {forge(ctx, claims(ctx, admin, **{name: moment}))}"))

    @pytest.mark.parametrize(
        "changes",
        [
            {"sub": 1},
            {"sub": ["x"]},
            {"sub": {"$ne": None}},
            {"sub": ""},
            {"sub": "me"},
            {"sub": str(PydanticObjectId())},
            {"aud": "chairside-patients"},
            {"aud": []},
            {"aud": ""},
            {"iss": "somebody"},
            {"iss": ["chairside"]},
            {"exp": "tomorrow"},
            {"exp": {}},
            {"iat": "now"},
            {"nbf": "now"},
            {"ver": "0"},
            {"ver": 1},
            {"ver": [0]},
        ],
    )
    async def test_each_has_its_kind_and_value(
        self, client: httpx2.AsyncClient, ctx: Context, admin: User, changes: dict[str, Any]
    ) -> None:
        turned_away(await ask(client, f"Bearer {forge(ctx, claims(ctx, admin, **changes))}"))

    @pytest.mark.parametrize("part", [0, 1, 2])
    async def test_no_byte_may_change(self, client: httpx2.AsyncClient, ctx: Context, admin: User, part: int) -> None:
        parts = forge(ctx, claims(ctx, admin)).split(".")
        middle = len(parts[part]) // 2
        parts[part] = parts[part][:middle] + ("A" if parts[part][middle] != "A" else "B") + parts[part][middle + 1 :]
        turned_away(await ask(client, f"Bearer {'.'.join(parts)}"))

    async def test_another_users_payload_under_this_signature(
        self, client: httpx2.AsyncClient, ctx: Context, admin: User
    ) -> None:
        desk = await make_user(ctx, Role.FRONT_DESK)
        mine, theirs = (forge(ctx, claims(ctx, user)).split(".") for user in (desk, admin))
        turned_away(await ask(client, f"Bearer {mine[0]}.{theirs[1]}.{mine[2]}"))


class TestUser:
    """A token is only as good as the account behind it."""

    async def _after(self, client: httpx2.AsyncClient, ctx: Context, admin: User, change: dict[str, Any]) -> None:
        headers = token_for(ctx, admin)
        assert (await client.get(ME, headers=headers)).status_code == 200
        await admin.set(change)
        turned_away(await client.get(ME, headers=headers))

    async def test_disabled(self, client: httpx2.AsyncClient, ctx: Context, admin: User) -> None:
        await self._after(client, ctx, admin, {"is_active": False})

    async def test_signed_out_or_password_changed(self, client: httpx2.AsyncClient, ctx: Context, admin: User) -> None:
        await self._after(client, ctx, admin, {"token_version": admin.token_version + 1})

    async def test_deleted(self, client: httpx2.AsyncClient, ctx: Context, admin: User) -> None:
        headers = token_for(ctx, admin)
        await admin.delete()
        turned_away(await client.get(ME, headers=headers))

    async def test_a_role_that_was_lowered_counts_at_once(
        self, client: httpx2.AsyncClient, ctx: Context, admin: User
    ) -> None:
        headers = token_for(ctx, admin)
        await admin.set({"role": Role.PROVIDER})
        refused(await client.post("/api/v1/admin/users", json={}, headers=headers), 403, "PERMISSION_DENIED")
