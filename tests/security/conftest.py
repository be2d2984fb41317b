"""The furnished clinic of tests/api, and a count of every document to show that a refusal wrote nothing."""

from collections.abc import Awaitable, Callable

import pytest

from app.database.connection import Database
from tests.api.conftest import House, house

__all__ = ["Census", "House", "census", "house"]

Census = Callable[[], Awaitable[dict[str, int]]]


@pytest.fixture
def census(database: Database) -> Census:
    """How many documents each collection holds now."""

    async def count() -> dict[str, int]:
        names = await database.handle.list_collection_names()
        return {name: await database.handle[name].count_documents({}) for name in sorted(names)}

    return count
