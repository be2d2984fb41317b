"""From bytes to values: lines that stay countable whatever is broken, and cells that are never guessed."""

import csv
import io
from datetime import UTC, date, datetime
from typing import Any

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.import_columns import ImportField
from app.models.clinic import Clinic
from app.models.enums import DateFormat, PatientType
from app.services.imports.cells import READERS, CellError, Reading
from app.services.imports.csv_text import (
    BADLY_QUOTED,
    MOST_RECORD_CHARACTERS,
    MOST_RECORD_LINES,
    NEVER_CLOSED,
    TOO_LONG,
    CsvRecord,
    RecordReader,
    Sniffer,
    heading,
)
from app.services.imports.seen import Seen

F = ImportField


def read(text: str | bytes, *, delimiter: str = ",", encoding: str = "utf-8", step: int = 7) -> list[CsvRecord]:
    """All records, fed in small pieces."""
    raw = text.encode(encoding) if isinstance(text, str) else text
    reader = RecordReader(encoding=encoding, delimiter=delimiter)
    found = [record for at in range(0, len(raw), step) for record in reader.feed(raw[at : at + step])]
    return found + reader.feed(b"", final=True)


def lines(text: str | bytes) -> list[tuple[int, list[str] | str]]:
    return [(record.line, record.problem or record.cells) for record in read(text)]


class TestRecords:
    @given(
        st.lists(st.lists(st.text(alphabet='ab,;"\n ü', max_size=5), min_size=2, max_size=4), max_size=8),
        st.integers(1, 40),
    )
    @settings(max_examples=200, deadline=None)
    def test_what_the_csv_module_writes_is_read_back_from_any_pieces(self, rows: list[list[str]], step: int) -> None:
        written = io.StringIO(newline="")
        csv.writer(written, quoting=csv.QUOTE_ALL).writerows(rows)
        records = read(written.getvalue(), step=step)
        assert [record.cells for record in records] == [row for row in rows if any(map(str.strip, row))]

    @pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
    def test_ends_of_lines(self, end: str) -> None:
        assert lines(end.join(["a,b", "", '"c', 'd",e', "f,g"])) == [
            (1, ["a", "b"]),
            (3, ["c\nd", "e"]),
            (5, ["f", "g"]),
        ]

    def test_a_broken_record_costs_its_first_line_only(self) -> None:
        text = 'a,b\n"open,x\nc,d\n"q" r,s\n5" pipe,t\n"last,one\ne,f\n'
        assert lines(text) == [
            (1, ["a", "b"]),
            (2, BADLY_QUOTED),
            (3, ["c", "d"]),
            (4, BADLY_QUOTED),
            (5, ['5" pipe', "t"]),
            (6, NEVER_CLOSED),
            (7, ["e", "f"]),
        ]

    def test_a_quotation_mark_does_not_swallow_the_rest_of_a_long_file(self) -> None:
        many = MOST_RECORD_LINES * 3
        found = lines('"open,x\n' + "c,d\n" * many)
        assert found[0] == (1, NEVER_CLOSED)
        assert len(found) == many + 1

    def test_a_line_without_end_is_one_broken_record(self) -> None:
        found = read("a" * (MOST_RECORD_CHARACTERS * 3) + "\nb,c\n", step=50_000)
        assert [(record.line, record.problem) for record in found] == [(1, TOO_LONG), (2, None)]

    def test_bytes_that_no_encoding_knows_are_marked(self) -> None:
        assert read(b"a,\x81\n", encoding="cp1252")[0].cells == ["a", "\ufffd"]


class TestSniffer:
    @pytest.mark.parametrize(
        ("content", "encoding", "is_text"),
        [
            (b"name\nAnn\n", "utf-8", True),
            ("näme".encode(), "utf-8", True),
            ("\ufeffname".encode(), "utf-8-sig", True),
            ("näme".encode("cp1252"), "cp1252", True),
            ("name".encode("utf-16"), "cp1252", False),
            (b"PK\x00", "utf-8", False),
        ],
    )
    def test_encodings(self, content: bytes, encoding: str, is_text: bool) -> None:
        sniffer = Sniffer()
        for at in range(len(content)):  # a sign of several bytes comes in pieces
            sniffer.look(content[at : at + 1])
        assert (sniffer.encoding, sniffer.is_text, sniffer.size) == (encoding, is_text, len(content))

    def test_windows_letters_far_behind_the_head_count(self) -> None:
        sniffer = Sniffer()
        sniffer.look(b"name\n" * 50_000)
        sniffer.look(b"M\xfcller\n")
        assert sniffer.encoding == "cp1252"

    @pytest.mark.parametrize(
        ("text", "delimiter", "cells"),
        [
            ("a,b;c\n", ",", ["a", "b;c"]),
            ("a;b,c;d\n", ";", ["a", "b,c", "d"]),
            ("a\tb\tc\n", "\t", ["a", "b", "c"]),
            ('"a,b,c";d;e\n', ",", None),
            ("alone\n", ",", ["alone"]),
        ],
    )
    def test_the_delimiter_that_gives_most_cells(self, text: str, delimiter: str, cells: list[str] | None) -> None:
        found = heading(text.encode(), encoding="utf-8")
        if cells is None:  # the comma stands inside quotation marks
            assert found == (["a,b,c", "d", "e"], ";")
        else:
            assert found == (cells, delimiter)


def reading(date_format: DateFormat = DateFormat.ISO) -> Reading:
    return Reading(
        clinic=Clinic.model_construct(region="US"),
        date_format=date_format,
        patient_type=PatientType.EXISTING,
        today=date(2026, 11, 23),
    )


def cell(field: ImportField, text: str, date_format: DateFormat = DateFormat.ISO) -> Any:
    return READERS[field](text, reading(date_format))


def day(year: int, month: int, of_month: int) -> datetime:
    return datetime(year, month, of_month, tzinfo=UTC)


class TestDates:
    @pytest.mark.parametrize(
        ("text", "date_format", "expected"),
        [
            ("2026-04-03", "iso", day(2026, 4, 3)),
            ("2026-04-03", "mdy", day(2026, 4, 3)),
            ("2026-04-03T00:00:00", "iso", day(2026, 4, 3)),
            ("03/04/2026", "dmy", day(2026, 4, 3)),
            ("03/04/2026", "mdy", day(2026, 3, 4)),
            ("3.4.2026", "dmy", day(2026, 4, 3)),
            ("3/4/2026 12:00:00 AM", "mdy", day(2026, 3, 4)),
            ("3/4/2026 0:00", "mdy", day(2026, 3, 4)),
            ("0001-01-01", "iso", None),
            ("01/01/0001", "mdy", None),
            ("0000-00-00", "iso", None),
        ],
    )
    def test_read_as_stated(self, text: str, date_format: str, expected: datetime | None) -> None:
        assert cell(F.NEXT_FOLLOW_UP_DATE, text, DateFormat(date_format)) == expected

    @pytest.mark.parametrize(
        ("text", "date_format"),
        [
            ("03/04/2026", "iso"),
            ("13/13/2026", "dmy"),
            ("31/12/2026", "mdy"),
            ("03/04/26", "dmy"),
            ("03/04-2026", "dmy"),
            ("2026-02-30", "iso"),
            ("1899-12-31", "iso"),
            ("2200-01-01", "iso"),
            ("2026-04-03T10:30:00", "iso"),
            ("45000", "iso"),
            ("٢٠٢٦-٠٤-٠٣x", "iso"),
        ],
    )
    def test_never_guessed(self, text: str, date_format: str) -> None:
        with pytest.raises(CellError):
            cell(F.NEXT_FOLLOW_UP_DATE, text, DateFormat(date_format))

    def test_birth_and_last_visit_do_not_lie_ahead(self) -> None:
        for field in (F.DATE_OF_BIRTH, F.LAST_VISIT_ON):
            assert cell(field, "2026-11-23") == day(2026, 11, 23)
            with pytest.raises(CellError, match="future"):
                cell(field, "2026-11-24")


class TestAddresses:
    @pytest.mark.parametrize(
        "text",
        [
            "Ann.Lee+x@Example.COM",
            "a_b-c@mail.example.co.uk",
            "zoë@example.com",
            "ann@münchen.example",
            '"quoted"@example.com',
            "ann@localhost",
            "ann@example",
            "ann@example.test",
            "ann@-example.com",
            "ann@exam_ple.com",
            "ann@example..com",
            "ann@.example.com",
            "ann@example.com.",
            "ann..lee@example.com",
            ".ann@example.com",
            "ann.@example.com",
            "a" * 64 + "@example.com",
            "a" * 65 + "@example.com",
            "ann@" + "b" * 63 + ".com",
            "ann@" + "b" * 64 + ".com",
            "ann@" + ".".join(["b" * 60] * 4) + ".com",
            "ann@[127.0.0.1]",
            "ann@127.0.0.1",
            "ann@xn--mnchen-3ya.de",
            "a@example.com; b@example.com",
            "ann@example.com\nBcc: x@example.com",
            "ann",
            "@",
        ],
    )
    def test_the_short_way_answers_as_the_library_does(self, text: str) -> None:
        try:
            expected = validate_email(text, check_deliverability=False).normalized.lower()
        except EmailNotValidError:
            with pytest.raises(CellError, match="is not one e-mail address"):
                cell(F.EMAIL, text)
        else:
            assert cell(F.EMAIL, text) == expected

    @given(st.from_regex(r"[a-zA-Z0-9._+-]{1,12}@[a-zA-Z0-9.-]{1,12}", fullmatch=True))
    @settings(max_examples=300, deadline=None)
    def test_for_any_simple_looking_text(self, text: str) -> None:
        self.test_the_short_way_answers_as_the_library_does(text)

    @pytest.mark.parametrize("text", ["2025550142", "(202) 555-0142", "+1 202 555 0142", "202.555.0142 x12"])
    def test_phones_are_read_in_the_clinics_country(self, text: str) -> None:
        assert cell(F.PHONE, text) == "+12025550142"

    @pytest.mark.parametrize("text", ["12", "call me", "+1202555014299999", "1" * 40])
    def test_what_is_no_phone(self, text: str) -> None:
        with pytest.raises(CellError):
            cell(F.PHONE, text)


class TestOtherCells:
    @pytest.mark.parametrize(
        ("field", "text", "expected"),
        [
            (F.PREFERRED_CHANNEL, "Text Message", ["sms"]),
            (F.PREFERRED_CHANNEL, "sms; E-Mail;sms", ["sms", "email"]),
            (F.PATIENT_TYPE, "Cold Lead", "COLD_LEAD"),
            (F.LANGUAGE, "Spanish", "es"),
            (F.LANGUAGE, "en-US", "en"),
            (F.ESTIMATED_VALUE, "$1,250.50", 1250.5),
            (F.ESTIMATED_VALUE, "0", 0.0),
            (F.ESTIMATED_VALUE, "10000000", 10_000_000.0),
            (F.OPT_OUT, "YES", "all"),
            (F.OPT_OUT, "text", "sms"),
            (F.OPT_OUT, "No", None),
            (F.NOTES, "one\ntwo\tthree", "one\ntwo\tthree"),
            (F.NOTES, "x" * 1_000, "x" * 1_000),
            (F.PROCEDURE, "=cmd|' /C calc'!A0", "=cmd|' /C calc'!A0"),
        ],
    )
    def test_read(self, field: ImportField, text: str, expected: object) -> None:
        assert cell(field, text) == expected

    @pytest.mark.parametrize(
        ("field", "text"),
        [
            (F.NAME, "x" * 201),
            (F.NAME, "Ann\nLee"),
            (F.NAME, "Ann\u2028Lee"),
            (F.NAME, "Ann\x00"),
            (F.NAME, "Ann\ufffd"),
            (F.NOTES, "x" * 1_001),
            (F.NOTES, "bell\x07"),
            (F.PREFERRED_CHANNEL, "email, pigeon"),
            (F.PREFERRED_CHANNEL, ";"),
            (F.PATIENT_TYPE, "VIP"),
            (F.LANGUAGE, "klingon"),
            (F.ESTIMATED_VALUE, "1.250,50"),
            (F.ESTIMATED_VALUE, "1,25"),
            (F.ESTIMATED_VALUE, "-1"),
            (F.ESTIMATED_VALUE, "1e400"),
            (F.ESTIMATED_VALUE, "NaN"),
            (F.ESTIMATED_VALUE, "10000000.01"),
            (F.ESTIMATED_VALUE, "9" * 5_000),
            (F.OPT_OUT, "maybe"),
        ],
    )
    def test_refused(self, field: ImportField, text: str) -> None:
        with pytest.raises(CellError):
            cell(field, text)


class TestSeen:
    def test_a_batch_counts_when_it_is_committed(self) -> None:
        """A transaction may run several times: what its first run saw must not refuse its second."""
        seen = Seen()
        first = Seen(seen)
        first.add(["a@example.com"], line=7, fingerprint=1)
        assert Seen(seen).find(["a@example.com"], 1) is None
        first.commit()
        assert Seen(seen).find(["other", "a@example.com"], 1) == (7, True)
        assert Seen(seen).find(["a@example.com"], 2) == (7, False)

    def test_the_first_line_is_named(self) -> None:
        seen = Seen()
        seen.add(["a", "b"], line=3, fingerprint=-5)
        seen.add(["b", "c"], line=9, fingerprint=8)
        assert seen.find(["c", "b"], -5) == (3, True)
        assert seen.find(["c"], 8) == (9, True)
