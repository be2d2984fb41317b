"""The composition root: Settings become a Context; the only file that names concrete adapters."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from app.channels.base import Channel
from app.channels.sandbox import SandboxChannel
from app.context import Context, never_pause
from app.database.connection import Database, connect
from app.database.embedded import EmbeddedMongo, start_embedded
from app.llm.base import LanguageModel
from app.llm.offline.provider import OfflineLanguageModel
from app.logging import get_logger
from app.models.enums import ChannelType
from app.models.registry import bind_documents
from app.security import PasswordHasher
from app.settings import ChannelChoice, Settings

log = get_logger(__name__)

REACHED = "reached"
"""What a pause point writes into its file when the process stands there."""


class ConfigurationError(Exception):
    """The settings name something that cannot be built; the sentence says which variable to change."""


def utc_now() -> datetime:
    return datetime.now(UTC)


@asynccontextmanager
async def open_context(settings: Settings, *, now: Callable[[], datetime] | None = None) -> AsyncIterator[Context]:
    """Everything that the product needs, ready to use; whatever was started here is stopped at the end.

    The embedded database gets its indexes at once; a database of your own gets them from `chairside migrate`.
    """
    embedded = (
        await asyncio.to_thread(start_embedded, settings.chairside_data_dir) if _wants_embedded(settings) else None
    )
    uri = embedded.uri if embedded else settings.mongodb_uri.get_secret_value()
    database = connect(uri, settings.mongodb_database)
    try:
        await bind_documents(database.handle, build_indexes=embedded is not None)
        yield build_context(settings, database, now=now or _clock(settings))
    finally:
        await database.close()
        await _stop(embedded)


def _clock(settings: Settings) -> Callable[[], datetime]:
    """The wall clock; a test may move it by writing seconds into a file."""
    moved_by = settings.chairside_clock_file
    if moved_by is None:
        return utc_now
    return lambda: utc_now() + timedelta(seconds=float(moved_by.read_text() or 0) if moved_by.exists() else 0)


def _wants_embedded(settings: Settings) -> bool:
    return not settings.mongodb_uri.get_secret_value() and not settings.is_production


async def _stop(embedded: EmbeddedMongo | None) -> None:
    if embedded:
        await asyncio.to_thread(embedded.stop)


def build_context(settings: Settings, database: Database, *, now: Callable[[], datetime] = utc_now) -> Context:
    """The Context over an open database. Raises ConfigurationError for a provider that does not exist."""
    return Context(
        settings=settings,
        now=now,
        database=database,
        channels=_channels(settings, now),
        llm=_language_model(settings),
        passwords=PasswordHasher(),
        pause=_pause_point(settings),
    )


def _channels(settings: Settings, now: Callable[[], datetime]) -> Mapping[ChannelType, Channel]:
    chosen = {
        ChannelType.EMAIL: settings.channel_email,
        ChannelType.SMS: settings.channel_sms,
        ChannelType.WHATSAPP: settings.channel_whatsapp,
    }
    if settings.uses_sandbox:
        log.warning(
            "channel.sandbox_in_use",
            channels=[c.value for c, choice in chosen.items() if choice is ChannelChoice.SANDBOX],
        )
    return {channel: SandboxChannel(now=now) for channel, choice in chosen.items() if choice is ChannelChoice.SANDBOX}


LANGUAGE_MODELS: dict[str, Callable[[], LanguageModel]] = {"offline": OfflineLanguageModel}


def _language_model(settings: Settings) -> LanguageModel:
    """The first provider of LLM_PROVIDERS; every name must be one that exists."""
    unknown = [name for name in settings.llm_providers if name not in LANGUAGE_MODELS]
    if unknown or not settings.llm_providers:
        known = ", ".join(LANGUAGE_MODELS)
        raise ConfigurationError(
            f"LLM_PROVIDERS must name at least one of: {known}. Unknown: {', '.join(unknown) or '-'}."
        )
    return LANGUAGE_MODELS[settings.llm_providers[0]]()


def _pause_point(settings: Settings) -> Callable[[str], Awaitable[None]]:
    """For tests of crashes: stand still at the step that the file names, until the process is killed there."""
    file = settings.chairside_pause_file
    if file is None:
        return never_pause

    async def pause(name: str) -> None:
        if file.exists() and file.read_text() == name:
            file.write_text(REACHED)
            await asyncio.Event().wait()

    return pause
