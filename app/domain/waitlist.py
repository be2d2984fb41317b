"""Who of those that wait fits a freed time, and when the clinic may ask them (domain.md section 7, trust.md fault 33).

Pure: which starts a provider can really take is the calendar's answer and comes in; which of them suits whom is ours.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from app.domain.schedules import ONE_DAY, WEEKDAYS, Interval
from app.models.enums import DayPart

OFFERS_FROM, OFFERS_UNTIL = time(8), time(21)
"""The clinic-local hours in which people may be asked."""
NOON = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What one wish asks for. Dates are clinic-local and inclusive; no weekdays means any day."""

    earliest: date | None = None
    latest: date | None = None
    weekdays: frozenset[str] = frozenset()
    day_part: DayPart = DayPart.ANY
    held_start: datetime | None = None
    """When the visit begins that the patient holds already; only an earlier one is worth an offer."""


class WishRefusal(StrEnum):
    """Why a time does not suit a wish, in the order in which the reasons are looked for."""

    NOT_EARLIER = "not_earlier"
    BEFORE_EARLIEST = "before_earliest"
    AFTER_LATEST = "after_latest"
    OTHER_WEEKDAY = "other_weekday"
    OTHER_DAY_PART = "other_day_part"


Suits = Callable[[Wanted, datetime, datetime], bool]
"""The wish, the start, and the same instant on the clinic's wall clock."""


def _is_earlier(wanted: Wanted, start: datetime, _: datetime) -> bool:
    return wanted.held_start is None or start < wanted.held_start


def _is_not_before(wanted: Wanted, _: datetime, local: datetime) -> bool:
    return wanted.earliest is None or local.date() >= wanted.earliest


def _is_not_after(wanted: Wanted, _: datetime, local: datetime) -> bool:
    return wanted.latest is None or local.date() <= wanted.latest


def _is_on_a_wished_day(wanted: Wanted, _: datetime, local: datetime) -> bool:
    return not wanted.weekdays or WEEKDAYS[local.weekday()] in wanted.weekdays


def _is_in_the_wished_half(wanted: Wanted, _: datetime, local: datetime) -> bool:
    half = DayPart.MORNING if local.hour < NOON else DayPart.AFTERNOON
    return wanted.day_part in (DayPart.ANY, half)


RULES: tuple[tuple[WishRefusal, Suits], ...] = (
    (WishRefusal.NOT_EARLIER, _is_earlier),
    (WishRefusal.BEFORE_EARLIEST, _is_not_before),
    (WishRefusal.AFTER_LATEST, _is_not_after),
    (WishRefusal.OTHER_WEEKDAY, _is_on_a_wished_day),
    (WishRefusal.OTHER_DAY_PART, _is_in_the_wished_half),
)


def refusal(wanted: Wanted, start: datetime, zone: ZoneInfo) -> WishRefusal | None:
    """The first reason why a start (aware) does not suit, or None."""
    local = start.astimezone(zone)
    return next((reason for reason, suits in RULES if not suits(wanted, start, local)), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A wish with the starts that the calendar allows it: its own length fits there, buffers included."""

    key: str
    wanted: Wanted
    starts: Sequence[datetime]
    kept: timedelta
    """How long the provider is taken from the start on: the visit and the buffer after it."""
    kept_before: timedelta = timedelta()

    def at(self, start: datetime) -> Interval:
        """The provider's time that a visit from `start` takes, buffers included."""
        return Interval(start - self.kept_before, start + self.kept)


def overlaps(one: Interval, other: Interval) -> bool:
    """True when the two share an instant; touching is not sharing."""
    return one.start < other.end and other.start < one.end


def suitable_starts(candidate: Candidate, freed: Interval, zone: ZoneInfo) -> list[datetime]:
    """The starts that use the freed time and suit the wish: those that spill least out of it first, then the earliest.

    A visit may reach into free time beside what was freed, so that a long one fits behind a short one that was
    cancelled; a start that lies apart from the freed time was free before, and is nothing new.
    """
    found = [
        start
        for start in candidate.starts
        if overlaps(candidate.at(start), freed) and refusal(candidate.wanted, start, zone) is None
    ]
    return sorted(found, key=lambda start: (_spill(candidate.at(start), freed), start))


def _spill(kept: Interval, freed: Interval) -> timedelta:
    """How much of the visit lies outside the freed time."""
    nothing = timedelta()
    return max(nothing, freed.start - kept.start) + max(nothing, kept.end - freed.end)


@dataclass(frozen=True, slots=True)
class Pick:
    """One offer of a batch."""

    key: str
    start: datetime


def plan_batch(candidates: Sequence[Candidate], freed: Interval, *, zone: ZoneInfo, size: int) -> list[Pick]:
    """The next offers, at most `size`, to candidates in the order given (the earliest wish first).

    Each is offered a start that nobody else of the batch is offered, while there is one: in a whole freed afternoon
    everybody may win. In a short time they compete for the same one, and the first yes wins.
    """
    picks: list[Pick] = []
    given: list[Interval] = []
    for candidate in candidates:
        if len(picks) == size:
            break
        starts = suitable_starts(candidate, freed, zone)
        if not starts:
            continue
        apart = (start for start in starts if not any(overlaps(candidate.at(start), taken) for taken in given))
        start = next(apart, starts[0])
        picks.append(Pick(candidate.key, start))
        given.append(candidate.at(start))
    return picks


def may_ask_at(now: datetime, zone: ZoneInfo) -> datetime:
    """The first instant from `now` on (aware) at which people may be asked; `now` itself inside the hours."""
    day = now.astimezone(zone).date()
    for each in (day, day + ONE_DAY):
        opens, closes = (datetime.combine(each, wall, zone).astimezone(UTC) for wall in (OFFERS_FROM, OFFERS_UNTIL))
        if now < closes:
            return max(now, opens)
    raise AssertionError("a day of the calendar always follows")


def offer_end(now: datetime, *, minutes: int, start: datetime) -> datetime:
    """Until when an offer made now may be answered: its minutes, but never past the visit's own start."""
    return min(now + timedelta(minutes=minutes), start)


def gained(before: Sequence[Interval], after: Sequence[Interval]) -> list[Interval]:
    """The time that is worked now and was not before; both sorted and apart, as `working_intervals` gives them."""
    new = list(after)
    for old in before:
        new = [piece for each in new for piece in _around(old, each)]
    return new


def _around(old: Interval, each: Interval) -> list[Interval]:
    if not overlaps(old, each):
        return [each]
    pieces = (Interval(each.start, old.start), Interval(old.end, each.end))
    return [piece for piece in pieces if piece.start < piece.end]
