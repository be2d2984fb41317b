"""Headings find their fields by the table or by choice; what is doubtful is refused."""

import pytest

from app.domain.import_columns import HEADINGS, RANKED, ImportField, assign

F = ImportField
COMPLETE = ["name", "email"]


def fields(headers: list[str], **chosen: ImportField | None) -> list[ImportField | None]:
    return [column.field for column in assign(headers, chosen).columns]


def problems(headers: list[str], **chosen: ImportField | None) -> list[str]:
    return [problem.field for problem in assign(headers, chosen).problems]


class TestTable:
    def test_every_field_is_known_by_its_own_name(self) -> None:
        assert [fields([field.value])[0] for field in F if field not in (F.FIRST_NAME, F.LAST_NAME)] == [
            field for field in F if field not in (F.FIRST_NAME, F.LAST_NAME)
        ]
        assert fields(["first_name", "last_name"]) == [F.FIRST_NAME, F.LAST_NAME]

    def test_no_heading_stands_for_two_fields(self) -> None:
        words = [word for text in HEADINGS.values() for word in text.split()]
        assert len(words) == len(set(words))
        assert set(words) <= set(RANKED)

    @pytest.mark.parametrize("header", ["E-Mail", "EMAIL ", "e_mail", "Email Address"])
    def test_signs_spaces_and_case_do_not_matter(self, header: str) -> None:
        assert fields(["name", header]) == [F.NAME, F.EMAIL]

    def test_several_phones_are_read_mobile_first(self) -> None:
        layout = assign(["name", "HmPhone", "Work Phone", "WirelessPhone", "City"], {})
        assert layout.positions(F.PHONE) == (3, 1, 2)
        assert layout.columns[4].field is None

    @pytest.mark.parametrize(
        ("headers", "expected"),
        [
            (["Name", "LName", "FName", "email"], [None, F.LAST_NAME, F.FIRST_NAME, F.EMAIL]),
            (["Name", "FName", "email"], [F.NAME, None, F.EMAIL]),
        ],
    )
    def test_one_kind_of_name_is_read(self, headers: list[str], expected: list[ImportField | None]) -> None:
        assert fields(headers) == expected
        assert problems(headers) == []


class TestChoice:
    def test_a_chosen_column_is_the_only_one_of_its_field(self) -> None:
        assert fields(["name", "email", "second"], second=F.EMAIL) == [F.NAME, None, F.EMAIL]
        assert fields(["name", "phone", "second", "email"], second=F.PHONE) == [F.NAME, None, F.PHONE, F.EMAIL]

    def test_a_column_can_be_left_out(self) -> None:
        assert fields([*COMPLETE, "notes"], notes=None) == [F.NAME, F.EMAIL, None]

    def test_a_chosen_name_puts_the_parts_aside_and_the_other_way_round(self) -> None:
        assert fields(["who", "LName", "FName", "email"], who=F.NAME) == [F.NAME, None, None, F.EMAIL]
        assert fields(["name", "a", "b", "email"], a=F.FIRST_NAME, b=F.LAST_NAME) == [
            None,
            F.FIRST_NAME,
            F.LAST_NAME,
            F.EMAIL,
        ]


class TestProblems:
    @pytest.mark.parametrize(
        ("headers", "expected"),
        [
            (COMPLETE, []),
            (["name", "phone"], []),
            (["name"], ["email"]),
            (["email"], ["name"]),
            (["last name", "email"], ["name"]),
            ([*COMPLETE, "E-Mail"], ["email"]),
            ([*COMPLETE, "dob", "birthday"], ["date_of_birth"]),
            ([*COMPLETE, "City", "City", ""], []),
            ([], ["name", "email"]),
        ],
    )
    def test_missing_and_doubtful_columns(self, headers: list[str], expected: list[str]) -> None:
        assert problems(headers) == expected

    @pytest.mark.parametrize("headers", [COMPLETE, [*COMPLETE, "ghost", "ghost"]])
    def test_a_chosen_heading_must_be_there_exactly_once(self, headers: list[str]) -> None:
        assert "column.1" in problems(headers, ghost=F.NOTES)

    def test_two_choices_for_one_field_contradict(self) -> None:
        assert problems([*COMPLETE, "a", "b"], a=F.NOTES, b=F.NOTES) == ["notes"]
