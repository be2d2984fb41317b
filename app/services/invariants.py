"""What must hold whatever happened, I1 to I8 by number and name, each with the documents that break it (trust.md 5).

The check only reads, page by page: a clinic of any size needs the same memory. An empty list means that all is well.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from app.context import Context
from app.services import (
    counters,
    invariants_campaigns,
    invariants_inbox,
    invariants_messages,
    invariants_visits,
)

Violations = dict[str, list[str]]
MOST_NAMED = 1_000
"""So many documents of one kind are named; a person mends the cause, not a list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invariant:
    """One rule. `holds`, `broken` and `advice` are sentences for a person; `find` names what breaks it."""

    number: str
    name: str
    holds: str
    broken: str
    advice: str
    find: Callable[[Context], AsyncIterator[str]]


async def _numbers(_: Context) -> AsyncIterator[str]:
    for difference in await counters.differences():
        yield difference


INVARIANTS: tuple[Invariant, ...] = (
    Invariant(
        number="I1",
        name="overlapping_appointments",
        holds="Nobody is in two booked visits at once.",
        broken="Two booked visits overlap: one provider, or one patient, is in two places at once.",
        advice="Open the schedule, move one of each pair, and tell the patient.",
        find=invariants_visits.overlapping,
    ),
    Invariant(
        number="I2",
        name="several_active_campaigns",
        holds="A patient has one active campaign at most.",
        broken="A patient has more than one active campaign and may be written to twice.",
        advice="Open the patient and close all but one; then run `chairside migrate`, which restores the guard.",
        find=invariants_campaigns.several_active,
    ),
    Invariant(
        number="I3",
        name="several_sends_of_one_attempt",
        holds="Every attempt leaves once.",
        broken="One attempt left, or may have left, more than once.",
        advice="Read the conversation before you write; then run `chairside migrate`, which restores the guard.",
        find=invariants_messages.sent_twice,
    ),
    Invariant(
        number="I4",
        name="attempts_not_equal_to_sends",
        holds="A campaign counts as many attempts as messages that left.",
        broken="A campaign counted more or fewer attempts than messages that left.",
        advice="Take the campaign over, so that nothing more leaves by itself, and report it with its id.",
        find=invariants_messages.miscounted,
    ),
    Invariant(
        number="I5",
        name="inbound_without_outcome",
        holds="Every message that came in has one outcome.",
        broken="A message that came in has no outcome, or more than one.",
        advice="Look for the patient's message in the mailbox and answer it by hand.",
        find=invariants_inbox.without_one_outcome,
    ),
    Invariant(
        number="I6",
        name="sends_after_a_stop",
        holds="Nothing leaves after a patient said stop.",
        broken="A message was handed out after its patient had said stop.",
        advice="Write nothing more to this patient, find out who was written to, and tell whoever keeps your privacy.",
        find=invariants_messages.sent_after_stop,
    ),
    Invariant(
        number="I7",
        name="illegal_status_changes",
        holds="Every change of a status follows the rules, and is written down.",
        broken="A campaign's status changed in a way that the rules do not know, or nobody wrote down who changed it.",
        advice="Look the campaign up in the audit log; somebody may have changed the database by hand.",
        find=invariants_campaigns.illegal_moves,
    ),
    Invariant(
        number="I8",
        name="cursor_ahead_of_messages",
        holds="Nothing is marked as read before it came.",
        broken="The mailbox or a listing is marked as read beyond its newest message: mail would be passed over.",
        advice="Run `chairside recovery reread`, which reads the last days again; nothing is taken in twice.",
        find=invariants_inbox.ahead,
    ),
    Invariant(
        number="C",
        name="numbers",
        holds="The dashboard's figures are what the documents say.",
        broken="A figure of the dashboard is not what the documents say.",
        advice="Run `chairside rebuild-counters`.",
        find=_numbers,
    ),
)
"""I1 to I8 as trust.md section 5 numbers them, and the dashboard's counters."""

BY_NAME = {invariant.name: invariant for invariant in INVARIANTS}


async def check(ctx: Context) -> Violations:
    """Every invariant by name, each with the ids (or figures) that break it, at most MOST_NAMED."""
    return {invariant.name: await _lasting(ctx, invariant) for invariant in INVARIANTS}


async def _lasting(ctx: Context, invariant: Invariant) -> list[str]:
    """What a second look finds again: the clinic works on meanwhile, and two reads may stand around one write."""
    found = await _first(invariant.find(ctx))
    if not found:
        return []
    again = set(await _first(invariant.find(ctx)))
    return [each for each in found if each in again]


async def _first(found: AsyncIterator[str]) -> list[str]:
    named: list[str] = []
    async for each in found:
        named.append(each)
        if len(named) == MOST_NAMED:
            break
    return named
