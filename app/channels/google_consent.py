"""Asking the mailbox's owner for consent in a browser, and keeping what Google gives where nobody else can read it."""

import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from google_auth_oauthlib.flow import InstalledAppFlow, WSGITimeoutError
from oauthlib.oauth2 import OAuth2Error
from requests import RequestException

from app.channels.google_credentials import SCOPES, TOKEN_URI
from app.settings import keeps_secrets

PATIENCE_SECONDS = 600
LOOPBACK = "127.0.0.1"
ASK = "Open this address in a browser of this machine and sign in as the clinic's mailbox:\n\n{url}\n"
DONE = "Chairside may use the mailbox now. You can close this window."


class ConsentError(Exception):
    """Nobody consented, or Google did not give what is needed; the sentence says what to do."""


def ask_for_consent(client: Mapping[str, Any], *, mailbox: str, port: int, opens_browser: bool) -> dict[str, Any]:
    """The content of an `authorized_user` file, after the owner's consent on a page of Google's.

    `client` is the OAuth client that Google Cloud lets one download; `port` 0 takes any free one. Raises ConsentError.
    """
    installed = _installed(client)
    try:
        flow = InstalledAppFlow.from_client_config(client, SCOPES)
        granted = flow.run_local_server(
            host=LOOPBACK,
            port=port,
            open_browser=opens_browser,
            authorization_prompt_message=ASK,
            success_message=DONE,
            timeout_seconds=PATIENCE_SECONDS,
            access_type="offline",
            prompt="consent",  # without it a second consent brings no refresh token
            login_hint=mailbox,
        )
    except WSGITimeoutError as error:
        raise ConsentError(f"Nobody consented within {PATIENCE_SECONDS // 60} minutes. Run it again.") from error
    except (OAuth2Error, Warning) as error:  # oauthlib raises a Warning when fewer scopes were granted than asked for
        raise ConsentError(
            f"Google did not grant access ({_reason(error)}). Run it again and tick every box."
        ) from error
    except (RequestException, OSError, ValueError) as error:
        raise ConsentError(f"Google could not be asked ({type(error).__name__}). Is the port free?") from error
    if not granted.refresh_token:
        raise ConsentError(
            "Google gave no refresh token. Remove Chairside at https://myaccount.google.com/connections and try again."
        )
    return {
        "type": "authorized_user",
        "client_id": installed["client_id"],
        "client_secret": installed["client_secret"],
        "refresh_token": granted.refresh_token,
        "token_uri": installed.get("token_uri", TOKEN_URI),
    }


def _installed(client: Mapping[str, Any]) -> Mapping[str, Any]:
    known = client.get("installed")
    if not isinstance(known, dict) or not {"client_id", "client_secret", "auth_uri", "token_uri"} <= set(known):
        raise ConsentError('This is no OAuth client of type "Desktop app". Create one in Google Cloud and download it.')
    if not (keeps_secrets(known["token_uri"]) and keeps_secrets(known["auth_uri"])):
        raise ConsentError("This OAuth client names an address that is not https.")
    return known


def _reason(error: Exception) -> str:
    return str(getattr(error, "error", "")) or type(error).__name__


def write_secret(file: Path, content: Mapping[str, Any]) -> None:
    """Write the whole file or nothing, readable by its owner only. Raises OSError."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = file.with_name(f".{file.name}.{secrets.token_hex(6)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
            json.dump(dict(content), opened, indent=2)
            opened.flush()
            os.fsync(opened.fileno())
        draft.replace(file)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
