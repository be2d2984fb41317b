"""Finding our own messages again in a mailbox, by the outbox id in their header and never by their subject."""

from collections.abc import AsyncIterator
from typing import Any

from app.channels.base import OutgoingMessage, Receipt
from app.channels.email_headers import recipient
from app.channels.google_api import ME, GmailApi
from app.channels.google_errors import GmailNotFoundError

OUTBOX_ID = "X-Outbox-Id"
HEADERS = [OUTBOX_ID, "Message-ID"]
TO_ONE_ADDRESS, NEWEST = 50, 25
"""How many messages are looked at: of those to the address, and of all that were sent."""


async def show(api: GmailApi, message_id: str) -> dict[str, Any]:
    """One message with the two headers that tell which it is. Raises GmailNotFoundError."""
    return await api.call(
        lambda gmail: gmail.users().messages().get(userId=ME, id=message_id, format="metadata", metadataHeaders=HEADERS)
    )


async def find_in_thread(api: GmailApi, thread_id: str, outbox_id: str) -> Receipt | None:
    """The sent message of this outbox id in a thread; None also when the thread is gone."""
    try:
        thread = await api.call(
            lambda gmail: (
                gmail.users().threads().get(userId=ME, id=thread_id, format="metadata", metadataHeaders=HEADERS)
            )
        )
    except GmailNotFoundError:
        return None
    return next((_receipt(each) for each in thread.get("messages", []) if _is_sent(each, outbox_id)), None)


async def find_in_sent(api: GmailApi, message: OutgoingMessage) -> Receipt | None:
    """The same without a thread: Gmail's search first, then the newest sent ones, which a search may not know yet."""
    async for identifier in _candidates(api, recipient(message.to).addr_spec):
        try:
            shown = await show(api, identifier)
        except GmailNotFoundError:
            continue  # deleted meanwhile
        if _is_sent(shown, message.outbox_id):
            return _receipt(shown)
    return None


async def _candidates(api: GmailApi, address: str) -> AsyncIterator[str]:
    """The ids of messages that may be it, each once."""
    seen: set[str] = set()
    for options in (
        {"q": f"in:sent to:{address} newer_than:30d", "includeSpamTrash": True, "maxResults": TO_ONE_ADDRESS},
        {"labelIds": ["SENT"], "includeSpamTrash": True, "maxResults": NEWEST},
    ):
        page = await _list(api, options)
        for named in page.get("messages", []):
            if named["id"] not in seen:
                seen.add(named["id"])
                yield named["id"]


async def _list(api: GmailApi, options: dict[str, Any]) -> dict[str, Any]:
    return await api.call(lambda gmail: gmail.users().messages().list(userId=ME, **options))


def _is_sent(shown: dict[str, Any], outbox_id: str) -> bool:
    return "SENT" in shown.get("labelIds", []) and header_of(shown, OUTBOX_ID) == outbox_id


def _receipt(shown: dict[str, Any]) -> Receipt:
    return Receipt(external_id=shown["id"], thread_id=shown["threadId"], message_id=header_of(shown, "Message-ID"))


def header_of(shown: dict[str, Any], name: str) -> str | None:
    """The value of a header, whatever case its name is written in."""
    headers = shown.get("payload", {}).get("headers", [])
    return next((each["value"].strip() for each in headers if each["name"].lower() == name.lower()), None)
