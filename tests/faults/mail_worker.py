"""One worker process of the inbox that writes down each run of the agent: `python -m tests.faults.mail_worker FOLDER`.

It works until the file `stop` is in the folder. Times are of the machine's monotonic clock, which processes share.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from app.bootstrap import open_context
from app.jobs import inbox
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
from app.settings import Settings
from tests.agent.provider import THANKS, FixedProvider

STOP = "stop"
THINKS_SECONDS = 0.005
"""Long enough for another worker to come into the same conversation, if it could."""


class RecordingProvider:
    """Takes every message for thanks, and records when it began and ended to think about which text."""

    name = "recording"

    def __init__(self, file: Path) -> None:
        self._file = file
        self._plain = FixedProvider()

    def record(self, **facts: object) -> None:
        with self._file.open("a") as lines:
            lines.write(json.dumps(facts) + "\n")

    async def analyse(self, message: PatientText) -> Analysis:
        began = time.monotonic_ns()
        await asyncio.sleep(THINKS_SECONDS)
        self.record(run=message.text, began=began, ended=time.monotonic_ns())
        return THANKS

    async def write_follow_up(self, brief: FollowUpBrief) -> Draft:
        return await self._plain.write_follow_up(brief)

    async def answer(
        self, question: str, passages: Sequence[Passage], *, voice: Voice = PLAIN_VOICE
    ) -> KnowledgeAnswer | None:
        return None

    async def summarise(self, turns: Sequence[Turn], *, voice: Voice = PLAIN_VOICE) -> Summary:
        return await self._plain.summarise(turns)


async def work(folder: Path) -> None:
    """Drain the inbox again and again."""
    provider = RecordingProvider(folder / f"worker-{os.getpid()}.jsonl")

    async def pause(name: str) -> None:
        if name == "inbox.answered":
            provider.record(answered=1)

    async with open_context(Settings()) as ctx:
        while not (folder / STOP).exists():
            counts = await inbox.drain(replace(ctx, llm=provider, pause=pause))
            if not any(counts.values()):
                await asyncio.sleep(0.05)


if __name__ == "__main__":
    asyncio.run(work(Path(sys.argv[1])))
