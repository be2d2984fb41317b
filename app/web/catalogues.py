"""The translations of the pages: gettext catalogues, read from their .po files (ADR 0016).

The files are small and lie in the package, so there is nothing to compile: a checkout and a wheel work alike.
"""

from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LOCALES = Path(__file__).parent / "locales"
SOURCE_LANGUAGE = "en"
"""What the templates and the services are written in."""


def catalogue_path(language: str) -> Path:
    """Where the catalogue of an ISO 639-1 language lies."""
    return LOCALES / language / "LC_MESSAGES" / "messages.po"


@cache
def translations(language: str) -> NullTranslations:
    """The catalogue of a language that has one, else the one that leaves every sentence in English."""
    if language == SOURCE_LANGUAGE:
        return NullTranslations()
    with catalogue_path(language).open("rb") as file:
        catalogue = read_po(file, locale=language, abort_invalid=True)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)
