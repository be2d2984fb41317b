"""The composition root: Settings become a Context; the only file that names concrete adapters."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from importlib import import_module

from app.channels.base import Channel
from app.channels.gmail import GmailChannel, pace_of
from app.channels.gmail_mailbox import GmailMailbox
from app.channels.google_api import GmailApi
from app.channels.google_credentials import CredentialsFileError
from app.channels.mailbox import Mailbox
from app.channels.sandbox import SandboxChannel
from app.channels.twilio import TwilioChannel, problem_of
from app.context import Context, never_pause
from app.database.connection import Database, connect
from app.database.embedded import EmbeddedMongo, start_embedded
from app.llm.base import LanguageModel
from app.llm.embeddings import Embedder, RememberingEmbedder
from app.llm.embeddings_openai import OpenAiEmbedder
from app.llm.fallback import Closable, FailoverChain
from app.llm.offline.provider import OfflineLanguageModel
from app.llm.offline.wording import write_follow_up as write_template
from app.llm.openai import OpenAiLanguageModel
from app.llm.openai_api import open_client
from app.llm.spanned import SpannedModel
from app.logging import get_logger
from app.models.enums import ChannelType
from app.models.registry import bind_documents
from app.security import PasswordHasher
from app.services import version_floors
from app.services.send_records import StoredSendRecords
from app.settings import ChannelChoice, Settings, Switch, TraceChoice
from app.tracing.lines import LineTracer
from app.tracing.spans import NoTracer, Tracer

log = get_logger(__name__)

LANGSMITH_SWITCHES = ("LANGSMITH_TRACING", "LANGSMITH_TRACING_V2", "LANGCHAIN_TRACING", "LANGCHAIN_TRACING_V2")
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
    Raises ConfigurationError for settings that cannot be built.
    """
    _refuse_langsmith(settings, os.environ)
    embedded = (
        await asyncio.to_thread(start_embedded, settings.chairside_data_dir) if _wants_embedded(settings) else None
    )
    uri = embedded.uri if embedded else settings.mongodb_uri.get_secret_value()
    database = connect(uri, settings.mongodb_database)
    try:
        _heed_floors(settings, await version_floors.problems(database.handle, is_embedded=embedded is not None))
        await bind_documents(database.handle, build_indexes=embedded is not None)
        ctx = build_context(settings, database, now=now or _clock(settings))
        try:
            yield ctx
        finally:
            await _close(ctx.llm)
            if isinstance(ctx.embedder, RememberingEmbedder):
                await ctx.embedder.close()
            await ctx.tracer.close()
    finally:
        await database.close()
        await _stop(embedded)


def _refuse_langsmith(settings: Settings, environment: Mapping[str, str]) -> None:
    """LangGraph sends every run, patients' words included, to LangSmith when one variable says so (stack.md 5)."""
    on = [name for name in LANGSMITH_SWITCHES if environment.get(name, "").strip().lower() not in ("", "0", "false")]
    if on and settings.chairside_allow_langsmith is Switch.OFF:
        raise ConfigurationError(
            f"{on[0]} would send patients' messages to LangSmith. Unset it, or set CHAIRSIDE_ALLOW_LANGSMITH=on."
        )


def _heed_floors(settings: Settings, outdated: list[str]) -> None:
    """Production does not run what is known to be open (trust.md 4.6); elsewhere it is said."""
    if outdated and settings.is_production:
        raise ConfigurationError(f"Not fit for production: {'; '.join(outdated)}.")
    for sentence in outdated:
        log.warning("version.outdated", problem=sentence)


def _clock(settings: Settings) -> Callable[[], datetime]:
    """The wall clock; a test may move it by writing seconds into a file."""
    moved_by = settings.chairside_clock_file
    if moved_by is None:
        return utc_now
    return lambda: utc_now() + timedelta(seconds=float(moved_by.read_text() or 0) if moved_by.exists() else 0)


def _wants_embedded(settings: Settings) -> bool:
    return not settings.mongodb_uri.get_secret_value() and not settings.is_production


async def _close(model: LanguageModel) -> None:
    if isinstance(model, Closable):
        await model.close()


async def _stop(embedded: EmbeddedMongo | None) -> None:
    if embedded:
        await asyncio.to_thread(embedded.stop)


def build_context(settings: Settings, database: Database, *, now: Callable[[], datetime] = utc_now) -> Context:
    """The Context over an open database. Raises ConfigurationError for a provider that does not exist."""
    channels = _channels(settings, now)
    return Context(
        settings=settings,
        now=now,
        database=database,
        channels=channels,
        mailbox=_mailbox(settings, channels[ChannelType.EMAIL]) if ChannelType.EMAIL in channels else None,
        llm=_language_model(settings, now),
        write_template=write_template,
        embedder=_embedder(settings, now),
        passwords=PasswordHasher(),
        tracer=_tracer(settings),
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
    return {
        channel: _adapter(choice)(settings, now)
        for channel, choice in chosen.items()
        if choice is not ChannelChoice.NONE
    }


def _sandbox(_: Settings, now: Callable[[], datetime]) -> Channel:
    return SandboxChannel(now=now)


def _gmail(settings: Settings, now: Callable[[], datetime]) -> Channel:
    """Gmail with the credentials of GOOGLE_CREDENTIALS_FILE. Raises ConfigurationError when they cannot be read."""
    mailbox, file = settings.gmail_mailbox, settings.google_credentials_file
    if file is None:
        raise ConfigurationError("CHANNEL_EMAIL is `gmail` and needs GOOGLE_CREDENTIALS_FILE.")
    try:
        api = GmailApi.open(file, mailbox=mailbox, now=now, api_url=settings.gmail_api_url)
    except CredentialsFileError as error:
        raise ConfigurationError(str(error)) from error
    pace = pace_of(mailbox, per_second=settings.gmail_sends_per_second)
    uses_drafts = settings.gmail_drafts is Switch.ON
    return GmailChannel(api, mailbox=mailbox, now=now, wait_for_turn=pace, uses_drafts=uses_drafts)


def _mailbox(settings: Settings, channel: Channel) -> Mailbox | None:
    """The mailbox that e-mail is sent from, where one is connected: answers come back to it."""
    if not isinstance(channel, GmailChannel):
        return None
    return GmailMailbox(channel.api, address=channel.mailbox, topic=settings.gmail_pubsub_topic)


def _twilio(settings: Settings, now: Callable[[], datetime]) -> Channel:
    """SMS and WhatsApp. Raises ConfigurationError that names the setting which is missing."""
    if problem := problem_of(settings):
        raise ConfigurationError(problem)
    return TwilioChannel(settings, now=now, records=StoredSendRecords())


ADAPTERS: dict[ChannelChoice, Callable[[Settings, Callable[[], datetime]], Channel]] = {
    ChannelChoice.SANDBOX: _sandbox,
    ChannelChoice.GMAIL: _gmail,
    ChannelChoice.TWILIO: _twilio,
}


def _adapter(choice: ChannelChoice) -> Callable[[Settings, Callable[[], datetime]], Channel]:
    if choice not in ADAPTERS:
        raise ConfigurationError(f"There is no channel `{choice}` here. Known: {', '.join(ADAPTERS)}, none.")
    return ADAPTERS[choice]


def _offline(_: Settings, __: Callable[[], datetime]) -> LanguageModel:
    return OfflineLanguageModel()


LANGUAGE_MODELS: dict[str, Callable[[Settings, Callable[[], datetime]], LanguageModel]] = {
    "offline": _offline,
    "openai": OpenAiLanguageModel.open,
}
LAST_RESORT = "offline"


def _language_model(settings: Settings, now: Callable[[], datetime]) -> LanguageModel:
    """The providers of LLM_PROVIDERS as one, `offline` behind them. Raises ConfigurationError for an unknown name."""
    chosen = tuple(dict.fromkeys(settings.llm_providers))
    unknown = [name for name in chosen if name not in LANGUAGE_MODELS]
    if unknown or not chosen:
        known = ", ".join(LANGUAGE_MODELS)
        raise ConfigurationError(
            f"LLM_PROVIDERS must name at least one of: {known}. Unknown: {', '.join(unknown) or '-'}."
        )
    if chosen == (LAST_RESORT,):
        return SpannedModel(OfflineLanguageModel())
    names = (*(name for name in chosen if name != LAST_RESORT), LAST_RESORT)
    models = [LANGUAGE_MODELS[name](settings, now) for name in names]
    return FailoverChain(models, now=now, run_seconds=settings.llm_run_seconds)


def _embedder(settings: Settings, now: Callable[[], datetime]) -> Embedder | None:
    """The embedding model of OPENAI_EMBEDDING_MODEL; off while that is empty."""
    if not settings.openai_embedding_model:
        return None
    inner = OpenAiEmbedder(open_client(settings), model=settings.openai_embedding_model)
    return RememberingEmbedder(inner, now=now)


def _tracer(settings: Settings) -> Tracer:
    """Where traces go. Raises ConfigurationError when the extra that AGENT_TRACES needs is not installed."""
    if settings.agent_traces is not TraceChoice.LANGFUSE:
        return LineTracer() if settings.agent_traces is TraceChoice.LOG else NoTracer()
    try:
        adapter = import_module("app.tracing.langfuse")  # an extra: not everybody has it
    except ImportError as error:
        raise ConfigurationError(
            "AGENT_TRACES is `langfuse`, which needs an extra: pip install 'chairside[langfuse]'."
        ) from error
    tracer: Tracer = adapter.LangfuseTracer(settings)
    return tracer


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
