"""Bytes of a CSV file into records, piece by piece: nothing but the unfinished end is kept.

A record is refused alone: one whose quotation marks do not pair up costs its first line, and reading goes on behind it.
"""

import codecs
import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

DELIMITERS = ",;\t"
MOST_RECORD_CHARACTERS = 60_000
MOST_RECORD_LINES = 50
HEAD_BYTES = 65_536
UTF_8, UTF_8_WITH_MARK, WINDOWS = "utf-8", "utf-8-sig", "cp1252"
OTHER_UNICODE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

NEVER_CLOSED = "A quotation mark is opened and never closed."
BADLY_QUOTED = "The quotation marks do not pair up."
TOO_LONG = f"The line is longer than {MOST_RECORD_CHARACTERS} characters."
_UNEXPECTED_END = "unexpected end of data"
"""What the csv module says when the record goes on in the next line."""


class CsvRecord(NamedTuple):
    line: int
    """Where it begins, the heading being line 1."""
    cells: list[str]
    problem: str | None = None


@dataclass(slots=True)
class Sniffer:
    """Looks at a file while it passes by: how it is encoded, how long it is, and its first bytes."""

    size: int = 0
    line_ends: int = 0
    head: bytes = b""
    _utf_8: codecs.IncrementalDecoder | None = field(default_factory=codecs.getincrementaldecoder(UTF_8))

    def look(self, chunk: bytes) -> None:
        self.size += len(chunk)
        self.line_ends += chunk.count(b"\n") or chunk.count(b"\r")
        if len(self.head) < HEAD_BYTES:
            self.head += chunk[: HEAD_BYTES - len(self.head)]
        if self._utf_8:
            try:
                self._utf_8.decode(chunk)
            except UnicodeDecodeError:
                self._utf_8 = None

    @property
    def encoding(self) -> str:
        """UTF-8 when the whole file is, else Windows-1252, which reads anything."""
        if self.head.startswith(codecs.BOM_UTF8) and self._utf_8:
            return UTF_8_WITH_MARK
        return UTF_8 if self._utf_8 else WINDOWS

    @property
    def is_text(self) -> bool:
        return b"\x00" not in self.head and not self.head.startswith(OTHER_UNICODE)


class RecordReader:
    """Feed it bytes in order; it gives back the records that are complete."""

    def __init__(self, *, encoding: str, delimiter: str) -> None:
        decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
        self._decoder = io.IncrementalNewlineDecoder(decoder, translate=True)
        self._delimiter = delimiter
        self._tail = ""
        self._lines: list[str] = []
        self._next_line = 1

    def feed(self, data: bytes, *, final: bool = False) -> list[CsvRecord]:
        """The records that end in `data`; blank ones are left out, broken ones carry their problem."""
        *lines, tail = (self._tail + self._decoder.decode(data, final)).split("\n")
        self._tail = tail[: MOST_RECORD_CHARACTERS + 1]
        if final and tail:
            lines.append(self._tail)
        found: list[CsvRecord] = []
        for line in lines:
            self._lines.append(line)
            self._take_records(found, final=False)
        if final:
            self._take_records(found, final=True)
        return found

    def _take_records(self, found: list[CsvRecord], *, final: bool) -> None:
        while self._lines:
            taken = self._first_record(final=final)
            if taken is None:
                return
            cells, length, problem = taken
            if problem or any(map(str.strip, cells)):
                found.append(CsvRecord(self._next_line, cells, problem))
            del self._lines[:length]
            self._next_line += length

    def _first_record(self, *, final: bool) -> tuple[list[str], int, str | None] | None:
        """Cells, how many lines they took, and what is wrong; None while the record is not complete."""
        if sum(map(len, self._lines)) > MOST_RECORD_CHARACTERS:
            return [], 1, TOO_LONG if len(self._lines) == 1 else NEVER_CLOSED
        reader = csv.reader(
            (f"{line}\n" for line in self._lines), delimiter=self._delimiter, strict=True, skipinitialspace=True
        )
        try:
            return next(reader), reader.line_num, None
        except csv.Error as error:
            is_open = str(error) == _UNEXPECTED_END
        if is_open and not final and len(self._lines) < MOST_RECORD_LINES:
            return None
        return [], 1, NEVER_CLOSED if is_open else BADLY_QUOTED


def heading(head: bytes, *, encoding: str) -> tuple[Sequence[str], str]:
    """The cells of the first record, and the delimiter that gives the most of them; no cells when it is unreadable."""
    best: tuple[Sequence[str], str] = ((), DELIMITERS[0])
    for delimiter in DELIMITERS:
        records = RecordReader(encoding=encoding, delimiter=delimiter).feed(head, final=True)
        cells = records[0].cells if records else []
        if len(cells) > len(best[0]):
            best = cells, delimiter
    return best
