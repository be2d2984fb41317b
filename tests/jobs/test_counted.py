"""What `/metrics` tells of jobs, incoming events and messages that leave."""

import pytest
from prometheus_client import REGISTRY

from app.context import Context
from app.jobs.counted import counted
from app.jobs.registry import run_job
from app.models.enums import ChannelType
from tests.agent.test_counted import grows, told
from tests.services import stage

RUNS, TIMED = "chairside_job_runs_total", "chairside_job_seconds_count"


async def test_a_job_that_found_nothing_is_counted_and_not_timed(ctx: Context) -> None:
    with grows(RUNS, job_name="outbox", outcome="idle"), grows(TIMED, by=0, job_name="outbox"):
        await run_job(ctx, "outbox")


async def test_a_message_that_left_and_the_job_that_sent_it(ctx: Context) -> None:
    await stage.running_campaign(ctx)
    with grows(RUNS, job_name="due-scan", outcome="worked"), grows(TIMED, job_name="due-scan"):
        await run_job(ctx, "due-scan")
    with (
        grows(RUNS, job_name="outbox", outcome="worked"),
        grows("chairside_sends_total", channel="email", outcome="sent"),
        grows("chairside_send_seconds_count", channel="email"),
    ):
        await run_job(ctx, "outbox")


async def test_a_dry_run_is_told_apart(ctx: Context) -> None:
    await stage.running_campaign(ctx)
    with grows(RUNS, job_name="due-scan", outcome="previewed"), grows(TIMED, by=0, job_name="due-scan"):
        await run_job(ctx, "due-scan", dry_run=True)


def test_a_run_that_fails_or_is_cut_off_is_a_failure() -> None:
    for error in (ValueError, KeyboardInterrupt):
        with grows(RUNS, job_name="a-job", outcome="failed"), pytest.raises(error), counted("a-job"):
            raise error


async def test_an_event_by_where_it_came_from_and_what_became_of_it(ctx: Context) -> None:
    campaign = await stage.written_to(ctx)
    with grows("chairside_inbox_events_total", source="incoming-message", result="done"):
        await stage.answered_with(ctx, campaign, "Yes please, I would like to book a visit.")


@pytest.mark.parametrize("channel", list(ChannelType))
@pytest.mark.parametrize("outcome", ["sent", "withheld", "retried", "failed", "unknown"])
def test_every_outcome_is_told_as_none_from_the_start(channel: ChannelType, outcome: str) -> None:
    """Prometheus sees no increase in a series that begins with 1: the first unknown one would be no alert."""
    labels = {"channel": channel.value, "outcome": outcome}
    assert REGISTRY.get_sample_value("chairside_sends_total", labels) is not None
    assert told("chairside_sends_total", **labels) >= 0
