"""Two ways of writing one name, and two people who share an inbox."""

import pytest

from app.domain.personal_names import in_reading_order, is_same_person


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ann Lee", "ANN LEE"),
        ("Ann Lee", "Lee, Ann"),
        ("Ann Lee", "Ann Marie Lee"),
        ("Ann Lee", "Ann M. Lee"),
        ("Ann Lee", "Dr. Ann Lee, DDS"),
        ("Zoë Müller", "Zoe Muller"),
        ("Sean O'Brien", "Sean OBrien"),
        ("Jean-Luc Roy", "Jean Luc Roy"),
        ("Анна Ли", "анна ли"),
        ("Cher", "CHER"),
        ("A B", "A B"),
        ("!?", "!?"),
    ],
)
def test_one_person(one: str, other: str) -> None:
    assert is_same_person(one, other)
    assert is_same_person(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ann Lee", "Bob Lee"),
        ("Ann Lee", "Ann Ray"),
        ("Ann Lee", "Lee"),
        ("Ann Lee", "Anna Lee"),
        ("Ann Lee", "A. Lee"),
        ("Ann Lee", ""),
        ("Ann Lee", "Mr. Jr."),
        ("!?", "!!"),
        ("Ann Lee", "=cmd()"),
    ],
)
def test_another_person(one: str, other: str) -> None:
    assert not is_same_person(one, other)
    assert not is_same_person(other, one)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Lee, Ann", "Ann Lee"),
        ("Lee,Ann Marie", "Ann Marie Lee"),
        ("Ann Lee", "Ann Lee"),
        ("Ann Lee, Jr.", "Ann Lee, Jr."),
        ("Lee, Ann, Jr.", "Lee, Ann, Jr."),
        ("Lee,", "Lee,"),
        (", Ann", ", Ann"),
    ],
)
def test_reading_order(written: str, read: str) -> None:
    assert in_reading_order(written) == read
