"""The articles at the dashboard: who may change them, what is refused and kept, and that a text is never markup."""

import pytest
from beanie import PydanticObjectId

from app.context import Context
from app.models.enums import Role
from app.models.interactions import Interaction
from app.models.knowledge import KnowledgeArticle
from app.models.records import AuditEntry
from app.services import articles
from tests.factories import make_recovery
from tests.services import stage
from tests.web.staff.conftest import Seated

pytestmark = pytest.mark.usefixtures("open_clinic")

SCRIPT = "<script>alert(1)</script>"
TEXT = {"title": "Whitening", "body": "Whitening costs 350 dollars.", "tags": "price, bleaching, price"}


async def make_article(ctx: Context, **fields: object) -> KnowledgeArticle:
    values = {"title": "Whitening", "body": "Whitening costs 350 dollars.", "tags": ["price"], "is_published": True}
    return await articles.create(ctx, actor="system", fields=values | fields)


async def ask(ctx: Context, text: str = "Do you take Delta?") -> Interaction:
    """A patient's question that went to a person."""
    campaign = await stage.answered_with(ctx, await make_recovery(ctx), text)
    [asked] = await Interaction.find({"campaign_id": campaign.id, "direction": "incoming"}).to_list()
    await asked.set({"is_unanswered": True})
    return asked


CHANGES = {
    "": TEXT,
    "/{article}": TEXT,
    "/{article}/publish": {"on": "false"},
    "/{article}/delete": {},
    "/{article}/restore": {"version": "1"},
    "/unanswered/{question}/settle": {},
}


@pytest.mark.parametrize("path", CHANGES)
@pytest.mark.parametrize("role", [Role.FRONT_DESK, Role.PROVIDER])
async def test_only_managers_change_anything(ctx: Context, seat: Seated, path: str, role: Role) -> None:
    article, question = await make_article(ctx), await ask(ctx)
    before = await AuditEntry.count()
    answer = await (await seat(role)).post(
        f"/knowledge{path.format(article=article.id, question=question.id)}", **CHANGES[path]
    )
    assert answer.status_code == 403
    assert await AuditEntry.count() == before
    assert await KnowledgeArticle.count() == 1


@pytest.mark.parametrize("role", Role)
async def test_everybody_reads(ctx: Context, seat: Seated, role: Role) -> None:
    article, somebody = await make_article(ctx), await seat(role)
    for path in ("", f"/{article.id}", f"/{article.id}/versions", "/unanswered"):
        assert (await somebody.get(f"/knowledge{path}")).status_code == 200
    page = (await somebody.get(f"/knowledge/{article.id}")).text
    assert ("<textarea" in page) is (role in (Role.ADMIN, Role.MANAGER))


class TestWriting:
    async def test_a_new_article_is_published_or_a_draft(self, seat: Seated) -> None:
        manager = await seat(Role.MANAGER)
        for then, is_published in (("publish", True), ("draft", False)):
            answer = await manager.post("/knowledge", **TEXT, then=then)
            stored = await KnowledgeArticle.get(answer.headers["hx-redirect"].split("/")[-1].partition("?")[0])
            assert stored
            assert (stored.is_published, stored.tags) == (is_published, ["price", "bleaching"])

    @pytest.mark.parametrize(
        ("fields", "problem"),
        [
            ({"title": ""}, "title-problem"),
            ({"title": "two\nlines"}, "title-problem"),
            ({"body": "  "}, "body-problem"),
            ({"body": "x" * 20_001}, "body-problem"),
            ({"tags": ",".join(f"tag{number}" for number in range(31))}, "tags-problem"),
        ],
    )
    async def test_what_cannot_be_stored_comes_back_with_what_was_typed(
        self, seat: Seated, fields: dict[str, str], problem: str
    ) -> None:
        answer = await (await seat()).post("/knowledge", **(TEXT | {"body": "My own words."} | fields))
        assert answer.status_code == 422
        assert f'id="{problem}"' in answer.text
        assert "My own words." in answer.text or "body" in fields
        assert await KnowledgeArticle.count() == 0

    async def test_somebody_elses_change_is_not_written_over(self, ctx: Context, seat: Seated) -> None:
        article, manager = await make_article(ctx), await seat(Role.MANAGER)
        await articles.change(ctx, article.id, fields={"body": "Theirs."}, seen_version=1, actor="system")
        answer = await manager.post(f"/knowledge/{article.id}", **TEXT, version="1")
        assert (answer.status_code, answer.headers["hx-retarget"]) == (409, "#notices")
        assert (await articles.get(article.id)).body == "Theirs."

    async def test_a_deleted_article_comes_back_as_a_draft(self, ctx: Context, seat: Seated) -> None:
        article, manager = await make_article(ctx), await seat(Role.MANAGER)
        await manager.post(f"/knowledge/{article.id}/delete")
        assert "was deleted" in (await manager.get(f"/knowledge/{article.id}/versions")).text
        await manager.post(f"/knowledge/{article.id}/restore", version="1")
        assert (await articles.get(article.id)).is_published is False


class TestTrying:
    async def test_an_answer_names_its_article(self, ctx: Context, seat: Seated) -> None:
        article = await make_article(ctx)
        page = (await (await seat(Role.PROVIDER)).post("/knowledge/try", question="How much is whitening?")).text
        assert "Whitening costs 350 dollars." in page
        assert f"/staff/knowledge/{article.id}" in page

    async def test_no_answer_says_so(self, seat: Seated) -> None:
        answer = await (await seat()).post("/knowledge/try", question="Do you sell bicycles?")
        assert "A person would have to answer" in answer.text

    async def test_nothing_typed(self, seat: Seated) -> None:
        assert "Type a question first" in (await (await seat()).post("/knowledge/try", question=" ")).text


class TestUnanswered:
    async def test_writing_the_article_takes_the_question_off_the_list(self, ctx: Context, seat: Seated) -> None:
        question, manager = await ask(ctx), await seat(Role.MANAGER)
        assert "Do you take Delta?" in (await manager.get("/knowledge/unanswered")).text
        assert "Do you take Delta?" in (await manager.get("/knowledge/new", question=str(question.id))).text
        await manager.post("/knowledge", **TEXT, question=str(question.id))
        assert "Nothing is waiting" in (await manager.get("/knowledge/unanswered")).text

    async def test_setting_it_aside_leaves_one_audit_row(self, ctx: Context, seat: Seated) -> None:
        question, manager = await ask(ctx), await seat(Role.MANAGER)
        for _ in range(2):
            answer = await manager.post(f"/knowledge/unanswered/{question.id}/settle")
            assert "Nothing is waiting" in answer.text
        [row] = await AuditEntry.find({"action": "question.settled"}).to_list()
        assert row.patient_ids == [question.patient_id]

    async def test_a_question_that_is_gone_is_an_empty_form(self, seat: Seated) -> None:
        page = await (await seat()).get("/knowledge/new", question=str(PydanticObjectId()))
        assert page.status_code == 200
        assert "A patient asked" not in page.text


async def test_a_script_is_text_everywhere(ctx: Context, seat: Seated) -> None:
    article = await make_article(ctx, title=SCRIPT, body=f"{SCRIPT} [x](javascript:alert(1))", tags=[SCRIPT])
    question, manager = await ask(ctx, f"{SCRIPT} how much is it?"), await seat()
    pages = ("", f"/{article.id}", f"/{article.id}/versions", "/unanswered", f"/new?question={question.id}")
    for path in pages:
        page = (await manager.http.get(f"/staff/knowledge{path}")).text
        assert "<script>alert" not in page, path
        assert "&lt;script&gt;" in page, path
        assert 'href="javascript' not in page, path
    shown = (
        await manager.post("/knowledge/preview", body=f"{SCRIPT}\n\n**bold** ![x](http://evil.example/a.png)")
    ).text
    assert "<strong>bold</strong>" in shown
    assert "<script" not in shown
    assert "<img" not in shown


async def test_filters_stand_in_the_address(ctx: Context, seat: Seated) -> None:
    await make_article(ctx, title="Draft one", is_published=False)
    await make_article(ctx, title="Parking")
    somebody = await seat()
    drafts = (await somebody.get("/knowledge", state="draft")).text
    assert ("Draft one" in drafts, "Parking" in drafts) == (True, False)
    assert "No article matches" in (await somebody.get("/knowledge", search="zebra(")).text
