"""How a page is made: Jinja2 with autoescape on, sentences in the visitor's language.

Languages (ADR 0016). Write English in the templates, through gettext, and translate it in app/web/locales/*:

- `{{ _("Book a visit") }}`, or with values `{{ _("Hello %(name)s", name=patient.first_name) }}`: a sentence of the
  template. Only ever a literal, because `_()` answers markup; its values are escaped.
- `{% trans count=day.free %}{{ count }} free time{% pluralize %}{{ count }} free times{% endtrans %}`: one and many,
  and sentences with markup in them.
- `{{ detail | translated }}`: a sentence that comes in a value (a service's refusal, a headline): looked up as it is,
  escaped like any value. In our own Python code mark it with `later("...")` so that the catalogues know it.
- `| day_in_words`, `| month_in_words`, `| weekday_in_words`, `| clock(zone)`, `| moment_in_words(zone)`: dates and
  times as the language and the region write them.

`make catalogues` writes every sentence that lacks a translation into the .po files; a test refuses any that is left.
The sandbox and the API documentation are for staff and stay English.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from fastapi import Request, Response
from fastapi.templating import Jinja2Templates
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from app.models.clinic import Clinic
from app.web import wording
from app.web.brand import brand_of
from app.web.catalogues import SOURCE_LANGUAGE
from app.web.languages import language_of, locale_of, mark_language, switch_addresses
from app.web.staff import spoken
from app.web.static_files import asset
from app.web.wording import Speech, speaking

TEMPLATES = Path(__file__).parent / "templates"
ENGLISH_ONLY = ("sandbox/", "staff/", "api_docs.html")
"""Templates for staff, by the beginning of their name: not translated."""


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    # The extension adds the method when it is loaded, so the type checker does not know it.
    cast(Any, environment).install_gettext_callables(wording.gettext, wording.ngettext, newstyle=True)
    environment.policies["ext.i18n.trimmed"] = True
    environment.globals["asset"] = asset
    filters = (
        "translated",
        "day_in_words",
        "month_in_words",
        "as_heading",
        "weekday_in_words",
        "clock",
        "moment_in_words",
    )
    environment.filters |= {name: getattr(wording, name) for name in (*filters, "readable_phone")}
    environment.filters |= {name: getattr(spoken, name) for name in spoken.FILTERS}
    return environment


def _everywhere(request: Request) -> dict[str, Any]:
    """What the frame around every page needs."""
    has_sandbox = request.app.state.context.settings.uses_sandbox
    return {"has_sandbox": has_sandbox, "docs_url": request.app.docs_url, "here": request.url.path}


_templates = Jinja2Templates(env=_environment(), context_processors=[_everywhere])


def render(
    request: Request, name: str, *, status: int = 200, headers: Mapping[str, str] | None = None, **values: Any
) -> Response:
    """A page from its template, in the visitor's language.

    Everything in `values` is text, never markup: autoescape is on (trust.md 4.4). `clinic` in it lends its languages
    and its region to a visitor whose browser names none.
    """
    clinic: Clinic | None = values.get("clinic")
    if clinic:
        request.app.state.clinic_last_seen = clinic
    is_translated = not name.startswith(ENGLISH_ONLY)
    language = language_of(request, clinic) if is_translated else SOURCE_LANGUAGE
    frame = {
        "language": language,
        "languages": switch_addresses(request) if is_translated else [],
        "brand": brand_of(clinic),
    }
    with speaking(Speech(language, locale_of(request, language, clinic))):
        response = _templates.TemplateResponse(request, name, frame | values, status_code=status, headers=headers)
    if is_translated:
        mark_language(request, response, language)
    return response
