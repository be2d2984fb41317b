"""How a page is made: Jinja2 with autoescape on, dates in words, files that carry their content in their address."""

import hashlib
from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import phonenumbers
from fastapi import Request, Response
from fastapi.staticfiles import StaticFiles
from fastapi.templating import Jinja2Templates
from jinja2 import Environment, FileSystemLoader, StrictUndefined

STATIC = Path(__file__).parent / "static"
TEMPLATES = Path(__file__).parent / "templates"
KEPT_FOR_EVER = "public, max-age=31536000, immutable"


class VersionedFiles(StaticFiles):
    """Our styles and scripts. Their address changes with their content, so a browser may keep what it has."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers["X-Content-Type-Options"] = "nosniff"
        if b"v=" in args[2]["query_string"]:
            response.headers["Cache-Control"] = KEPT_FOR_EVER
        return response


@cache
def asset(name: str) -> str:
    """The address of a static file, ending in a mark of its content."""
    mark = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:10]
    return f"/static/{name}?v={mark}"


def day_in_words(day: date | str) -> str:
    """`Tuesday 24 November 2026`, for a date or its ISO text."""
    day = date.fromisoformat(day) if isinstance(day, str) else day
    return f"{day:%A} {day.day} {day:%B} {day.year}"


def moment_in_words(moment: datetime, zone: ZoneInfo) -> str:
    """`Tuesday 24 November 2026 at 14:30`, on the clinic's wall clock."""
    local = moment.astimezone(zone)
    return f"{day_in_words(local.date())} at {local:%H:%M}"


def readable_phone(number: str) -> str:
    """`+1 518-555-0142` for an E.164 number; any other text as it is."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return number
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["asset"] = asset
    environment.filters |= {
        "day_in_words": day_in_words,
        "moment_in_words": moment_in_words,
        "readable_phone": readable_phone,
    }
    return environment


def _everywhere(request: Request) -> dict[str, Any]:
    """What the frame around every page needs."""
    has_sandbox = request.app.state.context.settings.uses_sandbox
    return {"has_sandbox": has_sandbox, "docs_url": request.app.docs_url, "here": request.url.path}


_templates = Jinja2Templates(env=_environment(), context_processors=[_everywhere])


def render(
    request: Request, name: str, *, status: int = 200, headers: Mapping[str, str] | None = None, **values: Any
) -> Response:
    """A page from its template. Everything in `values` is text, never markup: autoescape is on (trust.md 4.4)."""
    return _templates.TemplateResponse(request, name, values, status_code=status, headers=headers)
