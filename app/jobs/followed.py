"""Work on a row under the correlation id of what caused it, counted and told by one line: trust.md section 5.

So one id leads through the log from a webhook to the message that answers it (docs/how-to/watch-it.md).
"""

import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import structlog

from app.logging import get_logger
from app.metrics import INBOX_EVENTS, SEND_SECONDS, SENDS
from app.models.enums import ChannelType
from app.models.inbox import InboundEvent
from app.models.outbox import OutboundMessage

log = get_logger(__name__)

WAITS = "waits"
"""An event that a worker put back: its sender still writes, or its conversation is busy."""
OUTCOMES = ("sent", "withheld", "retried", "failed", "unknown")

for _channel in ChannelType:
    for _outcome in OUTCOMES:
        SENDS.labels(_channel.value, _outcome)  # told as 0 from the start: else the first one is no increase


@contextmanager
def followed(correlation_id: str) -> Iterator[None]:
    """Every line inside carries this id; the caller's own stays where a row is older than ids are."""
    with structlog.contextvars.bound_contextvars(**({"correlation_id": correlation_id} if correlation_id else {})):
        yield


async def worked(event: InboundEvent, work: Callable[[], Awaitable[str | None]]) -> str | None:
    """Work one event of the inbox; what became of it, None when it waits."""
    with followed(event.correlation_id):
        result = await work()
        INBOX_EVENTS.labels(event.source.value, result or WAITS).inc()
        write = log.info if result else log.debug
        write("inbox.event_worked", event_id=str(event.id), source=event.source.value, result=result or WAITS)
        return result


async def sent(row: OutboundMessage, send: Callable[[], Awaitable[str]]) -> str:
    """Try to send one message; what became of it."""
    began = time.perf_counter()
    with followed(row.correlation_id):
        outcome = await send()
        SENDS.labels(row.channel.value, outcome).inc()
        SEND_SECONDS.labels(row.channel.value).observe(time.perf_counter() - began)
        facts = {"outbox_id": str(row.id), "channel": row.channel.value, "kind": row.kind.value}
        log.info("outbox.message_worked", outcome=outcome, **facts)
        return outcome
