"""Counts each run of a job for `/metrics`; one that found nothing to do is counted and not timed."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from app.metrics import JOB_RUNS, JOB_SECONDS

FAILED, IDLE, WORKED, PREVIEWED = "failed", "idle", "worked", "previewed"


@dataclass(slots=True)
class Run:
    """What a run answered; None until it has, and for ever when it fails. A dry run only previews."""

    is_dry: bool
    result: Mapping[str, Any] | None = None

    @property
    def outcome(self) -> str:
        if self.result is None:
            return FAILED
        if self.is_dry:
            return PREVIEWED
        return WORKED if any(self.result.values()) else IDLE


@contextmanager
def counted(job: str, *, is_dry: bool = False) -> Iterator[Run]:
    """Around one run; counts it however it ends."""
    run, began = Run(is_dry), time.perf_counter()
    try:
        yield run
    finally:
        JOB_RUNS.labels(job, run.outcome).inc()
        if run.outcome in (WORKED, FAILED):
            JOB_SECONDS.labels(job).observe(time.perf_counter() - began)
