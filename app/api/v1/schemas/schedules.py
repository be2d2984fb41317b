"""Wall-clock building blocks: periods of a day, weeks, time zones (api.md, "Shapes that scripts rely on")."""

from itertools import pairwise
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, StringConstraints

from app.api.v1.schemas.types import WallTime


def _ordered(period: tuple[str, str]) -> tuple[str, str]:
    if period[0] >= period[1]:
        raise ValueError("a period must end after it begins")
    return period


def _one_after_another(periods: list[tuple[str, str]]) -> list[tuple[str, str]]:
    if any(earlier[1] > later[0] for earlier, later in pairwise(periods)):
        raise ValueError("the periods of a day must follow one another and not overlap")
    return periods


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError("is not an IANA time zone") from error
    return name


Period = Annotated[tuple[WallTime, WallTime], AfterValidator(_ordered)]
Periods = Annotated[list[Period], Field(max_length=12), AfterValidator(_one_after_another)]
"""The periods of one day, in order; none at all means closed."""
DayName = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Weekly = dict[DayName, Periods]
"""A day that is missing is closed."""
TimeZoneName = Annotated[str, StringConstraints(min_length=1, max_length=64), AfterValidator(_known_zone)]
