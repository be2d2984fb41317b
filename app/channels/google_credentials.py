"""Google's credentials file, of a person or of a service account, read once and refused in one sentence.

Both kinds name the token endpoint, so that a server of the same wire format can stand in (operations.md, "Peers").
"""

import json
from pathlib import Path
from typing import Any

from google.auth.exceptions import GoogleAuthError
from google.oauth2 import credentials, service_account

from app.settings import keeps_secrets

SCOPES = ("https://www.googleapis.com/auth/gmail.modify",)
"""Read, label, draft and send; not the permanent deletion of mail, which `https://mail.google.com/` would allow."""

TOKEN_URI = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address

GoogleCredentials = credentials.Credentials | service_account.Credentials


class CredentialsFileError(Exception):
    """The credentials file cannot be used; the sentence says what to do and holds nothing of the file."""


def load_credentials(file: Path, *, mailbox: str) -> GoogleCredentials:
    """The credentials of GOOGLE_CREDENTIALS_FILE; a service account acts as `mailbox` by domain-wide delegation.

    Raises CredentialsFileError.
    """
    return from_info(read_json(file), mailbox=mailbox)


def read_json(file: Path, *, named: str = "GOOGLE_CREDENTIALS_FILE") -> dict[str, Any]:
    """The JSON object in a file that the operator knows by this name. Raises CredentialsFileError."""
    try:
        info = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise CredentialsFileError(
            f"{named} cannot be read ({error.strerror}). `chairside gmail connect` writes the credentials."
        ) from error
    except ValueError as error:
        raise CredentialsFileError(f"{named} holds no JSON.") from error
    if not isinstance(info, dict):
        raise CredentialsFileError(f"{named} holds no JSON object.")
    return info


def from_info(info: dict[str, Any], *, mailbox: str) -> GoogleCredentials:
    """The credentials of a file's content, by its `type`. Raises CredentialsFileError."""
    if not keeps_secrets(token_uri := str(info.get("token_uri") or TOKEN_URI)):
        raise CredentialsFileError("GOOGLE_CREDENTIALS_FILE names a `token_uri` that is not https.")
    try:
        match info.get("type"):
            case "authorized_user":
                return _of_person(info, token_uri)
            case "service_account":
                return service_account.Credentials.from_service_account_info(  # type: ignore[no-any-return]
                    info | {"token_uri": token_uri}, scopes=SCOPES, subject=mailbox
                )
    except (ValueError, LookupError, TypeError, GoogleAuthError) as error:
        raise CredentialsFileError("GOOGLE_CREDENTIALS_FILE lacks a field or holds an unreadable key.") from error
    raise CredentialsFileError(
        "GOOGLE_CREDENTIALS_FILE must be of type `authorized_user` or `service_account`. "
        "A downloaded OAuth client is neither: give it to `chairside gmail connect --client`."
    )


def _of_person(info: dict[str, Any], token_uri: str) -> credentials.Credentials:
    """Built here, because `from_authorized_user_info` ignores the file's token endpoint."""
    return credentials.Credentials(
        token=None,
        refresh_token=info["refresh_token"],
        client_id=info["client_id"],
        client_secret=info["client_secret"],
        token_uri=token_uri,
    )
