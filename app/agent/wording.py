"""What the agent says in its own words: fixed sentences, so that nothing a patient writes can change them.

They are said in the patient's language, where the product speaks it: English, Spanish or French.
"""

from app.agent.wording_english import (
    ANSWER,
    BOOKING_LINK,
    DECLINED,
    EMERGENCY,
    HANDED_OVER,
    HANDED_OVER_WITH_LINK,
    OFFER_DECLINED,
    OFFER_NOT_HAD,
    OUR_PRACTICE,
    PERSON_ANSWERS_TOO,
    STOP_BY_MAIL,
    STOP_BY_TEXT,
    VISIT_CONFIRMED,
    VISIT_ELSEWHEN,
    VISIT_HAS_BEGUN,
    VISIT_LATE,
    VISITS,
)
from app.agent.wording_languages import said_in
from app.models.campaigns import Campaign
from app.models.clinic import Clinic
from app.models.enums import ChannelType
from app.models.patients import Patient

__all__ = [
    "ANSWER",
    "BOOKING_LINK",
    "DECLINED",
    "EMERGENCY",
    "HANDED_OVER",
    "HANDED_OVER_WITH_LINK",
    "OFFER_DECLINED",
    "OFFER_NOT_HAD",
    "PERSON_ANSWERS_TOO",
    "STOP_HINT",
    "VISITS",
    "VISIT_CONFIRMED",
    "VISIT_ELSEWHEN",
    "VISIT_HAS_BEGUN",
    "VISIT_LATE",
    "fill",
    "follow_up_body",
]
STOP_HINT = {
    ChannelType.EMAIL: STOP_BY_MAIL,
    ChannelType.SMS: STOP_BY_TEXT,
    ChannelType.WHATSAPP: STOP_BY_TEXT,
}


def fill(template: str, *, patient: Patient, clinic: Clinic, **values: str) -> str:
    """Put the clinic's and the patient's own facts into a fixed sentence, said in the patient's language."""
    phone = clinic.emergency_phone or clinic.phone or said_in(patient.language, OUR_PRACTICE)
    sentence = said_in(patient.language, template)
    return sentence.format(first_name=patient.first_name, emergency_phone=phone, **values)


def follow_up_body(body: str, *, campaign: Campaign, link: str, language: str = "en") -> str:
    """A proactive message as it leaves: the text, the one link, and how to stop; a mail's footer says who writes."""
    stop = said_in(language, STOP_HINT[campaign.channel.type])
    if campaign.channel.type is not ChannelType.EMAIL:
        return f"{body} {link} {stop}"  # the text names the clinic itself
    return f"{body}\n\n{link}\n\n{stop}"
