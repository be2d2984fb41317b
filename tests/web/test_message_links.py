"""Which addresses in a message become links: our own, whole, and nothing else (trust.md 4.4)."""

import pytest

from app.web.message_links import is_ours, pieces

BASE = "https://crm.example.com"


def links(text: str) -> list[str]:
    return [piece.text for piece in pieces(text, base_url=BASE) if piece.is_link]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"Choose a time: {BASE}/book?t=abc-_1.", [f"{BASE}/book?t=abc-_1"]),
        (f"({BASE}/book) or <{BASE}>", [f"{BASE}/book", BASE]),
        (f"{BASE}/a\n{BASE}/b", [f"{BASE}/a", f"{BASE}/b"]),
        ("https://evil.example/book", []),
        (f"{BASE}.evil.example/book", []),
        (f"{BASE}@evil.example/book", []),
        (f"{BASE}:8443/book", []),
        ("javascript:alert(1)", []),
        ("nothing here", []),
    ],
)
def test_only_our_own_addresses_are_links(text: str, found: list[str]) -> None:
    assert links(text) == found


def test_a_quote_ends_an_address() -> None:
    assert links(f'{BASE}/book"onclick="alert(1)') == [f"{BASE}/book"]


@pytest.mark.parametrize("text", ["", f"a {BASE}/b. c", f"{BASE}", "a\n\nb"])
def test_no_letter_is_lost(text: str) -> None:
    assert "".join(piece.text for piece in pieces(text, base_url=BASE)) == text


def test_the_base_alone_is_ours() -> None:
    assert is_ours(BASE, BASE)
    assert not is_ours("http://crm.example.com", BASE)
