"""Claim: a signed message is acknowledged within 3 times the bare majority insert of its event (p50).

Measured is POST /api/v1/webhooks/incoming-message, from the first byte sent to the last one received, over one kept
connection to a real uvicorn process: the signature is checked, the event is stored with majority, only then comes the
200. Floor: one raw majority insert of the same event under the same indexes, with PyMongo from this process. A text
message is the dearer case, for its sender's number is read in the clinic's region. Nothing works the inbox meanwhile.
"""

import http.client
import json
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from statistics import median

from beanie import PydanticObjectId
from pymongo.asynchronous.collection import AsyncCollection

from app.database.connection import MAJORITY, Database, connect
from app.models.enums import ChannelType
from app.models.inbox import InboundEvent
from app.security import sign_body
from benchmarks.clinic import Raw
from benchmarks.measure import Finding, Pairs, Report
from tests.server import INCOMING_SECRET, start_server

GOAL = 3.0
DATABASE = "bench_webhook"
PATH = "/api/v1/webhooks/incoming-message"
SENDERS = {ChannelType.SMS: "+12025550123", ChannelType.EMAIL: "mei.chen@example.com"}
TEXT = "Thanks for the reminder! Do you have anything next Thursday, ideally in the morning before ten?"

_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Inbox:
    """The same event by both ways: through the product, and straight into a collection with the same indexes."""

    http: http.client.HTTPConnection
    database: Database

    @property
    def twins(self) -> AsyncCollection[Raw]:
        return self.database.handle.get_collection("inbound_twins", write_concern=MAJORITY)

    async def post(self, body: bytes, signature: str) -> None:
        # Blocking on purpose: nothing else runs in this process, and an asynchronous client would add its own time.
        self.http.request("POST", PATH, body, {"X-Chairside-Signature": signature, "Content-Type": "application/json"})
        answer = self.http.getresponse()
        answer.read()
        assert answer.status == 200

    async def take_pairs(self, channel: ChannelType, messages: int) -> Pairs:
        pairs, example = Pairs(), await self._example(channel)
        for _ in range(messages):
            twin = example | {"_id": PydanticObjectId(), "event_id": f"twin-{next(_numbers)}"}
            await pairs.take(partial(self.post, *_signed_message(channel)), partial(self.twins.insert_one, twin))
        return pairs

    async def _example(self, channel: ChannelType) -> Raw:
        """A message of this channel exactly as the product stored it."""
        await self.post(*_signed_message(channel))
        events = self.database.handle[str(InboundEvent.Settings.name)]
        event = await events.find_one({"payload.channel": channel.value})
        assert event is not None
        return event


async def measure(mongodb_uri: str, *, quick: bool) -> Report:
    """Rounds of single messages, each paired with an insert; a round counts with its medians."""
    rounds, messages = (3, 40) if quick else (11, 80)
    found = {channel: Pairs() for channel in SENDERS}
    with (
        tempfile.TemporaryDirectory() as data_dir,
        start_server(mongodb_uri, Path(data_dir), MONGODB_DATABASE=DATABASE, LOG_LEVEL="ERROR") as server,
    ):
        database = connect(mongodb_uri, DATABASE)
        with closing(http.client.HTTPConnection("127.0.0.1", server.port)) as connection:
            inbox = Inbox(connection, database)
            await inbox.twins.create_indexes(InboundEvent.Settings.indexes)
            await inbox.take_pairs(ChannelType.SMS, messages)  # not kept: connections open, caches fill
            for channel in [*SENDERS] * rounds:
                pairs = await inbox.take_pairs(channel, messages)
                found[channel].add(product=median(pairs.product), floor=median(pairs.floor))
        await database.close()
    return Report(findings=[_finding(channel, pairs) for channel, pairs in found.items()])


def _finding(channel: ChannelType, pairs: Pairs) -> Finding:
    return Finding(name=f"webhook acknowledgement, p50 ({channel.value})", pairs=pairs, goal=GOAL)


def _signed_message(channel: ChannelType) -> tuple[bytes, str]:
    """A new message of this channel and its signature header (api.md section 3)."""
    number, sent = next(_numbers), int(time.time())
    message = {
        "channel": channel.value,
        "thread_id": f"thread-{number % 50}",
        "external_id": f"message-{number}",
        "from": SENDERS[channel],
        "message_content": TEXT,
    }
    body = json.dumps(message).encode()
    return body, f"t={sent},v1={sign_body(INCOMING_SECRET, timestamp=sent, body=body)}"
