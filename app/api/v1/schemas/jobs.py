"""JSON of jobs, webhooks and the sandbox (api.md sections 3 and 4)."""

from typing import Any

from pydantic import ConfigDict

from app.api.v1.schemas.pages import Pagination
from app.api.v1.schemas.types import Answer, Body, Flag, IdText, Zulu
from app.models.operations import PastRun


class JobRow(Answer):
    name: str
    last_run_at: Zulu | None
    last_result: dict[str, Any] | None
    next_run_at: Zulu | None
    running_since: Zulu | None
    last_error: str | None
    """The kind of the last run's failure; null when it went well."""
    last_duration_ms: int | None
    last_looked_at: Zulu | None


class JobList(Answer):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "jobs": [
                    {
                        "name": "daily-outreach",
                        "last_run_at": "2026-11-23T14:00:02.000Z",
                        "last_result": {"due": 12, "created": 11, "repeated": 0, "refused": 1, "attempts": {}},
                        "next_run_at": "2026-11-24T14:00:00.000Z",
                        "running_since": None,
                        "last_error": None,
                        "last_duration_ms": 1840,
                        "last_looked_at": "2026-11-23T14:00:02.000Z",
                    }
                ]
            }
        }
    )

    jobs: list[JobRow]


class PastRunRow(Answer):
    run_id: IdText
    started_at: Zulu
    finished_at: Zulu
    by: str
    """`scheduler`, `system` (the command line) or `user:<id>`."""
    dry_run: bool
    counts: dict[str, Any]
    error: str | None

    @classmethod
    def of(cls, run: PastRun) -> "PastRunRow":
        return cls.model_validate(run.model_dump(exclude={"id", "job"}) | {"run_id": run.id})


class RunList(Answer):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "pagination": {"total_items": 1, "total_pages": 1, "current_page": 1, "next_cursor": None},
                "runs": [
                    {
                        "run_id": "665f1c2e9b3a4d5e6f708192",
                        "started_at": "2026-11-23T14:00:00.000Z",
                        "finished_at": "2026-11-23T14:00:02.000Z",
                        "by": "scheduler",
                        "dry_run": False,
                        "counts": {"due": 12, "created": 11, "repeated": 0, "refused": 1},
                        "error": None,
                    }
                ],
            }
        }
    )

    pagination: Pagination
    runs: list[PastRunRow]


class RunBody(Body):
    model_config = ConfigDict(json_schema_extra={"example": {"dry_run": True}})

    dry_run: Flag = False


class DrainBody(Body):
    model_config = ConfigDict(json_schema_extra={"example": {"ignore_window": True}})

    ignore_window: Flag = False


def _example(value: dict[str, Any]) -> dict[str, Any]:
    return {"description": "The counts, by outcome", "content": {"application/json": {"example": value}}}


DRAINED = _example({"inbox": {"done": 1}, "due-scan": {"attempt_queued": 2}, "outbox": {"sent": 3}})
DRY_RUN = _example(
    {
        "due": 2,
        "created": 0,
        "repeated": 0,
        "refused": 1,
        "reasons": {"all_rules_passed": 1, "no_usable_channel": 1},
        "would_contact": [
            {
                "patient_id": "665f1c2e9b3a4d5e6f708192",
                "patient_name": "Ana Lima",
                "campaign_id": None,
                "campaign_type": "RECALL",
                "channel": "email",
                "attempt": 1,
                "due_date": "2026-11-20",
                "not_before": None,
                "reason": "all_rules_passed",
                "sentence": "Every rule allows it now.",
            }
        ],
        "would_not_contact": [
            {
                "patient_id": "665f1c2e9b3a4d5e6f708193",
                "patient_name": "Ben Ode",
                "campaign_id": None,
                "reason": "no_usable_channel",
                "sentence": "No preferred channel has an address that works and was not stopped.",
            }
        ],
        "rows_left_out": 0,
    }
)
