"""Open streams end when their process is to end, and are taken up on another one without a gap (trust.md fault 28)."""

import asyncio
from dataclasses import replace
from types import SimpleNamespace

import anyio
import pytest
from beanie import PydanticObjectId
from pymongo.errors import PyMongoError, ServerSelectionTimeoutError

from app.context import Context
from app.database.connection import connect
from app.database.patience import within
from app.services.live_event_kinds import USER_CHANGED, LiveEvent
from app.services.live_events import MOST_STREAMS, MOST_WAITING, LiveEvents, Subscription, hub_of, told
from app.stopping import Stopping
from tests.refused import forget_refused_connections
from tests.server import free_port
from tests.services import stage
from tests.services.test_live_events import park

SOMEBODY = PydanticObjectId()
ENDS_WITHIN_SECONDS = 5


@pytest.fixture
def ctx(ctx: Context) -> Context:
    return stage.speaking(ctx)


async def always() -> bool:
    return True


async def rest_of(stream: Subscription) -> list[str]:
    """The kinds of everything that is still told; the stream must end by itself."""
    async with asyncio.timeout(ENDS_WITHIN_SECONDS):
        return [event.kind async for event in told(stream, may_listen=always) if event]


async def heard(stream: Subscription) -> LiveEvent:
    """The next event, put back as if nobody had taken it."""
    async with asyncio.timeout(ENDS_WITHIN_SECONDS):
        event = await stream.waiting.get()
    stream.put(event)
    return event


async def test_the_signal_ends_every_open_stream(ctx: Context) -> None:
    hub = hub_of(SimpleNamespace(), ctx)
    async with hub.subscribe(SOMEBODY) as first, hub.subscribe(SOMEBODY, is_page=True) as second:
        listening = asyncio.gather(rest_of(first), rest_of(second))
        await asyncio.sleep(0)
        ctx.stopping.begin()
        assert list(await listening) == [[], []]
    assert not hub.is_watching


async def test_what_has_happened_is_told_first(ctx: Context) -> None:
    hub = hub_of(SimpleNamespace(), ctx)
    async with hub.subscribe(SOMEBODY) as stream:
        await park(ctx)
        await heard(stream)
        ctx.stopping.begin()
        assert await rest_of(stream) == ["inbox"]


async def test_a_stream_that_is_full_ends_too(ctx: Context) -> None:
    hub = hub_of(SimpleNamespace(), ctx)
    async with hub.subscribe(SOMEBODY) as stream:
        await park(ctx)
        event = await heard(stream)
        for _ in range(MOST_WAITING - 1):
            stream.put(event)
        ctx.stopping.begin()
        assert len(await rest_of(stream)) <= 1


async def test_one_that_is_opened_meanwhile_ends_at_once(ctx: Context) -> None:
    hub = hub_of(SimpleNamespace(), ctx)
    ctx.stopping.begin()
    async with hub.subscribe(SOMEBODY) as stream:
        assert await rest_of(stream) == []


async def test_the_first_client_of_a_process_that_ends_gets_none_either(ctx: Context) -> None:
    ctx.stopping.begin()
    async with hub_of(SimpleNamespace(), ctx).subscribe(SOMEBODY) as stream:
        assert await rest_of(stream) == []


async def test_another_replica_goes_on_where_it_ended(ctx: Context) -> None:
    """The token that the browser saw last is good on every replica: it stands for a place in the database's log."""
    hub, other = hub_of(SimpleNamespace(), ctx), LiveEvents(ctx.database)
    async with hub.subscribe(SOMEBODY) as stream:
        await park(ctx, 1)
        await heard(stream)
        ctx.stopping.begin()
        assert await rest_of(stream) == ["inbox"]
        seen = stream.position
    await park(ctx, 2)
    async with other.subscribe(SOMEBODY, after=seen) as stream:
        event = await stream.next(within=ENDS_WITHIN_SECONDS)
        assert event is not None
        assert event.kind == "inbox"
        assert stream.waiting.empty()


def test_one_fan_out_for_each_process(ctx: Context) -> None:
    state = SimpleNamespace()
    assert hub_of(state, ctx) is hub_of(state, replace(ctx, stopping=Stopping()))


async def test_while_nobody_can_say_who_may_listen_it_ends(ctx: Context) -> None:
    async def cannot_ask() -> bool:
        raise ServerSelectionTimeoutError("no primary")

    hub = hub_of(SimpleNamespace(), ctx)
    async with hub.subscribe(SOMEBODY, is_page=True) as stream:
        stream.put(LiveEvent(kind=USER_CHANGED, ids={}, token=None))
        async with asyncio.timeout(ENDS_WITHIN_SECONDS):
            assert [event async for event in told(stream, may_listen=cannot_ask)] == []


async def test_clients_who_leave_while_no_member_answers_leave_the_driver_to_the_others() -> None:
    """What is asked for them is not cut off while it looks for a server: that would take the driver's lock with it."""
    nowhere = connect(f"mongodb://127.0.0.1:{free_port()}/?replicaSet=none", "nowhere")
    asking: list[bool] = []

    async def may_listen() -> bool:
        asking.append(True)
        return await nowhere.handle["users"].find_one() is not None

    async def listen() -> None:
        stream = Subscription(SOMEBODY)
        stream.put(LiveEvent(kind=USER_CHANGED, ids={}, token=None))
        async for _ in told(stream, may_listen=may_listen):
            raise AssertionError("nobody can have said that they may")

    for _ in range(3):
        asking.clear()
        with within(1):
            async with anyio.create_task_group() as clients:
                for _ in range(MOST_STREAMS):
                    clients.start_soon(listen)
                await asyncio.sleep(0.2)
                assert len(asking) == MOST_STREAMS
                clients.cancel_scope.cancel()
    async with asyncio.timeout(ENDS_WITHIN_SECONDS):
        with within(0.3), pytest.raises(PyMongoError):
            await nowhere.handle["users"].find_one()
    await nowhere.close()
    forget_refused_connections()
