"""The published contract, completed from the routes themselves (api.md): roles, refusals, headers, examples.

Who may call an operation is read from the dependency that enforces it, so the document cannot say anything else.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi.dependencies.models import Dependant
from fastapi.routing import RouteContext, iter_route_contexts
from starlette.routing import BaseRoute

from app.api.deps import Guard, get_current_user
from app.api.errors import CODES
from app.api.idempotency import KEY_HEADER, REPLAYED_HEADER, IdempotentRoute
from app.api.openapi_examples import add_example, as_sent
from app.api.openapi_texts import ABOUT, DONE, HEADERS, HEADERS_OF, IDEMPOTENCY_KEY, SENDERS, SENTENCES, TAGS, WAITS
from app.api.v1.schemas.errors import MEANINGS, ErrorAnswer
from app.models.enums import Role
from app.services.permissions import RIGHTS

Json = dict[str, Any]
API = "/api/"
FRAMEWORK_MODELS = ("HTTPValidationError", "ValidationError")
"""FastAPI's own 422, which nothing here answers."""


@dataclass(frozen=True, slots=True)
class Door:
    """What guards an operation: the roles that pass (None: no token is asked for), and whether a POST takes a key."""

    roles: frozenset[Role] | None
    is_any_user: bool
    takes_key: bool


def complete(document: Json, routes: Sequence[BaseRoute]) -> Json:
    """The document that FastAPI generated, with everything a caller must know. Changes it in place."""
    doors = {(path, method): door for path, method, door in _doors(routes)}
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    _add_shared_parts(components)
    for path, method, operation in _operations(document):
        _complete_operation(operation, path, doors[path, method], schemas)
    for schema in schemas.values():
        if "example" in schema:
            schema["examples"] = [as_sent(schema.pop("example"), schema, schemas)]
        _simplify_pairs(schema)
    document["info"]["description"] = ABOUT
    used = {tag for _, _, operation in _operations(document) for tag in operation.get("tags", ())}
    document["tags"] = [{"name": name, "description": text} for name, text in TAGS.items() if name in used]
    return document


def _simplify_pairs(schema: Any) -> None:
    """A pair of two equal kinds is an array of exactly two: many readers of OpenAPI do not know `prefixItems`."""
    if isinstance(schema, list):
        for item in schema:
            _simplify_pairs(item)
    elif isinstance(schema, dict):
        parts = schema.get("prefixItems")
        if isinstance(parts, list) and all(part == parts[0] for part in parts) and "items" not in schema:
            schema["items"] = schema.pop("prefixItems")[0]
        for value in schema.values():
            _simplify_pairs(value)


def _operations(document: Json) -> Iterator[tuple[str, str, Json]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def _doors(routes: Sequence[BaseRoute]) -> Iterator[tuple[str, str, Door]]:
    for route in iter_route_contexts(routes):
        for method in route.methods or ():
            if route.path_format:
                yield route.path_format, method.lower(), _door(route, method)


def _door(route: RouteContext, method: str) -> Door:
    calls = list(_calls(getattr(route, "dependant", None)))
    guards = [call for call in calls if isinstance(call, Guard)]
    is_signed_in = get_current_user in calls
    passing = frozenset(Role).intersection(*(RIGHTS[guard.right] for guard in guards))
    takes_key = isinstance(route.original_route, IdempotentRoute) and method == "POST"
    return Door(passing if is_signed_in else None, is_signed_in and not guards, takes_key)


def _calls(dependant: Dependant | None) -> Iterator[Any]:
    """Every dependency of a route, and theirs."""
    for needed in dependant.dependencies if dependant else ():
        yield needed.call
        yield from _calls(needed)


def _add_shared_parts(components: Json) -> None:
    for name in FRAMEWORK_MODELS:
        components["schemas"].pop(name, None)
    answer = ErrorAnswer.model_json_schema(ref_template="#/components/schemas/{model}")
    components["schemas"] |= answer.pop("$defs", {}) | {"ErrorAnswer": answer}
    components.setdefault("securitySchemes", {}).update(SENDERS)
    components["headers"] = dict(HEADERS)
    components["responses"] = {refusal_name(status): _refusal(status) for status in MEANINGS}


def refusal_name(status: int) -> str:
    """`NotFound` for 404: the name of the shared answer."""
    return CODES[status].replace("_", " ").title().replace(" ", "")


def _refusal(status: int) -> Json:
    example: Json = {
        "detail": SENTENCES[status],
        "error_code": CODES[status],
        "timestamp": "2026-11-21T09:30:00.000000Z",
        "correlation_id": "9f2c4a7be1d03c58",
        "retry_after": WAITS.get(status),
    }
    if status == 422:
        example["errors"] = [{"field": "body.email", "message": "is not an e-mail address"}]
    content = {"schema": {"$ref": "#/components/schemas/ErrorAnswer"}, "example": example}
    headers = _headers("X-Request-ID", *HEADERS_OF.get(status, ()))
    answer = {"description": MEANINGS[status], "headers": headers, "content": {"application/json": content}}
    return answer | {"x-status": status}


def _headers(*names: str) -> Json:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _complete_operation(operation: Json, path: str, door: Door, schemas: Json) -> None:
    roles = [role.value for role in Role if door.roles and role in door.roles]
    operation["x-roles"] = roles
    operation["description"] = f"{operation.get('description', '')}\n\n{_who(door, roles)}".strip()
    if door.takes_key:
        _add_key_header(operation)
    _drop_framework_refusal(operation["responses"])
    for status in _general_refusals(operation, path, door):
        operation["responses"].setdefault(str(status), {"description": MEANINGS[status]})
    operation["responses"] = dict(sorted(operation["responses"].items()))
    for status, answer in operation["responses"].items():
        _complete_answer(operation, status, answer, schemas)
    for content in operation.get("requestBody", {}).get("content", {}).values():
        add_example(content, schemas)


def _drop_framework_refusal(answers: Json) -> None:
    content = answers.get("422", {}).get("content", {}).get("application/json", {})
    if content.get("schema", {}).get("$ref", "").endswith("/HTTPValidationError"):
        del answers["422"]


def _who(door: Door, roles: list[str]) -> str:
    if door.roles is None:
        return "**Roles:** no access token is needed."
    return f"**Roles:** {'every role' if len(roles) == len(Role) else ', '.join(roles)}."


def _add_key_header(operation: Json) -> None:
    parameters = [p for p in operation.get("parameters", []) if p["name"].lower() != KEY_HEADER.lower()]
    operation["parameters"] = [*parameters, dict(IDEMPOTENCY_KEY)]


def _general_refusals(operation: Json, path: str, door: Door) -> Iterator[int]:
    """What any operation of this kind may answer; a route declares only what is its own (`refusals`)."""
    has_body = "requestBody" in operation
    yield from (400, 413) if has_body else ()
    yield from (422,) if has_body or operation.get("parameters") else ()
    yield from (401,) if door.roles is not None else ()
    yield from (403,) if door.roles is not None and not door.is_any_user else ()
    yield from (409,) if door.takes_key else ()
    yield from (503,) if path.startswith(API) else ()


def _complete_answer(operation: Json, status: str, answer: Json, schemas: Json) -> None:
    if status.isdigit() and int(status) in MEANINGS and answer["description"] == MEANINGS[int(status)]:
        operation["responses"][status] = {"$ref": f"#/components/responses/{refusal_name(int(status))}"}
        return
    replayed = (REPLAYED_HEADER,) if operation.get("parameters") and _takes_key(operation) else ()
    for kind in [kind for kind in answer.get("content", {}) if int(status) >= 400]:
        answer["content"]["application/json"] = answer["content"].pop(kind)  # a refusal is JSON, whatever 200 is
    if answer["description"] == "Successful Response":
        answer["description"] = DONE.get(status, answer["description"])
    answer["headers"] = answer.get("headers", {}) | _headers("X-Request-ID", *replayed)
    for content in answer.get("content", {}).values():
        add_example(content, schemas)


def _takes_key(operation: Json) -> bool:
    return any(parameter["name"] == KEY_HEADER for parameter in operation["parameters"])
