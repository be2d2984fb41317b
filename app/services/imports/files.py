"""The file itself, in GridFS: any replica can work it, and it is deleted as soon as nobody needs it any more."""

from collections.abc import AsyncIterator

from beanie import PydanticObjectId
from gridfs.asynchronous import AsyncGridFSBucket
from gridfs.errors import NoFile

from app.context import Context

BUCKET = "patient_import_files"


def _bucket(ctx: Context) -> AsyncGridFSBucket:
    return AsyncGridFSBucket(ctx.database.handle, BUCKET)


async def store(ctx: Context, import_id: PydanticObjectId, chunks: AsyncIterator[bytes]) -> None:
    """Store the file while it arrives. When `chunks` fails half way, nothing of it stays."""
    stored = _bucket(ctx).open_upload_stream_with_id(import_id, f"{import_id}.csv")
    try:
        async for chunk in chunks:
            await stored.write(chunk)
    except BaseException:
        await stored.abort()
        raise
    await stored.close()


async def read(ctx: Context, import_id: PydanticObjectId) -> AsyncIterator[bytes]:
    """The file, a quarter of a megabyte at a time. Raises NoFile."""
    stored = await _bucket(ctx).open_download_stream(import_id)
    while chunk := await stored.readchunk():
        yield chunk


async def delete(ctx: Context, import_id: PydanticObjectId) -> None:
    """Also takes the pieces of a file whose upload was cut off; deleting nothing is no error."""
    try:
        await _bucket(ctx).delete(import_id)
    except NoFile:
        await ctx.database.handle[f"{BUCKET}.chunks"].delete_many({"files_id": import_id})
