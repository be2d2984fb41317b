"""What the pages of patient imports show: states in words, the numbers of a pass, the columns of a file."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import FormData, UploadFile

from app.domain.import_columns import IGNORED, ImportField
from app.errors import InvalidInputError
from app.models.enums import DateFormat, ImportState, PatientType, RowOutcome
from app.models.imports import WORKABLE, ImportRow, PatientImport, Tally
from app.services.imports.csv_text import UTF_8, UTF_8_WITH_MARK, WINDOWS
from app.services.imports.uploads import MOST_COLUMNS, Choices

STATES: dict[str, tuple[str, str]] = {
    ImportState.UPLOADED: ("Waiting to be checked", ""),
    ImportState.CHECKING: ("Being checked", ""),
    ImportState.CHECKED: ("Ready to import", "is-warning"),
    ImportState.IMPORTING: ("Being imported", ""),
    ImportState.DONE: ("Imported", "is-good"),
    ImportState.CANCELLED: ("Cancelled", ""),
    ImportState.FAILED: ("Failed", "is-bad"),
}
FIELDS: dict[str, str] = {
    ImportField.NAME: "Full name",
    ImportField.FIRST_NAME: "First name",
    ImportField.LAST_NAME: "Last name",
    ImportField.EMAIL: "E-mail",
    ImportField.PHONE: "Phone",
    ImportField.PATIENT_TYPE: "Patient or lead",
    ImportField.PREFERRED_CHANNEL: "Write by",
    ImportField.NEXT_FOLLOW_UP_DATE: "Next check-up",
    ImportField.DATE_OF_BIRTH: "Date of birth",
    ImportField.LANGUAGE: "Language",
    ImportField.NOTES: "Notes",
    ImportField.LAST_VISIT_ON: "Last visit",
    ImportField.PROCEDURE: "Last procedure",
    ImportField.ESTIMATED_VALUE: "Estimated value",
    ImportField.INITIAL_INQUIRY: "Inquiry",
    ImportField.OPT_OUT: "Wants no messages",
    "treatment_history": "Last visit",
    "opt_outs": "Stopped messages",
    "row": "The row",
}
DATE_FORMATS: dict[str, str] = {
    DateFormat.ISO: "2026-11-30 only",
    DateFormat.MONTH_FIRST: "11/30/2026 (month first)",
    DateFormat.DAY_FIRST: "30/11/2026 (day first)",
}
ENCODINGS = {UTF_8: "UTF-8", UTF_8_WITH_MARK: "UTF-8", WINDOWS: "Windows-1252 (older Excel)"}
DELIMITERS = {",": "a comma", ";": "a semicolon", "\t": "a tab"}
PERSON_TYPES: dict[str, str] = {
    "": "The file says it row by row",
    PatientType.EXISTING: "Patients who have been here",
    PatientType.COLD_LEAD: "Leads who only asked",
}
OUTCOMES: dict[RowOutcome, tuple[str, str]] = {
    RowOutcome.REFUSED: ("Skipped", "refuse"),
    RowOutcome.CREATED: ("New", "create"),
    RowOutcome.UPDATED: ("Changed", "update"),
}
"""What is listed of each outcome, and its field in a Tally."""


REPORT_HEADING = ("Line", "Result", "Field", "What it says")
BECAME: dict[RowOutcome, tuple[str, str]] = {
    RowOutcome.REFUSED: ("would be skipped", "skipped"),
    RowOutcome.CREATED: ("would be new", "new"),
    RowOutcome.UPDATED: ("would change", "changed"),
}
"""The outcomes of a row in a report: of the check, of the import."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the pass that runs, or ran last, has come."""

    done: int
    total: int
    percent: int
    is_running: bool
    tally: Tally


def progress_of(held: PatientImport) -> Progress:
    done, total = held.tally.rows, max(held.rows_total, held.tally.rows, 1)
    percent = 100 if held.has_passed else min(99, 100 * done // total)
    return Progress(done, total, percent, held.state in WORKABLE, held.tally)


@dataclass(frozen=True, slots=True)
class Upload:
    """A posted form: the file, what was chosen for it, and the choices as they were typed."""

    file: UploadFile
    choices: Choices
    typed: Mapping[str, str]


def read_upload(form: FormData) -> Upload:
    """Raises InvalidInputError without a file or with a choice that does not exist."""
    file = form.get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        raise InvalidInputError("Choose a file first.")
    typed = {name: str(form.get(name, "")) for name in ("date_format", "patient_type")}
    try:
        choices = Choices(
            columns=_columns(form),
            date_format=DateFormat(typed["date_format"] or DateFormat.ISO),
            patient_type=PatientType(typed["patient_type"]) if typed["patient_type"] else None,
        )
    except ValueError as error:
        raise InvalidInputError("Choose from the lists.") from error
    return Upload(file, choices, typed)


def _columns(form: FormData) -> dict[str, ImportField | None]:
    """What was chosen for each heading: `heading` and `field` stand in the form in pairs. Raises ValueError."""
    headings = [str(one) for one in form.getlist("heading")][:MOST_COLUMNS]
    fields = [str(one) for one in form.getlist("field")][:MOST_COLUMNS]
    return {
        heading: None if field == IGNORED else ImportField(field)
        for heading, field in zip(headings, fields, strict=True)
    }


def heading_problem(error: InvalidInputError) -> str:
    """The refusal of a file in one paragraph: each problem with the field that it is about."""
    errors: list[dict[str, Any]] = error.extra.get("errors", [])
    if not errors:
        return error.detail
    return " ".join(f"{FIELDS.get(each['field'], 'The file')}: {each['message']}." for each in errors)


def report_of(held: PatientImport, rows: Sequence[ImportRow]) -> Iterator[tuple[object, ...]]:
    """The rows of a report for a spreadsheet: one for each reason and each changed field. It repeats no cell."""
    yield REPORT_HEADING
    for row in rows:
        became = BECAME[row.outcome][held.is_started]
        if row.reasons:
            yield from ((row.line, became, FIELDS.get(each.field, each.field), each.message) for each in row.reasons)
        else:
            yield row.line, became, ", ".join(FIELDS.get(name, name) for name in row.changed), ""
    yield from _not_listed(held, rows)


def _not_listed(held: PatientImport, rows: Sequence[ImportRow]) -> Iterator[tuple[object, ...]]:
    """How many more rows there are of an outcome than are kept, and of those that nothing was done with."""
    for outcome, (_, name) in OUTCOMES.items():
        more = getattr(held.tally, name) - sum(row.outcome is outcome for row in rows)
        if more > 0:
            yield "", BECAME[outcome][held.is_started], "", f"{more:,} more rows that are not listed here"
    if held.tally.unchanged:
        yield "", "as they were", "", f"{held.tally.unchanged:,} rows that say nothing new"
