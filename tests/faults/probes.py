"""What callers of every kind hear from each replica while the database is away, asked again and again."""

import asyncio
import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Any
from urllib.parse import urlencode

import httpx2

from app.domain.twilio_signature import signature
from tests.api import pushing
from tests.faults.mixed_load import API, WEBHOOK, signed
from tests.faults.pushed_clinic import believing
from tests.peers.google_keys import GoogleKeys

TWILIO_TOKEN = "a-twilio-token-of-tests"
TWILIO_PATH = f"{API}/webhooks/twilio/message"
PATIENCE_SECONDS = 90.0
PAUSE_SECONDS = 0.7

Request = dict[str, Any]


def settings_for(keys: GoogleKeys) -> dict[str, str]:
    """What a server must know to believe these callers."""
    return believing(keys.url) | {"TWILIO_AUTH_TOKEN": TWILIO_TOKEN}


@dataclass(frozen=True, slots=True)
class Heard:
    """One answer: status 0 where there was none; times are `time.monotonic()`."""

    kind: str
    replica: int
    began: float
    ended: float
    status: int
    retry_after: str | None

    @property
    def seconds(self) -> float:
        return self.ended - self.began


@dataclass
class Probes:
    """One caller of each kind at each replica. What they hand over is remembered by its provider's id."""

    base_urls: list[str]
    staff: dict[str, str]
    keys: GoogleKeys
    heard: list[Heard] = field(default_factory=list)
    handed_over: set[str] = field(default_factory=set)
    acknowledged: list[str] = field(default_factory=list)
    pause: float = PAUSE_SECONDS
    over: asyncio.Event = field(default_factory=asyncio.Event)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def start(self) -> None:
        kinds = {
            "live": _get("/health/live"),
            "ready": _get("/health/ready"),
            "page": _get("/book", Accept="text/html"),
            "public read": _get(f"{API}/services"),
            "staff page": _get("/staff/sign-in", Accept="text/html"),
            "staff read": _get(f"{API}/admin/campaigns", **self.staff),
            "incoming message": _incoming,
            "gmail push": self._push,
            "twilio": self._twilio,
            "booking": _booking,
        }
        for replica, url in enumerate(self.base_urls):
            for kind, make in kinds.items():
                self._tasks.append(asyncio.create_task(self._ask(replica, url, kind, make)))

    async def stop(self) -> None:
        self.over.set()
        await asyncio.gather(*self._tasks)

    async def _ask(self, replica: int, url: str, kind: str, make: Callable[[], Request]) -> None:
        async with httpx2.AsyncClient(base_url=url, timeout=PATIENCE_SECONDS) as http:
            while not self.over.is_set():
                request, began = make(), monotonic()
                identity: str = request.pop("identity", "")
                self.handed_over.add(identity)
                try:
                    answer = await http.request(**request)
                except httpx2.TransportError:
                    self.heard.append(Heard(kind, replica, began, monotonic(), 0, None))
                else:
                    told = answer.headers.get("Retry-After")
                    self.heard.append(Heard(kind, replica, began, monotonic(), answer.status_code, told))
                    if identity and answer.is_success:
                        self.acknowledged.append(identity)
                await asyncio.sleep(self.pause)

    def _push(self) -> Request:
        """A push of Pub/Sub's with a token that the key server vouches for."""
        identity, now = uuid.uuid4().hex, int(time.time())
        claims = {
            "iss": "https://accounts.google.com",
            "aud": pushing.AUDIENCE,
            "sub": "1",
            "email": pushing.ACCOUNT,
            "email_verified": True,
            "iat": now - 60,
            "exp": now + 3_000,
        }
        headers = {"Authorization": f"Bearer {self.keys.key.sign(claims)}"}
        body = pushing.push(identity)
        return {"method": "POST", "url": pushing.URL, "json": body, "headers": headers, "identity": identity}

    def _twilio(self) -> Request:
        """A text message of somebody new, with Twilio's signature over the public address."""
        identity = f"SM{uuid.uuid4().hex}"
        sender = f"+1202555{uuid.uuid4().int % 10_000:04d}"
        form = {"MessageSid": identity, "From": sender, "To": "+12025550100", "Body": f"Hello {identity}"}
        mark = signature(TWILIO_TOKEN, f"{self.base_urls[0]}{TWILIO_PATH}", list(form.items()))
        headers = {"X-Twilio-Signature": mark, "Content-Type": "application/x-www-form-urlencoded"}
        body = urlencode(form).encode()
        return {"method": "POST", "url": TWILIO_PATH, "content": body, "headers": headers, "identity": identity}


def _get(path: str, **headers: str) -> Callable[[], Request]:
    return lambda: {"method": "GET", "url": path, "headers": headers}


def _incoming() -> Request:
    identity = uuid.uuid4().hex
    body = {"channel": "email", "thread_id": identity, "external_id": identity, "from": "stranger@example.com"}
    raw = json.dumps(body | {"message_content": f"Hello {identity}"}).encode()
    return {"method": "POST", "url": WEBHOOK, "identity": identity, **signed(raw)}


def _booking() -> Request:
    """By nobody whom the clinic knows: a refusal (404) while all is well, and nothing to clean up."""
    body = {"name": "No Body", "email": "nobody@example.com", "service_name": "checkup"}
    body["appointment_date"] = f"{time.gmtime().tm_year + 1}-01-20T15:00:00Z"
    return {"method": "POST", "url": f"{API}/appointments/book", "json": body}
