"""OpenTelemetry traces of requests, by FastAPI's own support; off unless OTEL_EXPORTER_OTLP_ENDPOINT says where to.

FastAPI would configure itself from the environment, and its spans carry whole addresses with the tokens and names in
them (stack.md 5.3): so it may not, and what leaves is masked (`app/api/span_export.py`, decision 0030).
"""

import asyncio
from collections.abc import MutableMapping
from importlib import import_module
from typing import Any

from fastapi.telemetry import TelemetryConfig
from opentelemetry import trace
from opentelemetry.trace import TracerProvider

from app.api.measuring import UNCOUNTED
from app.settings import Settings

CORRELATION_ID = "chairside.correlation_id"
CLOSES_WITHIN_SECONDS = 5


class MissingExtraError(Exception):
    """The sentence says which package to install."""


def open_provider(settings: Settings) -> TracerProvider | None:
    """Where spans go, or None for nowhere. Raises MissingExtraError when the extra `otel` is not installed."""
    if not settings.otel_exporter_otlp_endpoint:
        return None
    try:
        export = import_module("app.api.span_export")  # an extra: not everybody has it
    except ImportError as error:
        raise MissingExtraError(
            "OTEL_EXPORTER_OTLP_ENDPOINT is set, which needs an extra: pip install 'chairside[otel]'."
        ) from error
    provider: TracerProvider = export.open_provider(settings)
    return provider


def config_of(provider: TracerProvider | None) -> TelemetryConfig:
    """What FastAPI may trace: requests, when there is a provider of ours; never metrics or logs, which quote errors."""
    config: TelemetryConfig = {
        "tracing": provider is not None,
        "metrics": False,
        "logs": False,
        "auto_configure": False,
        "exclude": _is_a_machines,
    }
    if provider:
        config["tracer_provider"] = provider
    return config


def _is_a_machines(scope: MutableMapping[str, Any]) -> bool:
    return scope.get("path") in UNCOUNTED


def trace_marks(correlation_id: str) -> dict[str, str]:
    """Put the correlation id on the span of this request; the id of its trace, for every log line of the request."""
    span = trace.get_current_span()
    if not span.is_recording():
        return {}
    span.set_attribute(CORRELATION_ID, correlation_id)
    return {"trace_id": trace.format_trace_id(span.get_span_context().trace_id)}


async def close_provider(provider: TracerProvider | None) -> None:
    """Send what is held back, for a few seconds at most: a collector that is away must not keep us from ending."""
    shutdown = getattr(provider, "shutdown", None)
    if shutdown is None:
        return
    ending = asyncio.create_task(asyncio.to_thread(shutdown))
    await asyncio.wait({ending}, timeout=CLOSES_WITHIN_SECONDS)
