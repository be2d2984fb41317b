"""What today's page draws: the month beside the last one, and small bars of the months before."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from app.models.enums import AppointmentStatus, ConfirmationStatus
from app.services.today import TodaysVisit

BAR_WIDTH, BAR_GAP, CHART_HEIGHT = 16, 8, 40
LEAST_BAR = 2
"""Units of the drawing; a month with nothing still shows where it stands."""
CONFIRMATIONS: dict[ConfirmationStatus, tuple[str, str]] = {
    ConfirmationStatus.CONFIRMED: ("Confirmed", "is-good"),
    ConfirmationStatus.UNCONFIRMED: ("Not confirmed", "is-plain"),
    ConfirmationStatus.RUNNING_LATE: ("Running late", "is-warning"),
    ConfirmationStatus.CANNOT_COME: ("Cannot come", "is-bad"),
}
OUTCOMES: dict[AppointmentStatus, tuple[str, str]] = {
    AppointmentStatus.COMPLETED: ("Done", "is-good"),
    AppointmentStatus.NO_SHOW: ("Did not come", "is-bad"),
}


@dataclass(frozen=True, slots=True)
class Bar:
    """One month, in the drawing's units."""

    x: int
    y: int
    height: int
    label: str
    count: int
    is_newest: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A number of this month beside the last one. `bars` are the last months, oldest first."""

    name: str
    value: int
    before: int
    month_before: str
    bars: list[Bar]

    @property
    def width(self) -> int:
        return len(self.bars) * (BAR_WIDTH + BAR_GAP) - BAR_GAP

    @property
    def summary(self) -> str:
        """The drawing in words."""
        return f"{self.name} by month: " + ", ".join(f"{bar.label} {bar.count}" for bar in self.bars)


FIGURES = (("Visits booked", "appointments_booked"), ("Patients who came back", "recoveries"))


def figures(trend: list[dict[str, Any]]) -> list[Figure]:
    """One drawing for each number of the trend (services/stats.py)."""
    return [_figure(name, [(row["month"], row[field]) for row in trend]) for name, field in FIGURES]


def _figure(name: str, months: list[tuple[str, int]]) -> Figure:
    most = max((count for _, count in months), default=0) or 1
    bars = [_bar(place, month, count, most, len(months)) for place, (month, count) in enumerate(months)]
    before = bars[-2] if len(bars) > 1 else bars[-1]
    return Figure(name=name, value=bars[-1].count, before=before.count, month_before=before.label, bars=bars)


def _bar(place: int, month: str, count: int, most: int, months: int) -> Bar:
    height = max(LEAST_BAR, round(CHART_HEIGHT * count / most))
    label = date.fromisoformat(f"{month}-01").strftime("%B")
    return Bar(place * (BAR_WIDTH + BAR_GAP), CHART_HEIGHT - height, height, label, count, place == months - 1)


def mark_of(visit: TodaysVisit) -> tuple[str, str]:
    """What is known of a visit, and the class that shows it."""
    return OUTCOMES.get(visit.status) or CONFIRMATIONS[visit.confirmation]


def is_over(visit: TodaysVisit, now: datetime) -> bool:
    return visit.start <= now
