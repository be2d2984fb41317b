"""What a visitor types to book: shape is judged here, field by field, with a sentence for each (trust.md 4.2)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from secrets import token_urlsafe
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, EmailStr, StringConstraints, ValidationError

from app.errors import InvalidInputError
from app.models.clinic import Clinic
from app.services import addresses
from app.web.wording import later

LONGEST_NOTE = 1_000
PROBLEMS = {
    "name": later("Write your name."),
    "email": later("This is not an e-mail address."),
    "phone": later("This is not a phone number."),
    "notes": later("Keep your note under 1,000 characters."),
}
NEITHER = later("Give an e-mail address or a phone number: one of them is enough.")


def _absent_when_empty(value: object) -> object:
    return value or None


Line = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\p{Cc}\p{Zl}\p{Zp}]+$")]
"""One printable line."""
ShortLine = Annotated[Line, StringConstraints(max_length=32)]
Note = Annotated[str, StringConstraints(max_length=LONGEST_NOTE, pattern=r"^[\P{Cc}\n\r\t]*$")]


class _Known(BaseModel):
    """What is asked of a patient who came by a link of their own: nothing that we know."""

    model_config = ConfigDict(str_strip_whitespace=True, hide_input_in_errors=True)

    notes: Note = ""


class _Unknown(_Known):
    name: Line
    email: Annotated[EmailStr | None, BeforeValidator(_absent_when_empty)] = None
    phone: Annotated[ShortLine | None, BeforeValidator(_absent_when_empty)] = None


@dataclass(frozen=True, slots=True)
class Details:
    """The typed values to show again, the readable ones to book with, and what is wrong by field."""

    typed: Mapping[str, str]
    name: str = ""
    email: str | None = None
    phone: str | None = None
    notes: str = ""
    problems: dict[str, str] = field(default_factory=dict)


def new_submission() -> str:
    """What tells one form from the next, so that sending one twice books once."""
    return token_urlsafe(16)


def nothing_typed() -> Details:
    return Details(typed={"submission": new_submission()})


def read_details(fields: Mapping[str, str], clinic: Clinic, *, is_known: bool) -> Details:
    """The posted details; e-mail lower-case and phone in E.164, as patients are stored (domain.md section 2)."""
    typed = {name: fields.get(name, "").strip() for name in ("name", "email", "phone", "notes")}
    typed["submission"] = fields.get("submission") or new_submission()
    try:
        if is_known:
            return Details(typed, notes=_Known.model_validate(typed).notes)
        return _contact(typed, _Unknown.model_validate(typed), clinic)
    except ValidationError as error:
        wrong = {str(problem["loc"][0]) for problem in error.errors(include_input=False)}
        return Details(typed, problems={name: PROBLEMS[name] for name in typed if name in wrong})


def _contact(typed: Mapping[str, str], form: _Unknown, clinic: Clinic) -> Details:
    if not (form.email or form.phone):
        return Details(typed, problems={"email": NEITHER})
    try:
        phone = addresses.phone_in_e164(form.phone, clinic)
    except InvalidInputError:
        return Details(typed, problems={"phone": PROBLEMS["phone"]})
    email = form.email.lower() if form.email else None
    return Details(typed, name=form.name, email=email, phone=phone, notes=form.notes)
