"""Writes every sentence of the pages into the catalogues: `make catalogues` (ADR 0016).

Sentences come from the templates (`_()` and `trans`), from `later("...")` in app/web, and from the services whose
refusals the pages show: those speak plain English and are looked up as they are.
"""

import ast
import io
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po, write_po
from jinja2.ext import babel_extract

from app.web.catalogues import SOURCE_LANGUAGE, catalogue_path
from app.web.languages import LANGUAGES
from app.web.rendering import ENGLISH_ONLY, TEMPLATES

ROOT = Path(__file__).parents[1]
WEB = ROOT / "app" / "web"
SERVICES = ROOT / "app" / "services"
SPEAKING_SERVICES = (
    "addresses",
    "appointments",
    "availability",
    "hold_claims",
    "idempotency",
    "listed_wishes",
    "managed_visits",
    "rate_limits",
    "reservations",
    "unsubscribing",
    "waitlist_alternatives",
    "waitlist_offers",
    "waitlist_wishes",
)
"""The services whose refusals a visitor of the pages can meet."""
MARK = "later"
OPTIONS = {"trimmed": "true", "trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}
Sentence = str | tuple[str, str]
"""A sentence, or its singular and plural."""


def sentences() -> dict[Sentence, list[str]]:
    """Every sentence, and the files that hold it."""
    found: dict[Sentence, list[str]] = {}
    for path, sentence in (*_in_templates(), *_in_python()):
        places = found.setdefault(sentence, [])
        if path not in places:
            places.append(path)
    return found


def _in_templates() -> Iterator[tuple[str, Sentence]]:
    for path in sorted(TEMPLATES.rglob("*.html")):
        if path.relative_to(TEMPLATES).as_posix().startswith(ENGLISH_ONLY):
            continue
        with io.BytesIO(path.read_bytes()) as file:
            for _, function, message, _ in babel_extract(file, ("_", "gettext", "ngettext"), [], OPTIONS):
                texts = [message] if isinstance(message, str) else [one for one in message or () if one]
                yield _place(path), (texts[0], texts[1]) if function == "ngettext" else texts[0]


def _in_python() -> Iterator[tuple[str, Sentence]]:
    for path in sorted(WEB.glob("*.py")):
        for call in _calls(path):
            if getattr(call.func, "id", "") in (MARK, "ngettext"):
                texts = [one for one in _texts(call.args) if one]
                yield _place(path), (texts[0], texts[1]) if len(texts) > 1 else texts[0]
    pages = [path for path in sorted(WEB.glob("*.py")) if not path.name.startswith("sandbox")]
    for path in (*pages, *(SERVICES / f"{name}.py" for name in SPEAKING_SERVICES)):
        yield from ((_place(path), sentence) for sentence in _refusals(path))


def _refusals(path: Path) -> Iterator[str]:
    """What a module's errors say, and its constants that are sentences."""
    for call in _calls(path):
        if getattr(call.func, "id", "").endswith("Error"):
            yield from filter(_is_sentence, _texts(call.args[:1]))
    for statement in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.Assign):
            yield from filter(_is_sentence, _texts([statement.value]))


def _is_sentence(text: str) -> bool:
    return " " in text and text[0].isupper() and text[-1] in ".?!"


def _calls(path: Path) -> Iterator[ast.Call]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    yield from (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def _texts(nodes: list[ast.expr]) -> list[str]:
    inside = [node for given in nodes for node in ast.walk(given)]
    return [node.value for node in inside if isinstance(node, ast.Constant) and isinstance(node.value, str)]


def _place(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def template() -> Catalog:
    """The catalogue without translations."""
    catalogue = Catalog(project="Chairside", header_comment="# The sentences of the pages (ADR 0016).")
    for sentence, places in sentences().items():
        catalogue.add(sentence, locations=[(place, 0) for place in places])
    return catalogue


def update(language: str) -> int:
    """Bring a language's catalogue up to date; answers how many sentences still lack a translation."""
    path = catalogue_path(language)
    catalogue = read_po(io.BytesIO(path.read_bytes()), locale=language)
    catalogue.update(template(), no_fuzzy_matching=True, update_creation_date=False)
    catalogue.obsolete.clear()
    catalogue.msgid_bugs_address = catalogue.last_translator = catalogue.language_team = "Chairside"
    written = io.BytesIO()
    write_po(written, catalogue, width=116, sort_output=True, include_lineno=False)
    path.write_bytes(written.getvalue())
    return sum(not is_translated(message) for message in catalogue if message.id)


def is_translated(message: Message) -> bool:
    """True when every form of the sentence has words."""
    forms = [message.string] if isinstance(message.string, str) else list(message.string or [""])
    return all(forms)


def main() -> None:
    for language in LANGUAGES:
        if language != SOURCE_LANGUAGE:
            print(f"{language}: {update(language)} sentences lack a translation")


if __name__ == "__main__":
    main()
