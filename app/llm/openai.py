"""The OpenAI-compatible provider: prompts in, validated decisions out; any failure is one LanguageModelError.

It never sees an id, an address or another patient, and proposes labels and words only (trust.md section 3).
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import TypeVar

from openai import AsyncOpenAI

from app.llm import metrics
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
    UnwillingError,
    Voice,
)
from app.llm.masks import masked
from app.llm.openai_api import ASKS, FAILURES, Usage, failure_of, open_client, was_turned_away
from app.llm.openai_shapes import (
    LONGEST_BODY,
    ArticleAnswer,
    Decision,
    FollowUpDraft,
    HandoverSummary,
    MessageReading,
    one_line,
)
from app.llm.prompts.files import Rendered, render
from app.llm.spending import MICRO, Budget, Ledger, Price
from app.models.enums import Author, CampaignType
from app.settings import Settings
from app.tracing import spans

MOST_CHARS = 8_000
"""Of a message or a conversation; the newest part of a conversation counts (trust.md section 3)."""
BYTES_PER_TOKEN = 3
SCHEMA_TOKENS = 400
"""What the shape of an answer adds to every request, generously."""
OCCASIONS = {
    CampaignType.RECALL: "their next visit is due",
    CampaignType.RECOVERY: "they once asked about something and did not book",
}
D = TypeVar("D", bound=Decision)


class OpenAiLanguageModel:
    """One server, one model. Every method raises LanguageModelError and nothing else."""

    def __init__(self, client: AsyncOpenAI, ledger: Ledger, settings: Settings, *, name: str = "openai") -> None:
        self.name = name
        self._client = client
        self._ledger = ledger
        self._model = settings.openai_model
        self._ask_by = ASKS[settings.openai_api]
        self._most_tokens = settings.openai_max_output_tokens
        self._deadline = settings.openai_deadline_seconds

    @classmethod
    def open(cls, settings: Settings, now: Callable[[], datetime]) -> "OpenAiLanguageModel":
        """The provider that the OPENAI_... settings name, with the budget of the LLM_... settings."""
        ledger = Ledger(
            now=now,
            price=Price(settings.openai_input_usd_per_million, settings.openai_output_usd_per_million),
            budget=Budget(settings.llm_daily_budget_usd, settings.llm_campaign_daily_tokens),
        )
        return cls(open_client(settings), ledger, settings)

    async def close(self) -> None:
        """Let go of the connections."""
        await self._client.close()

    async def analyse(self, message: PatientText) -> Analysis:
        """Label one incoming message."""
        values = _facts(message.voice) | {
            "channel": message.channel.value,
            "previous_outgoing": _outside(message.previous_outgoing or "(none)", message.voice),
            "text": _outside(message.text, message.voice),
        }
        return (await self._decide(render("analyse", values), MessageReading)).as_analysis()

    async def write_follow_up(self, brief: FollowUpBrief) -> Draft:
        """Write one message of the clinic."""
        prompt = render("follow_up", _facts(brief.voice) | _of_brief(brief))
        written = await self._decide(prompt, FollowUpDraft)
        return written.as_draft(
            brief.channel, clinic_name=one_line(brief.clinic_name, 200), inquiry=brief.initial_inquiry or ""
        )

    async def answer(
        self, question: str, passages: Sequence[Passage], *, voice: Voice = PLAIN_VOICE
    ) -> KnowledgeAnswer | None:
        """Answer from the passages alone, with the sentence that says it."""
        if not passages:
            return None
        articles = "\n\n".join(f"[{number}] {each.title}\n{each.body}" for number, each in enumerate(passages, 1))
        values = _facts(voice) | {"question": _outside(question, voice), "articles": articles}
        return (await self._decide(render("answer", values), ArticleAnswer)).as_answer(passages, question=question)

    async def summarise(self, turns: Sequence[Turn], *, voice: Voice = PLAIN_VOICE) -> Summary:
        """Sum a conversation up for staff."""
        conversation = "\n".join(f"{turn.author}: {turn.text}" for turn in turns)
        values = _facts(voice) | {"conversation": _outside(conversation, voice, newest=True)}
        heard = "\n".join(turn.text for turn in turns if turn.author == Author.PATIENT)
        return (await self._decide(render("summarise", values), HandoverSummary)).as_summary(heard=heard)

    async def _decide(self, prompt: Rendered, shape: type[D]) -> D:
        """One call: reserved, limited in time, validated, paid. Raises LanguageModelError and nothing else."""
        step = spans.current()
        step.note(model=self._model, prompt=f"{prompt.name} {prompt.version}")
        step.texts(asked=f"{prompt.instructions}\n\n{prompt.text}")
        reserve = self._ledger.charge(input_tokens=_most_input(prompt), output_tokens=self._most_tokens)
        async with reserve as charge:
            try:
                async with asyncio.timeout(self._deadline):
                    decision, usage = await self._ask_by(
                        self._client, prompt, shape, model=self._model, most_tokens=self._most_tokens
                    )
            except FAILURES as error:
                if was_turned_away(error):
                    charge.was_free()
                raise failure_of(error) from None  # its text may repeat what a patient wrote
            if usage:
                charge.used(usage.input_tokens, usage.output_tokens)
                self._count(usage, micro_usd=charge.price.micro_usd(usage.input_tokens, usage.output_tokens))
                step.note(input_tokens=usage.input_tokens, output_tokens=usage.output_tokens)
        step.texts(said=decision.model_dump_json())
        if decision.repeats_its_prompt:  # it obeyed a message: that is no fault of the server's
            raise UnwillingError("repeats_its_prompt")
        return decision

    def _count(self, usage: Usage, *, micro_usd: int) -> None:
        metrics.TOKENS.labels(self.name, "input").inc(usage.input_tokens)
        metrics.TOKENS.labels(self.name, "output").inc(usage.output_tokens)
        metrics.COST.labels(self.name).inc(micro_usd / MICRO)


def _most_input(prompt: Rendered) -> int:
    """No fewer tokens than the request will cost: three bytes make at least one."""
    return len((prompt.instructions + prompt.text).encode()) // BYTES_PER_TOKEN + SCHEMA_TOKENS


def _facts(voice: Voice) -> dict[str, str]:
    """What every prompt knows of the clinic."""
    return {
        "clinic_name": voice.clinic_name or "the clinic",
        "tone": voice.tone or "friendly and plain",
        "today": _day(voice.today) if voice.today else "not known",
        "time_zone": voice.time_zone,
        "language": voice.language,
    }


def _outside(text: str, voice: Voice, *, newest: bool = False) -> str:
    """What a patient wrote or read, without what no model needs of it; the beginning counts, or the newest part."""
    least = masked(text, name=voice.patient_name)
    return least[-MOST_CHARS:] if newest else least[:MOST_CHARS]


def _of_brief(brief: FollowUpBrief) -> dict[str, str]:
    """The least of a patient that a message needs: a first name, two dates, what they asked."""
    return {
        "clinic_name": brief.clinic_name,
        "language": brief.language or "en",
        "first_name": one_line(brief.patient_first_name, 40),
        "occasion": OCCASIONS[brief.campaign_type],
        "attempt": f"{brief.attempt} of {brief.max_attempts}",
        "channel": brief.channel.value,
        "is_nudge": "yes" if brief.is_nudge else "no",
        "last_visit_on": _day(brief.last_visit_on) if brief.last_visit_on else "not known",
        "due_on": _day(brief.due_on) if brief.due_on else "not known",
        "longest_body": str(min(brief.longest_chars, LONGEST_BODY[brief.channel])),
        "initial_inquiry": _outside(brief.initial_inquiry or "", brief.voice),
        "former_texts": _outside("\n---\n".join(brief.former_texts), brief.voice, newest=True),
    }


def _day(day: date) -> str:
    return f"{day:%A} {day.isoformat()}"
