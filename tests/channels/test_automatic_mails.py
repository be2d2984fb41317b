"""Machines get no answer, people do: mails of real shape through reading and screening (trust.md faults 6 and 25)."""

from datetime import date

import pytest

from app.channels.email_text import read_mail
from app.domain.screening import Screening, screen
from app.models.enums import ChannelType, Intent
from tests.channels.mails_on_disk import AUTOMATIC, FOLDER, PEOPLE, raw

SENT_ON = date(2026, 11, 16)
BOUNCES = sorted(name for name, wanted in AUTOMATIC.items() if wanted["kind"] == "BOUNCE")
ABSENCES = sorted(name for name, wanted in AUTOMATIC.items() if "returns_on" in wanted)


def screened(folder: str, name: str) -> Screening:
    mail = read_mail(raw(folder, name))
    return screen(
        text=mail.text,
        headers=mail.headers,
        channel=ChannelType.EMAIL,
        subject=mail.subject,
        bounce=mail.bounce,
        today=SENT_ON,
    )


class TestMachines:
    def test_there_are_enough_of_them(self) -> None:
        assert len(AUTOMATIC) >= 50
        assert {path.stem for path in (FOLDER / "automatic").glob("*.eml")} == set(AUTOMATIC)

    @pytest.mark.parametrize("name", sorted(AUTOMATIC))
    def test_none_is_taken_for_a_person(self, name: str) -> None:
        seen = screened("automatic", name)
        assert seen.kind is Intent(AUTOMATIC[name]["kind"]), seen
        assert seen.rule

    @pytest.mark.parametrize("name", BOUNCES)
    def test_a_bounce_says_which_address_and_which_message_of_ours(self, name: str) -> None:
        wanted, found = AUTOMATIC[name], screened("automatic", name).bounce
        assert found is not None
        assert found.is_hard is wanted["hard"]
        assert found.is_soft is not wanted["hard"]
        assert found.final_recipient == wanted["recipient"]
        assert found.status == wanted.get("status", found.status)
        assert (found.original_message_id, found.outbox_id) == (wanted["original"], wanted["outbox"])

    @pytest.mark.parametrize("name", sorted(AUTOMATIC.keys() - set(BOUNCES)))
    def test_nothing_else_makes_an_address_unusable(self, name: str) -> None:
        assert read_mail(raw("automatic", name)).bounce is None
        assert not screened("automatic", name).is_hard_bounce

    @pytest.mark.parametrize("name", ABSENCES)
    def test_a_clear_date_of_return_is_read_and_no_other(self, name: str) -> None:
        found = screened("automatic", name).returns_on
        assert (found.isoformat() if found else None) == AUTOMATIC[name]["returns_on"]


class TestPeople:
    def test_there_are_enough_of_them(self) -> None:
        assert len(PEOPLE) >= 20

    @pytest.mark.parametrize("name", PEOPLE)
    def test_none_is_taken_for_a_machine(self, name: str) -> None:
        seen = screened("people", name)
        assert seen.kind is None, seen
        assert seen.returns_on is None


class TestHeadersOfOurOwn:
    def test_our_mark_on_a_mail_that_comes_back_whole_is_ourselves(self) -> None:
        seen = screen(text="Hello", headers={"X-Outbox-Id": "1"}, channel=ChannelType.EMAIL)
        assert (seen.kind, seen.rule) == (Intent.AUTO_REPLY, "header.from_ourselves")
