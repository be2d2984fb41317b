"""A language provider with a fixed table of answers, so that a test says itself what every message means."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from app.llm.base import (
    PLAIN_VOICE,
    Analysis,
    Draft,
    FollowUpBrief,
    KnowledgeAnswer,
    LanguageModelError,
    Passage,
    PatientText,
    Summary,
    Turn,
    Voice,
)
from app.models.enums import Intent, Sentiment

FOLLOW_UP = Draft(subject="Your next visit", body="It is time for your next visit.")


def reading(
    *intents: Intent, confidence: float = 0.9, handoff: bool = False, is_thanks: bool = False, reason: str = "table"
) -> Analysis:
    """An analysis whose main intent is the first one."""
    return Analysis(
        intent=intents[0],
        intents=intents,
        sentiment=Sentiment.NEUTRAL,
        confidence=confidence,
        handoff=handoff,
        reason=reason,
        is_thanks=is_thanks,
    )


YES = reading(Intent.BOOKING_REQUEST)
NO = reading(Intent.SERVICE_DENIAL)
ASKS = reading(Intent.QUESTION)
CONFUSED = reading(Intent.CONFUSED, handoff=True)
THANKS = reading(Intent.IRRELEVANT, is_thanks=True)
TABLE: Mapping[str, Analysis] = {
    "yes": YES,
    "yes please": YES,
    "no thank you": NO,
    "do you have parking?": ASKS,
    "what?": CONFUSED,
    "thanks": THANKS,
}


async def do_nothing() -> None:
    """What happens while the provider thinks: nothing."""


@dataclass
class FixedProvider:
    """Looks every message up in a table; any other is irrelevant and for a person. Records what it was asked."""

    table: Mapping[str, Analysis] = field(default_factory=lambda: TABLE)
    reply: KnowledgeAnswer | None = None
    draft: Draft = FOLLOW_UP
    while_thinking: Callable[[], Awaitable[None]] = do_nothing
    """Runs in the middle of every analysis: what somebody else does while the provider is busy."""
    heard: list[PatientText] = field(default_factory=list)
    briefs: list[FollowUpBrief] = field(default_factory=list)
    name: str = "fixed"

    async def analyse(self, message: PatientText) -> Analysis:
        self.heard.append(message)
        await self.while_thinking()
        return self.table.get(message.text.lower(), reading(Intent.IRRELEVANT, handoff=True))

    async def write_follow_up(self, brief: FollowUpBrief) -> Draft:
        self.briefs.append(brief)
        await self.while_thinking()
        return self.draft

    async def answer(
        self, question: str, passages: Sequence[Passage], *, voice: Voice = PLAIN_VOICE
    ) -> KnowledgeAnswer | None:
        return self.reply

    async def summarise(self, turns: Sequence[Turn], *, voice: Voice = PLAIN_VOICE) -> Summary:
        newest = turns[-1].text if turns else ""
        return Summary(summary=f"{len(turns)} messages", patient_question=newest, suggested_reply=None)


class FailingProvider:
    """Down: every call fails, as a provider's outage does."""

    name = "failing"

    async def analyse(self, message: PatientText) -> Analysis:
        raise LanguageModelError("no answer in time")

    async def write_follow_up(self, brief: FollowUpBrief) -> Draft:
        raise LanguageModelError("no answer in time")

    async def answer(
        self, question: str, passages: Sequence[Passage], *, voice: Voice = PLAIN_VOICE
    ) -> KnowledgeAnswer | None:
        raise LanguageModelError("no answer in time")

    async def summarise(self, turns: Sequence[Turn], *, voice: Voice = PLAIN_VOICE) -> Summary:
        raise LanguageModelError("no answer in time")
