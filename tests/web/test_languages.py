"""Three languages: chosen by the visitor, complete, and no English left on a Spanish or French page."""

import io
import re

import httpx2
import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from app.context import Context
from app.models.clinic import Clinic
from app.web.catalogues import catalogue_path, translations
from app.web.languages import LANGUAGES
from app.web.rendering import TEMPLATES
from scripts.catalogues import is_translated, sentences
from tests.conftest import Clock
from tests.factories import make_patient
from tests.services.visit_links import book_visit, manage_tokens
from tests.web.reading import Page, get
from tests.web.test_booking_pages import TUESDAY_TEN, link_of

TRANSLATED = [code for code in LANGUAGES if code != "en"]
PLACEHOLDER = re.compile(r"%\((\w+)\)s")
MARKUP = re.compile(r"</?\w+>")
FRENCH_SPACE = re.compile(r"[^\s\u00a0\u202f][;:?!](\s|$)| [;:?!]")


def catalogue(language: str) -> Catalog:
    return read_po(io.BytesIO(catalogue_path(language).read_bytes()), locale=language)


def forms(message: Message) -> list[tuple[str, str]]:
    """(English, translation) of every form."""
    english = [message.id] if isinstance(message.id, str) else list(message.id)
    own = [message.string] if isinstance(message.string, str) else list(message.string or ())
    return [(english[min(at, len(english) - 1)], text) for at, text in enumerate(own)]


@pytest.mark.parametrize("language", TRANSLATED)
class TestCatalogues:
    def test_every_sentence_has_a_translation_and_none_is_left_over(self, language: str) -> None:
        known = {message.id if isinstance(message.id, str) else tuple(message.id) for message in catalogue(language)}
        assert known - {""} == set(sentences()), "run `make catalogues` and translate what is new"
        assert [message.id for message in catalogue(language) if message.id and not is_translated(message)] == []

    def test_no_placeholder_and_no_markup_is_lost(self, language: str) -> None:
        for message in catalogue(language):
            for english, own in forms(message) if message.id else ():
                assert set(PLACEHOLDER.findall(own)) == set(PLACEHOLDER.findall(english)), own
                assert MARKUP.findall(own) == MARKUP.findall(english), own
                assert own.strip() == own

    def test_no_translation_is_the_english_sentence(self, language: str) -> None:
        same = {
            english
            for message in catalogue(language)
            if message.id
            for english, own in forms(message)
            if english == own
        }
        assert same <= {"Pages", "%(count)s min", "%(count)s minute", "%(count)s minutes"}

    def test_the_patient_is_addressed_politely(self, language: str) -> None:
        familiar = {"es": r"\b(tú|tu|tus|ti|contigo|llámanos)\b", "fr": r"\b(tu|te|toi|ton|ta|tes)\b"}[language]
        for message in catalogue(language):
            for _, own in forms(message) if message.id else ():
                assert not re.search(familiar, own, re.IGNORECASE), own


def test_french_puts_a_space_before_its_signs() -> None:
    for message in catalogue("fr"):
        for _, own in forms(message) if message.id else ():
            assert not FRENCH_SPACE.search(PLACEHOLDER.sub("x", own)), own


def test_templates_translate_only_literals() -> None:
    """`_()` answers markup: a value in it would be a hole (app/web/rendering.py)."""
    for path in TEMPLATES.rglob("*.html"):
        assert not re.search(r"\b_\((?![\"'])", path.read_text(encoding="utf-8")), path


class TestChoosing:
    @pytest.mark.parametrize(
        ("header", "language"),
        [
            ("", "en"),
            ("es-MX,es;q=0.9,en;q=0.8", "es"),
            ("de,fr;q=0.5,es;q=0.7", "es"),
            ("FR-ca", "fr"),
            ("de-DE,*;q=0.5", "en"),
            ("es;q=0,fr", "fr"),
            ("es;q=nonsense,;;,,=, fr;q=0.1", "fr"),
            ("x" * 5_000, "en"),
        ],
    )
    async def test_the_browser_says_which(
        self, client: httpx2.AsyncClient, open_clinic: None, header: str, language: str
    ) -> None:
        answer = await client.get("/book", headers={"Accept-Language": header})
        assert f'<html lang="{language}">' in answer.text
        assert answer.headers["Content-Language"] == language
        assert {"Accept-Language", "Cookie"} <= set(answer.headers["Vary"].split(", "))

    async def test_the_switch_keeps_the_address_and_is_remembered(
        self, client: httpx2.AsyncClient, open_clinic: None
    ) -> None:
        page = await get(client, "/book?service=checkup&day=2026-11-24&lang=fr")
        links = {str(one["hreflang"]): str(one["href"]) for tag, one in page.tags if "hreflang" in one}
        assert links == {code: f"/book?service=checkup&day=2026-11-24&lang={code}" for code in ("en", "es")}
        assert '<html lang="fr">' in page.html
        assert '<html lang="fr">' in (await get(client, "/")).html
        assert '<html lang="es">' in (await get(client, links["es"])).html
        assert '<html lang="es">' in (await get(client, "/")).html

    async def test_the_cookie_tells_nothing_else(self, client: httpx2.AsyncClient, open_clinic: None) -> None:
        answer = await client.get("/?lang=es")
        assert answer.headers["Set-Cookie"].startswith("lang=es; HttpOnly; Max-Age=31536000; Path=/; SameSite=lax")
        assert "Set-Cookie" not in (await client.get("/?lang=xx")).headers

    @pytest.mark.parametrize("lang", ["xx", "../../etc/passwd", "es_MX", "ES", "%00"])
    async def test_an_unknown_language_is_none(self, client: httpx2.AsyncClient, open_clinic: None, lang: str) -> None:
        assert '<html lang="en">' in (await get(client, f"/?lang={lang}")).html
        client.cookies.set("lang", lang)
        assert '<html lang="en">' in (await get(client, "/")).html

    async def test_a_clinic_lends_its_own_language(self, client: httpx2.AsyncClient, open_clinic: None) -> None:
        clinic = await Clinic.load()
        clinic.languages = ["pt", "fr", "en"]
        await clinic.save()
        assert '<html lang="fr">' in (await get(client, "/")).html
        english = await client.get("/", headers={"Accept-Language": "en-US"})
        assert '<html lang="en">' in english.text

    async def test_the_sandbox_is_for_staff_and_stays_english(
        self, client: httpx2.AsyncClient, open_clinic: None
    ) -> None:
        page = await get(client, "/sandbox?lang=es")
        assert '<html lang="en">' in page.html
        assert not [one for _, one in page.tags if "hreflang" in one]


class TestDatesAndTimes:
    @pytest.mark.parametrize(
        ("header", "words"),
        [
            ("en-US", "Tuesday, November 24, 2026 at 10:00 AM"),
            ("en-GB", "Tuesday, 24 November 2026 at 10:00"),
            ("es-US", "Martes, 24 de noviembre de 2026 a las 10:00 a.m."),
            ("es-ES", "Martes, 24 de noviembre de 2026 a las 10:00"),
            ("es-XX", "Martes, 24 de noviembre de 2026 a las 10:00 a.m."),
            ("fr-FR", "Mardi 24 novembre 2026 à 10:00"),
            ("fr-CA", "Mardi 24 novembre 2026 à 10 h 00"),
        ],
    )
    async def test_they_are_written_as_where_the_visitor_is(
        self, client: httpx2.AsyncClient, open_clinic: None, header: str, words: str
    ) -> None:
        answer = await client.get(f"/book?service=checkup&time={TUESDAY_TEN}", headers={"Accept-Language": header})
        assert words in Page(answer).text

    async def test_spanish_counts_the_hours(self, client: httpx2.AsyncClient, open_clinic: None) -> None:
        one = await client.get("/book?service=checkup&time=2026-11-24T18:00:00Z", headers={"Accept-Language": "es-MX"})
        assert "a la 1:00 p.m." in Page(one).text


class TestNoEnglishIsLeft:
    """Every page in Spanish and French: nothing that a visitor reads is an English sentence of ours."""

    @pytest.mark.parametrize("language", TRANSLATED)
    async def test_on_any_page(
        self, client: httpx2.AsyncClient, ctx: Context, open_clinic: None, clock: Clock, language: str
    ) -> None:
        client.cookies.set("lang", language)
        for page in await every_page(client, ctx):
            assert f'<html lang="{language}">' in page.html
            read = f" {page.text} "
            left = [one for one in english_sentences(language) if f" {one} " in read]
            assert left == [], page.text


def english_sentences(language: str) -> list[str]:
    """What a page would show if a translation were not used: the English text between the placeholders."""
    catalogue = translations(language)
    found = []
    for sentence in sentences():
        english = sentence if isinstance(sentence, str) else sentence[1]
        if isinstance(sentence, str) and catalogue.gettext(sentence) == sentence:
            continue
        found += [piece.strip() for piece in PLACEHOLDER.split(MARKUP.sub("", english))[::2]]
    return [piece for piece in found if len(piece.split()) > 1]


async def every_page(client: httpx2.AsyncClient, ctx: Context) -> list[Page]:
    patient = await make_patient(ctx, name="Núria Ros")
    token = await link_of(ctx, patient)
    visit = await book_visit(ctx, await Clinic.load(), await make_patient(ctx))
    [managed, *_] = await manage_tokens(visit)
    slot = f"service=checkup&time={TUESDAY_TEN}"
    addresses = [
        "/",
        "/book",
        "/book?t=wrong",
        "/book?t=wrong&service=checkup",
        f"/book?t={token}",
        f"/book?t={token}&service=checkup",
        "/book?service=checkup&day=2026-11-25",
        "/book?service=checkup&day=2026-11-22",
        "/book?service=checkup&month=2027-05",
        "/book?service=checkup&time=2026-11-25T15:00:00Z",
        f"/book?{slot}",
        "/book?service=checkup&time=2026-11-25T03:00:00Z",
        "/manage/nobody",
        f"/manage/{managed}",
        f"/manage/{managed}?change=time",
        f"/manage/{managed}?change=time&time=2026-11-25T15:00:00Z",
        f"/manage/{managed}?change=cancel",
        f"/waitlist/{managed}",
        "/waitlist/nobody",
        "/unsubscribe/nobody",
        "/nowhere",
    ]
    opened = [await client.get(address, headers={"Accept": "text/html"}) for address in addresses]
    form = {"service": "checkup", "time": "2026-11-25T15:00:00Z"}
    sent = [
        await client.post("/book", data=form | typed)
        for typed in (
            {"name": "", "email": "x", "phone": "1", "notes": "x" * 2000},
            {"name": "Eva"},
            {"name": "Eva", "email": "eva@example.com"},
            {"t": token, "time": TUESDAY_TEN},
            {"t": token},
            {"t": token, "time": "2026-11-26T15:00:00Z"},
            {"t": "wrong"},
        )
    ]
    moved = await client.post(f"/manage/{managed}", data={"time": "2026-11-27T15:00:00Z"})
    cancelled = await client.post(f"/manage/{managed}", data={"action": "cancel"})
    return [Page(answer) for answer in (*opened, *sent, moved, cancelled)]
