"""What the agent says in its own words: fixed sentences, so that nothing a patient writes can change them."""

from app.models.campaigns import Campaign
from app.models.clinic import Clinic
from app.models.enums import ChannelType
from app.models.patients import Patient

BOOKING_LINK = "Thank you, {first_name}. Please choose a time that suits you here: {link}"
DECLINED = (
    "Thank you for letting us know, {first_name}. We will not write about this again. "
    "If you change your mind, just answer this message."
)
HANDED_OVER = "Thank you, {first_name}. A member of our team will read your message and answer you personally."
HANDED_OVER_WITH_LINK = (
    HANDED_OVER + " If you already know when you would like to come, you can choose a time here: {link}"
)
EMERGENCY = (
    "{first_name}, please call us right away: {emergency_phone}. "
    "Call the emergency number if you cannot breathe or bleed heavily. Our team has been told about your message."
)
ANSWER = "{answer}\n\nIf you would like to come in, you can choose a time here: {link}"
STOP_HINT = {
    ChannelType.EMAIL: "To hear no more from us, answer with the word STOP.",
    ChannelType.SMS: "Reply STOP to opt out.",
    ChannelType.WHATSAPP: "Reply STOP to opt out.",
}


def fill(template: str, *, patient: Patient, clinic: Clinic, **values: str) -> str:
    """Put the clinic's and the patient's own facts into a fixed sentence."""
    phone = clinic.emergency_phone or clinic.phone or "our practice"
    return template.format(first_name=patient.first_name, emergency_phone=phone, **values)


def follow_up_body(body: str, *, campaign: Campaign, clinic: Clinic, link: str) -> str:
    """A proactive message as it leaves: the text, the one link, who writes, and how to stop."""
    stop = STOP_HINT[campaign.channel.type]
    if campaign.channel.type is not ChannelType.EMAIL:
        return f"{body} {link} {stop}"  # the text names the clinic itself
    return "\n\n".join(part for part in (body, link, f"{clinic.name}\n{clinic.address}".strip(), stop) if part)
