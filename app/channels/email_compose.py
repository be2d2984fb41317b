"""A frozen message as an e-mail: text and HTML with the same footer, one recipient, its thread and its calendar file.

Pure: the same message at the same time makes the same mail, but for the marks between its parts (trust.md 4.4, 4.5).
"""

from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from app.channels.base import OutgoingMessage
from app.channels.email_headers import MAIL, one_line, recipient, write_own, write_thread, write_unsubscribe
from app.models.outbox import Attachment

TEMPLATES = Path(__file__).parent / "templates"
DEFAULT_LANGUAGE = "en"
STOP_WORDS = {
    "en": "Stop these messages",
    "fr": "Ne plus recevoir ces messages",
    "es": "No recibir más estos mensajes",
    "de": "Diese Nachrichten abbestellen",
}
"""By the language of the header Content-Language."""

_environment = Environment(
    loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)


def compose(message: OutgoingMessage, *, mailbox: str, now: datetime) -> bytes:
    """The message as RFC 5322 bytes, sent by the clinic's mailbox at `now`.

    Raises RecipientRefusedError when `to` is not exactly one address.
    """
    mail = EmailMessage(policy=MAIL)
    sender = Address(addr_spec=mailbox)
    mail["From"] = Address(one_line(message.sender_name), addr_spec=mailbox)
    mail["To"] = recipient(message.to)
    mail["Subject"] = one_line(message.subject)
    mail["Date"] = now
    mail["Message-ID"] = message_id(message.outbox_id, domain=sender.domain)
    write_thread(mail, in_reply_to=message.in_reply_to, references=message.references)
    write_own(mail, message.headers)
    write_unsubscribe(mail, message.unsubscribe_url)
    _write_body(mail, message)
    return mail.as_bytes()


def message_id(outbox_id: str, *, domain: str) -> str:
    """The Message-ID that we propose; Gmail may write its own, so the real one is read back after sending."""
    return f"<{outbox_id}@{domain}>"


def footer_text(message: OutgoingMessage) -> str:
    """The end of the text: who writes, from which postal address, and how to stop it; empty when none is known.

    It begins with the mark of a signature, so that mail programs leave it out of an answer.
    """
    lines = _footer_lines(message)
    if message.unsubscribe_url:
        lines.append(f"{_stop_words(message)}: {message.unsubscribe_url}")
    return "\n".join(["-- ", *lines]) if lines else ""


def _footer_lines(message: OutgoingMessage) -> list[str]:
    address = [line.strip() for line in message.postal_address.splitlines()]
    return [line for line in (one_line(message.sender_name), *address) if line]


def _language(message: OutgoingMessage) -> str:
    chosen = message.headers.get("Content-Language", DEFAULT_LANGUAGE).split("-")[0].lower()
    return chosen if chosen in STOP_WORDS else DEFAULT_LANGUAGE


def _stop_words(message: OutgoingMessage) -> str:
    return STOP_WORDS[_language(message)]


def _write_body(mail: EmailMessage, message: OutgoingMessage) -> None:
    footer = footer_text(message)
    text = _encodable(message.body.strip())
    mail.set_content(f"{text}\n\n{footer}\n" if footer else f"{text}\n")
    mail.add_alternative(_html(message, text), subtype="html")
    for invitation in filter(_is_calendar, message.attachments):
        method = _parameter(invitation.content_type, "method") or "PUBLISH"
        mail.add_alternative(_encodable(invitation.content), subtype="calendar", params={"method": method})
    for attachment in message.attachments:
        _attach(mail, attachment)


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _html(message: OutgoingMessage, text: str) -> str:
    """The body with its links made clickable. Everything is text, never markup: autoescape is on."""
    return _environment.get_template("message.html").render(
        language=_language(message),
        subject=one_line(message.subject),
        paragraphs=[paragraph.splitlines() for paragraph in text.split("\n\n") if paragraph.strip()],
        footer=_footer_lines(message),
        unsubscribe_url=message.unsubscribe_url,
        stop_words=_stop_words(message),
    )


def _attach(mail: EmailMessage, attachment: Attachment) -> None:
    """A file. An invitation is in the mail twice, as Google's own calendar writes it.

    Gmail and Outlook show "add to calendar" for a `text/calendar` alternative that names its method. A phone's mail
    program wants a file: that one is `application/ics`, because Outlook takes a second `text/calendar` for a second
    invitation.
    """
    kind = "application/ics" if _is_calendar(attachment) else attachment.content_type.partition(";")[0].strip().lower()
    maintype, _, subtype = kind.partition("/")
    content, name = _encodable(attachment.content).encode(), one_line(attachment.filename)
    mail.add_attachment(content, maintype=maintype, subtype=subtype or "octet-stream", filename=name)


def _is_calendar(attachment: Attachment) -> bool:
    return attachment.content_type.lower().startswith("text/calendar")


def _parameter(content_type: str, name: str) -> str | None:
    """`REQUEST` of `text/calendar; method=REQUEST; charset=utf-8`."""
    for each in content_type.split(";")[1:]:
        key, _, value = each.strip().partition("=")
        if key.lower() == name:
            return value.strip('" ')
    return None
