"""/staff/knowledge: the articles that the agent answers from, trying a question, and what nobody could answer."""

from typing import Annotated, Any

from beanie import PydanticObjectId
from fastapi import Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from app.context import Context
from app.errors import NotFoundError
from app.models.knowledge import KnowledgeArticle
from app.services import articles, knowledge, unanswered
from app.web.error_pages import text_fields
from app.web.staff.frame import show
from app.web.staff.knowledge_form import MARKS, Draft, read_draft
from app.web.staff.markdown import as_page
from app.web.staff.routing import ContextDep, Manager, SignedIn, actor_of, staff_router

router = staff_router("/knowledge")

ON_A_PAGE = 25
HOME = "/staff/knowledge"
Word = Annotated[str, Query(max_length=64)]
PageNumber = Annotated[int, Query(ge=1, le=10_000)]
Question = Annotated[str, Form(max_length=1_000)]


@router.get("")
async def list_page(
    request: Request, user: SignedIn, ctx: ContextDep, search: Word = "", state: Word = "", page: PageNumber = 1
) -> Response:
    """Every role. The articles, the last changed first; the filters stand in the address."""
    is_published = {"published": True, "draft": False}.get(state)
    found, total = await articles.listed(
        q=search.strip() or None, tag=None, is_published=is_published, skip=(page - 1) * ON_A_PAGE, limit=ON_A_PAGE
    )
    pages = -(-total // ON_A_PAGE)
    return await show(
        request,
        ctx,
        "staff/knowledge/list.html",
        articles=found,
        total=total,
        search=search,
        state=state,
        page=page,
        pages=pages,
        open_questions=len(await unanswered.listed()),
    )


@router.post("/try")
async def try_question(request: Request, user: SignedIn, ctx: ContextDep, question: Question = "") -> Response:
    """Every role. What a patient would be answered, and from where; nothing is sent or stored."""
    trial = await knowledge.try_out(ctx, question) if question.strip() else None
    return await show(request, ctx, "staff/knowledge/trial.html", question=question.strip(), trial=trial)


@router.get("/unanswered")
async def unanswered_page(request: Request, user: SignedIn, ctx: ContextDep) -> Response:
    """Every role. The questions that went to a person because no article answers them."""
    return await show(request, ctx, "staff/knowledge/unanswered.html", questions=await unanswered.listed())


@router.post("/unanswered/{interaction_id}/settle")
async def settle(request: Request, interaction_id: PydanticObjectId, user: Manager, ctx: ContextDep) -> Response:
    """Admin, manager. This question needs no article."""
    await unanswered.settle(ctx, interaction_id, actor=actor_of(user))
    return await show(request, ctx, "staff/knowledge/questions.html", questions=await unanswered.listed())


@router.post("/preview")
async def preview(request: Request, user: SignedIn, ctx: ContextDep, body: Annotated[str, Form()] = "") -> Response:
    """Every role. The text as it will be shown; nothing is stored."""
    return await show(request, ctx, "staff/knowledge/preview.html", shown=as_page(body[:20_000]))


@router.get("/new")
async def new_page(
    request: Request, user: Manager, ctx: ContextDep, question: PydanticObjectId | None = None
) -> Response:
    """Admin, manager. An empty article, or one that begins with a question that nobody could answer."""
    asked = await _asked(question)
    return await _form(request, ctx, Draft(dict(MARKS)), asked=asked)


@router.post("")
async def create(
    request: Request, user: Manager, ctx: ContextDep, question: Annotated[PydanticObjectId | None, Form()] = None
) -> Response:
    """Admin, manager. Store it; published, or a draft that nobody is told."""
    posted = await text_fields(request)
    draft = read_draft(posted)
    if draft.problems:
        return await _form(request, ctx, draft, asked=await _asked(question), status=422)
    fields = draft.fields | {"is_published": posted.get("then") != "draft"}
    article = await articles.create(ctx, actor=actor_of(user), fields=fields)
    if question:
        await unanswered.settle(ctx, question, actor=actor_of(user))
    return _go(request, f"{HOME}/{article.id}?saved=1")


@router.get("/{article_id}")
async def article_page(
    request: Request, article_id: PydanticObjectId, user: SignedIn, ctx: ContextDep, saved: Word = ""
) -> Response:
    """Every role. One article; managers change it here."""
    article = await articles.get(article_id)
    return await _form(request, ctx, _draft_of(article), article=article, saved=bool(saved))


@router.post("/{article_id}")
async def change(request: Request, article_id: PydanticObjectId, user: Manager, ctx: ContextDep) -> Response:
    """Admin, manager. A new version, unless somebody wrote one meanwhile (409, and what was typed stays)."""
    draft = read_draft(await text_fields(request))
    if draft.problems:
        return await _form(request, ctx, draft, article=await articles.get(article_id), status=422)
    seen, actor = draft.seen_version, actor_of(user)
    await articles.change(ctx, article_id, fields=draft.fields, seen_version=seen, actor=actor)
    return _go(request, f"{HOME}/{article_id}?saved=1")


@router.post("/{article_id}/publish")
async def publish(
    request: Request, article_id: PydanticObjectId, user: Manager, ctx: ContextDep, on: Annotated[str, Form()] = ""
) -> Response:
    """Admin, manager. The agent answers from it from the next question on, or no more."""
    fields = {"is_published": on == "true"}
    await articles.change(ctx, article_id, fields=fields, seen_version=None, actor=actor_of(user))
    return _go(request, f"{HOME}/{article_id}")


@router.post("/{article_id}/delete")
async def delete(request: Request, article_id: PydanticObjectId, user: Manager, ctx: ContextDep) -> Response:
    """Admin, manager. The agent no longer knows it; its former texts stay and can be brought back."""
    await articles.delete(ctx, article_id, actor=actor_of(user))
    return _go(request, f"{HOME}/{article_id}/versions")


@router.get("/{article_id}/versions")
async def versions_page(request: Request, article_id: PydanticObjectId, user: SignedIn, ctx: ContextDep) -> Response:
    """Every role. Every text that the article had: what a patient was told stays readable."""
    kept, article = await articles.versions(article_id)
    shown = [(version, as_page(version.body)) for version in kept]
    name = "staff/knowledge/versions.html"
    return await show(request, ctx, name, article_id=article_id, article=article, versions=shown)


@router.post("/{article_id}/restore")
async def restore(
    request: Request,
    article_id: PydanticObjectId,
    user: Manager,
    ctx: ContextDep,
    version: Annotated[int, Form(ge=1, le=1_000_000)],
) -> Response:
    """Admin, manager. A former text becomes the newest one; a deleted article comes back as a draft."""
    await articles.restore(ctx, article_id, version=version, actor=actor_of(user))
    return _go(request, f"{HOME}/{article_id}?saved=1")


async def _asked(question: PydanticObjectId | None) -> unanswered.UnansweredQuestion | None:
    try:
        return await unanswered.get(question) if question else None
    except NotFoundError:
        return None


def _draft_of(article: KnowledgeArticle) -> Draft:
    tags, version = ", ".join(article.tags), str(article.version)
    return Draft({"title": article.title, "body": article.body, "tags": tags, "version": version})


async def _form(
    request: Request,
    ctx: Context,
    draft: Draft,
    *,
    article: KnowledgeArticle | None = None,
    asked: unanswered.UnansweredQuestion | None = None,
    saved: bool = False,
    status: int = 200,
) -> Response:
    values: dict[str, Any] = {"article": article, "asked": asked, "saved": saved, "shown": as_page(draft.typed["body"])}
    name = "staff/knowledge/form.html" if status == 422 else "staff/knowledge/article.html"
    return await show(request, ctx, name, status=status, draft=draft, **values)


def _go(request: Request, address: str) -> Response:
    """On to a page: by the script's own way for a part, by a redirect for a plain form."""
    if "HX-Request" in request.headers:
        return Response(status_code=204, headers={"HX-Redirect": address})
    return RedirectResponse(address, status_code=303)
