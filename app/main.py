"""create_app(): lifespan, routers, error handlers; nothing else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from app.api import health, metrics
from app.api.errors import install_error_handlers
from app.api.middleware import Application, install_middleware
from app.api.telemetry import MissingExtraError, close_provider, config_of, open_provider
from app.api.v1.router import router as api_router
from app.bootstrap import ConfigurationError, open_context
from app.jobs.scheduler import start_scheduler, stop_scheduler
from app.logging import configure_logging
from app.services.users import ensure_first_admin
from app.settings import Settings, Switch
from app.stopping import told_by_signals
from app.web.api_docs import install_api_docs
from app.web.pages import install_pages

VERSION = "0.1.0"
MOST_BODY_BYTES = 1024 * 1024


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Open the Context, make the first admin, start the timetable; stop them in reverse."""
    settings: Settings = app.state.settings
    async with open_context(settings) as ctx:
        app.state.context = ctx
        with told_by_signals(ctx.stopping):
            await ensure_first_admin(ctx)
            scheduler = await start_scheduler(ctx) if settings.scheduler is Switch.ON else None
            yield
            ctx.stopping.begin()
            if scheduler:
                await stop_scheduler(ctx, scheduler)
    await close_provider(app.state.tracing)


def create_app(settings: Settings | None = None) -> FastAPI:
    """The whole application for these settings, or for those of the environment. Raises ConfigurationError."""
    settings = settings or Settings()
    configure_logging(settings)
    try:
        tracing = open_provider(settings)
    except MissingExtraError as error:
        raise ConfigurationError(str(error)) from error
    app = Application(
        title="Chairside",
        version=VERSION,
        summary="A dental clinic's patient engagement: recall, recovery, booking.",
        lifespan=lifespan,
        generate_unique_id_function=lambda route: route.name,
        max_body_size=MOST_BODY_BYTES,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json" if settings.shows_api_docs else None,
        telemetry=config_of(tracing),
    )
    app.state.settings, app.state.tracing = settings, tracing
    install_error_handlers(app)
    install_middleware(app, settings)
    for room in (health, metrics):
        app.include_router(room.router)
    app.include_router(api_router)
    install_pages(app)
    install_api_docs(app)
    return app
