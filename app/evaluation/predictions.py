"""Reads messages as the agent reads a patient's, and says what would follow (agent.md section 2)."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from app.agent.choosing import Situation, reaction_to, wants_person
from app.agent.understanding import understand
from app.agent.voice import voice_of
from app.context import Context
from app.evaluation.lines import MessageLine
from app.evaluation.replies import Written, reply_to
from app.evaluation.stage import Stage
from app.llm.base import Analysis, LanguageModelError, PatientText
from app.models.enums import Intent, Sentiment

FOLDED = {Intent.CONFUSED: Intent.IRRELEVANT, Intent.BOUNCE: Intent.AUTO_REPLY}
"""The product tells these apart; the labels of agent.md section 1 do not."""
SITUATION = Situation(has_visit_ahead=True)
"""A patient who was written to, has just answered, and has one visit ahead."""
UNREAD = Analysis(
    intent=Intent.CONFUSED,
    intents=(Intent.CONFUSED,),
    sentiment=Sentiment.NEUTRAL,
    confidence=0.0,
    handoff=True,
    reason="the provider failed",
)
Progress = Callable[[], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """`seconds` is the time of the analysis alone; `is_failure` when the provider gave no usable answer."""

    id: str
    intent: Intent
    intents: tuple[Intent, ...]
    sentiment: Sentiment
    confidence: float
    handoff: bool
    reply: str
    seconds: float
    is_failure: bool

    def as_line(self) -> dict[str, Any]:
        """As `--predictions` writes it."""
        return {
            "id": self.id,
            "intent": self.intent.value,
            "intents": [intent.value for intent in self.intents],
            "sentiment": self.sentiment.value,
            "confidence": round(self.confidence, 4),
            "handoff": self.handoff,
            "reply": self.reply,
        }


def folded(intents: Sequence[Intent]) -> tuple[Intent, ...]:
    """Labels as agent.md section 1 knows them, each once."""
    return tuple(dict.fromkeys(FOLDED.get(intent, intent) for intent in intents))


async def predict(ctx: Context, stage: Stage, line: MessageLine, *, has_articles: bool) -> Prediction:
    """One message through screening, analysis and the choice of an action.

    Without articles a general question is one that the clinic's articles might answer: `handoff` stays false.
    """
    began = time.perf_counter()
    analysis = await _understood(ctx, stage, line)
    seconds = time.perf_counter() - began
    read = analysis or UNREAD
    reaction = reaction_to(read, SITUATION)
    reply = await reply_to(ctx, stage, Written(text=line.text, analysis=read, reaction=reaction))
    intent, *others = folded((read.intent, *read.intents))
    return Prediction(
        id=line.id,
        intent=intent,
        intents=(intent, *others),
        sentiment=read.sentiment,
        confidence=read.confidence,
        handoff=wants_person(read, reaction) or (has_articles and reply.is_left_to_person),
        reply=reply.text,
        seconds=seconds,
        is_failure=analysis is None,
    )


async def _understood(ctx: Context, stage: Stage, line: MessageLine) -> Analysis | None:
    """None when the provider failed and no rule decided: the agent then hands over."""
    message = PatientText(
        text=line.text,
        channel=line.channel,
        previous_outgoing=line.prev_outgoing,
        voice=voice_of(stage.clinic, stage.patient, ctx.now()),
    )
    try:
        return await understand(ctx.llm, message)
    except LanguageModelError:
        return None


async def predict_all(
    ctx: Context,
    stage: Stage,
    lines: Sequence[MessageLine],
    *,
    has_articles: bool,
    parallel: int,
    on_each: Progress,
) -> list[Prediction]:
    """Every message, at most `parallel` at a time, in the order of the lines."""
    turns = asyncio.Semaphore(parallel)

    async def one(line: MessageLine) -> Prediction:
        async with turns:
            prediction = await predict(ctx, stage, line, has_articles=has_articles)
        on_each()
        return prediction

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(line)) for line in lines]
    return [task.result() for task in tasks]
