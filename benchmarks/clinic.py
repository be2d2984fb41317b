"""What every benchmark stands on: a mongod set up for measuring, and the Context over a database of its own."""

import os
import platform
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pymongo
from beanie.odm.utils.dump import get_dict

from app.bootstrap import build_context
from app.context import Context
from app.database.connection import Database, connect
from app.models.base import Record
from app.models.registry import bind_documents
from app.settings import ChannelChoice, Environment, Settings, Switch

MORNING = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
"""Now: a Monday, 10:00 in New York."""

Raw = dict[str, Any]


SERVER_PARAMETERS = {
    # The embedded mongod keeps a cache for a small clinic: 100,000 patients would be measured fighting for it.
    "wiredTigerEngineRuntimeConfig": "cache_size=1GB",
    # Repetitions delete and write the same keys; keeping five minutes of their history would be measured too.
    "minSnapshotHistoryWindowInSeconds": 0,
}
"""What differs from the embedded mongod of the demo and the tests; the product and the floor both run on it."""


@asynccontextmanager
async def open_clinic(mongodb_uri: str, name: str) -> AsyncIterator[Context]:
    """The Context over an empty database with every index; nothing is ever sent."""
    database = connect(mongodb_uri, name)
    try:
        await database.client.drop_database(name)
        await bind_documents(database.handle, build_indexes=True)
        yield context_over(database)
    finally:
        await database.client.drop_database(name)
        await database.close()


def context_over(database: Database, *, now: datetime = MORNING) -> Context:
    """The Context of a benchmark; its clock stands still at `now`."""
    settings = Settings(
        _env_file=None,
        chairside_env=Environment.TEST,
        channel_email=ChannelChoice.NONE,
        channel_sms=ChannelChoice.NONE,
        channel_whatsapp=ChannelChoice.NONE,
        rate_limits=Switch.OFF,
        scheduler=Switch.OFF,
    )
    return build_context(settings, database, now=lambda: now)


def stored(record: Record) -> Raw:
    """The record exactly as an insert through Beanie would store it."""
    raw: Raw = get_dict(record, to_db=True, keep_nulls=record.get_settings().keep_nulls)
    return raw


async def prepare_server(mongodb_uri: str) -> str:
    """Set the server up for measuring; returns the machine's description: cores, versions, how busy it is already."""
    database = connect(mongodb_uri, "admin")
    try:
        await database.handle.command({"setParameter": 1} | SERVER_PARAMETERS)
        server = await database.client.server_info()
    finally:
        await database.close()
    return (
        f"{os.cpu_count()} cores (load {os.getloadavg()[0]:.1f}), {platform.system()} {platform.machine()}, "
        f"MongoDB {server['version']} (one-node replica set), "
        f"Python {platform.python_version()}, PyMongo {pymongo.version}"
    )
