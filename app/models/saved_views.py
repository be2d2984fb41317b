"""Views of a list that somebody at the front desk keeps: filters under a name of their own."""

from typing import ClassVar

from beanie import PydanticObjectId
from pydantic import AwareDatetime
from pymongo import ASCENDING, IndexModel

from app.models.base import Record


class SavedView(Record):
    """`query` is the list's own query string; a searched name is never part of it."""

    user_id: PydanticObjectId
    room: str
    name: str
    query: str
    created_at: AwareDatetime

    class Settings:
        name = "saved_views"
        indexes: ClassVar[list[IndexModel]] = [
            IndexModel(
                [("user_id", ASCENDING), ("room", ASCENDING), ("name", ASCENDING)],
                name="one_view_per_name",
                unique=True,
            ),
        ]
