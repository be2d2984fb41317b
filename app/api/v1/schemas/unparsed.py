"""How a route declares a body that it reads by itself, because it must verify the bytes first (api.md section 3)."""

from typing import Any

from pydantic import BaseModel


def body_of(model: type[BaseModel], *, scheme: str) -> dict[str, Any]:
    """The `openapi_extra` of a route that reads this model (it has an example) and knows its callers by `scheme`."""
    schema = model.model_json_schema()
    parts = schema.pop("$defs", {})
    content = {"example": schema.pop("example"), "schema": _inlined(schema, parts)}
    return {
        "security": [{scheme: []}],
        "requestBody": {"required": True, "content": {"application/json": content}},
    }


def _inlined(schema: Any, parts: dict[str, Any]) -> Any:
    """The schema with each `$ref` into its own definitions replaced by what is defined there."""
    if isinstance(schema, list):
        return [_inlined(item, parts) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inlined(parts[schema["$ref"].rsplit("/", 1)[1]], parts)
    return {name: _inlined(value, parts) for name, value in schema.items()}
