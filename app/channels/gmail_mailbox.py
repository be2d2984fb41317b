"""Gmail as the mailbox port: history by pages, recent mail by search, the watch (stack.md 2d, trust.md 2.5)."""

import base64
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from app.channels.base import ChannelError
from app.channels.google_api import ME, GmailApi
from app.channels.google_errors import GmailNotFoundError
from app.channels.mailbox import (
    ChangePage,
    HistoryGoneError,
    Listed,
    MailboxMessage,
    MessageGoneError,
    Profile,
    WatchState,
)

LARGEST_PAGE = 500
HISTORY_TYPES = ["messageAdded", "labelRemoved"]
UNREADABLE = (KeyError, TypeError, ValueError, AttributeError, OverflowError)
HIDDEN = frozenset({"SPAM", "TRASH"})
"""A message that a person takes out of here counts as come in: it was passed over when it arrived."""


class GmailMailbox:
    """One Gmail mailbox. `topic` is where Gmail announces changes; empty = it announces none."""

    def __init__(self, api: GmailApi, *, address: str, topic: str) -> None:
        self._api = api
        self._topic = topic
        self.address = address
        self.is_pushed = bool(topic)

    async def profile(self) -> Profile:
        told = await self._api.call(lambda gmail: gmail.users().getProfile(userId=ME))
        with _read():
            return Profile(address=str(told["emailAddress"]).lower(), history_id=int(told["historyId"]))

    async def watch(self) -> WatchState:
        body = {"topicName": self._topic}
        told = await self._api.call(lambda gmail: gmail.users().watch(userId=ME, body=body))
        with _read():
            return WatchState(expires_at=_instant(told["expiration"]))

    async def stop(self) -> None:
        await self._api.call(lambda gmail: gmail.users().stop(userId=ME))

    async def changes(self, since: int) -> AsyncIterator[ChangePage]:
        """The last page reaches what the first one called the newest: later changes may be on none of these pages."""
        token, newest = None, since
        while True:
            page = await self._history(since, token)
            with _read():
                newest = newest if token else max(newest, int(page["historyId"]))
                records, token = page.get("history", []), page.get("nextPageToken")
                listed = tuple(one for record in records for one in _came_in(record))
                reached = max((int(record["id"]) for record in records), default=since)
            yield ChangePage(listed, reached if token else max(reached, newest))
            if not token:
                return

    async def _history(self, since: int, token: str | None) -> dict[str, Any]:
        try:
            return await self._api.call(
                lambda gmail: (
                    gmail.users()
                    .history()
                    .list(
                        userId=ME,
                        startHistoryId=str(since),
                        historyTypes=HISTORY_TYPES,
                        pageToken=token,
                        maxResults=LARGEST_PAGE,
                    )
                )
            )
        except GmailNotFoundError as error:
            raise HistoryGoneError(f"Gmail no longer keeps the history since {since}") from error

    async def recent(self, days: int) -> AsyncIterator[tuple[Listed, ...]]:
        token, query = None, f"newer_than:{days}d -in:sent -in:drafts"
        while True:
            page = await self._search(query, token)
            with _read():
                listed = tuple(Listed(str(row["id"])) for row in page.get("messages", []))
                token = page.get("nextPageToken")
            yield listed
            if not token:
                return

    async def _search(self, query: str, token: str | None) -> dict[str, Any]:
        return await self._api.call(
            lambda gmail: gmail.users().messages().list(userId=ME, q=query, pageToken=token, maxResults=LARGEST_PAGE)
        )

    async def fetch(self, message_id: str) -> MailboxMessage:
        try:
            told = await self._api.call(
                lambda gmail: gmail.users().messages().get(userId=ME, id=message_id, format="raw")
            )
        except GmailNotFoundError as error:
            raise MessageGoneError(f"message {message_id} is no longer there") from error
        with _read():
            return MailboxMessage(
                id=str(told["id"]),
                thread_id=str(told["threadId"]),
                labels=frozenset(told.get("labelIds", ())),
                raw=base64.urlsafe_b64decode(told["raw"] + "=" * (-len(told["raw"]) % 4)),
                received_at=_instant(told["internalDate"]),
            )


@contextmanager
def _read() -> Iterator[None]:
    """An answer that is not what Google documents is the provider's failure, not ours."""
    try:
        yield
    except UNREADABLE as error:
        raise ChannelError(f"Gmail's answer could not be read ({type(error).__name__})") from error


def _came_in(record: dict[str, Any]) -> list[Listed]:
    """The messages that one history record puts before us."""
    added = [row["message"] for row in record.get("messagesAdded", [])]
    shown = [row["message"] for row in record.get("labelsRemoved", []) if HIDDEN & set(row.get("labelIds", ()))]
    return [Listed(str(message["id"]), _labels(message)) for message in (*added, *shown)]


def _labels(message: dict[str, Any]) -> frozenset[str] | None:
    return frozenset(message["labelIds"]) if "labelIds" in message else None


def _instant(milliseconds: str) -> datetime:
    """Gmail writes instants as milliseconds since 1970, in text."""
    return datetime.fromtimestamp(int(milliseconds) / 1000, UTC)
