"""An e-mail as it came off the wire, read into what a person typed and what screening needs (trust.md 2.5 and 3).

Pure, and total: whatever the bytes, `read_mail` answers a `Mail` and raises nothing.
"""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import Message
from email.utils import parsedate_to_datetime
from itertools import islice

from app.channels.email_authentication import Authentication, verdict
from app.channels.email_charsets import header_text
from app.channels.email_parts import Parts, take_parts
from app.channels.email_reports import CalendarReply, bounce_of, calendar_answer
from app.domain.bounces import Bounce
from app.domain.message_text import take_apart

GMAIL = "mx.google.com"
"""How Gmail signs its own Authentication-Results."""

SCREENED_HEADERS = (
    "auto-submitted",
    "content-type",
    "delivered-to",
    "from",
    "list-id",
    "precedence",
    "return-path",
    "x-autoreply",
    "x-autoreply-from",
    "x-autorespond",
    "x-failed-recipients",
    "x-loop",
    "x-original-to",
    "x-outbox-id",
)
MAX_HEADER = 500
MAX_HEADERS = 300
MAX_REFERENCES = 100
MAX_RECIPIENTS = 50
_MESSAGE_ID = re.compile(r"<[^<>\s]{1,300}>")
_IN_BRACKETS = re.compile(r"<\s{0,5}([^<>\s@\"]{1,64}@[^<>\s@\"]{1,190})\s{0,5}>")
_BARE = re.compile(r"(?<![\w.+-])([^<>\s@,;:\"()]{1,64}@[^<>\s@,;:\"()]{1,190})")
_SEALED = re.compile(r"^-----BEGIN PGP MESSAGE-----", re.M)
_SIGNED_HEAD = re.compile(r"^-----BEGIN PGP SIGNED MESSAGE-----\r?\n(?:\w[^\r\n]{0,200}\r?\n){0,5}", re.M)
_SIGNED_TAIL = "-----BEGIN PGP SIGNATURE-----"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One e-mail, read. Message-IDs keep their angle brackets; addresses are in lower case; header keys too."""

    message_id: str | None = None
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    """Message-IDs of the thread, oldest first."""
    sender: str | None = None
    sender_name: str = ""
    to: tuple[str, ...] = ()
    subject: str = ""
    sent_at: datetime | None = None
    """What the sender's clock said, in UTC."""
    text: str = ""
    """The newest text a person typed and could see, at most 8,000 characters."""
    quoted: str = ""
    """What was cut from it: history, forwarded mail, signature; at most 8,000 characters."""
    attachments: tuple[str, ...] = ()
    """Names only; nothing is ever opened."""
    headers: dict[str, str] = field(default_factory=dict)
    """Those that screening reads; hand them on as `InboundMessage.headers`."""
    bounce: Bounce | None = None
    calendar_reply: CalendarReply | None = None
    authentication: Authentication = "none"
    """DMARC as the receiving server found it."""
    is_encrypted: bool = False

    @property
    def is_unverified(self) -> bool:
        """The sender is not who the mail says: nothing but a stop may be acted on (trust.md section 1, row 26)."""
        return self.authentication == "fail"


def read_mail(raw: bytes, *, authserv_id: str = GMAIL) -> Mail:
    """Read one RFC 5322 message of any quality; `authserv_id` is the receiving server whose verdict is believed."""
    try:
        parts = take_parts(raw)
        headers = _headers(parts.top)
    except Exception:  # noqa: BLE001 - the standard library answers hostile bytes with errors of any kind
        return Mail()
    return _read(parts, headers, authserv_id)


def _read(parts: Parts, headers: list[tuple[str, str]], authserv_id: str) -> Mail:
    newest = _first_of(headers)
    sender, is_one_person = _sender(headers)
    bodies = [_unsigned(body) for body in parts.bodies]
    is_sealed = parts.is_encrypted or any(_SEALED.search(body[:2_000]) for body in bodies)
    written = take_apart(*([] if is_sealed else bodies))
    screened = {name: newest[name][:MAX_HEADER] for name in SCREENED_HEADERS if name in newest}
    found = verdict(headers, sender=sender if is_one_person else None, authserv_id=authserv_id)
    return Mail(
        message_id=_first_id(newest.get("message-id", "")),
        in_reply_to=_first_id(newest.get("in-reply-to", "")),
        references=tuple(_MESSAGE_ID.findall(newest.get("references", "")))[-MAX_REFERENCES:],
        sender=sender,
        sender_name=_name(newest.get("from", "")),
        to=tuple(dict.fromkeys(_addresses(newest.get("to", ""))))[:MAX_RECIPIENTS],
        subject=newest.get("subject", "")[:MAX_HEADER],
        sent_at=_instant(newest.get("date", "")),
        text=written.text,
        quoted=written.quoted,
        attachments=tuple(parts.files),
        headers=screened,
        bounce=bounce_of(parts, headers=newest, sender=sender, text="\n".join(bodies)[:50_000]),
        calendar_reply=calendar_answer(parts.calendars),
        authentication=found,
        is_encrypted=is_sealed,
    )


def _headers(message: Message) -> list[tuple[str, str]]:
    """Every header, topmost first, as (lower-case name, decoded text of at most 10,000 characters)."""
    return [(name.lower(), header_text(str(value))) for name, value in islice(message.raw_items(), MAX_HEADERS)]


def _first_of(headers: list[tuple[str, str]]) -> dict[str, str]:
    """Of a header that stands twice, the topmost: a server adds above what the sender wrote."""
    return dict(reversed(headers))


def _sender(headers: list[tuple[str, str]]) -> tuple[str | None, bool]:
    """The address in From, and whether it is the only one: two hide who wrote."""
    senders = [value for name, value in headers if name == "from"]
    found = _addresses(senders[0]) if senders else []
    return (found[-1] if found else None), len(senders) == 1 and len(set(found)) == 1


def _addresses(value: str) -> list[str]:
    """Addresses in brackets, else bare ones; what stands in a display name is no address."""
    text = value[:5_000]
    return [found.lower() for found in _IN_BRACKETS.findall(text) or _BARE.findall(text)]


def _name(value: str) -> str:
    shown = value.partition("<")[0].strip().strip("\"'").strip()
    return shown[:200] if "<" in value else ""


def _first_id(value: str) -> str | None:
    found = _MESSAGE_ID.search(value)
    return found[0] if found else None


def _instant(value: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(value[:100])
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError, AttributeError):
        return None


def _unsigned(body: str) -> str:
    """Without the frame that PGP draws around a signed text."""
    if "-----BEGIN PGP SIGNED" not in body:
        return body
    return _SIGNED_HEAD.sub("", body).partition(_SIGNED_TAIL)[0]
