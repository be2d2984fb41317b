"""The building blocks of the JSON contract: bounded, finite, printable (trust.md 4.2)."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Any, get_args

from beanie import PydanticObjectId
from email_validator import EmailNotValidError, validate_email
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    PlainSerializer,
    Strict,
    StringConstraints,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

EARLIEST_YEAR, LATEST_YEAR = 1900, 2200
ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
LINE_BREAKS = frozenset("\r\n\u2028\u2029\x85\x0b\x0c")


def _takes_truth(annotation: Any) -> bool:
    return annotation in (bool, Any) or any(_takes_truth(part) for part in get_args(annotation))


class Body(BaseModel):
    """A request body: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _refuse_truth_for_a_number(cls, value: Any, info: ValidationInfo) -> Any:
        """Pydantic would read `false` as 0."""
        if isinstance(value, bool) and not _takes_truth(cls.model_fields[str(info.field_name)].annotation):
            raise ValueError("must not be true or false")
        return value


class Answer(BaseModel):
    """A response body."""

    model_config = ConfigDict(from_attributes=True, ser_json_inf_nan="null")


def _is_printable(text: str) -> str:
    """Refuse what no keyboard types: control characters and lone surrogates (JSON `\\ud800`)."""
    if any(unicodedata.category(character) in ("Cc", "Cs") and character not in "\n\t\r" for character in text):
        raise ValueError("must not hold control characters")
    return text


def _is_one_line(text: str) -> str:
    if LINE_BREAKS & set(_is_printable(text)) or "\t" in text:
        raise ValueError("must be one line")
    return text


@dataclass(frozen=True, slots=True)
class Published:
    """Adds to what the OpenAPI document says of a text: the rule of its validator, as far as a pattern can say it."""

    pattern: str

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return handler(core) | {"pattern": self.pattern}


_NO_BREAK = r"\u0000-\u001f\u007f-\u009f\u2028\u2029"
_NO_CONTROL = r"\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f"
ONE_LINE = rf"^[^{_NO_BREAK}]*$"
WRITTEN_LINE = rf"^[^{_NO_BREAK}]*[^\s{_NO_BREAK}][^{_NO_BREAK}]*$"
PRINTABLE = rf"^[^{_NO_CONTROL}]*$"
WRITTEN_TEXT = rf"^[^{_NO_CONTROL}]*[^\s{_NO_CONTROL}][^{_NO_CONTROL}]*$"
"""A text is written when something is left after the blanks around it are gone."""

Line = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200),
    AfterValidator(_is_one_line),
    Published(WRITTEN_LINE),
]
SearchWord = Annotated[str, StringConstraints(max_length=64), AfterValidator(_is_one_line), Published(ONE_LINE)]
HeaderName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,100}$")]
HeaderValue = Annotated[str, StringConstraints(max_length=1_000), AfterValidator(_is_one_line), Published(ONE_LINE)]
ShortText = Annotated[str, StringConstraints(max_length=1_000), AfterValidator(_is_printable), Published(PRINTABLE)]
LongText = Annotated[
    str,
    StringConstraints(min_length=1, max_length=20_000),
    AfterValidator(_is_printable),
    Published(WRITTEN_TEXT),
]
MessageText = Annotated[
    str,
    StringConstraints(min_length=1, max_length=4_000),
    AfterValidator(_is_printable),
    Published(WRITTEN_TEXT),
]


def _one_address(text: str) -> str:
    """One deliverable-looking address, lower-case (domain.md section 2); never a list of them."""
    try:
        return validate_email(_is_one_line(text), check_deliverability=False).normalized.lower()
    except EmailNotValidError as error:
        raise ValueError("is not an e-mail address") from error


Email = Annotated[
    str,
    StringConstraints(max_length=254, strip_whitespace=True),
    AfterValidator(_one_address),
    WithJsonSchema({"type": "string", "format": "email", "maxLength": 254}),
]
Phone = Annotated[
    str, StringConstraints(min_length=3, max_length=32), AfterValidator(_is_one_line), Published(WRITTEN_LINE)
]
"""As people write it; a service reads it in the clinic's region and stores E.164."""


def _timestamp_text(value: Any) -> Any:
    """A number or a bare date is not an instant."""
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str) or not {"T", "t", " "} & set(value):
        raise ValueError("must be an ISO 8601 date and time")
    return value


def _in_range(moment: datetime) -> datetime:
    if not EARLIEST_YEAR < moment.year < LATEST_YEAR:
        raise ValueError("is out of range")
    return moment


def _plausible(day: date) -> date:
    if not EARLIEST_YEAR <= day.year < LATEST_YEAR:
        raise ValueError("is out of range")
    return day


def _strict_date(value: Any) -> Any:
    if not isinstance(value, date) and not (isinstance(value, str) and ISO_DATE.fullmatch(value)):
        raise ValueError("must be YYYY-MM-DD")
    return value


WALL_CLOCK = r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$"
WallOrInstant = Annotated[
    datetime,
    BeforeValidator(_timestamp_text),
    AfterValidator(_in_range),
    WithJsonSchema({"anyOf": [{"type": "string", "format": "date-time"}, {"type": "string", "pattern": WALL_CLOCK}]}),
]
"""Any offset, or none at all: then it is clinic-local wall time (D-24)."""
Instant = Annotated[AwareDatetime, BeforeValidator(_timestamp_text), AfterValidator(_in_range)]
Day = Annotated[date, BeforeValidator(_strict_date), AfterValidator(_plausible)]
Flag = Annotated[bool, Strict()]
"""`true` or `false`; a number or a word is none (JSON has them both)."""
Money = Annotated[float, Field(ge=0, le=10_000_000, allow_inf_nan=False)]
WallTime = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$|^24:00$")]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]


def _zulu(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Zulu = Annotated[
    AwareDatetime,
    PlainSerializer(_zulu, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}, mode="serialization"),
]
"""An instant in an answer: ISO 8601 UTC with `Z`."""
IdText = Annotated[str, BeforeValidator(str), StringConstraints(pattern=r"^[0-9a-f]{24}$")]
RecordIdText = Annotated[PydanticObjectId, WithJsonSchema({"type": "string", "pattern": "^[0-9a-f]{24}$"})]
