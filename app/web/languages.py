"""Which language a visitor reads: the one asked for in the address, else remembered, else the browser's.

The language decides the words. The region, the browser's or else the clinic's, decides how dates and times are
written: 2:30 PM in the United States, 14:30 in Spain.
"""

from collections.abc import Sequence

from babel import Locale, UnknownLocaleError
from fastapi import Request, Response

from app.models.clinic import Clinic
from app.web.catalogues import SOURCE_LANGUAGE
from app.web.own_address import own_address

LANGUAGES = {"en": "English", "es": "Español", "fr": "Français"}
"""Each language that the pages speak, by its own name."""

PARAMETER = COOKIE = "lang"
ONE_YEAR = 365 * 24 * 60 * 60
MOST_TAGS = 20
"""A browser names a handful; what comes after these is not read."""


def language_of(request: Request, clinic: Clinic | None) -> str:
    """`?lang=`, the cookie, Accept-Language, the first of the clinic's own languages that we have, or English."""
    own = clinic.languages if clinic else []
    preferred = [tag.partition("-")[0] for tag in accepted_tags(request)]
    wishes = [asked_language(request), request.cookies.get(COOKIE), *preferred, *own]
    return next((wish for wish in wishes if wish in LANGUAGES), SOURCE_LANGUAGE)


def asked_language(request: Request) -> str | None:
    """The language that the address itself asks for, when it is one of ours."""
    asked = request.query_params.get(PARAMETER)
    return asked if asked in LANGUAGES else None


def locale_of(request: Request, language: str, clinic: Clinic | None) -> Locale:
    """The language as it is written where the visitor is, else where the clinic is, as far as CLDR knows it there."""
    tags = [tag.partition("-") for tag in accepted_tags(request)]
    regions = [region for spoken, _, region in tags if spoken == language and region]
    return _first_known(language, [*regions, *([clinic.region] if clinic else [])])


def _first_known(language: str, regions: Sequence[str]) -> Locale:
    for region in regions:
        try:
            return Locale.parse(f"{language}_{region.upper()}")
        except (UnknownLocaleError, ValueError):
            continue
    return Locale.parse(language)


def accepted_tags(request: Request) -> list[str]:
    """The readable tags of Accept-Language, lower-case, by falling weight (RFC 9110 section 12.5.4)."""
    header = ",".join(request.headers.getlist("Accept-Language"))
    weighted = [_weighted(part) for part in header.lower().split(",")[:MOST_TAGS]]
    wanted = [(weight, tag) for weight, tag in weighted if weight > 0]
    return [tag for _, tag in sorted(wanted, key=lambda one: -one[0])]


def _weighted(part: str) -> tuple[float, str]:
    tag, _, weight = part.partition(";")
    try:
        return (float(weight.strip().removeprefix("q=")) if weight else 1.0), tag.strip()
    except ValueError:
        return 0.0, ""


def mark_language(request: Request, response: Response, language: str) -> None:
    """Say which language this is and what chose it; remember what the address asked for."""
    response.headers["Content-Language"] = language
    response.headers["Vary"] = "Accept-Language, Cookie"
    if asked := asked_language(request):
        is_https = request.app.state.settings.public_base_url.startswith("https:")
        response.set_cookie(COOKIE, asked, max_age=ONE_YEAR, secure=is_https, httponly=True, samesite="lax")


def switch_addresses(request: Request) -> list[tuple[str, str, str]]:
    """(code, own name, this address in that language) for every language; none on the answer to a form.

    A form's answer has no address of its own: following a link from there would lose what was typed.
    """
    if request.method not in ("GET", "HEAD"):
        return []
    return [(code, name, own_address(request, **{PARAMETER: code})) for code, name in LANGUAGES.items()]
