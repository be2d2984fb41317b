"""Nothing that Gmail's libraries log shows a patient's address, a token or a message (trust.md fault 32)."""

import io
import logging
from collections.abc import Iterator

import pytest

from app.channels.base import ChannelError
from app.channels.gmail import GmailChannel
from app.logging import configure_logging
from tests.channels.conftest import mail
from tests.conftest import make_settings
from tests.peers.gmail import GmailPeer
from tests.peers.google_token import CLIENT_SECRET, REFRESH_TOKEN


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """Everything that is logged at DEBUG; the root logger is put back afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    configure_logging(make_settings(log_level="DEBUG"))
    handler, stream = root.handlers[0], io.StringIO()
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)


async def test_what_is_logged_at_debug(gmail: GmailChannel, gmail_peer: GmailPeer, written: io.StringIO) -> None:
    message = mail(to="flamingo@example.net", subject="pelican", body="cormorant")
    await gmail.send(message, handle=await gmail.draft(message))
    await gmail.find_sent(mail("a" * 24, to="flamingo@example.net"))
    for rule in ({"status": 403}, {"status": 429}, {"status": 500, "message": "flamingo@example.net"}):
        gmail_peer.fail({"kind": "status"} | rule)
        with pytest.raises(ChannelError):
            await gmail.find_sent(message)
    text = written.getvalue()
    for secret in ("flamingo", "pelican", "cormorant", "ya29.", CLIENT_SECRET, REFRESH_TOKEN):
        assert secret not in text, secret
