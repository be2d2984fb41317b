"""What the rules alone make of a message: its risks, what was heard in it, and a first reading (agent.md section 2)."""

from collections.abc import Collection
from dataclasses import dataclass

from app.domain.phrases import normalise
from app.domain.screening import Screening, screen, visible_text
from app.llm.base import PatientText
from app.llm.offline.asked import Reading
from app.llm.offline.context import read_bare_answer
from app.llm.offline.heard import Heard, hear
from app.llm.offline.intents import PRIORITY, read_message
from app.models.enums import Intent

MAX_READ_CHARS = 2_000
"""Of a message, for intents; emergencies and opt-outs are looked for in all of it."""
WRITTEN_BY_MACHINES = frozenset({Intent.AUTO_REPLY, Intent.BOUNCE})
_STAFF_OPT_OUTS = frozenset({"opt_out.partial", "opt_out.wrong_number", "opt_out.deceased", "opt_out.erasure"})
TO_DEAL_WITH = frozenset(
    {Intent.COMPLAINT, Intent.CANCEL, Intent.RESCHEDULE, Intent.SERVICE_DENIAL, Intent.BOOKING_REQUEST, Intent.QUESTION}
)
"""Labels that count beside another one."""


@dataclass(frozen=True, slots=True)
class RuleReading:
    """`reading` is the rules' answer with the risks of `screening` in front."""

    screening: Screening
    heard: Heard
    reading: Reading
    is_bare: bool
    """A mere yes, no or choice."""

    @property
    def is_final(self) -> bool:
        """Nothing to weigh: mail of machines, orders to a machine, a bare answer to our question or to none."""
        is_unasked = self.is_bare and self.heard.asked is None and self.screening.kind is None
        return self.screening.kind in WRITTEN_BY_MACHINES or self.reading.is_certain or is_unasked


def read_by_rules(message: PatientText) -> RuleReading:
    """Screen and read one raw message."""
    screening = screen(text=message.text, headers={}, channel=message.channel)
    text = visible_text(message.text)
    heard = hear(normalise(text[:MAX_READ_CHARS]), message.previous_outgoing)
    bare = read_bare_answer(text, heard.body, message.previous_outgoing)
    reading = bare or read_message(text, heard, message.previous_outgoing)
    return RuleReading(screening, heard, _with_screening(reading, screening), is_bare=bare is not None)


def _with_screening(reading: Reading, screening: Screening) -> Reading:
    """Put EMERGENCY and OPT_OUT before what else was read; a message of nothing else loses its empty labels."""
    kind = screening.kind
    if kind is None:
        return reading
    if kind in WRITTEN_BY_MACHINES:
        return Reading((kind,), 0.9, handoff=False, reason=screening.rule)
    found = {kind} | ({Intent.OPT_OUT} if screening.also_opt_out else set())
    handoff = kind is Intent.EMERGENCY or concerns_staff(screening)
    is_order = reading.is_certain and reading.handoff and reading.intents == (Intent.IRRELEVANT,)
    return Reading(
        led_by(found, reading.intents), 0.95, handoff=handoff or is_order, reason=screening.rule, is_certain=is_order
    )


def concerns_staff(screening: Screening) -> bool:
    """A stop after which a person must look."""
    return screening.rule in _STAFF_OPT_OUTS


def led_by(found: Collection[Intent], others: Collection[Intent]) -> tuple[Intent, ...]:
    """Risks first, then whatever else must be dealt with."""
    return tuple(sorted({*found, *(TO_DEAL_WITH & set(others))}, key=PRIORITY.index))
