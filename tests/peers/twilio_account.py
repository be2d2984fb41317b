"""One Twilio account as the peer keeps it: its messages, who stopped it, and the documented errors of the real one."""

import json
import random
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

Json = dict[str, Any]
NUMBER = re.compile(r"(whatsapp:)?\+[1-9][0-9]{6,14}")
STOP_WORDS = frozenset("STOP STOPALL UNSUBSCRIBE CANCEL END QUIT".split())
LONGEST = 1_600


class RefusedError(Exception):
    """Twilio's error body, `{code, message, more_info, status}`."""

    def __init__(self, code: int, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status
        self.body = {
            "code": code,
            "message": message,
            "more_info": f"https://www.twilio.com/docs/errors/{code}",
            "status": status,
        }


@dataclass
class PeerMessage:
    """One message of the account, in or out."""

    sid: str
    direction: str
    sender: str
    to: str
    body: str
    status: str
    created_at: datetime
    callback: str | None = None
    error_code: int | None = None
    media: int = 0

    def as_json(self, account: str) -> Json:
        day = format_datetime(self.created_at)
        is_waiting = self.status in ("accepted", "queued", "scheduled")
        return {
            "account_sid": account,
            "api_version": "2010-04-01",
            "body": self.body,
            "date_created": day,
            "date_sent": None if is_waiting else day,
            "date_updated": day,
            "direction": self.direction,
            "error_code": self.error_code,
            "error_message": None,
            "from": self.sender,
            "messaging_service_sid": None,
            "num_media": str(self.media),
            "num_segments": "1",
            "price": None,
            "price_unit": "USD",
            "sid": self.sid,
            "status": self.status,
            "to": self.to,
            "uri": f"/2010-04-01/Accounts/{account}/Messages/{self.sid}.json",
        }


@dataclass
class Account:
    """Thread-safe by one lock. `now` is the account's clock."""

    sid: str = "AC0123456789abcdef0123456789abcdef"
    token: str = "the-auth-token-of-this-account"
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    messages: list[PeerMessage] = field(default_factory=list)
    stopped: set[tuple[str, str]] = field(default_factory=set)
    unreachable: dict[str, int] = field(default_factory=dict)
    """Numbers that are refused when a message is created, with the code."""
    templates: dict[str, str] = field(default_factory=dict)
    next_page_at: str = ""
    """Stands before the address of every next page."""
    windows_are_errors: bool = False
    """63016 in the answer to the request; otherwise as Twilio does it as a rule: in a callback."""
    lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def effects(self) -> list[PeerMessage]:
        """Every message that really went out."""
        with self.lock:
            return [message for message in self.messages if message.direction != "inbound"]

    def create(self, form: Mapping[str, str]) -> PeerMessage:
        """Raises RefusedError with the code of the real one."""
        to, sender = form.get("To", ""), form.get("From") or form.get("MessagingServiceSid", "")
        self._check(form, to, sender)
        with self.lock:
            message = PeerMessage(
                sid=f"SM{uuid4().hex}",
                direction="outbound-api",
                sender=sender,
                to=to,
                body=self._body(form),
                status="queued",
                created_at=self.now(),
                callback=form.get("StatusCallback"),
            )
            if to.startswith("whatsapp:") and "ContentSid" not in form and not self._wrote_lately(to):
                message.status, message.error_code = "failed", 63016
            self.messages.append(message)
        return message

    def _check(self, form: Mapping[str, str], to: str, sender: str) -> None:
        if not sender:
            raise RefusedError(21603, "A 'From' phone number is required.")
        if not NUMBER.fullmatch(to):
            raise RefusedError(21211, f"The 'To' number {to} is not a valid phone number.")
        if to in self.unreachable:
            raise RefusedError(self.unreachable[to], "The message cannot be sent to this number.")
        if (sender, to) in self.stopped:
            raise RefusedError(21610, "Attempt to send to unsubscribed recipient")
        if not form.get("Body") and form.get("ContentSid") not in self.templates:
            raise RefusedError(21602, "Message body is required.")
        if len(form.get("Body", "")) > LONGEST:
            raise RefusedError(21617, "The concatenated message body exceeds the 1600 character limit.")
        is_free = to.startswith("whatsapp:") and "ContentSid" not in form
        if self.windows_are_errors and is_free and not self._wrote_lately(to):
            raise RefusedError(63016, "Failed to send freeform message because you are outside the allowed window.")

    def _wrote_lately(self, number: str) -> bool:
        since = self.now() - timedelta(hours=24)
        return any(m.direction == "inbound" and m.sender == number and m.created_at > since for m in self.messages)

    def _body(self, form: Mapping[str, str]) -> str:
        if "ContentSid" not in form:
            return form["Body"]
        values = json.loads(form.get("ContentVariables", "{}"))
        wanted = self.templates[form["ContentSid"]]
        return re.sub(r"{{(\d+)}}", lambda match: str(values[match[1]]), wanted)

    def receive(self, *, sender: str, to: str, body: str, media: int = 0) -> PeerMessage:
        """A patient writes; a stop word is kept, as Twilio keeps it."""
        with self.lock:
            message = PeerMessage(f"SM{uuid4().hex}", "inbound", sender, to, body, "received", self.now(), media=media)
            self.messages.append(message)
            if body.strip().upper() in STOP_WORDS:
                self.stopped.add((to, sender))
            if body.strip().upper() in ("START", "UNSTOP"):
                self.stopped.discard((to, sender))
        return message

    def find(self, sid: str) -> PeerMessage:
        with self.lock:
            for message in self.messages:
                if message.sid == sid:
                    return message
        raise RefusedError(20404, "The requested resource was not found", 404)

    def page(self, query: Mapping[str, str], path: str) -> Json:
        """One page of a listing, newest first, with the address of the next."""
        with self.lock:
            fitting = [message for message in reversed(self.messages) if _fits(message, query)]
        size, number = int(query.get("PageSize", "50")), int(query.get("Page", "0"))
        shown = fitting[number * size : (number + 1) * size]
        more = len(fitting) > (number + 1) * size
        return {
            "messages": [message.as_json(self.sid) for message in shown],
            "page": number,
            "page_size": size,
            "next_page_uri": self.next_page_at + _next(query, path, number + 1, shown) if more else None,
        }


def _fits(message: PeerMessage, query: Mapping[str, str]) -> bool:
    day = message.created_at.date().isoformat() if message.as_json("")["date_sent"] else None
    holds = {
        "To": message.to == query.get("To"),
        "From": message.sender == query.get("From"),
        "DateSent": day == query.get("DateSent"),
        "DateSent>": day is not None and day >= query.get("DateSent>", ""),
        "DateSent<": day is not None and day <= query.get("DateSent<", ""),
    }
    return all(holds[name] for name in holds if name in query)


def _next(query: Mapping[str, str], path: str, number: int, shown: list[PeerMessage]) -> str:

    kept = {name: value for name, value in query.items() if name not in ("Page", "PageToken")}
    return f"{path}?{urlencode(kept | {'Page': number, 'PageToken': f'PA{shown[-1].sid}'})}"


def shuffled(statuses: list[str], *, seed: int, copies: int) -> list[str]:
    """Reports in another order, each up to `copies` times."""
    rng = random.Random(seed)
    repeated = [status for status in statuses for _ in range(rng.randint(1, copies))]
    rng.shuffle(repeated)
    return repeated
