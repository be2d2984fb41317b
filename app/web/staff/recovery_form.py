"""What the front desk types to open a recovery campaign: for a known patient, or for somebody new."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from beanie import PydanticObjectId
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from app.errors import InvalidInputError
from app.models.clinic import Clinic
from app.models.enums import ChannelType
from app.services import addresses
from app.services.recoveries import Inquiry, Wish
from app.web.staff.patient_form import ABSENT, PROBLEMS, Email, Line, ShortLine, Text

NAMES = ("patient_id", "name", "email", "phone", "channel", "inquiry", "value")
SENTENCES = {name: PROBLEMS[name] for name in ("name", "email", "phone")} | {
    "patient_id": "Choose the patient from the list, or enter a new one.",
    "channel": "Choose a channel from the list.",
    "inquiry": "Keep it under 1,000 characters.",
    "value": "Write an amount between 0 and 10,000,000, digits only.",
}
NEITHER = "Give an e-mail address or a phone number: one of them is enough."
MONEY_SIGNS = str.maketrans("", "", "$€£, ")
NEW = "new"
"""Instead of a patient's id: a new patient is entered."""


def _without_signs(typed: object) -> object:
    """`$1,200` is how people write 1200."""
    return typed.translate(MONEY_SIGNS).strip() or 0 if isinstance(typed, str) else typed


class _Asked(BaseModel):
    model_config = ConfigDict(str_strip_whitespace=True, hide_input_in_errors=True)

    channel: Annotated[ChannelType | None, ABSENT] = None
    inquiry: Text = ""
    value: Annotated[float, BeforeValidator(_without_signs), Field(ge=0, le=10_000_000, allow_inf_nan=False)] = 0.0


class _Known(_Asked):
    patient_id: PydanticObjectId


class _New(_Asked):
    name: Line
    email: Annotated[Email | None, ABSENT] = None
    phone: Annotated[ShortLine | None, ABSENT] = None


@dataclass(frozen=True, slots=True)
class RecoveryDraft:
    """What was typed, what is wrong by field, and either a known patient with a wish or a new person's inquiry."""

    typed: Mapping[str, str]
    problems: dict[str, str] = field(default_factory=dict)
    patient_id: PydanticObjectId | None = None
    wish: Wish | None = None
    inquiry: Inquiry | None = None


def blank(patient_id: str = "") -> dict[str, str]:
    return dict.fromkeys(NAMES, "") | {"patient_id": patient_id}


def read_recovery(posted: Mapping[str, str], clinic: Clinic) -> RecoveryDraft:
    """A posted form; `problems` is empty when a campaign can be opened with it."""
    typed = {name: posted.get(name, "").strip() for name in NAMES}
    try:
        if typed["patient_id"] == NEW:
            return _new_person(typed, _New.model_validate(typed), clinic)
        known = _Known.model_validate(typed)
    except ValidationError as error:
        wrong = {str(each["loc"][0]) for each in error.errors(include_input=False)}
        return RecoveryDraft(typed, {name: SENTENCES[name] for name in NAMES if name in wrong})
    wish = Wish(inquiry=known.inquiry, value=known.value, channel=known.channel)
    return RecoveryDraft(typed, patient_id=known.patient_id, wish=wish)


def _new_person(typed: Mapping[str, str], form: _New, clinic: Clinic) -> RecoveryDraft:
    if not (form.email or form.phone):
        return RecoveryDraft(typed, {"email": NEITHER})
    try:
        phone = addresses.phone_in_e164(form.phone, clinic)
    except InvalidInputError:
        return RecoveryDraft(typed, {"phone": SENTENCES["phone"]})
    inquiry = Inquiry(
        patient_name=form.name,
        patient_email=form.email.lower() if form.email else None,
        patient_phone=phone,
        initial_inquiry=form.inquiry,
        estimated_value=form.value,
        preferred_channel=[form.channel or (ChannelType.EMAIL if form.email else ChannelType.SMS)],
    )
    return RecoveryDraft(typed, inquiry=inquiry)
