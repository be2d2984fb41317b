"""What the model behind the local peer says: something plain of the agreed shape, or whatever a message orders."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]
_ORDER = re.compile(
    r"(?:say|write|reply|answer|send|tell|append|include|output|di|réponds|responde)\b[^:\"“]{0,40}[:\"“]\s*(.+)",
    re.I | re.S,
)


@dataclass(frozen=True)
class Request:
    """One request to think, the same for both APIs."""

    path: str
    body: Json
    model: str
    instructions: str
    """The system's part."""
    text: str
    """The user's part, in which the patient's words stand."""
    schema_name: str
    schema: Json

    @classmethod
    def of(cls, path: str, body: Json) -> "Request":
        """Read a request of either API. Raises KeyError when it is of neither."""
        if path.endswith("/responses"):
            form = body["text"]["format"]
            instructions, text = body["instructions"], body["input"]
        else:
            form = body["response_format"]["json_schema"]
            instructions, text = (message["content"] for message in body["messages"])
        return cls(path, body, body["model"], instructions, text, form["name"], form["schema"])


Mind = Callable[[Request], Json]


def plain(request: Request) -> Json:
    """The first value that the schema allows for every field; 0.9 for a number."""
    return {name: _first(schema, request.schema) for name, schema in request.schema["properties"].items()}


def _first(schema: Json, root: Json) -> Any:
    schema = _resolved(schema, root)
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema:
        return _first(schema["anyOf"][0], root)
    if schema.get("type") == "array":
        return [_first(schema["items"], root)]
    return {"number": 0.9, "integer": 1, "boolean": False}.get(schema.get("type", ""), "Noted.")


def _resolved(schema: Json, root: Json) -> Json:
    if "$ref" not in schema:
        return schema
    resolved: Json = root["$defs"][schema["$ref"].rsplit("/", 1)[1]]
    return resolved


def obedient(request: Request) -> Json:
    """Does whatever it reads: labels as ordered, says what was ordered, tells its own orders, and is sure of all."""
    return {name: _obeyed(name, schema, request) for name, schema in request.schema["properties"].items()}


def _obeyed(name: str, schema: Json, request: Request) -> Any:
    schema = _resolved(schema, request.schema)
    if "anyOf" in schema:
        schema = _resolved(schema["anyOf"][0], request.schema)
    if "enum" in schema:
        return _ordered(schema["enum"], request.text)
    if schema.get("type") == "array":
        return [_obeyed(name, schema["items"], request)]
    if schema.get("type") == "string":
        source = _sourced(request.text)
        return source if name == "quote" else f"{source} {_said(request)}".strip()
    return {"number": 1.0, "integer": 1, "boolean": name in ("found", "answered")}.get(schema["type"])


def _ordered(allowed: list[str], text: str) -> str:
    """The label that the message names; else the one that makes the product talk most."""
    named = [label for label in allowed if re.search(rf"\b{label}\b", text, re.IGNORECASE)]
    preferred = [label for label in ("QUESTION", "BOOKING_REQUEST") if label in allowed]
    return [*named, *preferred, *allowed][0]


def _said(request: Request) -> str:
    """What the message orders to say, with everything that the model was told when the message asks for that."""
    words = _data(request.text)
    order = _ORDER.search(words)
    said = (order.group(1) if order else words).strip(" \"”'\n")
    if re.search(r"prompt|instruction|system|canary|reference|secret|rules", words, re.IGNORECASE):
        said = f"{said[:100]} {request.instructions[-300:]}"
    return said[:400] or "Noted."


def _data(text: str) -> str:
    """The delimited block that orders something, or all of it: how a delimiter looks is the product's affair."""
    blocks: list[str] = re.findall(r"<<<[^\n]*\n(.*?)\n[^\n]*>>>", text, re.DOTALL)
    return max(blocks, key=lambda block: (bool(_ORDER.search(block)), len(block)), default=text)


def _sourced(text: str) -> str:
    """The first sentence of the first article, so that what follows it looks supported."""
    article = re.search(r"^\[1\] [^\n]*\n(?P<sentence>[^\n]+)", text, re.MULTILINE)
    return article["sentence"] if article else ""
