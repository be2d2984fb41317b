"""Gmail as the product talks to it, over real sockets: the peer, the API and the channel."""

import json
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from app.channels.base import OutgoingMessage
from app.channels.gmail import GmailChannel
from app.channels.google_api import GmailApi
from app.models.enums import ChannelType
from tests.conftest import Clock
from tests.peers.gmail import ADDRESS, GmailPeer, serve_gmail

PATIENT = "pat@example.net"


async def at_once() -> None:
    """A pace that lets everybody through."""


@pytest.fixture
def gmail_peer() -> Iterator[GmailPeer]:
    with serve_gmail() as running:
        yield running


@pytest.fixture
def credentials_file(gmail_peer: GmailPeer, tmp_path: Path) -> Path:
    return written(tmp_path / "gmail.json", gmail_peer.credentials()["authorized_user"])


def written(file: Path, content: Any) -> Path:
    file.write_text(json.dumps(content))
    return file


@pytest.fixture
def api(gmail_peer: GmailPeer, credentials_file: Path, clock: Clock) -> GmailApi:
    return GmailApi.open(credentials_file, mailbox=ADDRESS, now=clock, api_url=gmail_peer.url)


def channel_of(
    api: GmailApi,
    clock: Callable[[], datetime],
    *,
    pace: Callable[[], Awaitable[None]] = at_once,
    uses_drafts: bool = True,
) -> GmailChannel:
    return GmailChannel(api, mailbox=ADDRESS, now=clock, wait_for_turn=pace, uses_drafts=uses_drafts)


@pytest.fixture
def gmail(api: GmailApi, clock: Clock) -> GmailChannel:
    return channel_of(api, clock)


def mail(outbox_id: str = "65f0c0ffee0c0ffee0c0ffee", **changes: Any) -> OutgoingMessage:
    """A message to a patient, as the outbox would hand it over."""
    values: dict[str, Any] = {
        "outbox_id": outbox_id,
        "channel": ChannelType.EMAIL,
        "to": PATIENT,
        "subject": "Your next visit",
        "body": "Hi Pat,\n\nshall we plan a visit? https://crm.example.com/book?t=abc\n\nKind regards",
        "headers": {"X-Outbox-Id": outbox_id, "Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"},
        "unsubscribe_url": "https://crm.example.com/u/a-token",
        "sender_name": "Bright Smiles",
        "postal_address": "1 Main Street\nAlbany, NY 12207",
    }
    return OutgoingMessage(**(values | changes))
