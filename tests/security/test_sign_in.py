"""Guessing at the door, row by row of trust.md 4.1: one answer, one time, and an end to trying."""

import asyncio
import statistics
import time
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from app.context import Context
from app.database.connection import Database
from app.models.users import User
from app.security import HASHES_AT_ONCE, MOST_CHECKS
from app.settings import Settings, Switch
from tests.api.apps import RunningApp, serving
from tests.api.passwords import CHEAP_HASH, PASSWORD
from tests.api.shapes import refused, without_marks
from tests.conftest import Clock
from tests.factories import make_user, token_for

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

    async def test_the_edge_of_a_quarter_of_an_hour_is_no_way_round(self, door: RunningApp, clock: Clock) -> None:
        """The clock of these tests stands on a full quarter of an hour: fixed windows would begin anew here."""
        clock.forward(minutes=14, seconds=59)
        await self._use_up(door)
        clock.forward(seconds=1)
        body = refused(await sign_in(door.http, "sofia@example.com"), 429)
        assert body["retry_after"] == 15 * 60 - 1

    async def test_forty_guesses_at_once_are_five_guesses(self, door: RunningApp) -> None:
        """Counted before the hash: whoever is quick gets no more tries than whoever is patient."""
        answers = await asyncio.gather(*(sign_in(door.http, "sofia@example.com") for _ in range(20)))
        assert Counter(answer.status_code for answer in answers) == {401: 5, 429: 15}

    async def test_addresses_of_one_ipv6_network_count_together(
        self, door: RunningApp, settings: Settings, database: Database, clock: Clock
    ) -> None:
        limited = settings.model_copy(update={"rate_limits": Switch.ON})
        for number in range(6):
            async with serving(limited, database, now=clock, caller=f"2001:db8:1:2::{number}") as app:
                refused(await sign_in(app.http, "sofia@example.com"), 401 if number < 5 else 429)

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
        for _ in range(6):
            assert (await sign_in(door.http, "sofia@example.com", PASSWORD)).status_code == 200

    async def test_the_twenty_first_login_of_a_minute_from_one_address(self, door: RunningApp, clock: Clock) -> None:
        for number in range(20):
            await make_user(door.ctx, email=f"staff{number}@clinic.example", hashed_password=CHEAP_HASH)
            refused(await sign_in(door.http, f"staff{number}@clinic.example"), 401)
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

    async def test_a_door_that_is_too_busy_counts_no_failure(self, door: RunningApp) -> None:
        """A stranger who keeps the hashing busy must not lock the owner out either."""
        limiter, workers = door.ctx.passwords._limiter, [object() for _ in range(HASHES_AT_ONCE)]
        door.ctx.passwords._longest_wait = 0.01
        for worker in workers:
            limiter.acquire_on_behalf_of_nowait(worker)
        for _ in range(6):
            refused(await sign_in(door.http, "sofia@example.com", PASSWORD), 503, "UNAVAILABLE")
        for worker in workers:
            limiter.release_on_behalf_of(worker)
        assert (await sign_in(door.http, "sofia@example.com", PASSWORD)).status_code == 200


class TestManyAtOnce:
    """Forty sign-ins at once: never more than four hashes, nobody waits beyond two seconds, the rest is told so."""

    async def test_forty_at_once(self, client: httpx2.AsyncClient, ctx: Context) -> None:
        hashed = await ctx.passwords.hash(PASSWORD)
        for number in range(40):
            await make_user(ctx, email=f"staff{number}@clinic.example", hashed_password=hashed)
        most = [0]

        async def watch() -> None:
            while True:
                most.append(max(most.pop(), ctx.passwords._checking))
                await asyncio.sleep(0)

        watcher = asyncio.create_task(watch())
        answers = await asyncio.gather(
            *(sign_in(client, f"staff{number}@clinic.example", PASSWORD) for number in range(40))
        )
        watcher.cancel()
        statuses = Counter(answer.status_code for answer in answers)
        assert set(statuses) == {200, 503}
        assert statuses[200] >= HASHES_AT_ONCE
        assert most == [MOST_CHECKS]  # those that come later find room when the first are done
        assert ctx.passwords._limiter.total_tokens <= 4
        for answer in answers:
            if answer.status_code == 503:
                refused(answer, 503, "UNAVAILABLE")
                assert answer.headers["Retry-After"] == "2"

    async def test_who_was_refused_comes_in_afterwards(self, client: httpx2.AsyncClient, ctx: Context) -> None:
        await make_user(ctx, email="sofia@example.com", hashed_password=CHEAP_HASH)
        await asyncio.gather(*(sign_in(client, "nobody@example.com") for _ in range(40)))
        assert (await sign_in(client, "sofia@example.com", PASSWORD)).status_code == 200


class TestPasswordLength:
    @pytest.mark.parametrize("password", ["x" * 129, "x" * 100_000, "", "tab\tbed", "nul\x00led", "esc\x1baped"])
    async def test_what_cannot_be_a_password_costs_no_hash(
        self, client: httpx2.AsyncClient, ctx: Context, password: str
    ) -> None:
        for worker in range(HASHES_AT_ONCE):  # a hash would wait for these for two seconds and answer 503
            ctx.passwords._limiter.acquire_on_behalf_of_nowait(worker)
        answer = await sign_in(client, "sofia@example.com", password)
        refused(answer, 422, "VALIDATION_ERROR")
        assert not password or password not in answer.text

    async def test_half_a_character_is_none(self, client: httpx2.AsyncClient) -> None:
        raw = b'{"email": "sofia@example.com", "password": "long enough \\ud800"}'
        answer = await client.post(LOGIN, content=raw, headers={"Content-Type": "application/json"})
        refused(answer, 422, "VALIDATION_ERROR")

    async def test_128_characters_are_a_password(self, client: httpx2.AsyncClient, ctx: Context) -> None:
        longest = "\N{GREEK SMALL LETTER OMEGA} " * 64
        await make_user(ctx, email="sofia@example.com", hashed_password=await ctx.passwords.hash(longest))
        assert (await sign_in(client, "sofia@example.com", longest)).status_code == 200
        refused(await sign_in(client, "sofia@example.com", longest[:-1]), 401)


class TestHashOfYesterday:
    async def test_signing_in_replaces_it_and_ends_no_token(self, client: httpx2.AsyncClient, ctx: Context) -> None:
        user = await make_user(ctx, email="sofia@example.com", hashed_password=CHEAP_HASH)
        refused(await sign_in(client, "sofia@example.com", "wrong"), 401)
        assert await hash_of(user) == CHEAP_HASH
        assert (await sign_in(client, "sofia@example.com", PASSWORD)).status_code == 200
        upgraded = await hash_of(user)
        assert "$m=65536," in upgraded
        assert (await client.get("/api/v1/users/me", headers=token_for(ctx, user))).status_code == 200
        assert (await sign_in(client, "sofia@example.com", PASSWORD)).status_code == 200
        assert await hash_of(user) == upgraded


class TestAuditRows:
    """Who tries the door is written down; the e-mail that was typed is not."""

    async def rows(self, ctx: Context) -> list[dict[str, Any]]:
        return await ctx.database.handle["audit_log"].find({}).sort("_id").to_list()

    async def test_a_failure_names_the_account_only_by_its_id_and_a_mark(
        self, client: httpx2.AsyncClient, ctx: Context
    ) -> None:
        user = await make_user(ctx, email="sofia@example.com", hashed_password=CHEAP_HASH)
        await sign_in(client, "sofia@example.com")
        await sign_in(client, "nobody@example.com")
        await sign_in(client, "nobody@example.com")
        known, unknown, again = await self.rows(ctx)
        assert {row["action"] for row in (known, unknown, again)} == {"user.sign_in_failed"}
        assert {row["actor"] for row in (known, unknown, again)} == {"stranger"}
        assert known["document_id"] == str(user.id)
        assert unknown["document_id"] == again["document_id"] != known["details"]["account"]
        assert known["details"]["address"] == "127.0.0.1"
        for text in ("sofia", "nobody", "example.com", "wrong"):
            assert text not in str([known, unknown, again])

    async def test_of_a_flood_the_first_refusal_is_kept(
        self, settings: Settings, database: Database, clock: Clock
    ) -> None:
        limited = settings.model_copy(update={"rate_limits": Switch.ON})
        async with serving(limited, database, now=clock) as app:
            for _ in range(19):
                await sign_in(app.http, "nobody@example.com")
            actions = Counter(row["action"] for row in await self.rows(app.ctx))
        assert actions == {"user.sign_in_failed": 5, "user.sign_in_throttled": 1}

    async def test_a_success_is_kept_too(self, client: httpx2.AsyncClient, ctx: Context) -> None:
        user = await make_user(ctx, email="sofia@example.com", hashed_password=CHEAP_HASH)
        await sign_in(client, "sofia@example.com", PASSWORD)
        [row] = await self.rows(ctx)
        assert (row["action"], row["actor"], row["document_id"]) == ("user.signed_in", f"user:{user.id}", str(user.id))


async def hash_of(user: User) -> str:
    stored = await User.get(user.id)
    assert stored is not None
    return stored.hashed_password
