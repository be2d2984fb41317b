"""A Context connected to the Gmail peer, and patients' mail as it comes off the wire."""

from email.message import EmailMessage
from itertools import count
from pathlib import Path
from typing import Any

from app.bootstrap import build_context
from app.context import Context
from app.database.connection import Database
from app.jobs import outbox, outreach
from app.models.campaigns import Campaign
from app.models.enums import ChannelType
from app.models.outbox import OutboundMessage
from app.services import campaigns, launching
from app.settings import ChannelChoice, Settings
from tests.conftest import Clock
from tests.factories import make_due_patient
from tests.peers.gmail import ADDRESS, GmailPeer
from tests.services import stage

_numbers = count(1)
TOPIC = "projects/clinic-project/topics/gmail"


def gmail_environment(peer: GmailPeer, folder: Path) -> dict[str, str]:
    """The settings that connect the product to the peer, as environment variables."""
    file = folder / "google-credentials.json"
    file.write_text(peer.authorized_user_json())
    return {
        "CHANNEL_EMAIL": "gmail",
        "GMAIL_MAILBOX": ADDRESS,
        "GOOGLE_CREDENTIALS_FILE": str(file),
        "GMAIL_API_URL": peer.url,
        "GMAIL_PUBSUB_TOPIC": TOPIC,
        "GMAIL_SENDS_PER_SECOND": "1000",
    }


def connected(
    settings: Settings, database: Database, clock: Clock, peer: GmailPeer, folder: Path, *, topic: str = TOPIC
) -> Context:
    """The Context whose e-mail goes through the peer; the peer's mailbox keeps the same time."""
    environment = gmail_environment(peer, folder)
    changes = {
        "channel_email": ChannelChoice.GMAIL,
        "gmail_mailbox": ADDRESS,
        "google_credentials_file": Path(environment["GOOGLE_CREDENTIALS_FILE"]),
        "gmail_api_url": peer.url,
        "gmail_pubsub_topic": topic,
        "gmail_sends_per_second": 1_000.0,
    }
    set_time(peer, clock)
    return stage.speaking(build_context(settings.model_copy(update=changes), database, now=clock))


def set_time(peer: GmailPeer, clock: Clock) -> None:
    """Let the mailbox's clock show what ours does."""
    peer.admin("habits", now=clock().timestamp())


def mail(text: str = "Yes please", *, sender: str = "pat@example.net", subject: str = "Hello", **headers: str) -> bytes:
    """One plain mail to the clinic; `In_Reply_To="<1@x>"` becomes a header of that name."""
    message = EmailMessage()
    message["From"] = f"Pat Example <{sender}>"
    message["To"] = ADDRESS
    message["Subject"] = subject
    if "Message_ID" not in headers:
        message["Message-ID"] = f"<{next(_numbers)}@mail.example.net>"
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message.as_bytes()


def reply(row: OutboundMessage, text: str = "Yes please", **headers: str) -> bytes:
    """The patient's answer to a message of ours, as a mail program writes it."""
    assert row.message_id is not None
    named = {"In_Reply_To": row.message_id, "References": row.message_id}
    return mail(text, **({"sender": row.to, "subject": f"Re: {row.subject}"} | named | headers))


async def written_by_mail(ctx: Context, **patient: Any) -> tuple[Campaign, OutboundMessage]:
    """A campaign whose first attempt has left through Gmail, and that message (the clinic must exist)."""
    due = await make_due_patient(ctx, **{"preferred_channel": [ChannelType.EMAIL]} | patient)
    await launching.launch_due(ctx)
    await outreach.send_due_follow_ups(ctx)
    await outbox.drain(ctx)
    campaign = await stage.campaign_of(due.id)
    [row] = await stage.rows(campaign_id=campaign.id)
    return await campaigns.get(campaign.id), row
