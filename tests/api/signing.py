"""Bodies for `/webhooks/incoming-message`, signed as a provider signs them (api.md section 3)."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.context import Context
from app.security import sign_body
from tests.server import INCOMING_SECRET


@dataclass(frozen=True, slots=True)
class Signed:
    body: bytes
    headers: dict[str, str]


def signature(body: bytes, *, at: datetime, secret: str = INCOMING_SECRET) -> dict[str, str]:
    """The header over these bytes, made at this instant with this secret."""
    stamp = int(at.timestamp())
    return {"X-Chairside-Signature": f"t={stamp},v1={sign_body(secret, timestamp=stamp, body=body)}"}


def signed(ctx: Context, message: Any, *, age: timedelta = timedelta(), secret: str = INCOMING_SECRET) -> Signed:
    """A message (or raw bytes) with its signature; `age` is how long ago it was signed."""
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    return Signed(body, signature(body, at=ctx.now() - age, secret=secret))
