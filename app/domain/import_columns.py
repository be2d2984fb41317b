"""Which column of a patient file means what: our own names, and the headings of common practice systems.

The table knows what Open Dental and Dentrix write above their columns; everything else is named by the person who
imports (`Heading:field`). Nothing is guessed: two columns for one field are refused.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

IGNORED = "-"
"""Instead of a field: do not read this column."""


class ImportField(StrEnum):
    """What a column may fill; the values are the names that people write."""

    NAME = "name"
    FIRST_NAME = "first_name"
    LAST_NAME = "last_name"
    EMAIL = "email"
    PHONE = "phone"
    PATIENT_TYPE = "patient_type"
    PREFERRED_CHANNEL = "preferred_channel"
    NEXT_FOLLOW_UP_DATE = "next_follow_up_date"
    DATE_OF_BIRTH = "date_of_birth"
    LANGUAGE = "language"
    NOTES = "notes"
    LAST_VISIT_ON = "last_visit_on"
    PROCEDURE = "procedure"
    ESTIMATED_VALUE = "estimated_value"
    INITIAL_INQUIRY = "initial_inquiry"
    OPT_OUT = "opt_out"


F = ImportField
HEADINGS: dict[ImportField, str] = {
    F.NAME: "name fullname patientname patname patient",
    F.FIRST_NAME: "firstname fname first givenname patientfirstname",
    F.LAST_NAME: "lastname lname last surname familyname patientlastname",
    F.EMAIL: "email emailaddress mail patientemail",
    F.PHONE: (
        "wirelessphone mobilephone mobile cellphone cell cellular phone phonenumber telephone patientphone "
        "hmphone homephone home wkphone workphone"
    ),
    F.PATIENT_TYPE: "patienttype",
    F.PREFERRED_CHANNEL: "preferredchannel",
    F.NEXT_FOLLOW_UP_DATE: (
        "nextfollowupdate nextfollowup recalldue recallduedate recalldate datedue duedate continuingcaredue ccduedate"
    ),
    F.DATE_OF_BIRTH: "dateofbirth birthdate birthday birth dob",
    F.LANGUAGE: "language preferredlanguage",
    F.NOTES: "notes note patientnote patientnotes",
    F.LAST_VISIT_ON: "lastvisiton lastvisit lastvisitdate datelastvisit lastseen",
    F.PROCEDURE: "procedure procedurename lastprocedure procdescript",
    F.ESTIMATED_VALUE: "estimatedvalue",
    F.INITIAL_INQUIRY: "initialinquiry inquiry",
    F.OPT_OUT: "optout optedout unsubscribed donotcontact",
}
"""Normalised headings (letters and digits only). Of several phones the first of this list is tried first."""

RANKED = {
    word: (field, rank)
    for field, words in HEADINGS.items()
    for rank, word in enumerate((field.replace("_", ""), *words.split()))
}
ADDRESSES = frozenset({F.EMAIL, F.PHONE})
SEVERAL_ALLOWED = frozenset({F.PHONE})
NEEDED = "a name (or first_name and last_name), and an email or a phone"


@dataclass(frozen=True, slots=True)
class Column:
    header: str
    field: ImportField | None


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, without repeating what the file says: its first line may be a patient."""

    field: str
    message: str


@dataclass(frozen=True, slots=True)
class Layout:
    """Every column of the file in order; `problems` is empty when the file can be read with it."""

    columns: tuple[Column, ...]
    problems: tuple[Problem, ...] = ()

    def positions(self, field: ImportField) -> tuple[int, ...]:
        """Where the field stands, counted from 0, the best column first."""
        found = [index for index, column in enumerate(self.columns) if column.field is field]
        return tuple(sorted(found, key=lambda index: _rank(self.columns[index].header)))

    def has(self, *fields: ImportField) -> bool:
        return any(column.field in fields for column in self.columns)


def normalised(header: str) -> str:
    return "".join(character for character in header.casefold() if character.isalnum())


def _rank(header: str) -> int:
    return RANKED.get(normalised(header), (None, 0))[1]


def assign(headers: Sequence[str], chosen: Mapping[str, ImportField | None]) -> Layout:
    """Give each heading its field: as `chosen` says (None: ignored), else by the table, else none.

    A field that somebody chose a column for is read from there only.
    """
    texts = [header.strip() for header in headers]
    taken = {field for field in chosen.values() if field}
    if F.NAME in taken:
        taken |= {F.FIRST_NAME, F.LAST_NAME}
    elif taken & {F.FIRST_NAME, F.LAST_NAME}:
        taken |= {F.NAME}
    known = [chosen[text] if text in chosen else _by_table(text, taken) for text in texts]
    layout = Layout(tuple(map(Column, texts, _one_kind_of_name(known, chosen))))
    return Layout(layout.columns, tuple(_problems(layout, texts, chosen)))


def _by_table(header: str, taken: set[ImportField]) -> ImportField | None:
    field = RANKED.get(normalised(header), (None, 0))[0]
    return None if field is None or field in taken else field


def _one_kind_of_name(
    known: list[ImportField | None], chosen: Mapping[str, ImportField | None]
) -> list[ImportField | None]:
    """First and last name together say more than a full name; one of them alone says less."""
    if any(field in (F.NAME, F.FIRST_NAME, F.LAST_NAME) for field in chosen.values()) or F.NAME not in known:
        return known
    parts = {F.FIRST_NAME, F.LAST_NAME}
    dropped = {F.NAME} if parts <= set(known) else parts
    return [None if field in dropped else field for field in known]


def _problems(layout: Layout, texts: list[str], chosen: Mapping[str, ImportField | None]) -> Iterable[Problem]:
    for number, header in enumerate(chosen, start=1):
        if texts.count(header) != 1:
            yield Problem(f"column.{number}", "names a heading that the file does not have exactly once")
    fields = [column.field for column in layout.columns if column.field]
    for field in dict.fromkeys(fields):
        if fields.count(field) > 1 and field not in SEVERAL_ALLOWED:
            yield Problem(field, "two columns hold this: say which one to read")
    if not layout.has(F.NAME) and not (layout.has(F.FIRST_NAME) and layout.has(F.LAST_NAME)):
        yield Problem(F.NAME, "no column holds the patient's name")
    if not layout.has(*ADDRESSES):
        yield Problem("email", "no column holds an e-mail or a phone")
