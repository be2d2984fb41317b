"""What the front desk types of a patient: judged field by field, with a sentence for each (trust.md 4.2)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Any

from beanie import PydanticObjectId
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    EmailStr,
    StringConstraints,
    ValidationError,
)

from app.errors import InvalidInputError
from app.models.clinic import Clinic
from app.models.enums import ChannelType, PatientType
from app.models.patients import Patient
from app.services import addresses

PROBLEMS = {
    "name": "Write the name: one line, 200 characters at most.",
    "email": "This is not an e-mail address.",
    "phone": "This is not a phone number.",
    "patient_type": "Say whether they have been here before.",
    "channel_1": "Choose how to write to them.",
    "channel_2": "Choose a channel from the list.",
    "channel_3": "Choose a channel from the list.",
    "next_follow_up_date": "Write the date as year-month-day, e.g. 2026-11-30.",
    "date_of_birth": "Write the date as year-month-day, e.g. 1980-02-29.",
    "language": "Choose a language from the list.",
    "guardian_id": "Choose the guardian from the list.",
    "notes": "Keep the notes under 1,000 characters.",
}
CHANNEL_FIELDS = ("channel_1", "channel_2", "channel_3")
YEARS = range(1900, 2200)

Line = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\p{Cc}\p{Zl}\p{Zp}]+$")]
ShortLine = Annotated[Line, StringConstraints(max_length=32)]
Text = Annotated[str, StringConstraints(max_length=1_000, pattern=r"^[\P{Cc}\n\r\t]*$")]
ABSENT = BeforeValidator(lambda typed: typed or None)


def _plausible(day: date) -> date:
    if day.year not in YEARS:
        raise ValueError
    return day


Email = Annotated[EmailStr, StringConstraints(max_length=254)]
Day = Annotated[date, AfterValidator(_plausible)]


class _Contact(BaseModel):
    model_config = ConfigDict(str_strip_whitespace=True, hide_input_in_errors=True)

    name: Line
    email: Annotated[Email | None, ABSENT] = None
    phone: Annotated[ShortLine | None, ABSENT] = None


class _Person(_Contact):
    patient_type: PatientType
    channel_1: ChannelType
    channel_2: Annotated[ChannelType | None, ABSENT] = None
    channel_3: Annotated[ChannelType | None, ABSENT] = None
    next_follow_up_date: Annotated[Day | None, ABSENT] = None
    date_of_birth: Annotated[Day | None, ABSENT] = None
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")] = "en"
    guardian_id: Annotated[PydanticObjectId | None, ABSENT] = None
    notes: Text = ""


@dataclass(frozen=True, slots=True)
class PatientDraft:
    """What was typed, what of it can be stored by the document's names, and what is wrong by field."""

    typed: Mapping[str, str]
    fields: dict[str, Any] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)


def typed_of(patient: Patient) -> dict[str, str]:
    """The form as it looks for a stored patient."""
    channels = dict(zip(CHANNEL_FIELDS, map(str, patient.preferred_channel), strict=False))
    return {name: _text(getattr(patient, name, None)) for name in PROBLEMS} | channels


def blank(**given: str) -> dict[str, str]:
    """The form of a new patient."""
    return dict.fromkeys(PROBLEMS, "") | {"patient_type": "EXISTING", "channel_1": "email", "language": "en"} | given


def _text(value: object) -> str:
    return "" if value is None else str(value)


def read_patient(posted: Mapping[str, str], clinic: Clinic) -> PatientDraft:
    """A posted form; e-mail lower-case and phone in E.164, as patients are stored (domain.md section 2)."""
    typed = {name: posted.get(name, "").strip() for name in PROBLEMS}
    try:
        person = _Person.model_validate(typed)
    except ValidationError as error:
        return PatientDraft(typed, problems=problems_of(error))
    fields = person.model_dump(exclude=set(CHANNEL_FIELDS))
    fields["email"] = person.email.lower() if person.email else None
    channels = (person.channel_1, person.channel_2, person.channel_3)
    fields["preferred_channel"] = list(dict.fromkeys(channel for channel in channels if channel))
    try:
        fields["phone"] = addresses.phone_in_e164(person.phone, clinic)
    except InvalidInputError:
        return PatientDraft(typed, problems={"phone": PROBLEMS["phone"]})
    return PatientDraft(typed, fields)


def problems_of(error: ValidationError) -> dict[str, str]:
    """The sentence for each field that cannot be stored."""
    wrong = {str(each["loc"][0]) for each in error.errors(include_input=False)}
    return {name: PROBLEMS[name] for name in PROBLEMS if name in wrong}
