"""Cursors of long lists: where a page ends, as opaque text in an address (speed.md).

An address ends up in logs, so a cursor holds ids and instants, never a name.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from beanie import PydanticObjectId
from bson.errors import InvalidId

from app.errors import InvalidInputError
from app.models.base import LONG_AGO

MILLISECOND = timedelta(milliseconds=1)


def pack(*parts: object) -> str:
    """Parts as one cursor; none of them may hold a dot."""
    return urlsafe_b64encode(".".join(str(part) for part in parts).encode()).decode().rstrip("=")


def unpack(cursor: str) -> list[str]:
    """The parts again. Raises ValueError for what no `pack` made."""
    return urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii").split(".")


@contextmanager
def only_ours() -> Iterator[None]:
    """Reading a cursor: whatever does not fit is InvalidInputError (422), for we did not make it."""
    try:
        yield
    except (ValueError, OverflowError, IndexError, InvalidId) as error:
        raise InvalidInputError("This cursor is not valid. Start again from the first page.") from error


def millis_of(moment: datetime) -> int:
    """Milliseconds since 1970, as the database keeps an instant."""
    return (moment - LONG_AGO) // MILLISECOND


def instant_of(millis: str) -> datetime:
    return LONG_AGO + int(millis) * MILLISECOND


def newest_first(at: datetime, identifier: object) -> str:
    """The cursor behind a row of a list by `at`, then `_id`, both descending."""
    return pack(millis_of(at), identifier)


def behind(cursor: str) -> dict[str, Any]:
    """The clause that goes on behind such a cursor: one index range. Raises InvalidInputError."""
    with only_ours():
        millis, identifier = unpack(cursor)
        at, last = instant_of(millis), PydanticObjectId(identifier)
    return {"at": {"$lte": at}, "$or": [{"at": {"$lt": at}}, {"_id": {"$lt": last}}]}
