"""Knowledge articles, the only source of the agent's answers (api.md section 4)."""

from typing import Annotated

from fastapi import APIRouter, Query

from app.api.deps import ContextDep, Manager, Page, Reader, RecordId, actor_of
from app.api.idempotency import IdempotentRoute
from app.api.v1.schemas.errors import refusals
from app.api.v1.schemas.knowledge import (
    ArticleAnswer,
    ArticleBody,
    ArticleChangeBody,
    ArticleListAnswer,
    ArticleRow,
    PassageAnswer,
    QuestionBody,
    RestoreBody,
    TryAnswer,
    VersionListAnswer,
    VersionRow,
)
from app.api.v1.schemas.pages import pagination
from app.api.v1.schemas.types import Line, SearchWord
from app.models.knowledge import KnowledgeArticle
from app.services import articles, knowledge
from app.services.knowledge import Trial

EXCERPT_CHARS = 200

router = APIRouter(prefix="/admin/knowledge", tags=["knowledge"], route_class=IdempotentRoute)


@router.get("", summary="List the articles")
async def list_articles(
    _: Reader,
    page: Page,
    q: Annotated[
        SearchWord | None, Query(description="Stands in the title, the text or a tag, letter case aside")
    ] = None,
    tag: Annotated[Line | None, Query(description="Exactly this tag")] = None,
    is_published: Annotated[bool | None, Query(description="Only published ones, or only drafts")] = None,
) -> ArticleListAnswer:
    """Every role. The last changed first; each with the beginning of its text."""
    found, total = await articles.listed(q=q, tag=tag, is_published=is_published, skip=page.skip, limit=page.limit)
    return ArticleListAnswer(pagination=pagination(page, total), articles=[_row(article) for article in found])


@router.post("", status_code=201, summary="Add an article")
async def create_article(body: ArticleBody, user: Manager, ctx: ContextDep) -> ArticleAnswer:
    """Admin, manager. Published unless told otherwise: the agent answers from it from the next question on."""
    return _answer(await articles.create(ctx, actor=actor_of(user), fields=body.model_dump()))


@router.post("/try", summary="Try a question")
async def try_question(body: QuestionBody, _: Reader, ctx: ContextDep) -> TryAnswer:
    """Every role. What a patient would be answered, from which article and version, at what confidence.

    `answer` is null when a person would have to answer; `passages` are the published articles that were considered.
    """
    return _trial(await knowledge.try_out(ctx, body.question))


@router.get("/{article_id}", summary="One article", responses=refusals(404))
async def get_article(article_id: RecordId, _: Reader) -> ArticleAnswer:
    """Every role. The article with its whole text."""
    return _answer(await articles.get(article_id))


@router.patch("/{article_id}", summary="Change, publish or unpublish an article", responses=refusals(404, 409))
async def change_article(
    article_id: RecordId, body: ArticleChangeBody, user: Manager, ctx: ContextDep
) -> ArticleAnswer:
    """Admin, manager. Only the fields that are given change; a new title, body or tags make a new version.

    409 when `version` is given and is not the newest one: somebody else changed the article meanwhile.
    """
    fields = body.model_dump(exclude_unset=True)
    seen = fields.pop("version", None)
    return _answer(await articles.change(ctx, article_id, fields=fields, seen_version=seen, actor=actor_of(user)))


@router.delete("/{article_id}", status_code=204, summary="Delete an article", responses=refusals(404))
async def delete_article(article_id: RecordId, user: Manager, ctx: ContextDep) -> None:
    """Admin, manager. The agent no longer knows it; its versions stay, and `restore` brings it back."""
    await articles.delete(ctx, article_id, actor=actor_of(user))


@router.get("/{article_id}/versions", summary="Every text that an article had", responses=refusals(404))
async def list_versions(article_id: RecordId, _: Reader) -> VersionListAnswer:
    """Every role. Newest first; a deleted article still shows what patients were told from it."""
    found, article = await articles.versions(article_id)
    rows = [VersionRow.model_validate(version.model_dump()) for version in found]
    return VersionListAnswer(article_id=str(article_id), is_deleted=article is None, versions=rows)


@router.post("/{article_id}/restore", summary="Write a former text again", responses=refusals(404))
async def restore_version(article_id: RecordId, body: RestoreBody, user: Manager, ctx: ContextDep) -> ArticleAnswer:
    """Admin, manager. The former text becomes a new version; a deleted article comes back unpublished."""
    return _answer(await articles.restore(ctx, article_id, version=body.version, actor=actor_of(user)))


def _answer(article: KnowledgeArticle) -> ArticleAnswer:
    return ArticleAnswer.model_validate(article.model_dump() | {"article_id": article.id})


def _row(article: KnowledgeArticle) -> ArticleRow:
    return ArticleRow.model_validate(
        article.model_dump() | {"article_id": article.id, "excerpt": article.body[:EXCERPT_CHARS]}
    )


def _trial(trial: Trial) -> TryAnswer:
    found = trial.answer
    return TryAnswer(
        answer=found.text if found else None,
        article_id=found.article_id if found else None,
        confidence=found.confidence if found else 0.0,
        version=trial.versions[found.article_id] if found else None,
        passages=[
            PassageAnswer(
                article_id=passage.article_id,
                title=passage.title,
                version=trial.versions[passage.article_id],
                score=round(passage.score, 3),
            )
            for passage in trial.passages
        ],
    )
