"""One contract for every channel adapter: what the outbox relies on, whoever the provider is (architecture.md 4).

An adapter joins with one row in `STAGES`.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from app.channels.base import Channel, DraftSpentError, OutgoingMessage, Receipt
from app.channels.google_api import GmailApi
from app.channels.sandbox import SandboxChannel
from app.channels.twilio import TwilioChannel
from app.context import Context
from app.models.enums import ChannelType
from app.models.sandbox import SandboxMessage
from app.services.send_records import StoredSendRecords
from tests.channels.conftest import channel_of, mail, written
from tests.peers.gmail import ADDRESS, serve_gmail
from tests.peers.twilio import serve_twilio
from tests.peers.twilio_clinic import PATIENT as PHONE
from tests.peers.twilio_clinic import twilio_settings


@dataclass
class Stage:
    """One adapter over its provider. `left` answers the outbox ids of all that left, in order."""

    channel: Channel
    left: Callable[[], list[str]] | None
    message: OutgoingMessage = field(default_factory=mail)

    def another(self, number: int) -> OutgoingMessage:
        """The same words to the same person, as another row of the outbox."""
        identifier = f"{number:024x}"
        return replace(self.message, outbox_id=identifier, headers=self.message.headers | {"X-Outbox-Id": identifier})


@asynccontextmanager
async def sandbox(ctx: Context, _: Path) -> AsyncIterator[Stage]:
    yield Stage(SandboxChannel(now=ctx.now), left=None)


@asynccontextmanager
async def gmail(ctx: Context, folder: Path) -> AsyncIterator[Stage]:
    with serve_gmail() as peer:
        file = written(folder / "gmail.json", peer.credentials()["authorized_user"])
        api = GmailApi.open(file, mailbox=ADDRESS, now=ctx.now, api_url=peer.url)
        yield Stage(channel_of(api, ctx.now), lambda: [row["outbox_id"] for row in peer.effects("drafts.send")])


@asynccontextmanager
async def gmail_without_drafts(ctx: Context, folder: Path) -> AsyncIterator[Stage]:
    with serve_gmail() as peer:
        file = written(folder / "gmail.json", peer.credentials()["authorized_user"])
        api = GmailApi.open(file, mailbox=ADDRESS, now=ctx.now, api_url=peer.url)
        channel = channel_of(api, ctx.now, uses_drafts=False)
        yield Stage(channel, lambda: [row["outbox_id"] for row in peer.effects("messages.send")])


@asynccontextmanager
async def twilio(ctx: Context, _: Path) -> AsyncIterator[Stage]:
    with serve_twilio(now=ctx.now) as peer:
        channel = TwilioChannel(twilio_settings(ctx.settings, peer), now=ctx.now, records=StoredSendRecords())
        message = replace(mail(), channel=ChannelType.SMS, to=PHONE)
        yield Stage(channel, lambda: [str(sent.callback).split("?o=")[1] for sent in peer.account.effects], message)


STAGES: dict[str, Callable[[Context, Path], AbstractAsyncContextManager[Stage]]] = {
    "sandbox": sandbox,
    "gmail": gmail,
    "gmail_without_drafts": gmail_without_drafts,
    "twilio": twilio,
}


@pytest.fixture(params=list(STAGES))
async def stage(request: pytest.FixtureRequest, ctx: Context, tmp_path: Path) -> AsyncIterator[Stage]:
    async with STAGES[request.param](ctx, tmp_path) as ready:
        yield ready


async def left(stage: Stage) -> list[str]:
    if stage.left is not None:
        return stage.left()
    return [str(row.outbox_id) for row in await SandboxMessage.find({"is_sent": True}).to_list()]


async def deliver(stage: Stage, message: OutgoingMessage) -> Receipt:
    return await stage.channel.send(message, handle=await stage.channel.draft(message))


class TestEveryChannel:
    async def test_has_a_name(self, stage: Stage) -> None:
        assert stage.channel.name.isidentifier()

    async def test_a_draft_is_not_a_message(self, stage: Stage) -> None:
        await stage.channel.draft(stage.message)
        assert await left(stage) == []
        assert await stage.channel.find_sent(stage.message) is None

    async def test_what_was_sent_is_found_under_the_same_names(self, stage: Stage) -> None:
        receipt = await deliver(stage, stage.message)
        found = await stage.channel.find_sent(stage.message)
        assert receipt.external_id
        assert receipt.thread_id
        assert found == receipt
        assert await left(stage) == [stage.message.outbox_id]

    async def test_a_handle_can_be_used_once(self, stage: Stage) -> None:
        handle = await stage.channel.draft(stage.message)
        await stage.channel.send(stage.message, handle=handle)
        if handle is None:
            return  # no drafts: nothing stops a second send but the outbox
        with pytest.raises(DraftSpentError):
            await stage.channel.send(stage.message, handle=handle)
        assert await left(stage) == [stage.message.outbox_id]

    async def test_of_many_at_once_with_one_handle_one_leaves(self, stage: Stage) -> None:
        handle = await stage.channel.draft(stage.message)
        if handle is None:
            return
        sends = (stage.channel.send(stage.message, handle=handle) for _ in range(6))
        results = await asyncio.gather(*sends, return_exceptions=True)
        assert sorted(type(result).__name__ for result in results) == ["DraftSpentError"] * 5 + ["Receipt"]
        assert await left(stage) == [stage.message.outbox_id]

    async def test_another_message_with_the_same_words_is_another(self, stage: Stage) -> None:
        await deliver(stage, stage.message)
        assert await stage.channel.find_sent(stage.another(1)) is None
        await deliver(stage, stage.another(1))
        assert sorted(await left(stage)) == sorted([stage.message.outbox_id, stage.another(1).outbox_id])

    async def test_a_second_message_stays_in_the_thread(self, stage: Stage) -> None:
        first = await deliver(stage, stage.message)
        follow_up = replace(
            stage.another(1),
            thread_id=first.thread_id,
            references=(first.message_id,) if first.message_id else (),
        )
        assert (await deliver(stage, follow_up)).thread_id == first.thread_id

    async def test_twelve_at_once_leave_once_each(self, stage: Stage) -> None:
        messages = [stage.another(number) for number in range(12)]
        receipts = await asyncio.gather(*(deliver(stage, message) for message in messages))
        assert len({receipt.external_id for receipt in receipts}) == 12
        assert sorted(await left(stage)) == sorted(message.outbox_id for message in messages)
