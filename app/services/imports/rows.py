"""A record of the file into a row that may be stored, or the reasons why that row is refused."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from app.domain.import_columns import ImportField as F
from app.domain.import_columns import Layout
from app.models.enums import PatientType
from app.services.imports.cells import LINE, READERS, CellError, Reading
from app.services.imports.csv_text import CsvRecord

STORED_AS_THEY_ARE = (
    F.EMAIL,
    F.PHONE,
    F.PREFERRED_CHANNEL,
    F.NEXT_FOLLOW_UP_DATE,
    F.DATE_OF_BIRTH,
    F.LANGUAGE,
    F.NOTES,
    F.ESTIMATED_VALUE,
    F.INITIAL_INQUIRY,
)
"""Fields of the row that are fields of the patient."""

TYPE_FIELDS = frozenset({F.PATIENT_TYPE, F.LAST_VISIT_ON, F.NEXT_FOLLOW_UP_DATE})
"""Any of them tells who has been here from who only asked."""


class Reason(NamedTuple):
    field: str
    message: str


@dataclass(frozen=True, slots=True)
class Refused:
    line: int
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A row that can be stored. `fields` holds the patient's fields that the row fills, as MongoDB keeps them."""

    line: int
    name: str
    fields: dict[str, Any]
    stated_type: PatientType | None
    """What the row itself says."""
    type_if_new: PatientType
    visit_on: datetime | None
    procedure: str | None
    stop: str | None
    fingerprint: int
    """Equal for rows that say the same (within one process)."""

    @property
    def email(self) -> str | None:
        return self.fields.get("email")

    @property
    def phone(self) -> str | None:
        return self.fields.get("phone")


@dataclass(frozen=True, slots=True)
class RowReader:
    """Reads records by one layout."""

    layout: tuple[tuple[F, tuple[int, ...]], ...]
    width: int
    reading: Reading

    @classmethod
    def of(cls, layout: Layout, reading: Reading) -> "RowReader":
        fields = tuple((field, layout.positions(field)) for field in F if layout.has(field))
        return cls(fields, len(layout.columns), reading)

    def read_all(self, records: Iterable[CsvRecord]) -> list[Row | Refused]:
        return [self.read(record) for record in records]

    def read(self, record: CsvRecord) -> Row | Refused:
        """Every problem of the row at once, so that one correction is enough."""
        if record.problem or any(map(str.strip, record.cells[self.width :])):
            return Refused(record.line, (Reason("row", record.problem or "has more cells than the heading."),))
        values: dict[F, Any] = {}
        reasons: list[Reason] = []
        for field, positions in self.layout:
            try:
                value = self._value(field, [record.cells[at] for at in positions if at < len(record.cells)])
            except CellError as error:
                reasons.append(Reason(field, f"{error}."))
            else:
                if value is not None:
                    values[field] = value
        reasons += self._missing(values, {reason.field for reason in reasons})
        return Refused(record.line, tuple(reasons)) if reasons else self._row(record, values)

    def _value(self, field: F, cells: Sequence[str]) -> Any:
        """Of several columns the first that can be read; None when all are empty."""
        filled = [text for cell in cells if (text := cell.strip())]
        for index, text in enumerate(filled, start=1):
            try:
                return READERS[field](text, self.reading)
            except CellError:
                if index == len(filled):
                    raise
        return None

    def _missing(self, values: dict[F, Any], refused: set[str]) -> Iterable[Reason]:
        """What a row needs; a cell that was refused already is not called missing as well."""
        if not refused & {F.NAME, F.FIRST_NAME, F.LAST_NAME} and not 0 < len(_name_of(values)) <= LINE:
            yield Reason(F.NAME, f"is longer than {LINE} characters." if _name_of(values) else "is missing.")
        if not values.keys() & {F.EMAIL, F.PHONE} and not refused & {F.EMAIL, F.PHONE}:
            yield Reason(F.EMAIL, "or phone is needed: without one the patient cannot be recognised or reached.")
        if F.PROCEDURE in values and F.LAST_VISIT_ON not in values and F.LAST_VISIT_ON not in refused:
            yield Reason(F.LAST_VISIT_ON, "is needed when a procedure is named.")
        if self._type(values) is None and not refused & TYPE_FIELDS:
            yield Reason(F.PATIENT_TYPE, "is unknown: the row has no type, no last visit and no follow-up date.")

    def _type(self, values: dict[F, Any]) -> PatientType | None:
        """Whoever was here is EXISTING (domain.md section 1); else the row's own word, else that of the whole file."""
        if F.LAST_VISIT_ON in values:
            return PatientType.EXISTING
        default = PatientType.EXISTING if F.NEXT_FOLLOW_UP_DATE in values else None
        return values.get(F.PATIENT_TYPE, self.reading.patient_type or default)

    def _row(self, record: CsvRecord, values: dict[F, Any]) -> Row:
        kind = self._type(values)
        assert kind  # noqa: S101 - `_missing` has refused the row otherwise; tells the type checker
        return Row(
            line=record.line,
            name=_name_of(values),
            fields={field.value: values[field] for field in STORED_AS_THEY_ARE if field in values},
            stated_type=values.get(F.PATIENT_TYPE),
            type_if_new=kind,
            visit_on=values.get(F.LAST_VISIT_ON),
            procedure=values.get(F.PROCEDURE),
            stop=values.get(F.OPT_OUT),
            fingerprint=hash(tuple(record.cells)),
        )


def _name_of(values: dict[F, Any]) -> str:
    parts = (values.get(F.FIRST_NAME), values.get(F.LAST_NAME))
    return values.get(F.NAME) or " ".join(part for part in parts if part)
