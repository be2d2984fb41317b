"""The application in this process, over a Context of the test's own."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fastapi import FastAPI
from starlette.datastructures import State

from app.context import Context
from app.logging import configure_logging
from app.main import create_app

_at_rest: list[tuple[dict[str, Any], FastAPI]] = []


@contextmanager
def application(ctx: Context) -> Iterator[FastAPI]:
    """`create_app` for the Context's settings. Its lifespan does not run.

    FastAPI works its routes out at an application's first request, for 0.3 s: an application that a test has done with
    serves the next one of the same settings, with an empty state. No route knows the data folder, so that may differ.
    """
    shape = ctx.settings.model_dump(exclude={"chairside_data_dir"})
    place = next((place for place, (known, _) in enumerate(_at_rest) if known == shape), None)
    app = create_app(ctx.settings) if place is None else _at_rest.pop(place)[1]
    configure_logging(ctx.settings)  # to this test's standard error
    app.state = State({"settings": ctx.settings, "tracing": None, "context": ctx})
    yield app
    _at_rest.append((shape, app))
