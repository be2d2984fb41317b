"""Reads a prompt's file and fills it in; a variable without a value is an error, never an empty place."""

import secrets
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from jinja2 import Environment, StrictUndefined
from jinja2.exceptions import UndefinedError

from app.domain.prompt_marks import mark_of

FENCE, INPUT = "+++\n", "+++ input\n"
NAMES = ("analyse", "answer", "follow_up", "summarise")

# Prompts are plain text for a model: there is no HTML to escape for. Values are never templates.
_TEMPLATES = Environment(undefined=StrictUndefined, autoescape=False)  # noqa: S701


class PromptError(Exception):
    """There is no such prompt, or a variable of it has no value; the sentence says which."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """One file of prompts/: what it says to the model, and the values that a preview fills it with."""

    name: str
    version: int
    purpose: str
    example: Mapping[str, str]
    instructions: str
    input: str


@dataclass(frozen=True, slots=True)
class Rendered:
    """A prompt as it is sent: the system's part, the data, and the mark that no answer may hold."""

    name: str
    version: int
    instructions: str
    text: str
    mark: str


@cache
def load(name: str) -> Prompt:
    """The prompt of this name. Raises PromptError for one that does not exist."""
    if name not in NAMES:
        raise PromptError(f"There is no prompt `{name}`. Known: {', '.join(NAMES)}.")
    _, header, rest = (files("app.llm.prompts") / f"{name}.md").read_text("utf-8").split(FENCE, 2)
    instructions, data = rest.split(INPUT)
    facts = tomllib.loads(header)
    return Prompt(name, facts["version"], facts["purpose"], facts["example"], instructions.strip(), data.strip())


def render(name: str, values: Mapping[str, str], *, token: str | None = None) -> Rendered:
    """Fill a prompt in, with a mark of its own. Raises PromptError for a variable without a value."""
    prompt, mark = load(name), mark_of(token or secrets.token_hex(6))
    try:
        instructions, text = (
            _TEMPLATES.from_string(part).render(values, mark=mark) for part in (prompt.instructions, prompt.input)
        )
    except UndefinedError as error:
        raise PromptError(f"Prompt `{name}`: {error.message}.") from None
    return Rendered(name, prompt.version, instructions, text, mark)


def preview(name: str, values: Mapping[str, str]) -> Rendered:
    """Fill a prompt in with its example values, and with `values` in place of some. Raises PromptError."""
    prompt = load(name)
    if unknown := sorted(set(values) - set(prompt.example)):
        raise PromptError(f"Prompt `{name}` has no variable {', '.join(unknown)}. It has: {', '.join(prompt.example)}.")
    return render(name, {**prompt.example, **values})
