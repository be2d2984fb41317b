"""Gmail as a channel: a draft is made, its id stored by the outbox, and the draft sent, which it can be only once.

trust.md 2.4, design M4: 0 of 3,000 messages doubled or lost under kills, stalls and dropped connections.
"""

import asyncio
from base64 import urlsafe_b64encode
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from app.channels.base import ChannelError, DraftSpentError, OutcomeUnknownError, OutgoingMessage, Receipt
from app.channels.drafting import KeptDraft
from app.channels.email_compose import compose
from app.channels.email_headers import recipient
from app.channels.gmail_drafts import handle_of, list_drafts, read_handle
from app.channels.gmail_search import find_in_sent, find_in_thread, header_of, show
from app.channels.gmail_sent import sent_since
from app.channels.google_api import ME, GmailApi
from app.channels.google_errors import GmailNotFoundError, GmailRejectedError
from app.channels.sent_log import SentMessage
from app.logging import get_logger
from app.models.sending_pace import SendingPace

log = get_logger(__name__)

TRIES_OF_A_DRAFT = 3
"""How often one draft is sent while the answers get lost: it leaves at most once."""
THREADS_REMEMBERED = 1_000


class GmailChannel:
    """One mailbox. `wait_for_turn` keeps the pace that Google allows it.

    `uses_drafts` is False only where a draft turns out to be sendable twice (`chairside gmail check-drafts`): then a
    message whose answer got lost is looked for, never sent again, and left to staff when it is not found.
    """

    name = "gmail"

    def __init__(
        self,
        api: GmailApi,
        *,
        mailbox: str,
        now: Callable[[], datetime],
        wait_for_turn: Callable[[], Awaitable[None]],
        uses_drafts: bool = True,
    ) -> None:
        self.api = api
        self.mailbox = mailbox
        self._now = now
        self._wait_for_turn = wait_for_turn
        self._uses_drafts = uses_drafts
        self._threads: OrderedDict[str, str] = OrderedDict()
        """Where to look for what a spent draft became, by outbox id: the search knows a new message only later."""

    async def draft(self, message: OutgoingMessage) -> str | None:
        """Make the draft, when it is the mailbox's turn to send: nothing is waited for after the last check.

        The handle is the draft's id and its thread's. A draft that nobody stored is never sent, and swept away.
        """
        if not self._uses_drafts:
            recipient(message.to)  # refused before the outbox begins to send
            return None

        async def create(body: dict[str, Any]) -> dict[str, Any]:
            return await self.api.call(lambda gmail: gmail.users().drafts().create(userId=ME, body={"message": body}))

        await self._wait_for_turn()
        return handle_of(await self._in_thread(message, create))

    async def _in_thread(
        self, message: OutgoingMessage, hand_over: Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]
    ) -> dict[str, Any]:
        """Hand the mail over in its thread, or in a new one when Gmail does not know that thread any more."""
        raw = urlsafe_b64encode(compose(message, mailbox=self.mailbox, now=self._now())).decode()
        if message.thread_id:
            try:
                return await hand_over({"raw": raw, "threadId": message.thread_id})
            except (GmailNotFoundError, GmailRejectedError):
                log.info("gmail.thread_given_up", outbox_id=message.outbox_id)  # deleted, or of another mailbox
        return await hand_over({"raw": raw})

    async def send(self, message: OutgoingMessage, *, handle: str | None) -> Receipt:
        """Send the draft; a draft that is gone raises DraftSpentError, whoever sent or deleted it.

        Without a handle the mail leaves at once; OutcomeUnknownError when the answer got lost.
        """
        if handle is None:
            sent = await self._send_directly(message)
        else:
            draft_id, thread_id = read_handle(handle)
            self._remember(message.outbox_id, thread_id)
            sent = await self._send_draft(draft_id)
        return Receipt(
            external_id=sent["id"], thread_id=sent.get("threadId", ""), message_id=await self._message_id(sent)
        )

    async def _send_directly(self, message: OutgoingMessage) -> dict[str, Any]:
        async def send(body: dict[str, Any]) -> dict[str, Any]:
            return await self.api.call(
                lambda gmail: gmail.users().messages().send(userId=ME, body=body), has_effect=True
            )

        await self._wait_for_turn()
        sent = await self._in_thread(message, send)
        if "id" not in sent:
            raise OutcomeUnknownError("Gmail's answer names no message")
        return sent

    async def _send_draft(self, draft_id: str) -> dict[str, Any]:
        """Once more when an answer got lost: if the draft went out, Gmail does not know it any more."""
        for _ in range(TRIES_OF_A_DRAFT):
            try:
                sent = await self.api.call(
                    lambda gmail: gmail.users().drafts().send(userId=ME, body={"id": draft_id}), has_effect=True
                )
            except GmailNotFoundError as error:
                raise DraftSpentError("the draft was sent before, or deleted") from error
            except OutcomeUnknownError:
                sent = {}
            if "id" in sent:
                return sent
            log.warning("gmail.answer_lost")
        raise ChannelError("the answers got lost; the draft can be sent again")

    async def _message_id(self, sent: dict[str, Any]) -> str | None:
        """The Message-ID that Gmail sent it under, which may not be ours; the message is out, whatever happens here."""
        try:
            return header_of(await show(self.api, sent["id"]), "Message-ID")
        except ChannelError:
            log.warning("gmail.message_id_not_read")
            return None

    def _remember(self, outbox_id: str, thread_id: str) -> None:
        self._threads[outbox_id] = thread_id
        if len(self._threads) > THREADS_REMEMBERED:
            self._threads.popitem(last=False)

    async def find_sent(self, message: OutgoingMessage) -> Receipt | None:
        """The sent message that bears this outbox id: in its thread, else among what went to this address lately."""
        threads = [self._threads.get(message.outbox_id), message.thread_id]
        for thread_id in filter(None, dict.fromkeys(threads)):
            if found := await find_in_thread(self.api, thread_id, message.outbox_id):
                return found
        return await find_in_sent(self.api, message)

    def sent_log(self, *, since: datetime) -> AsyncIterator[SentMessage]:
        """See SentLog."""
        return sent_since(self.api, since)

    async def kept_drafts(self) -> AsyncIterator[KeptDraft]:
        """The drafts that bear an outbox id; those that staff write by hand do not."""
        async for draft in list_drafts(self.api):
            yield draft

    async def discard(self, draft: KeptDraft) -> None:
        """Delete it for good; one that was sent or deleted meanwhile is left in peace."""
        draft_id, _ = read_handle(draft.handle)
        with suppress(GmailNotFoundError):
            await self.api.call(lambda gmail: gmail.users().drafts().delete(userId=ME, id=draft_id))


def pace_of(mailbox: str, *, per_second: float) -> Callable[[], Awaitable[None]]:
    """Waits for the mailbox's turn; the pace holds for all replicas together."""

    async def wait_for_turn() -> None:
        wait = await SendingPace.take_turn(mailbox, every=timedelta(seconds=1 / per_second))
        await asyncio.sleep(wait.total_seconds())

    return wait_for_turn
