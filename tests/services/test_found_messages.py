"""Which row of the outbox a message that had left before a restore turns out to be (trust.md fault 23, 2.4)."""

import json
import uuid
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any

import pytest

from app.bootstrap import build_context
from app.context import Context
from app.database.connection import Database
from app.jobs import outbox, recovery
from app.models.base import derived_id
from app.models.enums import Author, ChannelType, MessageKind, OutboxState, PauseReason
from app.models.outbox import OutboundMessage
from app.models.recovery import FoundMessage, SendingState
from app.models.registry import bind_documents
from app.services import erasure, exports, found_messages, sending_pause
from app.services import outbox as outbox_service
from app.settings import Settings
from tests.conftest import Clock
from tests.factories import make_clinic, make_patient
from tests.faults.restoring import back_up, restore_copy
from tests.peers.twilio import TwilioPeer, serve_twilio
from tests.peers.twilio_clinic import twilio_settings

SMS, EMAIL = ChannelType.SMS, ChannelType.EMAIL


async def find(ctx: Context, number: int = 1, **fields: Any) -> FoundMessage:
    values = {
        "id": derived_id("found", number),
        "channel": EMAIL,
        "external_id": f"x{number}",
        "to": "pat@example.net",
        "thread_id": "t1",
        "sent_at": ctx.now() - timedelta(hours=number),
        "found_at": ctx.now(),
    }
    found = FoundMessage(**(values | fields))
    await found.insert()
    return found


def row(ctx: Context, **fields: Any) -> OutboundMessage:
    values = {
        "key": uuid.uuid4().hex,
        "kind": MessageKind.ATTEMPT,
        "patient_id": derived_id("patient"),
        "channel": EMAIL,
        "to": "pat@example.net",
        "body": "Hello there",
        "created_at": ctx.now(),
    }
    return OutboundMessage(**(values | fields))


class TestReceiptOf:
    async def test_by_its_mark_before_anything_else(self, ctx: Context) -> None:
        mine = row(ctx)
        await find(ctx, 1)
        await find(ctx, 2, outbox_id=str(mine.id), to="other@example.net")
        receipt = await found_messages.receipt_of(ctx, mine)
        assert receipt is not None
        assert receipt.external_id == "x2"

    async def test_one_message_stands_for_one_row(self, ctx: Context) -> None:
        await find(ctx)
        first, second = row(ctx), row(ctx)
        assert await found_messages.receipt_of(ctx, first)
        assert await found_messages.receipt_of(ctx, second) is None
        assert await found_messages.receipt_of(ctx, first), "asked again after a crash, it is the same"

    async def test_the_oldest_to_an_address_comes_first(self, ctx: Context) -> None:
        for number in (1, 3, 2):
            await find(ctx, number)
        receipt = await found_messages.receipt_of(ctx, row(ctx))
        assert receipt is not None
        assert receipt.external_id == "x3"

    @pytest.mark.parametrize(
        ("fields", "is_it"),
        [
            ({"kind": MessageKind.NUDGE}, True),
            ({"kind": MessageKind.CONFIRMATION}, False),
            ({"kind": MessageKind.STAFF}, False),
            ({"kind": MessageKind.REPLY, "thread_id": "t1"}, True),
            ({"kind": MessageKind.REPLY, "thread_id": "t2"}, False),
            ({"kind": MessageKind.REPLY}, False),
            ({"kind": MessageKind.EMERGENCY, "thread_id": "t1"}, False),
            ({"to": "else@example.net"}, False),
            ({"channel": SMS}, False),
        ],
        ids=[
            "nudge",
            "confirmation",
            "staff",
            "same thread",
            "other thread",
            "no thread",
            "emergency",
            "address",
            "channel",
        ],
    )
    async def test_by_its_address_only_what_the_copy_would_write_anew(
        self, ctx: Context, fields: dict[str, Any], *, is_it: bool
    ) -> None:
        await find(ctx)
        assert bool(await found_messages.receipt_of(ctx, row(ctx, **fields))) is is_it

    async def test_days_after_sending_went_on_it_is_something_new(self, ctx: Context, clock: Clock) -> None:
        mine, soon = row(ctx), row(ctx)
        for number in (1, 2):
            await find(ctx, number)
        await find(ctx, 3, outbox_id=str(mine.id))
        await SendingState.note(resumed_at=ctx.now())
        clock.forward(days=2)
        assert await found_messages.receipt_of(ctx, soon)
        clock.forward(days=1)
        assert await found_messages.receipt_of(ctx, row(ctx)) is None
        assert await found_messages.receipt_of(ctx, mine), "its own mark holds for ever"

    @pytest.mark.parametrize("kind", [MessageKind.REPLY, MessageKind.HANDOFF])
    async def test_an_answer_to_what_came_after_sending_went_on_is_a_new_one(
        self, ctx: Context, clock: Clock, kind: MessageKind
    ) -> None:
        before = row(ctx, kind=kind, thread_id="t1")
        for number in (1, 2):
            await find(ctx, number)
        clock.forward(minutes=1)
        await SendingState.note(resumed_at=ctx.now())
        assert await found_messages.receipt_of(ctx, before)
        assert await found_messages.receipt_of(ctx, row(ctx, kind=kind, thread_id="t1")) is None

    async def test_by_its_text_where_there_is_no_mark(self, ctx: Context) -> None:
        sms = {"channel": SMS, "to": "+12025550123"}
        await find(ctx, 1, text_mark=found_messages.mark_of_text("Something else"), **sms)
        await find(ctx, 2, text_mark=found_messages.mark_of_text(" Hello  there\n"), **sms)
        receipt = await found_messages.receipt_of(ctx, row(ctx, kind=MessageKind.REMINDER, **sms))
        assert receipt is not None
        assert receipt.external_id == "x2"

    async def test_an_email_is_not_known_by_its_text(self, ctx: Context) -> None:
        await find(ctx, text_mark=found_messages.mark_of_text("Hello there"))
        assert await found_messages.receipt_of(ctx, row(ctx, kind=MessageKind.REMINDER)) is None


async def test_an_erasure_and_an_export_know_them(ctx: Context) -> None:
    await make_clinic()
    patient = await make_patient(ctx, name="Pat Example", email="pat@example.net")
    mine = row(ctx, patient_id=patient.id)
    await mine.insert()
    await find(ctx)
    await find(ctx, 2, to="other@example.net")
    assert await found_messages.receipt_of(ctx, mine)
    written = "".join([piece async for piece in await exports.begin(ctx, patient.id, actor="user:x")])
    assert [found["external_id"] for found in json.loads(written)["found_messages"]] == ["x1"]
    await erasure.erase(ctx, patient.id, confirm_name="Pat Example", reason="asked", actor="user:x", close_open=True)
    assert [found.external_id for found in await FoundMessage.find_all().to_list()] == ["x2"]


@pytest.fixture
def peer(clock: Clock) -> Iterator[TwilioPeer]:
    with serve_twilio(now=clock) as running:
        yield running


@pytest.fixture
async def by_sms(settings: Settings, database: Database, clock: Clock, peer: TwilioPeer) -> AsyncIterator[Context]:
    await make_clinic()
    yield build_context(twilio_settings(settings, peer), database, now=clock)
    await bind_documents(database.handle, build_indexes=False)


async def test_sms_that_left_after_the_copy_was_made_do_not_leave_again(
    by_sms: Context, peer: TwilioPeer, mongodb_uri: str
) -> None:
    """Twilio keeps no mark of ours: number and text must do."""
    await outbox.drain(by_sms)  # a clinic that works knows which database it has
    for number in range(5):
        phone = f"+1202555014{number}"
        patient = await make_patient(by_sms, phone=phone)
        message = outbox_service.NewMessage(
            key=f"notice:{number}",
            kind=MessageKind.STAFF,
            author=Author.STAFF,
            channel=SMS,
            to=phone,
            body=f"Your visit is tomorrow at {number + 9}:00.",
        )
        await outbox_service.freeze(by_sms, patient_id=patient.id, campaign=None, message=message)
    backup = await back_up(by_sms.database)
    await outbox.drain(by_sms)
    sent = len(peer.account.messages)
    assert sent == 5
    restored = await restore_copy(mongodb_uri, f"restored_{uuid.uuid4().hex[:8]}", backup)
    try:
        ctx = build_context(by_sms.settings, restored, now=by_sms.now)
        await outbox.drain(ctx)
        assert (await SendingState.now()).paused_because is PauseReason.RESTORED_COPY
        assert await recovery.work(ctx) == {"found": 5, "settled": 5, "failed": 0}
        await sending_pause.resume(ctx, by="user:x")
        await outbox.drain(ctx)
        assert len(peer.account.messages) == sent
        assert await OutboundMessage.find({"state": OutboxState.SENT}).count() == 5
    finally:
        await restored.client.drop_database(restored.handle.name)
        await restored.close()
