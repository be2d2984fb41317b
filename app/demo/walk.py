"""`chairside demo`: the whole loop before the reader's eyes, from nothing, each step checked (operations.md)."""

import asyncio
import time
from collections import Counter

from rich.console import Console
from rich.panel import Panel
from rich.progress import Progress
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from app.context import Context
from app.demo.content.loader import PatientReply, ReplyKind, load_conversations
from app.demo.walk_steps import (
    CHECK_UP,
    Cast,
    Exchange,
    WalkFailedError,
    add_people,
    answer_as,
    answer_as_staff,
    article_behind,
    book_from_message,
    campaign_of,
    complete_on_the_day,
    expect,
    expect_reading,
    open_clinic,
)
from app.jobs import registry
from app.models.appointments import Appointment
from app.models.campaigns import Campaign
from app.models.enums import CampaignStatus, CampaignType, Intent, OutboxState
from app.models.outbox import OutboundMessage
from app.models.patients import Patient
from app.services import invariants, sandbox, stats
from app.services.confirmations import spoken_time

SECONDS_BETWEEN_LOOKS = 0.1
YES = "Ok let's do it. Can I just pick a time online?"
WHITENING = "teeth_whitening"
COLORS = {CampaignType.RECALL.value: "cyan", CampaignType.RECOVERY.value: "magenta"}
BAR_WIDTH = 30


async def walk(ctx: Context, console: Console) -> None:
    """Play the loop on an empty database with sandbox channels. Raises WalkFailedError at the first wrong outcome."""
    began = time.perf_counter()
    try:
        cast = await _open(ctx, console)
        await _preview(ctx, console, cast)
        await _write_to_everybody(ctx, console, cast)
        booked = [await _a_patient_books(ctx, console, cast), await _a_lead_asks(ctx, console, cast)]
        await _a_person_answers(ctx, console, cast)
        await _complete(ctx, console, cast, booked)
        await _count(ctx, console, cast)
        await _prove(ctx, console)
    except WalkFailedError as failure:
        console.print(Text(f"The demo stops here: {failure}", style="bold red"))
        raise
    _say_what_next(console, seconds=time.perf_counter() - began)


def _heading(console: Console, number: int, title: str) -> None:
    console.print()
    console.rule(f"[bold]{number}. {title}", align="left")


async def _open(ctx: Context, console: Console) -> Cast:
    _heading(console, 1, "A clinic opens")
    expect(await Patient.find_all().count(), 0, "The number of patients before the demo")
    with Progress(console=console) as progress:
        cast = await add_people(ctx, await open_clinic(ctx, progress.track), progress.track)
    clinic = cast.practice.clinic
    console.print(
        f"[bold]{clinic.name}[/], {clinic.address}: {len(cast.due)} patients whose check-up is due, "
        f"{len(cast.leads)} people who asked once and never came."
    )
    return cast


async def _preview(ctx: Context, console: Console, cast: Cast) -> None:
    _heading(console, 2, "The daily job as a dry run: who would be written to?")
    people = (await registry.run_job(ctx, registry.DAILY, dry_run=True))["would_contact"]
    table = Table("patient", "campaign", "channel", "due on", "patient id", box=None)
    for row in people:
        kind, due = row["campaign_type"], row["due_date"] or "-"
        table.add_row(row["patient_name"], kind, row["channel"], due, row["patient_id"], style=COLORS[kind])
    console.print(table)
    kinds = Counter(row["campaign_type"] for row in people)
    expect((kinds["RECALL"], kinds["RECOVERY"]), (len(cast.due), len(cast.leads)), "Recalls and recoveries to come")
    expect(await Campaign.find_all().count(), 0, "The number of campaigns after a dry run")
    console.print("Nothing was written and nothing was sent.")


async def _write_to_everybody(ctx: Context, console: Console, cast: Cast) -> None:
    _heading(console, 3, "The daily job for real, twice: nobody is written to twice")
    first, second = [(await registry.run_job(ctx, registry.DAILY))["created"] for _ in range(2)]
    console.print(f"First run: {first} campaigns. Second run: {second}.")
    expect((first, second), (cast.size, 0), "The number of campaigns that the two runs opened")
    await _send_with_bar(ctx, console, cast.size)
    expect(await _sent(), cast.size, "The number of messages sent")
    campaign = await campaign_of(cast.due[0])
    [message] = await sandbox.sent_to(campaign.channel.address)
    _say(console, f"To {message['to']}: {message['subject']}", message["body"], style="green")
    console.print(f"This is attempt 1 of campaign {campaign.id}.")


async def _send_with_bar(ctx: Context, console: Console, total: int) -> None:
    """Work until nothing is due, at whatever hour the demo runs, while the bar counts what has left."""
    with Progress(console=console) as progress:
        bar = progress.add_task("Sending", total=total)
        work = asyncio.create_task(registry.drain(ctx, ignore_window=True))
        while not work.done():
            await asyncio.wait({work}, timeout=SECONDS_BETWEEN_LOOKS)
            progress.update(bar, completed=await _sent())
        work.result()


async def _sent() -> int:
    return await OutboundMessage.find({"state": OutboxState.SENT}).count()


async def _a_patient_books(ctx: Context, console: Console, cast: Cast) -> Appointment:
    _heading(console, 4, "A patient says yes, and books")
    exchange = await answer_as(ctx, cast.due[0], YES)
    _show(console, cast.due[0], exchange)
    expect_reading(exchange, Intent.BOOKING_REQUEST, CampaignStatus.RE_ENGAGED)
    return await _book(ctx, console, cast, exchange, patient=cast.due[0], service_id=CHECK_UP)


async def _a_lead_asks(ctx: Context, console: Console, cast: Cast) -> Appointment:
    _heading(console, 5, "Another one asks for a price, is answered from the clinic's articles, and books")
    exchange = await answer_as(ctx, cast.leads[0], _reply(ReplyKind.QUESTION_ANSWERED).text)
    _show(console, cast.leads[0], exchange)
    expect_reading(exchange, Intent.QUESTION, CampaignStatus.RE_ENGAGED)
    article = await article_behind(exchange)
    console.print(f"Source: [bold]{article.title}[/] (article {article.id}).")
    return await _book(ctx, console, cast, exchange, patient=cast.leads[0], service_id=WHITENING)


async def _a_person_answers(ctx: Context, console: Console, cast: Cast) -> None:
    _heading(console, 6, "A third one asks what only a person can answer")
    question, person = _reply(ReplyKind.QUESTION_OPEN), cast.practice.staff[0]
    exchange = await answer_as(ctx, cast.due[1], question.text)
    _show(console, cast.due[1], exchange)
    expect_reading(exchange, Intent.QUESTION, CampaignStatus.HANDOFF_REQUIRED)
    waiting = (await stats.dashboard(ctx))["kpis"]["handoffs_requiring_action"]
    expect(waiting, 1, "The number of conversations that wait for staff")
    text = question.staff_reply or ""
    await answer_as_staff(ctx, person, exchange.campaign, text)
    _say(console, f"{person.name}, {person.title}", text, style="blue")
    console.print(f"The campaign is closed: [bold]{CampaignStatus.MANUAL_FOLLOWUP_COMPLETE}[/].")


def _reply(kind: ReplyKind) -> PatientReply:
    return load_conversations().replies_of(kind)[0]


def _show(console: Console, patient: Patient, exchange: Exchange) -> None:
    read, campaign = exchange.question.ai_analysis, exchange.campaign
    _say(console, patient.name, exchange.question.content, style="yellow")
    console.print(
        f"Read as [bold]{read.intent if read else 'nothing'}[/]; "
        f"campaign {campaign.id} is now [bold]{campaign.status}[/]."
    )
    _say(console, "The agent", exchange.answer.content, style="green")


def _say(console: Console, who: str, text: str, *, style: str) -> None:
    console.print(Panel(Text(text), title=Text(who), title_align="left", border_style=style))


async def _book(
    ctx: Context, console: Console, cast: Cast, exchange: Exchange, *, patient: Patient, service_id: str
) -> Appointment:
    visit = await book_from_message(ctx, patient, exchange.answer.content, service_id=service_id)
    provider = next(person.name for person in cast.practice.providers if person.id == visit.provider_id)
    console.print(
        f"{patient.first_name} follows the link and books [bold]{visit.service_name}[/] with {provider}, "
        f"[bold]{spoken_time(visit, cast.practice.clinic)}[/] (appointment {visit.id})."
    )
    return visit


async def _complete(ctx: Context, console: Console, cast: Cast, booked: list[Appointment]) -> None:
    _heading(console, 7, "The clock is turned forward, and the visits take place")
    for visit in booked:
        campaign = await complete_on_the_day(ctx, cast.practice, visit)
        console.print(f"{visit.patient_name} came: campaign {campaign.id} is [bold]{campaign.status}[/].")


async def _count(ctx: Context, console: Console, cast: Cast) -> None:
    _heading(console, 8, "What the dashboard counts")
    numbers = await stats.dashboard(ctx)
    funnel, rates, kpis = numbers["funnel"], numbers["conversion_rates"], numbers["kpis"]
    table = Table(show_header=False, box=None)
    for step, count in funnel.items():
        table.add_row(step, str(count), ProgressBar(total=cast.size, completed=count, width=BAR_WIDTH))
    console.print(table)
    for kind in ("recall", "recovery"):
        share = f"{rates[f'{kind}_recovered']} of {rates[f'{kind}_closed']} closed"
        console.print(f"{kind.capitalize()} rate: [bold]{rates[f'{kind}_rate_percent']} %[/] ({share}).")
    console.print(f"Value of the visits won back: [bold]${kpis['pipeline_value_recovered']:,.2f}[/].")
    wanted = {"eligible": cast.size, "contacted": cast.size, "replied": 3, "booked": 2, "completed": 2}
    expect(funnel, wanted, "The funnel")
    expect((rates["recall_rate_percent"], rates["recovery_rate_percent"]), (50.0, 100.0), "The conversion rates")


async def _prove(ctx: Context, console: Console) -> None:
    _heading(console, 9, "Was anything doubled, lost or overlapped?")
    violations = await invariants.check(ctx)
    for name, found in violations.items():
        console.print(f"  {name.replace('_', ' ')}: {', '.join(found) or 'none'}")
    expect([name for name, found in violations.items() if found], [], "The list of broken rules")


def _say_what_next(console: Console, *, seconds: float) -> None:
    _heading(console, 10, "Where to look next")
    console.print(f"The loop took {seconds:.1f} seconds. Its database was temporary and is gone.")
    table = Table(show_header=False, box=None)
    table.add_row("[bold]make run[/]", "try it by hand, on a clinic with a year of history")
    table.add_row("[bold]README.md[/]", "what works today, and what does not yet")
    table.add_row("[bold]docs/explanation/the-loop.md[/]", "why each step is the way it is")
    console.print(table)
