"""What Twilio says a patient wrote, as a message of ours (trust.md 2.5). Media are named to staff and never fetched."""

import re
from collections.abc import Mapping

from app.channels.listing import ListedMessage
from app.models.enums import ChannelType, InboundSource
from app.services.inbound import InboundMessage

WHATSAPP = "whatsapp:"
MESSAGE_SID = re.compile(r"[SM]M[0-9a-fA-F]{32}")
SENDER = re.compile(r"\+?[0-9]{3,15}")
MEDIA_TYPE = re.compile(r"[a-z0-9.+-]{1,60}/[a-z0-9.+-]{1,60}")
MOST_MEDIA = 10

Form = Mapping[str, str]


class NotAMessageError(ValueError):
    """Authentic, but without what every message of Twilio's has."""


def message_of_form(form: Form) -> InboundMessage:
    """The message of a webhook. Raises NotAMessageError."""
    channel, sender = address_of(form.get("From", ""))
    return InboundMessage(
        source=InboundSource.TWILIO,
        external_id=sid_of(form),
        channel=channel,
        sender=sender,
        text=_text(form.get("Body", "") or form.get("ButtonText", ""), _media_types(form), form),
        in_reply_to=form.get("OriginalRepliedMessageSid") or None,
        headers={"X-Twilio-To": form.get("To", "")},
    )


def message_of_listing(listed: ListedMessage) -> InboundMessage:
    """The same message as Twilio lists it later. Raises NotAMessageError."""
    if not MESSAGE_SID.fullmatch(listed.external_id):
        raise NotAMessageError("no id of Twilio's")
    channel, sender = address_of(listed.sender)
    return InboundMessage(
        source=InboundSource.TWILIO,
        external_id=listed.external_id,
        channel=channel,
        sender=sender,
        text=_text(listed.body, [""] * listed.media, {}),
        headers={"X-Twilio-To": listed.to},
    )


def sid_of(form: Form) -> str:
    """Twilio's id of the message that a webhook is about. Raises NotAMessageError."""
    sid = form.get("MessageSid") or form.get("SmsMessageSid") or form.get("SmsSid") or ""
    if not MESSAGE_SID.fullmatch(sid):
        raise NotAMessageError("no id of Twilio's")
    return sid


def address_of(text: str) -> tuple[ChannelType, str]:
    """`whatsapp:+1...` or `+1...` as a channel and a bare number. Raises NotAMessageError."""
    number = text.removeprefix(WHATSAPP)
    if not SENDER.fullmatch(number):
        raise NotAMessageError("no number of a sender")
    return (ChannelType.WHATSAPP if text != number else ChannelType.SMS), number


def _media_types(form: Form) -> list[str]:
    count = form.get("NumMedia", "0")
    number = min(int(count), MOST_MEDIA) if count.isascii() and count.isdigit() else 0
    return [form.get(f"MediaContentType{index}", "") for index in range(number)]


def _text(body: str, media: list[str], form: Form) -> str:
    """The words, and in brackets what came beside them: it stays at Twilio until a person looks."""
    notes = []
    if media:
        kinds = sorted({kind for kind in media if MEDIA_TYPE.fullmatch(kind)})
        named = f" ({', '.join(kinds)})" if kinds else ""
        notes.append(f"[{len(media)} attached {'file' if len(media) == 1 else 'files'}{named}: see Twilio's console]")
    if form.get("Latitude") and form.get("Longitude"):
        notes.append("[a place on the map: see Twilio's console]")
    words = body.strip()
    return "\n".join([words] * bool(words) + notes) or "[a message without words: see Twilio's console]"
