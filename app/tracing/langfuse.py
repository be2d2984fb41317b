"""Traces to a Langfuse server; without LANGFUSE_TEXTS not a word of a patient's leaves (stack.md 5).

The SDK is used with a provider of our own, so that no other library's spans (FastAPI's hold addresses of pages) find
their way there, and without its context managers, which would send the messages of errors.
"""

import asyncio
import logging
from typing import Any

from langfuse import Langfuse, propagate_attributes
from opentelemetry.sdk.trace import TracerProvider

from app.settings import Settings, Switch
from app.tracing.spans import Fact, Span, SpanKind

TYPES = {SpanKind.RUN: "agent", SpanKind.NODE: "span", SpanKind.CALL: "generation"}
MOST_SECONDS = 5
TOKENS = ("input_tokens", "output_tokens")
"""Facts that have a place of their own at Langfuse."""


class LangfuseTracer:
    """Hands spans to the SDK, which sends them from a thread of its own. Open one in a process, and close it."""

    def __init__(self, settings: Settings) -> None:
        self._with_texts = settings.langfuse_texts is Switch.ON
        self._address = settings.langfuse_base_url
        self._open: dict[str, Any] = {}
        self._client = Langfuse(
            public_key=settings.langfuse_public_key,
            secret_key=settings.langfuse_secret_key.get_secret_value(),
            base_url=settings.langfuse_base_url,
            environment=settings.chairside_env.value,
            timeout=MOST_SECONDS,
            tracer_provider=TracerProvider(),
        )
        for noisy in ("langfuse", "opentelemetry"):  # at DEBUG they write out whole spans
            logging.getLogger(noisy).setLevel(logging.WARNING)

    def began(self, span: Span) -> None:
        """As the port says."""
        within: Any = self._open[span.parent.id] if span.parent else self._client
        with propagate_attributes(session_id=_conversation(span)):
            self._open[span.id] = within.start_observation(name=span.name, as_type=TYPES[span.kind])

    def ended(self, span: Span) -> None:
        """As the port says."""
        observation = self._open.pop(span.id)
        observation.update(
            input=self._shown(span.asked),
            output=self._shown(span.said),
            metadata={key: value for key, value in span.facts.items() if key not in TOKENS},
            level="ERROR" if span.error else None,
            status_message=span.error,
            **(_usage(span.facts) if span.kind is SpanKind.CALL else {}),
        )
        observation.end()

    async def check(self) -> str:
        """As the port says; asks the server whether it knows the keys."""
        texts = "with patients' words" if self._with_texts else "without a word of a patient's"
        try:
            is_known = await asyncio.to_thread(self._client.auth_check)
        except Exception as error:  # noqa: BLE001 - the SDK lets every error of the network through
            return f"does not answer: {type(error).__name__}"
        return f"{self._address}, {texts}" if is_known else "does not know LANGFUSE_PUBLIC_KEY"

    async def close(self) -> None:
        """Send what is left."""
        await asyncio.to_thread(self._client.shutdown)

    def _shown(self, text: str | None) -> str | None:
        if text is None or self._with_texts:
            return text
        return f"(masked, {len(text)} characters)"


def _conversation(span: Span) -> str | None:
    root = span
    while root.parent:
        root = root.parent
    found = root.facts.get("campaign_id")
    return str(found) if found else None


def _usage(facts: dict[str, Fact]) -> dict[str, Any]:
    """The model and its tokens, where the call had any."""
    used = {name.removesuffix("_tokens"): facts[name] for name in TOKENS if name in facts}
    return {"model": facts.get("model"), "usage_details": used or None}
