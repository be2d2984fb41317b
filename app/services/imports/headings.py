"""The beginning of a patient file, looked at before anything is stored: its columns, what they mean, some cells."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.import_columns import Layout, Problem, assign
from app.errors import InvalidInputError
from app.services.imports.csv_text import HEAD_BYTES, RecordReader, Sniffer, heading
from app.services.imports.rows import TYPE_FIELDS
from app.services.imports.uploads import BAD_HEADING, EMPTY, MOST_COLUMNS, NOT_TEXT

SAMPLES = 3
LONGEST_SAMPLE = 60


@dataclass(frozen=True, slots=True)
class Heading:
    """`samples` holds the first cells of each column that are filled, in the columns' order."""

    layout: Layout
    samples: Sequence[Sequence[str]]
    encoding: str
    """How the beginning reads; a letter further down may say otherwise."""

    @property
    def needs_type(self) -> bool:
        """True when no column tells who has been here from who only asked."""
        return not self.layout.has(*TYPE_FIELDS)

    @property
    def problems(self) -> Sequence[Problem]:
        return self.layout.problems


def look(head: bytes) -> Heading:
    """Read the first HEAD_BYTES of a file. Raises InvalidInputError for what is no CSV file with a heading."""
    sniffer = Sniffer()
    sniffer.look(_whole_characters(head[:HEAD_BYTES]))
    if not sniffer.head.strip():
        raise InvalidInputError(EMPTY)
    if not sniffer.is_text:
        raise InvalidInputError(NOT_TEXT)
    headers, delimiter = heading(sniffer.head, encoding=sniffer.encoding)
    if not headers or len(headers) > MOST_COLUMNS:
        raise InvalidInputError(BAD_HEADING)
    reader = RecordReader(encoding=sniffer.encoding, delimiter=delimiter)
    rows = [record.cells for record in reader.feed(sniffer.head) if record.problem is None][1 : SAMPLES + 1]
    return Heading(assign(headers, {}), [_sample(rows, at) for at in range(len(headers))], sniffer.encoding)


def _whole_characters(head: bytes) -> bytes:
    """Without the line that the end cuts in two, so that a cut letter does not look like another encoding."""
    return head if len(head) < HEAD_BYTES else head[: head.rfind(b"\n") + 1] or head


def _sample(rows: Sequence[Sequence[str]], at: int) -> list[str]:
    cells = [row[at].strip() for row in rows if at < len(row)]
    return [cell if len(cell) <= LONGEST_SAMPLE else cell[:LONGEST_SAMPLE] + "..." for cell in cells if cell]
