"""Guessing at the door, row by row of trust.md 4.1: one answer, one time, and an end to trying."""

import statistics
import time
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx2
import pytest

from app.context import Context
from app.database.connection import Database
from app.models.users import User
from app.settings import Settings, Switch
from tests.api.apps import RunningApp, serving
from tests.api.passwords import CHEAP_HASH, PASSWORD
from tests.api.shapes import refused, without_marks
from tests.conftest import Clock
from tests.factories import make_user

LOGIN = "/api/v1/auth/login"


async def sign_in(http: httpx2.AsyncClient, email: str, password: str = "wrong") -> httpx2.Response:
    return await http.post(LOGIN, json={"email": email, "password": password})


class TestOneAnswer:
    async def test_wrong_unknown_and_disabled_are_the_same(self, client: httpx2.AsyncClient, ctx: Context) -> None:
        await make_user(ctx, email="here@example.com", hashed_password=CHEAP_HASH)
        await make_user(ctx, email="gone@example.com", hashed_password=CHEAP_HASH, is_active=False)
        answers = [
            await sign_in(client, "here@example.com", "wrong"),
            await sign_in(client, "nobody@example.com", PASSWORD),
            await sign_in(client, "gone@example.com", PASSWORD),
            await sign_in(client, "gone@example.com", "wrong"),
        ]
        bodies = [without_marks(refused(answer, 401, "NOT_AUTHENTICATED")) for answer in answers]
        assert bodies == [bodies[0]] * 4
        assert {answer.headers["WWW-Authenticate"] for answer in answers} == {"Bearer"}

    async def test_an_unknown_e_mail_costs_the_time_of_a_known_one(
        self, client: httpx2.AsyncClient, ctx: Context
    ) -> None:
        await make_user(ctx, email="here@example.com", hashed_password=await ctx.passwords.hash(PASSWORD))
        await sign_in(client, "warm-up@example.com")
        spent: dict[str, list[float]] = {"here@example.com": [], "nobody@example.com": []}
        for _ in range(5):
            for email, seconds in spent.items():
                began = time.perf_counter()
                await sign_in(client, email)
                seconds.append(time.perf_counter() - began)
        known, unknown = (statistics.median(seconds) for seconds in spent.values())
        assert 0.5 < unknown / known < 2, f"known {known:.3f} s, unknown {unknown:.3f} s"


class TestEndOfTrying:
    @pytest.fixture
    async def door(self, settings: Settings, database: Database, clock: Clock) -> AsyncIterator[RunningApp]:
        """The application with rate limits on and one account."""
        limited = settings.model_copy(update={"rate_limits": Switch.ON})
        async with serving(limited, database, now=clock) as app:
            await make_user(app.ctx, email="sofia@example.com", hashed_password=CHEAP_HASH)
            yield app

    async def _use_up(self, door: RunningApp, email: str = "sofia@example.com") -> None:
        for _ in range(5):
            refused(await sign_in(door.http, email), 401)

    async def test_the_sixth_failure_is_429_with_retry_after(self, door: RunningApp) -> None:
        await self._use_up(door)
        answer = await sign_in(door.http, "sofia@example.com")
        body = refused(answer, 429, "RATE_LIMITED")
        assert answer.headers["Retry-After"] == str(body["retry_after"])
        assert 0 < body["retry_after"] <= 15 * 60

    async def test_an_unknown_account_is_counted_alike(self, door: RunningApp) -> None:
        await self._use_up(door, "nobody@example.com")
        refused(await sign_in(door.http, "nobody@example.com"), 429)

    async def test_even_the_right_password_waits_then(self, door: RunningApp, clock: Clock) -> None:
        await self._use_up(door)
        waits = refused(await sign_in(door.http, "sofia@example.com", PASSWORD), 429)["retry_after"]
        clock.instant += timedelta(seconds=waits)
        assert (await sign_in(door.http, "sofia@example.com", PASSWORD)).status_code == 200

    async def test_letter_case_and_spaces_are_no_way_round(self, door: RunningApp) -> None:
        for email in (
            "sofia@example.com",
            "Sofia@Example.com",
            " sofia@example.com",
            "SOFIA@EXAMPLE.COM",
            "sofia@EXAMPLE.com",
        ):
            refused(await sign_in(door.http, email), 401)
        refused(await sign_in(door.http, "sofia@example.com"), 429)

    async def test_a_forwarded_address_is_no_way_round(self, door: RunningApp) -> None:
        for number in range(5):
            door.http.headers["X-Forwarded-For"] = f"198.51.100.{number}"
            refused(await sign_in(door.http, "sofia@example.com"), 401)
        door.http.headers["X-Forwarded-For"] = "198.51.100.99"
        refused(await sign_in(door.http, "sofia@example.com"), 429)

    async def test_another_account_is_not_locked(self, door: RunningApp) -> None:
        await self._use_up(door)
        await make_user(door.ctx, email="other@example.com", hashed_password=CHEAP_HASH)
        assert (await sign_in(door.http, "other@example.com", PASSWORD)).status_code == 200

    async def test_a_stranger_elsewhere_cannot_lock_the_owner_out(
        self, door: RunningApp, settings: Settings, database: Database, clock: Clock
    ) -> None:
        await self._use_up(door)
        limited = settings.model_copy(update={"rate_limits": Switch.ON})
        async with serving(limited, database, now=clock, caller="192.0.2.55") as elsewhere:
            assert (await sign_in(elsewhere.http, "sofia@example.com", PASSWORD)).status_code == 200

    async def test_successes_do_not_count_as_failures(self, door: RunningApp) -> None:
        for _ in range(10):
            assert (await sign_in(door.http, "sofia@example.com", PASSWORD)).status_code == 200

    async def test_the_twenty_first_login_of_a_minute_from_one_address(self, door: RunningApp, clock: Clock) -> None:
        for number in range(20):
            await make_user(door.ctx, email=f"staff{number}@clinic.example", hashed_password=CHEAP_HASH)
            assert (await sign_in(door.http, f"staff{number}@clinic.example", PASSWORD)).status_code == 200
        body = refused(await sign_in(door.http, "sofia@example.com", PASSWORD), 429, "RATE_LIMITED")
        assert 0 < body["retry_after"] <= 60
        clock.forward(seconds=60)
        assert (await sign_in(door.http, "sofia@example.com", PASSWORD)).status_code == 200

    async def test_a_refusal_tells_nothing_about_the_account(self, door: RunningApp) -> None:
        await self._use_up(door)
        await self._use_up(door, "nobody@example.com")
        bodies = [
            without_marks(refused(await sign_in(door.http, email), 429))
            for email in ("sofia@example.com", "nobody@example.com")
        ]
        assert bodies[0] == bodies[1]
        assert await User.find_one({"email": "nobody@example.com"}) is None
