"""`GET /metrics` in Prometheus's text format, for whoever holds METRICS_TOKEN (api.md section 5; decision 0030)."""

import hmac
from collections.abc import Iterator
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.security import HTTPAuthorizationCredentials
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from app.api.deps import ContextDep, read_bearer
from app.errors import AuthenticationError, NotFoundError
from app.jobs.watched import GAUGES, Watch
from app.services.watched_queues import Numbers
from app.settings import Settings

router = APIRouter(include_in_schema=False)


async def only_who_may_watch(
    ctx: ContextDep, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(read_bearer)]
) -> None:
    """Raises AuthenticationError (401) without METRICS_TOKEN, NotFoundError (404) in production where it is not set."""
    token = ctx.settings.metrics_token.get_secret_value()
    if not token:
        _refuse_in_production(ctx.settings)
        return
    given = credentials.credentials if credentials else ""
    if not hmac.compare_digest(given.encode(), token.encode()):
        raise AuthenticationError("Send METRICS_TOKEN as a bearer token.")


def _refuse_in_production(settings: Settings) -> None:
    if settings.is_production:
        raise NotFoundError("Nothing is here.")


@router.get("/metrics", summary="Numbers for Prometheus", dependencies=[Depends(only_who_may_watch)])
async def metrics(request: Request, ctx: ContextDep) -> Response:
    """Whoever holds METRICS_TOKEN; anybody outside production while it is empty. Names and numbers, never a patient."""
    numbers = await _watch_of(request).read(ctx)
    text = generate_latest(REGISTRY) + generate_latest(_registry_of(numbers))
    return Response(text, media_type=CONTENT_TYPE_LATEST)


def _watch_of(request: Request) -> Watch:
    """The one Watch of this application."""
    if not hasattr(request.app.state, "watch"):
        request.app.state.watch = Watch()
    watch: Watch = request.app.state.watch
    return watch


def _registry_of(numbers: Numbers) -> CollectorRegistry:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Read(numbers))
    return registry


class _Read(Collector):
    """What was read, in the shape that the client library writes out."""

    def __init__(self, numbers: Numbers) -> None:
        self._numbers = numbers

    def collect(self) -> Iterator[Metric]:
        for name, values in self._numbers.items():
            gauge = GAUGES[name]
            family = GaugeMetricFamily(name, gauge.help, labels=[gauge.label] if gauge.label else None)
            for label, value in values.items():
                family.add_metric([label] if gauge.label else [], value)
            yield family
