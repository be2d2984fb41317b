"""Pub/Sub inside the Gmail peer: pushes a notification to a URL with a signed token until it is acknowledged.

At least once and in no order, as Google promises: each one 1 to `copies` times, shuffled, repeated after a refusal.
"""

import base64
import json
import random
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx2

from tests.peers.google_keys import SigningKey

ACKNOWLEDGES = frozenset({102, 200, 201, 202, 204})
PUSHERS = 4


@dataclass
class Subscription:
    """Where pushes go. `hold` collects them until `release`; `drop` forgets them, as a lapsed watch would.

    `issued_at` and `expires_at` (epoch seconds) fix the token's times for a product under a virtual clock.
    """

    url: str = ""
    name: str = "projects/clinic-project/subscriptions/gmail"
    audience: str = ""
    account: str = "push@clinic-project.iam.gserviceaccount.com"
    copies: int = 1
    hold: bool = False
    drop: bool = False
    retry_after: float = 0.2
    timeout: float = 10.0
    issued_at: int | None = None
    expires_at: int | None = None


@dataclass
class Push:
    """One message of the topic; each of its deliveries carries the same id."""

    id: str
    data: bytes
    not_before: float = 0.0


@dataclass
class PubSub:
    """The topic, its one subscription and the threads that push. `answers` is what the endpoint said, in order."""

    key: SigningKey
    subscription: Subscription = field(default_factory=Subscription)
    held: list[Push] = field(default_factory=list)
    waiting: list[Push] = field(default_factory=list)
    in_flight: int = 0
    answers: list[tuple[str, int]] = field(default_factory=list)
    _numbers: int = 2_070_443_601_311_540
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _chance: random.Random = field(default_factory=lambda: random.Random(11))
    _is_closed: bool = False

    def start(self) -> None:
        for _ in range(PUSHERS):
            threading.Thread(target=self._push_for_ever, daemon=True).start()

    def close(self) -> None:
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def configure(self, **changes: Any) -> None:
        with self._changed:
            self.subscription = Subscription(**(vars(self.subscription) | changes))
            self._changed.notify_all()

    def publish(self, data: bytes) -> None:
        """Accept one message, unless the subscription drops or has nowhere to send it."""
        with self._changed:
            if self.subscription.drop or not self.subscription.url:
                return
            self._numbers += 1
            copies = self._chance.randint(1, max(1, self.subscription.copies))
            target = self.held if self.subscription.hold else self.waiting
            target.extend(Push(str(self._numbers), data) for _ in range(copies))
            self._changed.notify_all()

    def release(self) -> int:
        """Deliver what was held, shuffled; returns how many deliveries that is."""
        with self._changed:
            released, self.held = self.held, []
            self._chance.shuffle(released)
            self.waiting.extend(released)
            self._changed.notify_all()
            return len(released)

    def state(self) -> dict[str, Any]:
        with self._changed:
            return {
                "held": len(self.held),
                "waiting": len(self.waiting) + self.in_flight,
                "answers": list(self.answers),
                "acknowledged": sorted({name for name, status in self.answers if status in ACKNOWLEDGES}),
            }

    def _push_for_ever(self) -> None:
        with httpx2.Client() as http:
            while (push := self._next()) is not None:
                status = self._deliver(http, push)
                with self._changed:
                    self.in_flight -= 1
                    self.answers.append((push.id, status))
                    if status not in ACKNOWLEDGES:
                        push.not_before = time.monotonic() + self.subscription.retry_after
                        self.waiting.append(push)
                    self._changed.notify_all()

    def _next(self) -> Push | None:
        with self._changed:
            while not self._is_closed:
                due = [p for p in self.waiting if p.not_before <= time.monotonic()]
                if due:
                    self.waiting.remove(due[0])
                    self.in_flight += 1
                    return due[0]
                self._changed.wait(0.05 if self.waiting else None)
            return None

    def _deliver(self, http: httpx2.Client, push: Push) -> int:
        """The endpoint's status; 0 when it could not be reached."""
        headers = {"Authorization": f"Bearer {self.token()}"}
        url, timeout = self.subscription.url, self.subscription.timeout
        try:
            return http.post(url, json=self.envelope(push), headers=headers, timeout=timeout).status_code
        except httpx2.HTTPError:
            return 0

    def envelope(self, push: Push) -> dict[str, Any]:
        """The body of a push (Pub/Sub, "wrapped" payload)."""
        published = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        message = {
            "data": base64.b64encode(push.data).decode(),
            "messageId": push.id,
            "message_id": push.id,
            "publishTime": published,
            "publish_time": published,
        }
        return {"message": message, "subscription": self.subscription.name, "deliveryAttempt": 1}

    def token(self) -> str:
        subscription, now = self.subscription, int(time.time())
        claims = {
            "iss": "https://accounts.google.com",
            "aud": subscription.audience or subscription.url,
            "sub": "113774264463038321964",
            "azp": "113774264463038321964",
            "email": subscription.account,
            "email_verified": True,
            "iat": subscription.issued_at or now - 60,
            "exp": subscription.expires_at or now + 3_540,
        }
        return self.key.sign(claims)


def notification(address: str, history_id: int) -> bytes:
    """What Gmail publishes: only that something changed, and the newest history id."""
    return json.dumps({"emailAddress": address, "historyId": history_id}).encode()
