"""Twilio's signature against the vectors that Twilio publishes, and every way of getting it wrong (stack.md 2h)."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.twilio_signature import is_genuine, is_genuine_body, signature

TOKEN, URL = "12345", "https://mycompany.com/myapp.php?foo=1&bar=2"
CALL = [
    ("CallSid", "CA1234567890ABCDE"),
    ("Caller", "+14158675309"),
    ("Digits", "1234"),
    ("From", "+14158675309"),
    ("To", "+18005551212"),
]
PUBLISHED = "RSOYDt4T1cUTdK1PDd93/VVr8B8="
BODY = b'{"property": "value", "boolean": true}'
BODY_URL = f"{URL}&bodySHA256=0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"
BODY_PUBLISHED = "a9nBmqA0ju/hNViExpshrM61xv4="


def genuine(given: str, **changes: object) -> bool:
    values: dict[str, object] = {"tokens": [TOKEN], "url": URL, "params": CALL}
    return is_genuine(given, **(values | changes))  # type: ignore[arg-type]  # of mixed types


class TestForms:
    def test_the_published_vector(self) -> None:
        assert signature(TOKEN, URL, CALL) == PUBLISHED
        assert genuine(PUBLISHED)

    def test_the_order_of_parameters_does_not_matter(self) -> None:
        assert genuine(PUBLISHED, params=CALL[::-1])

    def test_values_that_repeat_are_sorted_and_count_once(self) -> None:
        digits = [("Digits", "5678"), ("Digits", "1234"), ("Digits", "1234")]
        assert signature(TOKEN, URL, digits) == signature(TOKEN, URL + "Digits1234Digits5678", [])

    @pytest.mark.parametrize(
        "changes",
        [
            {"url": URL.replace("https", "http")},
            {"url": URL + "&x=1"},
            {"url": URL.replace("mycompany", "yourcompany")},
            {"url": URL.split("?", maxsplit=1)[0]},
            {"params": CALL[:-1]},
            {"params": [*CALL, ("Extra", "")]},
            {"params": [*CALL[:-1], ("To", "+18005551213")]},
            {"tokens": ["54321"]},
            {"tokens": []},
            {"tokens": [""]},
        ],
    )
    def test_anything_else_is_refused(self, changes: dict[str, object]) -> None:
        assert not genuine(PUBLISHED, **changes)

    @pytest.mark.parametrize(
        "given", ["", PUBLISHED[:-1], PUBLISHED.lower(), PUBLISHED + " ", "é", "\udcff", "=" * 9_000]
    )
    def test_another_text_is_refused(self, given: str) -> None:
        assert not genuine(given)

    @pytest.mark.parametrize("token", ["12345", "the-next-one"])
    def test_both_tokens_are_good_during_a_rotation(self, token: str) -> None:
        assert genuine(signature(token, URL, CALL), tokens=["12345", "the-next-one"])

    @given(st.lists(st.tuples(st.text(max_size=8), st.text(max_size=8)), max_size=8))
    def test_whatever_was_signed_is_recognised(self, params: list[tuple[str, str]]) -> None:
        printable = [(n.encode(errors="replace").decode(), v.encode(errors="replace").decode()) for n, v in params]
        assert genuine(signature(TOKEN, URL, printable), params=printable)


class TestPorts:
    @pytest.mark.parametrize(
        ("signed", "configured"),
        [
            ("https://crm.example.com/a?b=1", "https://crm.example.com:443/a?b=1"),
            ("https://crm.example.com:443/a?b=1", "https://crm.example.com/a?b=1"),
            ("http://crm.example.com:80/a", "http://crm.example.com/a"),
            ("https://crm.example.com:8443/a", "https://crm.example.com:8443/a"),
            ("https://crm.example.com/a", "https://crm.example.com:8443/a"),  # some of Twilio's services leave it out
            ("https://[2001:db8::1]:443/a", "https://[2001:db8::1]/a"),
        ],
    )
    def test_the_port_may_be_written_or_left_out(self, signed: str, configured: str) -> None:
        assert genuine(signature(TOKEN, signed, CALL), url=configured)

    def test_another_port_is_another_address(self) -> None:
        signed = signature(TOKEN, "https://crm.example.com:8444/a", CALL)
        assert not genuine(signed, url="https://crm.example.com:8443/a")


class TestBodies:
    def test_the_published_vector(self) -> None:
        assert is_genuine_body(BODY_PUBLISHED, tokens=[TOKEN], url=BODY_URL, body=BODY)

    @pytest.mark.parametrize(
        ("url", "body"),
        [
            (BODY_URL, BODY + b" "),
            (BODY_URL, b""),
            (URL, BODY),
            (BODY_URL.replace("0a1ff", "0a1fe"), BODY),
        ],
    )
    def test_another_body_or_digest_is_refused(self, url: str, body: bytes) -> None:
        assert not is_genuine_body(BODY_PUBLISHED, tokens=[TOKEN], url=url, body=body)

    @pytest.mark.parametrize("address", [URL, f"{URL}&bodySHA256=", f"{URL}&bodySHA256={'0' * 64}"])
    def test_a_good_signature_over_no_digest_is_not_enough(self, address: str) -> None:
        assert not is_genuine_body(signature(TOKEN, address, []), tokens=[TOKEN], url=address, body=BODY)

    def test_an_upper_case_digest_is_the_same(self) -> None:
        address = f"{URL}&bodySHA256={hashlib.sha256(BODY).hexdigest().upper()}"
        assert is_genuine_body(signature(TOKEN, address, []), tokens=[TOKEN], url=address, body=BODY)
