"""How often something may be tried, counted for all replicas together (trust.md 2.7 and 4.1)."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from app.bootstrap import build_context
from app.context import Context
from app.database.connection import Database
from app.errors import RateLimitedError
from app.models.operations import RateCounter
from app.services import rate_limits
from app.services.rate_limits import Limit, UsedUpError
from app.settings import Settings, Switch
from tests.api.apps import RunningApp, serving
from tests.api.shapes import refused
from tests.conftest import Clock
from tests.factories import make_clinic, make_patient, make_provider, make_service

THREE_A_MINUTE = Limit("test", 3, 60)
BOOK = "/api/v1/appointments/book"


@pytest.fixture
def limited(settings: Settings, database: Database, clock: Clock) -> Context:
    """The Context with rate limits on."""
    return build_context(settings.model_copy(update={"rate_limits": Switch.ON}), database, now=clock)


async def use_up(ctx: Context, limit: Limit = THREE_A_MINUTE, who: str = "ann") -> None:
    for _ in range(limit.count):
        await rate_limits.spend(ctx, limit, who)


class TestSpend:
    async def test_the_one_after_the_last_is_refused_with_the_seconds_to_wait(
        self, limited: Context, clock: Clock
    ) -> None:
        await use_up(limited)
        clock.forward(seconds=12.5)
        with pytest.raises(RateLimitedError) as refusal:
            await rate_limits.spend(limited, THREE_A_MINUTE, "ann")
        assert refusal.value.retry_after == 48

    async def test_waiting_as_long_as_it_says_is_enough(self, limited: Context, clock: Clock) -> None:
        await use_up(limited)
        clock.forward(seconds=59.9)
        with pytest.raises(RateLimitedError) as refusal:
            await rate_limits.spend(limited, THREE_A_MINUTE, "ann")
        assert refusal.value.retry_after == 1
        clock.forward(seconds=1)
        await rate_limits.spend(limited, THREE_A_MINUTE, "ann")

    async def test_no_burst_fits_across_the_edge_of_two_windows(self, limited: Context, clock: Clock) -> None:
        """In whatever minute one looks, there were at most three."""
        await rate_limits.spend(limited, THREE_A_MINUTE, "ann")
        clock.forward(seconds=59)
        await rate_limits.spend(limited, THREE_A_MINUTE, "ann")
        await rate_limits.spend(limited, THREE_A_MINUTE, "ann")
        clock.forward(seconds=1)
        await rate_limits.spend(limited, THREE_A_MINUTE, "ann")
        with pytest.raises(RateLimitedError) as refusal:
            await rate_limits.spend(limited, THREE_A_MINUTE, "ann")
        assert refusal.value.retry_after == 59

    async def test_refused_tries_do_not_lengthen_the_wait(self, limited: Context, clock: Clock) -> None:
        """Otherwise a stranger who goes on knocking would lock the owner out for ever."""
        await use_up(limited)
        for _ in range(59):
            clock.forward(seconds=1)
            with pytest.raises(RateLimitedError):
                await rate_limits.spend(limited, THREE_A_MINUTE, "ann")
        clock.forward(seconds=1)
        await rate_limits.spend(limited, THREE_A_MINUTE, "ann")

    async def test_of_forty_at_once_exactly_three_pass_and_one_is_the_first_refused(self, limited: Context) -> None:
        tries = [rate_limits.spend(limited, THREE_A_MINUTE, "ann") for _ in range(40)]
        results = await asyncio.gather(*tries, return_exceptions=True)
        refusals = [result for result in results if isinstance(result, UsedUpError)]
        assert results.count(None) == 3
        assert len(refusals) == 37
        assert [refusal.is_first for refusal in refusals].count(True) == 1

    async def test_everybody_and_every_limit_is_counted_apart(self, limited: Context) -> None:
        await use_up(limited)
        await rate_limits.spend(limited, THREE_A_MINUTE, "ben")
        await rate_limits.spend(limited, Limit("other", 3, 60), "ann")

    async def test_replicas_count_together(self, limited: Context, settings: Settings, database: Database) -> None:
        other = build_context(limited.settings, database, now=limited.now)
        await use_up(limited)
        with pytest.raises(RateLimitedError):
            await rate_limits.spend(other, THREE_A_MINUTE, "ann")

    async def test_switched_off_nothing_is_counted(self, ctx: Context) -> None:
        await use_up(ctx)
        await rate_limits.spend(ctx, THREE_A_MINUTE, "ann")
        assert await RateCounter.find_all().count() == 0


class TestGiveBack:
    async def test_what_is_given_back_may_be_spent_again(self, limited: Context) -> None:
        for _ in range(10):
            await rate_limits.spend(limited, THREE_A_MINUTE, "ann")
            await rate_limits.give_back(limited, THREE_A_MINUTE, "ann")
        await use_up(limited)
        with pytest.raises(RateLimitedError):
            await rate_limits.spend(limited, THREE_A_MINUTE, "ann")

    async def test_nothing_spent_is_nothing_to_give_back(self, limited: Context) -> None:
        await rate_limits.give_back(limited, THREE_A_MINUTE, "ann")
        await use_up(limited)
        with pytest.raises(RateLimitedError):
            await rate_limits.spend(limited, THREE_A_MINUTE, "ann")


class TestNetworkOf:
    @pytest.mark.parametrize(
        ("address", "network"),
        [
            ("203.0.113.7", "203.0.113.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
            ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
            ("::ffff:203.0.113.7", "203.0.113.7"),
            ("fe80::1%eth0", "fe80::/64"),
            ("unknown", "unknown"),
            ("", ""),
        ],
    )
    def test_an_ipv6_caller_is_counted_by_the_network_they_own(self, address: str, network: str) -> None:
        assert rate_limits.network_of(address) == network


class TestCounters:
    async def test_hold_no_address_in_clear(self, limited: Context) -> None:
        await rate_limits.spend_on_booking(limited, address="203.0.113.7", contacts=["ann@example.com", "+12025550177"])
        stored = str(await RateCounter.get_pymongo_collection().find({}).to_list())
        for part in ("203.0.113.7", "ann", "example", "2025550177"):
            assert part not in stored

    async def test_are_forgotten_by_the_database_when_their_window_is_over(self, limited: Context) -> None:
        await rate_limits.spend(limited, THREE_A_MINUTE, "ann")
        [counter] = await RateCounter.find_all().to_list()
        assert limited.now() < counter.expires_at <= limited.now() + timedelta(seconds=60)
        indexes = await RateCounter.get_pymongo_collection().index_information()
        assert indexes["forget"]["expireAfterSeconds"] == 0


class TestBookingWithoutALink:
    """5 a minute and 20 a day for an address, 3 a day for an e-mail or phone, 60 a minute over all (trust.md 2.7)."""

    @pytest.fixture
    async def app(self, limited: Context, database: Database, clock: Clock) -> AsyncIterator[RunningApp]:
        await make_clinic()
        await make_service()
        await make_provider(limited, ["checkup"])
        async with serving(limited.settings, database, now=clock) as running:
            yield running

    def wish(self, number: int, **fields: str) -> dict[str, str]:
        return {
            "name": "Ann",
            "email": f"stranger{number}@example.com",
            "service_name": "checkup",
            "appointment_date": "2026-11-24T10:00",
        } | fields

    async def test_the_sixth_of_a_minute_from_one_address(self, app: RunningApp, clock: Clock) -> None:
        for number in range(5):
            refused(await app.http.post(BOOK, json=self.wish(number)), 404)
        answer = await app.http.post(BOOK, json=self.wish(5))
        body = refused(answer, 429, "RATE_LIMITED")
        assert answer.headers["Retry-After"] == str(body["retry_after"])
        clock.forward(seconds=60)
        refused(await app.http.post(BOOK, json=self.wish(6)), 404)

    async def test_the_twenty_first_of_a_day_from_one_address(self, app: RunningApp, clock: Clock) -> None:
        for number in range(20):
            refused(await app.http.post(BOOK, json=self.wish(number)), 404)
            clock.forward(seconds=15)
        body = refused(await app.http.post(BOOK, json=self.wish(20)), 429)
        assert body["retry_after"] > 3_600

    @pytest.mark.parametrize("contact", [{"email": "ann@example.com"}, {"phone": "(202) 555-0177"}])
    async def test_the_fourth_of_a_day_for_one_contact(
        self, app: RunningApp, clock: Clock, contact: dict[str, str]
    ) -> None:
        for number in range(3):
            refused(await app.http.post(BOOK, json=self.wish(number, **contact)), 404)
            clock.forward(minutes=1)
        refused(await app.http.post(BOOK, json=self.wish(3, **contact)), 429)

    async def test_the_way_a_contact_is_written_is_no_way_round(self, app: RunningApp, clock: Clock) -> None:
        for phone in ("(202) 555-0177", "202.555.0177", "+12025550177"):
            refused(
                await app.http.post(
                    BOOK, json=self.wish(0, phone=phone, email=f"{phone[-1]}x{phone[0]}@x.org".replace("(", "p"))
                ),
                404,
            )
            clock.forward(minutes=1)
        refused(await app.http.post(BOOK, json=self.wish(9, phone="1-202-555-0177")), 429)

    async def test_a_forwarded_address_is_no_way_round(self, app: RunningApp) -> None:
        for number in range(5):
            headers = {"X-Forwarded-For": f"198.51.100.{number}", "X-Real-IP": f"198.51.100.{number}"}
            refused(await app.http.post(BOOK, json=self.wish(number), headers=headers), 404)
        refused(await app.http.post(BOOK, json=self.wish(5), headers={"X-Forwarded-For": "198.51.100.99"}), 429)

    async def test_the_sixty_first_of_a_minute_over_all(self, limited: Context) -> None:
        for number in range(60):
            await rate_limits.spend_on_booking(limited, address=f"198.51.100.{number}", contacts=[None])
        with pytest.raises(RateLimitedError):
            await rate_limits.spend_on_booking(limited, address="203.0.113.1", contacts=[None])

    async def test_a_patients_own_link_is_not_counted(self, app: RunningApp) -> None:
        await make_patient(app.ctx)
        for _ in range(7):
            refused(await app.http.post(BOOK, json=self.wish(0, token="A" * 22)), 404)
