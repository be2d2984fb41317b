"""A stored mail as Gmail's REST API shows it: minimal, metadata, full and raw (discovery document `gmail.v1`)."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from email.policy import compat32
from typing import Any

SNIPPET_CHARACTERS = 200


def b64url(raw: bytes) -> str:
    """URL-safe base64, as every `raw` and `data` of the API is written."""
    return base64.urlsafe_b64encode(raw).decode()


def from_b64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class StoredMail:
    """One message of the mailbox; `added_at` (seconds) is when the search index begins to learn of it."""

    id: str
    thread_id: str
    raw: bytes
    labels: list[str]
    internal_date: int
    history_id: int
    added_at: float
    parsed: Message = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.parsed = message_from_bytes(self.raw, policy=compat32)

    def header(self, name: str) -> str:
        return str(self.parsed.get(name, ""))

    def named(self) -> dict[str, Any]:
        return {"id": self.id, "threadId": self.thread_id}

    def labelled(self) -> dict[str, Any]:
        return self.named() | {"labelIds": list(self.labels)}

    def shown(self, form: str, *, headers: list[str]) -> dict[str, Any]:
        """The resource `Message` in one of Gmail's formats; 64-bit numbers are strings, as Google writes them."""
        base = self.labelled() | {
            "snippet": self._snippet(),
            "sizeEstimate": len(self.raw),
            "historyId": str(self.history_id),
            "internalDate": str(self.internal_date),
        }
        if form == "raw":
            return base | {"raw": b64url(self.raw)}
        if form == "minimal":
            return base
        wanted = {name.lower() for name in headers}
        if form == "metadata":
            return base | {
                "payload": {"mimeType": self.parsed.get_content_type(), "headers": _headers(self.parsed, wanted)}
            }
        return base | {"payload": _part(self.parsed, "")}

    def _snippet(self) -> str:
        for part in self.parsed.walk():
            if part.get_content_type() == "text/plain":
                return _payload(part).decode(errors="replace")[:SNIPPET_CHARACTERS]
        return ""


def _headers(part: Message, wanted: set[str]) -> list[dict[str, str]]:
    named = ((name, str(value)) for name, value in part.items())
    return [{"name": name, "value": value} for name, value in named if not wanted or name.lower() in wanted]


def _payload(part: Message) -> bytes:
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _part(part: Message, number: str) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "partId": number,
        "mimeType": part.get_content_type(),
        "filename": part.get_filename() or "",
        "headers": _headers(part, set()),
    }
    children = list(_children(part))
    if children:
        prefix = f"{number}." if number else ""
        parts = [_part(child, f"{prefix}{index}") for index, child in enumerate(children)]
        return shown | {"body": {"size": 0}, "parts": parts}
    content = _payload(part)
    return shown | {"body": {"size": len(content), "data": b64url(content)}}


def _children(part: Message) -> Iterator[Message]:
    inner = part.get_payload()
    if part.is_multipart() and isinstance(inner, list):
        yield from (child for child in inner if isinstance(child, Message))
