"""Google's OAuth endpoints inside the peer: consent, the token endpoint with its three grants, and the key set.

`refresh_token`, `authorization_code` and the service account's `jwt-bearer`; a switch revokes everything with
`invalid_grant`, as a token of an app in "Testing" does after seven days (trust.md fault 12).
"""

import base64
import json
import secrets
import threading
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode

import jwt
from cryptography.hazmat.primitives import serialization

from tests.peers.google_errors import GoogleError
from tests.peers.google_keys import SigningKey

CLIENT_ID, CLIENT_SECRET = "clinic.apps.googleusercontent.example", "a-client-secret"
REFRESH_TOKEN = "1//a-refresh-token-of-the-clinic"
SERVICE_ACCOUNT = "crm@clinic-project.iam.gserviceaccount.com"
SCOPES = "https://www.googleapis.com/auth/gmail.modify"
LIVES_SECONDS = 3_599
GOOGLES = "https://oauth2.googleapis.com/token"
"""The audience that google-auth writes into an assertion, wherever it sends it."""


class TokenRefusedError(Exception):
    """An OAuth error (RFC 6749 section 5.2): a 400 with `error` and `error_description`."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(error)
        self.body = {"error": error, "error_description": description}


@dataclass
class GoogleTokens:
    """What was issued and what is refused. `refuse` names an OAuth error that every grant gets while it is set."""

    url: str = ""
    refuse: str = ""
    lives_seconds: int = LIVES_SECONDS
    service_key: SigningKey = field(default_factory=SigningKey)
    issued: dict[str, float] = field(default_factory=dict)
    refresh_tokens: set[str] = field(default_factory=lambda: {REFRESH_TOKEN})
    codes: set[str] = field(default_factory=set)
    grants: list[str] = field(default_factory=list)
    lock: Any = field(default_factory=threading.Lock)

    def consent(self, query: dict[str, list[str]]) -> str:
        """Where a consenting user's browser is sent: the redirect URI with a code that is good once."""
        code = f"4/{secrets.token_urlsafe(24)}"
        self.codes.add(code)
        answer = {"code": code, "scope": SCOPES} | {"state": query["state"][0] if "state" in query else ""}
        return f"{query['redirect_uri'][0]}?{urlencode(answer)}"

    def grant(self, body: bytes, authorization: str = "") -> dict[str, Any]:
        """The token endpoint; the client names itself in the form or by HTTP Basic. Raises TokenRefusedError."""
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()} | _basic(authorization)
        kind = form.get("grant_type", "")
        with self.lock:
            self.grants.append(kind)
            if self.refuse:
                raise TokenRefusedError(self.refuse, "Token has been expired or revoked.")
            extra = self._check(kind, form)
            token = f"ya29.{secrets.token_urlsafe(32)}"
            self.issued[token] = time.time() + self.lives_seconds
        return {
            "access_token": token,
            "expires_in": self.lives_seconds,
            "scope": SCOPES,
            "token_type": "Bearer",
        } | extra

    def _check(self, kind: str, form: dict[str, str]) -> dict[str, Any]:
        if kind == "refresh_token":
            self._check_client(form)
            if form.get("refresh_token") not in self.refresh_tokens:
                raise TokenRefusedError("invalid_grant", "Bad Request")
            return {}
        if kind == "authorization_code":
            self._check_client(form)
            if form.get("code") not in self.codes:
                raise TokenRefusedError("invalid_grant", "Malformed auth code.")
            self.codes.discard(form["code"])
            fresh = f"1//{secrets.token_urlsafe(24)}"
            self.refresh_tokens.add(fresh)
            return {"refresh_token": fresh}
        if kind == "urn:ietf:params:oauth:grant-type:jwt-bearer":
            return self._check_assertion(form.get("assertion", ""))
        raise TokenRefusedError("unsupported_grant_type", f"Invalid grant_type: {kind}")

    def _check_client(self, form: dict[str, str]) -> None:
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            raise TokenRefusedError("invalid_client", "The OAuth client was not found.")

    def _check_assertion(self, assertion: str) -> dict[str, Any]:
        try:
            claims = jwt.decode(
                assertion,
                self.service_key.private.public_key(),
                algorithms=["RS256"],
                audience=[GOOGLES, f"{self.url}/token"],
            )
        except jwt.PyJWTError as error:
            raise TokenRefusedError("invalid_grant", f"Invalid JWT: {error}") from error
        if claims.get("iss") != SERVICE_ACCOUNT or not claims.get("sub"):
            raise TokenRefusedError("unauthorized_client", "Client is unauthorized to retrieve access tokens.")
        return {}

    def check(self, authorization: str) -> None:
        """Raises GoogleError (401) unless this is a bearer token that was issued here and still lives."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or self.issued.get(token, 0.0) <= time.time():
            raise GoogleError(401)

    def expire_all(self) -> None:
        """Every access token stops working now; the refresh token still does."""
        with self.lock:
            self.issued.clear()

    def authorized_user(self) -> dict[str, str]:
        """The contents of an `authorized_user` credentials file, as google-auth reads it."""
        return {
            "type": "authorized_user",
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "refresh_token": REFRESH_TOKEN,
            "token_uri": f"{self.url}/token",
        }

    def client_secrets(self) -> dict[str, Any]:
        """The contents of a client-secrets file of an installed app."""
        return {
            "installed": {
                "client_id": CLIENT_ID,
                "client_secret": CLIENT_SECRET,
                "auth_uri": f"{self.url}/o/oauth2/v2/auth",
                "token_uri": f"{self.url}/token",
                "redirect_uris": ["http://localhost"],
            }
        }

    def service_account(self) -> dict[str, str]:
        """The contents of a service account's key file."""
        pem = self.service_key.private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return {
            "type": "service_account",
            "project_id": "clinic-project",
            "private_key_id": self.service_key.name,
            "private_key": pem.decode(),
            "client_email": SERVICE_ACCOUNT,
            "client_id": "113774264463038321964",
            "token_uri": f"{self.url}/token",
        }


def _basic(authorization: str) -> dict[str, str]:
    """`client_id` and `client_secret` of a Basic header (RFC 6749 section 2.3.1), or nothing."""
    if not authorization.startswith("Basic "):
        return {}
    name, _, secret = base64.b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
    return {"client_id": unquote(name), "client_secret": unquote(secret)}


def jwks(*keys: SigningKey) -> bytes:
    """The body of Google's key endpoint."""
    return json.dumps({"keys": [key.as_jwk() for key in keys]}).encode()
