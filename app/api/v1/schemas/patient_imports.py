"""JSON of patient imports: what was uploaded, how far it is, what became of its rows."""

from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, StringConstraints

from app.api.v1.schemas.pages import Pagination
from app.api.v1.schemas.types import Answer, IdText, Zulu
from app.domain.import_columns import IGNORED, ImportField
from app.domain.plain_text import line_problem
from app.models.enums import DateFormat, ImportState, PatientType, RowOutcome
from app.models.imports import ImportRow, PatientImport

IMPORT_ID, PATIENT_ID = "6720c1f0a3b4c5d6e7f80a01", "6720c1f0a3b4c5d6e7f80902"
MOST_CHARACTERS = 300
FIELD_NAMES = "|".join(ImportField)


def _printable(text: str) -> str:
    if problem := line_problem(text, most=MOST_CHARACTERS):
        raise ValueError(problem)
    return text


ColumnChoice = Annotated[
    str,
    StringConstraints(
        pattern=rf"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]+:({FIELD_NAMES}|{IGNORED})$", max_length=MOST_CHARACTERS
    ),
    AfterValidator(_printable),
]
"""`Heading:field`, or `Heading:-` for a column that is not to be read."""


def chosen_columns(choices: list[str]) -> dict[str, ImportField | None]:
    """What the caller chose, by heading; the last of several choices for one heading counts."""
    parts = [choice.rpartition(":") for choice in choices]
    return {header.strip(): None if field == IGNORED else ImportField(field) for header, _, field in parts}


class CountsAnswer(Answer):
    rows: int
    create: int
    update: int
    unchanged: int
    refuse: int


COUNTS = {"rows": 1200, "create": 1000, "update": 150, "unchanged": 45, "refuse": 5}
ZEROS = dict.fromkeys(COUNTS, 0)
EXAMPLE: dict[str, Any] = {
    "import_id": IMPORT_ID,
    "state": "checked",
    "columns": {"LName": "last_name", "FName": "first_name", "Email": "email", "City": None},
    "date_format": "iso",
    "patient_type": "EXISTING",
    "delimiter": ",",
    "encoding": "utf-8",
    "rows_done": 1200,
    "rows_total": 1200,
    "percent": 100,
    "counts": COUNTS,
    "imported": ZEROS,
    "failure": None,
    "created_by": "user:6720c1f0a3b4c5d6e7f80904",
    "created_at": "2026-11-21T09:30:00.000Z",
    "checked_at": "2026-11-21T09:30:04.000Z",
    "started_by": None,
    "started_at": None,
    "finished_at": None,
}


class ImportAnswer(Answer):
    """`counts` is what the check found; `imported` is what was done. `rows_done` is of the one that runs or ran last.

    `rows_total` is an estimate until the check is over.
    """

    model_config = ConfigDict(json_schema_extra={"example": EXAMPLE})

    import_id: IdText
    state: ImportState
    columns: dict[str, ImportField | None]
    date_format: DateFormat
    patient_type: PatientType | None
    delimiter: str
    encoding: str
    rows_done: int
    rows_total: int
    percent: int
    counts: CountsAnswer
    imported: CountsAnswer
    failure: str | None
    created_by: str
    created_at: Zulu
    checked_at: Zulu | None
    started_by: str | None
    started_at: Zulu | None
    finished_at: Zulu | None

    @classmethod
    def of(cls, held: PatientImport) -> "ImportAnswer":
        done, total = held.tally.rows, max(held.rows_total, held.tally.rows)
        return cls.model_validate(
            held.model_dump(exclude={"id", "columns", "checked"})
            | {
                "import_id": held.id,
                "columns": {column.header: column.field for column in held.columns},
                "rows_done": done,
                "rows_total": total,
                "percent": 100 if held.has_passed else min(99, 100 * done // max(total, 1)),
                "counts": held.checked.model_dump(),
            }
        )


class ImportList(Answer):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "pagination": {"total_items": 1, "total_pages": 1, "current_page": 1, "next_cursor": None},
                "imports": [EXAMPLE],
            }
        }
    )

    pagination: Pagination
    imports: list[ImportAnswer]


class ReasonAnswer(Answer):
    field: str
    message: str


class RowAnswer(Answer):
    line: int
    """Of the file, the heading being line 1."""
    outcome: RowOutcome
    patient_id: IdText | None
    changed: list[str]
    reasons: list[ReasonAnswer]

    @classmethod
    def of(cls, row: ImportRow) -> "RowAnswer":
        return cls.model_validate(row.model_dump(include=set(cls.model_fields)))


class RowList(Answer):
    """`is_dry_run`: what would become of the rows. Of each outcome the first thousand are kept, the rest counted."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "pagination": {"total_items": 2, "total_pages": 1, "current_page": 1, "next_cursor": None},
                "is_dry_run": True,
                "rows": [
                    {
                        "line": 17,
                        "outcome": "refused",
                        "patient_id": None,
                        "changed": [],
                        "reasons": [{"field": "email", "message": "is not one e-mail address."}],
                    },
                    {
                        "line": 18,
                        "outcome": "updated",
                        "patient_id": PATIENT_ID,
                        "changed": ["phone", "next_follow_up_date"],
                        "reasons": [],
                    },
                ],
            }
        }
    )

    pagination: Pagination
    is_dry_run: bool
    rows: list[RowAnswer]


FILE = (
    "LName,FName,Email,WirelessPhone,Recall Due,Last Visit\r\n"
    "Lee,Ann,ann@example.com,(202) 555-0142,2026-12-01,2026-06-01\r\n"
)
"""The example of a body."""
