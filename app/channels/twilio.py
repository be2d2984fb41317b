"""SMS and WhatsApp over Twilio: sent at most once, found again by listing (trust.md 2.4, domain.md section 8)."""

import json
import re
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from urllib.parse import urlencode

from pydantic import SecretStr

from app.channels.base import ChannelError, NotAllowedNowError, OutgoingMessage, Receipt
from app.channels.listing import ListedMessage
from app.channels.twilio_api import TwilioApi
from app.channels.twilio_records import SendRecords
from app.domain import whatsapp_window
from app.models.enums import ChannelType
from app.settings import ChannelChoice, Settings

STATUS_PATH = "/api/v1/webhooks/twilio/status"
WHATSAPP = "whatsapp:"
CLOCKS_DIFFER_BY = timedelta(minutes=5)
LISTED_WITHIN = timedelta(minutes=10)
"""A message that neither a callback nor the listing has named by then is given up on (trust.md 2.4)."""
LINK = re.compile(r"https?://\S+")


class TwilioChannel:
    """Both channels that a Twilio account serves: a message says which one it takes."""

    name = "twilio"

    def __init__(
        self, settings: Settings, *, now: Callable[[], datetime], records: SendRecords, patience_seconds: float = 20
    ) -> None:
        self._api = TwilioApi(settings, patience_seconds=patience_seconds)
        self._settings = settings
        self._now = now
        self._records = records

    async def draft(self, message: OutgoingMessage) -> str | None:  # noqa: ARG002 - the port's signature
        """Twilio has no drafts."""
        return None

    async def send(self, message: OutgoingMessage, *, handle: str | None) -> Receipt:  # noqa: ARG002 - no drafts
        """Post it once. Raises NotAllowedNowError outside WhatsApp's window when no template serves the occasion."""
        form = self._addressed(message) | await self._content(message)
        await self._records.asked(message.outbox_id, at=self._now())
        made = await self._api.create(form)
        return self._receipt(message, made["sid"])

    async def find_sent(self, message: OutgoingMessage) -> Receipt | None:
        """By the id that a callback named, else by number, time and text in Twilio's listing.

        Raises ChannelError for ten minutes: a message may be listed late, and one missing is better than two.
        """
        asked = await self._records.known(message.outbox_id)
        if asked is None:
            return None
        found = asked.external_id or await self._listed_as(message, since=asked.at - CLOCKS_DIFFER_BY)
        if found:
            return self._receipt(message, found)
        if self._now() < asked.at + LISTED_WITHIN:
            raise ChannelError("Twilio does not list it yet")
        return None

    def received(self, channel: ChannelType, *, since: datetime) -> AsyncIterator[ListedMessage]:
        """See ListingChannel."""
        return self._api.list(newest_first_until=since, To=self._own(channel), **_from_day(since))

    def sent(self, channel: ChannelType, *, since: datetime) -> AsyncIterator[ListedMessage]:
        """See ListingChannel. No date, as in `_listed_as`; a messaging service sends from numbers of its own."""
        by_service = self._settings.twilio_messaging_service_sid and channel is ChannelType.SMS
        sender = {} if by_service else {"From": self._own(channel)}
        return self._api.list(newest_first_until=since, **sender)

    def _own(self, channel: ChannelType) -> str:
        return own_address(self._settings, channel)

    def _addressed(self, message: OutgoingMessage) -> dict[str, str]:
        service = self._settings.twilio_messaging_service_sid
        by_service = service and message.channel is ChannelType.SMS
        callback = f"{self._settings.public_base_url}{STATUS_PATH}?{urlencode({'o': message.outbox_id})}"
        sender = {"MessagingServiceSid": service} if by_service else {"From": self._own(message.channel)}
        return sender | {"To": _address_of(message), "StatusCallback": callback}

    async def _content(self, message: OutgoingMessage) -> dict[str, str]:
        """The text, or the approved template that WhatsApp asks for outside its window (trust.md fault 27)."""
        if message.channel is not ChannelType.WHATSAPP:
            return {"Body": message.body}
        occasion = await self._records.occasion(message.outbox_id, to=message.to)
        if whatsapp_window.is_open(last_written_at=occasion.last_written_at, now=self._now()):
            return {"Body": message.body}
        template = self._settings.whatsapp_templates.get(occasion.kind or "")
        if template is None:
            raise NotAllowedNowError("outside WhatsApp's 24-hour window, and no template is approved for this")
        values = {str(place): value for place, value in enumerate(occasion.values, start=1)}
        return {"ContentSid": template, "ContentVariables": json.dumps(values)}

    async def _listed_as(self, message: OutgoingMessage, *, since: datetime) -> str | None:
        """No filter by date: a message that still waits at Twilio has no date of sending."""
        listing = self._api.list(newest_first_until=since, To=_address_of(message))
        same = [each.external_id async for each in listing if not each.is_inbound and _is_same(message, each)]
        taken = await self._records.taken(same)
        return next((each for each in reversed(same) if each not in taken), None)

    def _receipt(self, message: OutgoingMessage, external_id: str) -> Receipt:
        return Receipt(external_id=external_id, thread_id=f"{message.channel}:{message.to}")


def _address_of(message: OutgoingMessage) -> str:
    return f"{WHATSAPP}{message.to}" if message.channel is ChannelType.WHATSAPP else message.to


def own_address(settings: Settings, channel: ChannelType) -> str:
    """Our own number on a channel, as Twilio writes it."""
    if channel is ChannelType.WHATSAPP:
        return WHATSAPP + settings.twilio_whatsapp_from.removeprefix(WHATSAPP)
    return settings.twilio_sms_from


NEEDS: dict[str, tuple[str, ...]] = {
    "channel_sms": ("twilio_account_sid", "twilio_auth_token", "twilio_sms_from"),
    "channel_whatsapp": ("twilio_account_sid", "twilio_auth_token", "twilio_whatsapp_from"),
}
"""What each setting needs besides itself when it is `twilio`."""


def problem_of(settings: Settings) -> str | None:
    """The sentence that names what is missing for the channels that are `twilio`, or None."""
    if settings.channel_email is ChannelChoice.TWILIO:
        return "CHANNEL_EMAIL cannot be `twilio`: it carries SMS and WhatsApp."
    for channel in (name for name in NEEDS if getattr(settings, name) is ChannelChoice.TWILIO):
        missing = [name.upper() for name in NEEDS[channel] if not _is_given(getattr(settings, name))]
        if missing:
            return f"{channel.upper()} is `twilio`, which needs {', '.join(missing)}."
    return None


def _is_given(value: str | SecretStr) -> bool:
    return bool(value.get_secret_value() if isinstance(value, SecretStr) else value)


def _from_day(since: datetime) -> dict[str, str]:
    """Twilio's filter knows whole days (UTC) only."""
    return {"DateSent>": since.date().isoformat()}


def _is_same(message: OutgoingMessage, listed: ListedMessage) -> bool:
    """The same text, behind the notice of a trial account too; of a template, the same link."""
    wanted, found = message.body.strip(), listed.body.strip()
    links = LINK.findall(wanted) if message.channel is ChannelType.WHATSAPP else []
    return found == wanted or found.endswith(f" - {wanted}") or any(link in found for link in links)
