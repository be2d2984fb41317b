"""Reading mail never fails and never runs away, whatever the bytes (trust.md section 3, input; faults 4, 17 and 22)."""

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.channels.email_text import Mail, read_mail
from app.domain.message_text import take_apart
from tests.channels.mails_on_disk import AUTOMATIC, WRITTEN, raw

MAILS = [raw("written", name) for name in WRITTEN] + [raw("automatic", name) for name in AUTOMATIC]
PIECES = [
    *(b"\r\n", b"\n\n", b"--", b";", b"=", b'"', b"<", b">", b"=?", b"?=", b"\x00", b"\xff\xfe", b"\xed\xa0\x80"),
    *(b"charset=", b"charset=\x00;", b"boundary=", b"boundary=;", b"Content-Type: ", b"multipart/", b"message/rfc822"),
    *(b"base64", b"quoted-printable", b"Content-Transfer-Encoding: ", b"From: ", b"Date: ", b"\x1b$B", b"(" * 200),
]
HTML = b"From: a@b.example\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<div>"
PLAIN = b"From: a@b.example\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"


def is_sound(mail: Mail) -> bool:
    """Bounded, and nothing that the store would refuse."""
    texts = (mail.text, mail.quoted, mail.subject, mail.sender_name, *mail.attachments, *mail.headers.values())
    is_clean = all("\x00" not in text and "\ufffd" not in text for text in texts)
    fits = len(mail.text) <= 8_000 and len(mail.quoted) <= 8_000 and len(mail.subject) <= 500
    storable = all(text.encode("utf-8") is not None for text in texts)
    return is_clean and fits and storable and len(mail.references) <= 100 and len(mail.to) <= 50


def nested(depth: int) -> bytes:
    parts = [b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (at, at) for at in range(depth)]
    return b"From: a@b.example\r\n" + b"".join(parts) + b"Content-Type: text/plain\r\n\r\nhello from below\r\n"


class TestAnyBytes:
    @settings(max_examples=400, deadline=None)
    @given(st.binary(max_size=3_000))
    def test_random_bytes(self, noise: bytes) -> None:
        assert is_sound(read_mail(noise))

    @settings(max_examples=200, deadline=None)
    @given(st.binary(max_size=2_000))
    def test_random_bytes_as_a_body(self, noise: bytes) -> None:
        assert is_sound(read_mail(HTML + noise))
        assert is_sound(read_mail(PLAIN + noise))

    @settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.sampled_from(MAILS), st.randoms(use_true_random=False), st.integers(1, 30))
    def test_real_mails_with_bytes_changed(self, mail: bytes, chance: random.Random, changes: int) -> None:
        changed = bytearray(mail)
        for _ in range(changes):
            at = chance.randrange(len(changed) + 1)
            if chance.random() < 0.3:
                del changed[at : at + chance.randint(1, 40)]
            else:
                changed[at:at] = chance.choice([*PIECES, bytes([chance.randrange(256)]), mail[at : at + 80]])
        assert is_sound(read_mail(bytes(changed)))

    @settings(max_examples=300, deadline=None)
    @given(st.text(max_size=2_000))
    def test_any_text_of_any_channel(self, text: str) -> None:
        written = take_apart(text)
        assert len(written.text) <= 8_000
        assert "\x1e" not in written.text

    @pytest.mark.parametrize("cut", range(0, 2_000, 97))
    def test_a_mail_cut_anywhere(self, cut: int) -> None:
        assert is_sound(read_mail(raw("written", "gmail_web_fr")[:cut]))


class TestBounds:
    def test_a_hundred_nested_multiparts_are_read(self) -> None:
        assert read_mail(nested(100)).text == "hello from below"

    @pytest.mark.parametrize("depth", [111, 5_000])
    def test_deeper_ones_end(self, depth: int) -> None:
        assert read_mail(nested(depth)).text == ""

    def test_25_megabytes_of_files_do_not_hide_the_words(self) -> None:
        part = b"--b\r\nContent-Type: image/png; name=x.png\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        file = part + (b"QUFB" * 19 + b"\r\n") * 330_000
        head = b"From: a@b.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        mail = read_mail(head + file + b"--b\r\nContent-Type: text/plain\r\n\r\nafter the picture\r\n--b--\r\n")
        assert mail.text == "after the picture"
        assert mail.attachments == ("x.png",)

    @pytest.mark.parametrize(
        "mail",
        [
            PLAIN + b"\n" * 25_000_000,
            PLAIN + b"a" * 25_000_000,
            PLAIN + b">\n" * 1_000_000,
            PLAIN + b" " * 60_000 + b"x",
            PLAIN + b"On 2026\n" * 20_000,
            PLAIN + b"On a wrote " * 6_000,
            PLAIN + b"From: a\n" * 20_000,
            PLAIN + b"__________\n" * 5_000,
            PLAIN + b"this message " * 6_000,
            PLAIN + b"sent from my " * 6_000,
            HTML + b"<" * 600_000,
            HTML + b"<!--" * 150_000,
            HTML + b"<div>" * 120_000,
            HTML + b"<style>" * 80_000,
            HTML + b"<style>" + b"a," * 150_000 + b"{display:none}</style>",
            HTML + b"<a \"'" * 100_000,
            HTML + b"<a " + b"\"'" * 300_000,
            HTML + b"<div " + b"a " * 250_000 + b">x",
            HTML + b"<ul><li>" * 60_000,
            HTML + b"<a href='http://x.example/'>y</a>" * 15_000,
            b"Content-Type: text/plain" + b"; a=b" * 200_000 + b"\r\n\r\nhi",
            b'Content-Type: text/plain; a="' + b'\\"' * 200_000 + b"\r\n\r\nhi",
            b"Content-Type: text/plain" + b";\r\n a*0=b" * 39_000 + b"\r\n\r\nhi",
            b"Subject: " + b"=?utf-8?q?a?= " * 40_000 + b"\r\n\r\nhi",
            b"From: " + b"<" * 200_000 + b"\r\n\r\nhi",
            b"From: " + b"a@" * 200_000 + b"\r\n\r\nhi",
            b"Authentication-Results: mx.google.com; " + b"(" * 9_000 + b"\r\nFrom: a@b.example\r\n\r\nhi",
            b"From: mailer-daemon@x.example\r\n\r\n" + b"following address " * 20_000,
            b"Content-Type: text/calendar\r\n\r\n" + b"ATTENDEE;" * 100_000,
            b"Content-Type: multipart/mixed; boundary=x\r\n\r\n" + b"--x\r\n\r\na\r\n" * 20_000,
        ],
        ids=range(30),
    )
    def test_nothing_runs_away(self, mail: bytes) -> None:
        """A quadratic pattern needs minutes for these; the limit only catches that."""
        assert is_sound(read_mail(mail))
