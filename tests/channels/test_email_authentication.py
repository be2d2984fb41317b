"""Whose mail it is: only the receiving server's own verdict counts (trust.md section 1, row 26)."""

import pytest

from app.channels.email_text import read_mail
from tests.channels.mails_on_disk import raw

BY_GMAIL = "Received: from out.kowalski.example (1.2.3.4) by mx.google.com with ESMTPS id 1"
BEFORE = "Received: from laptop by out.kowalski.example with ESMTP id 2"
PASS = "Authentication-Results: mx.google.com; dkim=pass; spf=pass; dmarc=pass (p=NONE) header.from=kowalski.example"
FAIL = PASS.replace("dmarc=pass", "dmarc=fail")


def mail(*headers: str, sender: str = "Anna <anna@kowalski.example>") -> bytes:
    return "\r\n".join([*headers, f"From: {sender}", "", "Yes, cancel it."]).encode()


class TestVerdict:
    @pytest.mark.parametrize(
        ("headers", "verdict"),
        [
            ([BY_GMAIL, PASS, BEFORE], "pass"),
            ([BY_GMAIL, FAIL, BEFORE], "fail"),
            ([BY_GMAIL, "Authentication-Results: mx.google.com; spf=softfail; dkim=none", BEFORE], "fail"),
            ([BY_GMAIL, PASS.replace("dmarc=pass", "dmarc=none"), BEFORE], "fail"),
            ([BY_GMAIL, PASS.replace("dmarc=pass", "dmarc=temperror"), BEFORE], "fail"),
            ([BY_GMAIL, "Authentication-Results: mx.google.com; spf=pass (dmarc=pass); dmarc=fail", BEFORE], "fail"),
            ([BY_GMAIL, PASS.replace("header.from=kowalski", "header.from=attacker"), BEFORE], "fail"),
            ([BY_GMAIL, "Authentication-Results: mx.google.com 1; dmarc=pass header.from=kowalski.example"], "pass"),
            ([PASS], "pass"),
            ([BY_GMAIL, BEFORE], "none"),
            ([], "none"),
        ],
    )
    def test_dmarc_must_have_passed(self, headers: list[str], verdict: str) -> None:
        assert read_mail(mail(*headers)).authentication == verdict

    def test_a_pass_that_the_mail_brought_along_does_not_count(self) -> None:
        assert read_mail(mail(BY_GMAIL, FAIL, BEFORE, PASS)).authentication == "fail"
        assert read_mail(mail(BY_GMAIL, FAIL, PASS)).authentication == "fail"
        assert read_mail(mail(BY_GMAIL, BEFORE, PASS)).authentication == "none"

    def test_another_servers_verdict_on_top_hides_nothing(self) -> None:
        other = PASS.replace("mx.google.com", "mx.attacker.example")
        assert read_mail(mail(BY_GMAIL, other, PASS, BEFORE)).authentication == "none"
        assert read_mail(mail(BY_GMAIL, other, BEFORE), authserv_id="mx.attacker.example").authentication == "pass"

    @pytest.mark.parametrize(
        "sender", ["a@kowalski.example, anna@other.example", "nobody", "<anna@kowalski.example.attacker.example>"]
    )
    def test_a_sender_who_is_not_one_person_of_that_domain_fails(self, sender: str) -> None:
        assert read_mail(mail(BY_GMAIL, PASS, BEFORE, sender=sender)).authentication == "fail"

    def test_two_from_headers_fail(self) -> None:
        assert read_mail(mail(BY_GMAIL, PASS, BEFORE, "From: boss@kowalski.example")).authentication == "fail"

    def test_a_subdomain_is_the_same_house(self) -> None:
        assert read_mail(mail(BY_GMAIL, PASS, BEFORE, sender="anna@mail.kowalski.example")).authentication == "pass"

    def test_only_a_failure_is_unverified(self) -> None:
        assert read_mail(mail(BY_GMAIL, FAIL, BEFORE)).is_unverified
        assert not read_mail(mail()).is_unverified
        assert not read_mail(raw("written", "gmail_web_en")).is_unverified
