"""JSON of knowledge articles (api.md section 4)."""

from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints
from pydantic.config import JsonDict

from app.api.v1.schemas.pages import Pagination
from app.api.v1.schemas.types import Answer, Body, Flag, IdText, Line, LongText, MessageText, Zulu

ARTICLE_ID = "66f0c0ffee0123456789abcd"
AUTHOR_ID = "66f0c0ffee0123456789ab01"
VERSION: JsonDict = {
    "version": 2,
    "title": "Teeth whitening",
    "body": "Whitening costs 400 dollars and takes one hour.",
    "tags": ["price", "whitening"],
    "updated_by": AUTHOR_ID,
    "updated_at": "2026-11-20T15:00:00.000Z",
}
ARTICLE: JsonDict = {
    **VERSION,
    "article_id": ARTICLE_ID,
    "is_published": True,
    "created_at": "2026-10-01T15:00:00.000Z",
}


def _distinct(tags: list[str]) -> list[str]:
    return list(dict.fromkeys(tags))


def _not_given() -> Any:
    """The value of a field that was left out; `model_dump(exclude_unset=True)` never shows it."""
    return None


Tag = Annotated[Line, StringConstraints(max_length=60)]
Tags = Annotated[list[Tag], Field(max_length=30), AfterValidator(_distinct)]
Version = Annotated[int, Field(ge=1, le=1_000_000)]


class ArticleBody(Body):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "title": "Teeth whitening",
                "body": "Whitening costs 400 dollars and takes one hour.",
                "tags": ["price", "whitening"],
                "is_published": True,
            }
        }
    )

    title: Line
    body: LongText
    tags: Tags = Field(default_factory=list)
    is_published: Flag = True


class ArticleChangeBody(Body):
    """Only what is given changes. With `version`, the change is refused when somebody else was faster."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"body": "Whitening costs 420 dollars and takes one hour.", "version": 2}}
    )

    title: Line = Field(default_factory=_not_given)
    body: LongText = Field(default_factory=_not_given)
    tags: Tags = Field(default_factory=_not_given)
    is_published: Flag = Field(default_factory=_not_given)
    version: Version = Field(default_factory=_not_given)


class RestoreBody(Body):
    model_config = ConfigDict(json_schema_extra={"example": {"version": 1}})

    version: Version


class ArticleAnswer(Answer):
    model_config = ConfigDict(json_schema_extra={"example": ARTICLE})

    article_id: IdText
    title: str
    body: str
    tags: list[str]
    is_published: bool
    version: int
    updated_by: IdText | None
    created_at: Zulu
    updated_at: Zulu


class ArticleRow(Answer):
    """One line of the list; `excerpt` is how the text begins."""

    article_id: IdText
    title: str
    excerpt: str
    tags: list[str]
    is_published: bool
    version: int
    updated_at: Zulu


class ArticleListAnswer(Answer):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "pagination": {"total_items": 1, "total_pages": 1, "current_page": 1, "next_cursor": None},
                "articles": [
                    {
                        "article_id": ARTICLE_ID,
                        "title": "Teeth whitening",
                        "excerpt": "Whitening costs 400 dollars and takes one hour.",
                        "tags": ["price", "whitening"],
                        "is_published": True,
                        "version": 2,
                        "updated_at": "2026-11-20T15:00:00.000Z",
                    }
                ],
            }
        }
    )

    pagination: Pagination
    articles: list[ArticleRow]


class VersionRow(Answer):
    version: int
    title: str
    body: str
    tags: list[str]
    updated_by: IdText | None
    updated_at: Zulu


class VersionListAnswer(Answer):
    """Newest first. The first is the present text, unless the article is deleted."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"article_id": ARTICLE_ID, "is_deleted": False, "versions": [VERSION]}}
    )

    article_id: IdText
    is_deleted: bool
    versions: list[VersionRow]


class QuestionBody(Body):
    model_config = ConfigDict(json_schema_extra={"example": {"question": "How much does whitening cost?"}})

    question: Annotated[MessageText, StringConstraints(max_length=1_000)]


class PassageAnswer(Answer):
    """An article that was considered; `score` is how well its words fit the question, 0 to 1."""

    article_id: IdText
    title: str
    version: int
    score: float


class TryAnswer(Answer):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "answer": "Whitening costs 400 dollars and takes one hour.",
                "article_id": ARTICLE_ID,
                "confidence": 0.82,
                "version": 2,
                "passages": [{"article_id": ARTICLE_ID, "title": "Teeth whitening", "version": 2, "score": 0.87}],
            }
        }
    )

    answer: str | None
    article_id: IdText | None
    confidence: float
    version: int | None
    passages: list[PassageAnswer]
