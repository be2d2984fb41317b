"""A clinic whose SMS and WhatsApp go through the Twilio peer: its settings, and a patient who is written to there."""

from typing import Any

from pydantic import SecretStr

from app.context import Context
from app.models.campaigns import Campaign
from app.models.enums import ChannelType
from app.settings import ChannelChoice, Settings
from tests.peers.twilio import TwilioPeer
from tests.services import stage

PUBLIC = "https://crm.example.com"
OURS, PATIENT = "+12025550100", "+12025550177"
WA_OURS, WA_PATIENT = f"whatsapp:{OURS}", f"whatsapp:{PATIENT}"
TEMPLATE = "HX0123456789abcdef0123456789abcdef"
APPROVED = "Hello {{1}}, this is {{2}}. Please choose a time: {{3}} Reply STOP to opt out."


def twilio_settings(settings: Settings, peer: TwilioPeer, **changes: Any) -> Settings:
    """The same settings with both channels at the peer."""
    values: dict[str, Any] = {
        "channel_sms": ChannelChoice.TWILIO,
        "channel_whatsapp": ChannelChoice.TWILIO,
        "public_base_url": PUBLIC,
        "twilio_account_sid": peer.account.sid,
        "twilio_auth_token": SecretStr(peer.account.token),
        "twilio_sms_from": OURS,
        "twilio_whatsapp_from": OURS,
        "twilio_api_url": peer.url,
    }
    return settings.model_copy(update=values | changes)


async def queued(ctx: Context, channel: ChannelType, **patient: Any) -> Campaign:
    """A recall whose first attempt waits in the outbox for this channel."""
    fields: dict[str, Any] = {"phone": PATIENT, "preferred_channel": [channel]}
    campaign = await stage.running_campaign(ctx, **(fields | patient))
    await stage.queue_due(ctx)
    return campaign
