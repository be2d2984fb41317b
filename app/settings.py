"""Every environment variable, typed; unsafe combinations are refused before anything starts (operations.md)."""

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

DEVELOPMENT_SECRET = "development-only-secret-do-not-use-in-production"  # noqa: S105 - public, refused in production
MINIMUM_SECRET_BYTES = 32


class Environment(StrEnum):
    DEVELOPMENT = "development"
    TEST = "test"
    PRODUCTION = "production"


class ChannelChoice(StrEnum):
    SANDBOX = "sandbox"
    NONE = "none"


class Switch(StrEnum):
    ON = "on"
    OFF = "off"


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
    pubsub_audience: str = ""
    pubsub_service_account: str = ""
    pubsub_subscription: str = ""
    pubsub_jwks_url: str = "https://www.googleapis.com/oauth2/v3/certs"
    incoming_message_secret: SecretStr = Field(SecretStr(""), description="Comma-separated during a rotation")
    llm_providers: Annotated[tuple[str, ...], NoDecode] = ("offline",)
    chairside_data_dir: Path = Path(".data")
    chairside_lease_seconds: float = Field(120.0, gt=0, le=3600, description="How long a worker may hold a claimed row")
    chairside_pause_file: Path | None = Field(None, description="Test only: a file with the step to stop at for ever")
    chairside_clock_file: Path | None = Field(None, description="Test only: a file with seconds to add to the clock")
    rate_limits: Switch = Switch.ON
    scheduler: Switch = Switch.ON
    api_docs: ApiDocs = Field(ApiDocs.AUTO, description="/docs and /openapi.json; auto = not in production")
    log_level: str = Field("INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$")
    log_format: LogFormat = LogFormat.CONSOLE
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = Field((), description="Empty = the host of PUBLIC_BASE_URL")
    cors_origins: Annotated[tuple[str, ...], NoDecode] = ()

    @field_validator("llm_providers", "allowed_hosts", "cors_origins", mode="before")
    @classmethod
    def _split_commas(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("public_base_url")
    @classmethod
    def _strip_slash(cls, value: str) -> str:
        return value.rstrip("/")

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
    def uses_sandbox(self) -> bool:
        """True when any channel is the stand-in: the sandbox page and its script endpoints exist only then."""
        return ChannelChoice.SANDBOX in (self.channel_email, self.channel_sms, self.channel_whatsapp)

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
        )
        return [sentence for failed, sentence in checks if failed]
