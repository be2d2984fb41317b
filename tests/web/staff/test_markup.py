"""Whatever somebody typed, or a patient wrote, is shown as text on every page of the dashboard (trust.md 4.4).

Every field that holds somebody's words gets markup of its own, past every check of a form; then every address of the
dashboard is fetched. Nothing of it may become a part of a page, and as text it must stand on one: a field that no page
shows would prove nothing.
"""

from collections.abc import AsyncIterator, Iterable
from datetime import timedelta
from html.parser import HTMLParser

import httpx2
from beanie import PydanticObjectId

from app.context import Context
from app.demo import seed
from app.jobs.registry import run_job
from app.models.base import Raw
from app.models.channel_states import ChannelState
from app.models.desk import Presence
from app.models.enums import ChannelType, PatientType, Role
from app.models.imports import PatientImport
from app.services import articles, audit, saved_views
from app.services.imports import uploads
from tests.web.staff.conftest import Seated
from tests.web.staff.every_page import add_what_the_demo_lacks, addresses, landmarks

FIELDS: dict[str, tuple[str, ...]] = {
    "appointments": ("patient_name", "service_name", "notes", "needs_review"),
    "audit_log": ("action", "document_type", "document_id"),
    "campaign_notes": ("author_name", "text"),
    "campaigns": ("patient_name", "engagement_summary", "initial_inquiry"),
    "channel_states": ("reason",),
    "clinic": ("name", "phone", "address", "emergency_phone", "tone"),
    "interactions": ("content", "subject", "screened_by"),
    "knowledge_articles": ("title", "body"),
    "knowledge_versions": ("title", "body"),
    "patient_imports": ("failure",),
    "patients": ("name", "notes", "initial_inquiry"),
    "presences": ("user_name",),
    "saved_views": ("name",),
    "services": ("name",),
    "users": ("name", "title"),
}
LISTS: dict[str, tuple[str, ...]] = {
    "interactions": ("attachments",),
    "knowledge_articles": ("tags",),
    "patients": ("unusable_addresses",),
}
HANDOFF = ("reason", "summary", "patient_question", "suggested_reply", "suggested_source_title")
NOT_SHOWN = frozenset({"campaigns.engagement_summary", "file.cell"})
"""A summary that only the API gives; and of a refused line of a file, its number and the reason are shown alone."""
REFLECTED = (
    "/staff/campaigns?search={}&sort={}&type={}&status={}",
    "/staff/patients?search={}&show={}&type={}",
    "/staff/knowledge?search={}&state={}",
    "/staff/settings/audit?action={}&actor={}&patient={}",
    "/staff/schedule/book?when={}&provider={}",
    "/staff/schedule/book/people?who={}",
    "/staff/sign-in?then={}",
    "/staff/schedule?provider={}&on={}",
    "/staff/{}",
)


def word(field: str) -> str:
    """Its name without underscores: a page may write them as blanks."""
    return field.replace("_", "-")


def markup(field: str) -> str:
    """It would leave an attribute, run a script, and be worked out by a template."""
    return f"\"'><img src=x onerror=alert(1)>{{{{7*7}}}}<script>{word(field)}</script>"


class Made(HTMLParser):
    """What a browser makes of a page: `wrong` is what only the markup above can have made."""

    def __init__(self) -> None:
        super().__init__()
        self.wrong: list[str] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        is_foreign = (tag == "script" and "src" not in values) or (tag == "img" and values.get("src") == "x")
        runs = [name for name, value in attrs if name.startswith("on") or (value or "").startswith("javascript:")]
        if is_foreign or runs:
            self.wrong.append(f"<{tag} {values}>")
        self.words += [value for value in values.values() if value]

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def made(html: str) -> Made:
    page = Made()
    page.feed(html)
    page.close()
    return page


async def fill(ctx: Context) -> set[str]:
    """Markup in every field; the names of the fields."""
    handle, names = ctx.database.handle, set()
    for collection, fields in FIELDS.items():
        for field in fields:
            names.add(f"{collection}.{field}")
            value = {"$concat": [{"$literal": markup(f"{collection}.{field}")}, {"$toString": "$_id"}]}
            await handle[collection].update_many({}, [{"$set": {field: value}}])
    for collection, fields in LISTS.items():
        for field in fields:
            names.add(f"{collection}.{field}")
            await handle[collection].update_many({}, {"$set": {field: [markup(f"{collection}.{field}")]}})
    for field in HANDOFF:
        names.add(f"handoff.{field}")
        told: Raw = {f"handoff_details.{field}": markup(f"handoff.{field}")}
        await handle["campaigns"].update_many({"handoff_details": {"$type": "object"}}, {"$set": told})
    return names


async def hostile_file(ctx: Context) -> PatientImport:
    async def pieces() -> AsyncIterator[bytes]:
        cell = markup("file.cell").replace('"', '""')
        heading = markup("file.heading").replace('"', '""')
        yield f'Name,Email,"{heading}"\n"{cell}","{cell}",x\n'.encode()

    return await uploads.upload(ctx, pieces(), uploads.Choices(patient_type=PatientType.EXISTING), actor=audit.SYSTEM)


async def bring_about(ctx: Context, held_by: dict[str, str]) -> None:
    """What the demo clinic lacks: a former text, a channel that stands still, an answer suggested from an article."""
    article = PydanticObjectId(held_by["article_id"])
    await articles.change(ctx, article, fields={"body": "x"}, seen_version=None, actor=audit.SYSTEM)
    await ChannelState(id=ChannelType.SMS, is_stopped=True, since=ctx.now()).insert()
    await ctx.database.handle["campaigns"].update_many(
        {"handoff_details": {"$type": "object"}}, {"$set": {"handoff_details.suggested_source_id": article}}
    )


async def pages(http: httpx2.AsyncClient, urls: Iterable[str]) -> AsyncIterator[tuple[str, httpx2.Response]]:
    for url in urls:
        answer = await http.get(url)
        assert answer.status_code < 500, url
        if answer.headers.get("content-type", "").startswith("text/html"):
            yield url, answer


async def test_stored_markup_is_text_on_every_page(ctx: Context, seat: Seated) -> None:
    await seed.seed(ctx)
    await add_what_the_demo_lacks(ctx)
    somebody, held_by = await seat(Role.ADMIN), await landmarks(ctx)
    view = "status=RECOVERED"
    await saved_views.save(ctx, user_id=somebody.user.id, room="campaigns", name="Mine", query=view)
    looker = PydanticObjectId()
    expires = ctx.now() + timedelta(minutes=1)
    place = f"{held_by['campaign_id']}:{looker}"
    campaign = PydanticObjectId(held_by["campaign_id"])
    await Presence(id=place, campaign_id=campaign, user_id=looker, user_name="Robin", expires_at=expires).insert()
    sheet = await hostile_file(ctx)
    await run_job(ctx, "imports")
    await bring_about(ctx, held_by)
    names = await fill(ctx)
    names |= {"file.heading", "file.cell"}
    urls = [address.url for address in addresses(held_by)] + [f"/staff/imports/{sheet.id}"]
    wrong, words = [], []
    async for url, answer in pages(somebody.http, urls):
        seen = made(answer.text)
        wrong += [f"{url}: {each}" for each in seen.wrong]
        words += seen.words
    assert wrong == []
    said = "\n".join(words)
    assert "onerror=alert(1)>{{7*7}}" in said
    assert sorted(name for name in names if f"<script>{word(name)}</script>" not in said) == sorted(NOT_SHOWN)


async def test_markup_in_an_address_is_text(seat: Seated) -> None:
    somebody, typed = await seat(Role.ADMIN), httpx2.QueryParams({"q": markup("typed")})
    urls = [address.replace("{}", str(typed).removeprefix("q=")) for address in REFLECTED]
    async for url, answer in pages(somebody.http, urls):
        assert made(answer.text).wrong == [], url
