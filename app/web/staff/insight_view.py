"""The tables of the Insight page, each as it is shown, drawn and downloaded."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from app.models.enums import ChannelType, Intent, OutboxState
from app.models.insight import InsightReport
from app.services.channel_states import Health

Cell = str | int | float | None
Numbers = Mapping[str, Any]

STEPS = {
    "eligible": "Campaigns opened",
    "contacted": "Written to",
    "replied": "Answered",
    "booked": "Booked",
    "completed": "Came in",
}
INTENTS = {
    Intent.BOOKING_REQUEST: "Wants to come in",
    Intent.SERVICE_DENIAL: "Says no",
    Intent.QUESTION: "Asks a question",
    Intent.IRRELEVANT: "Thanks and the like",
    Intent.CONFUSED: "Unclear",
    Intent.RESCHEDULE: "Moves a visit",
    Intent.CANCEL: "Cancels a visit",
    Intent.OPT_OUT: "No more messages",
    Intent.EMERGENCY: "Emergency",
    Intent.AUTO_REPLY: "Automatic reply",
    Intent.BOUNCE: "Did not arrive",
    Intent.COMPLAINT: "Complaint",
}
CHANNELS = {ChannelType.EMAIL: "E-mail", ChannelType.SMS: "SMS", ChannelType.WHATSAPP: "WhatsApp"}
OUTCOMES = (OutboxState.SENT, OutboxState.FAILED, OutboxState.UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """`name` is its address (`<name>.csv`), `chart` how it is drawn ("" for not at all)."""

    name: str
    title: str
    says: str
    """What the figures are, in a sentence."""
    heading: tuple[str, ...]
    rows: list[tuple[Cell, ...]]
    chart: str = ""
    empty: str = "There is nothing to count yet."

    @property
    def is_empty(self) -> bool:
        return not any(isinstance(cell, int | float) and cell for row in self.rows for cell in row[1:])


def tables(numbers: Numbers, report: InsightReport, channels: list[Health]) -> list[Table]:
    """Every table, in the order of the page."""
    return [
        _funnel(numbers["funnel"]),
        _trend(numbers["trend"]),
        _rates(numbers["conversion_rates"]),
        _replies(report.figures.get("replies", {})),
        _handoffs(report.figures.get("handoffs", {})),
        _channels(report.figures.get("messages", {}), channels),
    ]


def _funnel(funnel: Numbers) -> Table:
    first = funnel["eligible"]
    rows: list[tuple[Cell, ...]] = [
        (title, funnel[step], f"{funnel[step] / first:.0%}" if first else "") for step, title in STEPS.items()
    ]
    says = "How far the campaigns came; each step counts those that reached it at any time."
    return Table(
        name="funnel", title="Funnel", says=says, heading=("Step", "Campaigns", "Of all"), rows=rows, chart="bar"
    )


def _trend(trend: list[Numbers]) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (_month(each["month"]), each["appointments_booked"], each["recoveries"]) for each in trend
    ]
    says = "Visits booked in each month (cancelled ones apart), and campaigns that ended with a visit kept."
    heading = ("Month", "Visits booked", "Patients won back")
    return Table(name="months", title="Month by month", says=says, heading=heading, rows=rows, chart="columns")


def _month(text: str) -> str:
    """`Apr 2026` for `2026-04`."""
    return f"{date.fromisoformat(f'{text}-01'):%b %Y}"


def _rates(rates: Numbers) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (title, rates[f"{kind}_recovered"], rates[f"{kind}_closed"], f"{rates[f'{kind}_rate_percent']:.1f}%")
        for kind, title in (("recall", "Recall"), ("recovery", "Recovery"))
    ]
    says = "Campaigns that ended with a visit kept, of all that have ended."
    return Table(name="rates", title="Rates", says=says, heading=("Campaigns", "Kept", "Ended", "Rate"), rows=rows)


def _replies(replies: Mapping[str, int]) -> Table:
    rows: list[tuple[Cell, ...]] = [(INTENTS[Intent(intent)], count) for intent, count in replies.items()]
    says = "What the patients' messages of the last 90 days wanted, as the agent or a rule read them."
    return Table(
        name="replies",
        title="Replies by intent",
        says=says,
        heading=("Intent", "Messages"),
        rows=rows,
        chart="bar",
        empty="No patient has written in the last 90 days.",
    )


def _handoffs(handoffs: Mapping[str, Numbers]) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (priority.capitalize(), spread["answered"], round(spread["median_minutes"]), round(spread["slow_minutes"]))
        for priority, spread in handoffs.items()
    ]
    says = "Minutes from the moment the agent asked for a person until one had dealt with it, in the last 90 days."
    heading = ("Priority", "Answered", "Half within, min", "9 of 10 within, min")
    empty = "No handoff was answered in the last 90 days."
    return Table(name="handoffs", title="Time to answer a handoff", says=says, heading=heading, rows=rows, empty=empty)


def _channels(messages: Mapping[str, Mapping[str, int]], channels: list[Health]) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (
            CHANNELS[health.channel],
            _condition(health),
            *(messages.get(health.channel, {}).get(state, 0) for state in OUTCOMES),
            health.waiting,
        )
        for health in channels
    ]
    says = "The channels now, and what became of the messages of the last 90 days; unclear: sent, but no answer came."
    heading = ("Channel", "Now", "Sent", "Failed", "Unclear", "Waiting")
    return Table(name="channels", title="Channel health", says=says, heading=heading, rows=rows)


_CONDITIONS: tuple[tuple[Callable[[Health], bool], str], ...] = (
    (lambda health: health.adapter is None, "Not connected"),
    (lambda health: health.is_stopped, "Stopped"),
    (lambda health: health.paused_until is not None, "Paused"),
)


def _condition(health: Health) -> str:
    found = next((words for holds, words in _CONDITIONS if holds(health)), "Working")
    return f"{found}: {health.reason}" if health.reason else found
