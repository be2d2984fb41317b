"""What a use case asks of the database: every command it sends, counted on a connection of its own."""

from collections import Counter
from typing import Any

from pymongo import AsyncMongoClient
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent
from pymongo.write_concern import WriteConcern
from rich import box
from rich.table import Table

from app.database.connection import Database

SESSION_COMMANDS = frozenset({"endSessions", "hello"})
"""The driver's own house-keeping, which no use case asks for."""


class RoundTrips(CommandListener):
    """The commands in the order of their first appearance, how often each was sent, and the time they took."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, str, bool]] = Counter()
        self.microseconds: Counter[tuple[str, str, bool]] = Counter()
        self._running: dict[int, tuple[str, str, bool]] = {}

    def started(self, event: CommandStartedEvent) -> None:
        if event.command_name in SESSION_COMMANDS:
            return
        target = event.command[event.command_name]
        in_transaction = event.command.get("autocommit") is False
        command = (event.command_name, target if isinstance(target, str) else "", in_transaction)
        self.counts[command] += 1
        self._running[event.request_id] = command

    def succeeded(self, event: CommandSucceededEvent) -> None:
        self._finish(event)

    def failed(self, event: CommandFailedEvent) -> None:
        self._finish(event)

    def _finish(self, event: CommandSucceededEvent | CommandFailedEvent) -> None:
        if command := self._running.pop(event.request_id, None):
            self.microseconds[command] += event.duration_micros

    def clear(self) -> None:
        self.counts.clear()
        self.microseconds.clear()

    @property
    def total(self) -> int:
        return self.counts.total()

    def as_table(self, title: str) -> Table:
        table = Table("command", "collection", "in the transaction", title=title, box=box.SIMPLE, title_justify="left")
        for number in ("round trips", "ms"):
            table.add_column(number, justify="right")
        for command, count in self.counts.items():
            name, collection, in_transaction = command
            milliseconds = f"{self.microseconds[command] / 1_000:.1f}"
            table.add_row(name, collection, "yes" if in_transaction else "", str(count), milliseconds)
        return table


def watched(mongodb_uri: str, name: str, listener: RoundTrips) -> Database:
    """A connection whose commands the listener sees; only for counting, for watching has its price."""
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(
        mongodb_uri, tz_aware=True, readConcernLevel="majority", event_listeners=[listener]
    )
    return Database(client=client, handle=client.get_database(name, write_concern=WriteConcern()))
