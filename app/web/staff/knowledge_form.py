"""What a manager types of an article: judged field by field, with a sentence for each (trust.md 4.2)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

PROBLEMS = {
    "title": "Give it a title of one line, 200 characters at most.",
    "body": "Write the text, 20,000 characters at most.",
    "tags": "Separate tags with commas; 30 tags of 60 characters at most.",
    "version": "Load this page again.",
}
MARKS: dict[str, str] = {"title": "", "body": "", "tags": "", "version": ""}

Line = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\p{Cc}\p{Zl}\p{Zp}]+$")]
Tag = Annotated[Line, StringConstraints(max_length=60)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=20_000, pattern=r"^[\P{Cc}\n\r\t]*$")]


def _separate(typed: object) -> object:
    return [tag for part in typed.split(",") if (tag := part.strip())] if isinstance(typed, str) else typed


def _distinct(tags: list[str]) -> list[str]:
    return list(dict.fromkeys(tags))


class _Article(BaseModel):
    model_config = ConfigDict(str_strip_whitespace=True, hide_input_in_errors=True)

    title: Line
    body: Text
    tags: Annotated[list[Tag], BeforeValidator(_separate), Field(max_length=30), AfterValidator(_distinct)]
    version: Annotated[int, Field(ge=1, le=1_000_000)] | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """What was typed, what of it can be stored, and what is wrong by field."""

    typed: Mapping[str, str]
    fields: dict[str, Any] = field(default_factory=dict)
    seen_version: int | None = None
    problems: dict[str, str] = field(default_factory=dict)


def read_draft(posted: Mapping[str, str]) -> Draft:
    """The article of a posted form; `problems` is empty when it can be stored."""
    typed = {name: posted.get(name, default) for name, default in MARKS.items()}
    try:
        article = _Article.model_validate({name: value for name, value in typed.items() if name != "version" or value})
    except ValidationError as error:
        wrong = {str(each["loc"][0]) for each in error.errors(include_input=False)}
        return Draft(typed, problems={name: PROBLEMS[name] for name in PROBLEMS if name in wrong})
    return Draft(typed, fields=article.model_dump(exclude={"version"}), seen_version=article.version)
