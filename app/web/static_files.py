"""The styles and scripts that we serve ourselves: files that carry a mark of their content in their address."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import Response
from fastapi.staticfiles import StaticFiles

STATIC = Path(__file__).parent / "static"
KEPT_FOR_EVER = "public, max-age=31536000, immutable"


class VersionedFiles(StaticFiles):
    """Our styles and scripts. Their address changes with their content, so a browser may keep what it has."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers["X-Content-Type-Options"] = "nosniff"
        if b"v=" in args[2]["query_string"]:
            response.headers["Cache-Control"] = KEPT_FOR_EVER
        return response


def mark_of(content: bytes) -> str:
    """What changes when the content does."""
    return hashlib.sha256(content).hexdigest()[:10]


@cache
def asset(name: str) -> str:
    """The address of a static file, ending in a mark of its content."""
    return f"/static/{name}?v={mark_of((STATIC / name).read_bytes())}"
