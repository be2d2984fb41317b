"""A stage for tests of the OpenAI provider: settings that point at a local peer, short times in place of long ones."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from app.bootstrap import build_context
from app.context import Context
from app.llm.fallback import Closable
from app.settings import Settings
from tests.peers.openai import OpenAiPeer

QUICK: dict[str, Any] = {"openai_deadline_seconds": 0.5}
"""For faults that would keep a patient waiting."""
HOLDING = ("timeout", "slow-drip")
"""Faults of the peer that only a deadline ends."""


def settings_for(settings: Settings, url: str, **changes: Any) -> Settings:
    """The test's settings with this server as the first provider."""
    values = {"openai_base_url": url, "openai_api_key": "key-1", "openai_model": "peer-1", "llm_providers": ("openai",)}
    return Settings(_env_file=None, **(settings.model_dump() | values | changes))


@asynccontextmanager
async def speaking(ctx: Context, peer: OpenAiPeer, **changes: Any) -> AsyncIterator[Context]:
    """The same Context with the peer as its language model; the connections are closed at the end."""
    chosen = settings_for(ctx.settings, changes.pop("url", peer.url), **changes)
    model = build_context(chosen, ctx.database, now=ctx.now).llm
    try:
        yield replace(ctx, settings=chosen, llm=model)
    finally:
        if isinstance(model, Closable):
            await model.close()
