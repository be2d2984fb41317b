"""Restart three replicas one after the other under load, and print what became of every message.

`python -m scripts.rolling_restart [--sends 1500] [--deliveries 600]`. It starts everything it needs on loopback: three
mongod processes, three app processes, the round-robin, and a server that speaks Gmail's wire format.
"""

import argparse
import asyncio
import logging
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.faults.rolling import Outcome, rolling


def rows_of(found: Outcome) -> list[tuple[str, object]]:
    """What happened, one line each."""
    twice = sum(count > 1 for counted in (found.sent, found.events, found.said) for count in counted.values())
    return [
        ("seconds from the first message to the last", f"{found.seconds:.1f}"),
        ("seconds until each stopped replica had ended", ", ".join(f"{stop.seconds:.1f}" for stop in found.stops)),
        ("their exit codes", ", ".join(str(stop.code) for stop in found.stops)),
        ("seconds until its successor was taken in", ", ".join(f"{seconds:.1f}" for seconds in found.starts)),
        ("messages and events in hand or waiting at each stop", ", ".join(map(str, found.waiting_at_stop))),
        ("first messages sent", found.attempts_sent),
        ("answers sent", sum(found.answers.values())),
        ("webhook answers by status", dict(found.statuses)),
        ("connections that broke without an answer (delivered again)", dict(found.broken)),
        ("events stored", len(found.events)),
        ("messages of patients in conversations", len(found.said)),
        ("messages, events or mails that are there twice", twice),
        ("unfinished", found.unfinished),
        ("broken invariants", found.violations or "none"),
    ]


async def run(folder: Path, *, sends: int, deliveries: int) -> Outcome:
    async with rolling(folder, sends=sends, deliveries=deliveries) as group:
        return await group.run()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m scripts.rolling_restart", description=__doc__)
    parser.add_argument("--sends", type=int, default=1_500, help="first messages that wait in the outbox")
    parser.add_argument("--deliveries", type=int, default=600, help="messages of patients, by webhook")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.ERROR)
    with tempfile.TemporaryDirectory(prefix="chairside-") as folder:
        found = asyncio.run(run(Path(folder), sends=arguments.sends, deliveries=arguments.deliveries))
    table = Table(show_header=False, box=None)
    for name, value in rows_of(found):
        table.add_row(name, str(value))
    Console().print(table)


if __name__ == "__main__":
    main()
