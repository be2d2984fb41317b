"""Every environment variable, typed; unsafe combinations are refused before anything starts (operations.md)."""

import os
import re
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
)

DEVELOPMENT_SECRET = "development-only-secret-do-not-use-in-production"  # noqa: S105 - public, refused in production
MINIMUM_SECRET_BYTES = 32
WHATSAPP_TEMPLATE = re.compile(r"(attempt|nudge|reminder)=HX[0-9a-f]{32}")
MAILBOX = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,190}\.[A-Za-z]{2,60}")
TOPIC = re.compile(r"projects/[\w:.-]{1,80}/topics/[\w.~%+-]{3,255}")
COLLECTOR = re.compile(r"https?://[\w.:\[\]-]{1,255}(/[\w./-]{0,255})?")
SECRETS_DIR = Path("/run/secrets")
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def keeps_secrets(url: str) -> bool:
    """True when nobody can read on the way what is sent there: https, or http on this machine."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)


def _is_plain(url: str) -> bool:
    """True for http, also on this machine: a stand-in for a provider."""
    return url.strip().lower().startswith("http:")


class Environment(StrEnum):
    DEVELOPMENT = "development"
    TEST = "test"
    PRODUCTION = "production"


class ChannelChoice(StrEnum):
    SANDBOX = "sandbox"
    GMAIL = "gmail"
    TWILIO = "twilio"
    NONE = "none"


class Switch(StrEnum):
    ON = "on"
    OFF = "off"


class OpenAiApi(StrEnum):
    RESPONSES = "responses"
    CHAT = "chat"


class TraceChoice(StrEnum):
    OFF = "off"
    LOG = "log"
    LANGFUSE = "langfuse"


class ApiDocs(StrEnum):
    AUTO = "auto"
    ON = "on"
    OFF = "off"


class LogFormat(StrEnum):
    CONSOLE = "console"
    JSON = "json"


class Settings(BaseSettings):
    """Read from the environment, then from `.env`; docs/reference/settings.md describes each name."""

    model_config = SettingsConfigDict(
        env_file=".env", env_file_encoding="utf-8", extra="ignore", frozen=True, hide_input_in_errors=True
    )

    chairside_env: Environment = Environment.DEVELOPMENT
    mongodb_uri: SecretStr = Field(SecretStr(""), description="Replica set or sharded cluster; empty = embedded mongod")
    mongodb_database: str = "chairside"
    public_base_url: str = Field("http://127.0.0.1:8000", description="Every link and signature check is built from it")
    jwt_secret: SecretStr = SecretStr(DEVELOPMENT_SECRET)
    access_token_minutes: int = Field(30, ge=1, le=24 * 60)
    admin_email: str = Field("", description="With ADMIN_PASSWORD: creates the first admin when there is none")
    admin_password: SecretStr = SecretStr("")
    channel_email: ChannelChoice = ChannelChoice.SANDBOX
    channel_sms: ChannelChoice = ChannelChoice.SANDBOX
    channel_whatsapp: ChannelChoice = ChannelChoice.SANDBOX
    gmail_mailbox: str = Field("", description="The clinic's mailbox, that patients are written to from")
    google_credentials_file: Path | None = Field(None, description="Of an authorized user or a service account")
    gmail_api_url: str = Field("", description="Empty = Google; another server of the same wire format for tests")
    gmail_pubsub_topic: str = Field("", description="projects/<project>/topics/<topic>, where Gmail announces mail")
    gmail_drafts: Switch = Field(Switch.ON, description="off: only where `chairside gmail check-drafts` fails")
    gmail_sends_per_second: float = Field(2.0, gt=0, le=1000, description="Of all replicas together")
    pubsub_audience: str = ""
    pubsub_service_account: str = ""
    pubsub_subscription: str = ""
    pubsub_jwks_url: str = "https://www.googleapis.com/oauth2/v3/certs"
    incoming_message_secret: SecretStr = Field(SecretStr(""), description="Comma-separated during a rotation")
    twilio_account_sid: str = ""
    twilio_auth_token: SecretStr = Field(SecretStr(""), description="Comma-separated in a rotation; the first sends")
    twilio_sms_from: str = ""
    twilio_messaging_service_sid: str = Field("", description="Sends SMS in place of TWILIO_SMS_FROM when given")
    twilio_whatsapp_from: str = ""
    twilio_whatsapp_templates: Annotated[tuple[str, ...], NoDecode] = Field((), description="`kind=HX...` each")
    twilio_api_url: str = "https://api.twilio.com"
    handoff_emails: Annotated[tuple[str, ...], NoDecode] = Field((), description="Staff told of each handoff")
    reply_after_seconds: float | None = Field(None, ge=0, le=300, description="Empty = 30 in production, else 3")
    llm_providers: Annotated[tuple[str, ...], NoDecode] = ("offline",)
    llm_run_seconds: float = Field(35.0, gt=0, le=40, description="What remote providers may take in one agent's run")
    llm_daily_budget_usd: float | None = Field(None, ge=0, description="Empty = no limit")
    llm_campaign_daily_tokens: int | None = Field(100_000, ge=1)
    openai_api_key: SecretStr = SecretStr("")
    openai_base_url: str = "https://api.openai.com/v1"
    openai_model: str = ""
    openai_embedding_model: str = Field("", description="Finds articles by meaning too; empty = by words alone")
    openai_api: OpenAiApi = OpenAiApi.RESPONSES
    openai_timeout_seconds: float = Field(20.0, gt=0, le=40, description="Of one request")
    openai_deadline_seconds: float = Field(30.0, gt=0, le=40, description="Of one answer, its retry included")
    openai_max_output_tokens: int = Field(1_000, ge=100, le=100_000)
    openai_input_usd_per_million: float = Field(0.0, ge=0)
    openai_output_usd_per_million: float = Field(0.0, ge=0)
    agent_traces: TraceChoice = Field(TraceChoice.LOG, description="Where one trace for each run of the agent goes")
    langfuse_public_key: str = ""
    langfuse_secret_key: SecretStr = SecretStr("")
    langfuse_base_url: str = "https://cloud.langfuse.com"
    langfuse_texts: Switch = Field(Switch.OFF, description="on: Langfuse gets patients' words too")
    chairside_data_dir: Path = Path(".data")
    chairside_secrets_dir: Path = Field(SECRETS_DIR, description="A file there, named as a setting, holds its value")
    chairside_lease_seconds: float = Field(120.0, gt=0, le=3600, description="How long a worker may hold a claimed row")
    chairside_pause_file: Path | None = Field(None, description="Test only: a file with the step to stop at for ever")
    chairside_clock_file: Path | None = Field(None, description="Test only: a file with seconds to add to the clock")
    chairside_allow_langsmith: Switch = Field(Switch.OFF, description="on: LangSmith may get patients' messages")
    rate_limits: Switch = Switch.ON
    scheduler: Switch = Switch.ON
    api_docs: ApiDocs = Field(ApiDocs.AUTO, description="/docs and /openapi.json; auto = not in production")
    log_level: str = Field("INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$")
    log_format: LogFormat = LogFormat.CONSOLE
    metrics_token: SecretStr = Field(SecretStr(""), description="Reads /metrics; empty = production answers 404 there")
    otel_exporter_otlp_endpoint: str = Field("", description="Where traces of requests go by OTLP; empty = nowhere")
    otel_exporter_otlp_headers: SecretStr = Field(SecretStr(""), description="`name=value` each, for that server")
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = Field((), description="Empty = the host of PUBLIC_BASE_URL")
    cors_origins: Annotated[tuple[str, ...], NoDecode] = ()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment wins over `.env`, and that over the files that containers are handed their secrets in."""
        folder = Path(os.environ.get("CHAIRSIDE_SECRETS_DIR") or SECRETS_DIR)
        files = SecretsSettingsSource(settings_cls, secrets_dir=folder) if folder.is_dir() else file_secret_settings
        return init_settings, env_settings, dotenv_settings, files

    @field_validator(
        "handoff_emails", "llm_providers", "allowed_hosts", "cors_origins", "twilio_whatsapp_templates", mode="before"
    )
    @classmethod
    def _split_commas(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("public_base_url")
    @classmethod
    def _strip_slash(cls, value: str) -> str:
        return value.rstrip("/")

    @field_validator("twilio_api_url")
    @classmethod
    def _refuse_open_twilio(cls, value: str) -> str:
        if not keeps_secrets(value):
            raise ValueError("must be https, or http on this machine")
        return value

    @field_validator("twilio_whatsapp_templates")
    @classmethod
    def _refuse_unknown_templates(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if unreadable := [entry for entry in value if not WHATSAPP_TEMPLATE.fullmatch(entry)]:
            raise ValueError(f"must be like attempt=HX and 32 hexadecimal digits, not {', '.join(unreadable)}")
        return value

    @model_validator(mode="after")
    def _refuse_incomplete_gmail(self) -> Self:
        if ChannelChoice.GMAIL in (self.channel_sms, self.channel_whatsapp):
            raise ValueError("CHANNEL_SMS and CHANNEL_WHATSAPP cannot be `gmail`")
        needed = {"GMAIL_MAILBOX": self.gmail_mailbox, "GOOGLE_CREDENTIALS_FILE": self.google_credentials_file}
        missing = [name for name, value in needed.items() if not value]
        if self.channel_email is ChannelChoice.GMAIL and missing:
            raise ValueError(f"CHANNEL_EMAIL is `gmail` and needs {' and '.join(missing)}")
        if self.gmail_api_url and not keeps_secrets(self.gmail_api_url):
            raise ValueError("GMAIL_API_URL must be https, or http on this machine")
        return self

    @field_validator("openai_base_url", "langfuse_base_url")
    @classmethod
    def _refuse_open_openai(cls, value: str) -> str:
        if not keeps_secrets(value):
            raise ValueError("must be https, or http on this machine: patients' words go there")
        return value

    @model_validator(mode="after")
    def _refuse_incomplete_openai(self) -> Self:
        needed = {"OPENAI_API_KEY": self.openai_api_key.get_secret_value(), "OPENAI_MODEL": self.openai_model}
        missing = [name for name, value in needed.items() if not value.strip()]
        if self.openai_embedding_model and not self.openai_api_key.get_secret_value().strip():
            raise ValueError("OPENAI_EMBEDDING_MODEL needs OPENAI_API_KEY")
        if "openai" in self.llm_providers and missing:
            raise ValueError(f"LLM_PROVIDERS names `openai`, which needs {' and '.join(missing)}")
        if self.llm_daily_budget_usd is not None and not (
            self.openai_input_usd_per_million and self.openai_output_usd_per_million
        ):
            raise ValueError(
                "LLM_DAILY_BUDGET_USD needs OPENAI_INPUT_USD_PER_MILLION and OPENAI_OUTPUT_USD_PER_MILLION: "
                "without prices nothing is ever spent"
            )
        return self

    @model_validator(mode="after")
    def _refuse_incomplete_langfuse(self) -> Self:
        keys = {
            "LANGFUSE_PUBLIC_KEY": self.langfuse_public_key,
            "LANGFUSE_SECRET_KEY": self.langfuse_secret_key.get_secret_value(),
        }
        missing = [name for name, value in keys.items() if not value.strip()]
        if self.agent_traces is TraceChoice.LANGFUSE and missing:
            raise ValueError(f"AGENT_TRACES is `langfuse`, which needs {' and '.join(missing)}")
        return self

    @field_validator("llm_daily_budget_usd", "llm_campaign_daily_tokens", "reply_after_seconds", mode="before")
    @classmethod
    def _empty_is_no_limit(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("google_credentials_file", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return value or None

    @field_validator("gmail_mailbox")
    @classmethod
    def _refuse_no_mailbox(cls, value: str) -> str:
        if value and not MAILBOX.fullmatch(value):
            raise ValueError("must be one e-mail address")
        return value.lower()

    @field_validator("handoff_emails")
    @classmethod
    def _refuse_no_staff_address(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if unreadable := [entry for entry in value if not MAILBOX.fullmatch(entry)]:
            raise ValueError(f"must be e-mail addresses, not {', '.join(unreadable)}")
        return tuple(dict.fromkeys(entry.lower() for entry in value))

    @field_validator("gmail_pubsub_topic")
    @classmethod
    def _refuse_no_topic(cls, value: str) -> str:
        if value and not TOPIC.fullmatch(value):
            raise ValueError("must be like projects/<project>/topics/<topic>")
        return value

    @model_validator(mode="after")
    def _refuse_unknown_names(self) -> Self:
        unknown = sorted(
            n for n in os.environ if n.startswith("CHAIRSIDE_") and n.lower() not in type(self).model_fields
        )
        if unknown:
            raise ValueError(f"unknown setting {', '.join(unknown)}: see .env.example for the names that exist")
        return self

    @model_validator(mode="after")
    def _refuse_weak_secret(self) -> Self:
        if len(self.jwt_secret.get_secret_value().encode()) < MINIMUM_SECRET_BYTES:
            raise ValueError(f"JWT_SECRET must hold at least {MINIMUM_SECRET_BYTES} bytes")
        return self

    @field_validator("metrics_token")
    @classmethod
    def _refuse_guessable_token(cls, value: SecretStr) -> SecretStr:
        if 0 < len(value.get_secret_value().encode()) < MINIMUM_SECRET_BYTES:
            raise ValueError(f"must hold at least {MINIMUM_SECRET_BYTES} bytes, or be empty")
        return value

    @field_validator("otel_exporter_otlp_endpoint")
    @classmethod
    def _refuse_no_collector(cls, value: str) -> str:
        if value and (not COLLECTOR.fullmatch(value) or value.endswith("/v1/traces")):
            raise ValueError("must be like http://collector:4318, without `/v1/traces`")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _refuse_test_tools_outside_tests(self) -> Self:
        if (self.chairside_pause_file or self.chairside_clock_file) and self.chairside_env is not Environment.TEST:
            raise ValueError("CHAIRSIDE_PAUSE_FILE and CHAIRSIDE_CLOCK_FILE are for CHAIRSIDE_ENV=test only")
        return self

    @model_validator(mode="after")
    def _refuse_unsafe_production(self) -> Self:
        if self.is_production and (problems := self.production_problems()):
            raise ValueError("not fit for production: " + "; ".join(problems))
        return self

    @property
    def is_production(self) -> bool:
        return self.chairside_env is Environment.PRODUCTION

    @property
    def shows_api_docs(self) -> bool:
        return self.api_docs is ApiDocs.ON or (self.api_docs is ApiDocs.AUTO and not self.is_production)

    @property
    def reply_after(self) -> timedelta:
        """How long a message waits for the next one of its sender; short where people only try things out."""
        chosen = self.reply_after_seconds
        return timedelta(seconds=chosen if chosen is not None else 30 if self.is_production else 3)

    @property
    def uses_sandbox(self) -> bool:
        """True when any channel is the stand-in: the sandbox page and its script endpoints exist only then."""
        return ChannelChoice.SANDBOX in (self.channel_email, self.channel_sms, self.channel_whatsapp)

    @property
    def whatsapp_templates(self) -> dict[str, str]:
        """The approved template (Twilio's ContentSid) for each kind of message that may open a conversation."""
        return dict(entry.split("=", 1) for entry in self.twilio_whatsapp_templates)

    @property
    def twilio_tokens(self) -> list[str]:
        """Every auth token that may have signed a webhook: two while one is being changed."""
        return [part.strip() for part in self.twilio_auth_token.get_secret_value().split(",") if part.strip()]

    def production_problems(self) -> list[str]:
        """What keeps these settings from production, one sentence each."""
        checks = (
            (self.jwt_secret.get_secret_value() == DEVELOPMENT_SECRET, "JWT_SECRET is the development default"),
            (
                not self.mongodb_uri.get_secret_value(),
                "MONGODB_URI is empty (the embedded database is for development)",
            ),
            (self.uses_sandbox, "CHANNEL_EMAIL, CHANNEL_SMS or CHANNEL_WHATSAPP is `sandbox`"),
            (not self.public_base_url.startswith("https://"), "PUBLIC_BASE_URL is not https"),
            (self.rate_limits is Switch.OFF, "RATE_LIMITS is off"),
            (_is_plain(self.gmail_api_url), "GMAIL_API_URL is not https"),
            (_is_plain(self.twilio_api_url), "TWILIO_API_URL is not https"),
        )
        return [sentence for failed, sentence in checks if failed]
