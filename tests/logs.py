"""What the application's own log writes to standard error, for tests that read it."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest


class Log:
    """Everything written since it was last asked."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def text(self) -> str:
        return self._capsys.readouterr().err

    def lines(self) -> list[dict[str, Any]]:
        """The JSON lines, where LOG_FORMAT is `json`."""
        return [json.loads(line) for line in self.text().splitlines() if line.startswith("{")]


@contextmanager
def listening(capsys: pytest.CaptureFixture[str]) -> Iterator[Log]:
    """The log of an application that is made inside; the root logger is put back afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        yield Log(capsys)
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
