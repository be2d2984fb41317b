"""The fan-out of what happens right now: ids only, resumable, bounded, and gone with its last listener."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
from beanie import PydanticObjectId

from app.context import Context
from app.database.connection import connect
from app.errors import RateLimitedError
from app.jobs import inbox
from app.models.appointments import Appointment
from app.models.enums import AppointmentStatus, CampaignStatus, ConfirmationStatus, InboundSource
from app.services import inbound, live_events, visit_confirmations
from app.services.live_event_kinds import USER_CHANGED, LiveEvent
from app.services.live_events import MOST_STREAMS, MOST_WAITING, LiveEvents, Subscription
from tests.factories import force_status, make_service, make_user
from tests.services import stage

SOMEBODY, SOMEBODY_ELSE = PydanticObjectId(), PydanticObjectId()
LONG, SHORT = 15.0, 1.5


@pytest.fixture
def ctx(ctx: Context) -> Context:
    return stage.speaking(ctx)


@pytest.fixture
def hub(ctx: Context) -> LiveEvents:
    return LiveEvents(ctx.database)


async def heard(stream: Subscription) -> LiveEvent:
    event = await stream.next(within=LONG)
    assert event is not None, "nothing was heard"
    return event


async def silent(stream: Subscription) -> bool:
    return await stream.next(within=SHORT) is None


async def park(ctx: Context, number: int = 1) -> PydanticObjectId:
    """An inbox item that needs staff."""
    return await inbound.store_event(
        ctx,
        source=InboundSource.GENERIC,
        event_id=f"p{number}",
        payload={"raw": "My tooth is broken, says Ana"},
        conversation="c",
        parked_because="malformed_message",
    )


class TestKinds:
    async def test_a_reply(self, ctx: Context, hub: LiveEvents) -> None:
        campaign = await stage.written_to(ctx)
        async with hub.subscribe(SOMEBODY) as stream:
            await stage.answered_with(ctx, campaign, "yes please")
            event = await heard(stream)
            [message] = await stage.received(campaign)
            assert event.kind == "reply"
            assert event.ids == {
                "interaction_id": str(message.id),
                "campaign_id": str(campaign.id),
                "patient_id": str(campaign.patient_id),
            }
            assert await silent(stream), "our own answer is no reply"

    async def test_an_automatic_reply_is_none(self, ctx: Context, hub: LiveEvents) -> None:
        campaign = await stage.written_to(ctx)
        async with hub.subscribe(SOMEBODY) as stream:
            await stage.answered_with(ctx, campaign, "I am away", headers={"auto-submitted": "auto-replied"})
            assert await silent(stream)

    async def test_what_a_patient_says_of_a_visit(self, ctx: Context, hub: LiveEvents) -> None:
        campaign = await stage.written_to(ctx)
        await make_service()
        visit = await stage.booked_beside(ctx, campaign)
        async with hub.subscribe(SOMEBODY) as stream:
            for status in (ConfirmationStatus.RUNNING_LATE, ConfirmationStatus.CANNOT_COME):
                await visit_confirmations.set_by_staff(ctx, visit.id, status, actor="system")
                event = await heard(stream)
                assert (event.kind, event.ids["change"]) == ("booking", status)
            await visit_confirmations.set_by_staff(ctx, visit.id, status, actor="system")
            assert await silent(stream), "the same word again is no news"

    async def test_a_handoff(self, ctx: Context, hub: LiveEvents) -> None:
        campaign = await stage.written_to(ctx)
        async with hub.subscribe(SOMEBODY) as stream:
            await force_status(campaign, CampaignStatus.RE_ENGAGED)
            await force_status(campaign, CampaignStatus.HANDOFF_REQUIRED)
            event = await heard(stream)
            assert (event.kind, event.ids) == ("handoff", {"campaign_id": str(campaign.id)})

    async def test_a_visit_from_its_booking_to_its_end(self, ctx: Context, hub: LiveEvents) -> None:
        await make_service()
        campaign = await stage.written_to(ctx)
        async with hub.subscribe(SOMEBODY) as stream:
            visit = await stage.booked_beside(ctx, campaign, follows=True)
            event = await heard(stream)
            assert (event.kind, event.ids["appointment_id"], event.ids["change"]) == (
                "booking",
                str(visit.id),
                "booked",
            )
            assert event.ids["patient_id"] == str(visit.patient_id)
            changes: list[dict[str, Any]] = [
                {"appointment_date": ctx.now()},
                {"status": AppointmentStatus.CANCELLED.value},
                {"notes": "a name and a diagnosis"},
                {"status": AppointmentStatus.BOOKED.value},
            ]
            for change in changes:
                await Appointment.collection().update_one({"_id": visit.id}, {"$set": change})
            told = [(await heard(stream)).ids["change"] for _ in range(3)]
            assert told == ["rescheduled", "cancelled", "booked"]
            assert await silent(stream)

    async def test_what_staff_must_settle(self, ctx: Context, hub: LiveEvents) -> None:
        async with hub.subscribe(SOMEBODY) as stream:
            parked = await park(ctx)
            event = await heard(stream)
            assert (event.kind, event.ids) == ("inbox", {"event_id": str(parked), "change": "needs_staff"})
            payload = {"channel": "email", "external_id": "u1", "sender": "x@example.com", "text": "hello"}
            unmatched = await inbound.store_event(
                ctx, source=InboundSource.GENERIC, event_id="u1", payload=payload, conversation="u"
            )
            await inbox.drain(ctx)
            assert (await heard(stream)).ids == {"event_id": str(unmatched), "change": "needs_staff"}

    async def test_no_name_and_no_text_is_ever_told(self, ctx: Context, hub: LiveEvents) -> None:
        await make_service()
        campaign = await stage.written_to(ctx, name="Canary Bird")
        async with hub.subscribe(SOMEBODY) as stream:
            await stage.answered_with(ctx, campaign, "canary text")
            await stage.booked_beside(ctx, campaign, follows=True)
            await park(ctx)
            told = " ".join(str([await heard(stream) for _ in range(3)]).lower().split())
            assert "canary" not in told
            assert "tooth" not in told


class TestFanOut:
    async def test_every_listener_hears_it_once(self, ctx: Context, hub: LiveEvents) -> None:
        async with hub.subscribe(SOMEBODY) as one, hub.subscribe(SOMEBODY_ELSE) as two:
            parked = await park(ctx)
            for stream in (one, two):
                assert (await heard(stream)).ids["event_id"] == str(parked)
                assert await silent(stream)

    async def test_every_replica_hears_it(self, ctx: Context, hub: LiveEvents, mongodb_uri: str) -> None:
        other = connect(mongodb_uri, ctx.database.handle.name)
        async with LiveEvents(other).subscribe(SOMEBODY) as far, hub.subscribe(SOMEBODY) as near:
            parked = await park(ctx)
            for stream in (far, near):
                assert (await heard(stream)).ids["event_id"] == str(parked)
        await other.close()

    async def test_another_database_of_the_same_server_is_not_heard(
        self, ctx: Context, hub: LiveEvents, mongodb_uri: str
    ) -> None:
        other = connect(mongodb_uri, "somebody_elses")
        async with hub.subscribe(SOMEBODY) as stream:
            await other.handle["appointments"].insert_one({"patient_id": 1})
            assert await silent(stream)
        await other.client.drop_database("somebody_elses")
        await other.close()

    async def test_it_watches_from_the_first_listener_to_the_last(self, hub: LiveEvents) -> None:
        assert not hub.is_watching
        async with hub.subscribe(SOMEBODY):
            async with hub.subscribe(SOMEBODY):
                assert hub.is_watching
            assert hub.is_watching
        assert not hub.is_watching

    async def test_it_can_begin_again(self, ctx: Context, hub: LiveEvents) -> None:
        for number in range(2):
            async with hub.subscribe(SOMEBODY) as stream:
                await park(ctx, number)
                assert (await heard(stream)).kind == "inbox"

    async def test_a_slow_client_is_dropped_and_the_others_go_on(self, ctx: Context, hub: LiveEvents) -> None:
        async with hub.subscribe(SOMEBODY) as slow, hub.subscribe(SOMEBODY_ELSE) as quick:
            for number in range(MOST_WAITING + 1):
                await park(ctx, number)
                await heard(quick)
            assert (slow.is_dropped, quick.is_dropped) == (True, False)
            assert slow.waiting.qsize() == MOST_WAITING

    async def test_a_user_has_so_many_streams_and_no_more(self, hub: LiveEvents) -> None:
        async with AsyncExitStack() as streams:
            for _ in range(MOST_STREAMS):
                await streams.enter_async_context(hub.subscribe(SOMEBODY))
            with pytest.raises(RateLimitedError):
                await streams.enter_async_context(hub.subscribe(SOMEBODY))
            await streams.enter_async_context(hub.subscribe(SOMEBODY_ELSE))
        async with hub.subscribe(SOMEBODY):
            pass

    async def test_only_the_user_who_was_changed_is_asked_again(self, ctx: Context, hub: LiveEvents) -> None:
        one, two = await make_user(ctx), await make_user(ctx)
        async with hub.subscribe(one.id) as hers, hub.subscribe(two.id) as his:
            await one.set({"is_active": False})
            assert (await heard(hers)).kind == USER_CHANGED
            assert await silent(his)


class TestResume:
    async def test_what_was_missed_comes_first_and_nothing_comes_twice(self, ctx: Context, hub: LiveEvents) -> None:
        async with hub.subscribe(SOMEBODY) as stream:
            await park(ctx, 1)
            seen = (await heard(stream)).token
        missed = [await park(ctx, number) for number in (2, 3)]
        async with hub.subscribe(SOMEBODY, after=seen) as stream:
            later = await park(ctx, 4)
            told = [(await heard(stream)).ids["event_id"] for _ in range(3)]
            assert told == [str(one) for one in (*missed, later)]
            assert await silent(stream)

    async def test_a_client_that_heard_nothing_yet_resumes_too(self, ctx: Context, hub: LiveEvents) -> None:
        async with hub.subscribe(SOMEBODY) as stream:
            position = stream.position
        missed = await park(ctx)
        async with hub.subscribe(SOMEBODY, after=position) as stream:
            assert (await heard(stream)).ids["event_id"] == str(missed)

    async def test_events_during_the_resumption_are_told_once(self, ctx: Context, hub: LiveEvents) -> None:
        async with hub.subscribe(SOMEBODY) as stream, hub.subscribe(SOMEBODY_ELSE):
            position = stream.position

            async def park_many() -> list[str]:
                return [str(await park(ctx, number)) for number in range(30)]

            async def listen() -> list[str]:
                await asyncio.sleep(0.01)
                async with hub.subscribe(SOMEBODY, after=position) as resumed:
                    return [(await heard(resumed)).ids["event_id"] for _ in range(30)]

            parked, told = await asyncio.gather(park_many(), listen())
            assert told == parked

    @pytest.mark.parametrize("token", ["0", "not a token", "ff" * 40, "82" + "0" * 60, "8" * 1_025, '{"$gt": ""}'])
    async def test_a_token_that_is_none_of_ours_means_reading_anew(self, hub: LiveEvents, token: str) -> None:
        async with hub.subscribe(SOMEBODY, after=token) as stream:
            assert (await heard(stream)).kind == "resync"

    async def test_too_much_to_tell_means_reading_anew(self, ctx: Context, hub: LiveEvents) -> None:
        async with hub.subscribe(SOMEBODY) as stream:
            position = stream.position
        for number in range(MOST_WAITING):
            await park(ctx, number)
        async with hub.subscribe(SOMEBODY, after=position) as stream:
            assert (await heard(stream)).kind == "resync"
            await park(ctx, MOST_WAITING)
            assert (await heard(stream)).kind == "inbox"


class TestInterruptions:
    async def test_a_stream_that_the_server_ends_is_a_resync_and_goes_on(self, ctx: Context, mongodb_uri: str) -> None:
        """Dropping the database invalidates a change stream, which the driver cannot resume."""
        other = connect(mongodb_uri, "dropped_while_watched")
        await other.handle["appointments"].insert_one({"_id": 1})
        async with LiveEvents(other).subscribe(SOMEBODY) as stream:
            await other.client.drop_database("dropped_while_watched")
            assert (await heard(stream)).kind == "resync"
            await _until(lambda: other.handle["appointments"].insert_one({"patient_id": 7}), stream)
        await other.client.drop_database("dropped_while_watched")
        await other.close()

    async def test_a_look_that_is_killed_loses_nothing_in_silence(self, ctx: Context, hub: LiveEvents) -> None:
        """What a primary that steps down does to its clients: the event comes, or the word to read anew."""
        admin = ctx.database.client.admin
        async with hub.subscribe(SOMEBODY) as stream:
            looks = {"$currentOp": {"idleCursors": True, "allUsers": True}}
            found = await admin.command({"aggregate": 1, "pipeline": [looks], "cursor": {}})
            mine = [one for one in found["cursor"]["firstBatch"] if "$changeStream" in str(one)]
            assert mine, "no change stream was seen"
            for look in mine:
                if "opid" in look:
                    await admin.command({"killOp": 1, "op": look["opid"]})
            parked = await park(ctx)
            event = await heard(stream)
            assert event.kind == "resync" or event.ids["event_id"] == str(parked)


async def _until(act: Callable[[], Awaitable[Any]], stream: Subscription) -> None:
    """Do something until the stream tells of it: it is open again at some time within the limit."""
    for _ in range(20):
        await act()
        event = await stream.next(within=1)
        if event and event.kind == "booking":
            return
    raise AssertionError("the stream did not come back")


def test_the_bounds_are_what_the_documentation_says() -> None:
    assert (live_events.MOST_STREAMS, live_events.MOST_WAITING) == (5, 100)
