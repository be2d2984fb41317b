"""Gmail's drafts as the outbox knows them: the handle `<draft>/<thread>`, and those of ours that lie in the mailbox."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

from app.channels.base import ChannelError
from app.channels.drafting import KeptDraft
from app.channels.gmail_search import OUTBOX_ID, header_of, show
from app.channels.google_api import ME, GmailApi
from app.channels.google_errors import GmailNotFoundError

LARGEST_PAGE = 500


def handle_of(draft: dict[str, Any]) -> str:
    """The draft's id, which can be sent once, and its thread's, where the sent message is found for certain."""
    try:
        return f"{draft['id']}/{draft['message']['threadId']}"
    except (LookupError, TypeError) as error:
        raise ChannelError("Gmail's answer names no draft") from error


def read_handle(handle: str) -> tuple[str, str]:
    """The draft's id and its thread's."""
    draft_id, _, thread_id = handle.partition("/")
    return draft_id, thread_id


async def list_drafts(api: GmailApi) -> AsyncIterator[KeptDraft]:
    """Every draft of the mailbox that bears an outbox id."""
    token: str | None = None
    while True:
        page = await _page(api, token)
        for draft in page.get("drafts", []):
            if kept := await _read(api, draft):
                yield kept
        token = page.get("nextPageToken")
        if not token:
            return


async def _page(api: GmailApi, token: str | None) -> dict[str, Any]:
    return await api.call(
        lambda gmail: gmail.users().drafts().list(userId=ME, maxResults=LARGEST_PAGE, pageToken=token)
    )


async def _read(api: GmailApi, draft: dict[str, Any]) -> KeptDraft | None:
    try:
        shown = await show(api, draft["message"]["id"])
    except GmailNotFoundError:
        return None  # sent meanwhile
    outbox_id = header_of(shown, OUTBOX_ID)
    if outbox_id is None:
        return None
    made_at = datetime.fromtimestamp(int(shown["internalDate"]) / 1000, UTC)
    return KeptDraft(handle=handle_of(draft), outbox_id=outbox_id, made_at=made_at)
