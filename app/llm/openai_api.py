"""The two ways to ask an OpenAI-compatible server for an answer of a given shape, and the client that asks.

Requests are never stored there (`store=False`), and a redirect is not followed: it could carry a patient's words away.
"""

from dataclasses import dataclass
from typing import Protocol, TypeVar

import openai
from openai import AsyncOpenAI, DefaultAsyncHttpxClient

from app.llm.base import LanguageModelError, UnwillingError
from app.llm.openai_shapes import Decision
from app.llm.prompts.files import Rendered
from app.settings import OpenAiApi, Settings

RETRIES = 1
D = TypeVar("D", bound=Decision)


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens that one answer cost."""

    input_tokens: int
    output_tokens: int


def open_client(settings: Settings) -> AsyncOpenAI:
    """The one client of this process: chat and embeddings share its connections. Close it at the end."""
    return AsyncOpenAI(
        api_key=settings.openai_api_key.get_secret_value(),
        base_url=settings.openai_base_url,
        timeout=settings.openai_timeout_seconds,
        max_retries=RETRIES,
        http_client=DefaultAsyncHttpxClient(follow_redirects=False),
    )


async def ask_responses(
    client: AsyncOpenAI, prompt: Rendered, shape: type[D], *, model: str, most_tokens: int
) -> tuple[D, Usage | None]:
    """Ask by `/responses`. Raises what the SDK raises, UnwillingError for a refusal, LanguageModelError for a torso."""
    answer = await client.responses.parse(
        model=model,
        instructions=prompt.instructions,
        input=prompt.text,
        text_format=shape,
        store=False,
        max_output_tokens=most_tokens,
    )
    used = answer.usage
    if answer.status not in (None, "completed"):
        raise LanguageModelError(f"answer_{answer.status}")
    if answer.output_parsed is None:
        raise UnwillingError("refused") if answer.output else LanguageModelError("no_output")
    return answer.output_parsed, Usage(used.input_tokens, used.output_tokens) if used else None


async def ask_chat(
    client: AsyncOpenAI, prompt: Rendered, shape: type[D], *, model: str, most_tokens: int
) -> tuple[D, Usage | None]:
    """Ask by `/chat/completions`, which most compatible servers speak. Raises as `ask_responses`."""
    answer = await client.chat.completions.parse(
        model=model,
        messages=[{"role": "system", "content": prompt.instructions}, {"role": "user", "content": prompt.text}],
        response_format=shape,
        store=False,
        max_completion_tokens=most_tokens,
    )
    used, parsed = answer.usage, answer.choices[0].message.parsed
    if parsed is None:
        raise UnwillingError("refused")
    return parsed, Usage(used.prompt_tokens, used.completion_tokens) if used else None


class Ask(Protocol):
    """Either way to ask."""

    async def __call__(
        self, client: AsyncOpenAI, prompt: Rendered, shape: type[D], *, model: str, most_tokens: int
    ) -> tuple[D, Usage | None]:
        """The decision, and what it cost where the server says so."""
        ...


ASKS: dict[OpenAiApi, Ask] = {OpenAiApi.RESPONSES: ask_responses, OpenAiApi.CHAT: ask_chat}

FAILURES = (
    openai.OpenAIError,
    LanguageModelError,
    TimeoutError,
    ValueError,  # pydantic's and json's errors are such
    LookupError,
    TypeError,
    AttributeError,  # a proxy's page in place of an answer (stack.md 2c)
    RecursionError,  # JSON that is nested without end
)
"""Everything that a provider has been seen to do instead of answering."""


def failure_of(error: Exception) -> LanguageModelError:
    """The same failure in our own terms: a code without a word of what was sent or answered."""
    if isinstance(error, LanguageModelError):
        return error
    if isinstance(error, openai.ContentFilterFinishReasonError):
        return UnwillingError("content_filter")
    status = f"_{error.status_code}" if isinstance(error, openai.APIStatusError) else ""
    return LanguageModelError(f"{type(error).__name__}{status}")


def was_turned_away(error: Exception) -> bool:
    """True when nothing was read, so nothing was paid: no connection, or an error status."""
    unconnected = isinstance(error, openai.APIConnectionError) and not isinstance(error, openai.APITimeoutError)
    return unconnected or isinstance(error, openai.APIStatusError)
