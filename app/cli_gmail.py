"""`chairside gmail ...`: connect the clinic's mailbox, try its drafts, and what `chairside doctor` says about it."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from app.channels.base import ChannelError, ChannelStoppedError
from app.channels.gmail_trial import Trial, try_drafts
from app.channels.google_api import ME, GmailApi
from app.channels.google_consent import ConsentError, ask_for_consent, write_secret
from app.channels.google_credentials import SCOPES, CredentialsFileError, from_info, read_json
from app.channels.mailbox import Mailbox
from app.context import Context
from app.domain.mailbox_alarms import DISCONNECTED, SENTENCES, UNREACHABLE, WATCH_LAPSES
from app.models.mailboxes import MailboxState
from app.services.doctor_findings import Finding, ok, problem, warning
from app.settings import ChannelChoice, Settings

CONNECT = "run `chairside gmail connect --client FILE`"
RENEW_WATCH = "run `chairside run-job gmail-watch`"
MEND_ALARM = {
    DISCONNECTED: CONNECT,
    UNREACHABLE: "run `chairside run-job gmail-sync`, which says why",
    WATCH_LAPSES: RENEW_WATCH,
}
CHECKS = (
    ("is_spent_by_sending", "a draft that was sent cannot be sent again"),
    ("leaves_once_in_a_crowd", "of six sends at the same moment one message leaves"),
    ("keeps_its_thread", "the sent message stays in its draft's thread"),
    ("keeps_our_header", "our mark X-Outbox-Id survives sending"),
    ("is_found_by_search_at_once", "search knows the message at once (good to know, not needed)"),
)
NEXT_STEPS = """
What is left:

1. Send through it: set CHANNEL_EMAIL=gmail and restart.
2. Try the one thing that could not be tried for you: chairside gmail check-drafts
3. Hear of new mail at once; without this, answers are found every five minutes. With PROJECT as your project:
   gcloud iam service-accounts create chairside-push
   gcloud pubsub topics create chairside-gmail
   gcloud pubsub topics add-iam-policy-binding chairside-gmail \\
     --member=serviceAccount:gmail-api-push@system.gserviceaccount.com --role=roles/pubsub.publisher
   gcloud pubsub subscriptions create chairside-gmail --topic=chairside-gmail \\
     --push-endpoint={endpoint} --push-auth-token-audience={endpoint} \\
     --push-auth-service-account=chairside-push@PROJECT.iam.gserviceaccount.com \\
     --ack-deadline=60 --min-retry-delay=10s --max-retry-delay=600s
   Then set, and restart:
   GMAIL_PUBSUB_TOPIC=projects/PROJECT/topics/chairside-gmail
   PUBSUB_SUBSCRIPTION=projects/PROJECT/subscriptions/chairside-gmail
   PUBSUB_SERVICE_ACCOUNT=chairside-push@PROJECT.iam.gserviceaccount.com
   PUBSUB_AUDIENCE={endpoint}
4. Look at everything: chairside doctor
"""
PUSH_PATH = "/api/v1/webhooks/gmail"
console = Console()


def register(app: typer.Typer, settings: Callable[[], Settings]) -> None:
    """Add the commands; `settings` reads the environment, or ends with one sentence and exit code 2."""
    gmail = typer.Typer(no_args_is_help=True, help="The clinic's Gmail mailbox.")
    app.add_typer(gmail, name="gmail")

    @gmail.command()
    def connect(
        client: Annotated[
            Path | None, typer.Option(exists=True, dir_okay=False, help="The OAuth client (Desktop app) you downloaded")
        ] = None,
        service_account: Annotated[
            Path | None, typer.Option(exists=True, dir_okay=False, help="Or the key of a service account")
        ] = None,
        port: Annotated[int, typer.Option(min=0, max=65535, help="Where Google sends the browser back; 0 = any")] = 0,
        no_browser: Annotated[bool, typer.Option("--no-browser", help="Only print the address")] = False,
    ) -> None:
        """Let Chairside use the clinic's mailbox: ask Google, check the mailbox, keep the credentials."""
        if (client is None) == (service_account is None):
            raise typer.BadParameter("give either --client or --service-account")
        with _one_sentence():
            _connect(settings(), client, service_account, port=port, opens_browser=not no_browser)

    @gmail.command(name="check-drafts")
    def check_drafts() -> None:
        """Send two test messages from the mailbox to itself, and see whether a draft can be sent twice."""
        with _one_sentence():
            trial = asyncio.run(_try(settings()))
        for name, sentence in CHECKS:
            console.print(f"{'[green]yes[/]' if getattr(trial, name) else '[red]no [/]'} {sentence}")
        if not trial.is_passed:
            console.print("[red]Sending by draft is not safe here: set GMAIL_DRAFTS=off, and tell us what you saw.[/]")
        raise typer.Exit(0 if trial.is_passed else 1)


@contextmanager
def _one_sentence() -> Iterator[None]:
    """What an operator can mend is one sentence and exit code 1, not a traceback."""
    try:
        yield
    except ChannelError as error:
        said = f"{error}."
    except (ConsentError, CredentialsFileError) as error:
        said = str(error)
    except OSError as error:
        said = f"GOOGLE_CREDENTIALS_FILE cannot be written: {error.strerror}."
    else:
        return
    console.print(f"[red]{escape(said)}[/]", soft_wrap=True)
    raise typer.Exit(1)


def _connect(settings: Settings, client: Path | None, key: Path | None, *, port: int, opens_browser: bool) -> None:
    mailbox, file = settings.gmail_mailbox, settings.google_credentials_file
    if not mailbox or file is None:
        raise ConsentError("Set GMAIL_MAILBOX to the clinic's mailbox, and GOOGLE_CREDENTIALS_FILE to a file to write.")
    if client:
        asked = read_json(client, named="The OAuth client")
        info = ask_for_consent(asked, mailbox=mailbox, port=port, opens_browser=opens_browser)
    else:
        info = read_json(key or file, named="The service account's key")
    asyncio.run(_verify(settings, info))
    write_secret(file, info)
    console.print(f"Connected to {mailbox}. The credentials are in {escape(str(file))}.", soft_wrap=True)
    console.print(
        NEXT_STEPS.format(endpoint=settings.public_base_url + PUSH_PATH), soft_wrap=True, highlight=False, markup=False
    )


async def _verify(settings: Settings, info: dict[str, Any]) -> None:
    """The credentials work, and open the mailbox that is configured. Raises ConsentError or ChannelError."""
    mailbox = settings.gmail_mailbox
    api = GmailApi(from_info(info, mailbox=mailbox), now=_now, api_url=settings.gmail_api_url)
    try:
        opened = await _address(api)
    except ChannelStoppedError as error:
        if info["type"] != "service_account":
            raise
        raise ConsentError(
            f"{error}. In the Admin console, under Security > API controls > Domain-wide delegation, "
            f"give the client {info.get('client_id', '?')} the scope {SCOPES[0]}."
        ) from error
    if opened != mailbox:
        raise ConsentError(f"This is the mailbox {opened}, not {mailbox} (GMAIL_MAILBOX). Nothing was written.")


async def _address(api: GmailApi) -> str:
    profile = await api.call(lambda gmail: gmail.users().getProfile(userId=ME))
    return str(profile["emailAddress"]).lower()


async def _try(settings: Settings) -> Trial:
    return await try_drafts(_api(settings), mailbox=settings.gmail_mailbox, now=_now)


def _api(settings: Settings) -> GmailApi:
    if settings.google_credentials_file is None:
        raise CredentialsFileError("Set GMAIL_MAILBOX and GOOGLE_CREDENTIALS_FILE first.")
    return GmailApi.open(
        settings.google_credentials_file, mailbox=settings.gmail_mailbox, now=_now, api_url=settings.gmail_api_url
    )


def _now() -> datetime:
    return datetime.now(UTC)


async def findings(ctx: Context) -> list[Finding]:
    """What `chairside doctor` says about the mailbox, each with the command that mends it; nothing without Gmail."""
    if ctx.settings.channel_email is not ChannelChoice.GMAIL:
        return []
    try:
        api = _api(ctx.settings)
        await api.check_token()
        return [ok("Gmail credentials", "accepted"), *await _mailbox(ctx, api), *await _news(ctx)]
    except (ChannelError, CredentialsFileError) as error:
        return [problem("Gmail credentials", str(error), _mend_of(error)), *await _news(ctx)]


def _mend_of(error: Exception) -> str:
    return CONNECT if isinstance(error, ChannelStoppedError | CredentialsFileError) else "try again"


async def _mailbox(ctx: Context, api: GmailApi) -> list[Finding]:
    found: list[Finding] = []
    try:
        opened, wanted = await _address(api), ctx.settings.gmail_mailbox
        is_ours = opened == wanted
        found.append(
            ok("Gmail mailbox", opened) if is_ours else problem("Gmail mailbox", f"{opened}, not {wanted}", CONNECT)
        )
        await api.call(lambda gmail: gmail.users().drafts().list(userId=ME, maxResults=1))
        found.append(ok("Gmail drafts", "may be made and sent"))
    except ChannelError as error:
        found.append(problem("Gmail drafts" if found else "Gmail mailbox", str(error), _mend_of(error)))
    return found


async def _news(ctx: Context) -> list[Finding]:
    """Whether new mail is announced and read, and what staff were warned of."""
    if ctx.mailbox is None:
        return []
    state = await MailboxState.of(ctx.mailbox.address, now=ctx.now())
    reading = (
        ok("Gmail read", f"{state.last_synced_at:%Y-%m-%d %H:%M} UTC")
        if state.last_synced_at
        else warning("Gmail read", "never yet", "run `chairside run-job gmail-sync`")
    )
    alarms = [problem("Gmail alarm", SENTENCES[alarm], MEND_ALARM[alarm]) for alarm in state.alarms]
    return [_watch(ctx, ctx.mailbox, state), reading, *alarms]


def _watch(ctx: Context, mailbox: Mailbox, state: MailboxState) -> Finding:
    until = state.watch_expires_at
    if not mailbox.is_pushed:
        says = "GMAIL_PUBSUB_TOPIC is empty: new mail is found every five minutes"
        return warning("Gmail watch", says, "`chairside gmail connect` says how to hear of it at once")
    if until is None or until <= ctx.now():
        return problem("Gmail watch", "new mail is not announced", RENEW_WATCH)
    return ok("Gmail watch", f"new mail is announced until {until:%Y-%m-%d %H:%M} UTC; renewed every day")
