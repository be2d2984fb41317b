"""What every page of the dashboard must say until somebody has seen to it: sending stands still, a rule is broken."""

from dataclasses import dataclass

from app.models.enums import PauseReason, Role
from app.models.recovery import SendingState
from app.services import invariant_reports
from app.services.permissions import Right, may

REASONS: dict[PauseReason, str] = {
    PauseReason.RESTORED_COPY: "this database is a restored copy",
    PauseReason.WENT_BACK: "this database went back to an earlier moment",
    PauseReason.UNKNOWN_MAIL: "the mailbox sent mail that this database does not know",
    PauseReason.OPERATOR: "an operator paused it for a recovery",
}
CHECKS = "/staff/insight/checks"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """One banner: what is broken in plain words and what to do, with the page that says more."""

    title: str
    text: str
    address: str = CHECKS
    link: str = "See what to do"


async def standing(role: Role) -> list[Alarm]:
    """The banners for somebody of this role, the one that stops the clinic's mail first."""
    alarms = [_paused(state)] if (state := await SendingState.now()).is_paused else []
    if may(role, Right.CONFIGURE):
        alarms += await _broken()
    return alarms


def _paused(state: SendingState) -> Alarm:
    reason = REASONS[state.paused_because] if state.paused_because else ""
    text = (
        f"Nothing is sent to patients, because {reason}. Answers, confirmations and reminders wait and are not lost; "
        "in urgent cases call the patient."
    )
    return Alarm(title="Sending is paused.", text=text)


async def _broken() -> list[Alarm]:
    rules = invariant_reports.rules_broken(await invariant_reports.latest())
    if not rules:
        return []
    more = f" And {len(rules) - 1} more." if len(rules) > 1 else ""
    first = rules[0]
    return [Alarm(title="A safety check failed.", text=f"{first.broken} {first.advice}{more}")]
