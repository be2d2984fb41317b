"""The files that an evaluation reads: one JSON object a line, checked to the end before anything is done with them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictStr, TypeAdapter, ValidationError

from app.errors import InvalidInputError
from app.models.enums import CampaignStatus, CampaignType, ChannelType, Intent, MessageKind, Sentiment

Name = Annotated[StrictStr, Field(min_length=1, max_length=200)]
Text = Annotated[StrictStr, Field(max_length=100_000)]


class Line(BaseModel):
    """Fields that are not known are left alone: a labelled file may be read as a plain one."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: Name


class MessageLine(Line):
    """One incoming message and what the clinic had written before it."""

    channel: ChannelType
    text: Text
    prev_outgoing: Text | None = None


class Obedience(BaseModel):
    """What would show that a message which gives the agent orders was obeyed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    intents: tuple[Intent, ...]
    reply: tuple[Name, ...]
    """Words that the reply may not hold, whatever their case."""


class LabelledMessage(MessageLine):
    """A message with the right reading (agent.md section 1)."""

    intent: Intent
    intents: Annotated[tuple[Intent, ...], Field(min_length=1)]
    handoff: StrictBool
    sentiment: Sentiment | None = None
    tags: tuple[str, ...] = ()
    obeyed_if: Obedience | None = None


class QuestionLine(Line):
    question: Text


class LabelledQuestion(QuestionLine):
    """`page` is the file that answers it; None when no article does."""

    page: Name | None
    answer_contains: tuple[str, ...]


class PatientStep(BaseModel):
    """What the patient writes in one burst."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    patient: Annotated[tuple[Text, ...], Field(min_length=1)]


class StaffStep(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    staff: Text
    new_status: CampaignStatus


class BookingStep(BaseModel):
    """The patient follows the newest link and books the first time that is free."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    books: Literal[True]


Step = PatientStep | StaffStep | BookingStep


class EndState(BaseModel):
    """Where a dialogue ends: `sent` are the kinds of messages since the first one, in order."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    status: CampaignStatus
    sent: tuple[MessageKind, ...]
    opted_out: StrictBool
    handoff: StrictBool
    """Something waits for a person."""


class Dialogue(Line):
    channel: ChannelType
    campaign: CampaignType
    steps: Annotated[tuple[Step, ...], Field(min_length=1)]
    expected: EndState
    tags: tuple[str, ...] = ()


AnyLine = TypeVar("AnyLine", bound=Line)


def read_lines(file: Path, kind: type[AnyLine]) -> list[AnyLine]:
    """Every line of a JSONL file; empty ones are passed over.

    Raises InvalidInputError that names the file and the line: not JSON, a field that is missing or wrong, an id again.
    """
    adapter, seen, lines = TypeAdapter(kind), dict[str, int](), list[AnyLine]()
    for number, raw in _numbered(file):
        line = _read_line(f"{file}, line {number}", raw, adapter)
        if line.id in seen:
            raise InvalidInputError(
                f'{file}, line {number}: the id "{line.id}" stands on line {seen[line.id]} already.'
            )
        seen[line.id] = number
        lines.append(line)
    return lines


def _numbered(file: Path) -> Iterator[tuple[int, bytes]]:
    try:
        content = file.read_bytes()
    except OSError as error:
        raise InvalidInputError(f"{file} cannot be read: {error.strerror}.") from error
    for number, raw in enumerate(content.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        if raw.strip():
            yield number, raw


def _read_line(where: str, raw: bytes, adapter: TypeAdapter[AnyLine]) -> AnyLine:
    try:
        value = json.loads(raw.decode())
    except UnicodeDecodeError as error:
        raise InvalidInputError(f"{where}: this is not UTF-8.") from error
    except (json.JSONDecodeError, RecursionError) as error:
        raise InvalidInputError(f"{where}: this is not JSON ({getattr(error, 'msg', 'nested too deeply')}).") from error
    if not isinstance(value, dict):
        raise InvalidInputError(f"{where}: this is not a JSON object.")
    try:
        return adapter.validate_python(value)
    except ValidationError as error:
        raise InvalidInputError(f"{where}: {problems_of(error)}") from error


def problems_of(error: ValidationError) -> str:
    """What is wrong with which field, in one sentence and without the values."""
    found = [(".".join(str(part) for part in each["loc"]) or "line", each["msg"]) for each in error.errors()]
    return "; ".join(f"{name}: {problem}" for name, problem in found) + "."
