"""Knowledge articles: the only source that the agent may answer from."""

from typing import Any, ClassVar

from beanie import PydanticObjectId
from pydantic import AwareDatetime, Field
from pymongo import TEXT, IndexModel

from app.models.base import Record


class KnowledgeArticle(Record):
    title: str
    body: str
    tags: list[str] = Field(default_factory=list)
    is_published: bool = True
    version: int = 1
    updated_by: PydanticObjectId | None = None
    created_at: AwareDatetime
    updated_at: AwareDatetime

    class Settings:
        name = "knowledge_articles"
        indexes: ClassVar[list[IndexModel]] = [
            IndexModel(
                [("title", TEXT), ("tags", TEXT), ("body", TEXT)],
                name="words",
                weights={"title": 6, "tags": 4, "body": 1},
                default_language="english",
            ),
        ]

    @classmethod
    async def search(cls, question: str, *, limit: int) -> list[dict[str, Any]]:
        """Published articles that share words with the question, best first; each raw document carries `score`."""
        return (
            await cls.collection()
            .find(
                {"$text": {"$search": question}, "is_published": True},
                {"score": {"$meta": "textScore"}, "title": 1, "body": 1},
            )
            .sort([("score", {"$meta": "textScore"})])
            .limit(limit)
            .to_list()
        )
