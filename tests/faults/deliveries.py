"""A provider that delivers messages to the signed webhook, and again until it hears a 2xx, as Pub/Sub does."""

import json
import random
import time
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx2

from app.models.enums import ChannelType
from tests.api.signing import signature

URL = "/api/v1/webhooks/incoming-message"
SENDERS = 8
TWICE = 0.1
"""Of the messages that were acknowledged: providers deliver at least once."""
AGAIN_AFTER_SECONDS = 0.2
GIVES_UP_AFTER_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message: the provider's id of it, its thread, who wrote it and what."""

    number: str
    thread: str
    sender: str
    text: str

    @property
    def body(self) -> bytes:
        message = {
            "channel": ChannelType.EMAIL.value,
            "thread_id": self.thread,
            "external_id": self.number,
            "from": self.sender,
            "message_content": self.text,
        }
        return json.dumps(message).encode()


@dataclass
class Provider:
    """What it was answered: `statuses` by code, and `broken` connections without an answer."""

    base_url: str
    statuses: Counter[int] = field(default_factory=Counter)
    broken: Counter[str] = field(default_factory=Counter)
    acknowledged: list[str] = field(default_factory=list)
    chance: random.Random = field(default_factory=lambda: random.Random(1))

    def deliver(self, messages: Iterable[Delivery]) -> None:
        """Everything, from several connections at once; returns when each was acknowledged."""
        with ThreadPoolExecutor(SENDERS) as senders:
            list(senders.map(self._deliver_one, messages))

    def _deliver_one(self, message: Delivery) -> None:
        twice = self.chance.random() < TWICE
        for _ in range(2 if twice else 1):
            self._until_acknowledged(message)
        self.acknowledged.append(message.number)

    def _until_acknowledged(self, message: Delivery) -> None:
        deadline = time.monotonic() + GIVES_UP_AFTER_SECONDS
        while not self._post(message):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{message.number} was never acknowledged")
            time.sleep(AGAIN_AFTER_SECONDS)

    def _post(self, message: Delivery) -> bool:
        headers = signature(message.body, at=datetime.now(UTC))
        try:
            answer = httpx2.post(f"{self.base_url}{URL}", content=message.body, headers=headers, timeout=20)
        except httpx2.TransportError as error:
            self.broken[type(error).__name__] += 1
            return False
        self.statuses[answer.status_code] += 1
        return answer.is_success
