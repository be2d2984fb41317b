"""Numbers about how the product fares, read from the database for `/metrics`: mailbox, jobs, lease, spending."""

from datetime import datetime

from app.context import Context
from app.domain import mailbox_alarms
from app.models.enums import PauseReason
from app.models.mailboxes import MailboxState
from app.models.operations import JobLease, JobRun
from app.models.recovery import SendingState
from app.services import invariant_reports, invariants, spending
from app.services.watched_queues import Numbers


async def mailbox(ctx: Context) -> Numbers:
    """When the mailbox was read, until when it is watched, which alarms stand; nothing without a mailbox."""
    if ctx.mailbox is None:
        return {}
    raw = await MailboxState.get_pymongo_collection().find_one({"_id": ctx.mailbox.address})
    return mailbox_numbers(MailboxState.model_validate(raw)) if raw else {}


def mailbox_numbers(state: MailboxState) -> Numbers:
    """The same of a state that was read."""
    return {
        "chairside_gmail_synced_timestamp_seconds": _stamp(state.last_synced_at),
        "chairside_gmail_watch_expires_timestamp_seconds": _stamp(state.watch_expires_at),
        "chairside_gmail_alarm": {alarm: float(alarm in state.alarms) for alarm in mailbox_alarms.SENTENCES},
    }


async def jobs(_: Context) -> Numbers:
    """When each job last did something, when it last looked, and whether its last run failed, on any replica."""
    runs = {run.id: run for run in await JobRun.find_all().to_list()}
    return {
        "chairside_job_ran_timestamp_seconds": _stamps({job: run.last_run_at for job, run in runs.items()}),
        "chairside_job_looked_timestamp_seconds": _stamps({job: run.last_looked_at for job, run in runs.items()}),
        "chairside_job_failing": {job: float(run.last_error is not None) for job, run in runs.items()},
    }


async def lease(name: str, *, holder: str, now: datetime) -> Numbers:
    """Whether `holder` leads here and now, and when the lease ends, whoever has it."""
    found = await JobLease.get(name)
    leads = found is not None and found.holder == holder and found.until > now
    return {
        "chairside_scheduler_leads": {"": float(leads)},
        "chairside_scheduler_lease_ends_timestamp_seconds": _stamp(found.until if found else None),
    }


async def language_model(ctx: Context) -> Numbers:
    """What language providers cost on this day of the clinic, calls under way included."""
    today = await spending.today(ctx)
    sums = await spending.by_day(today, today)
    return {
        "chairside_llm_spent_today_usd": {"": sum(each.usd for each in sums)},
        "chairside_llm_spent_today_tokens": {"": float(sum(each.tokens for each in sums))},
    }


async def sending(_: Context) -> Numbers:
    """1 for the reason for which nothing leaves at all, after a restore or by an operator's word."""
    why = (await SendingState.now()).paused_because
    return {"chairside_sending_paused": {reason.value: float(reason is why) for reason in PauseReason}}


async def broken_invariants(_: Context) -> Numbers:
    """How many documents break each rule, and when that was looked at; nothing before the first check."""
    report = await invariant_reports.latest()
    if report is None:
        return {}
    counts = {each.name: float(each.count) for each in report.broken}
    return {
        "chairside_invariants_broken": dict.fromkeys(invariants.BY_NAME, 0.0) | counts,
        "chairside_invariants_checked_timestamp_seconds": _stamp(report.checked_at),
    }


def _stamp(instant: datetime | None) -> dict[str, float]:
    return {"": instant.timestamp()} if instant else {}


def _stamps(instants: dict[str, datetime | None]) -> dict[str, float]:
    return {name: instant.timestamp() for name, instant in instants.items() if instant}
