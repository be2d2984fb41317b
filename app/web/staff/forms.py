"""A typed form as the shape that the API takes, with a sentence beside each field that cannot be (trust.md 4.2).

The shapes are those of the JSON contract (app/api/v1/schemas): what may be stored is said once.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

Shape = TypeVar("Shape", bound=BaseModel)

SENTENCES = {
    "missing": "Fill this in.",
    "string_too_short": "Fill this in.",
    "string_too_long": "This is too long.",
    "string_pattern_mismatch": "This is not in the right form.",
    "int_parsing": "Write a whole number.",
    "int_from_float": "Write a whole number.",
    "float_parsing": "Write a number.",
    "finite_number": "Write a number.",
    "greater_than_equal": "This is too small: {ge} at least.",
    "less_than_equal": "This is too large: {le} at most.",
    "multiple_of": "This must be a multiple of {multiple_of}.",
    "too_short": "Choose one at least.",
    "too_long": "These are too many.",
    "literal_error": "Choose one of the list.",
    "enum": "Choose one of the list.",
    "date_from_datetime_parsing": "Write a date as 2026-12-24.",
    "date_parsing": "Write a date as 2026-12-24.",
}


@dataclass(frozen=True, slots=True)
class Filled(Generic[Shape]):
    """What was typed, as it was typed; `body` is None while `problems` (by field) is not empty."""

    typed: Mapping[str, Any]
    body: Shape | None
    problems: dict[str, str] = field(default_factory=dict)


def read(shape: type[Shape], values: Mapping[str, Any], *, typed: Mapping[str, Any]) -> Filled[Shape]:
    """The shape made of `values`. A problem inside a list or a part is told of the outermost field's whole name."""
    try:
        return Filled(typed, shape.model_validate(values))
    except ValidationError as error:
        problems: dict[str, str] = {}
        for each in error.errors(include_input=False, include_url=False):
            problems.setdefault(_place(each["loc"]), _sentence(each))
        return Filled(typed, None, problems)


def _place(location: tuple[int | str, ...]) -> str:
    return ".".join(part for part in location[:2] if isinstance(part, str))


def _sentence(error: Any) -> str:
    known = SENTENCES.get(error["type"])
    if known is None:
        said = str(error["msg"]).removeprefix("Value error, ")
        return f"This {said}." if error["type"] == "value_error" else f"{said}."
    return known.format(**error.get("ctx", {}))


def lines_of(text: str) -> list[str]:
    """What stands on lines of its own, or between commas; blanks and empty ones away."""
    return [part.strip() for line in text.splitlines() for part in line.split(",") if part.strip()]


def periods_of(text: str) -> list[list[str]]:
    """`9:00-12:00, 13:00-17:00` as periods of a day; what is no period stays as it is, for the shape to refuse."""
    return [[_clock(end) for end in part.replace("–", "-").split("-")] for part in lines_of(text)]


def _clock(text: str) -> str:
    hour, colon, minute = text.strip().partition(":")
    return f"{hour:0>2}:{minute if colon else '00'}" if hour.isdigit() else text.strip()


def as_periods(periods: list[Any]) -> str:
    """The periods of a day as they are typed."""
    return ", ".join(f"{start.removeprefix('0')}-{end.removeprefix('0')}" for start, end in periods)
