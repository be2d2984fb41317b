"""The one live test that only an operator's mailbox allows: can a Gmail draft be sent twice (trust.md 2.4 and 8)?"""

import asyncio
from base64 import urlsafe_b64encode
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from app.channels.base import OutgoingMessage
from app.channels.email_compose import compose
from app.channels.gmail_search import HEADERS, find_in_sent, find_in_thread
from app.channels.google_api import ME, GmailApi
from app.channels.google_errors import GmailNotFoundError
from app.models.enums import ChannelType

SENDERS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What a draft to ourselves came to. The first four must hold for sending by draft to be safe."""

    is_spent_by_sending: bool
    """A second send, after the first, answers 404."""
    leaves_once_in_a_crowd: bool
    """Of six sends at the same moment exactly one went through, and one message was sent."""
    keeps_its_thread: bool
    keeps_our_header: bool
    is_found_by_search_at_once: bool
    """Good to know: the thread finds it in any case."""

    @property
    def is_passed(self) -> bool:
        return (
            self.is_spent_by_sending and self.leaves_once_in_a_crowd and self.keeps_its_thread and self.keeps_our_header
        )


async def try_drafts(api: GmailApi, *, mailbox: str, now: Callable[[], datetime]) -> Trial:
    """Send two drafts from the mailbox to itself, each more than once, and bin them. Raises ChannelError."""
    once, crowd = _message(mailbox), _message(mailbox)
    draft_id, thread_id = await _create(api, once, mailbox=mailbox, now=now)
    first = await _send(api, draft_id)
    second = await _send(api, draft_id)
    found = await find_in_thread(api, thread_id, once.outbox_id)
    crowd_id, crowd_thread = await _create(api, crowd, mailbox=mailbox, now=now)
    answers = await asyncio.gather(*(_send(api, crowd_id) for _ in range(SENDERS)), return_exceptions=True)
    went_through = sum(isinstance(answer, dict) for answer in answers)
    trial = Trial(
        is_spent_by_sending=first is not None and second is None,
        leaves_once_in_a_crowd=went_through == 1 == await _count(api, crowd_thread),
        keeps_its_thread=first is not None and first.get("threadId") == thread_id,
        keeps_our_header=found is not None,
        is_found_by_search_at_once=await find_in_sent(api, once) is not None,
    )
    await _bin(api, thread_id)
    await _bin(api, crowd_thread)
    return trial


async def _bin(api: GmailApi, thread_id: str) -> None:
    with suppress(GmailNotFoundError):
        await api.call(lambda gmail: gmail.users().threads().trash(userId=ME, id=thread_id))


def _message(mailbox: str) -> OutgoingMessage:
    outbox_id = f"trial-{uuid4().hex}"  # no row's id: a restored clinic does not take it for one it forgot
    return OutgoingMessage(
        outbox_id=outbox_id,
        channel=ChannelType.EMAIL,
        to=mailbox,
        subject="Chairside tries its drafts",
        body="A test of this mailbox, sent to itself. You can delete it.",
        headers={"X-Outbox-Id": outbox_id, "Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"},
    )


async def _create(
    api: GmailApi, message: OutgoingMessage, *, mailbox: str, now: Callable[[], datetime]
) -> tuple[str, str]:
    raw = urlsafe_b64encode(compose(message, mailbox=mailbox, now=now())).decode()
    made = await api.call(lambda gmail: gmail.users().drafts().create(userId=ME, body={"message": {"raw": raw}}))
    return made["id"], made["message"]["threadId"]


async def _send(api: GmailApi, draft_id: str) -> dict[str, Any] | None:
    """The sent message, or None when Gmail says that there is no such draft."""
    try:
        return await api.call(lambda gmail: gmail.users().drafts().send(userId=ME, body={"id": draft_id}))
    except GmailNotFoundError:
        return None


async def _count(api: GmailApi, thread_id: str) -> int:
    """How many messages of the thread were sent."""
    thread = await api.call(
        lambda gmail: gmail.users().threads().get(userId=ME, id=thread_id, format="metadata", metadataHeaders=HEADERS)
    )
    return sum("SENT" in each.get("labelIds", []) for each in thread.get("messages", []))
