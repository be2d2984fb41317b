"""Keeping knowledge articles: every text that an article ever had stays, in the transaction that replaces it."""

import re
from typing import Any

from beanie import PydanticObjectId

from app.context import Context
from app.domain.text_language import language_of
from app.errors import ConflictError, NotFoundError
from app.models.knowledge import WORDING, KnowledgeArticle, KnowledgeVersion
from app.services import audit

Fields = dict[str, Any]
LITERAL_SEARCH_FIELDS = ("title", "body", "tags")


class ArticleChangedError(ConflictError):
    """Somebody else wrote a newer version: load it and decide anew."""

    code = "ARTICLE_CHANGED"


async def get(article_id: PydanticObjectId) -> KnowledgeArticle:
    """One article. Raises NotFoundError."""
    article = await KnowledgeArticle.get(article_id)
    if article is None:
        raise NotFoundError("There is no article with this id.")
    return article


async def listed(
    *, q: str | None, tag: str | None, is_published: bool | None, skip: int, limit: int
) -> tuple[list[KnowledgeArticle], int]:
    """One page, last changed first, and how many there are; `q` is looked for as it is written, letter case aside."""
    query: Fields = {}
    if q:
        literal = {"$regex": re.escape(q), "$options": "i"}
        query["$or"] = [{field: literal} for field in LITERAL_SEARCH_FIELDS]
    if tag:
        query["tags"] = tag
    if is_published is not None:
        query["is_published"] = is_published
    page = KnowledgeArticle.find(query).sort("-updated_at", "-_id").skip(skip).limit(limit)
    return await page.to_list(), await KnowledgeArticle.find(query).count()


async def create(ctx: Context, *, actor: str, fields: Fields) -> KnowledgeArticle:
    """Store a new article with its audit row."""
    now = ctx.now()
    article = KnowledgeArticle(**fields, updated_by=_author(actor), created_at=now, updated_at=now)
    article.language = language_of(f"{article.title}\n{article.body}")

    async def write() -> KnowledgeArticle:
        await article.insert()
        await _record(ctx, article, "created", actor=actor)
        return article

    return await ctx.database.transaction(write)


async def change(
    ctx: Context, article_id: PydanticObjectId, *, fields: Fields, seen_version: int | None, actor: str
) -> KnowledgeArticle:
    """Write some fields; a new title, body or tags make a new version and keep the former one.

    Raises NotFoundError, or ArticleChangedError when `seen_version` is not the stored one.
    """

    async def write() -> KnowledgeArticle:
        article = await get(article_id)
        if seen_version is not None and seen_version != article.version:
            raise ArticleChangedError(f"This article is at version {article.version} now. Load it again.")
        was_published = article.is_published
        if _rewords(article, fields):
            await _reword(ctx, article, fields, actor=actor)
        article.is_published = fields.get("is_published", was_published)
        await article.save()
        if article.is_published is not was_published:
            await _record(ctx, article, "published" if article.is_published else "unpublished", actor=actor)
        return article

    return await ctx.database.transaction(write)


def _rewords(article: KnowledgeArticle, fields: Fields) -> bool:
    return any(name in fields and fields[name] != getattr(article, name) for name in WORDING)


async def _reword(
    ctx: Context, article: KnowledgeArticle, fields: Fields, *, actor: str, details: Fields | None = None
) -> None:
    """Keep the present text and put the new one in its place, inside the caller's transaction; the caller saves."""
    await KnowledgeVersion.of(article).insert()
    for name in WORDING:
        setattr(article, name, fields.get(name, getattr(article, name)))
    article.language = language_of(f"{article.title}\n{article.body}")
    article.version += 1
    article.updated_at, article.updated_by = ctx.now(), _author(actor)
    await _record(ctx, article, "restored" if details else "changed", actor=actor, details=details)


async def delete(ctx: Context, article_id: PydanticObjectId, *, actor: str) -> None:
    """Take an article away from the agent and the list; its last text is kept like every former one.

    Raises NotFoundError.
    """

    async def write() -> None:
        article = await get(article_id)
        await KnowledgeVersion.of(article).insert()
        await article.delete()
        await _record(ctx, article, "deleted", actor=actor)

    await ctx.database.transaction(write)


async def versions(article_id: PydanticObjectId) -> tuple[list[KnowledgeVersion], KnowledgeArticle | None]:
    """Every text, newest first, and the article itself unless it is deleted. Raises NotFoundError."""
    article = await KnowledgeArticle.get(article_id)
    kept = await KnowledgeVersion.kept_of(article_id)
    if article is None and not kept:
        raise NotFoundError("There is no article with this id.")
    return ([KnowledgeVersion.of(article), *kept] if article else kept), article


async def restore(ctx: Context, article_id: PydanticObjectId, *, version: int, actor: str) -> KnowledgeArticle:
    """Write a former text again, as a new version; a deleted article comes back as a draft that nobody is told.

    Raises NotFoundError for an unknown article or version.
    """

    async def write() -> KnowledgeArticle:
        kept, article = await versions(article_id)
        wanted = next((each for each in kept if each.version == version), None)
        if wanted is None:
            raise NotFoundError(f"This article has no version {version}.")
        wording = wanted.model_dump(include=set(WORDING))
        if article is None:
            return await _bring_back(ctx, kept[0], wording, version=version, actor=actor)
        if _rewords(article, wording):
            await _reword(ctx, article, wording, actor=actor, details={"restored_version": version})
            await article.save()
        return article

    return await ctx.database.transaction(write)


async def _bring_back(
    ctx: Context, last: KnowledgeVersion, wording: Fields, *, version: int, actor: str
) -> KnowledgeArticle:
    article = KnowledgeArticle(
        id=last.article_id,
        **wording,
        is_published=False,
        version=last.version + 1,
        updated_by=_author(actor),
        created_at=last.created_at,
        updated_at=ctx.now(),
        language=language_of(f"{last.title}\n{last.body}"),
    )
    await article.insert()
    await _record(ctx, article, "restored", actor=actor, details={"restored_version": version, "was_deleted": True})
    return article


def _author(actor: str) -> PydanticObjectId | None:
    return PydanticObjectId(actor.removeprefix("user:")) if actor.startswith("user:") else None


async def _record(
    ctx: Context, article: KnowledgeArticle, action: str, *, actor: str, details: Fields | None = None
) -> None:
    await audit.record(
        ctx,
        actor=actor,
        action=f"knowledge.{action}",
        document=("knowledge_article", article.id),
        details={"version": article.version} | (details or {}),
    )
