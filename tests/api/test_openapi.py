"""The published contract is complete and true: every operation, every example, every role (api.md)."""

import re
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
import schemathesis

from app.main import create_app
from app.models.enums import Role
from tests.conftest import make_settings
from tests.security.test_roles import MAY, OPEN, PREFIX, RIGHTS_OF, SIGNED_IN

Json = dict[str, Any]
DOCUMENT: Json = create_app(make_settings()).openapi()
SPOKEN = {role: role.replace("_", " ") for role in Role}


def operations() -> Iterator[tuple[str, Json]]:
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


OPERATIONS = dict(operations())


def resolved(answer: Json) -> Json:
    if "$ref" not in answer:
        return answer
    found: Json = DOCUMENT["components"]["responses"][answer["$ref"].rsplit("/", 1)[1]]
    return found


def bodies(operation: Json) -> Iterator[tuple[str, Json]]:
    """What is sent and what is answered, with a word for the place."""
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        yield f"request {kind}", content
    for status, answer in operation["responses"].items():
        for kind, content in resolved(answer).get("content", {}).items():
            yield f"{status} {kind}", content


def check_against(schema: Json) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(schema | {"components": DOCUMENT["components"]}, validate_formats=True)


class TestDocument:
    def test_it_is_valid_openapi_3_1(self) -> None:
        assert DOCUMENT["openapi"].startswith("3.1")
        schemathesis.openapi.from_dict(create_app(make_settings()).openapi()).validate()

    def test_it_names_no_server(self) -> None:
        """It is true wherever it is served."""
        assert "servers" not in DOCUMENT

    def test_every_tag_is_described_and_used(self) -> None:
        used = {tag for operation in OPERATIONS.values() for tag in operation["tags"]}
        assert {tag["name"] for tag in DOCUMENT["tags"] if tag["description"]} == used

    def test_every_reference_leads_somewhere(self) -> None:
        def references(value: Any) -> Iterator[str]:
            for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
                yield from references(item)
            if isinstance(value, dict) and isinstance(value.get("$ref"), str):
                yield value["$ref"]

        for reference in set(references(DOCUMENT)):
            _, _, kind, name = reference.split("/")
            assert name in DOCUMENT["components"][kind], reference

    def test_it_is_made_once(self) -> None:
        app = create_app(make_settings())
        assert app.openapi() is app.openapi()


@pytest.mark.parametrize("label", OPERATIONS)
class TestOperation:
    def test_it_says_what_it_does(self, label: str) -> None:
        operation = OPERATIONS[label]
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", operation["operationId"])
        assert operation["summary"]
        assert not operation["summary"].endswith(".")
        assert operation["description"]

    def test_it_says_for_whom_and_it_is_true(self, label: str) -> None:
        operation, route = OPERATIONS[label], label.replace(PREFIX, "", 1)
        wanted = MAY[RIGHTS_OF[route]] if route in RIGHTS_OF else set(Role) if route in SIGNED_IN else set()
        assert route in RIGHTS_OF or route in OPEN | SIGNED_IN or route.startswith("GET /health/")
        assert set(operation["x-roles"]) == wanted
        assert ({"HTTPBearer": []} in operation.get("security", [])) is bool(wanted)

    def test_its_docstring_names_the_same_roles(self, label: str) -> None:
        """What a person reads first is what the dependency enforces."""
        operation = OPERATIONS[label]
        first = re.split(r"[.;]", operation["description"])[0]
        named = {role for role, words in SPOKEN.items() if re.search(rf"\b{words}\b", first, re.IGNORECASE)}
        everybody = re.match(r"Every (role|signed-in user)", first) is not None
        if operation["x-roles"]:
            assert (set(Role) if everybody else named) == set(operation["x-roles"]), first
        else:
            assert not named, first

    def test_it_declares_what_it_may_answer(self, label: str) -> None:
        operation = OPERATIONS[label]
        statuses = set(operation["responses"])
        assert any(status.startswith("2") for status in statuses)
        if "requestBody" in operation:
            assert {"400", "413", "422"} <= statuses
        if operation.get("parameters"):
            assert "422" in statuses
        if operation["x-roles"]:
            assert "401" in statuses
        if PREFIX in label:
            assert "503" in statuses
        if re.search(r"{\w+_id}", label) and not label.startswith("PUT /api/v1/admin/services/"):
            assert "404" in statuses

    def test_every_refusal_has_the_one_shape(self, label: str) -> None:
        for status, answer in OPERATIONS[label]["responses"].items():
            if status.startswith(("4", "5")) and "/health/" not in label:
                content = resolved(answer)["content"]["application/json"]
                assert content["schema"] == {"$ref": "#/components/schemas/ErrorAnswer"}, status

    def test_every_answer_describes_its_headers(self, label: str) -> None:
        wanted = {"401": "WWW-Authenticate", "429": "Retry-After", "503": "Retry-After"}
        for status, answer in OPERATIONS[label]["responses"].items():
            headers = resolved(answer)["headers"]
            assert "X-Request-ID" in headers, status
            assert wanted.get(status, "X-Request-ID") in headers or "/health/" in label, status

    def test_every_body_has_an_example_that_fits_it(self, label: str) -> None:
        for place, content in bodies(OPERATIONS[label]):
            assert content.get("example") not in (None, {}), f"{place} has no example"
            problems = [
                f"{error.instance_path}: {error.message}"
                for error in check_against(content["schema"]).iter_errors(content["example"])
            ]
            assert problems == [], place


def test_names_and_headings_are_unique() -> None:
    """Each operation can be called by its name, and found under its heading in docs/reference/api.md."""
    for name in ("operationId", "summary"):
        said = [operation[name] for operation in OPERATIONS.values()]
        assert {each for each in said if said.count(each) > 1} == set(), name


def test_an_operation_that_no_rule_here_covers_fails() -> None:
    """The checks above bite: a document without its examples, or with other roles, is not complete."""
    bare = {"x": 1}
    assert list(check_against({"$ref": "#/components/schemas/BookBody"}).iter_errors(bare))
