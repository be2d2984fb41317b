"""Every body of the published contract with an example: its own, or that of its model (api.md)."""

from typing import Any

Json = dict[str, Any]


def add_example(content: Json, schemas: Json) -> None:
    """The example of a body: its own, else that of the model."""
    if "itemSchema" in content:  # OpenAPI 3.2's word for a stream; 3.1 knows it as text
        content["schema"] = {"type": "string", "description": str(content.pop("itemSchema").get("description", ""))}
    found = content.get("example", _example(content.get("schema", {}), schemas))
    if found is not None:
        content["example"] = as_sent(found, content["schema"], schemas)


def as_sent(value: Any, schema: Json, schemas: Json) -> Any:
    """The example as it travels: in the order of the model, with the nulls that FastAPI takes out of a document."""
    while "$ref" in schema or "anyOf" in schema:
        choices = [choice for choice in schema.get("anyOf", ()) if choice.get("type") != "null"]
        schema = schemas[schema["$ref"].rsplit("/", 1)[1]] if "$ref" in schema else choices[0]
    if isinstance(value, list):
        return [as_sent(item, schema.get("items", {}), schemas) for item in value]
    if not isinstance(value, dict):
        return value
    fields, required = schema.get("properties", {}), schema.get("required", ())
    sent = {
        name: value.get(name) for name in fields if name in value or (name in required and _may_be_null(fields[name]))
    }
    return {name: as_sent(each, fields.get(name, {}), schemas) for name, each in (sent | value).items()}


def _may_be_null(schema: Json) -> bool:
    return {"type": "null"} in schema.get("anyOf", ())


def _example(schema: Json, schemas: Json) -> Any:
    """A schema's example: its own, that of the model it names, of the first alternative, or a list of one."""
    if "$ref" in schema:
        return _example(schemas.get(schema["$ref"].rsplit("/", 1)[1], {}), schemas)
    if "example" in schema or "examples" in schema:
        return schema.get("example", schema.get("examples", [None])[0])
    if "items" in schema:
        element = _example(schema["items"], schemas)
        return None if element is None else [element]
    return next((each for choice in schema.get("anyOf", ()) if (each := _example(choice, schemas)) is not None), None)
