"""What leaves of a span, for the extra `otel`: names of ours, templates and numbers (stack.md 5.3).

A list of what may go, not of what may not: an attribute that a newer FastAPI adds stays here until somebody judged it.
"""

from collections.abc import Sequence

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import SpanContext, Status

from app.settings import Settings

MAY_LEAVE = frozenset(
    {
        "http.route",
        "http.request.method",
        "http.response.status_code",
        "error.type",
        "code.function.name",
        "chairside.correlation_id",
    }
)
SECONDS = 5.0
"""For one batch: a collector that is slow costs spans, never a request."""


def open_provider(settings: Settings) -> TracerProvider:
    """A provider of ours alone, that sends masked spans to the collector; it has to be shut down."""
    exporter = OTLPSpanExporter(
        endpoint=f"{settings.otel_exporter_otlp_endpoint}/v1/traces",
        headers=_headers(settings.otel_exporter_otlp_headers.get_secret_value()),
        timeout=SECONDS,
    )
    names = {"service.name": "chairside", "deployment.environment.name": settings.chairside_env.value}
    provider = TracerProvider(resource=Resource.create(names), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(MaskedExporter(exporter)))
    return provider


def _headers(written: str) -> dict[str, str]:
    """`{name: value}` of `name=value,name=value`."""
    pairs = (entry.partition("=") for entry in written.split(",") if "=" in entry)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


class MaskedExporter(SpanExporter):
    """Passes spans on without anything that a caller sent: no address, no query, no message of an error."""

    def __init__(self, inner: SpanExporter) -> None:
        self._inner = inner

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send a batch; as the exporter behind it answers."""
        return self._inner.export([masked(span) for span in spans])

    def shutdown(self) -> None:
        """Let go of the connection."""
        self._inner.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Send what the exporter behind it holds back."""
        return self._inner.force_flush(timeout_millis)


def masked(span: ReadableSpan) -> ReadableSpan:
    """The same span with what MAY_LEAVE. Its name is a template already; events would quote errors, so none stay."""
    return ReadableSpan(
        name=span.name,
        context=_ids_of(span.context),
        parent=_ids_of(span.parent),
        resource=span.resource,
        attributes={key: value for key, value in (span.attributes or {}).items() if key in MAY_LEAVE},
        kind=span.kind,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _ids_of(context: SpanContext | None) -> SpanContext | None:
    """Without the `tracestate`, in which a caller may send any words."""
    if context is None:
        return None
    return SpanContext(context.trace_id, context.span_id, context.is_remote, context.trace_flags)
