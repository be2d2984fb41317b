"""What a batch of rows would do to the stored patients: one query for the batch, one decision for each row."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from beanie import PydanticObjectId

from app.domain.personal_names import is_same_person
from app.models.base import Raw
from app.models.enums import PatientType, RowOutcome
from app.models.patients import LIVING, Patient
from app.services.imports.rows import Reason, Refused, Row
from app.services.imports.seen import Seen

ADDRESSES = ("email", "phone")
NEEDED_OF_A_PATIENT = dict.fromkeys(
    (
        "name",
        "email",
        "phone",
        "patient_type",
        "preferred_channel",
        "next_follow_up_date",
        "date_of_birth",
        "language",
        "notes",
        "estimated_value",
        "initial_inquiry",
        "opt_outs",
        "treatment_history",
        "created_at",
        "guardian_id",
        "unusable_addresses",
    ),
    1,
)
VISIT = "Visit"
"""The procedure of a last visit that names none."""

TWO_PEOPLE = "The e-mail and the phone belong to different patients, or to several of one family."
ANOTHER_NAME = "The {field} belongs to a patient with another name; nothing of that patient was changed."


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of one row. `stored` is the patient whom it names, as read; `changes` and the rest are new."""

    line: int
    outcome: RowOutcome
    row: Row | None = None
    stored: Raw | None = None
    changes: dict[str, Any] = field(default_factory=dict)
    treatment: Raw | None = None
    stop: str | None = None
    reasons: tuple[Reason, ...] = ()

    @property
    def accepted(self) -> Row:
        """The row of a decision that writes something."""
        assert self.row  # noqa: S101 - only a refusal may be without one; tells the type checker
        return self.row

    @property
    def patient(self) -> Raw:
        """The stored patient whom an update changes."""
        assert self.stored  # noqa: S101 - an update has one; tells the type checker
        return self.stored

    @property
    def patient_id(self) -> PydanticObjectId | None:
        """The known patient whom the row names, whatever becomes of the row."""
        return self.stored["_id"] if self.stored else None

    @property
    def changed(self) -> list[str]:
        """The fields that an update changes, by name."""
        parts = {"treatment_history": self.treatment, "opt_outs": self.stop}
        return [*self.changes, *(name for name, part in parts.items() if part)]


async def plan(rows: Sequence[Row | Refused], seen: Seen) -> list[Decision]:
    """One decision for each row, in order; `seen` grows by the rows that are accepted."""
    holders = await _holders(row for row in rows if isinstance(row, Row))
    return [_decide(row, holders, seen) for row in rows]


async def _holders(rows: Iterable[Row]) -> dict[str, list[Raw]]:
    """Everybody who holds one of the rows' addresses, by address: as `Patient.matching`, for the whole batch."""
    wanted: dict[str, list[str]] = {"email": [], "phone": []}
    for row in rows:
        for kind in ADDRESSES:
            if address := row.fields.get(kind):
                wanted[kind].append(address)
    clauses = [{kind: {"$in": values}} for kind, values in wanted.items() if values]
    holders: defaultdict[str, list[Raw]] = defaultdict(list)
    if clauses:
        async for patient in Patient.collection().find(LIVING | {"$or": clauses}, NEEDED_OF_A_PATIENT):
            for address in filter(None, (patient.get("email"), patient.get("phone"))):
                holders[address].append(patient)
    return holders


def _decide(row: Row | Refused, holders: dict[str, list[Raw]], seen: Seen) -> Decision:
    if isinstance(row, Refused):
        return Decision(row.line, RowOutcome.REFUSED, reasons=row.reasons)
    addresses = _addresses(row.fields)
    people = {patient["_id"]: patient for address in addresses for patient in holders.get(address, ())}
    keys = [*addresses, *people]
    if earlier := seen.find(keys, row.fingerprint):
        return _repeated(row, *earlier)
    if len(people) > 1:
        return _refused(row, Reason("email", TWO_PEOPLE))
    stored = next(iter(people.values()), None)
    if stored and not is_same_person(row.name, stored["name"]):
        shared = "e-mail" if row.email and stored.get("email") == row.email else "phone"
        return _refused(row, Reason("name", ANOTHER_NAME.format(field=shared)), stored)
    seen.add([*keys, *_addresses(stored)] if stored else keys, line=row.line, fingerprint=row.fingerprint)
    return _update(row, stored) if stored else Decision(row.line, RowOutcome.CREATED, row, stop=row.stop)


def _addresses(fields: Raw) -> list[str]:
    return [fields[kind] for kind in ADDRESSES if fields.get(kind)]


def _repeated(row: Row, line: int, says_the_same: bool) -> Decision:  # noqa: FBT001 - an answer of `Seen.find`
    if says_the_same:
        return Decision(row.line, RowOutcome.UNCHANGED, row)
    return _refused(row, Reason("row", f"The same patient stands in line {line} of this file."))


def _refused(row: Row, reason: Reason, stored: Raw | None = None) -> Decision:
    return Decision(row.line, RowOutcome.REFUSED, row, stored, reasons=(reason,))


def _update(row: Row, stored: Raw) -> Decision:
    """Only what the row fills and what differs; an empty cell clears nothing, and a name is never rewritten."""
    changes = {name: value for name, value in row.fields.items() if stored.get(name) != value}
    if stored["patient_type"] == PatientType.COLD_LEAD and PatientType.EXISTING in (row.stated_type, _visited(row)):
        changes["patient_type"] = PatientType.EXISTING.value
    treatment, stop = _new_treatment(row, stored), _new_stop(row.stop, stored)
    outcome = RowOutcome.UPDATED if changes or treatment or stop else RowOutcome.UNCHANGED
    return Decision(row.line, outcome, row, stored, changes, treatment, stop)


def _visited(row: Row) -> PatientType | None:
    return PatientType.EXISTING if row.visit_on else None


def treatment_of(row: Row) -> Raw | None:
    """The last visit as a row of the treatment history."""
    if row.visit_on is None:
        return None
    named = {"procedure_name": row.procedure or VISIT, "procedure_date": row.visit_on}
    return named | {"next_recommended_follow_up": None, "next_follow_up_date": None}


def _new_treatment(row: Row, stored: Raw) -> Raw | None:
    """None when the visit is known: the same day, and the same procedure if the row names one."""
    for known in stored.get("treatment_history", ()):
        is_same = row.procedure is None or known["procedure_name"].casefold() == row.procedure.casefold()
        if known["procedure_date"] == row.visit_on and is_same:
            return None
    return treatment_of(row)


def _new_stop(stop: str | None, stored: Raw) -> str | None:
    held = {opt_out["channel"] for opt_out in stored.get("opt_outs", ())}
    return None if stop is None or stop in held or "all" in held else stop
