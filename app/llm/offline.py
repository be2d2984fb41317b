"""A language model without a model: rules and templates, deterministic, on this machine (agent.md section 2).

It serves development, tests and the demo, and it answers when the configured provider fails.
"""

from collections.abc import Sequence

from app.domain.phrases import normalise
from app.domain.screening import Screening, screen, visible_text
from app.llm.base import Analysis, Draft, FollowUpBrief, KnowledgeAnswer, Passage, PatientText, Summary, Turn
from app.llm.offline_context import Reading, read_bare_answer
from app.llm.offline_intents import PRIORITY, read_message
from app.llm.offline_sentiment import read_sentiment
from app.models.enums import Intent

MAX_READ_CHARS = 2_000
"""Of a message, for intents; emergencies and opt-outs are looked for in all of it."""
_STAFF_OPT_OUTS = frozenset({"opt_out.partial", "opt_out.wrong_number", "opt_out.deceased", "opt_out.erasure"})


class OfflineLanguageModel:
    """The stand-in provider. It never raises, whatever a patient writes."""

    name = "offline"

    async def analyse(self, message: PatientText) -> Analysis:
        """Label one message by rules; emergencies and opt-outs are screened here too, so that it is safe alone."""
        screening = screen(text=message.text, headers={}, channel=message.channel)
        text = visible_text(message.text)
        body = normalise(text[:MAX_READ_CHARS])
        if screening.kind in (Intent.AUTO_REPLY, Intent.BOUNCE):
            reading = Reading((screening.kind,), 0.9, False, screening.rule)
        else:
            bare = read_bare_answer(text, body, message.previous_outgoing)
            reading = _with_risk(bare or read_message(text, body, message.previous_outgoing), screening)
        return Analysis(
            intent=reading.intents[0],
            intents=reading.intents,
            sentiment=read_sentiment(body),
            confidence=reading.confidence,
            handoff=reading.handoff,
            reason=reading.reason,
            is_thanks=reading.is_thanks,
        )


def _with_risk(reading: Reading, screening: Screening) -> Reading:
    """Put EMERGENCY and OPT_OUT before what else was read; a message of nothing else loses its empty labels."""
    if screening.kind is None:
        return reading
    risks = [screening.kind, *([Intent.OPT_OUT] if screening.also_opt_out else [])]
    kept = (Intent.SERVICE_DENIAL, Intent.BOOKING_REQUEST, Intent.RESCHEDULE, Intent.CANCEL, Intent.COMPLAINT)
    intents = sorted({*risks, *(i for i in reading.intents if i in kept)}, key=PRIORITY.index)
    handoff = screening.kind is Intent.EMERGENCY or screening.rule in _STAFF_OPT_OUTS
    return Reading(tuple(intents), 0.95, handoff, screening.rule)
