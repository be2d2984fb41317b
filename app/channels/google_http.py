"""One HTTP object for one call: a request leaves at most once, and a connection that was never made says so.

httplib2 repeats a request by itself when the server hangs up, which would hide a lost answer (trust.md 2.4).
"""

from typing import Any

import httplib2

from app.channels.google_errors import NotConnectedError


class _ConnectsOnce:
    """Mixed into httplib2's connections: a second connection, which is how it repeats a request, is refused."""

    _connected = False

    def connect(self) -> None:
        if self._connected:
            raise ConnectionResetError("the server hung up")
        try:
            super().connect()  # type: ignore[misc]  # of the connection that this is mixed into
        except OSError as error:
            raise NotConnectedError(type(error).__name__) from error
        self._connected = True


class _Plain(_ConnectsOnce, httplib2.HTTPConnectionWithTimeout):  # type: ignore[misc]  # httplib2 has no types
    """To a server on this machine."""


class _Encrypted(_ConnectsOnce, httplib2.HTTPSConnectionWithTimeout):  # type: ignore[misc]  # httplib2 has no types
    """To Google."""


class OneCallHttp(httplib2.Http):  # type: ignore[misc]  # httplib2 has no types
    """An httplib2.Http for one call. It follows no redirect: Google's API gives none, and a token must not wander."""

    def __init__(self, *, timeout: float) -> None:
        super().__init__(timeout=timeout)
        self.follow_redirects = False

    def request(self, uri: str, *arguments: Any, connection_type: Any = None, **options: Any) -> Any:
        """As httplib2's, over a connection that is made once."""
        chosen = connection_type or (_Encrypted if uri.startswith("https:") else _Plain)
        return super().request(uri, *arguments, connection_type=chosen, **options)
