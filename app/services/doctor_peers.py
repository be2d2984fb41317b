"""What `chairside doctor` asks of others: language models, traces, channels; and whether the jobs and sending go on."""

from datetime import timedelta

from app.channels.base import ChannelError, ChannelStoppedError
from app.channels.listing import ListingChannel
from app.context import Context
from app.llm.base import PatientText
from app.llm.embeddings import EmbeddingError
from app.llm.fallback import FailoverChain
from app.models.channel_states import ChannelState
from app.models.enums import ChannelType
from app.models.invariant_reports import REPORT_ID, InvariantReport
from app.models.operations import LEADER, JobLease
from app.models.recovery import SendingState
from app.services.doctor_findings import Finding, ok, problem, warning
from app.settings import Switch, TraceChoice

ANSWERS = "answers"
CHECKED_WITHIN = timedelta(hours=36)
"""The nightly check, and half a day for a night in which nothing ran."""

MODEL_MENDS = (
    ("Authentication", "set OPENAI_API_KEY to a key that the server knows"),
    ("PermissionDenied", "set OPENAI_MODEL to a model that this key may use"),
    ("NotFound", "set OPENAI_MODEL and OPENAI_BASE_URL to a model that the server has"),
    ("RateLimit", "raise the limit of the account behind OPENAI_API_KEY"),
    ("BadRequest", "set OPENAI_API to the other of `responses` and `chat`"),
)
REACH_MODEL = "set OPENAI_BASE_URL to a server that answers, or LLM_PROVIDERS=offline"
MEND_CHANNEL = {
    "gmail": "run `chairside gmail connect --client FILE`",
    "twilio": "set TWILIO_AUTH_TOKEN to the account's token",
}
"""What mends refused credentials, by the channel's name."""


async def language_models(ctx: Context) -> list[Finding]:
    """Each provider is asked to read one short message of ours; the budget pays for it."""
    if not isinstance(ctx.llm, FailoverChain):
        return [ok("language model", f"{ctx.llm.name}, on this machine")]
    trial = PatientText("yes please", ChannelType.SMS, previous_outgoing="Would you like to come in?")
    return [_of_model(name, said) for name, said in await ctx.llm.try_each(trial)]


def _of_model(name: str, said: str) -> Finding:
    check = f"language model {name}"
    if said == ANSWERS:
        return ok(check, said)
    return problem(check, said, next((mend for sign, mend in MODEL_MENDS if sign in said), REACH_MODEL))


async def embeddings(ctx: Context) -> list[Finding]:
    """The model that finds articles by meaning; without an answer they are found by words alone."""
    if ctx.embedder is None:
        return []
    try:
        await ctx.embedder.embed(["Are you open on Saturday?"])
    except EmbeddingError as error:
        mend = "set OPENAI_EMBEDDING_MODEL to a model that the server has, or to nothing"
        return [warning("embedding model", f"does not answer: {error}", mend)]
    return [ok("embedding model", ANSWERS)]


async def traces(ctx: Context) -> list[Finding]:
    """Where the traces of the agent's runs go, and whether they arrive."""
    said = await ctx.tracer.check()
    is_away = ctx.settings.agent_traces is TraceChoice.LANGFUSE and said.startswith("does not")
    mend = "set LANGFUSE_PUBLIC_KEY, LANGFUSE_SECRET_KEY and LANGFUSE_BASE_URL, or AGENT_TRACES=log"
    return [warning("agent traces", said, mend) if is_away else ok("agent traces", said)]


async def channels(ctx: Context) -> list[Finding]:
    """Whether providers that list messages know our credentials; nothing is sent."""
    return [
        await _listed(ctx, kind, channel)
        for kind, channel in ctx.channels.items()
        if isinstance(channel, ListingChannel)
    ]


async def _listed(ctx: Context, kind: ChannelType, channel: ListingChannel) -> Finding:
    check, name = f"channel {kind.value.lower()}", ctx.channels[kind].name
    try:
        async for _ in channel.sent(kind, since=ctx.now()):
            break
    except ChannelStoppedError as error:
        return problem(
            check, f"{name} refuses our credentials: {error}", MEND_CHANNEL.get(name, "correct its settings")
        )
    except ChannelError as error:
        return problem(check, f"{name} does not answer: {error}", "try again; look at the provider's status page")
    return ok(check, f"{name} knows our credentials")


async def stopped_channels(ctx: Context) -> list[Finding]:
    """Channels that stand still since the provider refused our credentials: what is due waits, nothing is lost."""
    stopped = [state for state in await ChannelState.find_all().to_list() if state.is_stopped]
    return [_stopped(ctx, state) for state in stopped]


def _stopped(ctx: Context, state: ChannelState) -> Finding:
    channel = ctx.channels.get(state.id)
    mend = MEND_CHANNEL.get(channel.name if channel else "", "correct the settings of this channel")
    says = f"stands still since {state.since:%Y-%m-%d %H:%M} UTC: {state.reason}" if state.since else "stands still"
    return problem(f"channel {state.id.value.lower()}", says, mend)


async def jobs(ctx: Context) -> list[Finding]:
    """Some replica leads the timetable: without one nothing is sent, read or reminded."""
    lease = await JobLease.get(LEADER)
    if lease is not None and lease.until > ctx.now():
        return [ok("jobs", f"led by {lease.holder}")]
    begin = "start one server with SCHEDULER=on"
    if lease is None and ctx.settings.scheduler is Switch.ON:
        return [ok("jobs", "begin when the server starts")]
    return [warning("jobs", "no running server leads them now", begin)]


async def sending(_: Context) -> list[Finding]:
    """Whether messages may leave at all: a restored database stands still until it knows what had left."""
    state = await SendingState.now()
    if state.paused_because is None:
        return [ok("sending", "not paused")]
    return [problem("sending", f"paused: {state.paused_because.value}", "run `chairside recovery status`")]


async def invariants(ctx: Context) -> list[Finding]:
    """What the nightly check of the stored documents found, and whether it still takes place (trust.md section 5)."""
    report = await InvariantReport.get(REPORT_ID)
    if report is None:
        return [ok("invariants", "not checked yet")]
    if ctx.now() - report.checked_at > CHECKED_WITHIN:
        said = f"not checked since {report.checked_at:%Y-%m-%d}"
        return [warning("invariants", said, "run `chairside run-job invariants`")]
    if not report.broken:
        return [ok("invariants", f"all held on {report.checked_at:%Y-%m-%d}")]
    names = ", ".join(each.name for each in report.broken)
    return [
        problem("invariants", f"broken on {report.checked_at:%Y-%m-%d}: {names}", "run `chairside check-invariants`")
    ]
