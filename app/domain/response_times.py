"""By when a person should answer a patient who was handed over (domain.md section 6). Pure.

An emergency is counted by the clock, day and night: whoever is on call is told at once. Anything else is counted in
opening hours, so that what comes in on Friday evening is due on Monday.
"""

from datetime import datetime, timedelta

from app.domain.schedules import BookingRules, Schedule, working_intervals
from app.models.enums import HandoffPriority

URGENT_WITHIN = timedelta(minutes=15)
NORMAL_WITHIN = timedelta(hours=4)
"""Of opening hours."""
LONGEST_CLOSURE_DAYS = 31
WHEN_NEVER_OPEN = timedelta(days=1)


def due_at(now: datetime, priority: HandoffPriority, *, opening: Schedule, rules: BookingRules) -> datetime:
    """The instant by which an answer is due; `now` and the answer are aware UTC."""
    if priority is HandoffPriority.URGENT:
        return now + URGENT_WITHIN
    return after_working(NORMAL_WITHIN, now, opening=opening, rules=rules)


def after_working(span: timedelta, start: datetime, *, opening: Schedule, rules: BookingRules) -> datetime:
    """When so much opening time will have passed; a day later where the clinic does not open for a month."""
    left, first = span, start.astimezone(rules.zone).date()
    for offset in range(LONGEST_CLOSURE_DAYS):
        for open_time in working_intervals(opening, rules, first + timedelta(days=offset)):
            begin = max(start, open_time.start)
            if begin + left <= open_time.end:
                return begin + left
            left -= max(open_time.end - begin, timedelta())
    return start + WHEN_NEVER_OPEN
