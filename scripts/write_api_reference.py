"""Write docs/reference/api.md from the OpenAPI document: `make docs`. A test compares the two."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from app.api.v1.schemas.types import WALL_CLOCK
from app.main import create_app
from app.settings import Settings

Json = dict[str, Any]
PAGE = Path(__file__).parents[1] / "docs" / "reference" / "api.md"
DEEPEST = 3
"""How many objects inside objects a table of fields follows."""

HEAD = """\
# API

<!-- Written by `make docs` from the OpenAPI document: change the routes, not this page. -->

The same text for programs is at `/openapi.json` of a running server, and `/docs` lets you try it
([`API_DOCS`](settings.md#the-installation) decides whether a server shows them).
"""


def api_reference(document: Json) -> str:
    """The page for this document: what holds for every operation, then the operations, grouped by tag."""
    parts = [HEAD, document["info"]["description"].strip(), _contents(document), _refusals(document)]
    for tag in document["tags"]:
        parts.append(f"## {_title(tag['name'])}\n\n{tag['description']}")
        parts += [_operation(*each, document) for each in _operations(document, tag["name"])]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _title(tag: str) -> str:
    return tag.replace("_", " ").capitalize()


def _operations(document: Json, tag: str) -> Iterator[tuple[str, str, Json]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if operation["tags"][0] == tag:
                yield method.upper(), path, operation


def _contents(document: Json) -> str:
    rows = [
        f"| [{operation['summary']}](#{_anchor(operation)}) | `{method} {path}` | {_roles(operation)} |"
        for tag in document["tags"]
        for method, path, operation in _operations(document, tag["name"])
    ]
    return "\n".join(["## Every operation", "", "| What | Request | Roles |", "|---|---|---|", *rows])


def _anchor(operation: Json) -> str:
    """The name that the heading gets on the web."""
    return re.sub(r"[^\w\- ]", "", operation["summary"]).lower().replace(" ", "-")


def _roles(operation: Json) -> str:
    return ", ".join(operation["x-roles"]) or "no token needed"


def _refusals(document: Json) -> str:
    answers = [(_status(answer), answer) for answer in document["components"]["responses"].values()]
    rows = [
        f"| {status} | `{_code(answer)}` | {answer['description']} |" for status, answer in sorted(answers, key=str)
    ]
    return "\n".join(["## Refusals", "", "| Status | `error_code` | Meaning |", "|---|---|---|", *rows])


def _code(answer: Json) -> str:
    return str(answer["content"]["application/json"]["example"]["error_code"])


def _status(answer: Json) -> int:
    return int(answer["x-status"])


def _operation(method: str, path: str, operation: Json, document: Json) -> str:
    schemas = document["components"]["schemas"]
    text, _, roles = operation["description"].partition("\n\n**Roles:**")
    heading = f"### {operation['summary']}"
    parts = [heading, f"`{method} {path}`", _one_paragraph(text), f"**Roles:**{roles}"]
    parts += [_parameters(operation.get("parameters", []), schemas), _body(operation, schemas)]
    return "\n\n".join(part for part in [*parts, *_answers(operation)] if part)


def _one_paragraph(text: str) -> str:
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n"))


def _parameters(parameters: list[Json], schemas: Json) -> str:
    rows = [
        f"| `{each['name']}` | {each['in']} | {_kind(each['schema'], schemas)} | {_needed(each.get('required'))} "
        f"| {each.get('description', '')} |"
        for each in parameters
    ]
    return "\n".join(["| Parameter | In | Kind | | Meaning |", "|---|---|---|---|---|", *rows]) if rows else ""


def _needed(required: object) -> str:
    return "required" if required else "optional"


def _body(operation: Json, schemas: Json) -> str:
    parts = []
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        fields = list(_fields(content.get("schema", {}), schemas))
        rows = [f"| `{name}` | {words} | {_needed(is_required)} |" for name, words, is_required in fields]
        table = "\n".join(["| Field | Kind | |", "|---|---|---|", *rows]) if rows else ""
        parts += [f"**Body** (`{kind}`)", table, _example(content)]
    return "\n\n".join(part for part in parts if part)


def _fields(schema: Json, schemas: Json, prefix: str = "", depth: int = 0) -> Iterator[tuple[str, str, bool]]:
    """Name, kind, whether it is required; fields of an object inside are `outer.inner`, of a list's `list[].inner`."""
    found = _resolved(schema, schemas)
    for name, field in found.get("properties", {}).items():
        yield f"{prefix}{name}", _kind(field, schemas), name in found.get("required", ())
        if depth < DEEPEST:
            inner, mark = _element(field, schemas)
            yield from _fields(inner, schemas, f"{prefix}{name}{mark}.", depth + 1)


def _element(field: Json, schemas: Json) -> tuple[Json, str]:
    found = _resolved(field, schemas)
    return (_resolved(found["items"], schemas), "[]") if "items" in found else (found, "")


def _resolved(schema: Json, schemas: Json) -> Json:
    """What a reference points at, and the first alternative that is not null."""
    if "$ref" in schema:
        return _resolved(schemas[schema["$ref"].rsplit("/", 1)[1]], schemas)
    choices = [choice for choice in schema.get("anyOf", ()) if choice.get("type") != "null"]
    return _resolved(choices[0], schemas) if choices else schema


def _kind(schema: Json, schemas: Json) -> str:
    """A schema in words: `text, 1 to 200 characters`, `list of email, sms, whatsapp`, `number or null`."""
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_kind(choice, schemas) for choice in schema["anyOf"]))
    found = _resolved(schema, schemas)
    if "enum" in found or "const" in found:
        return ", ".join(f"`{value}`" for value in found.get("enum", [found.get("const")]))
    if found.get("type") == "array":
        return f"list of {_kind(found.get('items', {}), schemas)}"
    return _word(found) + _limits(found)


WORDS = {"string": "text", "integer": "whole number", "boolean": "true or false", None: "anything"}
FORMATS = {"date": "day (`YYYY-MM-DD`)", "date-time": "time (ISO 8601)", "email": "e-mail address"}
HEX_ID = "{24}$"


def _word(schema: Json) -> str:
    if schema.get("pattern", "").endswith(HEX_ID):
        return "id"
    if schema.get("pattern") == WALL_CLOCK:
        return "time on the clinic's wall clock (`YYYY-MM-DDTHH:MM`)"
    kind = schema.get("type")
    return FORMATS.get(schema.get("format", ""), WORDS.get(kind, str(kind)))


def _limits(schema: Json) -> str:
    if "format" in schema or schema.get("pattern", "").endswith(HEX_ID):
        return ""
    for low, high, unit in (("minLength", "maxLength", " characters"), ("minimum", "maximum", "")):
        if low in schema and high in schema:
            return f", {schema[low]} to {schema[high]}{unit}"
        if high in schema:
            return f", at most {schema[high]}{unit}"
        if low in schema:
            return f", at least {schema[low]}{unit}"
    return ""


def _answers(operation: Json) -> Iterator[str]:
    refused = []
    for status, answer in operation["responses"].items():
        if "$ref" in answer:
            refused.append(status)
            continue
        yield f"**Answer {status}**: {answer['description']}"
        yield from (_example(content) for content in answer.get("content", {}).values())
    if refused:
        yield f"**[Refusals](#refusals)**: {', '.join(refused)}."


def _example(content: Json) -> str:
    if "example" not in content:
        return ""
    example = content["example"]
    if isinstance(example, str):
        lines = "\n".join(example.strip().splitlines())
        return f"```text\n{lines}\n```"
    return f"```json\n{json.dumps(example, indent=2, ensure_ascii=False)}\n```"


def fresh_page() -> str:
    """The page as it should be now, whatever the environment says."""
    return api_reference(create_app(Settings(_env_file=None)).openapi())


if __name__ == "__main__":
    PAGE.write_text(fresh_page(), encoding="utf-8")
    print(f"wrote {PAGE}")
