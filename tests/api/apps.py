"""Applications with other settings than the shared `client` fixture: limits on, production, another database."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime

import httpx2

from app.bootstrap import build_context
from app.context import Context
from app.database.connection import Database
from app.llm.base import LanguageModel
from app.settings import Settings
from tests.applications import application


@dataclass(frozen=True, slots=True)
class RunningApp:
    ctx: Context
    http: httpx2.AsyncClient


@asynccontextmanager
async def serving(
    settings: Settings,
    database: Database,
    *,
    now: Callable[[], datetime],
    llm: LanguageModel | None = None,
    base_url: str = "http://testserver",
    caller: str = "203.0.113.7",
) -> AsyncIterator[RunningApp]:
    """The application in this process with these settings, called from the address `caller`.

    Another language model may be put into its port.
    """
    ctx = build_context(settings, database, now=now)
    ctx = replace(ctx, llm=llm) if llm else ctx
    with application(ctx) as app:
        transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False, client=(caller, 40_000))
        async with httpx2.AsyncClient(transport=transport, base_url=base_url) as http:
            yield RunningApp(ctx, http)
