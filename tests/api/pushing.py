"""Pushes about the clinic's mailbox as Pub/Sub sends them: the envelope, and the token that Google signs for it."""

import base64
import json
import time
from typing import Any

from app.context import Context
from app.settings import Settings
from tests.peers.google_keys import GoogleKeys

URL = "/api/v1/webhooks/gmail"
AUDIENCE = "https://crm.example.com/api/v1/webhooks/gmail"
ACCOUNT = "push@clinic-project.iam.gserviceaccount.com"
SUBSCRIPTION = "projects/clinic-project/subscriptions/gmail"
NOTIFICATION = {"emailAddress": "clinic@example.com", "historyId": 9876543210}


def push_settings(settings: Settings, keys: GoogleKeys) -> Settings:
    """The same settings with a Pub/Sub subscription whose tokens this key server vouches for."""
    return settings.model_copy(
        update={
            "pubsub_audience": AUDIENCE,
            "pubsub_service_account": ACCOUNT,
            "pubsub_subscription": SUBSCRIPTION,
            "pubsub_jwks_url": keys.url,
        }
    )


def claims(ctx: Context, **changes: Any) -> dict[str, Any]:
    """What a good token says; a change to None takes a claim away. Valid by the test's clock and by the machine's."""
    now, machine = int(ctx.now().timestamp()), int(time.time())
    values = {
        "iss": "https://accounts.google.com",
        "aud": AUDIENCE,
        "sub": "113774264463038321964",
        "azp": "113774264463038321964",
        "email": ACCOUNT,
        "email_verified": True,
        "iat": min(now, machine) - 60,
        "exp": max(now, machine) + 3_540,
    }
    return {name: value for name, value in (values | changes).items() if value is not None}


def authorization(keys: GoogleKeys, ctx: Context, **changes: Any) -> dict[str, str]:
    return {"Authorization": f"Bearer {keys.key.sign(claims(ctx, **changes))}"}


def encoded(notification: Any) -> str:
    """`data` of a push: URL-safe base64, as Google writes it."""
    text = notification if isinstance(notification, str) else json.dumps(notification)
    return base64.urlsafe_b64encode(text.encode()).decode()


def push(message_id: str = "2070443601311540", *, data: Any = None, subscription: Any = SUBSCRIPTION) -> dict[str, Any]:
    """Google's push body (api.md section 3)."""
    return {
        "message": {
            "data": encoded(NOTIFICATION) if data is None else data,
            "messageId": message_id,
            "message_id": message_id,
            "publishTime": "2026-11-23T15:00:00.412Z",
        },
        "subscription": subscription,
    }
