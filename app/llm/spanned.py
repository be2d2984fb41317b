"""A provider that stands alone, with a span around each call; in a chain, the chain itself makes them."""

from collections.abc import Sequence

from app.llm.base import (
    PLAIN_VOICE,
    Analysis,
    Draft,
    FollowUpBrief,
    KnowledgeAnswer,
    LanguageModel,
    Passage,
    PatientText,
    Summary,
    Turn,
    Voice,
)
from app.tracing.spans import SpanKind, span


class SpannedModel:
    """Passes every call on; fails as the provider behind it fails."""

    def __init__(self, inner: LanguageModel) -> None:
        self._inner = inner
        self.name = inner.name

    async def analyse(self, message: PatientText) -> Analysis:
        """Label one incoming message."""
        with span(f"{self.name}.analyse", SpanKind.CALL):
            return await self._inner.analyse(message)

    async def write_follow_up(self, brief: FollowUpBrief) -> Draft:
        """Write one proactive message."""
        with span(f"{self.name}.write_follow_up", SpanKind.CALL):
            return await self._inner.write_follow_up(brief)

    async def answer(
        self, question: str, passages: Sequence[Passage], *, voice: Voice = PLAIN_VOICE
    ) -> KnowledgeAnswer | None:
        """Answer from the passages alone."""
        with span(f"{self.name}.answer", SpanKind.CALL, passages=len(passages)):
            return await self._inner.answer(question, passages, voice=voice)

    async def summarise(self, turns: Sequence[Turn], *, voice: Voice = PLAIN_VOICE) -> Summary:
        """Sum a conversation up."""
        with span(f"{self.name}.summarise", SpanKind.CALL):
            return await self._inner.summarise(turns, voice=voice)
