"""A language model without a model: rules and templates, deterministic, on this machine (agent.md section 2).

It serves development, tests and the demo, and it answers when the configured provider fails.
"""

from collections.abc import Sequence

from app.domain.phrases import normalise
from app.domain.screening import Screening, screen, visible_text
from app.llm.base import Analysis, Draft, FollowUpBrief, KnowledgeAnswer, Passage, PatientText, Summary, Turn
from app.llm.offline import wording
from app.llm.offline.answers import answer_from
from app.llm.offline.asked import Reading
from app.llm.offline.context import read_bare_answer
from app.llm.offline.intents import PRIORITY, read_message
from app.llm.offline.sentiment import read_sentiment
from app.llm.offline.summary import latest_patient_text, sum_up
from app.models.enums import ChannelType, Intent, Sentiment

MAX_READ_CHARS = 2_000
"""Of a message, for intents; emergencies and opt-outs are looked for in all of it."""
_STAFF_OPT_OUTS = frozenset({"opt_out.partial", "opt_out.wrong_number", "opt_out.deceased", "opt_out.erasure"})
_WRITTEN_BY_MACHINES = frozenset({Intent.AUTO_REPLY, Intent.BOUNCE})
_TO_DEAL_WITH = frozenset(
    {
        Intent.COMPLAINT,
        Intent.CANCEL,
        Intent.RESCHEDULE,
        Intent.SERVICE_DENIAL,
        Intent.BOOKING_REQUEST,
    }
)


class OfflineLanguageModel:
    """The stand-in provider. It never raises, whatever a patient writes."""

    name = "offline"

    async def analyse(self, message: PatientText) -> Analysis:
        """Label one message by rules; emergencies and opt-outs are screened here too, so that it is safe alone."""
        return _analyse(message)

    async def write_follow_up(self, brief: FollowUpBrief) -> Draft:
        """Fill the template of this campaign type, attempt and language."""
        return wording.write_follow_up(brief)

    async def answer(self, question: str, passages: Sequence[Passage]) -> KnowledgeAnswer | None:
        """Answer with an article's own sentences, or not at all."""
        return answer_from(visible_text(question), passages)

    async def summarise(self, turns: Sequence[Turn]) -> Summary:
        """Say who wrote how often, and what the newest message is about."""
        text = latest_patient_text(turns)
        latest = _analyse(PatientText(text, ChannelType.EMAIL, previous_outgoing=None)) if text else None
        return sum_up(turns, latest)


def _analyse(message: PatientText) -> Analysis:
    screening = screen(text=message.text, headers={}, channel=message.channel)
    text = visible_text(message.text)
    body = normalise(text[:MAX_READ_CHARS])
    reading = _read(text, body, message.previous_outgoing, screening)
    return Analysis(
        intent=reading.intents[0],
        intents=reading.intents,
        sentiment=Sentiment.NEUTRAL if reading.intents[0] in _WRITTEN_BY_MACHINES else read_sentiment(body),
        confidence=reading.confidence,
        handoff=reading.handoff,
        reason=reading.reason,
        is_thanks=reading.is_thanks,
    )


def _read(text: str, body: str, previous: str | None, screening: Screening) -> Reading:
    if screening.kind in _WRITTEN_BY_MACHINES:
        return Reading((screening.kind,), 0.9, handoff=False, reason=screening.rule)
    reading = read_bare_answer(text, body, previous) or read_message(text, body, previous)
    return reading if screening.kind is None else _with_risk(reading, screening.kind, screening)


def _with_risk(reading: Reading, kind: Intent, screening: Screening) -> Reading:
    """Put EMERGENCY and OPT_OUT before what else was read; a message of nothing else loses its empty labels."""
    risks = {kind, Intent.OPT_OUT} if screening.also_opt_out else {kind}
    intents = sorted(risks | (_TO_DEAL_WITH & set(reading.intents)), key=PRIORITY.index)
    handoff = kind is Intent.EMERGENCY or screening.rule in _STAFF_OPT_OUTS
    return Reading(tuple(intents), 0.95, handoff=handoff, reason=screening.rule)
