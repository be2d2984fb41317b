"""A language model without a model: rules and templates, deterministic, on this machine (agent.md section 2).

It serves development, tests and the demo, and it answers when the configured provider fails.
"""

from collections.abc import Sequence

from app.domain.screening import visible_text
from app.llm.base import (
    PLAIN_VOICE,
    Analysis,
    Draft,
    FollowUpBrief,
    KnowledgeAnswer,
    Passage,
    PatientText,
    Summary,
    Turn,
    Voice,
)
from app.llm.offline import wording
from app.llm.offline.answers import answer_from
from app.llm.offline.asked import Reading
from app.llm.offline.by_rules import WRITTEN_BY_MACHINES, RuleReading, read_by_rules
from app.llm.offline.classifier import classify
from app.llm.offline.sentiment import read_sentiment
from app.llm.offline.summary import latest_patient_text, sum_up
from app.llm.offline.weighing import weigh
from app.models.enums import ChannelType, Sentiment


class OfflineLanguageModel:
    """The stand-in provider. It never raises, whatever a patient writes."""

    name = "offline"

    async def analyse(self, message: PatientText) -> Analysis:
        """Label one message by rules; emergencies and opt-outs are screened here too, so that it is safe alone."""
        return _analyse(message)

    async def write_follow_up(self, brief: FollowUpBrief) -> Draft:
        """Fill the template of this campaign type, attempt and language."""
        return wording.write_follow_up(brief)

    async def answer(
        self,
        question: str,
        passages: Sequence[Passage],
        *,
        voice: Voice = PLAIN_VOICE,  # noqa: ARG002 - an article's sentences have their own voice
    ) -> KnowledgeAnswer | None:
        """Answer with an article's own sentences, or not at all."""
        return answer_from(visible_text(question), passages)

    async def summarise(
        self,
        turns: Sequence[Turn],
        *,
        voice: Voice = PLAIN_VOICE,  # noqa: ARG002 - for staff, in plain English
    ) -> Summary:
        """Say who wrote how often, and what the newest message is about."""
        text = latest_patient_text(turns)
        latest = _analyse(PatientText(text, ChannelType.EMAIL, previous_outgoing=None)) if text else None
        return sum_up(turns, latest)


def _analyse(message: PatientText) -> Analysis:
    rules = read_by_rules(message)
    reading = _read(message, rules)
    by_machine = reading.intents[0] in WRITTEN_BY_MACHINES
    return Analysis(
        intent=reading.intents[0],
        intents=reading.intents,
        sentiment=Sentiment.NEUTRAL if by_machine else read_sentiment(rules.heard.body),
        confidence=reading.confidence,
        handoff=reading.handoff,
        reason=reading.reason,
        is_thanks=reading.is_thanks,
    )


def _read(message: PatientText, rules: RuleReading) -> Reading:
    if rules.is_final:
        return rules.reading
    return weigh(rules, classify(message.text, channel=message.channel, previous_outgoing=message.previous_outgoing))
