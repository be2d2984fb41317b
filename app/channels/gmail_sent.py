"""Everything that left a Gmail mailbox since a moment, read from its list: a search knows new mail late."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from email.utils import parseaddr
from typing import Any

from app.channels.base import ChannelError
from app.channels.gmail_search import OUTBOX_ID, header_of
from app.channels.google_api import ME, GmailApi
from app.channels.google_errors import GmailNotFoundError
from app.channels.sent_log import SentMessage

HEADERS = [OUTBOX_ID, "Message-ID", "To", "List-Unsubscribe"]
LARGEST_PAGE = 500
OLDER_IN_A_ROW = 25
"""Gmail lists newest first, but for mails of nearly one moment: so many older ones end the reading."""
LINK = re.compile(r"<(https?://[^<>\s]+)>")


async def sent_since(api: GmailApi, since: datetime) -> AsyncIterator[SentMessage]:
    """What bears an outbox id, newest first, also out of the bin. Raises ChannelError."""
    older = 0
    async for message_id in _ids(api):
        shown = await _show(api, message_id)
        if shown is None:
            continue
        older = older + 1 if _sent_at(shown) < since else 0
        if older == OLDER_IN_A_ROW:
            return
        if not older and (message := _read(shown)):
            yield message


async def _ids(api: GmailApi) -> AsyncIterator[str]:
    token: str | None = None
    while True:
        page = await _page(api, token)
        for named in page.get("messages", []):
            yield str(named["id"])
        token = page.get("nextPageToken")
        if not token:
            return


async def _page(api: GmailApi, token: str | None) -> dict[str, Any]:
    return await api.call(
        lambda gmail: (
            gmail.users()
            .messages()
            .list(userId=ME, labelIds=["SENT"], includeSpamTrash=True, maxResults=LARGEST_PAGE, pageToken=token)
        )
    )


async def _show(api: GmailApi, message_id: str) -> dict[str, Any] | None:
    """The message with its marks; None for one that was deleted meanwhile."""
    try:
        return await api.call(
            lambda gmail: (
                gmail.users().messages().get(userId=ME, id=message_id, format="metadata", metadataHeaders=HEADERS)
            )
        )
    except GmailNotFoundError:
        return None


def _sent_at(shown: dict[str, Any]) -> datetime:
    try:
        return datetime.fromtimestamp(int(shown["internalDate"]) / 1000, UTC)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise ChannelError("Gmail's answer names no date") from error


def _read(shown: dict[str, Any]) -> SentMessage | None:
    """None for what a person wrote by hand: it bears no mark of ours."""
    outbox_id = header_of(shown, OUTBOX_ID)
    if not outbox_id:
        return None
    link = LINK.search(header_of(shown, "List-Unsubscribe") or "")
    return SentMessage(
        external_id=str(shown["id"]),
        outbox_id=outbox_id,
        to=parseaddr(header_of(shown, "To") or "")[1].lower(),
        thread_id=str(shown["threadId"]),
        sent_at=_sent_at(shown),
        message_id=header_of(shown, "Message-ID"),
        unsubscribe_url=link[1] if link else None,
    )
