"""Requests to every operation, made from the OpenAPI document: a route that is added tomorrow is walked tomorrow.

A request starts as the document's own example; `variations` puts one value into one place of it.
"""

import copy
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

import httpx2

from app.main import create_app
from app.models.enums import Role
from tests.api.conftest import House
from tests.conftest import make_settings
from tests.factories import make_article, make_patient, make_recovery, make_user, token_for

Json = dict[str, Any]
JSON = "application/json"
ENDLESS = {"GET /api/v1/admin/events"}
"""Streams for ever; tests/api/test_events.py asks it."""
UNKNOWN_ID = "0" * 24


@dataclass(frozen=True, slots=True)
class Asked:
    """One request; `place` says what was changed in it."""

    label: str
    method: str
    path: str
    path_values: dict[str, str]
    query: dict[str, str] = field(default_factory=dict)
    body: Any = None
    kind: str = JSON
    place: str = "as it should be"

    @property
    def url(self) -> str:
        return re.sub(r"{(\w+)}", lambda match: quote(self.path_values[match[1]], safe=""), self.path)

    async def send(self, http: httpx2.AsyncClient, headers: dict[str, str]) -> httpx2.Response:
        content = None
        if self.body is not None:
            content = self.body.encode() if isinstance(self.body, str) else json.dumps(self.body).encode()
            headers = headers | {"Content-Type": self.kind}
        return await http.request(self.method, self.url, params=self.query, content=content, headers=headers)


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation as the document describes it."""

    label: str
    definition: Json
    schemas: Json

    @property
    def asks_for_token(self) -> bool:
        return bool(self.definition["x-roles"])

    def parameters(self, place: str) -> list[str]:
        return [each["name"] for each in self.definition.get("parameters", ()) if each["in"] == place]

    def request(self, known: dict[str, str]) -> Asked:
        """The document's example, with known ids in its path and its required parameters given."""
        method, path = self.label.split(" ")
        kind, content = next(iter(self.definition.get("requestBody", {}).get("content", {JSON: {}}).items()))
        required = {each["name"]: "1" for each in self.definition.get("parameters", ()) if each["required"]}
        return Asked(
            label=self.label,
            method=method,
            path=path,
            path_values={name: known.get(name, UNKNOWN_ID) for name in self.parameters("path")},
            query={name: value for name, value in required.items() if name in self.parameters("query")},
            body=content.get("example"),
            kind=kind,
        )

    def fields(self) -> Iterator[tuple[str, ...]]:
        """The path of every field that a JSON body may have, inner ones too."""
        content = self.definition.get("requestBody", {}).get("content", {}).get(JSON, {})
        yield from _fields(content.get("schema", {}), self.schemas, ())


def _fields(schema: Json, schemas: Json, above: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    while "$ref" in schema or "anyOf" in schema:
        choices = [choice for choice in schema.get("anyOf", ()) if choice.get("type") != "null"]
        schema = schemas[schema["$ref"].rsplit("/", 1)[1]] if "$ref" in schema else choices[0]
    for name, inner in schema.get("properties", {}).items():
        yield (*above, name)
        yield from _fields(inner, schemas, (*above, name))
    if "items" in schema:
        yield from _fields(schema["items"], schemas, (*above, "0"))


def every_operation() -> dict[str, Operation]:
    """`METHOD /path` to operation, without the endless ones."""
    document = create_app(make_settings()).openapi()
    schemas = document["components"]["schemas"]
    labels = {f"{m.upper()} {path}": each for path, methods in document["paths"].items() for m, each in methods.items()}
    return {label: Operation(label, each, schemas) for label, each in labels.items() if label not in ENDLESS}


def variations(asked: Asked, operation: Operation, value: Any) -> Iterator[Asked]:
    """The request with this value in each field of the body, each query parameter and each part of the path."""
    for path in operation.fields():
        yield replace(asked, body=_with(asked.body, path, value), place="body." + ".".join(path))
    text = value if isinstance(value, str) else json.dumps(value)
    for name in operation.parameters("query"):
        yield replace(asked, query=asked.query | {name: text}, place=f"query.{name}")
    for name in operation.parameters("path"):
        yield replace(asked, path_values=asked.path_values | {name: text}, place=f"path.{name}")


def _with(body: Any, path: tuple[str, ...], value: Any) -> Any:
    """A copy of the body with the value at this place, and empty objects and lists on the way there."""
    if not path:
        return value
    name, *rest = path
    if name == "0":
        items = copy.deepcopy(body) if isinstance(body, list) and body else [{}]
        return [_with(items[0], tuple(rest), value), *items[1:]]
    whole = dict(body) if isinstance(body, dict) else {}
    return whole | {name: _with(whole.get(name), tuple(rest), value)}


async def known_ids(house: House) -> dict[str, str]:
    """One of each thing that a path can name."""
    patient, campaign = await make_patient(house.ctx), await make_recovery(house.ctx)
    article = await make_article(house.ctx, "Whitening", "Whitening brightens teeth by several shades.")
    return {
        "patient_id": str(patient.id),
        "campaign_id": str(campaign.id),
        "article_id": str(article.id),
        "user_id": str(house.provider.id),
        "service_id": house.service.id,
        "name": "inbox",
        "token": "A" * 22,
    }


async def fresh_admin(house: House) -> dict[str, str]:
    """Headers of an admin of one's own: an operation may sign its caller out."""
    return token_for(house.ctx, await make_user(house.ctx, Role.ADMIN))
