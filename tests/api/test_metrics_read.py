"""The numbers that a scrape reads from the database: told, kept for a moment, and one by one (trust.md section 5)."""

from datetime import timedelta

import httpx2

from app.context import Context
from app.jobs import watched
from app.jobs.watched import GAUGES, Watch
from app.models.enums import InboundSource, InboxState
from app.models.inbox import InboundEvent
from app.models.operations import JobLease
from tests.api.test_metrics import scrape, value_of
from tests.conftest import Clock


async def stored_event(ctx: Context, state: InboxState, *, ago: timedelta) -> None:
    event = InboundEvent(
        source=InboundSource.GENERIC,
        event_id=f"{state}-{ago}",
        payload={},
        conversation_key="c",
        state=state,
        received_at=ctx.now() - ago,
    )
    await event.insert()


class TestNumbersOfTheDatabase:
    async def test_a_scrape_tells_them(self, ctx: Context, client: httpx2.AsyncClient) -> None:
        await stored_event(ctx, InboxState.RECEIVED, ago=timedelta(minutes=3))
        await stored_event(ctx, InboxState.RECEIVED, ago=timedelta(minutes=1))
        text = await scrape(client)
        assert value_of(text, 'chairside_inbox_waiting{state="RECEIVED"}') == 2
        assert value_of(text, 'chairside_inbox_oldest_seconds{state="RECEIVED"}') == 180
        assert value_of(text, 'chairside_inbox_waiting{state="PARKED"}') == 0

    async def test_they_are_kept_for_five_seconds(self, ctx: Context, client: httpx2.AsyncClient, clock: Clock) -> None:
        await scrape(client)
        await stored_event(ctx, InboxState.PARKED, ago=timedelta(0))
        clock.forward(seconds=4)
        assert value_of(await scrape(client), 'chairside_inbox_waiting{state="PARKED"}') == 0
        clock.forward(seconds=1)
        assert value_of(await scrape(client), 'chairside_inbox_waiting{state="PARKED"}') == 1

    async def test_one_look_that_fails_hides_no_other(self, ctx: Context, client: httpx2.AsyncClient) -> None:
        """A lease whose end is no date cannot be read."""
        await JobLease.get_pymongo_collection().insert_one({"_id": "scheduler", "until": "flamingo"})
        text = await scrape(client)
        assert value_of(text, "chairside_scheduler_leads") is None
        assert value_of(text, "chairside_database_up") == 1
        assert value_of(text, "chairside_handoffs_waiting") == 0

    async def test_every_gauge_that_can_be_read_is_in_the_table(self, ctx: Context) -> None:
        assert set(await watched.read(ctx)) <= set(GAUGES)

    async def test_many_who_ask_at_once_are_told_the_same(self, ctx: Context, clock: Clock) -> None:
        watch = Watch()
        first = await watch.read(ctx)
        assert await watch.read(ctx) is first
        clock.forward(seconds=5)
        assert await watch.read(ctx) is not first
