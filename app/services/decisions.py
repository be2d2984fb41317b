"""Why a patient was, or was not, written to: the kept decisions, newest first (domain.md section 5)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from beanie import PydanticObjectId
from pymongo import DESCENDING

from app.models.records import Decision
from app.services import cursors
from app.services.decision_rules import sentence_of

SHOWN = ("campaign_id", "outcome", "rule", "inputs", "at")


@dataclass(frozen=True, slots=True)
class DecisionPage:
    """Rows as the API shows them: decision_id, at, outcome, rule, sentence, inputs, campaign_id."""

    rows: list[dict[str, Any]]
    next_cursor: str | None


async def of_patient(patient_id: PydanticObjectId, *, limit: int, cursor: str | None = None) -> DecisionPage:
    """The newest decisions, or those behind a cursor. Raises InvalidInputError for a cursor we did not make."""
    query = {"patient_id": patient_id} | (cursors.behind(cursor) if cursor else {})
    found = Decision.collection().find(query, dict.fromkeys(SHOWN, 1))
    page = await found.sort([("at", DESCENDING), ("_id", DESCENDING)]).limit(limit + 1).to_list()
    rows = page[:limit]
    return DecisionPage(
        [_row(raw) for raw in rows],
        cursors.newest_first(rows[-1]["at"], rows[-1]["_id"]) if len(page) > limit else None,
    )


def _row(raw: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "decision_id": raw["_id"],
        "at": raw["at"],
        "outcome": raw["outcome"],
        "rule": raw["rule"],
        "sentence": sentence_of(raw["rule"]),
        "inputs": plain(raw.get("inputs") or {}),
        "campaign_id": raw.get("campaign_id"),
    }


def plain(value: Any) -> Any:
    """A stored value as JSON can hold it: ids and dates become text."""
    match value:
        case Mapping():
            return {str(name): plain(each) for name, each in value.items()}
        case list() | tuple() | set() | frozenset():
            return [plain(each) for each in value]
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        case None | bool() | int() | float() | str():
            return value
        case _:
            return str(value)
