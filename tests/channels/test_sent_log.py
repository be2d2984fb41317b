"""What left a channel since a moment, as a restored clinic must learn it: over Gmail's wire format and the sandbox."""

from datetime import timedelta
from typing import Any

import pytest

from app.channels import gmail_sent
from app.channels.base import ChannelError, OutgoingMessage
from app.channels.gmail import GmailChannel
from app.channels.sandbox import SandboxChannel
from app.channels.sent_log import SentLog, SentMessage
from app.context import Context
from app.models.enums import ChannelType
from tests.channels.conftest import PATIENT
from tests.conftest import Clock
from tests.mailboxes import mail, set_time
from tests.peers.gmail import GmailPeer

MARK = "0123456789abcdef0123{:04x}"


@pytest.fixture(params=["gmail", "sandbox"])
def channel(request: pytest.FixtureRequest, ctx: Context, clock: Clock) -> Any:
    """Each adapter that keeps a log; the peer's mailbox shows the test's time."""
    if request.param == "sandbox":
        return SandboxChannel(now=clock)
    set_time(request.getfixturevalue("gmail_peer"), clock)
    return request.getfixturevalue("gmail")


def outgoing(number: int = 0, **fields: Any) -> OutgoingMessage:
    mark = MARK.format(number)
    values = {
        "outbox_id": mark,
        "channel": ChannelType.EMAIL,
        "to": PATIENT,
        "subject": "Your visit",
        "body": "Hello",
        "headers": {"X-Outbox-Id": mark},
    }
    return OutgoingMessage(**(values | fields))


async def send(channel: Any, number: int = 0, **fields: Any) -> str:
    message = outgoing(number, **fields)
    return str((await channel.send(message, handle=await channel.draft(message))).external_id)


async def log(channel: SentLog, clock: Clock, **span: float) -> list[SentMessage]:
    return [sent async for sent in channel.sent_log(since=clock() - timedelta(**(span or {"hours": 1})))]


class TestBoth:
    async def test_it_is_a_log(self, channel: Any) -> None:
        assert isinstance(channel, SentLog)

    async def test_what_left_with_its_mark_and_address(self, channel: Any, clock: Clock) -> None:
        sent = await send(channel)
        [found] = await log(channel, clock)
        assert (found.external_id, found.outbox_id, found.to) == (sent, MARK.format(0), PATIENT)
        assert found.thread_id
        assert abs(found.sent_at - clock()) < timedelta(seconds=1)

    async def test_only_since_then(self, request: pytest.FixtureRequest, channel: Any, clock: Clock) -> None:
        await send(channel, 1)
        clock.forward(hours=2)
        if isinstance(channel, GmailChannel):
            set_time(request.getfixturevalue("gmail_peer"), clock)
        await send(channel, 2)
        assert [found.outbox_id for found in await log(channel, clock)] == [MARK.format(2)]

    async def test_a_draft_has_not_left(self, channel: Any, clock: Clock) -> None:
        await channel.draft(outgoing())
        assert await log(channel, clock) == []


class TestGmail:
    @pytest.fixture(autouse=True)
    def _same_time(self, gmail_peer: GmailPeer, clock: Clock) -> None:
        set_time(gmail_peer, clock)

    async def test_newest_first_until_enough_are_older(
        self, gmail: GmailChannel, gmail_peer: GmailPeer, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(gmail_sent, "OLDER_IN_A_ROW", 3)
        for number in range(6):
            await send(gmail, number)
        clock.forward(hours=2)
        set_time(gmail_peer, clock)
        for number in range(6, 9):
            await send(gmail, number)
        gmail_peer.admin("habits", page_size=2)
        asked = gmail_peer.admin("requests")["messages.get"]
        found = [sent.outbox_id for sent in await log(gmail, clock)]
        assert sorted(found) == [MARK.format(number) for number in (6, 7, 8)]
        assert gmail_peer.admin("requests")["messages.get"] - asked == 3 + 3, "it does not read the whole mailbox"

    async def test_neither_what_a_person_wrote_nor_what_came_in(
        self, gmail: GmailChannel, gmail_peer: GmailPeer, clock: Clock
    ) -> None:
        await send(gmail, 1)
        await send(gmail, 2, headers={})
        gmail_peer.deliver(mail())
        assert [found.outbox_id for found in await log(gmail, clock)] == [MARK.format(1)]

    async def test_what_was_thrown_away_left_all_the_same(
        self, gmail: GmailChannel, gmail_peer: GmailPeer, clock: Clock
    ) -> None:
        sent = await send(gmail)
        gmail_peer.admin("relabel", id=sent, add=["TRASH"], remove=[])
        assert len(await log(gmail, clock)) == 1

    async def test_with_its_message_id_and_the_way_out(self, gmail: GmailChannel, clock: Clock) -> None:
        way_out = "https://crm.example.com/unsubscribe/abc"
        await send(gmail, unsubscribe_url=way_out)
        [found] = await log(gmail, clock)
        assert found.unsubscribe_url == way_out
        assert found.message_id
        assert found.message_id.startswith("<")

    async def test_gmail_that_is_away_is_said(self, gmail: GmailChannel, gmail_peer: GmailPeer, clock: Clock) -> None:
        await send(gmail)
        gmail_peer.fail({"kind": "status", "status": 403, "operation": "messages.list"})
        with pytest.raises(ChannelError):
            await log(gmail, clock)
