"""When a person must look after the clinic's mailbox (trust.md fault 12: told within 15 minutes)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

DISCONNECTED, UNREACHABLE, WATCH_LAPSES = "disconnected", "unreachable", "watch_lapses"

SENTENCES = {
    DISCONNECTED: "The mailbox refuses our credentials: connect it again with `chairside gmail connect`.",
    UNREACHABLE: "The mailbox cannot be read. New mail waits there and is taken in when it can.",
    WATCH_LAPSES: "Gmail will stop announcing new mail, or has stopped. Mail is still found every five minutes.",
}
PATIENCE = timedelta(minutes=10)
"""How long reading may fail before somebody is told."""
WATCH_MARGIN = timedelta(hours=48)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of a mailbox. `is_pushed`: the provider was asked to announce changes."""

    is_stopped: bool
    failing_since: datetime | None
    is_pushed: bool
    watch_expires_at: datetime
    watch_failed: bool


def alarms(facts: Facts, *, now: datetime) -> list[str]:
    """The alarms that stand at this moment, worst first."""
    rules = (
        (DISCONNECTED, facts.is_stopped),
        (UNREACHABLE, not facts.is_stopped and _is_over(facts.failing_since, now)),
        (WATCH_LAPSES, facts.is_pushed and (facts.watch_failed or facts.watch_expires_at - now < WATCH_MARGIN)),
    )
    return [alarm for alarm, stands in rules if stands]


def _is_over(failing_since: datetime | None, now: datetime) -> bool:
    return failing_since is not None and now - failing_since >= PATIENCE
