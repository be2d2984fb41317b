"""Reading mail: what a person typed, out of every shape of e-mail (agent.md sections 2 and 4, type 1)."""

import base64
from datetime import UTC, datetime

import pytest

from app.channels.email_reports import CalendarReply
from app.channels.email_text import read_mail
from tests.channels.mails_on_disk import FOLDER, WRITTEN, expected, raw

OURS = "<CAF0x8842.1763302353.out-41@brightsmile.example>"
TEN_IN_NEW_YORK = datetime(2026, 11, 24, 15, tzinfo=UTC)


def plain(body: str, *headers: str) -> bytes:
    return "\r\n".join(["From: a@b.example", *headers, "", body]).encode()


class TestVisibleText:
    def test_there_are_enough_shapes(self) -> None:
        assert len(WRITTEN) >= 60
        assert {path.stem for path in (FOLDER / "written").glob("*.txt")} == set(WRITTEN)

    @pytest.mark.parametrize("name", WRITTEN)
    def test_only_what_the_sender_typed_is_read(self, name: str) -> None:
        assert read_mail(raw("written", name)).text == expected(name)

    @pytest.mark.parametrize("name", [name for name in WRITTEN if b"STOP to hear" in raw("written", name)])
    def test_the_stop_word_of_our_own_footer_never_counts(self, name: str) -> None:
        assert "STOP" not in read_mail(raw("written", name)).text

    def test_what_was_cut_is_kept_beside(self) -> None:
        mail = read_mail(raw("written", "only_an_ok_above_the_quote"))
        assert mail.text == "ok"
        assert "Would you like to come in?" in mail.quoted
        assert not mail.quoted.startswith(">")

    def test_two_mails_of_one_sender_are_the_same_text_on_every_reading(self) -> None:
        mail = raw("written", "thunderbird_es_interleaved")
        assert read_mail(mail) == read_mail(mail)

    def test_text_is_capped(self) -> None:
        mail = read_mail(plain("word " * 5_000 + "\r\n> quoted\r\n" * 3_000))
        assert len(mail.text) <= 8_000
        assert len(mail.quoted) <= 8_000


class TestEnvelope:
    def test_a_reply_names_what_it_answers(self) -> None:
        mail = read_mail(raw("written", "gmail_web_es"))
        assert mail.in_reply_to == OURS
        assert mail.references == (OURS,)
        assert mail.message_id == "<12c92dcbadb5f55e79b5@gmail.example>"
        assert mail.sender == "lucia.fernandez@gmail.example"
        assert mail.sender_name == "Lucía Fernández"
        assert mail.to == ("hello@brightsmile.example",)
        assert mail.subject == "Re: Your check-up at Bright Smile Dental"
        assert mail.sent_at == datetime(2026, 11, 16, 15, 14, 5, tzinfo=UTC)
        assert mail.authentication == "pass"

    def test_encoded_and_broken_headers(self) -> None:
        assert read_mail(raw("written", "charset_iso_2022_jp")).subject == "予約の件"
        mail = read_mail(raw("written", "headers_broken_encoded_words"))
        assert mail.sender == "maria@kowalski.example"
        assert mail.sender_name == "María Jos?"
        assert "café" in mail.subject
        assert read_mail(raw("written", "headers_raw_utf8")).subject == "Termin für Zoë"

    @pytest.mark.parametrize(
        ("value", "sender"),
        [
            ("Anna <Anna.K@Home.Example>", "anna.k@home.example"),
            ("anna@home.example", "anna@home.example"),
            ('"clinic@us.example" <evil@bad.example>', "evil@bad.example"),
            ('"Evil <clinic@us.example>" <evil@bad.example>', "evil@bad.example"),
            ("=?utf-8?q?clinic=40us.example?= <evil@bad.example>", "evil@bad.example"),
            ("undisclosed", None),
            ("", None),
        ],
    )
    def test_the_sender_is_the_address_not_the_name(self, value: str, sender: str | None) -> None:
        assert read_mail(f"From: {value}\r\n\r\nhi".encode()).sender == sender

    def test_only_the_headers_that_screening_reads_are_kept(self) -> None:
        mail = read_mail(plain("hi", "Auto-Submitted: no", "X-Secret: 1", "Return-Path: <>", "List-Id: " + "x" * 9_000))
        assert set(mail.headers) == {"from", "auto-submitted", "return-path", "list-id"}
        assert all(len(value) <= 500 for value in mail.headers.values())

    def test_a_date_that_is_none_is_none(self) -> None:
        assert read_mail(plain("hi", "Date: yesterday-ish")).sent_at is None
        assert read_mail(plain("hi", "Date: Mon, 99 Nov 99999 25:61:00 +9999")).sent_at is None


class TestFiles:
    def test_files_are_named_and_never_read(self) -> None:
        assert read_mail(raw("written", "mime_nested_related_mixed")).attachments == ("logo.png", "xray.pdf")
        assert read_mail(raw("written", "mime_forwarded_message_attached")).attachments == ("bill.eml",)

    def test_a_name_is_harmless(self) -> None:
        assert read_mail(raw("written", "mime_text_attachment_is_not_read")).attachments == ("résumé .txt",)
        mail = read_mail(plain("x", 'Content-Disposition: attachment; filename="../../etc/passwd"'))
        assert mail.attachments == ("passwd",)
        assert mail.text == ""

    def test_there_is_an_end_to_names(self) -> None:
        part = (
            "--b\r\nContent-Type: image/png\r\nContent-Disposition: attachment; filename=" + "n" * 400 + "\r\n\r\nx\r\n"
        )
        mail = read_mail(plain(part * 200, "Content-Type: multipart/mixed; boundary=b"))
        assert len(mail.attachments) == 50
        assert all(len(name) <= 120 for name in mail.attachments)


class TestCalendarReplies:
    @pytest.mark.parametrize(
        ("name", "answer"),
        [
            ("mime_calendar_reply_accepted", "accepted"),
            ("mime_calendar_reply_declined_with_note", "declined"),
            ("mime_calendar_reply_tentative_only", "tentative"),
        ],
    )
    def test_an_answer_to_our_invitation_is_found(self, name: str, answer: str) -> None:
        reply = read_mail(raw("written", name)).calendar_reply
        assert reply is not None
        assert (reply.answer, reply.uid) == (answer, "visit-41@brightsmile.example")

    @pytest.mark.parametrize(
        ("lines", "sequence", "starts_at"),
        [
            ("SEQUENCE:3\r\nDTSTART:20261124T150000Z", 3, TEN_IN_NEW_YORK),
            ("DTSTART;TZID=America/New_York:20261124T100000", None, TEN_IN_NEW_YORK),
            ('DTSTART;VALUE=DATE-TIME;TZID="America/New_York":20261124T100000', None, TEN_IN_NEW_YORK),
            ("SEQUENCE:x\r\nDTSTART;TZID=Eastern Standard Time:20261124T100000", None, None),
            ("DTSTART;TZID=America:20261124T100000", None, None),
            ("DTSTART;VALUE=DATE:20261124", None, None),
            ("DTSTART:20261399T150000Z", None, None),
            ("DTSTART;TZID=America/New_York:99991231T235959", None, None),
        ],
    )
    def test_it_names_the_invitation_that_was_answered(
        self, lines: str, sequence: int | None, starts_at: datetime | None
    ) -> None:
        zone = "BEGIN:VTIMEZONE\r\nDTSTART:19700101T000000Z\r\nEND:VTIMEZONE\r\n"
        who = "ATTENDEE;PARTSTAT=ACCEPTED:mailto:a@b.example"
        ics = f"METHOD:REPLY\r\n{zone}BEGIN:VEVENT\r\nUID:1\r\n{who}\r\n{lines}\r\nEND:VEVENT\r\n{zone}"
        found = CalendarReply(answer="accepted", uid="1", sequence=sequence, starts_at=starts_at)
        assert read_mail(plain(ics, "Content-Type: text/calendar")).calendar_reply == found

    def test_an_invitation_is_no_answer(self) -> None:
        ics = "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nUID:1\r\nATTENDEE;PARTSTAT=ACCEPTED:mailto:a@b.example\r\n"
        assert read_mail(plain(ics, "Content-Type: text/calendar")).calendar_reply is None


class TestEncryption:
    @pytest.mark.parametrize("name", ["mime_pgp_encrypted", "mime_smime_enveloped", "mime_pgp_inline_encrypted"])
    def test_a_sealed_mail_says_so_and_nothing_else(self, name: str) -> None:
        mail = read_mail(raw("written", name))
        assert mail.is_encrypted
        assert (mail.text, mail.quoted) == ("", "")

    @pytest.mark.parametrize("name", ["mime_smime_signed", "mime_pgp_inline_signed", "gmail_web_en"])
    def test_a_signed_one_is_open(self, name: str) -> None:
        assert not read_mail(raw("written", name)).is_encrypted


class TestCharsets:
    @pytest.mark.parametrize(
        "charset", ["utf-7", "unicode-1-1-utf-7", "rot13", "base64", "zlib", "idna", "unicode_escape"]
    )
    def test_a_codec_that_is_no_charset_is_refused(self, charset: str) -> None:
        mail = read_mail(plain("+ADw-b+AD4- \\x41 uryyb", f"Content-Type: text/plain; charset={charset}"))
        assert mail.text == "+ADw-b+AD4- \\x41 uryyb"

    def test_a_few_broken_bytes_do_not_garble_the_rest(self) -> None:
        raw_mail = "From: a@b.example\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nSeñora Muñoz, ¿mañana?".encode()
        assert read_mail(raw_mail + b" \xc3").text == "Señora Muñoz, ¿mañana? ?"

    def test_a_byte_order_mark_decides(self) -> None:
        body = base64.b64encode("Très bien".encode("utf-16")).decode()
        assert read_mail(plain(body, "Content-Transfer-Encoding: base64")).text == "Très bien"
