"""What the clinic offers; the id is a slug that links and scripts may name."""

from typing import ClassVar

from beanie import Document
from pydantic import Field
from pymongo import ASCENDING, IndexModel
from pymongo.collation import Collation


class Service(Document):
    id: str = Field()  # type: ignore[assignment]  # Beanie types the id as optional; a service always has its slug
    name: str
    duration_minutes: int
    price: float | None = None
    buffer_before_minutes: int = 0
    buffer_after_minutes: int = 0
    is_public: bool = True

    class Settings:
        name = "services"
        indexes: ClassVar[list[IndexModel]] = [
            IndexModel(
                [("name", ASCENDING)],
                name="one_service_per_name",
                unique=True,
                collation=Collation(locale="en", strength=2),
            ),
        ]

    @classmethod
    async def offered_to_the_public(cls) -> list["Service"]:
        """What the booking site shows, by name."""
        return await cls.find({"is_public": True}).sort("name").to_list()

    @classmethod
    async def named(cls, wanted: str) -> "Service | None":
        """The service with this id, else with this name, letter case aside."""
        by_id = await cls.get(wanted)
        if by_id:
            return by_id
        raw = await cls.get_pymongo_collection().find_one(
            {"name": wanted}, collation=Collation(locale="en", strength=2)
        )
        return cls.model_validate(raw) if raw else None
