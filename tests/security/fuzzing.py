"""What Schemathesis sends and how answers are judged: operations, shares, cases, checks and their exceptions."""

import re
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.result import Ok
from schemathesis.core.transport import Response
from schemathesis.schemas import APIOperation

from app.main import create_app
from tests.conftest import make_settings

AnyOperation = APIOperation[Any, Any, Any, Any]

AS_ADMIN, AS_NOBODY = "as the admin", "as nobody"
SHARES = {"body": 340, "parameters": 170, "neither": 1}
"""Requests per operation and caller: many where there is much to vary, few where there is nothing."""
OWN_SHARES = {"login": 60, "drain": 12, "run": 24}
"""Fewer where one request is slow on purpose: hashing a password, working through every job."""
AS_NOBODY_SHARE = 0.25
"""A door that is closed refuses before it looks at the rest."""
AT_LEAST = 20_000

EXCLUDED = {"GET /api/v1/admin/events": "streams for ever; it has tests of its own"}

SHAPE_REFUSED = "Some fields are not valid. See `errors`."
RULES = (
    "should have at least",  # blanks around a text do not count
    "a period must end after it begins",
    "the periods of a day must follow one another and not overlap",
    "time off must end after it begins",
    "unknown day",
    "day value is outside expected range",  # 30 February on the wall clock
    "name either campaign_id or patient_id",
    "is overridden twice",
    "holds characters that cannot be read",
    "give an e-mail or a phone number",
    "is not an e-mail address",
    "is not an IANA time zone",
    "is out of range",
    "reschedule needs appointment_date, cancel takes none",
    "take needs appointment_date, the other answers take none",
)
"""Shape refusals for what no JSON schema can say; any other one means that the document is too generous."""


def document() -> dict[str, Any]:
    return create_app(make_settings()).openapi()


def shadowed_paths() -> set[str]:
    """Operations whose fixed last word another path takes as a parameter: `/knowledge/try` beside `/knowledge/{id}`."""
    paths = document()["paths"]
    templates = {re.sub(r"/{\w+}$", "", path) for path in paths if path.endswith("}")}
    shadowed = [path for path in paths if not path.endswith("}") and path.rpartition("/")[0] in templates]
    return {f"{method.upper()} {path}" for path in shadowed for method in paths[path]}


load_all_checks()
CHECK = {check.__name__: check for check in CHECKS.get_all()}
"""Every check that Schemathesis knows."""
REPLACED = {"positive_data_acceptance": "by `nothing_valid_is_refused`, which knows the clinic's own rules (422)"}
WEBHOOKS = (
    "POST /api/v1/webhooks/incoming-message",
    "POST /api/v1/webhooks/gmail",
    "POST /api/v1/webhooks/twilio/message",
    "POST /api/v1/webhooks/twilio/status",
)
BESIDE = "another method reaches `/{id}` beside it, where this word is no id (422)"
NOT_FOR = {
    "negative_data_rejection": dict.fromkeys(
        WEBHOOKS, "what is authentic and malformed is parked with a 200: a 4xx would be redelivered for ever (api.md 3)"
    ),
    "unsupported_method": dict.fromkeys(shadowed_paths(), BESIDE),
    "allow_header_conformance": dict.fromkeys(shadowed_paths(), BESIDE),
}
"""Which check is not for which operation, and why."""


def checks_for(label: str) -> list[Any]:
    return [check for name, check in CHECK.items() if name not in REPLACED and label not in NOT_FOR.get(name, {})]


def nothing_valid_is_refused(_: Any, response: Response, case: Case[Any]) -> None:
    """A request that fits the document is refused only by a rule of the clinic, never for its shape."""
    if (
        case.meta is None
        or not case.meta.generation.mode.is_positive
        or response.status_code not in (400, 413, 415, 422)
    ):
        return
    assert response.status_code == 422, f"a valid request got {response.status_code}: {response.text}"
    refusal = response.json()
    if refusal["detail"] != SHAPE_REFUSED:
        return
    problems = [problem["message"] for problem in refusal["errors"]]
    unexpected = [message for message in problems if not any(rule in message for rule in RULES)]
    assert not unexpected, f"the document allows what is refused: {response.text}"


def operations(*, with_tokens: bool) -> dict[str, AnyOperation]:
    """`METHOD /path` to operation, without those excluded for a reason; access tokens are made up, too, or are not."""
    schema = schemathesis.openapi.from_dict(document())
    schema.config.generation.update(with_security_parameters=with_tokens)
    found = (each.ok() for each in schema.get_all_operations() if isinstance(each, Ok))
    return {operation.label: operation for operation in found if operation.label not in EXCLUDED}


OPERATIONS = {AS_ADMIN: operations(with_tokens=False), AS_NOBODY: operations(with_tokens=True)}


def share_of(operation: AnyOperation, caller: str) -> int:
    """How many requests this operation gets from this caller."""
    kind = "body" if operation.body else "parameters" if list(operation.iter_parameters()) else "neither"
    share = OWN_SHARES.get(str(operation.definition.raw["operationId"]), SHARES[kind])
    return share if caller == AS_ADMIN else round(share * AS_NOBODY_SHARE)


def cases_of(operation: AnyOperation, many: int) -> list[Case[Any]]:
    """Boundary cases first, then as many random ones, half fitting the document and half breaking it."""
    config = operation.schema.config.generation
    cases = list(
        operation.schema.iter_coverage_cases(operation, generation_modes=list(GenerationMode), generation_config=config)
    )[: many // 2]
    cases += drawn(operation, GenerationMode.POSITIVE, (many - len(cases)) // 2)
    return cases + drawn(operation, GenerationMode.NEGATIVE, many - len(cases))


def drawn(operation: AnyOperation, mode: GenerationMode, many: int) -> list[Case[Any]]:
    cases: list[Case[Any]] = []

    @settings(
        max_examples=max(many, 1),
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def collect(case: Case[Any]) -> None:
        cases.append(case)

    try:
        collect()
    except Unsatisfiable:
        return []  # an operation without any input has nothing that could be broken
    return cases
