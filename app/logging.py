"""Structured logs with the correlation id; patient data is redacted before a line leaves (trust.md fault 32)."""

import logging
import re
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any

import structlog

from app.settings import LogFormat, Settings

_PATTERNS = (
    (re.compile(r"[\w.+%-]+@[\w-]+\.[\w.-]+"), "<email>"),
    (re.compile(r"\+\d{7,15}"), "<phone>"),
)
# At DEBUG, Google's libraries write addresses into URLs, and OAuth's write secrets.
_GOOGLES = ("googleapiclient", "google", "google_auth_httplib2", "oauthlib", "requests_oauthlib")
# At DEBUG, the OpenAI client writes out whole requests, patients' words included.
NOISY = ("pymongo", "uvicorn.access", "httpx2", "openai", "opentelemetry", "urllib3", *_GOOGLES)
_SECRET_KEYS = frozenset({"body", "content", "text", "subject", "password", "token", "name", "authorization"})


def redact(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Mask addresses in every string and drop the fields that hold patient text or secrets."""
    for key, value in event.items():
        event[key] = _redacted(key, value)
    return event


def _redacted(key: object, value: Any) -> Any:
    """The value as it may be logged, however deep it lies."""
    if key in _SECRET_KEYS:
        return "<redacted>"
    if isinstance(value, str):
        return _mask(value)
    if isinstance(value, dict):
        return {inner: _redacted(inner, item) for inner, item in value.items()}
    if isinstance(value, list | tuple):
        return [_redacted(None, item) for item in value]
    return value


def show_where_it_failed(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The frames and the type of an error, never its message: messages quote what patients wrote."""
    exc_info = event.pop("exc_info", None)
    if isinstance(exc_info, tuple):  # a library hands over what sys.exc_info() said when it was caught
        exc_info = exc_info[1]
    error = exc_info if isinstance(exc_info, BaseException) else sys.exc_info()[1] if exc_info else None
    if error is not None:
        frames = "".join(traceback.format_tb(error.__traceback__)).rstrip()
        event["exception"] = f"{frames}\n{type(error).__name__}"
    return event


def _mask(text: str) -> str:
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def configure_logging(settings: Settings) -> None:
    """Route the standard library's and our own log lines through one redacting formatter."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        show_where_it_failed,
        redact,
    ]
    is_json = settings.log_format is LogFormat.JSON
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer() if is_json else structlog.dev.ConsoleRenderer(colors=False)
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level)
    for noisy in NOISY:
        logging.getLogger(noisy).setLevel(logging.WARNING)
    # It warns whenever a one-second poll takes longer than a second, which is how polls behave under load.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """A logger whose events are named `noun.verb_past` (style.md)."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger
