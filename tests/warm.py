"""Commands of the product as processes of their own that need not import it first.

Importing takes five seconds, and the tests start hundreds of servers: each is forked from a process that has done it.
`chairside` itself is started by what tests the command line (tests/doctor, tests/docs/test_tutorial.py and others).
"""

import multiprocessing
import os
import subprocess
import sys
from collections.abc import Callable
from multiprocessing.reduction import DupFd
from typing import Any

from app import cli, main

_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload([__name__])
_forked_with = main  # what `serve` imports by its name


class Command:
    """`chairside` with these arguments, as `subprocess.Popen` shows a process. Gone when whoever started it is gone."""

    def __init__(self, *arguments: str, environment: dict[str, str]) -> None:
        self._process = _forks.Process(target=_run, args=(_Output(), arguments, environment), daemon=True)
        self._process.start()

    @property
    def pid(self) -> int:
        assert self._process.pid
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """The exit code. Raises TimeoutExpired after `timeout` seconds."""
        self._process.join(timeout)
        if (code := self._process.exitcode) is None:
            raise subprocess.TimeoutExpired("chairside", timeout or 0)
        return code

    def send_signal(self, signal: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, signal)

    def terminate(self) -> None:
        self._process.terminate()


class _Output:
    """Standard output and error as they are where the process is started; unpickled there, they are its own."""

    def __reduce__(self) -> tuple[Callable[..., None], tuple[Any, Any]]:
        return _write_to, (DupFd(1), DupFd(2))


def _write_to(output: Any, errors: Any) -> None:
    os.dup2(output.detach(), 1)
    os.dup2(errors.detach(), 2)


def _run(_output: None, arguments: tuple[str, ...], environment: dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["chairside", *arguments]
    cli.app()
