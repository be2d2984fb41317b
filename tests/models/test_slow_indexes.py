"""`chairside migrate` waits for an index as long as it takes: years of messages outlast the connection's patience."""

from datetime import UTC

import pytest
from pymongo import AsyncMongoClient
from pymongo.errors import NetworkTimeout

from app.database.connection import Database
from app.models.base import Raw
from app.models.registry import bind_documents, missing_indexes

IMPATIENT_MS = 1


async def test_an_index_may_take_longer_than_any_other_answer(mongodb_uri: str, database: Database) -> None:
    impatient: AsyncMongoClient[Raw] = AsyncMongoClient(
        mongodb_uri, tz_aware=True, tzinfo=UTC, socketTimeoutMS=IMPATIENT_MS, retryReads=False, retryWrites=False
    )
    name = "slow_indexes"
    try:
        with pytest.raises(NetworkTimeout):  # so impatient a client gets no answer to so much work
            await impatient[name].command({"aggregate": 1, "pipeline": SLOW, "cursor": {}})
        await bind_documents(impatient[name], build_indexes=True)
        assert await missing_indexes(database.client[name]) == []
    finally:
        await bind_documents(database.handle, build_indexes=False)
        await database.client.drop_database(name)
        await impatient.close()


SLOW: list[Raw] = [
    {"$documents": [{"numbers": {"$range": [0, 200_000]}}]},
    {"$unwind": "$numbers"},
    {"$group": {"_id": "$numbers"}},
    {"$count": "found"},
]
"""Some hundred milliseconds of work for the server, without a document."""
