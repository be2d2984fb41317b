"""Knowledge articles: the only source that the agent may answer from, and the texts that they had before."""

from collections.abc import Iterable
from typing import Any, ClassVar, Literal, Self

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
    language: Literal["en", "es", "fr"] = "en"
    """Decides how the text index reads its words: MongoDB refuses a document whose language it does not know."""
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
    async def search(cls, words: str, *, languages: Iterable[str], limit: int) -> list[dict[str, Any]]:
        """Published articles that share words with the question, best first; raw documents of READ_FIELDS.

        The same words are looked up as each of the languages stems them: an index entry has its article's stems.
        """
        found: dict[Any, dict[str, Any]] = {}
        for language in languages:
            for row in await cls._search_as(language, words, limit):
                known = found.setdefault(row["_id"], row)
                known["score"] = max(known["score"], row["score"])
        return sorted(found.values(), key=lambda row: -row["score"])[:limit]

    @classmethod
    async def _search_as(cls, language: str, words: str, limit: int) -> list[dict[str, Any]]:
        query = {"$text": {"$search": words, "$language": language}, "is_published": True}
        fields = {"score": {"$meta": "textScore"}} | READ_FIELDS
        return (
            await cls.collection().find(query, fields).sort([("score", {"$meta": "textScore"})]).limit(limit).to_list()
        )

    @classmethod
    async def published(cls, *, limit: int) -> list[dict[str, Any]]:
        """Every published article as a raw document of READ_FIELDS, the newest first."""
        return (
            await cls.collection()
            .find({"is_published": True}, READ_FIELDS)
            .sort([("updated_at", DESCENDING), ("_id", DESCENDING)])
            .limit(limit)
            .to_list()
        )


READ_FIELDS: dict[str, Any] = dict.fromkeys(("title", "body", "tags", "version"), 1)
"""What an answer needs of an article."""


class KnowledgeVector(Record):
    """What a section of an article means to an embedding model, kept by content: a changed text gets a new one."""

    model: str
    content_hash: str
    """SHA-256 of the text, in hexadecimal."""
    vector: bytes
    """32-bit floats of length one, little-endian."""
    created_at: AwareDatetime

    class Settings:
        name = "knowledge_vectors"
        indexes: ClassVar[list[IndexModel]] = [
            IndexModel([("created_at", ASCENDING)], name="kept_ninety_days", expireAfterSeconds=90 * 24 * 3600),
        ]

    @classmethod
    async def kept(cls, ids: Iterable[PydanticObjectId]) -> dict[PydanticObjectId, bytes]:
        """The vectors that are known already, by id."""
        found = cls.collection().find({"_id": {"$in": list(ids)}}, {"vector": 1})
        return {row["_id"]: bytes(row["vector"]) async for row in found}


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
