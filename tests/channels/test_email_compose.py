"""A mail that every reader understands, and that no text of a patient, a name or a subject can bend (trust.md 4.4)."""

import re
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.channels.base import RecipientRefusedError
from app.channels.email_compose import compose, footer_text
from app.channels.email_headers import one_line, recipient
from app.models.outbox import Attachment
from tests.channels.conftest import mail

MAILBOX = "clinic@example.com"
NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
INVITATION = Attachment(
    filename="visit.ics",
    content_type="text/calendar; method=REQUEST; charset=utf-8",
    content="BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nSUMMARY:Visit at Zähne & Co\r\nEND:VCALENDAR\r\n",
)
HEADERS_ALLOWED = {
    "From", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "X-Outbox-Id", "Auto-Submitted",
    "X-Auto-Response-Suppress", "List-Unsubscribe", "List-Unsubscribe-Post", "MIME-Version", "Content-Type",
    "Content-Transfer-Encoding",
}  # fmt: skip


def written(**changes: Any) -> bytes:
    return compose(mail(**changes), mailbox=MAILBOX, now=NOW)


def read(**changes: Any) -> EmailMessage:
    """The mail as its reader parses it."""
    return message_from_bytes(written(**changes), policy=policy.default)


def body_of(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    content: str = part.get_content()
    return content.replace("\r\n", "\n")


class Links(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.tags: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.targets += [value or "" for name, value in attrs if name in ("href", "src", "background")]


class TestHeaders:
    def test_exactly(self) -> None:
        message = read()
        assert dict(message.items()) | {"Content-Type": ""} == {
            "From": f"Bright Smiles <{MAILBOX}>",
            "To": "pat@example.net",
            "Subject": "Your next visit",
            "Date": "Mon, 23 Nov 2026 15:00:00 +0000",
            "Message-ID": "<65f0c0ffee0c0ffee0c0ffee@example.com>",
            "X-Outbox-Id": "65f0c0ffee0c0ffee0c0ffee",
            "Auto-Submitted": "auto-generated",
            "X-Auto-Response-Suppress": "All",
            "List-Unsubscribe": "<https://crm.example.com/u/a-token>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "MIME-Version": "1.0",
            "Content-Type": "",
        }

    def test_ids_and_links_longer_than_a_line_stay_whole(self) -> None:
        long_id = f"<{'a' * 120}@mail.prod.outlook.example>"
        others = tuple(f"<{number}{'b' * 90}@mail.example>" for number in range(4))
        url = f"https://crm.example.com/u/{'t' * 300}"
        raw = written(in_reply_to=long_id, references=others, unsubscribe_url=url)
        assert b"=?" not in raw.partition(b"\r\n\r\n")[0]
        message = message_from_bytes(raw, policy=policy.default)
        assert message["In-Reply-To"] == long_id
        assert message["References"].split() == [*others, long_id]
        assert message["List-Unsubscribe"] == f"<{url}>"
        assert max(map(len, raw.split(b"\r\n"))) < 998

    def test_of_a_long_thread_the_first_and_the_newest_are_named(self) -> None:
        thread = tuple(f"<{number}@example.net>" for number in range(60))
        named = read(references=thread, in_reply_to=thread[-1])["References"].split()
        assert (len(named), named[0], named[1], named[-1]) == (20, thread[0], thread[41], thread[59])

    def test_an_answer_without_known_references_names_what_it_answers(self) -> None:
        assert read(in_reply_to="<1@example.net>")["References"] == "<1@example.net>"

    @pytest.mark.parametrize(
        "hostile",
        ["<a@b>\r\nBcc: x@y.com", "a@b", "<a b@c>", "<é@c>", "<>", "", f"<{'a' * 600}@b>", "<a@b><c@d>"],
    )
    def test_an_id_that_is_none_is_left_out(self, hostile: str) -> None:
        message = read(in_reply_to=hostile, references=(hostile, "<fine@example.net>"))
        assert (message["In-Reply-To"], message["References"]) == (None, "<fine@example.net>")

    def test_nothing_is_offered_where_there_is_nothing_to_stop(self) -> None:
        message = read(unsubscribe_url=None)
        assert (message["List-Unsubscribe"], message["List-Unsubscribe-Post"]) == (None, None)
        assert "Stop these" not in body_of(message, "plain") + body_of(message, "html")

    def test_one_click_is_offered_over_https_only(self) -> None:
        message = read(unsubscribe_url="http://127.0.0.1:8000/u/t")
        assert message["List-Unsubscribe"] is None
        assert "http://127.0.0.1:8000/u/t" in body_of(message, "plain")

    @pytest.mark.parametrize(
        "subject",
        ["Votre visite à Zürich, très bientôt ✓", "日本語の件名" * 20, "a" * 300, "Ünïcødé " * 40, "plain"],
    )
    def test_any_subject_survives(self, subject: str) -> None:
        raw = written(subject=subject)
        assert message_from_bytes(raw, policy=policy.default)["Subject"] == subject.strip()
        raw.partition(b"\r\n\r\n")[0].decode("ascii")


HOSTILE_LINES = [
    "Hello\r\nBcc: evil@example.org",
    "Hello\nX-Outbox-Id: " + "e" * 24,
    "a\u2028b\u2029c\x85d\x0be\x0cf",
    "=?utf-8?q?a=0D=0ABcc:_evil@example.org?=",
    "=?utf-8?q?evil=2C?=",
    '"quoted", comma <evil@example.org>, (comment) \\',
    "Zähne, Müller <evil@example.org>",
    "\x00\x07\ud800null",
    "é" * 300 + ", <evil@example.org>",
]


class TestHostileLines:
    @pytest.mark.parametrize("text", HOSTILE_LINES)
    @pytest.mark.parametrize("where", ["subject", "sender_name"])
    def test_no_header_no_recipient_no_sender_is_smuggled_in(self, text: str, where: str) -> None:
        message = read(**{where: text})
        assert set(message.keys()) <= HEADERS_ALLOWED
        assert [address.addr_spec for address in message["To"].addresses] == ["pat@example.net"]
        assert [address.addr_spec for address in message["From"].addresses] == [MAILBOX]
        assert message["X-Outbox-Id"] == "65f0c0ffee0c0ffee0c0ffee"

    @given(st.text(max_size=80), st.text(max_size=80), st.text(max_size=200))
    @settings(max_examples=150, deadline=None)
    def test_whatever_is_written(self, subject: str, name: str, body: str) -> None:
        raw = written(subject=subject, sender_name=name, body=body)
        raw.decode("ascii")
        message = message_from_bytes(raw, policy=policy.default)
        assert set(message.keys()) <= HEADERS_ALLOWED
        assert [address.addr_spec for address in message["From"].addresses] == [MAILBOX]
        assert [address.addr_spec for address in message["To"].addresses] == ["pat@example.net"]

    @pytest.mark.parametrize(
        "address",
        [
            "a@example.net, b@example.net", "a@example.net b@example.net", "a@example.net;b@example.net", "nobody", "",
            "Pat <a@example.net>", "a@example.net\r\nBcc: b@example.org", "a@example.net\n", " a@example.net",
            '"a b"@example.net', "a@[127.0.0.1]", "@example.net", "a@", "group: a@example.net;", "jörg@example.net",
        ],
    )  # fmt: skip
    def test_what_is_not_exactly_one_address_is_refused(self, address: str) -> None:
        with pytest.raises(RecipientRefusedError) as failure:
            recipient(address)
        assert "@example" not in str(failure.value)

    def test_a_domain_in_another_script_is_written_as_it_travels(self) -> None:
        assert recipient("pat@zähne.example").addr_spec == "pat@xn--zhne-loa.example"

    def test_a_line_break_becomes_a_space(self) -> None:
        assert one_line(" a\r\n\tb\u2028c\x0bd\x00e ") == "a b c de"


class TestBodies:
    def test_both_say_the_same_with_the_same_footer(self) -> None:
        message = read()
        text, html = body_of(message, "plain"), body_of(message, "html")
        for words in ("shall we plan a visit?", "Bright Smiles", "1 Main Street", "Albany, NY 12207"):
            assert words in text
            assert words in html
        assert text.rstrip().endswith(footer_text(mail()))
        assert set(Links(html).targets) == {"https://crm.example.com/book?t=abc", "https://crm.example.com/u/a-token"}

    def test_footer(self) -> None:
        assert footer_text(mail()).splitlines() == [
            "-- ",
            "Bright Smiles",
            "1 Main Street",
            "Albany, NY 12207",
            "Stop these messages: https://crm.example.com/u/a-token",
        ]
        assert footer_text(mail(unsubscribe_url=None, sender_name="", postal_address=" \n")) == ""

    def test_the_footer_speaks_the_language_of_the_message(self) -> None:
        french = mail(headers={"X-Outbox-Id": "1", "Content-Language": "fr-CA"})
        assert "Ne plus recevoir ces messages: https://" in footer_text(french)
        assert '<html lang="fr">' in body_of(read(headers=french.headers), "html")
        assert "Stop these" in footer_text(mail(headers={"Content-Language": "tlh"}))

    def test_markup_is_shown_as_text(self) -> None:
        attack = '<script>alert(1)</script> <img src="https://evil.example/x.png"> "><b onload=x>'
        html = body_of(read(body=attack, sender_name=attack, postal_address=attack, subject=attack), "html")
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
        assert {"script", "img", "b"}.isdisjoint(Links(html).tags)

    def test_a_script_link_is_no_link(self) -> None:
        html = body_of(read(body="javascript:alert(1) data:text/html,x file:///etc/passwd"), "html")
        assert Links(html).targets == ["https://crm.example.com/u/a-token"]

    def test_links_keep_their_parameters_and_lose_the_full_stop(self) -> None:
        html = body_of(read(body="See https://crm.example.com/book?a=1&b=2. Or (https://crm.example.com/m/x)."), "html")
        assert Links(html).targets[:2] == ["https://crm.example.com/book?a=1&b=2", "https://crm.example.com/m/x"]

    def test_nothing_is_loaded_and_nobody_is_followed(self) -> None:
        html = body_of(read(), "html")
        assert {"img", "link", "script", "iframe", "form"}.isdisjoint(Links(html).tags)
        assert not re.search(r"url\(|@import|src=", html)

    def test_it_can_be_read_in_the_dark(self) -> None:
        html = body_of(read(), "html")
        assert '<meta name="color-scheme" content="light dark">' in html
        assert not re.search(r"[^-]color\s*:\s*#|background", html)  # no colour that a dark page would swallow

    @pytest.mark.parametrize("body", ["é ✓ 日本", "x" * 5_000, "a\r\nb\n\n\n\nc", "", "\ud800", ".\r\n.\r\n"])
    def test_any_body_survives(self, body: str) -> None:
        raw = written(body=body)
        assert max(map(len, raw.split(b"\r\n"))) <= 998
        text = body_of(message_from_bytes(raw, policy=policy.default), "plain")
        assert body.encode("utf-8", "replace").decode().strip().splitlines() == text.split("\n\n-- \n")[0].splitlines()


class TestInvitations:
    def test_is_an_alternative_with_its_method_and_a_file(self) -> None:
        message = read(attachments=(INVITATION,))
        kinds = [part.get_content_type() for part in message.walk()]
        assert kinds == [
            "multipart/mixed",
            "multipart/alternative",
            "text/plain",
            "text/html",
            "text/calendar",
            "application/ics",
        ]
        [calendar] = [part for part in message.walk() if part.get_content_type() == "text/calendar"]
        assert (calendar.get_param("method"), calendar.get_content_charset()) == ("REQUEST", "utf-8")
        [file] = message.iter_attachments()
        assert file.get_filename() == "visit.ics"
        assert file.get_content() == INVITATION.content.encode()

    def test_its_lines_end_as_calendars_want_them(self) -> None:
        raw = written(attachments=(INVITATION,))
        [calendar] = [p for p in message_from_bytes(raw).walk() if p.get_content_type() == "text/calendar"]
        assert calendar.get_payload(decode=True) == INVITATION.content.encode()

    def test_a_cancellation(self) -> None:
        gone = Attachment(filename="visit.ics", content_type="text/calendar; charset=utf-8; method=CANCEL", content="X")
        [calendar] = [p for p in read(attachments=(gone,)).walk() if p.get_content_type() == "text/calendar"]
        assert calendar.get_param("method") == "CANCEL"

    def test_another_file_is_only_a_file(self) -> None:
        note = Attachment(filename='re\r\nport".txt', content_type="text/plain; charset=utf-8", content="Grüße")
        message = read(attachments=(note,))
        [file] = message.iter_attachments()
        assert (file.get_content_type(), file.get_payload(decode=True)) == ("text/plain", "Grüße".encode())
        assert set(message.keys()) <= HEADERS_ALLOWED
