"""When a patient is reminded of a visit. Pure rules (domain.md section 7; trust.md fault 33: 08:00 to 21:00 local).

A moment that would fall into the night is brought forward to the evening before: the three hours before a visit at
08:30 begin at 05:30, so that reminder goes out at 19:00 of the day before.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAY_BEGINS, DAY_ENDS = time(8), time(21)
"""Nobody is reminded outside these clinic-local hours."""
EVENING = time(19)
"""Where a moment goes that would fall into the night."""
LONGEST_SHIFT = timedelta(hours=14)
"""A moment just before 08:00 goes back to 19:00; an hour more, for a night in which the clocks change."""
LONGEST_SLACK = timedelta(days=1)
APART = timedelta(hours=3)
"""Two reminders of one visit are at least so far apart; of two that are not, the nearer one stays."""
LEAD = re.compile(r"([1-9]\d?)([dh])")


@dataclass(frozen=True, slots=True)
class Lead:
    """How long before the visit: `days` at the same wall time, or `hours` as they pass."""

    name: str
    days: int = 0
    hours: int = 0

    @property
    def span(self) -> timedelta:
        return timedelta(days=self.days, hours=self.hours)

    @property
    def slack(self) -> timedelta:
        """How late a missed reminder may still go, and how long before its moment the patient must have been told."""
        return min(self.span / 4, LONGEST_SLACK)


@dataclass(frozen=True, slots=True)
class ReminderRules:
    """The clinic's reminders, the longest lead first; none when they are switched off."""

    zone: ZoneInfo
    leads: tuple[Lead, ...]


@dataclass(frozen=True, slots=True)
class Planned:
    """One reminder of one visit: it may leave from `at` until `until`, both included."""

    lead: Lead
    at: datetime
    until: datetime


def read_lead(text: str) -> Lead:
    """`7d` or `3h`. Raises ValueError for anything else."""
    found = LEAD.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no number of days or hours, such as 7d or 3h")
    number, unit = int(found[1]), found[2]
    return Lead(text, days=number) if unit == "d" else Lead(text, hours=number)


def reminder_rules(zone: ZoneInfo, leads: Iterable[str]) -> ReminderRules:
    """The rules for these leads. Raises ValueError for one that cannot be read."""
    return ReminderRules(zone, tuple(sorted(map(read_lead, leads), key=lambda lead: lead.span, reverse=True)))


def plan(rules: ReminderRules, starts_at: datetime, *, told_at: datetime) -> tuple[Planned, ...]:
    """The reminders of a visit, in the order of their moments; `told_at` is when it was booked or last moved.

    A visit that was booked a day ahead gets neither the one of 7 days nor the one of 2 days.
    """
    planned: list[Planned] = []
    for lead in reversed(rules.leads):
        at, nearer = _moment(lead, starts_at, rules.zone), planned[-1].at if planned else None
        if told_at + lead.slack > at or at >= starts_at or (nearer and nearer - at < APART):
            continue
        end = (nearer or starts_at) - timedelta(milliseconds=1)
        planned.append(Planned(lead, at, min(at + lead.slack, end)))
    return tuple(reversed(planned))


def due(rules: ReminderRules, starts_at: datetime, now: datetime, *, told_at: datetime) -> Planned | None:
    """The reminder that should leave now, or None; never two of one visit."""
    if not is_daytime(rules.zone, now):
        return None
    return next((each for each in plan(rules, starts_at, told_at=told_at) if each.at <= now <= each.until), None)


def is_daytime(zone: ZoneInfo, now: datetime) -> bool:
    """True from 08:00 on and before 21:00 on the clinic's clock."""
    return DAY_BEGINS <= now.astimezone(zone).time() < DAY_ENDS


def next_morning(zone: ZoneInfo, now: datetime) -> datetime:
    """The next 08:00 on the clinic's clock."""
    local = now.astimezone(zone)
    day = local.date() if local.time() < DAY_BEGINS else local.date() + timedelta(days=1)
    return _instant(day, DAY_BEGINS, zone)


def starts_to_look_at(lead: Lead, now: datetime) -> tuple[datetime, datetime]:
    """Between which starts (both included) a visit must lie for this reminder to be due now."""
    hour = timedelta(hours=1)  # the day on which the clocks change
    return now + lead.span - lead.slack - hour, now + lead.span + LONGEST_SHIFT


def _moment(lead: Lead, starts_at: datetime, zone: ZoneInfo) -> datetime:
    local = starts_at.astimezone(zone)
    if lead.days:
        at = _instant(local.date() - timedelta(days=lead.days), local.time(), zone)
    else:
        at = starts_at.astimezone(UTC) - lead.span
    return _by_day(at, zone)


def _by_day(at: datetime, zone: ZoneInfo) -> datetime:
    local = at.astimezone(zone)
    if local.time() < DAY_BEGINS:
        return _instant(local.date() - timedelta(days=1), EVENING, zone)
    return at if local.time() < DAY_ENDS else _instant(local.date(), EVENING, zone)


def _instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    """A wall time of the clinic as an instant; one that the clocks skip is as much later as they skip."""
    return datetime.combine(day, at, zone).astimezone(UTC)
