"""Everything that happened to one patient in one list, newest first, page by page.

Each source reads one page from its own index behind the cursor, and the pages are merged: what is read does not grow
with the length of the history, but for the few campaigns that a patient can have (D-13).
"""

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta

from beanie import PydanticObjectId

from app.models.users import User
from app.services import cursors
from app.services import timeline_words as words
from app.services.timeline_sources import SOURCES, Place, Row

MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class TimelinePage:
    rows: list[Row]
    next_cursor: str | None


async def of_patient(patient_id: PydanticObjectId, *, limit: int, cursor: str | None = None) -> TimelinePage:
    """The newest rows, or those behind a cursor. Raises InvalidInputError for a cursor we did not make."""
    after = _read_cursor(cursor) if cursor else None
    pages = await asyncio.gather(*(source(patient_id, after, limit + 1) for source in SOURCES))
    found = sorted((row for page in pages for row in page), key=lambda row: row.place, reverse=True)
    rows = await _with_names(found[:limit])
    return TimelinePage(rows, _cursor(rows[-1].place) if len(found) > limit else None)


async def _with_names(rows: list[Row]) -> list[Row]:
    """The rows with people's names in place of `user:<id>`, by one read."""
    actors = {row.by.removeprefix("user:") for row in rows if row.by and row.by.startswith("user:")}
    ids = [PydanticObjectId(actor) for actor in actors if PydanticObjectId.is_valid(actor)]
    staff = {str(identifier): name for identifier, name in (await User.names_of(ids)).items()} if ids else {}
    return [replace(row, by=words.actor(row.by, staff)) if row.by else row for row in rows]


def _cursor(place: Place) -> str:
    return cursors.pack(cursors.millis_of(place.at), place.rank, place.tie, place.step)


def _read_cursor(cursor: str) -> Place:
    with cursors.only_ours():
        millis, rank, tie, step = cursors.unpack(cursor)
        at = cursors.instant_of(millis)
        return Place(at, range(len(SOURCES))[int(rank)], PydanticObjectId(tie), range(2**31)[int(step)])
