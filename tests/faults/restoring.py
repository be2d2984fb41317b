"""Backups of a test's database, in two ways: as `mongodump` and `mongorestore` make them, and as a snapshot does.

Neither tool comes with the mongod of the tests. A copy of every document into collections that are made anew is what
they do; documents put back into the same collections are what a snapshot of the files does.
"""

from typing import Any

from app.database.connection import Database, connect
from app.models.registry import bind_documents

Backup = dict[str, list[dict[str, Any]]]


async def back_up(database: Database) -> Backup:
    """Every document as it stands now."""
    names = await database.handle.list_collection_names()
    return {name: [raw async for raw in database.handle[name].find()] for name in names}


async def restore_copy(uri: str, name: str, backup: Backup) -> Database:
    """A fresh database with these documents, as `mongorestore` leaves it, bound and with its indexes."""
    database = connect(uri, name)
    await _fill(database, backup)
    await bind_documents(database.handle, build_indexes=True)
    return database


async def put_back(database: Database, backup: Backup) -> None:
    """The same collections with what they held then, as after a snapshot of the files."""
    for name in await database.handle.list_collection_names():
        await database.handle[name].delete_many({})
    await _fill(database, backup)


async def _fill(database: Database, backup: Backup) -> None:
    for name, documents in backup.items():
        if documents:
            await database.handle[name].insert_many(documents)
