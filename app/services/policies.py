"""The clinic's stored policies as the pure rules want them."""

from datetime import time, timedelta

from app.domain.availability import BookingRules, Interval, Schedule
from app.domain.outreach import OutreachRules
from app.models.clinic import Clinic
from app.models.users import User

MIDNIGHT_END = "24:00"


def wall_time(text: str) -> time:
    """`HH:MM` as a time; the end of the day, 24:00, is the last instant that `time` can say."""
    return time.max if text == MIDNIGHT_END else time.fromisoformat(text)


def outreach_rules(clinic: Clinic) -> OutreachRules:
    policy = clinic.outreach
    return OutreachRules(
        zone=clinic.zone,
        send_from=wall_time(policy.send_from),
        send_until=wall_time(policy.send_until),
        send_days=frozenset(policy.send_days),
        holidays=frozenset(clinic.holidays),
        spacing_days=tuple(policy.spacing_days),
        max_attempts=policy.max_attempts,
        max_per_day=policy.max_per_day,
        max_per_week=policy.max_per_week,
        cool_down_days=policy.cool_down_days,
        max_recovery_campaigns=policy.max_recovery_campaigns,
        nudge_after_days=policy.nudge_after_days,
    )


def booking_rules(clinic: Clinic) -> BookingRules:
    policy = clinic.booking
    return BookingRules(
        zone=clinic.zone,
        grid_minutes=policy.grid_minutes,
        min_notice=timedelta(minutes=policy.min_notice_minutes),
        max_horizon=timedelta(days=policy.max_horizon_days),
        holidays=frozenset(clinic.holidays),
    )


def opening_schedule(clinic: Clinic) -> Schedule:
    """The clinic's opening hours, which serve while no provider is configured (D-04)."""
    weekly = {day: tuple(periods) for day, periods in clinic.opening_hours.items()}
    return Schedule(weekly=weekly, overrides={}, time_off=())


def provider_schedule(provider: User) -> Schedule:
    schedule = provider.schedule
    return Schedule(
        weekly={day: tuple(periods) for day, periods in schedule.weekly.items()},
        overrides={entry.date: tuple(entry.periods) for entry in schedule.overrides},
        time_off=tuple(Interval(off.start, off.end) for off in schedule.time_off),
    )
