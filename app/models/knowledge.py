"""Knowledge articles: the only source that the agent may answer from, and the texts that they had before."""

from typing import Any, ClassVar, Self

from beanie import PydanticObjectId
from pydantic import AwareDatetime, Field
from pymongo import ASCENDING, DESCENDING, TEXT, IndexModel

from app.models.base import Record, derived_id

WORDING = ("title", "body", "tags")
"""What makes a new version when it changes; publishing does not."""


class KnowledgeArticle(Record):
    title: str
    body: str
    tags: list[str] = Field(default_factory=list)
    is_published: bool = True
    version: int = 1
    updated_by: PydanticObjectId | None = None
    created_at: AwareDatetime
    updated_at: AwareDatetime
    """When this version was written."""

    class Settings:
        name = "knowledge_articles"
        indexes: ClassVar[list[IndexModel]] = [
            IndexModel(
                [("title", TEXT), ("tags", TEXT), ("body", TEXT)],
                name="words",
                weights={"title": 6, "tags": 4, "body": 1},
                default_language="english",
            ),
            IndexModel([("updated_at", DESCENDING), ("_id", DESCENDING)], name="by_update"),
        ]

    @classmethod
    async def search(cls, question: str, *, limit: int) -> list[dict[str, Any]]:
        """Published articles that share words with the question, best first; each raw document carries `score`."""
        return (
            await cls.collection()
            .find(
                {"$text": {"$search": question}, "is_published": True},
                {"score": {"$meta": "textScore"}, "title": 1, "body": 1, "version": 1},
            )
            .sort([("score", {"$meta": "textScore"})])
            .limit(limit)
            .to_list()
        )


class KnowledgeVersion(Record):
    """A text that an article had before it was changed or deleted. Never changed, never removed.

    `Interaction.sources` names articles: what a patient was told stays readable here, even when the article is gone.
    """

    article_id: PydanticObjectId
    version: int
    title: str
    body: str
    tags: list[str] = Field(default_factory=list)
    updated_by: PydanticObjectId | None = None
    created_at: AwareDatetime
    """When the article itself was created."""
    updated_at: AwareDatetime
    """When this version was written."""

    class Settings:
        name = "knowledge_versions"
        indexes: ClassVar[list[IndexModel]] = [
            IndexModel([("article_id", ASCENDING), ("version", DESCENDING)], name="one_row_per_version", unique=True),
        ]

    @classmethod
    def of(cls, article: KnowledgeArticle) -> Self:
        """The article's present text, ready to be kept; the same version always gets the same id."""
        return cls(
            id=derived_id("knowledge_version", article.id, article.version),
            article_id=article.id,
            **article.model_dump(include={*WORDING, "version", "updated_by", "created_at", "updated_at"}),
        )

    @classmethod
    async def kept_of(cls, article_id: PydanticObjectId) -> list[Self]:
        """Every former text of one article, newest first."""
        return await cls.find({"article_id": article_id}).sort("-version").to_list()
